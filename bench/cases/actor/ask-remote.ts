/**
 * A question to an actor on another thread and its answer: asks back to back, both sides awake. Every ask is a sample of its own.
 */
import type { Case } from "../../runner/Case.ts"

/** See the module. */
export const askRemote: Case = {
  name: "actor/ask-remote",
  about: "round trip to an actor on another thread, asks back to back, both sides awake",
  unit: "us",
  betterIs: "lower",
  count: 5_000,
  quickCount: 1000,
  subjects: {
    "shared-nothing": { run: async (params) => (await import("../../ours/remote.ts")).ask(params, "none") },
    postMessage: {
      count: 2_000,
      run: async (params) => (await import("../../peers/post-message/post-message.ts")).ask(params, "none")
    },
    "effect-rpc": {
      count: 2_000,
      run: async (params) => (await import("../../peers/effect-rpc/effect-rpc.ts")).ask(params, "none")
    }
  }
}
