/**
 * What tracing costs when it is on: under a parent span that is sampled out, and under one that a tracer records.
 */
import type { Case } from "../../runner/Case.ts"
import { sampling, traceSubjects } from "./trace.ts"

/** See the module. */
export const on: Case = {
  ...sampling,
  name: "trace/on",
  about: "time added by tracing in use, against the same program with a library that knows no tracing",
  unit: "percent",
  betterIs: "lower",
  count: 40_000,
  quickCount: 2_000,
  subjects: traceSubjects(["sampled-out", "recorded"])
}
