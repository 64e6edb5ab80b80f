/** How the stages work. */
import * as Effect from "effect/Effect"
import type { Counts } from "./protocol.ts"
import { Words } from "./protocol.ts"

const add = (counts: Map<string, number>, word: string, times: number) =>
  counts.set(word, (counts.get(word) ?? 0) + times)

export const WordsLive = Words.toLayer(Effect.succeed(Words.of({
  Count: ({ partitions, text }) =>
    Effect.sync(() => {
      const counts = Array.from({ length: partitions }, () => new Map<string, number>())
      for (const word of text.toLowerCase().match(/[a-z]+/g) ?? []) {
        add(counts[word.charCodeAt(0) % partitions]!, word, 1)
      }
      return counts.map((one): Counts => Object.fromEntries(one))
    }),
  Merge: ({ counts }) =>
    Effect.sync(() => {
      const all = new Map<string, number>()
      for (const one of counts) for (const [word, times] of Object.entries(one)) add(all, word, times)
      return Object.fromEntries(all)
    })
})))
