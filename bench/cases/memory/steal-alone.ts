/**
 * The deque with nobody who steals.
 */
import * as Cpp from "../../peers/cpp/cpp.ts"
import type { Case } from "../../runner/Case.ts"

/** See the module. */
export const stealAlone: Case = {
  name: "memory/steal-alone",
  about: "a push and a pop by the owner of a deque, two of each in turn, nobody steals",
  unit: "ns/msg",
  betterIs: "lower",
  count: 2_000_000,
  quickCount: 200_000,
  subjects: {
    "shared-nothing": { run: async (params) => (await import("../../ours/steal.ts")).alone(params) },
    cpp: { count: 8_000_000, missing: Cpp.missing, run: Cpp.deque("alone") }
  }
}
