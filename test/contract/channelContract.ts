/**
 * What every channel promises at its ends, whether its messages stay in this thread or go through shared memory, and
 * wherever the receiving end is.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import type * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { Channel, ChannelError } from "shared-nothing"
import { Item, item, items } from "../fixtures/channels.ts"
import { seeded } from "../memory/seeded.ts"
import { eventually, settle } from "./eventually.ts"

/** A channel with both its ends; where the receiver lives elsewhere, only its effects, `clone` and `close` are used. */
export type Ends<A> = Pick<Channel.Channel<A>, "name" | "sender" | "receiver" | "close" | "stats">

export interface ChannelContract {
  /** As `Channel.make`. */
  readonly make: <S extends Schema.Codec<any, any>>(
    schema: S,
    options: Channel.Options
  ) => Effect.Effect<Ends<S["Type"]>, never, Scope.Scope>
  readonly kinds: ReadonlyArray<Channel.Kind>
  /** Whether `capacity` messages fit and not one more. */
  readonly exactCapacity: boolean
  /** The kinds that can drop the oldest message. */
  readonly dropsOldest: ReadonlyArray<Channel.Kind>
  /** Whether a message is the very value that was sent. */
  readonly byReference: boolean
  /** Whether time is real. */
  readonly live: boolean
  /** Whether the receiving end is on another thread: nothing of it can be called without an effect. */
  readonly receiverElsewhere: boolean
  /** How a test is added; one on the clock that it has unless told. */
  readonly test?: ((title: string, body: () => Effect.Effect<void, unknown, Scope.Scope>) => void) | undefined
  /** Done when so many fibers wait at the receiving end; looks at the statistics unless told. */
  readonly receiversWait?: ((ends: Ends<Item>, count: number) => Effect.Effect<void>) | undefined
}

const forkNow = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.forkChild(effect, { startImmediately: true })

const failureOf = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<E, never, R> =>
  Effect.matchEffect(effect, {
    onFailure: Effect.succeed,
    onSuccess: (value) => Effect.die(new Error(`succeeded with ${JSON.stringify(value)}`))
  })

const sendersWait = (ends: Ends<Item>, count: number) =>
  Effect.asVoid(eventually(ends.stats, (stats) => stats.waitingSenders === count, `${count} senders wait`))

/** Everything that is in the channel now. */
const drain = Effect.fnUntraced(function*<A>(receiver: Channel.Receiver<A>) {
  const got: Array<A> = []
  for (let next = yield* receiver.tryReceive; Option.isSome(next); next = yield* receiver.tryReceive) {
    got.push(next.value)
  }
  return got
})

/** Receives until the channel is closed. */
const receiveAll = Effect.fnUntraced(function*<A>(receiver: Channel.Receiver<A>) {
  const got: Array<A> = []
  while (true) {
    const next = yield* Effect.result(receiver.receive)
    if (next._tag === "Success") got.push(next.success)
    else if (next.failure._tag === "ChannelClosed") return got
    else return yield* next.failure
  }
})

interface Context {
  readonly options: ChannelContract
  readonly kind: Channel.Kind
  readonly make: (options?: Channel.Options) => Effect.Effect<Ends<Item>, never, Scope.Scope>
  /** A test on the clock of the implementation. */
  readonly test: (title: string, body: () => Effect.Effect<void, unknown, Scope.Scope>) => void
  /** Lets so much time pass, where it does not by itself. */
  readonly passing: (millis: number) => Effect.Effect<void>
  readonly receiversWait: (ends: Ends<Item>, count: number) => Effect.Effect<void>
}

/** Runs the promises against an implementation. */
export const channelContract = (name: string, options: ChannelContract): void => {
  const test: Context["test"] = options.test ??
    ((title, body) => options.live ? it.live(title, body) : it.effect(title, body))
  const passing = (millis: number) => options.live ? Effect.void : TestClock.adjust(millis)
  const receiversWait = options.receiversWait ??
    ((ends, count) =>
      Effect.asVoid(eventually(ends.stats, (stats) => stats.waitingReceivers === count, `${count} receivers wait`)))
  describe(name, () => {
    for (const kind of options.kinds) {
      const make = (more: Channel.Options = {}) => options.make(Item, { kind, ...more })
      const context: Context = { options, kind, make, test, passing, receiversWait }
      describe(kind, () => {
        sending(context)
        closing(context)
        if (!options.receiverElsewhere) here(context)
        if (kind === "broadcast") broadcast(context)
        else queue(context)
        ends(context)
      })
    }
    invalid(options, test)
  })
}

// ---- all kinds

