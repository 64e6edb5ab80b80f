/**
 * What the tracing support costs a program that does not trace: no current span, against a library without it.
 */
import type { Case } from "../../runner/Case.ts"
import { sampling, traceSubjects } from "./trace.ts"

/** See the module. */
export const off: Case = {
  ...sampling,
  name: "trace/off",
  about: "time added by tracing that is not in use, against the same program with a library that knows no tracing",
  unit: "percent",
  betterIs: "lower",
  count: 40_000,
  quickCount: 2_000,
  subjects: traceSubjects(["off"])
}
