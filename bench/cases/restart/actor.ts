/**
 * From the crash of an actor to its next answer, in the same thread.
 */
import * as Erlang from "../../peers/erlang/erlang.ts"
import type { Case } from "../../runner/Case.ts"

/** See the module. */
export const actor: Case = {
  name: "restart/actor",
  about: "from a crash of a supervised actor until it answers again",
  unit: "us",
  betterIs: "lower",
  count: 500,
  quickCount: 50,
  subjects: {
    "shared-nothing": { run: async (params) => (await import("../../ours/restart.ts")).actor(params) },
    erlang: { missing: Erlang.missing, run: Erlang.erlang("restart") }
  }
}
