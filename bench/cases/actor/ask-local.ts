/**
 * A question and its answer within one thread, one at a time.
 */
import * as Erlang from "../../peers/erlang/erlang.ts"
import type { Case } from "../../runner/Case.ts"

/** See the module. */
export const askLocal: Case = {
  name: "actor/ask-local",
  about: "one ask at a time to an actor in the same thread",
  unit: "us",
  betterIs: "lower",
  count: 50_000,
  quickCount: 5_000,
  subjects: {
    "shared-nothing": { run: async (params) => (await import("../../ours/local.ts")).ask(params) },
    erlang: { missing: Erlang.missing, run: Erlang.erlang("ask") },
    xstate: {
      run: async (params) => {
        const [{ ask }, { actors }] = await Promise.all([
          import("../../peers/local.ts"),
          import("../../peers/xstate/xstate.ts")
        ])
        return ask(params, actors())
      }
    },
    nact: {
      run: async (params) => {
        const [{ ask }, { actors }] = await Promise.all([
          import("../../peers/local.ts"),
          import("../../peers/nact/nact.ts")
        ])
        return ask(params, actors())
      }
    },
    "effect-cluster": {
      count: 2_000,
      run: async (params) => (await import("../../peers/effect-cluster/effect-cluster.ts")).ask(params)
    },
    "effect-queue": { run: async (params) => (await import("../../peers/effect-queue/effect-queue.ts")).ask(params) }
  }
}
