/**
 * Counts what a step of the check found. A step that runs vitest counts its tests, any other step counts as one.
 */
import { existsSync, readFileSync } from "node:fs"
import type { Ran } from "./process.ts"

export interface Tally {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

interface FileReport {
  readonly status: string
  readonly assertionResults: ReadonlyArray<{ readonly status: string }>
}

/** Counts a program that says yes or no by its exit code. */
export const ofExit = (ran: Ran): Tally =>
  ran.code === 0 ? { passed: 1, failed: 0, skipped: 0 } : { passed: 0, failed: 1, skipped: 0 }

/**
 * Counts a vitest report test by test. A file that failed to load, a run that ended badly for another reason and a run
 * without a single test count as one failure, so that nothing passes by not having run.
 */
export const ofVitest = (ran: Ran, reportPath: string): Tally => {
  if (!existsSync(reportPath)) return { passed: 0, failed: 1, skipped: 0 }
  const report = JSON.parse(readFileSync(reportPath, "utf8")) as { readonly testResults: ReadonlyArray<FileReport> }
  let passed = 0
  let failed = 0
  let skipped = 0
  for (const file of report.testResults) {
    let failedHere = 0
    for (const test of file.assertionResults) {
      if (test.status === "passed") passed++
      else if (test.status === "failed") failedHere++
      else skipped++
    }
    failed += file.status === "failed" ? Math.max(1, failedHere) : failedHere
  }
  if (failed === 0 && (ran.code !== 0 || passed === 0)) failed = 1
  return { passed, failed, skipped }
}
