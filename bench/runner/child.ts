/**
 * The process that measures one subject of one case once: `child.ts <case> <subject> <params as JSON>`.
 *
 * It reports to its parent over IPC and ends itself, whatever the subject left running.
 */
import { cases } from "../cases/index.ts"
import type { Params } from "./Case.ts"
import type { Report } from "./Rounds.ts"

const [name, subjectName, params] = process.argv.slice(2) as [string, string, string]

const measure = async (): Promise<Report> => {
  const subject = cases.find((benchmark) => benchmark.name === name)?.subjects[subjectName]
  if (subject === undefined) return { failed: `no subject ${subjectName} in case ${name}` }
  return { measured: await subject.run(JSON.parse(params) as Params) }
}

const end = (report: Report): void => {
  process.send!(report, () => process.exit(0))
}

process.on("uncaughtException", (error) => end({ failed: String(error.stack) }))
measure().then(end, (error) => end({ failed: error instanceof Error ? String(error.stack) : String(error) }))