const sending = ({ kind, make, options, passing, receiversWait, test }: Context) => {
  test("receives what was sent, in the order in which it was sent", () =>
    Effect.gen(function*() {
      const { receiver, sender } = yield* make({ capacity: 8 })
      for (const each of items(3)) yield* sender.send(each)
      const got = [yield* receiver.receive, yield* receiver.receive, yield* receiver.receive]
      assert.deepStrictEqual(got, items(3))
      assert.deepStrictEqual(yield* receiver.tryReceive, Option.none())
    }))

  test("keeps a thousand messages of one sender in order through a small channel", () =>
    Effect.gen(function*() {
      const { receiver, sender } = yield* make(kind === "broadcast" ? { capacity: 1024 } : { capacity: 3 })
      const sending = yield* forkNow(Effect.andThen(sender.sendAll(items(1000)), sender.close))
      assert.deepStrictEqual(yield* receiveAll(receiver), items(1000))
      yield* Fiber.join(sending)
    }))

  test("a receiver waits and is woken, first come first served", () =>
    Effect.gen(function*() {
      const ends = yield* make({ capacity: 4 })
      const order: Array<string> = []
      const receive = (who: string) =>
        Effect.map(ends.receiver.receive, ({ n }) => {
          order.push(`${who}${n}`)
        })
      const fibers = []
      for (const who of ["a", "b", "c"]) {
        fibers.push(yield* forkNow(receive(who)))
        yield* receiversWait(ends, fibers.length)
      }
      yield* ends.sender.sendAll(items(3))
      for (const fiber of fibers) yield* Fiber.join(fiber)
      assert.deepStrictEqual(order, ["a1", "b2", "c3"])
    }))

  test("receiveWithin gives up in time, and takes nothing", () =>
    Effect.gen(function*() {
      const ends = yield* make({ name: "slow", capacity: 4 })
      const waiting = yield* forkNow(failureOf(ends.receiver.receiveWithin("20 millis")))
      yield* receiversWait(ends, 1)
      yield* passing(20)
      const error = yield* Fiber.join(waiting)
      assert.deepInclude({ ...error }, { _tag: "ReceiveTimeout", channel: "slow", timeoutMillis: 20 })
      yield* ends.sender.send(item(1))
      assert.deepStrictEqual(yield* ends.receiver.receiveWithin("10 seconds"), item(1))
    }))

  test("receiveWithin takes what comes in time", () =>
    Effect.gen(function*() {
      const ends = yield* make({ capacity: 4 })
      const waiting = yield* forkNow(ends.receiver.receiveWithin("10 seconds"))
      yield* receiversWait(ends, 1)
      yield* passing(9999)
      yield* ends.sender.send(item(1))
      assert.deepStrictEqual(yield* Fiber.join(waiting), item(1))
      yield* passing(10_000)
      yield* ends.sender.send(item(2))
      assert.deepStrictEqual(yield* ends.receiver.receive, item(2))
    }))

  test("receiveBatch waits for the first and takes at most so many", () =>
    Effect.gen(function*() {
      const ends = yield* make({ capacity: 8 })
      const waiting = yield* forkNow(ends.receiver.receiveBatch(3))
      yield* receiversWait(ends, 1)
      yield* ends.sender.sendAll(items(8))
      const got = [...yield* Fiber.join(waiting)]
      assert.isAtLeast(got.length, 1)
      while (got.length < 8) {
        const batch = yield* ends.receiver.receiveBatch(3)
        assert.isAtMost(batch.length, 3)
        assert.isAtLeast(batch.length, 1)
        got.push(...batch)
      }
      assert.deepStrictEqual(got, items(8))
    }))

  test("interrupting a receive that waits loses nothing", () =>
    Effect.gen(function*() {
      const ends = yield* make({ capacity: 4 })
      const first = yield* forkNow(ends.receiver.receive)
      yield* receiversWait(ends, 1)
      const second = yield* forkNow(ends.receiver.receive)
      yield* receiversWait(ends, 2)
      yield* Fiber.interrupt(first)
      yield* ends.sender.send(item(1))
      assert.deepStrictEqual(yield* Fiber.join(second), item(1))
    }))

  test("a value that breaks the schema is refused by name, and the channel goes on", () =>
    Effect.gen(function*() {
      const { receiver, sender } = yield* make({ name: "typed", capacity: 4 })
      const wrong = { from: 0, n: "one" } as unknown as Item
      for (const effect of [sender.send(wrong), sender.trySend(wrong), sender.sendWithin(wrong, "1 second")]) {
        const error = yield* failureOf(effect)
        assert.instanceOf(error, ChannelError.InvalidPayload)
        assert.strictEqual(error.undelivered, wrong)
        assert.include(error.message, "typed")
        assert.include(error.issue, "n")
      }
      assert.isFalse(sender.sendUnsafe(wrong))
      const rest = yield* failureOf(sender.sendAll([item(1), wrong, item(3)]))
      assert.instanceOf(rest, ChannelError.InvalidPayload)
      assert.deepStrictEqual(rest.undelivered, [wrong, item(3)])
      yield* sender.send(item(2))
      assert.deepStrictEqual([yield* receiver.receive, yield* receiver.receive], items(2))
      assert.deepStrictEqual(yield* receiver.tryReceive, Option.none())
    }))

  test(`a message is ${options.byReference ? "the very value that was sent" : "a copy of the value that was sent"}`, () =>
    Effect.gen(function*() {
      const { receiver, sender } = yield* make()
      const value = item(1)
      yield* sender.send(value)
      const got = yield* receiver.receive
      assert.deepStrictEqual(got, value)
      if (options.byReference) assert.strictEqual(got, value)
      else assert.notStrictEqual(got, value)
    }))

  test("sendStream sends all values of a stream, and fails as the stream does", () =>
    Effect.gen(function*() {
      const { receiver, sender } = yield* make({ capacity: 16 })
      yield* sender.sendStream(Stream.fromIterable(items(5)))
      assert.deepStrictEqual(yield* receiver.receiveBatch(16), items(5))
      const broken = Stream.concat(Stream.make(item(6)), Stream.fail("broken"))
      assert.strictEqual(yield* failureOf(sender.sendStream(broken)), "broken")
      assert.deepStrictEqual(yield* receiver.receive, item(6))
      yield* sender.close
      const refused = yield* failureOf(sender.sendStream(Stream.fromIterable(items(2))))
      assert.instanceOf(refused, ChannelError.EndMoved)
      assert.deepStrictEqual(refused.undelivered, items(2))
    }))
}

