/**
 * Channels of this library from one thread to another.
 */
import * as Effect from "effect/Effect"
import { Worker } from "node:worker_threads"
import type { Sender } from "../../src/channel/Sender.ts"
import * as SharedChannel from "../../src/channel/SharedChannel.ts"
import type { Measured, Params, Tally as Sums } from "../runner/Case.ts"
import * as Sampling from "../runner/Sampling.ts"
import { Message, Start, Summing, Tally } from "./channelThread.ts"

type Send = (sender: Sender<Sampling.Message>, count: number) => Effect.Effect<void, unknown>

/** An effect for each message, on both sides. */
const oneByOne: Send = (sender, count) =>
  Effect.gen(function*() {
    for (let id = 0; id < count; id++) yield* sender.send(Sampling.message(id))
  })

/** A function call for each message, an effect when the channel is full. */
const unsafe: Send = (sender, count) =>
  Effect.gen(function*() {
    for (let id = 0; id < count; id++) {
      const message = Sampling.message(id)
      if (!sender.sendUnsafe(message)) yield* sender.send(message)
    }
  })

const sends = { oneByOne, unsafe }

/** Messages one way, until the receiving thread has answered what it had. */
export const oneWay = (way: keyof typeof sends) => (params: Params): Promise<Measured> =>
  Effect.gen(function*() {
    const starts = yield* SharedChannel.make(Start, { kind: "spsc" })
    const messages = yield* SharedChannel.make(Message, { kind: "spsc", capacity: 8 * Sampling.channelCapacity })
    const tallies = yield* SharedChannel.make(Tally, { kind: "spsc" })
    yield* Summing.start({
      spawn: () => new Worker(new URL("./channelThread.worker.ts", import.meta.url)),
      ends: { starts: starts.receiver, messages: messages.receiver, tallies: tallies.sender }
    })
    yield* starts.sender.send({ count: params.count, oneByOne: way === "oneByOne" })
    let received: Sums = { count: 0, checksum: 0 }
    const once = Effect.gen(function*() {
      const before = performance.now()
      yield* sends[way](messages.sender, params.count)
      received = yield* tallies.receiver.receive
      return Sampling.nanosEach(performance.now() - before, params.count)
    })
    const samples = yield* Effect.promise(() => Sampling.sample(params, () => Effect.runPromise(once)))
    return {
      samples,
      received,
      expected: Sampling.expectedTally(params.count, params.samples + params.warmups)
    }
  }).pipe(Effect.scoped, Effect.runPromise)
