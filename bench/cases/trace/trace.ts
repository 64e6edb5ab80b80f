/**
 * The subjects of the tracing cases: tell and ask, within a thread and to another one, by what the tracer is doing.
 */
import type { Operation } from "../../ours/trace-side.ts"
import type { Tracing } from "../../ours/trace.ts"
import type { Subject } from "../../runner/Case.ts"

/** Operations in one sample: milliseconds, fewer where a span is made for each. */
const counts: { readonly [operation in Operation]: number } = {
  "tell-local": 40_000,
  "ask-local": 40_000,
  "tell-remote": 40_000,
  "ask-remote": 1_000
}

/** Many short samples: a few percent drown in the noise of few long ones. */
export const sampling = { samples: 16, warmups: 6 } as const

/** A subject for each operation and state of tracing. */
export const traceSubjects = (tracings: ReadonlyArray<Tracing>): { readonly [name: string]: Subject } => {
  const subjects: Record<string, Subject> = {}
  for (const tracing of tracings) {
    for (const operation of Object.keys(counts) as Array<Operation>) {
      subjects[`shared-nothing-${operation}${tracing === "off" ? "" : `-${tracing}`}`] = {
        count: tracing === "recorded" ? counts[operation] / 10 : counts[operation],
        run: async (params) => (await import("../../ours/trace.ts")).price(params, operation, tracing)
      }
    }
  }
  return subjects
}
