/** Threads that die with ends of channels in their hands: what they had sent arrives, what they were sending is counted. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { Worker } from "node:worker_threads"
import { type ChannelThread, SharedChannel } from "shared-nothing"
import type { Kind } from "../../src/channel/Channel.ts"
import { Count, Echo, Flood, Order, Relay } from "../fixtures/channelThreads.ts"
import { seeded } from "../memory/seeded.ts"
import { elapse, until } from "../support/until.ts"

const quiet = { stderr: true, stdout: true } as const
const spawn = (name: string) => () =>
  new Worker(new URL(`../fixtures/channel-${name}.worker.ts`, import.meta.url), quiet)

const kill = ({ thread }: ChannelThread.ChannelThread): Effect.Effect<void> => Effect.asVoid(thread.kill)

/** The numbers that came, which must be the first ones, each once and in order. */
const assertPrefix = (ids: ReadonlyArray<number>): void => {
  assert.isTrue(ids.every((id, i) => id === i), `gap or double at ${ids.findIndex((id, i) => id !== i)}`)
}

describe("a thread that dies while it sends", () => {
  const kinds: ReadonlyArray<Kind> = ["spsc", "mpsc", "mpmc"]
  it.live.each(kinds)(
    "R18 R19 R21 %s: what it had sent arrives whole and in order, then the channel is closed",
    (kind) =>
      Effect.gen(function*() {
        const random = seeded(11)
        for (let round = 0; round < 6; round++) {
          yield* Effect.scoped(Effect.gen(function*() {
            const counts = yield* SharedChannel.make(Count, { kind, capacity: 256 })
            const started = yield* Flood.start({ spawn: spawn("flood"), ends: { counts: counts.sender } })
            const ids: Array<number> = []
            const reading = yield* Effect.forkChild(
              Stream.runForEach(counts.receiver.stream, ({ id }) => Effect.sync(() => ids.push(id)))
            )
            yield* until(() => ids.length > 100, () => ids.length)
            yield* elapse(random(4))
            yield* kill(started)
            yield* Fiber.join(reading)
            assertPrefix(ids)
            const { depth, lost, received, senders } = yield* counts.stats
            assert.deepStrictEqual({ depth, senders, received }, { depth: 0, senders: 0, received: ids.length })
            assert.isAtMost(lost, 64)
          }))
        }
      })
  )

  it.live("R20 a living sender goes on, slow or not, when another one dies", () =>
    Effect.gen(function*() {
      const random = seeded(5)
      for (let round = 0; round < 6; round++) {
        yield* Effect.scoped(Effect.gen(function*() {
          const counts = yield* SharedChannel.make(Count, { kind: "mpsc", capacity: 64 })
          const each = 4000
          const dying = yield* Flood.start({ spawn: spawn("flood"), ends: { counts: yield* counts.sender.clone } })
          yield* Flood.start({ index: each, spawn: spawn("flood"), ends: { counts: yield* counts.sender.clone } })
          yield* counts.sender.close
          const from: Record<number, Array<number>> = { 0: [], [each]: [] }
          const reading = yield* Effect.forkChild(
            Stream.runForEach(counts.receiver.stream, ({ id, sender }) => Effect.sync(() => from[sender]!.push(id)))
          )
          yield* until(() => from[0]!.length > 50, () => from[0]!.length)
          yield* elapse(random(5))
          yield* kill(dying)
          yield* Fiber.join(reading)
          assertPrefix(from[0]!)
          assertPrefix(from[each]!)
          assert.strictEqual(from[each]!.length, each)
        }))
      }
    }))

  it.live("its loss is reported once, with its owner", () =>
    Effect.gen(function*() {
      const counts = yield* SharedChannel.make(Count, { kind: "spsc", name: "counts", capacity: 4096 })
      const losses = yield* Effect.forkChild(Stream.runCollect(Stream.take(counts.losses, 1)))
      yield* Effect.yieldNow
      let reported = 0
      for (let round = 0; round < 40 && reported === 0; round++) {
        const trial = yield* SharedChannel.make(Count, { kind: "spsc", name: "trial", capacity: 4096 })
        const handle = yield* SharedChannel.handOver(trial.sender)
        const worker = new Worker(new URL("../fixtures/channel-claims.worker.ts", import.meta.url), {
          workerData: handle,
          ...quiet
        })
        yield* Effect.promise(() => new Promise((resolve) => worker.once("message", resolve)))
        yield* Effect.promise(() => worker.terminate())
        reported = yield* SharedChannel.recover(handle)
        assert.strictEqual(yield* SharedChannel.recover(handle), 0)
        assert.strictEqual((yield* trial.stats).lost, reported)
      }
      assert.strictEqual(reported, 3)
      yield* Fiber.interrupt(losses)
    }).pipe(Effect.scoped))
})

