/**
 * A typed message `{ id: u32, a: u32, b: f64 }` from one thread to an actor on another; its handler is an Effect.sync.
 */
import type { Case } from "../../runner/Case.ts"

/** See the module. */
export const tellRemoteEffect: Case = {
  name: "actor/tell-remote-effect",
  about: "one sender, one actor on another thread, its handler is an Effect.sync",
  unit: "ns/msg",
  betterIs: "lower",
  count: 500_000,
  quickCount: 20_000,
  subjects: {
    "shared-nothing": {
      run: async (params) => (await import("../../ours/remote.ts")).tell(params, "sync")
    },
    "shared-nothing-unsafe": {
      run: async (params) => (await import("../../ours/remote.ts")).tellUnsafe(params, "sync")
    },
    postMessage: {
      count: 50_000,
      run: async (params) => (await import("../../peers/post-message/post-message.ts")).tell(params)
    },
    "effect-worker": {
      count: 50_000,
      run: async (params) => (await import("../../peers/effect-worker/effect-worker.ts")).tell(params)
    },
    "effect-rpc": {
      count: 1_000,
      run: async (params) => (await import("../../peers/effect-rpc/effect-rpc.ts")).tell(params)
    }
  }
}
