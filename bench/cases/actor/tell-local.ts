/**
 * A tell within one thread to a handler that does its work and answers at once, without an Effect to run.
 */
import * as Erlang from "../../peers/erlang/erlang.ts"
import type { Case } from "../../runner/Case.ts"

/** See the module. */
export const tellLocal: Case = {
  name: "actor/tell-local",
  about: "one sender, one actor in the same thread, its handler answers at once",
  unit: "ns/msg",
  betterIs: "lower",
  count: 200_000,
  quickCount: 20_000,
  subjects: {
    "shared-nothing": {
      run: async (params) => (await import("../../ours/local.ts")).tell(params, "answers")
    },
    "shared-nothing-unsafe": {
      run: async (params) => (await import("../../ours/local.ts")).tellUnsafe(params, "answers")
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
      run: async (params) => (await import("../../peers/effect-queue/effect-queue.ts")).tell(params, "answers")
    }
  }
}
