/**
 * Messages one way between two fibers of one thread, one by one and in batches.
 */
import type { Case } from "../../runner/Case.ts"

const channel = (name: string, about: string, loop: "oneWay" | "oneWayBatched"): Case => ({
  name,
  about,
  unit: "ns/msg",
  betterIs: "lower",
  count: 200_000,
  quickCount: 20_000,
  subjects: {
    "shared-nothing": { run: async (params) => (await import("../../ours/channels.ts"))[loop](params) },
    "effect-queue": { run: async (params) => (await import("../../peers/effect-queue/effect-queue.ts"))[loop](params) }
  }
})

/** See the module. */
export const local: Case = channel(
  "channel/local",
  "one way between two fibers through a channel of 1,024, message by message",
  "oneWay"
)

/** See the module. */
export const localBatched: Case = channel(
  "channel/local-batched",
  "the same, 256 sent and whatever is there received at once",
  "oneWayBatched"
)
