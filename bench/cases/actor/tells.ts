/**
 * Tells of one sender to one actor: the cases differ in where the actor is and in what its handler does.
 */
import type { Handler } from "../../ours/actors.ts"
import * as Erlang from "../../peers/erlang/erlang.ts"
import type { Case } from "../../runner/Case.ts"

/** Within one thread. The peers that know no Effects handle the message with a plain function, whatever `handler` is. */
export const local = (name: string, about: string, handler: Exclude<Handler, "suspends" | "survives">): Case => ({
  name,
  about: `one sender, one actor in the same thread, ${about}`,
  unit: "ns/msg",
  betterIs: "lower",
  count: 200_000,
  quickCount: 20_000,
  subjects: {
    "shared-nothing": {
      run: async (params) => (await import("../../ours/local.ts")).tell(params, handler)
    },
    "shared-nothing-unsafe": {
      run: async (params) => (await import("../../ours/local.ts")).tellUnsafe(params, handler)
    },
    erlang: { missing: Erlang.missing, run: Erlang.erlang("tell") },
    xstate: {
      run: async (params) => {
        const [{ tell }, { actors }] = await Promise.all([
          import("../../peers/local.ts"),
          import("../../peers/xstate/xstate.ts")
        ])
        return tell(params, actors(), "answers")
      }
    },
    nact: {
      count: 50_000,
      run: async (params) => {
        const [{ tell }, { actors }] = await Promise.all([
          import("../../peers/local.ts"),
          import("../../peers/nact/nact.ts")
        ])
        return tell(params, actors(), "answers")
      }
    },
    "effect-queue": {
      count: 50_000,
      run: async (params) => (await import("../../peers/effect-queue/effect-queue.ts")).tell(params, handler)
    }
  }
})

/** From one thread to another, a typed message `{ id: u32, a: u32, b: f64 }`. */
export const remote = (name: string, about: string, handler: Exclude<Handler, "suspends" | "survives">): Case => ({
  name,
  about: `one sender, one actor on another thread, ${about}`,
  unit: "ns/msg",
  betterIs: "lower",
  count: 500_000,
  quickCount: 20_000,
  subjects: {
    "shared-nothing": {
      run: async (params) => (await import("../../ours/remote.ts")).tell(params, handler)
    },
    "shared-nothing-unsafe": {
      run: async (params) => (await import("../../ours/remote.ts")).tellUnsafe(params, handler)
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
})
