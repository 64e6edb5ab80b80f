/**
 * The deque with an owner that is busy and a thief that takes what it can.
 */
import * as Cpp from "../../peers/cpp/cpp.ts"
import type { Case } from "../../runner/Case.ts"

/** See the module. */
export const stealThief: Case = {
  name: "memory/steal-thief",
  about: "handles pushed by the owner of a deque, who pops after every fourth while a thief on another thread steals",
  unit: "ns/msg",
  betterIs: "lower",
  count: 1_000_000,
  quickCount: 100_000,
  subjects: {
    "shared-nothing": { run: async (params) => (await import("../../ours/steal.ts")).withThief(params) },
    cpp: { count: 2_000_000, missing: Cpp.missing, run: Cpp.deque("thief") }
  }
}
