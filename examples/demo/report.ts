/**
 * What the demo shows: a progress line, the table of delays by hour, and the last line. Every function here is pure;
 * `main.ts` decides where the text goes.
 */
import type { HourRow, Summary } from "./aggregate.ts"

/** A moment of the run. */
export interface Progress {
  readonly records: number
  readonly total: number
  readonly recordsPerSecond: number
  /** Records accepted by the partitions and not yet counted. */
  readonly mailboxDepth: number
  readonly threadRestarts: number
}

const grouped = (value: number): string => Math.round(value).toLocaleString("en-US")

/** One line: bar, share, rate, mailbox depth. */
export const progressLine = (self: Progress, barWidth = 24): string => {
  const share = self.total === 0 ? 1 : Math.min(1, self.records / self.total)
  const filled = Math.floor(share * barWidth)
  return [
    `[${"#".repeat(filled)}${"-".repeat(barWidth - filled)}]`,
    `${Math.floor(share * 100)}%`.padStart(4),
    `${grouped(self.records)} records`,
    `${grouped(self.recordsPerSecond / 1000)} k/s`.padStart(9),
    `mailboxes ${grouped(self.mailboxDepth)}`,
    `thread restarts ${self.threadRestarts}`
  ].join("  ")
}

const minutes = (value: number): string => value.toFixed(2)

const barOf = (row: HourRow, longest: number): string =>
  longest <= 0 ? "" : "#".repeat(Math.max(0, Math.round((row.meanDelay / longest) * 24)))

const tableLine = (cells: readonly [string, string, string, string, string, string]): string => {
  const [hour, ...numbers] = cells
  const widths = [9, 7, 5, 5, 5]
  return [hour.padEnd(5), ...numbers.map((text, i) => text.padStart(widths[i]!))].join("  ")
}

/** Delays by hour of departure: flights, mean and percentiles in minutes, with a bar for the mean. */
export const delayTable = (summary: Summary): string => {
  const longest = Math.max(0, ...summary.rows.map((row) => row.meanDelay))
  const lines = summary.rows.map((row) => {
    const hour = `${String(row.hour).padStart(2, "0")}:00`
    const percentiles = [String(row.p50), String(row.p90), String(row.p99)] as const
    return `${tableLine([hour, grouped(row.flights), minutes(row.meanDelay), ...percentiles])}  ${barOf(row, longest)}`
      .trimEnd()
  })
  return [
    tableLine(["hour", "flights", "mean", "p50", "p90", "p99"]),
    ...lines,
    `${"all".padEnd(5)}  ${grouped(summary.records).padStart(9)}`
  ].join("\n")
}

/** What was measured against the plain computation. */
export interface Verdict {
  readonly records: number
  readonly lost: number
  readonly duplicated: number
  readonly threadRestarts: number
  readonly seconds: number
  readonly ok: boolean
}

/** The last line of the demo; scripts read it. */
export const verdictLine = (self: Verdict): string =>
  `demo: records=${self.records} lost=${self.lost} duplicated=${self.duplicated}` +
  ` thread_restarts=${self.threadRestarts} seconds=${self.seconds.toFixed(1)} ${self.ok ? "ok" : "failed"}`