describe("a thread that dies while it receives", () => {
  it.live("senders have their values back when it was the only receiver", () =>
    Effect.gen(function*() {
      for (const kind of ["spsc", "mpsc", "mpmc", "broadcast"] as const) {
        yield* Effect.scoped(Effect.gen(function*() {
          const input = yield* SharedChannel.make(Count, { kind, capacity: 8 })
          const output = yield* SharedChannel.make(Count, { kind: "spsc", capacity: 8 })
          const started = yield* Relay.start({
            spawn: spawn("relay"),
            ends: { input: input.receiver, output: output.sender }
          })
          const sending = yield* Effect.forkChild(Effect.flip(Effect.gen(function*() {
            for (let id = 0;; id++) {
              yield* input.sender.send({ sender: 0, id })
              if (kind === "broadcast") yield* Effect.yieldNow
            }
          })))
          yield* output.receiver.receive
          yield* kill(started)
          const refused = yield* Fiber.join(sending)
          assert.strictEqual(refused._tag, "ChannelClosed", kind)
          assert.strictEqual(refused._tag === "ChannelClosed" && refused.by, "receivers")
          assert.strictEqual(typeof refused.undelivered.id, "number")
        }))
      }
    }))

  it.live("mpmc: the others go on, and what it had taken is counted as lost at most", () =>
    Effect.gen(function*() {
      const random = seeded(3)
      for (let round = 0; round < 6; round++) {
        yield* Effect.scoped(Effect.gen(function*() {
          const input = yield* SharedChannel.make(Count, { kind: "mpmc", capacity: 64 })
          const output = yield* SharedChannel.make(Count, { kind: "mpsc", capacity: 64 })
          const relay = Effect.gen(function*() {
            const ends = { input: yield* input.receiver.clone, output: yield* output.sender.clone }
            return yield* Relay.start({ spawn: spawn("relay"), ends })
          })
          const dying = yield* relay
          yield* relay
          yield* output.sender.close
          yield* input.receiver.close
          const total = 4000
          const ids: Array<number> = []
          const reading = yield* Effect.forkChild(
            Stream.runForEach(output.receiver.stream, ({ id }) => Effect.sync(() => ids.push(id)))
          )
          yield* Effect.forkChild(Effect.gen(function*() {
            for (let id = 0; id < total; id++) yield* input.sender.send({ sender: 0, id })
            yield* input.sender.close
          }))
          yield* until(() => ids.length > 100, () => ids.length)
          yield* elapse(random(3))
          yield* kill(dying)
          yield* Fiber.join(reading)
          assert.strictEqual(new Set(ids).size, ids.length, "nothing is doubled")
          // What a dead relay had received and not yet sent on is gone with it: a batch, and what it was sending.
          assert.isAtLeast(ids.length, total - 64 - 256)
          // A receiver says how many it has received after each batch.
          const { received } = yield* input.stats
          assert.isAtLeast(received, total - 64 - 1)
        }))
      }
    }))
})

describe("a thread that dies by itself", () => {
  it.live.each(["crash", "exit", "spin"] as const)("%s: its ends are closed", (act) =>
    Effect.gen(function*() {
      const orders = yield* SharedChannel.make(Order, { kind: "spsc" })
      const answers = yield* SharedChannel.make(Order, { kind: "spsc" })
      const { done } = yield* Echo.start({
        spawn: spawn("echo"),
        heartbeat: { interval: 20, timeout: 200 },
        ends: { orders: orders.receiver, answers: answers.sender }
      })
      yield* orders.sender.send({ id: 1, act: "echo", text: "before" })
      yield* orders.sender.send({ id: 2, act, text: "boom" })
      assert.strictEqual((yield* answers.receiver.receive).text, "before")
      const end = yield* Effect.flip(answers.receiver.receive)
      assert.strictEqual(end._tag, "ChannelClosed")
      yield* Effect.flip(done)
      const refused = yield* Effect.flip(orders.sender.send({ id: 3, act: "echo", text: "after" }))
      assert.strictEqual(refused._tag, "ChannelClosed")
    }).pipe(Effect.scoped))
})
