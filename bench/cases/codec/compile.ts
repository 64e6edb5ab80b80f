/**
 * Compiling a schema of 500 nodes, none of them met before: what a program pays for each protocol when it starts.
 */
import type { Case } from "../../runner/Case.ts"

/** See the module. */
export const compileCase: Case = {
  name: "codec/compile",
  about: "compile a schema of 500 nodes; the peers make their encoder and decoder",
  unit: "us",
  betterIs: "lower",
  count: 8,
  quickCount: 2,
  subjects: {
    "shared-nothing": { run: async (params) => (await import("../../ours/compile.ts")).ours(params) },
    "schema-binary": { run: async (params) => (await import("../../ours/compile.ts")).schemaBinary(params) }
  }
}
