/**
 * Threads that all talk to each other: what the process holds when they have sent each other a mebibyte, and what an ask of two of them takes.
 */
import * as Effect from "effect/Effect"
import { Worker } from "node:worker_threads"
import { ActorSystem } from "shared-nothing"
import type { Measured, Params } from "../runner/Case.ts"
import { residentBytes } from "../runner/ManyThreads.ts"
import { expectedTally, measureLatencies, TallyCounter } from "../runner/Sampling.ts"
import { Receiver } from "./actors.ts"
import { Talker } from "./talker.ts"

/** A message takes 24 bytes of a ring. */
const MESSAGES = Math.ceil((1 << 20) / 24)

const layer = (file: URL, threads: number) =>
  ActorSystem.layerThreads({
    // Their heaps are not what is measured.
    spawn: () => new Worker(file, { resourceLimits: { maxYoungGenerationSizeMb: 2 } }),
    threads,
    readyTimeout: "5 minutes"
  })

interface Mesh {
  readonly receivers: ReadonlyArray<typeof Receiver.ref.Type>
  /** Each sends so many messages to each other one, and waits until they have been handled. */
  readonly talk: (count: number) => Effect.Effect<void>
}

const mesh = (threads: number) =>
  Effect.gen(function*() {
    const all = Array.from({ length: threads }, (_, thread) => thread)
    const on = (thread: number) => ({ placement: { thread } })
    const receivers = yield* Effect.forEach(all, (thread) => Receiver.spawn(`receiver-${thread}`, on(thread)))
    const talkers = yield* Effect.forEach(all, (thread) => Talker.spawn(`talker-${thread}`, on(thread)))
    const talk = (count: number) =>
      Effect.forEach(
        all,
        (from) =>
          Effect.forEach(all, (step) => {
            const to = receivers[(from + step) % threads]!
            return step === 0 ? Effect.void : talkers[from]!.ask.Talk({ to, count }, { timeout: "5 minutes" })
          }, { discard: true }),
        { concurrency: "unbounded", discard: true }
      ).pipe(Effect.orDie)
    return { receivers, talk } satisfies Mesh
  })

/** Bytes that the process holds more after that, for each ordered pair; the count is the number of threads. */
export const measure = (file: () => Promise<URL>) => async (params: Params): Promise<Measured> => {
  const url = await file()
  const threads = params.count
  return Effect.gen(function*() {
    const { receivers, talk } = yield* mesh(threads)
    // What runs for the first time is compiled, and threads know each other.
    yield* talk(1)
    const before = residentBytes()
    yield* talk(MESSAGES)
    const bytes = (residentBytes() - before) / (threads * (threads - 1))
    const received = new TallyCounter()
    for (const receiver of receivers) {
      const tally = yield* receiver.ask.Tally()
      received.count += tally.count
      received.checksum += tally.checksum
    }
    const pairs = threads * (threads - 1)
    const [first, second] = [expectedTally(1, pairs), expectedTally(MESSAGES, pairs)]
    return {
      samples: [bytes],
      received: received.tally,
      expected: { count: first.count + second.count, checksum: first.checksum + second.checksum }
    }
  }).pipe(Effect.scoped, Effect.provide(layer(url, threads)), Effect.runPromise)
}

/** Asks to two of so many threads in turn, each of which has talked to each other one; no more threads than asks. */
export const ask = (threads: number, file: () => Promise<URL>) => async (params: Params): Promise<Measured> => {
  const url = await file()
  const count = Math.min(threads, params.count)
  return Effect.gen(function*() {
    const { receivers, talk } = yield* mesh(count)
    yield* talk(1)
    return yield* Effect.promise(() =>
      measureLatencies(params, (latencies, replies) =>
        Effect.runPromise(Effect.gen(function*() {
          for (let value = 0; value < latencies.length; value++) {
            const before = performance.now()
            replies.addReply(yield* Effect.orDie(receivers[value % 2]!.ask.Add({ value })))
            latencies[value] = performance.now() - before
          }
        })))
    )
  }).pipe(Effect.scoped, Effect.provide(layer(url, count)), Effect.runPromise)
}
