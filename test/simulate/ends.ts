/**
 * Questions that carry the end on which they are answered, to a simulated thread that may die: every answer that comes is the next one,
 * whoever waits for answers hears of their end, and nobody has an end any more when all is over.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { ChannelThread, SharedChannel } from "shared-nothing"
import { Invariant, Simulation } from "shared-nothing/testing"
import { noThread, type Scenario } from "./scenario.ts"

const Question = Schema.Struct({ from: Schema.Int, count: Schema.Int, answers: SharedChannel.Sender(Schema.Int) })

const Counter = ChannelThread.make("counter", { questions: ChannelThread.receiver(Question) })

const worker = () =>
  Counter.launch(({ questions }) =>
    Stream.runForEach(questions.stream, ({ answers, count, from }) =>
      Effect.gen(function*() {
        for (let n = from; n < from + count; n++) yield* answers.send(n)
      }).pipe(
        // Who asked may not want the rest.
        Effect.catchTag("ChannelClosed", () => Effect.void),
        Effect.orDie,
        Effect.ensuring(answers.close)
      ))
  )

const program = Effect.gen(function*() {
  const kind = yield* Simulation.pick<"spsc" | "mpsc" | "mpmc">(["spsc", "mpsc", "mpmc"])
  const questions = yield* SharedChannel.make(Question, { name: "questions", kind: "mpsc", capacity: 4 })
  const started = yield* Effect.exit(Counter.start({ spawn: noThread, ends: { questions: questions.receiver } }))
  let complete = 0
  let moved = 0

  const ask = Effect.fnUntraced(function*(from: number) {
    const count = yield* Simulation.draw(8)
    const wanted = (yield* Simulation.draw(4)) === 0 ? yield* Simulation.draw(count + 1) : count
    const answers = yield* SharedChannel.make(Schema.Int, { kind, capacity: 2 << (yield* Simulation.draw(3)) })
    const sent = yield* Effect.exit(questions.sender.send({ from, count, answers: answers.sender }))
    if (Exit.isSuccess(sent)) {
      moved++
      const gone = yield* Effect.flip(answers.sender.send(0))
      if (gone._tag !== "EndMoved") return yield* Effect.die(new Error(`an end that has moved says ${gone._tag}`))
    } else yield* answers.sender.close
    const got: Array<number> = []
    const reading = Stream.runForEach(answers.receiver.stream, (n) => Effect.sync(() => void got.push(n)))
    yield* Effect.exit(wanted === count ? reading : Effect.timeoutOption(reading, wanted))
    for (const [index, n] of got.entries()) {
      if (n !== from + index) return yield* Effect.die(new Error(`${n} came instead of ${from + index}`))
    }
    if (wanted !== count) return
    if (got.length === count) complete++
    const { senders } = yield* answers.stats
    if (senders !== 0) return yield* Effect.die(new Error(`the answers have ended, and have ${senders} senders`))
  }, Effect.scoped)

  const asked = 1 + (yield* Simulation.draw(6))
  yield* Effect.forEach(Array.from({ length: asked }, (_, n) => 100 * n), ask, { concurrency: 3 })
  yield* questions.sender.close
  const lived = Exit.isSuccess(started) && Exit.isSuccess(yield* Effect.exit(started.value.done))
  yield* Invariant.sometimes("all answers come", lived && complete > 2)
  yield* Invariant.sometimes("the thread that answers dies", !lived && moved > 0)
})

export const ends: Scenario = { name: "ends", worker, program: Effect.scoped(program) }
