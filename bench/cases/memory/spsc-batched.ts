/**
 * The raw ring between two threads that both spin, published 64 at a time.
 */
import * as Cpp from "../../peers/cpp/cpp.ts"
import type { Case } from "../../runner/Case.ts"

/** See the module. */
export const spscBatched: Case = {
  name: "memory/spsc-batched",
  about: "16-byte records over a ring to another thread, published 64 at a time",
  unit: "ns/msg",
  betterIs: "lower",
  count: 2_000_000,
  quickCount: 200_000,
  subjects: {
    "shared-nothing": {
      run: async (params) => (await import("../../ours/spsc.ts")).spsc(64)(params)
    },
    "ringbuf.js": {
      count: 1_000_000,
      run: async (params) => (await import("../../peers/ringbuf/ringbuf.ts")).spsc(64)(params)
    },
    cpp: { count: 8_000_000, missing: Cpp.missing, run: Cpp.spsc("batched") }
  }
}
