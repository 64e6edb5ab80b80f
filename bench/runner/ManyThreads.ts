/**
 * What is measured of many threads at once, whoever has started them.
 */
import { readFileSync } from "node:fs"
import type { Measured, Params } from "./Case.ts"
import { expectedReplies, sample, TallyCounter } from "./Sampling.ts"

/** So many threads, all of which are up. */
export interface Threads {
  /** Asks each of them once, with its number: the answer is the next. */
  readonly ask: (replies: TallyCounter) => Promise<void>
  /** Ends them in order. */
  readonly close: () => Promise<void>
}

/** Memory of the process that is there, and not only promised. */
export const residentBytes = (): number =>
  // The field is in KiB.
  Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1]) * 1024

/**
 * Opens `params.count` threads for each sample. The figure is microseconds until all are up, microseconds until all have ended, or bytes of
 * the process for each of them, measured in its first sample: memory that was freed is not always given back.
 */
export const measureThreadsOf = async (
  params: Params,
  figure: "start" | "memory" | "release",
  open: (threads: number) => Promise<Threads>
): Promise<Measured> => {
  const replies = new TallyCounter()
  const samples = await sample(params, async () => {
    const bytes = residentBytes()
    const opening = performance.now()
    const threads = await open(params.count)
    const started = performance.now() - opening
    await threads.ask(replies)
    const held = (residentBytes() - bytes) / params.count
    const closing = performance.now()
    await threads.close()
    const released = performance.now() - closing
    return figure === "memory" ? held : (figure === "start" ? started : released) * 1e3
  })
  return { samples, received: replies.tally, expected: expectedReplies(params) }
}
