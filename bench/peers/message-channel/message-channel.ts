/**
 * A `MessageChannel` of the platform, whose one port is on another thread: structured clone, one event for each message.
 */
import { once } from "node:events"
import { MessageChannel, Worker } from "node:worker_threads"
import type { Measured, Params, Tally } from "../../runner/Case.ts"
import * as Sampling from "../../runner/Sampling.ts"

/** Posts everything; the other side reports what it had after the last message. */
export const oneWay = async (params: Params): Promise<Measured> => {
  const { port1, port2 } = new MessageChannel()
  const worker = new Worker(new URL("./message-channel.worker.ts", import.meta.url), {
    workerData: { count: params.count, port: port2 },
    transferList: [port2]
  })
  await once(worker, "online")
  let received: Tally = { count: 0, checksum: 0 }
  const samples = await Sampling.sample(params, async () => {
    const tally = once(port1, "message") as Promise<[Tally]>
    const before = performance.now()
    for (let id = 0; id < params.count; id++) port1.postMessage(Sampling.message(id))
    received = (await tally)[0]
    return Sampling.nanosEach(performance.now() - before, params.count)
  })
  await worker.terminate()
  return { samples, received, expected: Sampling.expectedTally(params.count, params.samples + params.warmups) }
}
