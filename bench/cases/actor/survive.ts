/**
 * A tell to an actor on another thread whose mailbox survives its thread, against the same to one whose mailbox does not.
 */
import type { Case } from "../../runner/Case.ts"

/** See the module. */
export const survive: Case = {
  name: "actor/survive",
  about:
    "`{ id: u32, a: u32, b: f64 }` to an actor on another thread whose mailbox survives that; peer: one whose mailbox does not",
  unit: "ns/msg",
  betterIs: "lower",
  count: 200_000,
  quickCount: 20_000,
  subjects: {
    "shared-nothing": { run: async (params) => (await import("../../ours/remote.ts")).tellUnsafe(params, "survives") },
    "tell-remote": { run: async (params) => (await import("../../ours/remote.ts")).tellUnsafe(params, "answers") }
  }
}
