/**
 * A tell within one thread to a handler that gives way once before it is done; XState has no such handler.
 */
import * as Erlang from "../../peers/erlang/erlang.ts"
import type { Case } from "../../runner/Case.ts"

/** See the module. */
export const tellLocalSuspends: Case = {
  name: "actor/tell-local-suspends",
  about: "one sender, one actor in the same thread, its handler suspends once",
  unit: "ns/msg",
  betterIs: "lower",
  count: 25_000,
  quickCount: 5_000,
  subjects: {
    "shared-nothing": {
      run: async (params) => (await import("../../ours/local.ts")).tell(params, "suspends")
    },
    "shared-nothing-unsafe": {
      run: async (params) => (await import("../../ours/local.ts")).tellUnsafe(params, "suspends")
    },
    erlang: { count: 200_000, missing: Erlang.missing, run: Erlang.erlang("tell-yield") },
    nact: {
      run: async (params) => {
        const [{ tell }, { actors }] = await Promise.all([
          import("../../peers/local.ts"),
          import("../../peers/nact/nact.ts")
        ])
        return tell(params, actors(), "suspends")
      }
    },
    "effect-queue": {
      run: async (params) => (await import("../../peers/effect-queue/effect-queue.ts")).tell(params, "suspends")
    }
  }
}
