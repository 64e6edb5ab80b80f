import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import { SharedChannel, ThreadArenas } from "shared-nothing"
import type { Kind } from "../../src/channel/ChannelOptions.ts"
import type { Handle } from "../../src/channel/SharedChannel.ts"
import * as Arena from "../../src/memory/Arena.ts"
import { mpscRing, spscRing } from "../../src/memory/Layouts.ts"
import { MpmcReader, MpmcWriter } from "../../src/memory/MpmcRing.ts"
import * as Parcel from "../../src/wire/Parcel.ts"

const windowed = ["spsc", "mpsc"] as const

/** A channel whose memory the test can reach: its sender has come by a handle. */
const reachable = <S extends Schema.Top>(schema: S, kind: Kind, capacity: number) =>
  Effect.gen(function*() {
    const channel = yield* SharedChannel.make(schema, { kind, capacity })
    const handle: Handle = yield* SharedChannel.handOver(channel.sender)
    const sender = yield* SharedChannel.openSender(schema, handle)
    return { ...channel, sender, handle }
  })

/** The first word at or behind a cell that has changed since. */
const changed = (before: Int32Array, now: Int32Array, from: number): number => {
  for (let cell = from; cell < now.length; cell++) if (now[cell] !== before[cell]) return cell
  throw new Error("nothing has changed")
}

describe("a damaged message", () => {
  it.live.each(windowed)("%s: gives its room back", (kind) =>
    Effect.gen(function*() {
      const { handle, receiver, sender, stats } = yield* reachable(Schema.String, kind, 1)
      for (let i = 0; i < 3; i++) {
        const words = new Int32Array(handle.memory.ring)
        const before = words.slice()
        yield* sender.send("hello")
        const length = words.findIndex((word, cell) => word === 5 && before[cell] !== 5)
        words[length < 0 ? words.lastIndexOf(5) : length] = 0x7fffffff
        assert.strictEqual((yield* Effect.flip(receiver.receive))._tag, "MalformedMessage")
      }
      yield* sender.send("sound")
      assert.strictEqual(yield* receiver.receive, "sound")
      assert.strictEqual((yield* stats).depth, 0)
    }).pipe(Effect.scoped))

  it.live.each(windowed)(
    "%s: whose record makes no sense is counted as lost, and its room is given back",
    (kind) =>
      Effect.gen(function*() {
        const { handle, receiver, sender, stats } = yield* reachable(Schema.Int, kind, 2)
        const words = new Int32Array(handle.memory.ring)
        const first = (kind === "mpsc" ? mpscRing.descriptorCells : 0) + spscRing.descriptorCells
        for (let i = 0; i < 6; i++) {
          const before = words.slice()
          const receiving = yield* Effect.forkChild(Effect.flip(receiver.receive))
          yield* sender.send(i)
          words[changed(before, words, first)] = 0x7ffffff1
          assert.strictEqual((yield* Fiber.join(receiving))._tag, "MalformedMessage")
          assert.strictEqual((yield* receiver.tryReceive)._tag, "None")
        }
        const { depth, lost, sent } = yield* stats
        assert.deepStrictEqual({ depth, lost, sent }, { depth: 0, lost: 6, sent: 6 })
      }).pipe(Effect.scoped)
  )
})

