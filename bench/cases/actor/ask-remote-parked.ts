/**
 * A question to an actor on another thread and its answer: asks after both sides have been idle, the first ones of a process and those of
 * one that has been at it for a while. Every ask is a sample of its own.
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

/** Those after as many to warm up: from the thousandth on. */
export const askRemoteParkedWarm: Case = {
  name: "actor/ask-remote-parked-warm",
  about: "the same, asks 1,000 to 2,000 of a process",
  unit: "us",
  betterIs: "lower",
  count: 1_000,
  quickCount: 15,
  subjects: {
    "shared-nothing": { run: async (params) => (await import("../../ours/remote.ts")).ask(params, "idle") },
    postMessage: {
      run: async (params) => (await import("../../peers/post-message/post-message.ts")).ask(params, "idle")
    }
  }
}
