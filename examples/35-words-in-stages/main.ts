/**
 * Words counted in two stages on all cores: every text is counted where a worker is free, then every partition of the words is added up.
 *
 * Output:
 *
 *     21 lines counted into 4 partitions, all 171 words of them
 *     most often: the 15, or 9, software 9, of 8, to 8
 *     25 jobs on 2 workers, none of them running
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { readFileSync } from "node:fs"
import { Worker } from "node:worker_threads"
import { Pool } from "shared-nothing"
import { type Counts, Words } from "./protocol.ts"

const partitions = 4
const lines = readFileSync(new URL("../../LICENSE", import.meta.url), "utf8").trimEnd().split("\n")

const program = Effect.gen(function*() {
  const words = yield* Pool.ref(Words)

  // The first stage hands over what it has as it comes; nothing waits for the order of the lines.
  const counted = yield* Pool.reduce(words, lines, (text) => words.ask.Count({ text, partitions }), {
    initial: Array.from({ length: partitions }, (): Array<Counts> => []),
    combine: (stages, counts) => stages.map((before, i) => [...before, counts[i]!])
  })
  const merged = yield* Pool.forEach(words, counted, (counts) => words.ask.Merge({ counts }))

  const all = merged.flatMap((counts) => Object.entries(counts))
  const total = all.reduce((sum, [, times]) => sum + times, 0)
  yield* Console.log(`${lines.length} lines counted into ${partitions} partitions, all ${total} words of them`)
  const often = all.toSorted(([a, n], [b, m]) => m - n || (a < b ? -1 : 1)).slice(0, 5)
  yield* Console.log(`most often: ${often.map(([word, times]) => `${word} ${times}`).join(", ")}`)

  const { jobs, running, workers } = yield* Pool.stats(words)
  yield* Console.log(`${jobs} jobs on ${workers.length} workers, ${running === 0 ? "none" : running} of them running`)
})

const WordsPool = Pool.layer(Words, {
  spawn: () => new Worker(new URL("./worker.ts", import.meta.url)),
  threads: 2
})

await Effect.runPromise(program.pipe(Effect.provide(WordsPool)))
