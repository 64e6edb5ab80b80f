/**
 * Questions to an actor on another thread with 1,000 of them in flight.
 */
import type { Case } from "../../runner/Case.ts"

const inFlight = 1_000

/** See the module. */
export const askRemotePipelined: Case = {
  name: "actor/ask-remote-pipelined",
  about: "asks of an actor on another thread, 1,000 in flight, time for each",
  unit: "us",
  betterIs: "lower",
  count: 50_000,
  quickCount: 5_000,
  subjects: {
    "shared-nothing": {
      run: async (params) => (await import("../../ours/remote.ts")).askPipelined(inFlight)(params)
    },
    "shared-nothing-unsafe": {
      run: async (params) => (await import("../../ours/remote.ts")).askUnsafePipelined(inFlight)(params)
    },
    postMessage: {
      count: 20_000,
      run: async (params) => (await import("../../peers/post-message/post-message.ts")).askPipelined(inFlight)(params)
    },
    "effect-rpc": {
      count: 3_000,
      run: async (params) => (await import("../../peers/effect-rpc/effect-rpc.ts")).askPipelined(inFlight)(params)
    }
  }
}