const closing = ({ kind, make, receiversWait, test }: Context) => {
  const sends = kind === "broadcast" ? 4 : 3

  test("after the last sender closes, receivers drain the channel and then meet ChannelClosed by the senders", () =>
    Effect.gen(function*() {
      const { receiver, sender } = yield* make({ name: "work", capacity: 4 })
      yield* sender.sendAll(items(sends))
      yield* sender.close
      assert.deepStrictEqual(yield* Effect.forEach(items(sends), () => receiver.receive), items(sends))
      for (
        const effect of [
          receiver.receive,
          receiver.tryReceive,
          receiver.receiveBatch(9),
          receiver.receiveWithin("1 second")
        ]
      ) {
        const error = yield* failureOf<unknown, unknown, never>(effect)
        assert.instanceOf(error, ChannelError.ChannelClosed)
        assert.deepInclude({ ...error }, { channel: "work", by: "senders", undelivered: undefined })
      }
    }))

  test("closing the last sender wakes receivers that wait", () =>
    Effect.gen(function*() {
      const ends = yield* make()
      const waiting = yield* forkNow(failureOf(ends.receiver.receive))
      yield* receiversWait(ends, 1)
      yield* ends.sender.close
      assert.deepInclude({ ...yield* Fiber.join(waiting) }, { _tag: "ChannelClosed", by: "senders" })
    }))

  test("closing the channel wakes receivers that wait, and gives later values back", () =>
    Effect.gen(function*() {
      const ends = yield* make()
      const waiting = yield* forkNow(failureOf(ends.receiver.receive))
      yield* receiversWait(ends, 1)
      yield* ends.close
      assert.deepInclude({ ...yield* Fiber.join(waiting) }, { _tag: "ChannelClosed", by: "channel" })
      const value = item(1)
      const error = yield* failureOf(ends.sender.send(value))
      assert.instanceOf(error, ChannelError.ChannelClosed)
      assert.strictEqual(error.by, "channel")
      assert.strictEqual(error.undelivered, value)
      assert.isFalse(ends.sender.sendUnsafe(value))
    }))

  test("after the channel is closed receivers drain it first", () =>
    Effect.gen(function*() {
      const { close, receiver, sender } = yield* make({ capacity: 4 })
      yield* sender.sendAll(items(2))
      yield* close
      assert.deepStrictEqual([yield* receiver.receive, yield* receiver.receive], items(2))
      assert.deepInclude({ ...yield* failureOf(receiver.receive) }, { _tag: "ChannelClosed", by: "channel" })
    }))

  test("after the last receiver closes, values come back with ChannelClosed by the receivers", () =>
    Effect.gen(function*() {
      const { receiver, sender } = yield* make({ capacity: 4 })
      yield* sender.send(item(1))
      yield* receiver.close
      const value = item(2)
      const error = yield* eventually(
        Effect.result(sender.trySend(value)),
        (result) => result._tag === "Failure",
        "the sender hears of it"
      )
      assert.strictEqual(error._tag, "Failure")
      const failure = error._tag === "Failure" ? error.failure : undefined
      assert.instanceOf(failure, ChannelError.ChannelClosed)
      assert.strictEqual(failure.by, "receivers")
      assert.strictEqual(failure.undelivered, value)
      const rest = yield* failureOf(sender.sendAll(items(3)))
      assert.deepStrictEqual(rest.undelivered, items(3))
    }))

  test("an end that was closed fails with EndMoved, also for fibers that wait there", () =>
    Effect.gen(function*() {
      const ends = yield* make({ name: "moved", capacity: 4 })
      const waiting = yield* forkNow(failureOf(ends.receiver.receive))
      yield* receiversWait(ends, 1)
      yield* ends.receiver.close
      assert.deepInclude({ ...yield* Fiber.join(waiting) }, { _tag: "EndMoved", end: "receiver", how: "closed" })
      assert.deepInclude({ ...yield* failureOf(ends.receiver.receive) }, { _tag: "EndMoved", channel: "moved" })
      assert.deepInclude({ ...yield* failureOf(Effect.scoped(ends.receiver.clone)) }, {
        _tag: kind === "spsc" || kind === "mpsc" ? "EndTaken" : "EndMoved"
      })
    }))

  test("a sender that was closed fails with EndMoved and gives the value back", () =>
    Effect.gen(function*() {
      const { sender } = yield* make()
      yield* sender.close
      const value = item(1)
      const error = yield* failureOf(sender.send(value))
      assert.instanceOf(error, ChannelError.EndMoved)
      assert.deepInclude({ ...error }, { end: "sender", how: "closed" })
      assert.strictEqual(error.undelivered, value)
    }))

  test("closing twice is closing once", () =>
    Effect.gen(function*() {
      const { close, receiver, sender, stats } = yield* make()
      yield* sender.close
      yield* sender.close
      yield* receiver.close
      yield* receiver.close
      yield* close
      yield* close
      const { receivers, senders } = yield* eventually(
        stats,
        ({ receivers, senders }) => receivers + senders === 0,
        "all ends are closed"
      )
      assert.deepStrictEqual({ receivers, senders }, { receivers: 0, senders: 0 })
    }))

  test("is closed with its scope, and so are fibers that wait in it", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const ends = yield* Scope.provide(make(), scope)
      const waiting = yield* forkNow(failureOf(ends.receiver.receive))
      yield* receiversWait(ends, 1)
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual((yield* Fiber.join(waiting))._tag, "ChannelClosed")
      assert.strictEqual((yield* failureOf(ends.sender.send(item(1))))._tag, "ChannelClosed")
    }))
}

// ---- what is called without an effect, and what is built on the ends