describe("kind mpmc", () => {
  it.live("dropOldest drops the new value when a receiver has stopped over the oldest one", () =>
    Effect.gen(function*() {
      const { receiver, sender, stats } = yield* SharedChannel.make(Schema.Int, {
        kind: "mpmc",
        capacity: 4,
        overflow: "dropOldest"
      })
      const stopped: Handle = yield* SharedChannel.handOver(yield* receiver.clone)
      yield* sender.sendAll([1, 2, 3, 4])
      assert.isAtLeast(new MpmcReader(stopped.memory.ring, (stopped.end & 63) + 1).next(), 0)
      yield* sender.send(5)
      const { depth, dropped, sent } = yield* stats
      assert.strictEqual(sent, 4)
      assert.isAtLeast(dropped, 1)
      yield* SharedChannel.recover(stopped)
      assert.isAtMost((yield* stats).depth, depth)
      assert.isAtLeast(yield* receiver.receive, 2)
    }).pipe(Effect.scoped))

  it.live("room that dead senders had claimed is for those who wait for it", () =>
    Effect.gen(function*() {
      const { receiver, sender } = yield* SharedChannel.make(Schema.Int, { kind: "mpmc", capacity: 2 })
      const dead: Array<Handle> = []
      for (let i = 0; i < 2; i++) {
        const handle = yield* SharedChannel.handOver(yield* sender.clone)
        assert.isAtLeast(new MpmcWriter(handle.memory.ring, (handle.end & 63) + 1).claim(4), 0)
        dead.push(handle)
      }
      const sending = yield* Effect.forkChild(sender.send(1))
      const receiving = yield* Effect.forkChild(receiver.receive)
      yield* Effect.yieldNow
      for (const handle of dead) assert.strictEqual(yield* SharedChannel.recover(handle), 1)
      yield* Fiber.join(sending)
      assert.strictEqual(yield* Fiber.join(receiving), 1)
    }).pipe(Effect.scoped))

  it.live("a message that is refused for its parcels takes no room", () =>
    Effect.gen(function*() {
      const arena = yield* ThreadArenas.open(Arena.create({ capacityBytes: 1 << 20 }), 1)
      const Pair = Schema.Struct({ left: Parcel.Unique, right: Parcel.Unique })
      const { receiver, sender } = yield* SharedChannel.make(Pair, { kind: "mpmc", capacity: 2 })
      const parcel = () => Parcel.allocateUnsafe(arena, 64)
      for (let i = 0; i < 4; i++) {
        const twice = parcel()
        assert.strictEqual((yield* Effect.flip(sender.send({ left: twice, right: twice })))._tag, "InvalidPayload")
        twice.release()
      }
      yield* sender.sendAll([{ left: parcel(), right: parcel() }, { left: parcel(), right: parcel() }])
      assert.strictEqual((yield* receiver.receiveBatch(8)).length, 2)
      // Nor does it stand in front of what others send.
      const twice = parcel()
      assert.strictEqual((yield* Effect.flip(sender.send({ left: twice, right: twice })))._tag, "InvalidPayload")
      const other = yield* sender.clone
      yield* other.send({ left: parcel(), right: parcel() })
      assert.strictEqual((yield* receiver.receiveWithin("1 second")).left.isHeld, true)
    }).pipe(Effect.scoped))

  it.live("a sender's row that a receiver had before counts from where it was", () =>
    Effect.gen(function*() {
      const { receiver, sender, stats } = yield* SharedChannel.make(Schema.Int, { kind: "mpmc", capacity: 16 })
      yield* Effect.scoped(Effect.gen(function*() {
        const other = yield* receiver.clone
        yield* sender.sendAll([1, 2, 3])
        yield* other.receiveBatch(3)
      }))
      const other = yield* sender.clone
      yield* other.send(4)
      const { depth, sent } = yield* stats
      assert.deepStrictEqual({ depth, sent }, { depth: 1, sent: 4 })
    }).pipe(Effect.scoped))
})

describe("counts", () => {
  it.live.each(["spsc", "mpsc", "mpmc"] as const)(
    "%s: what waits when the last receiver closes is lost",
    (kind) =>
      Effect.gen(function*() {
        const { receiver, sender, stats } = yield* SharedChannel.make(Schema.Int, { kind, capacity: 4 })
        yield* sender.sendAll([1, 2, 3])
        yield* receiver.close
        const { depth, lost } = yield* stats
        assert.deepStrictEqual({ depth, lost }, { depth: 0, lost: 3 })
      }).pipe(Effect.scoped)
  )

  it.live("the depth of a broadcast is that of its slowest receiver, also after it was handed over", () =>
    Effect.gen(function*() {
      const { receiver, sender, stats } = yield* SharedChannel.make(Schema.Int, { kind: "broadcast", capacity: 16 })
      const handle = yield* SharedChannel.handOver(yield* receiver.clone)
      yield* sender.sendAll([1, 2, 3])
      const slow = yield* receiver.clone
      yield* sender.send(4)
      yield* receiver.receiveBatch(4)
      assert.strictEqual((yield* stats).depth, 1)
      yield* slow.receive
      assert.strictEqual((yield* stats).depth, 0)
      const other = yield* SharedChannel.openReceiver(Schema.Int, handle)
      assert.strictEqual(yield* other.depth, 4)
    }).pipe(Effect.scoped))

  it.live("parcels of messages that nobody received are free again when the channel's scope closes", () =>
    Effect.gen(function*() {
      const arena = yield* ThreadArenas.open(Arena.create({ capacityBytes: 1 << 20 }), 1)
      const Load = Schema.Struct({ load: Parcel.Unique })
      for (let i = 0; i < 40; i++) {
        yield* Effect.scoped(Effect.gen(function*() {
          const { sender } = yield* SharedChannel.make(Load, { kind: "spsc", capacity: 4 })
          yield* sender.send({ load: Parcel.allocateUnsafe(arena, 60_000) })
        }))
      }
    }).pipe(Effect.scoped))
})
