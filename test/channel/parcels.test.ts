/** Parcels in the messages of channels between threads: whose they are at every moment, and that none stays behind. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as HashMap from "effect/HashMap"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"
import { Worker } from "node:worker_threads"
import { Codec, Parcel, SharedChannel, ThreadArenas } from "shared-nothing"
import type { SharedOptions } from "../../src/channel/Channel.ts"
import * as Arena from "../../src/memory/Arena.ts"
import { usage } from "../../src/memory/ArenaUsage.ts"
import { MpmcReader } from "../../src/memory/MpmcRing.ts"
import { Hoard, Lender } from "../fixtures/channelThreads.ts"
import { until } from "../support/until.ts"

const Frame = Schema.Struct({ id: Schema.Int, pixels: Parcel.Unique })

const arena = Effect.suspend(() => ThreadArenas.open(Arena.create({ capacityBytes: 64 * 4096, blockBytes: 4096 }), 1))

const setUp = Effect.fnUntraced(function*(options: SharedOptions) {
  const end = yield* arena
  const channel = yield* SharedChannel.make(Frame, options)
  const frame = (id: number) => Effect.map(Parcel.allocate(end, 5000), (pixels) => ({ id, pixels }))
  return { ...channel, end, frame, used: () => usage(end.buffer).usedBytes }
})

const kinds = ["spsc", "mpsc", "mpmc"] as const

describe("parcels in channels between threads", () => {
  it.live.each(kinds)(
    "%s: a parcel leaves the sender with its message and is the receiver's, at the same place",
    (kind) =>
      Effect.gen(function*() {
        const { frame, receiver, sender, used } = yield* setUp({ kind })
        const sent = yield* frame(1)
        sent.pixels.bytes[4999] = 42
        const { byteOffset } = sent.pixels.bytes
        yield* sender.send(sent)
        assert.isFalse(sent.pixels.isHeld)
        const got = yield* receiver.receive
        assert.isTrue(got.pixels.isHeld)
        assert.deepStrictEqual([got.pixels.bytes[4999], got.pixels.bytes.byteOffset], [42, byteOffset])
        got.pixels.release()
        assert.strictEqual(used(), 0)
      }).pipe(Effect.scoped)
  )

  it.live("a message that is refused keeps its parcel", () =>
    Effect.gen(function*() {
      const { frame, receiver, sender, used } = yield* setUp({ kind: "spsc", capacity: 1, overflow: "fail" })
      yield* sender.send(yield* frame(1))
      const second = yield* frame(2)
      const full = yield* Effect.flip(sender.send(second))
      assert.strictEqual(full._tag, "ChannelFull")
      assert.isTrue(full.undelivered.pixels.isHeld)
      ;(yield* receiver.receive).pixels.release()
      yield* sender.send(second)
      ;(yield* receiver.receive).pixels.release()
      assert.strictEqual(used(), 0)
    }).pipe(Effect.scoped))

  it.live("a parcel that is not held, or is in the message twice, is refused by name, and the channel goes on", () =>
    Effect.gen(function*() {
      const end = yield* arena
      const Pair = Schema.Struct({ a: Parcel.Unique, b: Parcel.Unique })
      for (const kind of kinds) {
        const { receiver, sender } = yield* SharedChannel.make(Pair, { kind, capacity: 2 })
        const a = yield* Parcel.allocate(end, 100)
        const b = yield* Parcel.allocate(end, 100)
        const twice = yield* Effect.flip(sender.send({ a, b: a }))
        assert.strictEqual(twice._tag, "InvalidPayload")
        assert.isTrue(a.isHeld)
        yield* sender.send({ a, b })
        const gone = yield* Effect.flip(sender.send({ a, b }))
        assert.strictEqual(gone._tag, "InvalidPayload")
        assert.match(gone.message, /moved/)
        const got = yield* receiver.receive
        got.a.release()
        got.b.release()
      }
      assert.strictEqual(usage(end.buffer).usedBytes, 0)
    }).pipe(Effect.scoped))

  it.live("a send that is interrupted while it waits for room keeps its parcel", () =>
    Effect.gen(function*() {
      const { frame, receiver, sender, stats } = yield* setUp({ kind: "spsc", capacity: 1 })
      yield* sender.send(yield* frame(1))
      const second = yield* frame(2)
      const waiting = yield* Effect.forkChild(sender.send(second), { startImmediately: true })
      assert.strictEqual((yield* stats).waitingSenders, 1)
      yield* Fiber.interrupt(waiting)
      assert.isTrue(second.pixels.isHeld)
      second.pixels.release()
      ;(yield* receiver.receive).pixels.release()
    }).pipe(Effect.scoped))

  it.live("what an unbounded sender still holds is nobody else's to use, and arrives", () =>
    Effect.gen(function*() {
      // More messages than the memory of the channel has room for: the last ones wait at the sender.
      const count = 1100
      const end = yield* Effect.suspend(() =>
        ThreadArenas.open(Arena.create({ capacityBytes: 2048 * 4096, blockBytes: 4096 }), 1)
      )
      const { receiver, sender, stats } = yield* SharedChannel.make(Frame, { kind: "mpmc", capacity: "unbounded" })
      const frames = yield* Effect.forEach(
        Array.from({ length: count }, (_, id) => id),
        (id) => Effect.map(Parcel.allocate(end, 100), (pixels) => ({ id, pixels }))
      )
      yield* sender.sendAll(frames)
      assert.isBelow((yield* stats).sent, count)
      assert.strictEqual(yield* sender.depth, count)
      assert.isTrue(frames.every(({ pixels }) => !pixels.isHeld))
      // The sender tries again and again, and finds no room.
      for (let turn = 0; turn < 20; turn++) yield* Effect.yieldNow
      for (let id = 0; id < count; id++) {
        const got = yield* receiver.receive
        assert.strictEqual(got.id, id)
        got.pixels.release()
      }
      assert.strictEqual(usage(end.buffer).usedBytes, 0)
    }).pipe(Effect.scoped))

  it.live("what an unbounded sender still holds when nobody will receive it is freed", () =>
    Effect.gen(function*() {
      const end = yield* ThreadArenas.open(Arena.create({ capacityBytes: 2048 * 4096, blockBytes: 4096 }), 1)
      const { receiver, sender, stats } = yield* SharedChannel.make(Frame, { kind: "mpmc", capacity: "unbounded" })
      for (let id = 0; id < 1500; id++) yield* sender.send({ id, pixels: Parcel.allocateUnsafe(end, 100) })
      assert.isBelow((yield* stats).sent, 1500)
      yield* receiver.close
      // Its sender hears of that in a turn of its own.
      yield* until(() => usage(end.buffer).usedBytes === 0, () => usage(end.buffer).usedBytes)
      const { dropped, sent } = yield* stats
      assert.strictEqual(sent + dropped, 1500)
    }).pipe(Effect.scoped))

  it.live("parcels move out of maps, options, exits, classes and what is transformed", () =>
    Effect.gen(function*() {
      const end = yield* arena
      class Box extends Schema.Class<Box>("test/Box")({ content: Schema.Option(Parcel.Unique) }) {}
      const Load = Schema.Struct({
        byName: Schema.HashMap(Schema.String, Box),
        exit: Schema.Exit(Parcel.Shared, Schema.String, Schema.Never)
      })
      const { receiver, sender } = yield* SharedChannel.make(Load, { kind: "mpmc", messageBytes: 512 })
      const a = yield* Parcel.allocate(end, 5000)
      const b = yield* Parcel.allocate(end, 5000)
      a.bytes[1] = 7
      const load = {
        byName: HashMap.make(["a", new Box({ content: Option.some(a) })], [
          "none",
          new Box({ content: Option.none() })
        ]),
        exit: Exit.succeed(b.share())
      }
      yield* sender.send(load)
      assert.isFalse(a.isHeld)
      assert.strictEqual((yield* Effect.flip(sender.send(load)))._tag, "InvalidPayload")
      const got = yield* receiver.receive
      const content = Option.getOrThrow(HashMap.getUnsafe(got.byName, "a").content)
      assert.strictEqual(content.bytes[1], 7)
      content.release()
      if (Exit.isSuccess(got.exit)) got.exit.value.release()
      assert.strictEqual(usage(end.buffer).usedBytes, 0)
    }).pipe(Effect.scoped))

  it.live("what came with a message whose decoder throws is freed", () =>
    Effect.gen(function*() {
      const end = yield* arena
      const Picky = Schema.Struct({
        load: Parcel.Unique,
        n: Schema.Number.pipe(Schema.decodeTo(
          Schema.Number,
          SchemaTransformation.transform<number, number>({
            decode: () => {
              throw new Error("no")
            },
            encode: (n) => n
          })
        ))
      })
      const { receiver, sender } = yield* SharedChannel.make(Picky, { kind: "spsc" })
      yield* sender.send({ load: yield* Parcel.allocate(end, 5000), n: 1 })
      assert.isTrue(Exit.isFailure(yield* Effect.exit(receiver.receive)))
      assert.strictEqual(usage(end.buffer).usedBytes, 0)
    }).pipe(Effect.scoped))

  it.live("a message that is dropped releases its parcel, the oldest or the rest at the end", () =>
    Effect.gen(function*() {
      const { frame, receiver, sender, used } = yield* setUp({ kind: "mpmc", capacity: 2, overflow: "dropOldest" })
      for (let id = 0; id < 5; id++) yield* sender.send(yield* frame(id))
      assert.strictEqual(used(), 2 * 8192)
      yield* receiver.close
      assert.strictEqual(used(), 0)
      const late = yield* frame(9)
      const refused = yield* Effect.flip(sender.send(late))
      assert.strictEqual(refused._tag, "ChannelClosed")
      assert.isTrue(late.pixels.isHeld)
    }).pipe(Effect.scoped))

  it.live("a broadcast of parcels is refused: one receiver can take a parcel", () =>
    Effect.gen(function*() {
      const exit = yield* Effect.exit(SharedChannel.make(Frame, { kind: "broadcast" }))
      assert.isTrue(Exit.isFailure(exit))
      assert.match(String(exit), /kind is "broadcast"/)
    }).pipe(Effect.scoped))

  it.live.each(kinds)("%s: what a thread that dies has not received is freed", (kind) =>
    Effect.gen(function*() {
      const { frame, receiver, sender, stats, used } = yield* setUp({ kind })
      const handle = yield* SharedChannel.handOver(receiver)
      for (let id = 0; id < 3; id++) yield* sender.send(yield* frame(id))
      assert.strictEqual(used(), 3 * 8192)
      // As if the thread that it was given to had exited here.
      yield* SharedChannel.recover(handle)
      assert.strictEqual(used(), 0)
      assert.strictEqual((yield* stats).lost, 3)
    }).pipe(Effect.scoped))

  it.live("mpmc: what a thread was reading when it died is freed, and its room is there again", () =>
    Effect.gen(function*() {
      const { frame, receiver, sender, stats, used } = yield* setUp({ kind: "mpmc", capacity: 2 })
      const keeps = yield* receiver.clone
      const handle = yield* SharedChannel.handOver(receiver)
      yield* sender.send(yield* frame(1))
      // As if its thread had exited in the middle of a message.
      assert.isAtLeast(new MpmcReader(handle.memory.ring, (handle.end & 63) + 1).next(), 0)
      assert.strictEqual(yield* SharedChannel.recover(handle), 1)
      assert.strictEqual(used(), 0)
      assert.strictEqual((yield* stats).lost, 1)
      for (let id = 2; id <= 3; id++) yield* sender.send(yield* frame(id))
      for (let id = 2; id <= 3; id++) assert.strictEqual((yield* keeps.receive).id, id)
    }).pipe(Effect.scoped))

  it.live("what a thread holds when it dies is freed", () =>
    Effect.gen(function*() {
      const { end, frame, receiver, sender, used } = yield* setUp({ kind: "spsc" })
      const answers = yield* SharedChannel.make(Schema.Int, { kind: "spsc" })
      const { thread } = yield* Hoard.start({
        spawn: () => new Worker(new URL("../fixtures/channel-hoard.worker.ts", import.meta.url)),
        arenas: [end],
        ends: { frames: receiver, counts: answers.sender }
      })
      for (let id = 0; id < 4; id++) yield* sender.send(yield* frame(id))
      for (let held = 1; held <= 4; held++) assert.strictEqual(yield* answers.receiver.receive, held)
      assert.strictEqual(used(), 4 * 8192)
      yield* thread.kill
      yield* until(() => used() === 0, used)
    }).pipe(Effect.scoped))
})

describe("an arena that a thread gives on", () => {
  it.live("has a number for each thread, and what those have is free with the thread that has given it to them", () =>
    Effect.gen(function*() {
      const end = yield* arena
      const own = yield* Parcel.allocate(end, 5000)
      const { receiver, sender } = yield* SharedChannel.make(Schema.Int.pipe(Codec.width("u32")), { kind: "mpsc" })
      const lender = yield* Lender.start({
        spawn: () => new Worker(new URL("../fixtures/channel-lender.worker.ts", import.meta.url)),
        index: 2,
        ends: { numbers: sender },
        arenas: [end]
      })
      const numbers = [yield* receiver.receive, yield* receiver.receive, yield* receiver.receive]
      assert.deepStrictEqual(numbers.toSorted((a, b) => a - b), [2, 3, 4])
      const used = () => usage(end.buffer).usedBytes
      assert.strictEqual(used(), 4 * 8192)
      yield* lender.thread.kill
      yield* until(() => used() === 8192, used)
      own.release()
      assert.strictEqual(used(), 0)
    }).pipe(Effect.scoped))
})
