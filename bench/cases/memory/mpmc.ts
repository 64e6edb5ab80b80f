/**
 * The ring of many writers and many readers: alone, between a thread that writes and one that reads, and between two that do both.
 */
import * as Cpp from "../../peers/cpp/cpp.ts"
import type { Case, Measured, Params } from "../../runner/Case.ts"

type Run = (params: Params) => Promise<Measured>

const ours = () => import("../../ours/mpmc.ts")
const rejected = () => import("../../alternatives/vyukov.ts")

const mpmc = (
  name: string,
  about: string,
  subjects: { readonly "shared-nothing": () => Promise<Run>; readonly "vyukov.js": () => Promise<Run> },
  mode: "alone" | "1p1c" | "both"
): Case => ({
  name,
  about,
  unit: "ns/msg",
  betterIs: "lower",
  count: 1_000_000,
  quickCount: 100_000,
  subjects: {
    "shared-nothing": { run: async (params) => (await subjects["shared-nothing"]())(params) },
    "vyukov.js": { run: async (params) => (await subjects["vyukov.js"]())(params) },
    cpp: { missing: Cpp.missing, run: Cpp.mpmc(mode) }
  }
})

/** See the module. */
export const mpmcs: ReadonlyArray<Case> = [
  mpmc("memory/mpmc-alone", "one thread writes a 16-byte record and takes it", {
    "shared-nothing": async () => (await ours()).mpmcAlone,
    "vyukov.js": async () => (await rejected()).alone
  }, "alone"),
  mpmc("memory/mpmc", "16-byte records from one thread to another", {
    "shared-nothing": async () => (await ours()).mpmcOneToOne,
    "vyukov.js": async () => (await rejected()).oneToOne
  }, "1p1c"),
  mpmc("memory/mpmc-both", "two threads that each write a 16-byte record and take one", {
    "shared-nothing": async () => (await ours()).mpmcBoth,
    "vyukov.js": async () => (await rejected()).both
  }, "both")
]