const here = ({ kind, make, receiversWait, test }: Context) => {
  test("drainUnsafe hands over what is there, at most so many", () =>
    Effect.gen(function*() {
      const { receiver, sender } = yield* make({ capacity: 8 })
      const got: Array<Item> = []
      const take = (message: Item) => void got.push(message)
      assert.strictEqual(receiver.drainUnsafe(take), 0)
      yield* sender.sendAll(items(5))
      yield* eventually(Effect.sync(() => receiver.drainUnsafe(take, 2)), (count) => count === 2, "two are there")
      yield* eventually(Effect.sync(() => receiver.drainUnsafe(take)), () => got.length === 5, "all are there")
      assert.strictEqual(receiver.drainUnsafe(take), 0)
      assert.deepStrictEqual(got, items(5))
      yield* sender.close
      assert.strictEqual(receiver.drainUnsafe(take), -1)
      assert.strictEqual((yield* failureOf(receiver.receive))._tag, "ChannelClosed")
    }))

  test("a handler of drainUnsafe that throws consumes its message only", () =>
    Effect.gen(function*() {
      const { receiver, sender } = yield* make({ capacity: 4 })
      yield* sender.sendAll(items(3))
      const got: Array<number> = []
      const boom = new Error("boom")
      assert.throws(() =>
        receiver.drainUnsafe(({ n }) => {
          got.push(n)
          if (n === 2) throw boom
        }), boom)
      assert.deepStrictEqual(yield* receiver.receive, item(3))
      assert.deepStrictEqual(got, [1, 2])
      for (const each of items(kind === "broadcast" ? 1 : 4)) yield* sender.trySend(each)
    }))

  test("a handler of drainUnsafe may use the channel", () =>
    Effect.gen(function*() {
      // Room for all of them: between threads a drain gives its room back at its end.
      const { receiver, sender } = yield* make({ capacity: 4 })
      yield* sender.sendAll(items(2))
      const got: Array<number> = []
      const handle = ({ n }: Item) => {
        got.push(n)
        if (n < 3) sender.sendUnsafe(item(n + 2))
        if (n === 1) receiver.drainUnsafe(handle, 1)
      }
      yield* eventually(Effect.sync(() => receiver.drainUnsafe(handle)), () => got.length >= 4, "all are there")
      assert.deepStrictEqual(got, [1, 2, 3, 4])
    }))

  test("messages promised to a fiber that waits are not taken from it", () =>
    Effect.gen(function*() {
      const ends = yield* make({ capacity: 4 })
      const waiting = yield* forkNow(ends.receiver.receive)
      yield* receiversWait(ends, 1)
      yield* ends.sender.send(item(1))
      assert.strictEqual(ends.receiver.drainUnsafe(() => {}), 0)
      assert.deepStrictEqual(yield* ends.receiver.tryReceive, Option.none())
      assert.deepStrictEqual(yield* Fiber.join(waiting), item(1))
    }))

  test("the stream has all messages and ends when the channel is closed", () =>
    Effect.gen(function*() {
      const { receiver, sender } = yield* make({ capacity: 1024 })
      const all = yield* forkNow(Stream.runCollect(receiver.stream))
      yield* sender.sendAll(items(600))
      yield* settle
      yield* sender.close
      assert.deepStrictEqual(yield* Fiber.join(all), items(600))
      assert.deepStrictEqual(yield* Stream.runCollect(receiver.stream), [])
    }))

  test("the stream fails as the receiver does", () =>
    Effect.gen(function*() {
      const { receiver, sender } = yield* make({ capacity: 4 })
      yield* sender.send(item(1))
      yield* receiver.close
      assert.strictEqual((yield* failureOf(Stream.runCollect(receiver.stream)))._tag, "EndMoved")
    }))

  test("the queue is fed and ends when the channel is closed", () =>
    Effect.gen(function*() {
      const { receiver, sender } = yield* make({ capacity: 1024 })
      const queue = yield* receiver.toQueue
      const all = yield* forkNow(Queue.collect(queue))
      yield* sender.sendAll(items(100))
      yield* settle
      yield* sender.close
      assert.deepStrictEqual(yield* Fiber.join(all), items(100))
    }))

  test("the queue holds back a channel whose messages nobody takes", () =>
    Effect.gen(function*() {
      const { receiver, sender, stats } = yield* make({ capacity: 1024 })
      const queue = yield* receiver.toQueue
      yield* sender.sendAll(items(100))
      yield* settle
      assert.isAtMost((yield* stats).received, 32)
      assert.deepStrictEqual(yield* Queue.take(queue), item(1))
    }))

  test("merge has the messages of all receivers and ends with the last one", () =>
    Effect.gen(function*() {
      const a = yield* make({ capacity: 64 })
      const b = yield* make({ capacity: 64 })
      const all = yield* forkNow(Stream.runCollect(Channel.merge([a.receiver, b.receiver])))
      yield* a.sender.sendAll(items(20, 1))
      yield* settle
      yield* a.sender.close
      yield* b.sender.sendAll(items(20, 2))
      yield* settle
      yield* b.sender.close
      const got = yield* Fiber.join(all)
      for (const from of [1, 2]) assert.deepStrictEqual(got.filter((each) => each.from === from), items(20, from))
    }))
}

// ---- one message to one receiver

const queue = (context: Context) => {
  filling(context)
  waitingForRoom(context)
  interrupting(context)
  counting(context)
}

const filling = ({ kind, make, options, passing, test }: Context) => {
  if (options.exactCapacity) {
    for (const capacity of [1, 2, 3, 16]) {
      test(`holds exactly ${capacity} and not one more, and gives the very value back`, () =>
        Effect.gen(function*() {
          const { receiver, sender, stats } = yield* make({ name: "small", capacity })
          const refused = Effect.fnUntraced(function*() {
            const value = item(99)
            const error = yield* failureOf(sender.trySend(value))
            assert.instanceOf(error, ChannelError.ChannelFull)
            assert.deepInclude({ ...error }, { channel: "small", capacity })
            assert.strictEqual(error.undelivered, value)
            assert.isFalse(sender.sendUnsafe(value))
          })
          for (let round = 1; round <= 3; round++) {
            for (const each of items(capacity, round)) yield* sender.trySend(each)
            yield* refused()
            assert.strictEqual((yield* stats).depth, capacity)
            assert.strictEqual(yield* receiver.depth, capacity)
            assert.deepStrictEqual(yield* receiver.receive, item(1, round))
            yield* eventually(sender.depth, (depth) => depth === capacity - 1, "the room is back")
            assert.isTrue(sender.sendUnsafe(item(capacity + 1, round)))
            yield* refused()
            const rest = items(capacity + 1, round).slice(1)
            assert.deepStrictEqual(yield* Effect.forEach(rest, () => receiver.receive), rest)
          }
        }))
    }

    test("overflow \"fail\": send fails at once with ChannelFull", () =>
      Effect.gen(function*() {
        const { receiver, sender } = yield* make({ capacity: 2, overflow: "fail" })
        const rest = yield* failureOf(sender.sendAll(items(4)))
        assert.instanceOf(rest, ChannelError.ChannelFull)
        assert.deepStrictEqual(rest.undelivered, items(4).slice(2))
        for (const effect of [sender.send(item(3)), sender.sendWithin(item(3), "1 second"), sender.trySend(item(3))]) {
          const error = yield* failureOf(effect)
          assert.instanceOf(error, ChannelError.ChannelFull)
          assert.deepStrictEqual(error.undelivered, item(3))
        }
        assert.isFalse(sender.sendUnsafe(item(3)))
        assert.deepStrictEqual(yield* receiver.receiveBatch(9), items(2))
      }))

    test("overflow \"dropNewest\": what does not fit is dropped and counted", () =>
      Effect.gen(function*() {
        const { receiver, sender, stats } = yield* make({ capacity: 2, overflow: "dropNewest" })
        yield* sender.sendAll(items(4))
        yield* sender.send(item(5))
        yield* sender.trySend(item(6))
        yield* sender.sendWithin(item(7), "1 second")
        assert.isTrue(sender.sendUnsafe(item(8)))
        assert.deepStrictEqual(yield* receiver.receiveBatch(9), items(2))
        assert.strictEqual((yield* stats).dropped, 6)
      }))

    if (options.dropsOldest.includes(kind)) {
      test("overflow \"dropOldest\": the oldest make room for the newest and are counted", () =>
        Effect.gen(function*() {
          const { receiver, sender, stats } = yield* make({ capacity: 3, overflow: "dropOldest" })
          yield* sender.sendAll(items(4))
          yield* sender.send(item(5))
          yield* sender.trySend(item(6))
          yield* sender.sendWithin(item(7), "1 second")
          assert.isTrue(sender.sendUnsafe(item(8)))
          const got = yield* receiver.receiveBatch(9)
          assert.deepStrictEqual(got, [item(6), item(7), item(8)])
          assert.deepInclude(yield* stats, { sent: 8, dropped: 5, received: 3, depth: 0 })
        }))
    }

    test("an unbounded channel always has room", () =>
      Effect.gen(function*() {
        const { receiver, sender } = yield* make({ capacity: "unbounded" })
        for (const each of items(2000)) assert.isTrue(sender.sendUnsafe(each))
        yield* forkNow(sender.close)
        assert.deepStrictEqual(yield* receiveAll(receiver), items(2000))
      }))

    test("the length is never out of range", () =>
      Effect.gen(function*() {
        const { receiver, sender, stats } = yield* make({ capacity: 3 })
        const rng = seeded(7)
        let depth = 0
        for (let i = 0; i < 500; i++) {
          if (rng(2) === 0) {
            const result = yield* Effect.result(sender.trySend(item(i)))
            assert.strictEqual(result._tag, depth < 3 ? "Success" : "Failure")
            if (result._tag === "Success") depth++
          } else if (Option.isSome(yield* receiver.tryReceive)) depth--
          const seen = yield* stats
          assert.strictEqual(seen.depth, depth)
          assert.isTrue(depth >= 0 && depth <= 3)
        }
      }))
  }

  test("sendWithin gives up in time, and gives the value back", () =>
    Effect.gen(function*() {
      const ends = yield* make({ name: "full", capacity: 1 })
      yield* fill(ends)
      const value = item(99)
      const waiting = yield* forkNow(failureOf(ends.sender.sendWithin(value, "20 millis")))
      yield* sendersWait(ends, 1)
      yield* passing(20)
      const error = yield* Fiber.join(waiting)
      assert.instanceOf(error, ChannelError.SendTimeout)
      assert.deepInclude({ ...error }, { channel: "full", timeoutMillis: 20 })
      assert.strictEqual(error.undelivered, value)
      assert.notDeepInclude(yield* drain(ends.receiver), value)
    }))

  test("sendWithin sends when there is room in time", () =>
    Effect.gen(function*() {
      const ends = yield* make({ capacity: 1 })
      const filled = yield* fill(ends)
      const waiting = yield* forkNow(ends.sender.sendWithin(item(99), "10 seconds"))
      yield* sendersWait(ends, 1)
      yield* passing(9999)
      assert.deepStrictEqual(yield* Effect.forEach(filled, () => ends.receiver.receive), filled)
      yield* Fiber.join(waiting)
      yield* passing(10_000)
      assert.deepStrictEqual(yield* ends.receiver.receive, item(99))
    }))
}

