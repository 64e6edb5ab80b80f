/** Ends that go to real threads inside of messages, and what becomes of them there. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import { Worker } from "node:worker_threads"
import { SharedChannel } from "shared-nothing"
import { Keeper, Question } from "../fixtures/channelThreads.ts"

const U32 = Question.fields.n

const start = (questions: SharedChannel.SharedChannel<typeof Question.Type>) =>
  Keeper.start({
    spawn: () => new Worker(new URL("../fixtures/channel-keeper.worker.ts", import.meta.url)),
    ends: { questions: questions.receiver }
  })

describe("ends in messages between threads", () => {
  it.live("arrive on a thread that was not there when they were sent", () =>
    Effect.gen(function*() {
      const questions = yield* SharedChannel.make(Question, { kind: "spsc" })
      const first = yield* SharedChannel.make(U32, { kind: "spsc" })
      const second = yield* SharedChannel.make(U32, { kind: "mpmc" })
      yield* questions.sender.send({ n: 1, answers: first.sender })
      yield* questions.sender.send({ n: 2, answers: second.sender })
      yield* start(questions)
      assert.strictEqual(yield* first.receiver.receive, 1)
      assert.strictEqual(yield* second.receiver.receive, 2)
    }).pipe(Effect.scoped))

  it.live("are closed with the thread that has them, and with what it had not read", () =>
    Effect.gen(function*() {
      const questions = yield* SharedChannel.make(Question, { kind: "spsc" })
      const kept = yield* SharedChannel.make(U32, { kind: "mpsc", ends: 4 })
      const unread = yield* SharedChannel.make(U32, { kind: "spsc" })
      const { thread } = yield* start(questions)
      yield* questions.sender.send({ n: 7, answers: yield* kept.sender.clone })
      assert.strictEqual(yield* kept.receiver.receive, 7)
      assert.strictEqual((yield* kept.stats).senders, 2)
      yield* kept.sender.close
      const waiting = yield* Effect.forkChild(Effect.flip(kept.receiver.receive), { startImmediately: true })
      yield* thread.kill
      yield* Effect.exit(questions.sender.send({ n: 8, answers: unread.sender }))
      assert.strictEqual((yield* Fiber.join(waiting))._tag, "ChannelClosed")
      assert.strictEqual((yield* kept.stats).senders, 0)
    }).pipe(Effect.scoped))

  it.live("go on from thread to thread, and back", () =>
    Effect.gen(function*() {
      const answers = yield* SharedChannel.make(U32, { kind: "spsc" })
      const Ends = Schema.Struct({ answers: SharedChannel.Sender(U32) })
      const there = yield* SharedChannel.make(Ends, { kind: "spsc" })
      let end = answers.sender
      for (let n = 0; n < 200; n++) {
        yield* there.sender.send({ answers: end })
        end = (yield* there.receiver.receive).answers
        yield* end.send(n)
        assert.strictEqual(yield* answers.receiver.receive, n)
      }
    }).pipe(Effect.scoped))
})
