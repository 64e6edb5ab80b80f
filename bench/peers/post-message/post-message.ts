/**
 * A worker thread and `postMessage`, the messages of the platform: structured clone, one event for each.
 */
import { once } from "node:events"
import { setTimeout } from "node:timers/promises"
import { Worker } from "node:worker_threads"
import type { Measured, Params, Tally } from "../../runner/Case.ts"
import * as Sampling from "../../runner/Sampling.ts"

/** What the worker is to do: add messages up, or answer each value with the next. */
export type Role = { readonly receive: number } | "answer"

const start = async (role: Role): Promise<Worker> => {
  const worker = new Worker(new URL("./post-message.worker.ts", import.meta.url), { workerData: role })
  await once(worker, "message")
  return worker
}

/** Sends everything at once; the worker reports what it had after the last message. */
export const tell = async (params: Params): Promise<Measured> => {
  const worker = await start({ receive: params.count })
  let received: Tally = { count: 0, checksum: 0 }
  const samples = await Sampling.sample(params, async () => {
    const tally = once(worker, "message") as Promise<[Tally]>
    const before = performance.now()
    for (let id = 0; id < params.count; id++) worker.postMessage(Sampling.message(id))
    received = (await tally)[0]
    return Sampling.nanosEach(performance.now() - before, params.count)
  })
  return { samples, received, expected: Sampling.expectedTally(params.count, params.samples + params.warmups) }
}

/** The first echo of a worker that has said that it is there. */
export const firstAsk = async (): Promise<Measured> => {
  const worker = await start("answer")
  return Sampling.measureFirst(async () => {
    const reply = once(worker, "message") as Promise<[number]>
    worker.postMessage(0)
    return (await reply)[0]
  })
}

/** One echo at a time, back to back or with both sides idle in between. */
export const ask = async (params: Params, pause: "none" | "idle"): Promise<Measured> => {
  const worker = await start("answer")
  let resolve = (_: number): void => {}
  worker.on("message", (value: number) => resolve(value))
  const one = (value: number): Promise<number> =>
    new Promise((done) => {
      resolve = done
      worker.postMessage(value)
    })
  return Sampling.measureLatencies(params, async (latencies, replies) => {
    for (let value = 0; value < latencies.length; value++) {
      if (pause === "idle") await setTimeout(Sampling.idleMillis)
      const before = performance.now()
      const reply = await one(value)
      latencies[value] = performance.now() - before
      replies.addReply(reply)
    }
  })
}

/** A fixed number of echoes in flight: each reply sends the next value. */
export const askPipelined = (inFlight: number) => async (params: Params): Promise<Measured> => {
  const worker = await start("answer")
  return Sampling.measureAsks(params, (count, replies) =>
    new Promise((resolve) => {
      let sent = 0
      let left = count
      const receive = (value: number): void => {
        replies.addReply(value)
        if (sent < count) worker.postMessage(sent++)
        if (--left > 0) return
        worker.off("message", receive)
        resolve()
      }
      worker.on("message", receive)
      while (sent < Math.min(inFlight, count)) worker.postMessage(sent++)
    }))
}
