/** What the behaviours of its layer are on a worker of a pool. */
import type { Behaviour } from "../../actor/kernel/Behaviour.ts"
import * as Intensity from "../../supervisor/Intensity.ts"

/** A crash is the answer of a job, and as many jobs as die of what they are given are no reason to end the pool. */
const UNLIMITED = Intensity.make({ restarts: 1_000_000, within: "1 second" })

/** A behaviour as a worker has it that is one of the pool of the protocol of a name. */
export const inWorker = (behaviour: Behaviour, pooled: string): Behaviour => {
  const restarted = { ...behaviour, intensity: UNLIMITED }
  // The jobs of a pool have had their time when its worker ends: that of the pool.
  return behaviour.protocol.name === pooled ? { ...restarted, isPooled: true, shutdownMillis: 0 } : restarted
}
