/** What every system promises about messages that are put off, or come first, handlers that change, and what is piped to an actor. */
import { assert, layer as describeWith } from "@effect/vitest"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import { ActorControl, ActorSystem } from "shared-nothing"
import { Desk } from "../fixtures/actors.ts"
import { type ContractOptions, failure, forkNow, patient, stage, there } from "./actorContract.ts"
import { eventually } from "./eventually.ts"

type Ref = typeof Desk.ref.Type
type Stage = Effect.Success<typeof stage>

const itemsOf = (desk: Ref, length: number) =>
  eventually(patient(desk.ask.Items()), (items) => items.length >= length, `${length} items`)

const hasPutOff = (desk: Ref, count: number) =>
  eventually(desk.ask.Size(), (size) => size === count, `${count} are put off`)

const spawn = Effect.fnUntraced(function*(shutdown: Duration.Input | "brutalKill" = "brutalKill") {
  const on = yield* stage
  return { on, desk: yield* Desk.spawn(on.key, { ...there, shutdown }) }
})

/** Asks in the order in which they are written down. */
const take = (desk: Ref, n: number, later = false) => forkNow(desk.ask.Take({ n, later }, { timeout: "1 minute" }))

/** Keeps a desk busy until the gate is open. */
const block = Effect.fnUntraced(function*(on: Stage, desk: Ref, gate = on.gate) {
  yield* desk.tell.Block({ gate })
  yield* on.sees(`blocked at ${gate}`)
})

/** How many tells a desk that is busy takes before there is no room. */
const room = Effect.fnUntraced(function*(on: Stage, desk: Ref, name: string) {
  const gate = `${on.gate}-${name}`
  yield* block(on, desk, gate)
  const taken = yield* Effect.sync(() => {
    let n = 0
    while (n < 100 && desk.tellUnsafe.Note({ n: 100 + n })) n++
    return n
  })
  yield* on.open(gate)
  return taken
})

