/** Values that answer differently each time they are read, throw, or use the channel while they are being sent. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"
import { Channel, SharedChannel } from "shared-nothing"
import type { SharedOptions } from "../../src/channel/Channel.ts"

const Message = Schema.Struct({ id: Schema.Int, text: Schema.String })

const kinds = ["spsc", "mpsc", "mpmc", "broadcast"] as const

const optionsOf = (kind: (typeof kinds)[number]): SharedOptions =>
  kind === "mpmc"
    ? { kind, capacity: 4, messageBytes: 1024 }
    : kind === "broadcast"
    ? { kind }
    : { kind, capacity: 64, bufferBytes: 4096 }

/** Its text answers what `read` makes of the number of times that it was read. */
const moody = (read: (reads: number) => string): typeof Message.Type => {
  let reads = 0
  return {
    id: 1,
    get text() {
      return read(++reads)
    }
  }
}

const LONG = "x".repeat(400)

describe("a value that throws while it is sent", () => {
  it.live.each(kinds)(
    "%s: takes no room, however often, and a good one goes through",
    (kind) =>
      Effect.gen(function*() {
        for (let at = 1; at <= 4; at++) {
          const { receiver, sender } = yield* SharedChannel.make(Message, optionsOf(kind))
          const good = yield* Deferred.make<string>()
          const receive = Effect.flatMap(receiver.receive, ({ id, text }) =>
            id === 7 ? Deferred.succeed(good, text) : Effect.void)
          yield* Effect.forkChild(Effect.forever(receive), { startImmediately: true })
          let failed = 0
          for (let tries = 0; tries < 12; tries++) {
            const dying = moody((reads) => {
              if (reads >= at) {
                throw new Error("not now")
              }
              return LONG
            })
            if (
              Exit.isFailure(
                yield* Effect.exit(Effect.suspend(() =>
                  sender.send(dying)
                ))
              )
            ) failed++
          }
          if (at === 1) assert.strictEqual(failed, 12)
          yield* sender.send({ id: 7, text: LONG })
          assert.strictEqual(yield* Deferred.await(good), LONG)
        }
      }).pipe(Effect.scoped)
  )
})

describe("a value that grows while it is sent", () => {
  it.live.each(kinds)(
    "%s: is sent as it was when it was written, or refused; others are whole",
    (kind) =>
      Effect.gen(function*() {
        for (let at = 1; at <= 4; at++) {
          const { receiver, sender } = yield* SharedChannel.make(Message, optionsOf(kind))
          yield* sender.send({ id: 2, text: "before" })
          const growing = moody((reads) => reads > at ? "y".repeat(700) : "short")
          const isSent = Exit.isSuccess(yield* Effect.exit(sender.trySend(growing)))
          yield* sender.send({ id: 3, text: "behind" })
          const got = yield* receiver.receiveBatch(8)
          const others = got.filter(({ id }) => id !== 1)
          assert.deepStrictEqual(others, [{ id: 2, text: "before" }, { id: 3, text: "behind" }])
          assert.strictEqual(got.length, isSent ? 3 : 2)
          for (const { text } of got) assert.match(text, /^(short|y+|before|behind)$/)
        }
      }).pipe(Effect.scoped)
  )
})

describe("a value that uses the channel while it is sent", () => {
  it.live.each(kinds)("%s: what it sends arrives whole, and so does it", (kind) =>
    Effect.gen(function*() {
      const { receiver, sender } = yield* SharedChannel.make(Message, optionsOf(kind))
      const nested = moody((reads) => {
        sender.sendUnsafe({ id: 100 + reads, text: `inner ${reads}` })
        return "outer"
      })
      yield* sender.send(nested)
      const got = yield* receiver.receiveBatch(64)
      assert.deepStrictEqual(got.filter(({ id }) => id === 1), [{ id: 1, text: "outer" }])
      for (const { id, text } of got) if (id !== 1) assert.strictEqual(text, `inner ${id - 100}`)
      assert.isAtLeast(got.length, 2)
    }).pipe(Effect.scoped))

  it.live.each(kinds)("%s: it may close its own end, and is refused then", (kind) =>
    Effect.gen(function*() {
      const { receiver, sender } = yield* SharedChannel.make(Message, optionsOf(kind))
      const closing = moody(() => {
        Effect.runSync(sender.close)
        return "late"
      })
      const error = yield* Effect.flip(sender.send(closing))
      assert.strictEqual(error._tag, "EndMoved")
      assert.strictEqual((yield* Effect.flip(receiver.receive))._tag, "ChannelClosed")
    }).pipe(Effect.scoped))
})

