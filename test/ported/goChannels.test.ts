/**
 * Scenarios of Go's channel tests, in our own words and code (C11).
 *
 * Origin: `golang/go`, `test/chan/*.go` and `src/runtime/chan_test.go`, BSD 3-Clause License, copyright The Go Authors; also
 * ported by `crossbeam-rs/crossbeam`, `crossbeam-channel/tests/golang.rs`. No code was copied; each title ends with the name
 * of the scenario there.
 *
 * Not here because there is nothing it would apply to: channels without a buffer (the smallest one here holds one message),
 * a select that sends (`select7`, `TestSelfSelect`, `TestPseudoRandomSend`), memory of the Go runtime (`select2`,
 * `TestShrinkStackDuringBlockedSend`), the power series of `powser1`.
 *
 * Deliberately different: a receive from a closed channel is a typed failure and not a zero value; a send to one is a typed
 * failure and not a panic; a nil channel is an effect that never ends.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { Channel } from "shared-nothing"
import { settle } from "../contract/eventually.ts"

const forkNow = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.forkChild(effect, { startImmediately: true })

const one = Channel.make(Schema.Int, { capacity: 1 })

const upTo = (n: number): Array<number> => Array.from({ length: n }, (_, i) => i + 1)

const forever = (step: Effect.Effect<void, unknown>) => Effect.ignore(Effect.forever(step, { disableYield: true }))

describe("Go's channels (C11)", () => {
  it.effect("a chain of filters finds the primes (sieve1)", () =>
    Effect.gen(function*() {
      const numbers = yield* one
      let n = 2
      yield* forkNow(forever(Effect.suspend(() => numbers.sender.send(n++))))
      let source = numbers.receiver
      const primes: Array<number> = []
      while (primes.length < 40) {
        const prime = yield* source.receive
        primes.push(prime)
        const next = yield* one
        const from = source
        const pass = (n: number): Effect.Effect<void, unknown> => n % prime === 0 ? Effect.void : next.sender.send(n)
        yield* forkNow(forever(Effect.flatMap(from.receive, pass)))
        source = next.receiver
      }
      assert.deepStrictEqual(primes.slice(0, 8), [2, 3, 5, 7, 11, 13, 17, 19])
      assert.strictEqual(primes[39], 173)
    }))

  it.effect("a channel keeps the order of what went in (fifo AsynchFifo)", () =>
    Effect.gen(function*() {
      const { receiver, sender } = yield* Channel.make(Schema.Int, { capacity: 10 })
      for (const n of upTo(10)) yield* sender.trySend(n)
      for (const n of upTo(10)) assert.strictEqual(yield* receiver.receive, n)
    }))

  it.effect("a chain of fibers, each waiting for the one before, runs in its order (fifo SynchFifo)", () =>
    Effect.gen(function*() {
      const values = yield* one
      let before = yield* one
      yield* before.sender.send(0)
      for (const n of upTo(10)) {
        const after = yield* one
        const turn = before.receiver
        yield* forkNow(
          turn.receive.pipe(Effect.andThen(values.sender.send(n)), Effect.andThen(after.sender.send(0)))
        )
        before = after
      }
      assert.deepStrictEqual(yield* Effect.forEach(upTo(10), () => values.receiver.receive), upTo(10))
      yield* before.receiver.receive
    }))

  it.effect("ten thousand fibers hand a value on (goroutines)", () =>
    Effect.gen(function*() {
      const first = yield* one
      let right = first
      for (let i = 0; i < 10_000; i++) {
        const left = yield* one
        const from = right.receiver
        yield* forkNow(Effect.flatMap(from.receive, (n) => left.sender.send(n + 1)))
        right = left
      }
      yield* first.sender.send(0)
      assert.strictEqual(yield* right.receiver.receive, 10_000)
    }))

  it.effect("what cannot be done without waiting says so, and does nothing (nonblock)", () =>
    Effect.gen(function*() {
      const { receiver, sender } = yield* one
      assert.deepStrictEqual(yield* receiver.tryReceive, Option.none())
      yield* sender.trySend(1)
      assert.strictEqual((yield* Effect.flip(sender.trySend(2)))._tag, "ChannelFull")
      assert.deepStrictEqual(yield* receiver.tryReceive, Option.some(1))
      assert.deepStrictEqual(yield* receiver.tryReceive, Option.none())
      const waiting = yield* forkNow(receiver.receive)
      yield* sender.trySend(3)
      assert.strictEqual(yield* Fiber.join(waiting), 3)
    }))

  it.effect("two selects over four channels lose and double nothing (doubleselect)", () =>
    Effect.gen(function*() {
      const [a, b, c, d] = [yield* one, yield* one, yield* one, yield* one]
      const merged = yield* Channel.make(Schema.Int, { kind: "mpsc", capacity: 4 })
      const count = 2000
      yield* forkNow(Effect.gen(function*() {
        const ends = [a, b, c, d]
        for (let n = 0; n < count; n++) yield* ends[n % 4]!.sender.send(n)
        for (const end of ends) yield* end.sender.close
      }))
      const choose = (branches: { readonly [name: string]: Channel.Receiver<number> }) =>
        Effect.scoped(Effect.gen(function*() {
          const own = yield* merged.sender.clone
          yield* forever(Effect.flatMap(Channel.select(branches), ({ message }) => Effect.orDie(own.send(message))))
        }))
      yield* forkNow(choose({ a: a.receiver, b: b.receiver, c: c.receiver, d: d.receiver }))
      yield* forkNow(choose({ d: d.receiver, c: c.receiver, b: b.receiver, a: a.receiver }))
      yield* Effect.yieldNow
      yield* merged.sender.close
      const got = yield* Stream.runCollect(merged.receiver.stream)
      assert.deepStrictEqual([...got].sort((x, y) => x - y), upTo(count).map((n) => n - 1))
    }))

  it.effect("a channel that nobody sends to waits for ever, a full one as well, and neither stops a select (select3)", () =>
    Effect.gen(function*() {
      const [empty, full, ready] = [yield* one, yield* one, yield* one]
      yield* full.sender.send(1)
      const receiving = yield* forkNow(empty.receiver.receive)
      const sending = yield* forkNow(full.sender.send(2))
      const nobody = yield* forkNow(Channel.select({}))
      const both = yield* forkNow(Channel.select({ empty: empty.receiver }))
      yield* settle
      for (const fiber of [receiving, sending, nobody, both]) assert.isUndefined(fiber.pollUnsafe())
      yield* ready.sender.send(3)
      const selected = yield* Channel.select({ empty: empty.receiver, ready: ready.receiver })
      assert.deepStrictEqual(selected, { from: "ready", message: 3 })
    }))

  it.effect("a nil channel is an effect that never ends: racing it changes nothing (select3)", () =>
    Effect.gen(function*() {
      const { receiver, sender } = yield* one
      const racing = yield* forkNow(Effect.raceFirst(Effect.never, receiver.receive))
      yield* sender.send(1)
      assert.strictEqual(yield* Fiber.join(racing), 1)
      yield* sender.send(2)
      assert.strictEqual(yield* Effect.raceFirst(receiver.receive, Effect.never), 2)
      assert.deepStrictEqual(yield* receiver.tryReceive, Option.none())
    }))

  it.effect("a fiber taken out of the line of a channel does not stop those behind it (select6)", () =>
    Effect.gen(function*() {
      const [a, b, c] = [yield* one, yield* one, yield* one]
      const first = yield* forkNow(a.receiver.receive)
      const selecting = yield* forkNow(Channel.select({ a: a.receiver, b: b.receiver }))
      const last = yield* forkNow(Effect.flatMap(a.receiver.receive, (n) => c.sender.send(n)))
      yield* b.sender.send(7)
      assert.deepStrictEqual(yield* Fiber.join(selecting), { from: "b", message: 7 })
      yield* a.sender.send(1)
      assert.strictEqual(yield* Fiber.join(first), 1)
      yield* a.sender.send(2)
      yield* Fiber.join(last)
      assert.strictEqual(yield* c.receiver.receive, 2)
    }))

  it.effect("one of two channels always has the message: a select never finds both empty (TestNonblockSelectRace)", () =>
    Effect.gen(function*() {
      for (let round = 0; round < 1000; round++) {
        const [a, b] = [yield* one, yield* one]
        yield* a.sender.send(1)
        yield* forkNow(Effect.andThen(b.sender.send(1), a.receiver.tryReceive))
        const selecting = yield* forkNow(Channel.select({ a: a.receiver, b: b.receiver }))
        // Once the time of a turn is up it lets others have theirs before it answers.
        if (selecting.pollUnsafe() === undefined) yield* settle
        assert.isDefined(selecting.pollUnsafe())
      }
    }))

  it.effect("of two channels that always have a message each is chosen (TestSelectFairness)", () =>
    Effect.gen(function*() {
      const [a, b] = [yield* one, yield* one]
      for (const { sender } of [a, b]) yield* forkNow(forever(sender.send(1)))
      const counts = { a: 0, b: 0 }
      const trials = 10_000
      for (let i = 0; i < trials; i++) {
        counts[(yield* Channel.select({ a: a.receiver, b: b.receiver })).from]++
        if (i % 2 === 0) yield* Effect.yieldNow
      }
      for (const count of Object.values(counts)) assert.isAtLeast(count, trials * 0.4)
    }))

  it.effect("a select with one channel twice works like one with it once (TestSelectDuplicateChannel)", () =>
    Effect.gen(function*() {
      const [c, d, e] = [yield* one, yield* one, yield* one]
      const selecting = yield* forkNow(
        Channel.select({ c: c.receiver, again: c.receiver, d: d.receiver, e: e.receiver, once: e.receiver })
      )
      const behind = yield* forkNow(c.receiver.receive)
      yield* e.sender.send(8)
      assert.strictEqual((yield* Fiber.join(selecting)).message, 8)
      yield* c.sender.send(9)
      assert.strictEqual(yield* Fiber.join(behind), 9)
    }))

  it.effect("several consumers get each value once, and all of them (TestMultiConsumer)", () =>
    Effect.gen(function*() {
      const work = yield* Channel.make(Schema.Int, { capacity: 23 })
      const results = yield* Channel.make(Schema.Int, { capacity: 45 })
      const consumers = yield* Effect.forEach(upTo(23), (i) =>
        forkNow(Stream.runForEach(work.receiver.stream, (n) =>
          Effect.andThen(n % (i + 1) === 0 ? Effect.yieldNow : Effect.void, results.sender.send(n * 2)))))
      yield* forkNow(Effect.andThen(work.sender.sendAll(upTo(2300)), work.sender.close))
      const closing = yield* forkNow(Effect.andThen(Fiber.joinAll(consumers), results.sender.close))
      const got = yield* Stream.runCollect(results.receiver.stream)
      yield* Fiber.join(closing)
      assert.deepStrictEqual(
        [...got].sort((x, y) =>
          x - y
        ),
        upTo(2300).map((n) => n * 2)
      )
    }))

  it.effect("many fibers that send and select against each other come to an end (TestSelectStress)", () =>
    Effect.gen(function*() {
      const channels = [yield* one, yield* one, yield* one, yield* Channel.make(Schema.Int, { capacity: 3 })]
      const count = 1000
      for (const { sender } of channels) yield* forkNow(Effect.andThen(sender.sendAll(upTo(count)), sender.close))
      const branches = Object.fromEntries(channels.map(({ receiver }, i) => [`c${i}`, receiver]))
      const untilClosed = (receiving: Effect.Effect<unknown, unknown>) =>
        Effect.gen(function*() {
          let got = 0
          while (Option.isSome(yield* Effect.option(receiving))) got++
          return got
        })
      const fibers = [
        ...yield* Effect.forEach(channels, ({ receiver }) => forkNow(untilClosed(receiver.receive))),
        ...yield* Effect.forEach(upTo(2), () => forkNow(untilClosed(Channel.select(branches))))
      ]
      const got = (yield* Fiber.joinAll(fibers)).reduce((a, b) => a + b)
      assert.strictEqual(got, channels.length * count)
    }))
})
