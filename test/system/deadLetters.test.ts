/** Letters of workers come to the main thread, and go back: one body, on real threads and in simulations. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { ActorControl, ActorSystem, type DeadLetters } from "shared-nothing"
import { Simulation } from "shared-nothing/testing"
import { eventually, inSimulation } from "../contract/eventually.ts"
import { Clerk, Friend, Order } from "../fixtures/letters.ts"
import { noThread } from "../simulate/scenario.ts"
import { tries } from "../support/effort.ts"
import { crew, threads, within } from "./threads.ts"

const on = (thread: number) => ({ placement: { thread } }) as const

const summary = (
  { actor, isReadable, message, replays, why }: DeadLetters.DeadLetter
) => [actor, message, why._tag, isReadable, replays]

const body = Effect.gen(function*() {
  const letters = yield* ActorSystem.deadLetters
  const arrived = (count: number) =>
    eventually(Effect.map(letters.all, (all) => all.map(summary)), ({ length }) => length >= count, `${count} letters`)
  const friend = yield* Friend.spawn("f", on(1))
  const clerk = yield* Clerk.spawn("c", on(0))
  yield* clerk.tell.Hang()
  yield* eventually(ActorControl.ping(clerk), ({ status }) => status === "running", "the clerk hangs")
  for (const n of [1, 2, 3]) yield* clerk.tell.Take({ n, secret: Redacted.make(`hush ${n}`), friend })
  // The mailbox has room for two.
  assert.deepStrictEqual(yield* arrived(1), [["Clerk/c", "Take", "Overflow", true, 0]])
  const [letter] = yield* letters.all
  assert.notInclude(String(Object.values(letter!.payload as object)), "hush")
  const order = letter!.payload
  if (!Schema.is(Order)(order)) return assert.fail("no order")
  assert.deepStrictEqual([order.n, Redacted.value(order.secret)], [1, "hush 1"])
  assert.strictEqual(yield* order.friend.ask.Name(), "f")

  yield* ActorControl.kill(clerk)
  const rest = yield* arrived(4)
  assert.sameDeepMembers(rest.slice(1), [
    ["Clerk/c", "Take", "ActorEnded", true, 0],
    ["Clerk/c", "Take", "ActorEnded", true, 0],
    ["Apprentice/a", "Take", "ActorEnded", false, 0]
  ])
  assert.strictEqual(yield* ActorSystem.droppedMessages, 4)

  // Elsewhere, and with an apprentice that the main thread knows by its name alone.
  const next = yield* Clerk.spawn("c", on(1))
  for (const { id } of yield* letters.all) {
    yield* letters.replay(id)
    // There is room for two at once.
    yield* eventually(ActorControl.ping(next), ({ status }) => status === "idle", "it is taken")
  }
  const taken = yield* eventually(next.ask.Taken(), ({ length }) => length === 3, "all are taken")
  assert.sameDeepMembers(
    taken.map(({ n, secret }) => [n, Redacted.value(secret)]),
    [1, 2, 3].map((n) => [n, `hush ${n}`])
  )
  assert.deepStrictEqual(yield* eventually(next.ask.TakenByApprentice(), ({ length }) => length > 0, "9 is"), [9])
  assert.deepStrictEqual(yield* letters.stats, { stored: 0, received: 4, evicted: 0, missed: 0 })
})

describe("dead letters of workers", () => {
  it.live("are read, and sent again, by the main thread", () =>
    within(threads({ spawn: crew("letters").spawn, threads: 2 }), body))

  it.effect("are the same in simulations", () =>
    Effect.asVoid(Simulation.check(
      {
        seeds: tries(100),
        worker: () => import("../fixtures/letters.worker.ts"),
        faults: { portDelay: 2, lateWake: 10 }
      },
      inSimulation(within(threads({ spawn: noThread, threads: 2 }), body))
    )))
})
