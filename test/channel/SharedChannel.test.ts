import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { Channel, SharedChannel } from "shared-nothing"
import type { SharedOptions } from "../../src/channel/Channel.ts"
import type { Handle } from "../../src/channel/SharedChannel.ts"
import { mpmcRing, mpscRing, spscRing } from "../../src/memory/Layouts.ts"
import { MpmcWriter } from "../../src/memory/MpmcRing.ts"
import { MpscWriter } from "../../src/memory/MpscRing.ts"
import { thread } from "../../src/thread/kernel/CurrentThread.ts"
import * as Poller from "../../src/thread/Poller.ts"
import { until } from "../support/until.ts"

const kinds = ["spsc", "mpsc", "mpmc"] as const

/** Until whatever waits on this thread sleeps, and is not looked at any more. */
const untilParked = Effect.suspend(() => {
  const PARKED = 1
  const { entries } = Poller.of(thread) as unknown as { readonly entries: Map<unknown, { readonly state: number }> }
  const states = () => Array.from(entries.values(), ({ state }) => state)
  return until(() => entries.size > 0 && states().every((state) => state === PARKED), states, 2_000)
})

describe("SharedChannel options", () => {
  const wrong: ReadonlyArray<readonly [SharedOptions, string]> = [
    [{ kind: "mpmc", capacity: 100 }, "capacity is 100"],
    [{ kind: "mpmc", capacity: 1 }, "capacity is 1"],
    [{ kind: "mpmc", messageBytes: 12 }, "messageBytes is 12"],
    [{ kind: "mpmc", messageBytes: 1e6 }, "messageBytes is 1000000"],
    [{ kind: "mpmc", messageBytes: 0 }, "messageBytes is 0"],
    [{ kind: "mpmc", messageBytes: -8 }, "messageBytes is -8"],
    [{ kind: "mpmc", messageBytes: Number.NaN }, "messageBytes is NaN"],
    [{ kind: "mpmc", messageBytes: null as never }, "messageBytes is null"],
    [{ kind: "mpmc", capacity: 2 ** 24, messageBytes: 4096 }, "capacity is 16777216; it must be at most 262144"],
    [{ kind: "mpmc", bufferBytes: 4096 }, "bufferBytes is 4096; it must be left out"],
    [{ kind: "spsc", messageBytes: 64 }, "messageBytes is 64; it must be left out"],
    [{ kind: "broadcast", messageBytes: 64 }, "messageBytes is 64; it must be left out"],
    [{ kind: "broadcast", ends: 63, bufferBytes: 4096 }, "bufferBytes is 4096; it must be a power of two from 16384"],
    [{ kind: "mpsc", bufferBytes: 2 ** 29 }, "bufferBytes is 536870912"],
    [{ capacity: null as never }, "capacity is null"],
    [{ ends: null as never }, "ends is null"],
    [{ kind: "spsc", bufferBytes: 0 }, "bufferBytes is 0"],
    [{ kind: "spsc", bufferBytes: 5000 }, "bufferBytes is 5000"],
    [{ kind: "mpsc", bufferBytes: 2 ** 40 }, "bufferBytes is 1099511627776"],
    [{ kind: "mpsc", ends: 1 }, "ends is 1"],
    [{ kind: "mpsc", ends: 64 }, "ends is 64"],
    [{ kind: "spsc", overflow: "dropOldest" }, "overflow is \"dropOldest\""],
    [{ kind: "mpsc", overflow: "dropOldest" }, "overflow is \"dropOldest\""],
    [{ kind: "broadcast", capacity: "unbounded" }, "capacity is \"unbounded\""]
  ]

  it.effect.each(wrong)("%j is a defect that names it", ([options, text]) =>
    Effect.gen(function*() {
      const exit = yield* Effect.exit(Effect.scoped(SharedChannel.make(Schema.Int, options)))
      assert.isTrue(Exit.isFailure(exit) && Exit.hasDies(exit))
      assert.include(String(exit), "InvalidChannel")
      assert.include(String(exit), text)
    }))

  it.effect("messageBytes below what every message takes is a defect that says how many it takes", () =>
    Effect.gen(function*() {
      const Point = Schema.Struct({ x: Schema.Number, y: Schema.Number, z: Schema.Number })
      const make = SharedChannel.make(Point, { name: "points", kind: "mpmc", messageBytes: 16 })
      const defect = yield* Effect.catchDefect(Effect.scoped(make), Effect.succeed)
      assert.include(
        String(defect),
        `channel "points": messageBytes is 16; it must be a multiple of 8 from 24, what every message of the schema takes`
      )
    }))

  it.effect("a schema whose values have no binary form is a defect that names the place", () =>
    Effect.gen(function*() {
      const Odd = Schema.Struct({ file: Schema.instanceOf(WeakMap) })
      const exit = yield* Effect.exit(Effect.scoped(SharedChannel.make(Odd)))
      assert.isTrue(Exit.isFailure(exit) && Exit.hasDies(exit))
      assert.include(String(exit), "value.file cannot cross between threads")
    }))
})