/** Sends until there is no more room; what was sent. */
const fill = Effect.fnUntraced(function*(ends: Ends<Item>) {
  const sent: Array<Item> = []
  while (ends.sender.sendUnsafe(item(sent.length + 1))) sent.push(item(sent.length + 1))
  assert.isAbove(sent.length, 0)
  return sent
})

const waitingForRoom = ({ make, test }: Context) => {
  test("a sender waits for room and is woken, first come first served", () =>
    Effect.gen(function*() {
      const ends = yield* make({ capacity: 2 })
      const filled = yield* fill(ends)
      for (let i = 1; i <= 3; i++) {
        yield* forkNow(ends.sender.send(item(100 + i)))
        yield* sendersWait(ends, i)
      }
      const got = yield* Effect.forEach([...filled, ...items(3)], () => ends.receiver.receive)
      assert.deepStrictEqual(got, [...filled, item(101), item(102), item(103)])
      yield* sendersWait(ends, 0)
    }))

  test("a value sent behind others that wait does not overtake them", () =>
    Effect.gen(function*() {
      const ends = yield* make({ capacity: 1 })
      const filled = yield* fill(ends)
      yield* forkNow(ends.sender.send(item(101)))
      yield* sendersWait(ends, 1)
      const all = yield* forkNow(ends.sender.sendAll([item(102), item(103)]))
      yield* sendersWait(ends, 2)
      for (const each of filled) assert.deepStrictEqual(yield* ends.receiver.receive, each)
      ends.sender.sendUnsafe(item(104))
      const got = yield* Effect.forEach(items(3), () => ends.receiver.receive)
      assert.deepStrictEqual(got, [item(101), item(102), item(103)])
      yield* Fiber.join(all)
    }))

  test("closing the channel wakes senders that wait and gives their values back", () =>
    Effect.gen(function*() {
      const ends = yield* make({ capacity: 1 })
      const filled = yield* fill(ends)
      const value = item(101)
      const waiting = yield* forkNow(failureOf(ends.sender.send(value)))
      const all = yield* forkNow(failureOf(ends.sender.sendAll(items(3, 9))))
      yield* sendersWait(ends, 2)
      yield* ends.close
      const error = yield* Fiber.join(waiting)
      assert.instanceOf(error, ChannelError.ChannelClosed)
      assert.strictEqual(error.undelivered, value)
      assert.deepStrictEqual((yield* Fiber.join(all)).undelivered, items(3, 9))
      assert.deepStrictEqual(yield* receiveAll(ends.receiver), filled)
    }))

  test("closing the last receiver wakes senders that wait and gives their values back", () =>
    Effect.gen(function*() {
      const ends = yield* make({ capacity: 1 })
      yield* fill(ends)
      const value = item(101)
      const waiting = yield* forkNow(failureOf(ends.sender.send(value)))
      yield* sendersWait(ends, 1)
      yield* ends.receiver.close
      const error = yield* Fiber.join(waiting)
      assert.instanceOf(error, ChannelError.ChannelClosed)
      assert.strictEqual(error.by, "receivers")
      assert.strictEqual(error.undelivered, value)
    }))

  test("closing a sender gives the values back that wait there", () =>
    Effect.gen(function*() {
      const ends = yield* make({ capacity: 1 })
      const filled = yield* fill(ends)
      const value = item(101)
      const waiting = yield* forkNow(failureOf(ends.sender.send(value)))
      yield* sendersWait(ends, 1)
      yield* ends.sender.close
      const error = yield* Fiber.join(waiting)
      assert.instanceOf(error, ChannelError.EndMoved)
      assert.strictEqual(error.undelivered, value)
      assert.deepStrictEqual(yield* receiveAll(ends.receiver), filled)
    }))
}

