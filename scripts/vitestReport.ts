/** What a run of vitest says in its JSON report. */
import { existsSync, readFileSync } from "node:fs"

/** One test; a file that did not load counts as a test of its own that failed. */
export interface Outcome {
  /** File and titles, as they identify it. */
  readonly name: string
  readonly status: "passed" | "failed" | "skipped"
  readonly message: string
  readonly seconds: number
}

interface Report {
  readonly testResults: ReadonlyArray<{
    readonly name: string
    readonly status: string
    readonly message: string
    readonly assertionResults: ReadonlyArray<{
      readonly status: string
      readonly fullName: string
      readonly duration?: number | null
      readonly failureMessages?: ReadonlyArray<string>
    }>
  }>
}

const statusOf = (status: string): Outcome["status"] => status === "passed" || status === "failed" ? status : "skipped"

/** The outcomes in a report, or nothing when there is none. */
export const outcomesOf = (path: string, under: string): ReadonlyArray<Outcome> | undefined => {
  if (!existsSync(path)) return undefined
  const report = JSON.parse(readFileSync(path, "utf8")) as Report
  return report.testResults.flatMap((file) => {
    const name = file.name.replace(`${under}/`, "")
    const tests = file.assertionResults.map((test) => ({
      name: `${name} > ${test.fullName}`,
      status: statusOf(test.status),
      message: test.failureMessages?.[0] ?? "",
      seconds: (test.duration ?? 0) / 1000
    }))
    const loaded = file.status !== "failed" || tests.some((test) => test.status === "failed")
    return loaded ? tests : [...tests, { name, status: "failed" as const, message: file.message, seconds: 0 }]
  })
}
