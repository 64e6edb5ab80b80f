/**
 * The raw broadcast ring with one reader on another thread, both spinning, published 64 at a time.
 */
import type { Case } from "../../runner/Case.ts"

/** See the module. */
export const broadcast: Case = {
  name: "memory/broadcast",
  about: "16-byte records over a broadcast ring to one reader on another thread, published 64 at a time",
  unit: "ns/msg",
  betterIs: "lower",
  count: 2_000_000,
  quickCount: 200_000,
  subjects: {
    "shared-nothing": {
      run: async (params) => (await import("../../ours/broadcast.ts")).broadcast(64)(params)
    },
    "shared-nothing-spsc": {
      run: async (params) => (await import("../../ours/spsc.ts")).spsc(64)(params)
    },
    BroadcastChannel: {
      count: 100_000,
      run: async (params) => (await import("../../peers/broadcast-channel/broadcast-channel.ts")).tell(params)
    }
  }
}