describe("SharedChannel messages", () => {
  it.live.each(kinds)(
    "%s: one that never fits fails with its size and the limit, and the channel goes on",
    (kind) =>
      Effect.gen(function*() {
        const { receiver, sender } = yield* SharedChannel.make(Schema.String, { kind, capacity: 4 })
        for (let i = 0; i < 10; i++) {
          const error = yield* Effect.flip(sender.send("x".repeat(20_000)))
          assert.strictEqual(error._tag, "MessageTooLarge")
          if (error._tag === "MessageTooLarge") {
            assert.isAbove(error.sizeBytes, error.limitBytes)
            assert.strictEqual(error.undelivered.length, 20_000)
          }
        }
        yield* sender.send("short")
        assert.strictEqual(yield* receiver.receive, "short")
      }).pipe(Effect.scoped)
  )

  it.live.each(kinds)("%s: one that never fits does not wait for room either", (kind) =>
    Effect.gen(function*() {
      const { sender } = yield* SharedChannel.make(Schema.String, { kind, capacity: 4 })
      for (let i = 0; i < 4; i++) yield* sender.send("short")
      assert.strictEqual((yield* Effect.flip(sender.trySend("short")))._tag, "ChannelFull")
      assert.strictEqual((yield* Effect.flip(sender.trySend("x".repeat(20_000))))._tag, "MessageTooLarge")
      assert.strictEqual((yield* Effect.flip(sender.send("x".repeat(20_000))))._tag, "MessageTooLarge")
    }).pipe(Effect.scoped))

  it.live("a sender that gives up lets a smaller message behind it through", () =>
    Effect.gen(function*() {
      const { sender, stats } = yield* SharedChannel.make(Schema.String, {
        kind: "spsc",
        capacity: 1024,
        bufferBytes: 4096
      })
      for (let i = 0; i < 7; i++) yield* sender.send("x".repeat(500))
      const large = yield* Effect.forkChild(sender.send("x".repeat(1_000)), { startImmediately: true })
      const small = yield* Effect.forkChild(sender.send("small"), { startImmediately: true })
      yield* untilParked
      assert.strictEqual((yield* stats).sent, 7)
      yield* Fiber.interrupt(large)
      yield* until(() => small.pollUnsafe() !== undefined, () => "it still waits", 2_000)
      assert.strictEqual((yield* stats).sent, 8)
    }).pipe(Effect.scoped))

  it.live.each(kinds)("%s: refused values take no room, however many come", (kind) =>
    Effect.gen(function*() {
      const { receiver, sender } = yield* SharedChannel.make(Schema.Int, { kind, capacity: 2 })
      for (let i = 0; i < 2000; i++) {
        assert.strictEqual((yield* Effect.flip(sender.send(0.5)))._tag, "InvalidPayload")
      }
      yield* sender.sendAll([1, 2])
      assert.deepStrictEqual([yield* receiver.receive, yield* receiver.receive], [1, 2])
    }).pipe(Effect.scoped))

  it.live("what was sent without an effect right before the close arrives", () =>
    Effect.gen(function*() {
      const { close, receiver, sender } = yield* SharedChannel.make(Schema.Int, { kind: "spsc" })
      assert.isTrue(sender.sendUnsafe(1))
      assert.isTrue(sender.sendUnsafe(2))
      yield* close
      assert.deepStrictEqual([...(yield* Stream.runCollect(receiver.stream))], [1, 2])
    }).pipe(Effect.scoped))

  it.live("an unbounded sender waits for nobody, and its close for room", () =>
    Effect.gen(function*() {
      const { receiver, sender, stats } = yield* SharedChannel.make(Schema.Int, {
        kind: "spsc",
        capacity: "unbounded",
        bufferBytes: 4096
      })
      const count = 5000
      for (let i = 0; i < count; i++) yield* sender.send(i)
      assert.isBelow((yield* stats).sent, count)
      assert.strictEqual(yield* sender.depth, count)
      yield* Effect.forkChild(sender.close, { startImmediately: true })
      assert.strictEqual((yield* stats).senders, 1)
      const got = yield* Stream.runCollect(receiver.stream)
      assert.deepStrictEqual([...got], Array.from({ length: count }, (_, i) => i))
      assert.strictEqual((yield* stats).senders, 0)
    }).pipe(Effect.scoped))
})

