/**
 * The ring of many writers between threads that all spin: one writer, and two on one core more than many machines have.
 */
import * as Cpp from "../../peers/cpp/cpp.ts"
import type { Case, Params } from "../../runner/Case.ts"

const mpsc = (writers: 1 | 2): Case => ({
  name: writers === 1 ? "memory/mpsc" : "memory/mpsc-two",
  about: `16-byte records over a ring for each of many writers to another thread, from ${
    writers === 1 ? "one" : "two"
  }`,
  unit: "ns/msg",
  betterIs: "lower",
  count: 1_000_000,
  quickCount: 100_000,
  subjects: {
    "shared-nothing": {
      run: async (params) => (await import("../../ours/mpsc.ts")).mpsc(writers)(params)
    },
    ...(writers === 1 && {
      "vyukov.js": { run: async (params: Params) => (await import("../../alternatives/vyukov.ts")).oneToOne(params) }
    }),
    cpp: { missing: Cpp.missing, run: Cpp.mpmc(writers === 1 ? "1p1c" : "2p1c") }
  }
})

/** See the module. */
export const mpscs: ReadonlyArray<Case> = [mpsc(1), mpsc(2)]
