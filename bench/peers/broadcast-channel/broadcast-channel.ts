/**
 * `BroadcastChannel`, the one-to-many messages of the platform: structured clone, one event for each message and receiver.
 */
import { once } from "node:events"
import { BroadcastChannel, Worker } from "node:worker_threads"
import type { Measured, Params, Tally } from "../../runner/Case.ts"
import * as Sampling from "../../runner/Sampling.ts"

/** Sends everything at once to one receiver, which reports what it had after the last message. */
export const tell = async (params: Params): Promise<Measured> => {
  const name = "bench"
  const worker = new Worker(new URL("./broadcast-channel.worker.ts", import.meta.url), {
    workerData: { name, receive: params.count }
  })
  await once(worker, "message")
  const channel = new BroadcastChannel(name)
  let received: Tally = { count: 0, checksum: 0 }
  const samples = await Sampling.sample(params, async () => {
    const tally = once(worker, "message") as Promise<[Tally]>
    const before = performance.now()
    for (let id = 0; id < params.count; id++) channel.postMessage(Sampling.message(id))
    received = (await tally)[0]
    return Sampling.nanosEach(performance.now() - before, params.count)
  })
  channel.close()
  await worker.terminate()
  return { samples, received, expected: Sampling.expectedTally(params.count, params.samples + params.warmups) }
}