const interrupting = ({ make, options, test }: Context) => {
  test("interrupting a send that waits takes the value back, and lets the next one through", () =>
    Effect.gen(function*() {
      const ends = yield* make({ capacity: 1 })
      const filled = yield* fill(ends)
      const first = yield* forkNow(ends.sender.send(item(101)))
      yield* sendersWait(ends, 1)
      const second = yield* forkNow(ends.sender.send(item(102)))
      yield* sendersWait(ends, 2)
      yield* Fiber.interrupt(first)
      assert.deepStrictEqual(yield* Effect.forEach(filled, () => ends.receiver.receive), filled)
      assert.deepStrictEqual(yield* ends.receiver.receive, item(102))
      yield* Fiber.join(second)
      assert.deepStrictEqual(yield* ends.receiver.tryReceive, Option.none())
    }))

  test("interrupting a sendAll leaves what had room, and nothing else", () =>
    Effect.gen(function*() {
      const ends = yield* make({ capacity: 1 })
      const filled = yield* fill(ends)
      const all = yield* forkNow(ends.sender.sendAll(items(50, 9)))
      yield* sendersWait(ends, 1)
      yield* Effect.forEach(filled, () => ends.receiver.receive)
      assert.deepStrictEqual(yield* ends.receiver.receive, item(1, 9))
      yield* sendersWait(ends, 1)
      yield* Fiber.interrupt(all)
      const rest = yield* drain(ends.receiver)
      assert.deepStrictEqual(rest, items(rest.length + 1, 9).slice(1))
      assert.isBelow(rest.length, 40)
    }))

  test("a send whose receiver interrupts the sender at once has happened, and its exit says so", () =>
    Effect.gen(function*() {
      const { receiver, sender } = yield* make({ capacity: 4 })
      const go = yield* Deferred.make<void>()
      const sending = yield* forkNow(Effect.andThen(Deferred.await(go), sender.send(item(1))))
      const receiving = yield* forkNow(Effect.tap(receiver.receive, () => Effect.sync(() => sending.interruptUnsafe())))
      yield* settle
      yield* Deferred.succeed(go, undefined)
      assert.deepStrictEqual(yield* Fiber.join(receiving), item(1))
      assert.isTrue(Exit.isSuccess(yield* Fiber.await(sending)))
    }))

  test("a receive whose sender interrupts the receiver at once has happened, and its exit says so", () =>
    Effect.gen(function*() {
      const ends = yield* make({ capacity: 1 })
      yield* fill(ends)
      const go = yield* Deferred.make<void>()
      const receiving = yield* forkNow(Effect.andThen(Deferred.await(go), ends.receiver.receive))
      const sending = yield* forkNow(
        Effect.tap(ends.sender.send(item(101)), () => Effect.sync(() => receiving.interruptUnsafe()))
      )
      yield* sendersWait(ends, 1)
      yield* Deferred.succeed(go, undefined)
      assert.deepStrictEqual(yield* Fiber.join(receiving), item(1))
      yield* forkNow(drain(ends.receiver))
      yield* Fiber.join(sending)
    }))

  // What each exit says is what has happened, whatever is interrupted when: also in the turn in which it was woken.
  test("whatever is interrupted when: a send and a receive happened if and only if their exits say so", () =>
    Effect.forEach(
      Array.from({ length: options.live ? 20 : 200 }, (_, i) => i + 1),
      (seed) =>
        Effect.scoped(Effect.gen(function*() {
          const { receiver, sender } = yield* make({ capacity: 1 + seed % 3 })
          const rng = seeded(seed)
          const sends: Array<readonly [Item, Fiber.Fiber<void, unknown>]> = []
          const receives: Array<Fiber.Fiber<ReadonlyArray<Item>, unknown>> = []
          const one = (message: Item) => [message]
          // What becomes of a fiber after the channel is done with it is not the channel's business.
          const only = <A, B, E>(within: Effect.Effect<A, E>, after: (a: A) => B) =>
            Effect.uninterruptibleMask((restore) => Effect.map(restore(within), after))
          for (let step = 0; step < 120; step++) {
            const dice = rng(16)
            if (dice < 5) {
              const value = item(step)
              const send = dice === 0
                ? sender.trySend(value)
                : dice === 1
                ? sender.sendWithin(value, 60_000)
                : sender.send(value)
              sends.push([value, yield* forkNow(only(send, () => {}))])
            } else if (dice < 10) {
              const receive = dice === 5
                ? only(receiver.tryReceive, (message): ReadonlyArray<Item> => Option.toArray(message))
                : dice === 6
                ? only(receiver.receiveBatch(2), (batch) => batch)
                : dice === 7
                ? only(receiver.receiveWithin(60_000), one)
                : only(receiver.receive, one)
              receives.push(yield* forkNow(receive))
            } else if (dice < 12 && sends.length > 0) sends[rng(sends.length)]![1].interruptUnsafe()
            else if (dice < 14 && receives.length > 0) receives[rng(receives.length)]!.interruptUnsafe()
            else if (dice === 15) yield* Effect.yieldNow
          }
          for (const fiber of receives) yield* Fiber.interrupt(fiber)
          const rest: Array<Item> = yield* drain(receiver)
          for (const [, fiber] of sends) yield* Fiber.interrupt(fiber)
          rest.push(...yield* drain(receiver))
          const sent: Array<number> = []
          for (const [value, fiber] of sends) if (Exit.isSuccess(yield* Fiber.await(fiber))) sent.push(value.n)
          const got: Array<number> = []
          for (const fiber of receives) {
            const exit = yield* Fiber.await(fiber)
            if (Exit.isSuccess(exit)) got.push(...exit.value.map(({ n }) => n))
          }
          const all = [...got, ...rest.map(({ n }) => n)].sort((a, b) => a - b)
          assert.deepStrictEqual(all, sent.sort((a, b) => a - b), `seed ${seed}`)
        })),
      { discard: true }
    ))

  // A fiber pauses after so many steps, wherever it is; the padding moves the place.
  test("a fiber that can be interrupted only in the channel loses nothing, however long it has run", () =>
    Effect.gen(function*() {
      const { receiver, sender } = yield* make({ capacity: 4096 })
      const sent: Array<number> = []
      const got: Array<number> = []
      const padded = (steps: number): Effect.Effect<void> =>
        steps === 0 ? Effect.void : Effect.andThen(Effect.void, padded(steps - 1))
      const loop = <E>(step: Effect.Effect<void, E>) => Effect.forever(step, { disableYield: true })
      const producer = (padding: number) =>
        Effect.uninterruptibleMask((restore) =>
          loop(Effect.suspend(() => {
            const value = item(sent.length + 1)
            return Effect.andThen(
              Effect.map(restore(sender.send(value)), () => void sent.push(value.n)),
              padded(padding)
            )
          }))
        )
      const consumer = (padding: number) =>
        Effect.uninterruptibleMask((restore) =>
          loop(Effect.andThen(Effect.map(restore(receiver.receive), ({ n }) => void got.push(n)), padded(padding)))
        )
      for (let round = 0; round < 40; round++) {
        yield* Fiber.interrupt(yield* forkNow(producer(round % 7)))
        yield* Fiber.interrupt(yield* forkNow(consumer(round % 5)))
      }
      got.push(...(yield* drain(receiver)).map(({ n }) => n))
      assert.isNotEmpty(sent)
      assert.deepStrictEqual(got, sent)
    }))
}

