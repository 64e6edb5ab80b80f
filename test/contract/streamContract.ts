/**
 * What every system promises about streams that answer asks.
 */
import { assert, layer as describeWith } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { ActorControl, ActorError, ExitReason } from "shared-nothing"
import * as Fixture from "../fixtures/actors.ts"
import { type ContractOptions, failure, forkNow, patient, stage, there } from "./actorContract.ts"
import { eventually, settle } from "./eventually.ts"

const { Source } = Fixture

const upTo = (n: number): Array<number> => Array.from({ length: n }, (_, i) => i + 1)

export const streamContract = (name: string, options: ContractOptions): void => {
  const { live } = options
  const { suite = describeWith(options.layer, { excludeTestServices: live, timeout: "30 seconds" }) } = options

  const source = Effect.gen(function*() {
    const on = yield* stage
    const life = yield* Scope.make()
    const actor = yield* Scope.provide(Source.spawn(on.key, { ...there, shutdown: "brutalKill" }), life)
    const end = Scope.close(life, Exit.void)
    yield* Effect.addFinalizer(() => end)
    return { on, actor, end }
  })

  // What has been read of a stream so far, and how it ends.
  const reading = <A, E>(stream: Stream.Stream<A, E>) =>
    Effect.gen(function*() {
      const read: Array<A> = []
      const fiber = yield* forkNow(Stream.runForEach(stream, (element) => Effect.sync(() => void read.push(element))))
      const has = (length: number) =>
        eventually(Effect.sync(() => read.length), (n) => n >= length, `${length} elements are read`)
      return { read, fiber, has, failure: failure(Fiber.join(fiber)) }
    })

  const pass = (duration: "1 second" | "10 seconds") => live ? Effect.void : TestClock.adjust(duration)

  suite(name, (it) => {
    it.effect("a stream has its elements in order, each once, and then its end", () =>
      Effect.gen(function*() {
        const { actor, on } = yield* source
        assert.deepStrictEqual(yield* Stream.runCollect(actor.ask.Count({ to: 2000 })), upTo(2000))
        yield* on.sees("released Count")
        assert.deepStrictEqual(yield* Stream.runCollect(actor.ask.Count({ to: 0 })), [])
        assert.deepStrictEqual(yield* Stream.runCollect(actor.ask.Count({ to: 5 }, { bufferSize: 1 })), upTo(5))
      }))

    it.effect("nothing is asked before a stream is run, and each run asks anew", () =>
      Effect.gen(function*() {
        const { actor } = yield* source
        const stream = actor.ask.Count({ to: 3 })
        yield* settle
        assert.strictEqual(yield* actor.ask.Made(), 0)
        assert.deepStrictEqual(yield* Stream.runCollect(Stream.concat(stream, stream)), [1, 2, 3, 1, 2, 3])
      }))

    it.effect("a reader that is slow has as many elements made as it has room for, and holds up nobody", () =>
      Effect.gen(function*() {
        const { actor, on } = yield* source
        const life = yield* Scope.make()
        const pull = yield* Scope.provide(Stream.toPull(actor.ask.Count({ to: 1000 }, { bufferSize: 16 })), life)
        const first = yield* pull
        assert.strictEqual(first[0], 1)
        // What was taken at once makes room; beyond that the stream makes a chunk more at most.
        yield* eventually(actor.ask.Made(), (n) => n >= 16, "the room of the reader is used")
        yield* settle
        const made = yield* actor.ask.Made()
        assert.isAtMost(made, first.length + 16 + 8)
        assert.deepStrictEqual(yield* Stream.runCollect(actor.ask.Count({ to: 100 })), upTo(100))
        const rest: Array<number> = [...first]
        while (rest.length < 1000) rest.push(...(yield* pull))
        assert.deepStrictEqual(rest, upTo(1000))
        yield* eventually(on.journal(), (lines) => lines.length === 2, "both are released")
        yield* Scope.close(life, Exit.void)
      }))

    it.effect("reading no further, or interrupting, interrupts the stream of the handler", () =>
      Effect.gen(function*() {
        const { actor, on } = yield* source
        const endless = actor.ask.Count({ to: 1_000_000_000 })
        assert.deepStrictEqual(yield* Stream.runCollect(Stream.take(endless, 3)), [1, 2, 3])
        yield* on.sees("released Count")
        const { fiber, has } = yield* reading(actor.ask.Gated({ gate: on.gate }))
        yield* has(1)
        yield* Fiber.interrupt(fiber)
        yield* on.sees("released Gated")
        const late = yield* reading(actor.ask.Late({ gate: on.gate }))
        yield* settle
        yield* Fiber.interrupt(late.fiber)
        yield* on.open()
        yield* settle
        assert.deepStrictEqual(yield* on.journal(), ["released Count", "released Gated"])
      }))

    it.effect("a stream runs beside the messages, and may ask its own actor", () =>
      Effect.gen(function*() {
        const { actor, on } = yield* source
        const { fiber, has, read } = yield* reading(actor.ask.Gated({ gate: on.gate }))
        yield* has(1)
        assert.deepStrictEqual(yield* Stream.runCollect(Stream.take(actor.ask.Itself(), 3)), [1, 2, 3])
        yield* on.open()
        yield* Fiber.join(fiber)
        assert.deepStrictEqual(read, [1, 2])
      }))

    it.effect("a stream fails with the declared error, and dies with the defect, behind its elements; its actor goes on", () =>
      Effect.gen(function*() {
        const { actor } = yield* source
        for (const [how, elements] of [["refuse", 0], ["fail", 1], ["die", 1], ["interrupt", 1]] as const) {
          const ends = yield* reading(actor.ask.Ends({ how }))
          const exit = yield* Fiber.await(ends.fiber)
          assert.deepStrictEqual(ends.read, upTo(elements))
          assert.isTrue(Exit.isFailure(exit))
          if (Exit.isSuccess(exit)) continue
          const error = Cause.squash(exit.cause)
          if (how === "interrupt") assert.isTrue(Cause.hasInterruptsOnly(exit.cause))
          else if (how === "die") assert.include(String(error), "in the stream")
          else assert.deepStrictEqual(error, new Fixture.Limit({ limit: how === "refuse" ? 1 : 2 }))
        }
        assert.strictEqual(yield* actor.ask.Next(), 1)
      }))

    it.effect("an element that cannot be sent ends its stream, and says why; its actor goes on", () =>
      Effect.gen(function*() {
        const { actor, on } = yield* source
        for (const throws of [false, true]) {
          const spoilt = yield* reading(actor.ask.Spoilt({ throws }))
          const error = yield* spoilt.failure
          assert.instanceOf(error, ActorError.InvalidElement)
          assert.strictEqual(error.actor, `Source/${on.key}`)
          assert.strictEqual(error.tag, "Spoilt")
          assert.match(error.issue, throws ? /^cannot be encoded: no number$/ : /^breaks its schema: /)
          assert.deepStrictEqual(spoilt.read, [{ n: 1 }])
        }
        yield* eventually(on.journal(), (lines) => lines.length === 2, "both are released")
        assert.strictEqual(yield* actor.ask.Next(), 1)
      }))

    it.effect("the first element comes in time, and each behind it, or the stream fails and its handler is interrupted", () =>
      Effect.gen(function*() {
        const { actor, on } = yield* source
        const late = yield* reading(actor.ask.Late({ gate: on.gate }, { timeout: "1 second" }))
        yield* settle
        yield* pass("1 second")
        assert.instanceOf(yield* late.failure, ActorError.AskTimeout)
        const gated = yield* reading(
          actor.ask.Gated({ gate: on.gate }, { timeout: "1 minute", elementTimeout: "1 second" })
        )
        yield* gated.has(1)
        yield* settle
        yield* pass("1 second")
        const stalled = yield* gated.failure
        assert.instanceOf(stalled, ActorError.StreamStalled)
        assert.strictEqual(stalled.timeoutMillis, 1000)
        yield* on.sees("released Gated")
      }))

    it.effect("only the wait for an element counts, not what the reader takes for it", () =>
      Effect.gen(function*() {
        const { actor } = yield* source
        // On a clock that nobody turns a machine may be too slow for any time: there it is the rest that is seen.
        const [elementTimeout, pause] = live ? ["1 minute", "1 millis"] as const : ["1 second", "1200 millis"] as const
        const stream = actor.ask.Count({ to: 4 }, { bufferSize: 1, elementTimeout })
        const slow = yield* forkNow(
          Stream.runCollect(Stream.mapEffect(stream, (n) => Effect.as(Effect.sleep(pause), n)))
        )
        yield* live ? Effect.void : Effect.repeat(Effect.andThen(settle, TestClock.adjust("600 millis")), { times: 12 })
        assert.deepStrictEqual(yield* Fiber.join(slow), [1, 2, 3, 4])
      }))

    it.effect("a crash of its actor ends a stream, whose actor comes back; the scope is closed behind it", () =>
      Effect.gen(function*() {
        const { actor, on } = yield* source
        const gated = yield* reading(actor.ask.Gated({ gate: on.gate }))
        yield* gated.has(1)
        yield* actor.tell.Crash()
        const broken = yield* gated.failure
        assert.deepStrictEqual(
          broken,
          new ActorError.StreamBroken({ actor: `Source/${on.key}`, tag: "Gated", reason: "restarted" })
        )
        yield* on.sees("closed 1")
        assert.deepStrictEqual(yield* on.journal(), ["released Gated", "closed 1"])
        assert.deepStrictEqual(yield* patient(Stream.runCollect(actor.ask.Count({ to: 2 }))), [1, 2])
      }))

    it.effect("the end of its actor ends a stream, with the reason; the scope is closed behind it", () =>
      Effect.gen(function*() {
        const { actor, end, on } = yield* source
        const gated = yield* reading(actor.ask.Gated({ gate: on.gate }))
        yield* gated.has(1)
        yield* end
        const stopped = yield* gated.failure
        assert.instanceOf(stopped, ActorError.ActorStopped)
        assert.deepStrictEqual(stopped.reason, ExitReason.scopeClosed)
        assert.deepStrictEqual(stopped.undelivered, { tag: "Gated", payload: { gate: on.gate } })
        assert.deepStrictEqual(yield* on.journal(), ["released Gated", "closed 1"])
        assert.instanceOf(yield* failure(Stream.runDrain(actor.ask.Count({ to: 2 }))), ActorError.ActorStopped)
      }))

    it.effect("a stop in order waits for streams, and ends what is not over in its time", () =>
      Effect.gen(function*() {
        const { actor, on } = yield* source
        const gated = yield* reading(actor.ask.Gated({ gate: on.gate }))
        yield* gated.has(1)
        const stop = yield* forkNow(ActorControl.stop(actor, { within: "10 seconds" }))
        yield* settle
        assert.isUndefined(stop.pollUnsafe())
        yield* on.open()
        yield* Fiber.join(gated.fiber)
        assert.deepStrictEqual(gated.read, [1, 2])
        yield* Fiber.join(stop)
        const other = yield* source
        const held = yield* reading(other.actor.ask.Gated({ gate: "never" }))
        yield* held.has(1)
        const limited = yield* forkNow(ActorControl.stop(other.actor, { within: "1 second" }))
        yield* settle
        yield* pass("1 second")
        yield* Fiber.join(limited)
        assert.instanceOf(yield* held.failure, ActorError.ActorStopped)
      }))

    it.effect("a payload that breaks its schema, and options that make no sense, ask nothing", () =>
      Effect.gen(function*() {
        const { actor } = yield* source
        assert.instanceOf(yield* failure(Stream.runDrain(actor.ask.Count({ to: 0.5 }))), ActorError.InvalidPayload)
        for (const options of [{ bufferSize: 0 }, { bufferSize: 1.5 }, { bufferSize: 1e6 }, { elementTimeout: 0 }]) {
          const error = yield* failure(Stream.runDrain(actor.ask.Count({ to: 1 }, options)))
          assert.instanceOf(error, ActorError.InvalidOptions)
        }
        assert.strictEqual(yield* actor.ask.Made(), 0)
      }))
  })
}