export const stashContract = (name: string, options: ContractOptions): void => {
  const { live } = options
  const { suite = describeWith(options.layer, { excludeTestServices: live, timeout: "30 seconds" }) } = options
  suite(name, (it) => {
    for (const later of [false, true]) {
      const how = later ? "by handlers that are not done at once" : "at once"
      it.effect(`what is put off ${how} is handled when it is unstashed, in the order in which it came, before what waits (P23)`, () =>
        Effect.gen(function*() {
          const { desk, on } = yield* spawn()
          yield* desk.tell.Put({ n: 1, later })
          const two = yield* take(desk, 2, later)
          yield* desk.tell.Put({ n: 3, later })
          yield* hasPutOff(desk, 3)
          yield* block(on, desk)
          yield* desk.tell.Open()
          yield* desk.tell.Note({ n: 4 })
          yield* on.open()
          assert.deepStrictEqual(yield* itemsOf(desk, 4), [1, 2, 3, 4])
          assert.strictEqual(yield* Fiber.join(two), 2)
          assert.strictEqual(yield* desk.ask.Size(), 0)
        }))

      it.effect(`a stash that is full leaves the message with its handler (P23), ${how}`, () =>
        Effect.gen(function*() {
          const { desk } = yield* spawn()
          for (const n of [1, 2, 3, 4]) yield* desk.tell.Put({ n, later })
          const refused = yield* failure(desk.ask.Take({ n: 5, later }))
          assert.deepInclude(refused, { _tag: "Limit", limit: 3 })
          assert.deepStrictEqual(yield* itemsOf(desk, 1), [-4])
          assert.strictEqual(yield* desk.ask.Size(), 3)
          yield* desk.tell.Open()
          assert.deepStrictEqual(yield* itemsOf(desk, 4), [-4, 1, 2, 3])
        }))
    }

    it.effect("of those that are unstashed some may be put off again, and keep their order (P23)", () =>
      Effect.gen(function*() {
        const { desk } = yield* spawn()
        for (const n of [1, 2, 3]) yield* desk.tell.Put({ n })
        yield* desk.tell.Next({ count: 1 })
        yield* desk.tell.Put({ n: 4 })
        yield* hasPutOff(desk, 3)
        // Three are handed out, of which the first two are let in, and one comes between.
        yield* desk.tell.Next({ count: 2 })
        yield* desk.tell.Put({ n: 5 })
        yield* hasPutOff(desk, 2)
        yield* desk.tell.Open()
        assert.deepStrictEqual(yield* itemsOf(desk, 5), [1, 2, 3, 4, 5])
      }))

    it.effect("an ask that is put off ends with its time, or its asker, and leaves its room", () =>
      Effect.gen(function*() {
        const { desk } = yield* spawn()
        const first = yield* take(desk, 1)
        yield* hasPutOff(desk, 1)
        const second = yield* forkNow(desk.ask.Take({ n: 2 }, { timeout: "20 millis" }))
        if (!live) {
          yield* hasPutOff(desk, 2)
          yield* TestClock.adjust("20 millis")
        }
        assert.deepInclude(yield* failure(Fiber.join(second)), { _tag: "AskTimeout" })
        yield* hasPutOff(desk, 1)
        yield* Fiber.interrupt(first)
        yield* hasPutOff(desk, 0)
        yield* desk.tell.Open()
        yield* desk.tell.Note({ n: 3 })
        assert.deepStrictEqual(yield* itemsOf(desk, 1), [3])
      }))

    it.effect("after a crash asks that were put off fail with their message, and tells are handled before what waits", () =>
      Effect.gen(function*() {
        const { desk, on } = yield* spawn()
        yield* desk.tell.Put({ n: 1 })
        const two = yield* take(desk, 2)
        yield* desk.tell.Put({ n: 3 })
        yield* hasPutOff(desk, 3)
        yield* block(on, desk)
        yield* desk.tell.Die()
        yield* desk.tell.Put({ n: 4 })
        yield* on.open()
        const lost = yield* failure(Fiber.join(two))
        assert.deepInclude(lost, { _tag: "ActorRestarting" })
        assert.deepNestedInclude(lost, { "undelivered.tag": "Take", "undelivered.payload.n": 2 })
        // The next one is closed too.
        yield* on.sees("up 2")
        yield* hasPutOff(desk, 3)
        yield* desk.tell.Open()
        assert.deepStrictEqual(yield* itemsOf(desk, 3), [1, 3, 4])
      }))

    for (const ends of ["is stopped in order", "is killed"] as const) {
      it.effect(`when the actor ${ends} asks that are put off fail, and tells are dead letters`, () =>
        Effect.gen(function*() {
          const { desk } = yield* spawn("1 minute")
          const dropped = yield* ActorSystem.droppedMessages
          yield* desk.tell.Put({ n: 1 })
          const two = yield* take(desk, 2)
          yield* hasPutOff(desk, 2)
          yield* ends === "is killed" ? ActorControl.kill(desk) : ActorControl.stop(desk)
          assert.deepInclude(yield* failure(Fiber.join(two)), { _tag: "ActorStopped" })
          yield* eventually(ActorSystem.droppedMessages, (now) => now === dropped + 1, "one is counted")
        }))
    }

    it.effect("what is put off holds no room in the mailbox, and gives its room back once", () =>
      Effect.gen(function*() {
        const { desk, on } = yield* spawn()
        const before = yield* room(on, desk, "before")
        if (!live) assert.strictEqual(before, 4)
        yield* itemsOf(desk, before)
        for (const n of [1, 2]) yield* desk.tell.Put({ n })
        // Withdrawn while they are put off: before they are handed out, and while they are again.
        const first = yield* take(desk, 3)
        yield* hasPutOff(desk, 3)
        yield* Fiber.interrupt(first)
        yield* hasPutOff(desk, 2)
        const second = yield* take(desk, 4)
        yield* hasPutOff(desk, 3)
        const gate = `${on.gate}-between`
        yield* block(on, desk, gate)
        yield* desk.tell.Next({ count: 3 })
        yield* on.open(gate)
        assert.deepStrictEqual((yield* itemsOf(desk, before + 3)).slice(before), [1, 2, 4])
        assert.strictEqual(yield* Fiber.join(second), 4)
        yield* eventually(desk.depth, (depth) => depth === 0, "nothing is left")
        const after = yield* room(on, desk, "after")
        assert.isAtMost(after, 4)
        if (!live) assert.strictEqual(after, 4)
        yield* itemsOf(desk, before + 3 + after)
        yield* eventually(desk.depth, (depth) => depth === 0, "nothing is left")
      }))

    it.effect("the highest priority that waits is handled first, in the order of the sender within a level", () =>
      Effect.gen(function*() {
        const { desk, on } = yield* spawn()
        yield* block(on, desk)
        yield* desk.tell.Last({ n: 4 })
        yield* desk.tell.Note({ n: 3 })
        yield* desk.tell.First({ n: 1 })
        if (!live) yield* desk.tell.First({ n: 2 })
        yield* eventually(
          ActorControl.ping(desk),
          ({ waiting }) => waiting === (live ? 3 : 4),
          "all have come"
        )
        assert.deepInclude(yield* ActorControl.ping(desk), { waitingHigh: live ? 1 : 2, waitingLow: 1 })
        yield* on.open()
        assert.deepStrictEqual(yield* itemsOf(desk, live ? 3 : 4), live ? [1, 3, 4] : [1, 2, 3, 4])
      }))

    it.effect("other handlers have the messages to come, and a restart has the first ones", () =>
      Effect.gen(function*() {
        const { desk, on } = yield* spawn()
        yield* desk.tell.Note({ n: 1 })
        yield* desk.tell.Double()
        yield* desk.tell.Note({ n: 2 })
        assert.deepStrictEqual(yield* itemsOf(desk, 2), [1, 4])
        yield* desk.tell.Die()
        yield* on.sees("up 2")
        yield* desk.tell.Note({ n: 3 })
        assert.deepStrictEqual(yield* itemsOf(desk, 1), [3])
      }))

    for (
      const [ends, how] of [["well", "7"], ["failed", "Fail"], ["dead", "Die"]] as const
    ) {
      it.effect(`what is piped and ends ${ends} is a message, and what comes meanwhile is handled`, () =>
        Effect.gen(function*() {
          const { desk, on } = yield* spawn()
          yield* desk.tell.Begin({ gate: on.gate, ends })
          assert.strictEqual(yield* desk.ask.Incarnation(), 1)
          yield* on.open()
          yield* on.sees(`ended in 1: ${how}`)
        }))
    }

    it.effect("what is piped ends with its incarnation, and nothing of it comes to the next one", () =>
      Effect.gen(function*() {
        const { desk, on } = yield* spawn()
        yield* desk.tell.Begin({ gate: on.gate, ends: "well" })
        yield* desk.tell.Die()
        yield* on.sees("up 2")
        yield* on.open()
        assert.strictEqual(yield* patient(desk.ask.Incarnation()), 2)
        assert.deepStrictEqual(yield* on.journal(), ["up 1", "cut off", "up 2"])
      }))

    it.effect("a stop in order waits for what is piped, and handles that", () =>
      Effect.gen(function*() {
        const { desk, on } = yield* spawn("1 minute")
        yield* desk.tell.Begin({ gate: on.gate, ends: "well" })
        const end = yield* forkNow(ActorControl.stop(desk))
        yield* eventually(ActorControl.ping(desk), ({ status }) => status === "stopping", "it stops")
        yield* on.open()
        assert.strictEqual((yield* Fiber.join(end))._tag, "Stopped")
        yield* on.sees("ended in 1: 7")
      }))
  })
}
