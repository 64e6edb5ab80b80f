/**
 * `effect/rpc` over a worker thread: an `RpcClient` here, an `RpcServer` there.
 */
import * as NodeWorker from "@effect/platform-node/NodeWorker"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as RpcClient from "effect/rpc/RpcClient"
import { Worker } from "node:worker_threads"
import type { Measured, Params } from "../../runner/Case.ts"
import * as Sampling from "../../runner/Sampling.ts"
import { Protocol } from "./protocol.ts"

const layer = RpcClient.layerProtocolWorker({ size: 1, concurrency: 100_000 }).pipe(
  Layer.provide(NodeWorker.layer(() => new Worker(new URL("./effect-rpc.worker.ts", import.meta.url))))
)

const makeClient = RpcClient.make(Protocol, { disableTracing: true })

type Client = Effect.Success<typeof makeClient>

const withClient = (use: (client: Client) => Promise<Measured>): Promise<Measured> =>
  Effect.gen(function*() {
    const client = yield* makeClient
    // The first reply says that the worker is up.
    yield* client.Add({ value: 0 })
    return yield* Effect.promise(() => use(client))
  }).pipe(Effect.scoped, Effect.provide(layer), Effect.runPromise)

/** Messages whose reply nobody waits for, then one question for what has been received. */
export const tell = (params: Params): Promise<Measured> =>
  withClient(async (client) => {
    let received = { count: 0, checksum: 0 }
    const once = Effect.gen(function*() {
      const start = performance.now()
      for (let id = 0; id < params.count; id++) yield* client.Note(Sampling.message(id), { discard: true })
      received = yield* client.Tally()
      return Sampling.nanosEach(performance.now() - start, params.count)
    })
    const samples = await Sampling.sample(params, () => Effect.runPromise(once))
    return { samples, received, expected: Sampling.expectedTally(params.count, params.samples + params.warmups) }
  })

/** The elements of a stream, each an effect on both sides, or in chunks. */
export const stream = (oneByOne: boolean) => (params: Params): Promise<Measured> =>
  withClient((client) =>
    Sampling.measureStreams(params, oneByOne, () => client.Stream({ count: params.count, oneByOne }))
  )

/** One call at a time, back to back or with both sides idle in between. */
export const ask = (params: Params, pause: "none" | "idle"): Promise<Measured> =>
  withClient((client) =>
    Sampling.measureLatencies(params, (latencies, replies) =>
      Effect.runPromise(Effect.gen(function*() {
        for (let value = 0; value < latencies.length; value++) {
          if (pause === "idle") yield* Effect.sleep(Sampling.idleMillis)
          const start = performance.now()
          const reply = yield* client.Add({ value })
          latencies[value] = performance.now() - start
          replies.addReply(reply)
        }
      })))
  )

/** A fixed number of calls in flight. */
export const askPipelined = (inFlight: number) => (params: Params): Promise<Measured> =>
  withClient((client) =>
    Sampling.measureAsks(params, (count, replies) =>
      Effect.runPromise(Effect.forEach(
        Array.from({ length: count }, (_, value) => value),
        (value) => Effect.map(client.Add({ value }), (reply) => replies.addReply(reply)),
        { concurrency: inFlight, discard: true }
      )))
  )
