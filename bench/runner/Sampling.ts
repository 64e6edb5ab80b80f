/**
 * Loops that subjects share: warm-ups first, then samples, every message counted.
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { setTimeout } from "node:timers/promises"
import type { Measured, Params, Tally } from "./Case.ts"

/** The message of the tell cases: `{ id, a, b }` as two 32-bit numbers and a double, 16 bytes. */
export interface Message {
  readonly id: number
  readonly a: number
  readonly b: number
}

/** What a receiver adds up for `sent` messages with ids from 0: a lost, doubled or torn message changes it. */
export const expectedTally = (sent: number, samples = 1): Tally => ({
  count: sent * samples,
  checksum: samples * (sent * (sent - 1) / 2 + sent * 7 + sent * 1.5)
})

/** Adds up messages on the receiving side. */
export class TallyCounter {
  count = 0
  checksum = 0
  /** Takes one message. */
  add(message: Message): void {
    this.count++
    this.checksum += message.id + message.a + message.b
  }
  /** Takes one reply. */
  addReply(value: number): void {
    this.count++
    this.checksum += value
  }
  /** The sums as plain data. */
  get tally(): Tally {
    return { count: this.count, checksum: this.checksum }
  }
}

/** A message with the contents that {@link expectedTally} expects. */
export const message = (id: number): Message => ({ id, a: 7, b: 1.5 })

/** The messages with ids from `from` to below `to`. */
export const messages = (from: number, to: number): Array<Message> => {
  const all: Array<Message> = []
  for (let id = from; id < to; id++) all.push(message(id))
  return all
}

/** Messages with ids from 0 as a stream: each of them an effect, or as many at once as a stream of numbers has. */
export const streamed = (count: number, oneByOne: boolean): Stream.Stream<Message> =>
  oneByOne
    ? Stream.mapEffect(Stream.range(0, count - 1), (id) => Effect.succeed(message(id)))
    : Stream.map(Stream.range(0, count - 1), message)

/** Measures streams of messages: each element an effect on both sides, or chunks of them. */
export const measureStreams = (
  params: Params,
  oneByOne: boolean,
  open: () => Stream.Stream<Message, unknown>
): Promise<Measured> =>
  measureMessages(params, (_count, counter) =>
    Effect.runPromise(
      oneByOne
        ? Stream.runForEach(open(), (element) => Effect.sync(() => counter.add(element)))
        : Stream.runForEachArray(open(), (elements) =>
          Effect.sync(() => {
            for (const element of elements) counter.add(element)
          }))
    ))

/** Messages sent before the receiver is given a turn, in every paced case. */
export const groupSize = 1024

/** Messages that wait in the channel of the channel cases, and those of one batch. */
export const channelCapacity = 1024
export const batchSize = 256

/** Lets everything else that is ready in this thread run. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Milliseconds for `count` operations as nanoseconds for one. */
export const nanosEach = (millis: number, count: number): number => millis * 1e6 / count

/** Milliseconds for `count` operations as microseconds for one. */
export const microsEach = (millis: number, count: number): number => millis * 1e3 / count

/** Takes warm-ups and samples with `once`, which answers a figure in the unit of the case. */
export const sample = async (params: Params, once: () => number | Promise<number>): Promise<Array<number>> => {
  const samples: Array<number> = []
  for (let index = -params.warmups; index < params.samples; index++) {
    const figure = await once()
    if (index >= 0) samples.push(figure)
  }
  return samples
}

/** Measures asks that answer their argument plus one; `asks` does `count` of them and hands every reply to `replies`. `prepare` comes before each sample, and is not measured. */
export const measureAsks = async (
  params: Params,
  asks: (count: number, replies: TallyCounter) => Promise<void>,
  prepare?: () => Promise<void>
): Promise<Measured> => {
  const replies = new TallyCounter()
  const samples = await sample(params, async () => {
    await prepare?.()
    const start = performance.now()
    await asks(params.count, replies)
    return microsEach(performance.now() - start, params.count)
  })
  return { samples, received: replies.tally, expected: expectedReplies(params) }
}

/** Measures the one ask that is the first of its process, of the value 0. */
export const measureFirst = async (ask: () => Promise<number>): Promise<Measured> => {
  const replies = new TallyCounter()
  const start = performance.now()
  const reply = await ask()
  const samples = [microsEach(performance.now() - start, 1)]
  replies.addReply(reply)
  return { samples, received: replies.tally, expected: expectedReplies({ count: 1, samples: 1, warmups: 0 }) }
}

/** Measures messages one way; `send` gets `count` of them through and hands each to `counter`. */
export const measureMessages = async (
  params: Params,
  send: (count: number, counter: TallyCounter) => Promise<void>
): Promise<Measured> => {
  const counter = new TallyCounter()
  const samples = await sample(params, async () => {
    const start = performance.now()
    await send(params.count, counter)
    return nanosEach(performance.now() - start, params.count)
  })
  const expected = expectedTally(params.count, params.samples + params.warmups)
  return { samples, received: counter.tally, expected }
}

/** Milliseconds between asks that shall find both sides parked. */
export const idleMillis = 6

/**
 * Measures asks one by one, `params.count` of them after as many to warm up: each latency is a sample of its own.
 *
 * `asks` asks for the values from 0 and stores the milliseconds of each in `latencies`.
 */
export const measureLatencies = async (
  params: Params,
  asks: (latencies: Float64Array, replies: TallyCounter) => Promise<void>
): Promise<Measured> => {
  const replies = new TallyCounter()
  const latencies = new Float64Array(params.count)
  await asks(latencies, replies)
  await asks(latencies, replies)
  return {
    samples: Array.from(latencies, (millis) => millis * 1e3),
    received: replies.tally,
    expected: expectedReplies({ count: params.count, samples: 1, warmups: 1 })
  }
}

/** The replies to all asks of all samples and warm-ups. */
export const expectedReplies = (params: Params): Tally => {
  const rounds = params.samples + params.warmups
  return { count: rounds * params.count, checksum: rounds * params.count * (params.count + 1) / 2 }
}

/** What `count` actors with the numbers from 0 as their state answer. */
export const expectedIds = (count: number): Tally => ({ count, checksum: count * (count - 1) / 2 })

/** Bytes that this process holds, after everything that can be freed has been. */
const heldBytes = (): number => {
  for (let index = 0; index < 3; index++) globalThis.gc!()
  const { external, heapUsed } = process.memoryUsage()
  return heapUsed + external
}

/** Starts to measure `count` spawns; the answer ends it and says actors a second, or bytes an actor after garbage collection. */
export const gaugeSpawn = (count: number): (figure: "rate" | "memory") => number => {
  const before = heldBytes()
  const start = performance.now()
  return (figure) => {
    const millis = performance.now() - start
    return figure === "rate" ? count / millis * 1e3 : (heldBytes() - before) / count
  }
}

/** How long threads are left alone before their idleness is measured. */
const settleMillis = 300

/** Measures the processor time of a process over `params.count` idle milliseconds, as percent of one core; `ask` proves four threads. */
export const measureIdle = async (
  params: Params,
  ask: (replies: TallyCounter) => Promise<void>
): Promise<Measured> => {
  const replies = new TallyCounter()
  await ask(replies)
  await setTimeout(settleMillis)
  const start = performance.now()
  const before = process.cpuUsage()
  await setTimeout(params.count)
  const { system, user } = process.cpuUsage(before)
  const share = (system + user) / 1e3 / (performance.now() - start) * 100
  await ask(replies)
  return { samples: [share], received: replies.tally, expected: { count: 8, checksum: 20 } }
}