describe("a value that uses its channel while it is checked, within a thread", () => {
  const make = Channel.make(Message, { kind: "spsc", capacity: 64 })
  const plain = (id: number): typeof Message.Type => ({ id, text: "plain" })
  const places = [0, 1, 5, 19]
  const others = Array.from({ length: 20 }, (_, index) => plain(index))
  const withAt = (place: number, value: typeof Message.Type) => others.map((other, at) => at === place ? value : other)

  it.effect("what it sends is there, and so is everything around it, once", () =>
    Effect.forEach(places, (place) =>
      Effect.gen(function*() {
        const { receiver, sender } = yield* make
        const sending = moody((reads) => {
          if (reads === 1) { for (let id = 100; id < 130; id++) sender.sendUnsafe(plain(id)) }
          return "sent some"
        })
        yield* sender.sendAll(withAt(place, sending))
        const received = yield* receiver.receiveBatch(64)
        const extra = Array.from({ length: 30 }, (_, index) => 100 + index)
        const ids = others.map(({ id }, at) => at === place ? 1 : id)
        assert.deepStrictEqual(received.map(({ id }) => id), [...extra, ...ids])
      }).pipe(Effect.scoped), { discard: true }))

  it.effect("what it takes was there, and everything around it arrives once", () =>
    Effect.forEach(places, (place) =>
      Effect.gen(function*() {
        const { receiver, sender } = yield* make
        yield* sender.sendAll([plain(200), plain(201)])
        const ids: Array<number> = []
        const taking = moody(() => {
          receiver.drainUnsafe(({ id }) => ids.push(id))
          return "took some"
        })
        yield* sender.sendAll(withAt(place, taking))
        ids.push(...(yield* receiver.receiveBatch(64)).map(({ id }) => id))
        assert.deepStrictEqual(ids, [200, 201, ...others.map(({ id }, at) => at === place ? 1 : id)])
      }).pipe(Effect.scoped), { discard: true }))

  it.effect.each([["spsc", "send"], ["spsc", "sendAll"], ["broadcast", "send"], ["broadcast", "sendAll"]] as const)(
    "%s: when it closes the channel, %s has sent nothing behind the end",
    ([kind, how]) =>
      Effect.gen(function*() {
        const { close, receiver, sender, stats } = yield* Channel.make(Message, { kind, capacity: 4 })
        const closing = moody(() => {
          Effect.runSync(close)
          return "closed it"
        })
        const error = how === "send" ? Effect.flip(sender.send(closing)) : Effect.flip(sender.sendAll([closing]))
        assert.strictEqual((yield* error)._tag, "ChannelClosed")
        assert.strictEqual((yield* Effect.flip(receiver.receive))._tag, "ChannelClosed")
        assert.deepInclude(yield* stats, { sent: 0, received: 0, depth: 0 })
      }).pipe(Effect.scoped)
  )
})

describe("a message whose decoder asks for more", () => {
  it.live.each(kinds)(
    "%s: finds nothing in the middle of it, and each message arrives once",
    (kind) =>
      Effect.gen(function*() {
        let ask = (): void => {}
        const Greedy = Schema.String.pipe(Schema.decodeTo(
          Schema.String,
          SchemaTransformation.transform({
            decode: (text) => {
              ask()
              return text
            },
            encode: (text) => text
          })
        ))
        const { receiver, sender } = yield* SharedChannel.make(Schema.Struct({ text: Greedy }), optionsOf(kind))
        const inner: Array<string> = []
        ask = () => void receiver.drainUnsafe(({ text }) => inner.push(text))
        yield* sender.sendAll(["one", "two", "three"].map((text) => ({ text })))
        const got = yield* receiver.receiveBatch(8)
        assert.deepStrictEqual(got.map(({ text }) => text), ["one", "two", "three"])
        assert.deepStrictEqual(inner, [])
      }).pipe(Effect.scoped)
  )
})
