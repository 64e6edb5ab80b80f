import { expect } from "vitest"

/** How often each outcome was observed. */
export type Observed = Readonly<Record<string, number>>

/** What may be observed, and why; a `required` outcome must be seen, a `forbidden` one never. */
export type Outcomes = Readonly<Record<string, readonly ["required" | "allowed" | "forbidden", string]>>

/** Holds what many runs of racing threads were seen to do against a table of what they may do. */
export const expectOutcomes = (observed: Observed, outcomes: Outcomes): void => {
  for (const [outcome, count] of Object.entries(observed)) {
    const [judgement, why] = outcomes[outcome] ?? ["unknown", "it is not in the table"]
    if (judgement === "allowed") continue
    const text = `${outcome}, which is ${judgement}: ${why}; seen ${JSON.stringify(observed)}`
    if (judgement === "required") expect(count, text).toBeGreaterThan(0)
    else expect(judgement === "forbidden" ? count : -1, text).toBe(0)
  }
  for (const outcome of Object.keys(outcomes)) expect(Object.keys(observed)).toContain(outcome)
}

/** A count of 0 for each outcome of a table. */
export const noneOf = (outcomes: Outcomes): Record<string, number> =>
  Object.fromEntries(Object.keys(outcomes).map((outcome) => [outcome, 0]))
