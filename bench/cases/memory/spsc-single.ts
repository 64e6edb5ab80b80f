/**
 * The raw ring between two threads that both spin, published one by one.
 */
import * as Cpp from "../../peers/cpp/cpp.ts"
import type { Case } from "../../runner/Case.ts"

/** See the module. */
export const spscSingle: Case = {
  name: "memory/spsc-single",
  about: "16-byte records over a ring to another thread, published one by one",
  unit: "ns/msg",
  betterIs: "lower",
  count: 1_000_000,
  quickCount: 100_000,
  subjects: {
    "shared-nothing": {
      run: async (params) => (await import("../../ours/spsc.ts")).spsc(1)(params)
    },
    "shared-nothing-pausing": {
      run: async (params) => (await import("../../ours/spsc.ts")).spsc(1, 30)(params)
    },
    "ringbuf.js": {
      count: 300_000,
      run: async (params) => (await import("../../peers/ringbuf/ringbuf.ts")).spsc(1)(params)
    },
    cpp: { count: 4_000_000, missing: Cpp.missing, run: Cpp.spsc("single") }
  }
}