describe("SharedChannel on damaged memory", () => {
  const damaged = Effect.fnUntraced(function*(
    kind: (typeof kinds)[number],
    damage: (handle: Handle, words: Int32Array) => void
  ) {
    const channel = yield* SharedChannel.make(Schema.Struct({ id: Schema.Int, text: Schema.String }), {
      kind,
      capacity: 4
    })
    const other = kind === "spsc" ? undefined : yield* channel.sender.clone
    yield* channel.sender.send({ id: 1, text: "one" })
    const handle = yield* SharedChannel.handOver(channel.sender)
    damage(handle, new Int32Array(handle.memory.ring))
    return { ...channel, other }
  })

  it.live("a corrupted header is a typed error, and the channel stays usable", () =>
    Effect.gen(function*() {
      for (const kind of kinds) {
        const { other, receiver } = yield* damaged(kind, (_, words) => {
          // The length of the first record.
          const first = kind === "mpmc"
            ? mpmcRing.descriptorCells + 16 * 64 + 1
            : spscRing.descriptorCells + (kind === "mpsc" ? mpscRing.descriptorCells : 0)
          words[first] = 0x7ffffff0
        })
        const error = yield* Effect.flip(receiver.receive)
        assert.strictEqual(error._tag, "MalformedMessage", kind)
        if (other === undefined) assert.isTrue(Option.isNone(yield* receiver.tryReceive))
        else {
          yield* other.send({ id: 2, text: "two" })
          assert.deepStrictEqual(yield* receiver.receive, { id: 2, text: "two" })
        }
      }
    }).pipe(Effect.scoped))

  it.live("a message that does not decode is a typed error, and the next one is received", () =>
    Effect.gen(function*() {
      const { receiver, sender } = yield* SharedChannel.make(Schema.Struct({ text: Schema.String }), { kind: "mpsc" })
      const other = yield* sender.clone
      const handle = yield* SharedChannel.handOver(sender)
      const writer = new MpscWriter(handle.memory.ring, 16)
      const offset = writer.claim(8)
      writer.region.i32[offset >> 2] = 0x7fffffff
      writer.commit(8, 0)
      writer.publish()
      const error = yield* Effect.flip(receiver.receive)
      assert.strictEqual(error._tag, "MalformedMessage")
      assert.match(error.message, /value.text/)
      yield* other.send({ text: "sound" })
      assert.deepStrictEqual(yield* receiver.receive, { text: "sound" })
    }).pipe(Effect.scoped))

  it.live("closing while a claim of another end is open drains what is readable and ends", () =>
    Effect.gen(function*() {
      const { close, receiver, sender } = yield* SharedChannel.make(Schema.Int, { kind: "mpmc" })
      const other = yield* sender.clone
      const handle = yield* SharedChannel.handOver(other)
      yield* sender.send(1)
      new MpmcWriter(handle.memory.ring, (handle.end & 63) + 1).claim(8)
      yield* sender.send(2)
      yield* close
      assert.strictEqual(yield* receiver.receive, 1)
      assert.strictEqual((yield* Effect.flip(receiver.receive))._tag, "ChannelClosed")
      assert.strictEqual((yield* Effect.flip(sender.send(3)))._tag, "ChannelClosed")
      assert.strictEqual(yield* SharedChannel.recover(handle), 1)
      assert.strictEqual(yield* receiver.receive, 2)
    }).pipe(Effect.scoped))
})