const counting = ({ make, options, receiversWait, test }: Context) => {
  test("the statistics are exact", () =>
    Effect.gen(function*() {
      const ends = yield* make({ capacity: 4 })
      const { receiver, sender } = ends
      const nothing = {
        sent: 0,
        received: 0,
        dropped: 0,
        missed: 0,
        lost: 0,
        depth: 0,
        waitingSenders: 0,
        waitingReceivers: 0,
        senders: 1,
        receivers: 1
      }
      const are = (expected: Partial<typeof nothing>) =>
        eventually(ends.stats, (stats) => {
          const all = { ...nothing, ...expected }
          return Object.entries(all).every(([key, value]) => stats[key as keyof typeof all] === value)
        }, JSON.stringify(expected))
      yield* are({})
      const fiber = yield* forkNow(receiver.receive)
      yield* receiversWait(ends, 1)
      if (!options.receiverElsewhere) yield* are({ waitingReceivers: 1 })
      yield* sender.send(item(1))
      yield* Fiber.join(fiber)
      yield* are({ sent: 1, received: 1 })
      yield* sender.sendAll(items(3))
      yield* are({ sent: 4, received: 1, depth: 3 })
      yield* receiver.receiveBatch(2)
      yield* are({ sent: 4, received: 3, depth: 1 })
      const filled = yield* fill(ends)
      const sent = 4 + filled.length
      const depth = 1 + filled.length
      const waiting = yield* forkNow(sender.send(item(101)))
      yield* sendersWait(ends, 1)
      yield* are({ sent, received: 3, depth, waitingSenders: 1 })
      yield* Fiber.interrupt(waiting)
      yield* are({ sent, received: 3, depth })
      yield* sender.close
      yield* are({ sent, received: 3, depth, senders: 0 })
    }))
}

// ---- how many ends there are

const ends = ({ kind, make, options, receiversWait, test }: Context) => {
  const manySenders = kind === "mpsc" || kind === "mpmc"
  const manyReceivers = kind === "mpmc" || kind === "broadcast"

  if (!manySenders) {
    test("has one sender: a second one is EndTaken", () =>
      Effect.gen(function*() {
        const { sender } = yield* make({ name: "one" })
        const error = yield* failureOf(Effect.scoped(sender.clone))
        assert.deepInclude({ ...error }, { _tag: "EndTaken", channel: "one", end: "sender", kind, limit: 1 })
        assert.include(error.message, kind)
      }))
  }

  if (!manyReceivers) {
    test("has one receiver: a second one is EndTaken", () =>
      Effect.gen(function*() {
        const { receiver } = yield* make({ name: "one" })
        const error = yield* failureOf(Effect.scoped(receiver.clone))
        assert.deepInclude({ ...error }, { _tag: "EndTaken", channel: "one", end: "receiver", kind, limit: 1 })
      }))
  }

  if (manySenders) {
    test("the last of several senders closes the channel", () =>
      Effect.gen(function*() {
        const ends = yield* make({ capacity: 4 })
        const scope = yield* Scope.make()
        const second = yield* Scope.provide(ends.sender.clone, scope)
        assert.strictEqual((yield* ends.stats).senders, 2)
        yield* ends.sender.close
        yield* second.send(item(1))
        assert.deepStrictEqual(yield* ends.receiver.receive, item(1))
        const waiting = yield* forkNow(failureOf(ends.receiver.receive))
        yield* receiversWait(ends, 1)
        yield* Scope.close(scope, Exit.void)
        assert.deepInclude({ ...yield* Fiber.join(waiting) }, { _tag: "ChannelClosed", by: "senders" })
      }))

    test("keeps the order of each of several senders, and loses and doubles nothing", () =>
      Effect.gen(function*() {
        const { receiver, sender } = yield* make({ capacity: 4 })
        const send = (from: number) =>
          Effect.scoped(
            Effect.flatMap(sender.clone, (own) => Effect.forEach(items(200, from), (each) => own.send(each)))
          )
        const sending = yield* forkNow(
          Effect.andThen(Effect.forEach([1, 2, 3], send, { concurrency: "unbounded" }), sender.close)
        )
        const got = yield* receiveAll(receiver)
        yield* Fiber.join(sending)
        assert.strictEqual(got.length, 600)
        for (const from of [1, 2, 3]) assert.deepStrictEqual(got.filter((each) => each.from === from), items(200, from))
      }))

    // Where the bound is of each sender they do not wait for each other.
    if (options.exactCapacity) {
      test("fibers that wait at different senders are let through in turns", () =>
        Effect.gen(function*() {
          const ends = yield* make({ capacity: 1 })
          const filled = yield* fill(ends)
          const send = (own: Channel.Sender<Item>, from: number) => own.sendAll(items(20, from))
          for (const from of [1, 2, 3]) {
            yield* forkNow(Effect.scoped(Effect.flatMap(ends.sender.clone, (own) => send(own, from))))
            yield* sendersWait(ends, from)
          }
          yield* Effect.forEach(filled, () => ends.receiver.receive)
          const got = yield* Effect.forEach(items(30), () => ends.receiver.receive)
          for (const from of [1, 2, 3]) assert.isAtLeast(got.filter((each) => each.from === from).length, 5)
        }))
    }
  }

  if (kind === "mpmc") {
    test("each message goes to one of several receivers", () =>
      Effect.gen(function*() {
        const { receiver, sender } = yield* make({ capacity: 4 })
        const own = yield* receiver.clone
        const first = yield* forkNow(receiveAll(receiver))
        const second = yield* forkNow(receiveAll(own))
        yield* sender.sendAll(items(500))
        yield* sender.close
        const [a, b] = [yield* Fiber.join(first), yield* Fiber.join(second)]
        assert.deepStrictEqual([...a, ...b].sort((x, y) => x.n - y.n), items(500))
        for (const got of [a, b]) assert.deepStrictEqual([...got].sort((x, y) => x.n - y.n), got)
      }))

    test("the last of several receivers closes the channel", () =>
      Effect.gen(function*() {
        const { receiver, sender } = yield* make({ capacity: 4 })
        const scope = yield* Scope.make()
        const second = yield* Scope.provide(receiver.clone, scope)
        yield* receiver.close
        yield* sender.send(item(1))
        assert.deepStrictEqual(yield* second.receive, item(1))
        yield* Scope.close(scope, Exit.void)
        const error = yield* failureOf(sender.send(item(2)))
        assert.deepInclude({ ...error }, { _tag: "ChannelClosed", by: "receivers" })
      }))
  }
}

