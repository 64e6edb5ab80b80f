/**
 * Two threads count words: pages go to whichever is free, counts come back, and the channel of counts is closed when both
 * threads have closed their ends.
 *
 * Output:
 *
 *     1,000 pages counted, 5,500 words
 *     sent 1000, received 1000, lost 0
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { Worker } from "node:worker_threads"
import { SharedChannel } from "shared-nothing"
import { Count, Page, WordCounter } from "./protocol.ts"

const PAGES = 1000

const program = Effect.gen(function*() {
  const pages = yield* SharedChannel.make(Page, { name: "pages", kind: "mpmc", capacity: 64 })
  const counts = yield* SharedChannel.make(Count, { name: "counts", kind: "mpsc", capacity: 64 })

  const startCounter = (index: number) =>
    Effect.gen(function*() {
      yield* WordCounter.start({
        index,
        spawn: () => new Worker(new URL("./worker.ts", import.meta.url)),
        ends: { pages: yield* pages.receiver.clone, counts: yield* counts.sender.clone }
      })
    })
  yield* Effect.all([startCounter(0), startCounter(1)], { concurrency: 2 })
  // The threads have ends of their own: with these open the channels would not end with them.
  yield* pages.receiver.close
  yield* counts.sender.close

  const text = (id: number) => Array.from({ length: 1 + id % 10 }, () => "word").join(" ")
  yield* Effect.forkChild(Effect.gen(function*() {
    for (let id = 0; id < PAGES; id++) yield* pages.sender.send({ id, text: text(id) })
    yield* pages.sender.close
  }))

  const total = yield* Stream.runFold(
    counts.receiver.stream,
    () => ({ pages: 0, words: 0 }),
    (sum, { words }) => ({ pages: sum.pages + 1, words: sum.words + words })
  )
  yield* Console.log(`${total.pages.toLocaleString("en")} pages counted, ${total.words.toLocaleString("en")} words`)
  const { lost, received, sent } = yield* pages.stats
  yield* Console.log(`sent ${sent}, received ${received}, lost ${lost}`)
})

await Effect.runPromise(Effect.scoped(program))