describe("SharedChannel handles", () => {
  it.live("open once, as the end and with the schema that they are for", () =>
    Effect.gen(function*() {
      const { receiver, sender } = yield* SharedChannel.make(Schema.Int, { kind: "spsc", name: "numbers" })
      const handle = yield* SharedChannel.handOver(sender)
      const wrong = [
        yield* Effect.flip(SharedChannel.openReceiver(Schema.Int, handle)),
        yield* Effect.flip(SharedChannel.openSender(Schema.String, handle)),
        yield* Effect.flip(SharedChannel.openSender(Schema.Int, { some: "thing" })),
        yield* Effect.flip(SharedChannel.openSender(Schema.Int, null))
      ]
      assert.deepStrictEqual(wrong.map(({ _tag }) => _tag), Array.from(wrong, () => "HandleMismatch"))
      const opened = yield* SharedChannel.openSender(Schema.Int, handle)
      const again = yield* Effect.flip(SharedChannel.openSender(Schema.Int, handle))
      assert.strictEqual(again._tag, "EndTaken")
      assert.match(again.message, /numbers.*a handle opens once/)
      yield* opened.send(7)
      assert.strictEqual(yield* receiver.receive, 7)
    }).pipe(Effect.scoped))

  it.live("are recovered once, with what was made from their end, and not opened after that", () =>
    Effect.gen(function*() {
      const { receiver, sender, stats } = yield* SharedChannel.make(Schema.Int, { kind: "mpsc" })
      const handle = yield* SharedChannel.handOver(sender)
      const opened = yield* SharedChannel.openSender(Schema.Int, handle)
      yield* Effect.scoped(Effect.gen(function*() {
        yield* opened.clone
        assert.strictEqual((yield* stats).senders, 2)
        // As if the thread that opened it had exited here.
        assert.strictEqual(yield* SharedChannel.recover(handle), 0)
        assert.strictEqual((yield* stats).senders, 0)
      }))
      assert.strictEqual((yield* Effect.flip(receiver.receive))._tag, "ChannelClosed")
      assert.strictEqual((yield* Effect.flip(SharedChannel.openSender(Schema.Int, handle)))._tag, "EndTaken")
    }).pipe(Effect.scoped))

  it.live("wake who waits for the dead, and what was made from their end goes with them, claims too", () =>
    Effect.gen(function*() {
      const { receiver, sender, stats } = yield* SharedChannel.make(Schema.Int, { kind: "mpmc" })
      const handle = yield* SharedChannel.handOver(sender)
      const opened = yield* SharedChannel.openSender(Schema.Int, handle)
      const child = (yield* opened.clone) as unknown as { readonly row: number }
      new MpmcWriter(handle.memory.ring, child.row + 1).claim(8)
      yield* opened.send(2)
      const waiting = yield* Effect.forkChild(receiver.receive, { startImmediately: true })
      yield* untilParked
      // As if the thread that opened it had exited here, with one message half written.
      assert.strictEqual(yield* SharedChannel.recover(handle), 1)
      yield* until(() => waiting.pollUnsafe() !== undefined, () => "it still waits", 2_000)
      assert.strictEqual(yield* Fiber.join(waiting), 2)
      assert.strictEqual((yield* stats).senders, 0)
      assert.strictEqual((yield* Effect.flip(receiver.receive))._tag, "ChannelClosed")
    }).pipe(Effect.scoped))

  it.live("recovered again they leave alone who has the place of their end by now", () =>
    Effect.gen(function*() {
      const { receiver, sender, stats } = yield* SharedChannel.make(Schema.Int, { kind: "broadcast", capacity: 16 })
      const handle = yield* SharedChannel.handOver(yield* receiver.clone)
      yield* SharedChannel.recover(handle)
      const living = yield* receiver.clone
      yield* receiver.close
      const got: Array<number> = []
      let missed = 0
      yield* sender.sendAll([0, 1, 2])
      got.push(yield* living.receive)
      yield* SharedChannel.recover(handle)
      assert.strictEqual((yield* stats).receivers, 1)
      // What it has begun to read is kept for it, as long as it has its place.
      for (let n = 3; n < 50_000; n++) yield* sender.send(n)
      for (;;) {
        const next = yield* Effect.result(living.tryReceive)
        if (next._tag === "Failure") missed += next.failure._tag === "MessagesMissed" ? next.failure.count : NaN
        else if (next.success._tag === "None") break
        else got.push(next.success.value)
      }
      assert.deepStrictEqual(got.slice(0, 4), [0, 1, 2, 3])
      assert.strictEqual(got.length + missed, 50_000)
    }).pipe(Effect.scoped))

  it.live.each(["mpsc", "mpmc"] as const)(
    "%s: of a sender that died between its last commit and its count: all that it had sent is counted",
    (kind) =>
      Effect.gen(function*() {
        const { receiver, sender, stats } = yield* SharedChannel.make(Schema.Int, { kind, capacity: 64 })
        const handle = yield* SharedChannel.handOver(yield* sender.clone)
        const Writer = kind === "mpsc" ? MpscWriter : MpmcWriter
        const writer = new Writer(handle.memory.ring, (handle.end & 63) + 1)
        for (let n = 0; n < 10; n++) {
          writer.region.i32[writer.claim(8) >> 2] = n
          writer.commit(8, handle.end & 63)
        }
        writer.publish()
        yield* SharedChannel.recover(handle)
        assert.strictEqual((yield* stats).sent, 10)
        assert.strictEqual((yield* receiver.receiveBatch(64)).length, 10)
        yield* sender.sendAll([1, 2, 3])
        const { depth, received, sent } = yield* stats
        assert.deepStrictEqual({ depth, received, sent }, { depth: 3, received: 10, sent: 13 })
      }).pipe(Effect.scoped)
  )

  it.live("of a receiver that has met a gap behind a batch: the gap is told where it is opened", () =>
    Effect.gen(function*() {
      const { receiver, sender, stats } = yield* SharedChannel.make(Schema.Int, { kind: "broadcast", capacity: 16 })
      const second = yield* receiver.clone
      let sent = 0
      const send = Effect.sync(() => sender.sendUnsafe(sent++))
      yield* send
      // What a first look takes over lies in front of what is overwritten then.
      let received = 0
      while ((yield* stats).missed === 0) {
        yield* Effect.repeat(send, { times: 4_000 })
        yield* Effect.yieldNow
        received += (yield* second.receiveBatch(1_000_000).pipe(Effect.orElseSucceed(() => []))).length
      }
      const before = (yield* stats).missed
      const opened = yield* SharedChannel.openReceiver(Schema.Int, yield* SharedChannel.handOver(second))
      let missed = 0
      for (;;) {
        const next = yield* Effect.result(opened.tryReceive)
        if (next._tag === "Failure") missed += next.failure._tag === "MessagesMissed" ? next.failure.count : 0
        else if (next.success._tag === "None") break
        else received++
      }
      assert.isAtLeast(missed, before)
      assert.strictEqual(received + missed, sent)
    }).pipe(Effect.scoped))

  it.live.each(["spsc", "mpsc", "mpmc"] as const)(
    "%s: of a receiver, made below its own drain, continue behind what the drain has handled",
    (kind) =>
      Effect.gen(function*() {
        const { receiver, sender, stats } = yield* SharedChannel.make(Schema.Int, { kind })
        yield* sender.sendAll([1, 2, 3, 4])
        const drained: Array<number> = []
        const scope = yield* Effect.scope
        let opened = receiver
        receiver.drainUnsafe((message) => {
          drained.push(message)
          if (message !== 2) return
          const moving = Effect.flatMap(
            SharedChannel.handOver(receiver),
            (handle) => SharedChannel.openReceiver(Schema.Int, handle)
          )
          opened = Effect.runSync(Scope.provide(moving, scope))
        })
        assert.deepStrictEqual([drained, yield* opened.receiveBatch(9)], [[1, 2], [3, 4]])
        assert.strictEqual((yield* stats).depth, 0)
      }).pipe(Effect.scoped)
  )

  it.live("a receiver of a broadcast that was on its way is told what it missed meanwhile", () =>
    Effect.gen(function*() {
      const { receiver, sender } = yield* SharedChannel.make(Schema.Int, { kind: "broadcast" })
      yield* sender.send(1)
      assert.strictEqual(yield* receiver.receive, 1)
      const handle = yield* SharedChannel.handOver(receiver)
      yield* sender.sendAll([2, 3, 4])
      const opened = yield* SharedChannel.openReceiver(Schema.Int, handle)
      const missed = yield* Effect.flip(opened.receive)
      assert.deepInclude({ ...missed }, { _tag: "MessagesMissed", count: 3 })
      yield* sender.send(5)
      assert.strictEqual(yield* opened.receive, 5)
    }).pipe(Effect.scoped))
})

