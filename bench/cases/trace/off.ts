/**
 * What the tracing support costs a program that does not trace: no current span, against the same program with tracing disabled.
 */
import type { Case } from "../../runner/Case.ts"
import { traceSubjects } from "./trace.ts"

/** See the module. */
export const off: Case = {
  name: "trace/off",
  about: "time added by tracing that is not in use, against the same program with tracing disabled",
  unit: "percent",
  betterIs: "lower",
  count: 50_000,
  quickCount: 2_000,
  subjects: traceSubjects(["off"])
}
