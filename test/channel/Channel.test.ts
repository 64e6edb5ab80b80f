import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Scheduler from "effect/Scheduler"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import { Channel, ChannelError, Codec } from "shared-nothing"
import { settle } from "../contract/eventually.ts"
import { seeded } from "../memory/seeded.ts"

const forkNow = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.forkChild(effect, { startImmediately: true })

const upTo = (n: number): Array<number> => Array.from({ length: n }, (_, i) => i + 1)

describe("Channel", () => {
  it.effect("carries the end of a channel through a channel (C11)", () =>
    Effect.gen(function*() {
      const End = Schema.declare(Channel.isReceiver)
      const ends = yield* Channel.make(End, { capacity: 1 })
      let outer: Channel.Receiver<unknown> = ends.receiver
      for (let depth = 0; depth < 5; depth++) {
        const inner = yield* Channel.make(depth === 0 ? Schema.Unknown : End, { capacity: 1 })
        yield* inner.sender.send(outer)
        outer = inner.receiver
      }
      yield* ends.sender.send(ends.receiver)
      for (let depth = 0; depth < 5; depth++) {
        const next: unknown = yield* outer.receive
        assert.isTrue(Channel.isReceiver(next))
        outer = next as Channel.Receiver<unknown>
      }
      assert.strictEqual(outer, ends.receiver)
    }))

  it.effect("carries what has no binary form, and checks it by its schema", () =>
    Effect.gen(function*() {
      const isCallback = (value: unknown): value is () => number => typeof value === "function"
      const { receiver, sender } = yield* Channel.make(Schema.declare(isCallback))
      yield* sender.send(() => 7)
      assert.strictEqual((yield* receiver.receive)(), 7)
      const error = yield* Effect.flip(sender.send(7 as never))
      assert.instanceOf(error, ChannelError.InvalidPayload)
    }))

  it.effect("checks the same values as between threads where they have a layout", () =>
    Effect.gen(function*() {
      const { sender } = yield* Channel.make(Schema.Int.pipe(Codec.width("u8")))
      yield* sender.send(255)
      assert.strictEqual((yield* Effect.flip(sender.send(256)))._tag, "InvalidPayload")
    }))

  for (
    const [what, schema] of [["with a layout", Schema.Int], [
      "without one",
      Schema.declare((value): value is unknown => value !== undefined)
    ]] as const
  ) {
    it.effect(`a schema ${what} whose filter throws refuses the value, also one that waited, and the channel goes on`, () =>
      Effect.gen(function*() {
        const Checked = (schema as Schema.Codec<unknown>).check(Schema.makeFilter((n) => {
          if (n === 13) throw new Error("unlucky")
          return true
        }))
        const { receiver, sender } = yield* Channel.make(Checked, { capacity: 1 })
        const error = yield* Effect.flip(sender.send(13))
        assert.instanceOf(error, ChannelError.InvalidPayload)
        assert.include(error.issue, "unlucky")
        yield* sender.send(1)
        const waiting = [yield* forkNow(Effect.exit(sender.send(13))), yield* forkNow(Effect.exit(sender.send(2)))]
        assert.strictEqual(yield* receiver.receive, 1)
        assert.strictEqual(yield* receiver.receive, 2)
        assert.deepStrictEqual((yield* Fiber.joinAll(waiting)).map(Exit.isSuccess), [false, true])
      }))
  }

  it.effect("a fiber that waits goes on after the one that let it through has paused", () =>
    Effect.gen(function*() {
      const { receiver, sender } = yield* Channel.make(Schema.Int)
      const log: Array<string> = []
      yield* forkNow(Effect.map(receiver.receive, (n) => void log.push(`received ${n}`)))
      yield* sender.send(1)
      log.push("sent")
      yield* Effect.yieldNow
      assert.deepStrictEqual(log, ["sent", "received 1"])
    }))

  it.effect("says that it is closed although others still wait to hear of it", () =>
    Effect.gen(function*() {
      const full = yield* Channel.make(Schema.Int, { capacity: 1 })
      yield* full.sender.send(1)
      yield* forkNow(Effect.exit(full.sender.send(2)))
      yield* full.close
      assert.strictEqual((yield* Effect.flip(full.sender.trySend(3)))._tag, "ChannelClosed")
      const empty = yield* Channel.make(Schema.Int)
      yield* forkNow(Effect.exit(empty.receiver.receive))
      yield* empty.close
      assert.strictEqual((yield* Effect.flip(empty.receiver.tryReceive))._tag, "ChannelClosed")
      assert.strictEqual(empty.receiver.drainUnsafe(() => {}), -1)
    }))

  it.effect("sends the values that sendAll was called with, whatever becomes of the array", () =>
    Effect.gen(function*() {
      const { receiver, sender } = yield* Channel.make(Schema.Int, { capacity: 1 })
      const values = upTo(3)
      const sending = yield* forkNow(sender.sendAll(values))
      values.fill(99)
      assert.deepStrictEqual(yield* Effect.forEach(upTo(3), () => receiver.receive), upTo(3))
      yield* Fiber.join(sending)
    }))

  it.effect("keeps nothing that nobody will receive", () =>
    Effect.gen(function*() {
      const { receiver, sender, stats } = yield* Channel.make(Schema.Unknown, { capacity: 4 })
      yield* sender.sendAll([1, 2, 3])
      yield* receiver.receive
      yield* receiver.close
      assert.deepInclude(yield* stats, { sent: 3, received: 1, lost: 2, depth: 0 })
    }))

  it.effect("thousands of channels live side by side", () =>
    Effect.gen(function*() {
      const channels = yield* Effect.forEach(upTo(5000), () => Channel.make(Schema.Int, { capacity: 1 }))
      yield* Effect.forEach(channels, ({ receiver, sender }) =>
        forkNow(Effect.flatMap(receiver.receive, (n) => sender.send(n + 1))))
      yield* Effect.forEach(channels, ({ sender }, i) =>
        sender.send(i))
      yield* settle
      const got = yield* Effect.forEach(channels, ({ receiver }) => receiver.receive)
      assert.deepStrictEqual(got, upTo(5000))
    }))

  it.effect("a pipeline of 10,000 fibers needs no stack, and closes from end to end", () =>
    Effect.gen(function*() {
      const first = yield* Channel.make(Schema.Int, { capacity: 1 })
      let last = first.receiver
      for (let i = 0; i < 10_000; i++) {
        const next = yield* Channel.make(Schema.Int, { capacity: 1 })
        const from = last
        yield* forkNow(
          Effect.forever(Effect.flatMap(from.receive, (n) => next.sender.send(n + 1)), { disableYield: true }).pipe(
            Effect.catch(() => next.sender.close)
          )
        )
        last = next.receiver
      }
      yield* first.sender.sendAll([0, 1])
      yield* first.sender.close
      assert.strictEqual(yield* last.receive, 10_000)
      assert.strictEqual(yield* last.receive, 10_001)
      assert.strictEqual((yield* Effect.flip(last.receive))._tag, "ChannelClosed")
    }))

  it.live("fibers that feed each other leave room for everything else in the thread", () =>
    Effect.gen(function*() {
      const { receiver, sender } = yield* Channel.make(Schema.Int, { capacity: 64 })
      let hops = 0
      const worker = Effect.forever(
        Effect.flatMap(receiver.receive, (n) => {
          hops++
          return sender.send(n)
        }),
        { disableYield: true }
      )
      const workers = yield* Effect.forEach(upTo(8), () => forkNow(worker))
      yield* sender.sendAll(upTo(4))
      yield* Effect.callback<void>((resume) => void setImmediate(() => setImmediate(() => resume(Effect.void))))
      assert.isAbove(hops, 0)
      yield* Fiber.interruptAll(workers)
    }))

  it.effect("time moves on only after a message has had all its consequences", () =>
    Effect.gen(function*() {
      const hop = yield* Channel.make(Schema.Int, { capacity: 1 })
      const back = yield* Channel.make(Schema.Int, { capacity: 1 })
      const log: Array<number> = []
      yield* forkNow(Effect.forever(Effect.flatMap(hop.receiver.receive, (n) => back.sender.send(n))))
      for (const n of upTo(20)) {
        yield* forkNow(Effect.gen(function*() {
          yield* Effect.sleep(n)
          yield* hop.sender.send(n)
          const got = yield* back.receiver.receive
          yield* Effect.sleep(0.5)
          log.push(got)
        }))
      }
      yield* TestClock.adjust(30)
      assert.deepStrictEqual(log, upTo(20))
    }))

  it.effect("fibers with short turns send and receive, and lose nothing when interrupted in between", () =>
    Effect.forEach([9, 10, 11, 17, 64], (maxOps) =>
      Effect.gen(function*() {
        const { receiver, sender } = yield* Channel.make(Schema.Int, { capacity: 4 })
        const got: Array<number> = []
        let sent = 0
        const consume = Effect.uninterruptibleMask((restore) =>
          Effect.forever(Effect.map(restore(receiver.receive), (n) => void got.push(n)), { disableYield: true })
        )
        for (let round = 0; round < 20; round++) {
          const fiber = yield* forkNow(consume)
          while (sent < round * 10) yield* sender.send(sent++)
          yield* Fiber.interrupt(fiber)
        }
        receiver.drainUnsafe((n) => got.push(n))
        assert.deepStrictEqual(got, upTo(sent).map((n) => n - 1))
      }).pipe(Effect.scoped, Effect.provideService(Scheduler.MaxOpsBeforeYield, maxOps)), { discard: true }))

  it.effect("receivers of one channel are served in turns", () =>
    Effect.gen(function*() {
      const { receiver, sender } = yield* Channel.make(Schema.Int, { capacity: 4 })
      const counts = [0, 0, 0]
      for (const who of [0, 1, 2]) {
        const own = yield* receiver.clone
        yield* forkNow(
          Effect.forever(Effect.map(own.receive, () => void counts[who]!++), { disableYield: true }).pipe(Effect.ignore)
        )
      }
      for (const n of upTo(300)) {
        yield* sender.send(n)
        yield* Effect.yieldNow
      }
      for (const count of counts) assert.isAtLeast(count, 50)
    }))

  it.effect("a message to a receiver that was interrupted in the same turn goes to the next one", () =>
    Effect.gen(function*() {
      const rng = seeded(5)
      for (let round = 0; round < 200; round++) {
        const { receiver, sender } = yield* Channel.make(Schema.Int, { capacity: 2 })
        const other = yield* receiver.clone
        const fibers = yield* Effect.forEach(upTo(4), (i) => forkNow(i % 2 === 0 ? receiver.receive : other.receive))
        sender.sendUnsafe(round)
        const victim = fibers[rng(4)]!
        victim.interruptUnsafe()
        yield* settleTurn
        const exits = fibers.map((fiber) => fiber.pollUnsafe())
        assert.strictEqual(exits.filter((exit) => exit !== undefined && Exit.isSuccess(exit)).length, 1)
        assert.deepStrictEqual(yield* receiver.tryReceive, Option.none())
        yield* Fiber.interruptAll(fibers)
      }
    }))
})

const settleTurn = Effect.andThen(Effect.yieldNow, Effect.yieldNow)

describe("a local broadcast", () => {
  it.live("gives a receiver that is made while a message is handed out only what comes after it", () =>
    Effect.gen(function*() {
      const { receiver, sender } = yield* Channel.make(Schema.Int, { kind: "broadcast" })
      const second = yield* Effect.forkChild(
        Effect.gen(function*() {
          assert.strictEqual(yield* receiver.receive, 1)
          const late = yield* receiver.clone
          return yield* late.receive
        }).pipe(Effect.scoped)
      )
      yield* Effect.yieldNow
      // From outside of any fiber: the one that waits goes on at once, within the send.
      yield* Effect.callback<void>((resume) => {
        setImmediate(() => {
          sender.sendUnsafe(1)
          setImmediate(() => {
            sender.sendUnsafe(2)
            resume(Effect.void)
          })
        })
      })
      assert.strictEqual(yield* Fiber.join(second), 2)
    }).pipe(Effect.scoped))
})