describe("SharedChannel.handOver of something else", () => {
  const textOf = (given: unknown) =>
    Effect.map(Effect.catchDefect(SharedChannel.handOver(given as never), Effect.succeed), String)

  it.effect("is a defect that says what was given and what to give", () =>
    Effect.gen(function*() {
      const local = yield* Channel.make(Schema.Int, { name: "notes" })
      assert.strictEqual(
        yield* textOf(local.sender),
        `TypeError: SharedChannel.handOver: this is a sender of the local channel "notes", which cannot leave its thread; `
          + "make it with SharedChannel.make"
      )
      assert.include(yield* textOf(local.receiver), `a receiver of the local channel "notes"`)
      assert.include(yield* textOf(undefined), "undefined is no end of a channel")
      assert.include(yield* textOf(7), "this number is no end of a channel")
    }).pipe(Effect.scoped))
})

describe("the texts of channel errors", () => {
  it.live("say what happened, where, and what to do, on one line", () =>
    Effect.gen(function*() {
      const name = "a b"
      const spsc = yield* SharedChannel.make(Schema.String, { name, kind: "spsc", capacity: 1 })
      const mpmc = yield* SharedChannel.make(Schema.String, { name, kind: "mpmc", ends: 2 })
      const broadcast = yield* SharedChannel.make(Schema.Int, { name, kind: "broadcast" })
      const all: Array<readonly [{ readonly message: string }, RegExp]> = [
        [yield* Effect.flip(spsc.receiver.receiveWithin(1)), /nothing was taken; receive again/],
        [
          yield* Effect.flip(spsc.sender.send("x".repeat(20_000))),
          /takes 20008 bytes of .*bufferBytes/
        ],
        [yield* Effect.flip(spsc.sender.clone), /of kind "spsc" has one sender.*"mpsc" or "mpmc"/],
        [yield* Effect.flip(broadcast.sender.clone), /of kind "broadcast" has one sender/],
        [yield* Effect.flip(spsc.receiver.clone), /has one receiver.*"mpmc" or "broadcast"/]
      ]
      yield* spsc.sender.send("first")
      all.push([
        yield* Effect.flip(spsc.sender.sendWithin("second", 1)),
        /nothing was sent, the value is in undelivered/
      ])
      all.push([yield* Effect.flip(mpmc.sender.clone), /all 2 are taken: close one, or make it with more ends/])

      const handle = yield* SharedChannel.handOver(spsc.sender)
      all.push(
        [yield* Effect.flip(spsc.sender.send("third")), /handed over .* clone it before/],
        [
          yield* Effect.flip(SharedChannel.openReceiver(Schema.String, handle)),
          /is for a sender, not for a receiver: open/
        ],
        [yield* Effect.flip(SharedChannel.openSender(Schema.Int, handle)), /same schema of the same build/]
      )
      const opened = yield* SharedChannel.openSender(Schema.String, handle)
      all.push([yield* Effect.flip(SharedChannel.openSender(Schema.String, handle)), /was opened before/])
      yield* opened.close
      all.push([yield* Effect.flip(opened.send("fourth")), /was closed and cannot be used any more/])
      yield* spsc.receiver.receive
      all.push([
        yield* Effect.flip(spsc.receiver.receive),
        /all its senders are gone; everything sent before has been received/
      ])
      yield* mpmc.close
      all.push([
        yield* Effect.flip(mpmc.sender.send("x")),
        /somebody closed it; nobody will receive, the value is in undelivered/
      ])

      for (const [{ message }, text] of all) {
        assert.match(message, text)
        assert.include(message, `channel "a b"`)
        assert.notInclude(message, "\n")
      }
      const none = yield* Effect.flip(SharedChannel.openSender(Schema.Int, undefined))
      assert.match(
        none.message,
        /undefined was given where the handle of a sender belongs: give what SharedChannel.handOver/
      )
    }).pipe(Effect.scoped))

  it.effect("of a value that is valid at the second look says so", () =>
    Effect.gen(function*() {
      const { sender } = yield* SharedChannel.make(Schema.Struct({ id: Schema.Int }), { kind: "spsc" })
      let looks = 0
      const odd = {
        get id() {
          return looks++ === 0 ? 0.5 : 1
        }
      }
      const error = yield* Effect.flip(sender.send(odd))
      assert.match(error.message, /refused a message.*the value is valid now.*a getter/)
    }).pipe(Effect.scoped))
})

describe("SharedChannel losses", () => {
  it.live("end with the scope of the channel", () =>
    Effect.gen(function*() {
      const listening = yield* Effect.scoped(Effect.gen(function*() {
        const { losses } = yield* SharedChannel.make(Schema.Int)
        const subscribed = yield* Deferred.make<void>()
        const following = Stream.runDrain(Stream.onStart(losses, Deferred.succeed(subscribed, undefined)))
        const listening = yield* Effect.forkDetach(following)
        yield* Deferred.await(subscribed)
        return listening
      }))
      yield* Fiber.await(listening)
    }))
})