// ---- every message to every receiver

const broadcast = ({ make, options, test }: Context) => {
  /** More than any receiver can be behind. */
  const many = options.exactCapacity ? 100 : 20_000

  test("every receiver gets everything", () =>
    Effect.gen(function*() {
      const { receiver, sender } = yield* make({ capacity: 64 })
      const others = [yield* receiver.clone, yield* receiver.clone]
      yield* sender.sendAll(items(50))
      yield* sender.close
      for (const each of [receiver, ...others]) assert.deepStrictEqual(yield* receiveAll(each), items(50))
    }))

  test("a receiver that joins later gets what is sent from then on", () =>
    Effect.gen(function*() {
      const { receiver, sender } = yield* make({ capacity: 8 })
      yield* sender.sendAll(items(2))
      const late = yield* receiver.clone
      yield* sender.send(item(3))
      assert.deepStrictEqual(yield* late.receive, item(3))
      assert.deepStrictEqual(yield* Effect.forEach(items(3), () => receiver.receive), items(3))
    }))

  test("a receiver that is too slow is told how many it has missed, and goes on", () =>
    Effect.gen(function*() {
      const { receiver, sender, stats } = yield* make({ name: "news", capacity: 4 })
      const quick = yield* receiver.clone
      const seen: Array<Item> = []
      for (const each of items(many)) {
        yield* sender.send(each)
        seen.push(yield* quick.receive)
      }
      assert.deepStrictEqual(seen, items(many))
      // A receiver may first get what it was standing at, then a gap, then the newest.
      const got: Array<Item> = []
      let missed = 0
      while (got.at(-1)?.n !== many) {
        const next = yield* Effect.result(receiver.receive)
        if (next._tag === "Success") got.push(next.success)
        else {
          assert.instanceOf(next.failure, ChannelError.MessagesMissed)
          assert.strictEqual(next.failure.channel, "news")
          missed += next.failure.count
          assert.strictEqual(
            got.length + missed + 1,
            (yield* receiver.receive.pipe(Effect.tap((each) => Effect.sync(() => got.push(each))))).n
          )
        }
      }
      assert.strictEqual(got.length + missed, many)
      assert.isAbove(missed, 0)
      if (options.exactCapacity) assert.strictEqual(got.length, 4)
      assert.strictEqual((yield* stats).missed, missed)
      yield* sender.send(item(many + 1))
      assert.deepStrictEqual(yield* receiver.receive, item(many + 1))
    }))

  test("a stream of a receiver that was too slow fails, and the next one goes on", () =>
    Effect.gen(function*() {
      const { receiver, sender } = yield* make({ capacity: 4 })
      yield* sender.sendAll(items(many))
      yield* sender.close
      const got: Array<Item> = []
      const collect = Stream.runForEach(receiver.stream, (each) => Effect.sync(() => got.push(each)))
      const error = yield* failureOf(collect)
      assert.instanceOf(error, ChannelError.MessagesMissed)
      const before = got.length
      yield* collect
      assert.deepStrictEqual(got, [...items(before), ...items(many).slice(before + error.count)])
    }))

  test("a send never waits for a slow receiver, and one receiver's close does not close the channel", () =>
    Effect.gen(function*() {
      const { receiver, sender } = yield* make({ capacity: 2 })
      const other = yield* receiver.clone
      yield* sender.sendAll(items(many))
      yield* other.close
      yield* sender.send(item(many + 1))
      const untilMissed: Effect.Effect<void, ChannelError.ReceiveError> = Effect.suspend(() =>
        Effect.andThen(receiver.receive, untilMissed)
      )
      assert.strictEqual((yield* failureOf(untilMissed))._tag, "MessagesMissed")
    }))
}

// ---- mistakes

const invalid = (options: ChannelContract, test: Context["test"]) => {
  const wrong: ReadonlyArray<readonly [Channel.Options, string, string]> = [
    [{ capacity: 0 }, "capacity", "0"],
    [{ capacity: -1 }, "capacity", "-1"],
    [{ capacity: 1.5 }, "capacity", "1.5"],
    [{ capacity: Number.NaN }, "capacity", "NaN"],
    [{ capacity: 2 ** 24 + 1 }, "capacity", "16777217"],
    [{ capacity: null as never }, "capacity", "null"],
    [{ capacity: Number.POSITIVE_INFINITY }, "capacity", "Infinity"],
    [{ kind: "many" as Channel.Kind }, "kind", "\"many\""],
    [{ overflow: "explode" as Channel.Overflow }, "overflow", "\"explode\""],
    [{ kind: "broadcast", overflow: "suspend" }, "overflow", "\"suspend\""],
    [{ kind: "broadcast", capacity: "unbounded" }, "capacity", "\"unbounded\""]
  ]
  describe("options that make no sense", () => {
    for (const [asked, option, value] of wrong) {
      test(`dies of ${JSON.stringify(asked)} and names ${option} ${value}`, () =>
        Effect.gen(function*() {
          const defect = yield* Effect.catchDefect(
            Effect.andThen(Effect.scoped(options.make(Item, { name: "bad", ...asked })), Effect.succeed(undefined)),
            (defect) => Effect.succeed(defect)
          )
          assert.instanceOf(defect, ChannelError.InvalidChannel)
          assert.strictEqual(defect.option, option)
          assert.include(defect.message, "bad")
          assert.include(defect.message, `${option} is ${value};`)
        }))
    }
  })
}
