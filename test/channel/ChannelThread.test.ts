import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { Worker } from "node:worker_threads"
import { Channel, type ChannelThread, SharedChannel } from "shared-nothing"
import type { Options } from "../../src/channel/Channel.ts"
import { Count, Echo, Flood, Order, Relay } from "../fixtures/channelThreads.ts"
import { elapse } from "../support/until.ts"

const spawn = (name: string) => () => new Worker(new URL(`../fixtures/channel-${name}.worker.ts`, import.meta.url))

const order = (id: number, text = "") => ({ id, act: "echo", text }) as const

const echo = Effect.fnUntraced(function*(options: Options = {}) {
  const orders = yield* SharedChannel.make(Order, { name: "orders", kind: "spsc", ...options })
  const answers = yield* SharedChannel.make(Order, { name: "answers", kind: "spsc", ...options })
  const started: ChannelThread.ChannelThread = yield* Echo.start({
    spawn: spawn("echo"),
    ends: { orders: orders.receiver, answers: answers.sender }
  })
  return { orders, answers, ...started }
})

describe("ChannelThread", () => {
  it.live("hands ends to a thread that answers, also when both sides sleep in between", () =>
    Effect.gen(function*() {
      const { answers, orders } = yield* echo()
      for (let id = 0; id < 50; id++) {
        yield* orders.sender.send(order(id, "x".repeat(id * 7)))
        assert.deepStrictEqual(yield* answers.receiver.receive, order(id, "x".repeat(id * 7)))
        // Long enough for both threads to park.
        if (id % 10 === 0) yield* elapse(2)
      }
    }).pipe(Effect.scoped))

  it.live("passes more messages than fit, in their order, with senders and receivers that wait", () =>
    Effect.gen(function*() {
      const { answers, orders } = yield* echo({ capacity: 4 })
      const sending = yield* Effect.forkChild(
        orders.sender.sendAll(Array.from({ length: 5000 }, (_, id) => order(id, String(id))))
      )
      for (let id = 0; id < 5000; id++) assert.deepStrictEqual(yield* answers.receiver.receive, order(id, String(id)))
      yield* Fiber.join(sending)
      assert.strictEqual(yield* orders.sender.depth, 0)
    }).pipe(Effect.scoped))

  it.live("is done when its effect is, and its ends are closed then", () =>
    Effect.gen(function*() {
      const { answers, done, orders } = yield* echo()
      yield* orders.sender.send(order(1))
      yield* orders.sender.close
      yield* done
      assert.deepStrictEqual(yield* answers.receiver.receive, order(1))
      const end = yield* Effect.flip(answers.receiver.receive)
      assert.strictEqual(end._tag, "ChannelClosed")
      assert.strictEqual(end._tag === "ChannelClosed" && end.by, "senders")
    }).pipe(Effect.scoped))

  it.live("fails with the reason when its effect fails, and closes its ends", () =>
    Effect.gen(function*() {
      const { answers, done, orders } = yield* echo()
      yield* orders.sender.send({ id: 1, act: "fail", text: "no more paper" })
      const down = yield* Effect.flip(done)
      assert.match(down.message, /no more paper/)
      assert.strictEqual((yield* Effect.flip(answers.receiver.receive))._tag, "ChannelClosed")
      const refused = yield* Effect.flip(orders.sender.send(order(2)))
      assert.strictEqual(refused._tag, "ChannelClosed")
      assert.deepStrictEqual(refused.undelivered, order(2))
    }).pipe(Effect.scoped))

  it.live("closes the ends of a thread whose scope closes", () =>
    Effect.gen(function*() {
      const counts = yield* SharedChannel.make(Count, { kind: "mpsc" })
      yield* Effect.scoped(
        Effect.gen(function*() {
          yield* Flood.start({ spawn: spawn("flood"), ends: { counts: yield* counts.sender.clone } })
          yield* counts.receiver.receive
        })
      )
      yield* counts.sender.close
      const rest = yield* Stream.runCollect(counts.receiver.stream)
      assert.isAtMost(rest.length, 17)
    }).pipe(Effect.scoped))

  it.live("merges what several threads send, each in its order", () =>
    Effect.gen(function*() {
      const counts = yield* SharedChannel.make(Count, { kind: "mpsc", capacity: 64 })
      const each = 3000
      for (let i = 0; i < 2; i++) {
        yield* Flood.start({ index: each + i, spawn: spawn("flood"), ends: { counts: yield* counts.sender.clone } })
      }
      yield* counts.sender.close
      const next = new Map<number, number>()
      yield* Stream.runForEach(counts.receiver.stream, ({ id, sender }) =>
        Effect.sync(() => {
          assert.strictEqual(id, next.get(sender) ?? 0)
          next.set(sender, id + 1)
        }))
      assert.deepStrictEqual([...next].sort(([a], [b]) => a - b), [[each, each], [each + 1, each + 1]])
      const stats = yield* counts.stats
      assert.deepInclude(stats, { sent: 2 * each + 1, received: 2 * each + 1, lost: 0, depth: 0, senders: 0 })
    }).pipe(Effect.scoped))

  it.live("broadcasts to threads, each of which gets everything or is told what it missed", () =>
    Effect.gen(function*() {
      const news = yield* SharedChannel.make(Count, { kind: "broadcast", capacity: 4096 })
      const results = yield* SharedChannel.make(Count, { kind: "mpsc", capacity: 4096 })
      for (let i = 0; i < 2; i++) {
        yield* Relay.start({
          index: i,
          spawn: spawn("relay"),
          ends: { input: yield* news.receiver.clone, output: yield* results.sender.clone }
        })
      }
      yield* results.sender.close
      for (let id = 0; id < 500; id++) yield* news.sender.send({ sender: 0, id })
      yield* news.sender.close
      const got = yield* Stream.runCollect(results.receiver.stream)
      assert.strictEqual(got.length, 1000)
      const own = yield* Stream.runCollect(news.receiver.stream)
      assert.deepStrictEqual(own.map(({ id }) => id), Array.from({ length: 500 }, (_, id) => id))
    }).pipe(Effect.scoped))

  it.live("refuses an end that has been handed over or is of one thread only", () =>
    Effect.gen(function*() {
      const counts = yield* SharedChannel.make(Count, { kind: "spsc", name: "counts" })
      yield* SharedChannel.handOver(counts.sender)
      const again = yield* Effect.flip(
        Flood.start({ spawn: spawn("flood"), ends: { counts: counts.sender } })
      )
      assert.strictEqual(again._tag, "EndMoved")
      assert.match(again.message, /sender of channel "counts" was handed over/)
      const local = yield* Channel.make(Count)
      const exit = yield* Effect.exit(SharedChannel.handOver(local.sender))
      assert.isTrue(Exit.isFailure(exit))
    }).pipe(Effect.scoped))

  it.live("names the thread and the end that is not of a channel between threads, and hands nothing over", () =>
    Effect.gen(function*() {
      const orders = yield* SharedChannel.make(Order, { name: "orders", kind: "spsc" })
      const local = yield* Channel.make(Order, { name: "notes" })
      const start = (answers: unknown) =>
        Effect.map(
          Effect.catchDefect(
            Echo.start({ spawn: spawn("echo"), ends: { orders: orders.receiver, answers: answers as never } }),
            Effect.succeed
          ),
          String
        )
      assert.include(
        yield* start(local.sender),
        `end "answers" of thread "${Echo.name}": this is a sender of the local channel "notes"`
      )
      assert.include(
        yield* start(undefined),
        `end "answers" of thread "${Echo.name}": undefined is no end of a channel`
      )
      yield* orders.sender.send(order(1))
      assert.deepStrictEqual(yield* orders.receiver.receive, order(1))
    }).pipe(Effect.scoped))

  it.live("says so when spawn returns no worker, and closes the ends", () =>
    Effect.gen(function*() {
      for (const [given, text] of [[undefined, "undefined"], [Promise.resolve(), "[object Promise]"]] as const) {
        const counts = yield* SharedChannel.make(Count, { kind: "spsc" })
        const down = yield* Effect.flip(Flood.start({ spawn: () => given as never, ends: { counts: counts.sender } }))
        assert.strictEqual(down._tag, "ThreadSpawnFailed")
        assert.include(down.message, `thread "${Flood.name}" could not be started (TypeError: spawn answered ${text}`)
        assert.include(down.message, "it must return the new Worker(...) itself")
        assert.strictEqual((yield* Effect.flip(counts.receiver.receive))._tag, "ChannelClosed")
      }
    }).pipe(Effect.scoped))

  it.live("closes the ends of a thread that does not come up, and says why", () =>
    Effect.gen(function*() {
      const counts = yield* SharedChannel.make(Count, { kind: "spsc" })
      const failure = yield* Effect.flip(Flood.start({
        spawn: () => new Worker(new URL("../fixtures/no-such.worker.ts", import.meta.url)),
        ends: { counts: counts.sender }
      }))
      assert.notStrictEqual(failure._tag, "EndMoved")
      const end = yield* Effect.flip(counts.receiver.receive)
      assert.strictEqual(end._tag, "ChannelClosed")
    }).pipe(Effect.scoped))

  it.live("is told when the thread was given ends of another schema", () =>
    Effect.gen(function*() {
      const wrong = yield* SharedChannel.make(Schema.String, { kind: "spsc", name: "wrong" })
      const down = yield* Effect.flip(Flood.start({
        spawn: spawn("flood"),
        // The types refuse it; a build of another version would not.
        ends: { counts: wrong.sender as never }
      }))
      assert.match(down.message, /HandleMismatch|layout/)
    }).pipe(Effect.scoped))
})
