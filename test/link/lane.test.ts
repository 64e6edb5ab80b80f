/** The two ends of a lane on one thread, step by step: what happens between two threads that are held up anywhere. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Rpc from "effect/rpc/Rpc"
import { Actor, ActorSystem } from "shared-nothing"
import * as Lane from "../../src/link/internal/lane.ts"
import { Node } from "../../src/link/kernel/Node.ts"
import * as Doorbell from "../../src/memory/Doorbell.ts"
import { makeHost, systemOf } from "../../src/system/internal/host.ts"
import { runtime } from "../../src/thread/ThreadRuntime.ts"
import { Scratch } from "../../src/wire/Scratch.ts"
import { until } from "../support/until.ts"

const Counter = Actor.make("Counter", [Rpc.make("Add")])

const ACTOR = 1

describe("a lane", () => {
  it.live("is armed again after a nudge for what was handled before it came", () =>
    Effect.gen(function*() {
      const host = yield* makeHost
      const node = new Node(host, {
        index: 1,
        epoch: 1,
        names: ["main", "worker"],
        doorbells: Doorbell.create(2),
        ringBytes: 4096,
        maxSpins: 0,
        system: 7,
        runtime,
        connect: () => {},
        malformed: () => {},
        failed: () => {},
        afterEnd: (then) => then()
      })
      yield* Effect.addFinalizer(() => Effect.sync(() => node.close()))
      let added = 0
      const behaviour = Counter.toLayer(
        Effect.succeed(Counter.of({
          Add: () =>
            Effect.sync(() => {
              added++
            })
        })),
        { mailbox: { survives: true } }
      )
      yield* Layer.buildWithScope(behaviour, yield* Effect.scope).pipe(
        Effect.provideService(ActorSystem.ActorSystem, systemOf(host))
      )
      node.peerUp(0, 1)
      const cell = yield* host.spawn(Counter.protocol, "a", undefined)
      const memory = Lane.create(4096)
      node.place(cell, ACTOR, 0, [{ ...memory, from: 0, epoch: 1 }])
      const mailbox = node.home.surviving.get(ACTOR)!
      const writer = new Lane.LaneWriter(memory)
      const scratch = new Scratch(node.home.carriage)
      const write = () => writer.write(scratch, Counter.protocol.messages[0]!, undefined, undefined, undefined)

      write()
      assert.isTrue(writer.takeNudge())
      mailbox.nudged()
      // The writer is held up between its message and the look at the lane: the actor finds it by itself, and rests.
      write()
      yield* until(() => writer.inFlight === 0, () => added)
      assert.isTrue(writer.takeNudge())
      mailbox.nudged()
      write()
      assert.isTrue(writer.takeNudge(), "nobody wakes the actor any more")
      mailbox.nudged()
      yield* until(() => added === 3, () => added)
    }))
})
