/** Ends of channels in messages: whose they are at every moment, through channels and to actors, and that none stays behind. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { SharedChannel } from "shared-nothing"

const Query = Schema.Struct({ n: Schema.Int, answers: SharedChannel.Sender(Schema.Int) })
const Source = Schema.Struct({ from: Schema.Option(SharedChannel.Receiver(Schema.Int)) })

const kinds = ["spsc", "mpsc", "mpmc"] as const

describe("ends in messages", () => {
  it.live.each(kinds)(
    "%s: a sender moves with its message, and goes on where it was",
    (kind) =>
      Effect.gen(function*() {
        const queries = yield* SharedChannel.make(Query, { kind: "spsc" })
        const answers = yield* SharedChannel.make(Schema.Int, { kind })
        yield* answers.sender.send(1)
        assert.isTrue(answers.sender.sendUnsafe(2))
        yield* queries.sender.send({ n: 3, answers: answers.sender })
        const gone = yield* Effect.flip(answers.sender.send(9))
        assert.strictEqual(gone._tag, "EndMoved")
        const query = yield* queries.receiver.receive
        yield* query.answers.send(query.n)
        yield* query.answers.close
        for (const n of [1, 2, 3]) assert.strictEqual(yield* answers.receiver.receive, n)
        assert.strictEqual((yield* Effect.flip(answers.receiver.receive))._tag, "ChannelClosed")
      }).pipe(Effect.scoped)
  )

  it.live.each(kinds)(
    "%s: a receiver moves with its message, and what waits there is told",
    (kind) =>
      Effect.gen(function*() {
        const sources = yield* SharedChannel.make(Source, { kind: "mpmc" })
        const numbers = yield* SharedChannel.make(Schema.Int, { kind })
        yield* numbers.sender.sendAll([1, 2, 3])
        assert.strictEqual(yield* numbers.receiver.receive, 1)
        yield* sources.sender.send({ from: Option.some(numbers.receiver) })
        assert.strictEqual((yield* Effect.flip(numbers.receiver.receive))._tag, "EndMoved")
        const { from } = yield* sources.receiver.receive
        const receiver = Option.getOrThrow(from)
        assert.strictEqual(yield* receiver.receive, 2)
        assert.strictEqual(yield* receiver.receive, 3)
        const waiting = yield* Effect.forkChild(Effect.exit(receiver.receive), { startImmediately: true })
        yield* sources.sender.send({ from: Option.some(receiver) })
        assert.match(String(yield* Fiber.join(waiting)), /EndMoved/)
        const again = Option.getOrThrow((yield* sources.receiver.receive).from)
        yield* numbers.sender.send(4)
        assert.strictEqual(yield* again.receive, 4)
        yield* again.close
        assert.strictEqual((yield* Effect.flip(numbers.sender.send(5)))._tag, "ChannelClosed")
      }).pipe(Effect.scoped)
  )

  it.live("an end that is gone, or there twice, is refused by name and stays where it is", () =>
    Effect.gen(function*() {
      const Pair = Schema.Struct({ a: SharedChannel.Sender(Schema.Int), b: SharedChannel.Sender(Schema.Int) })
      const pairs = yield* SharedChannel.make(Pair, { kind: "spsc" })
      const numbers = yield* SharedChannel.make(Schema.Int, { kind: "mpsc" })
      const other = yield* numbers.sender.clone
      const twice = yield* Effect.flip(pairs.sender.send({ a: other, b: other }))
      assert.strictEqual(twice._tag, "InvalidPayload")
      yield* other.send(1)
      yield* other.close
      const closed = yield* Effect.flip(pairs.sender.send({ a: numbers.sender, b: other }))
      assert.match(closed.message, /this sender of channel "channel" was closed/)
      yield* numbers.sender.send(2)
      assert.deepStrictEqual(yield* numbers.receiver.receiveBatch(9), [1, 2])
    }).pipe(Effect.scoped))

  it.live("an end of a channel of another schema is refused", () =>
    Effect.gen(function*() {
      const queries = yield* SharedChannel.make(Query, { kind: "spsc" })
      const texts = yield* SharedChannel.make(Schema.String, { kind: "spsc" })
      const refused = yield* Effect.flip(queries.sender.send({ n: 1, answers: texts.sender as never }))
      assert.match(refused.message, /a channel of another schema/)
      yield* texts.sender.send("still here")
    }).pipe(Effect.scoped))

  it.live("what nobody receives closes the ends in it, and places are free again", () =>
    Effect.gen(function*() {
      const answers = yield* SharedChannel.make(Schema.Int, { kind: "mpsc", ends: 4 })
      for (let round = 0; round < 20; round++) {
        yield* Effect.scoped(Effect.gen(function*() {
          const queries = yield* SharedChannel.make(Query, { kind: "spsc", capacity: 4 })
          for (let n = 0; n < 2; n++) {
            yield* Effect.scoped(
              Effect.flatMap(answers.sender.clone, (clone) => queries.sender.send({ n, answers: clone }))
            )
          }
          assert.strictEqual((yield* answers.stats).senders, 3)
          if (round % 2 === 0) yield* (yield* queries.receiver.receive).answers.close
        }))
        yield* Effect.yieldNow
        assert.strictEqual((yield* answers.stats).senders, 1, `round ${round}`)
      }
    }).pipe(Effect.scoped))

  it.live("an end whose sender still holds messages is refused until they have gone", () =>
    Effect.gen(function*() {
      const queries = yield* SharedChannel.make(Query, { kind: "spsc" })
      const answers = yield* SharedChannel.make(Schema.Int, { kind: "mpmc", capacity: "unbounded" })
      yield* answers.sender.sendAll(Array.from({ length: 3000 }, (_, i) => i))
      const refused = yield* Effect.flip(queries.sender.send({ n: 1, answers: answers.sender }))
      assert.match(refused.message, /still holds messages/)
      for (let i = 0; i < 3000; i++) yield* answers.receiver.receive
      yield* queries.sender.send({ n: 1, answers: answers.sender })
      yield* (yield* queries.receiver.receive).answers.send(7)
      assert.strictEqual(yield* answers.receiver.receive, 7)
    }).pipe(Effect.scoped))

  it.live("a receiver of a broadcast is refused, with the way that it can go", () =>
    Effect.gen(function*() {
      const sources = yield* SharedChannel.make(Source, { kind: "spsc" })
      const news = yield* SharedChannel.make(Schema.Int, { kind: "broadcast" })
      const refused = yield* Effect.exit(sources.sender.send({ from: Option.some(news.receiver) }))
      assert.match(String(refused), /by SharedChannel.handOver/)
      assert.isTrue(Exit.isFailure(refused))
    }).pipe(Effect.scoped))
})
