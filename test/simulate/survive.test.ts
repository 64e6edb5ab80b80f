/** Mailboxes that survive: by seeds that are enough to notice faults in their lanes, and at places where seeds seldom come. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor, ActorSystem, ActorThread } from "shared-nothing"
import { Fault, Simulation } from "shared-nothing/testing"
import { eventually, inSimulation } from "../contract/eventually.ts"
import { at, noThread } from "./scenario.ts"
import { survive } from "./survive.ts"

const Keeper = Actor.make("Keeper", [
  Rpc.make("Note", { payload: { n: Schema.Int } }),
  /** Tells itself so many notes, and never ends. */
  Rpc.make("Hold", { payload: { notes: Schema.Int } }),
  Rpc.make("Enter", { payload: { text: Schema.String }, success: Schema.String })
])

const Clerk = Actor.make("Clerk", [
  /** Enters so many texts at once, and hears nothing for a while; how many come back, and why others do not. */
  Rpc.make("Enter", {
    payload: { keeper: Keeper.ref, count: Schema.Int },
    success: Schema.Struct({ entered: Schema.Int, failed: Schema.Array(Schema.String) })
  })
])

/** Its behaviour gives up, and its thread with it, when one of it crashes. */
const Breaker = Actor.make("Breaker", [Rpc.make("Break")])

interface Book {
  /** The attempts of each hold. */
  readonly holds: Array<number>
  readonly notes: Array<number>
  accepted: number
  entered: number
}

let book: Book

const KeeperLive = Keeper.toLayer(
  Effect.gen(function*() {
    const self = yield* Keeper.self
    return Keeper.of({
      Note: ({ n }) => Effect.sync(() => void book.notes.push(n)),
      Hold: ({ notes }) =>
        Effect.gen(function*() {
          const attempt = yield* Actor.attempt
          book.holds.push(attempt)
          if (attempt > 2) return
          for (let n = 1; n <= notes; n++) {
            yield* Effect.orDie(self.tell.Note({ n: attempt * 10 + n }))
            book.accepted++
          }
          return yield* Effect.never
        }),
      Enter: ({ text }) => Effect.sync(() => (book.entered++, text))
    })
  }),
  { mailbox: { overflow: "fail", survives: true }, shutdown: "brutalKill" }
)

const ClerkLive = Clerk.toLayer(Effect.succeed(Clerk.of({
  Enter: ({ count, keeper }) =>
    Effect.gen(function*() {
      const text = "x".repeat(200)
      const asks = Array.from({ length: count }, () => Effect.result(keeper.ask.Enter({ text }, { timeout: "1 hour" })))
      yield* Effect.orDie(keeper.ask.Enter({ text: "opens the way" }))
      // The answers fill the ring to here; what there is no room for waits on the thread that dies.
      yield* Fault.holdRings("worker-1", "10 seconds")
      const results = yield* Effect.all(asks, { concurrency: "unbounded" })
      return {
        entered: results.filter(Result.isSuccess).length,
        failed: results.filter(Result.isFailure).map(({ failure }) => failure._tag)
      }
    })
})))

const BreakerLive = Breaker.toLayer(
  Effect.succeed(Breaker.of({ Break: () => Effect.die(new Error("broken")) })),
  { supervision: { intensity: { restarts: 0, within: "1 minute", per: "supervisor" } } }
)

const Threads = ActorSystem.layerThreads({
  spawn: noThread,
  threads: 2,
  ring: { capacityBytes: 4096 },
  intensity: { restarts: 10, within: "1 minute" }
})

const simulated = (program: Effect.Effect<unknown, unknown, ActorSystem.ActorSystem>) =>
  Simulation.check(
    {
      seeds: 10,
      worker: () => ActorThread.launch(Layer.mergeAll(KeeperLive, ClerkLive, BreakerLive)),
      faults: { portDelay: 5 }
    },
    Effect.suspend(() => {
      book = { holds: [], notes: [], accepted: 0, entered: 0 }
      return inSimulation(Effect.provide(program, Threads))
    })
  )

const held = (times: number) =>
  eventually(Effect.sync(() => book.holds.length), (length) => length >= times, `${times} times held`)

describe("a mailbox that survives", () => {
  it.effect("what was accepted is handled at least once, in the order of its sender, over every death of a thread", () => {
    const { program, ...options } = survive
    return Simulation.check({ ...options, seeds: 40, marks: "report" }, program)
  })

  it.effect("who has asked is told that the answer has gone with the thread, and waits for no other", () =>
    simulated(Effect.scoped(Effect.gen(function*() {
      const keeper = yield* Keeper.spawn("k", at(0))
      const clerk = yield* Clerk.spawn("c", at(1))
      const asked = yield* Effect.forkScoped(clerk.ask.Enter({ keeper, count: 40 }, { timeout: "2 hours" }))
      yield* eventually(Effect.sync(() => book.entered), (entered) => entered === 41, "all entered")
      yield* Fault.kill("worker-0")
      const { entered, failed } = yield* Fiber.join(asked)
      assert.deepStrictEqual(new Set(failed), new Set(["ThreadLost"]))
      assert.isAbove(entered, 0)
      assert.strictEqual(entered + failed.length, 40)
      assert.strictEqual(book.entered, 41)
    }))))

  it.effect("what an actor tells itself is accepted when it would be found after the death of its thread", () =>
    simulated(Effect.scoped(Effect.gen(function*() {
      const keeper = yield* Keeper.spawn("k", at(0))
      yield* keeper.tell.Hold({ notes: 2 })
      yield* held(1)
      yield* Fault.kill("worker-0")
      // The next one holds before the main thread has heard of its lane.
      yield* held(2)
      yield* eventually(Effect.sync(() => book.accepted), (accepted) => accepted > 2, "one accepted")
      yield* Fault.kill("worker-0")
      yield* eventually(Effect.sync(() => book.notes), (notes) => notes.length >= book.accepted, "all handled")
    }))))

  it.effect("what is in hand when a behaviour gives up, and its thread with it, is begun again by the next one", () =>
    simulated(Effect.scoped(Effect.gen(function*() {
      const keeper = yield* Keeper.spawn("k", at(0))
      const breaker = yield* Breaker.spawn("b", at(0))
      yield* keeper.tell.Hold({ notes: 0 })
      yield* held(1)
      yield* breaker.tell.Break()
      yield* held(2)
      assert.deepStrictEqual(book.holds, [1, 2])
    }))))
})
