/**
 * A question to an actor on another thread and its answer: asks after both sides have been idle. Every ask is a sample of its own.
 */
import type { Case } from "../../runner/Case.ts"

/** See the module. */
export const askRemoteParked: Case = {
  name: "actor/ask-remote-parked",
  about: "round trip to an actor on another thread, asks after both sides have been idle",
  unit: "us",
  betterIs: "lower",
  count: 40,
  quickCount: 15,
  subjects: {
    "shared-nothing": { run: async (params) => (await import("../../ours/remote.ts")).ask(params, "idle") },
    postMessage: {
      count: 40,
      run: async (params) => (await import("../../peers/post-message/post-message.ts")).ask(params, "idle")
    },
    "effect-rpc": {
      count: 40,
      run: async (params) => (await import("../../peers/effect-rpc/effect-rpc.ts")).ask(params, "idle")
    }
  }
}
