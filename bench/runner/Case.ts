/**
 * What a benchmark case is: a name, a unit, and one way to run it for every system that takes part.
 *
 * A case is plain data and imports none of the systems it compares; a subject loads its system when it runs, so that a child process
 * holds exactly one of them and `--list` holds none.
 */

/** The units in which figures are printed. */
export type Unit = "ns/msg" | "us" | "actors/s" | "jobs/s" | "fraction" | "bytes" | "percent"

/** How much one child process measures. */
export interface Params {
  /** Operations in one sample. */
  readonly count: number
  /** Samples to report. */
  readonly samples: number
  /** Samples to take and throw away first. */
  readonly warmups: number
}

/** What the receiving side saw: the number of messages and the sum over their contents. */
export interface Tally {
  readonly count: number
  readonly checksum: number
}

/** What one child process reports: its figures, and the proof that the work behind them was done. */
export interface Measured {
  /** Figures in the unit of the case. */
  readonly samples: ReadonlyArray<number>
  /** What the receiving side saw over all samples, warm-ups included. */
  readonly received: Tally
  /** What it should have seen. */
  readonly expected: Tally
}

/** One system on one case. */
export interface Subject {
  /** Operations in one sample, when this system is so much slower or faster that the count of the case does not suit it. */
  readonly count?: number
  /** Samples and warm-ups, when it is so slow that those of the case take too long. */
  readonly samples?: number
  readonly warmups?: number
  /** Why this subject cannot run on this machine and how to change that; absent or `undefined` when it can run. */
  readonly missing?: () => string | undefined
  /** Measures in the calling process, which is a fresh one. */
  readonly run: (params: Params) => Promise<Measured>
}

/** One line of the table in the performance document. */
export interface Case {
  readonly name: string
  /** One sentence: what is measured. */
  readonly about: string
  readonly unit: Unit
  readonly betterIs: "lower" | "higher"
  /** Operations in one sample; `--quick` takes `quickCount`. */
  readonly count: number
  readonly quickCount: number
  /** Samples a child process takes after its warm-ups; 4 and 2 when absent. */
  readonly samples?: number
  readonly warmups?: number
  /** The subjects of a round run at the same time: only for cases that measure idleness. */
  readonly together?: boolean
  readonly subjects: { readonly [name: string]: Subject }
}

/** Whether a subject is this library; its name is then `shared-nothing` or begins with `shared-nothing-`. */
export const isOurs = (subject: string): boolean =>
  subject === "shared-nothing" || subject.startsWith("shared-nothing-")

/** The params of one subject-round. */
export const paramsOf = (benchmark: Case, subject: Subject, quick: boolean): Params => ({
  count: quick ? Math.min(benchmark.quickCount, subject.count ?? benchmark.count) : subject.count ?? benchmark.count,
  samples: Math.min(subject.samples ?? benchmark.samples ?? 4, quick ? 2 : Infinity),
  warmups: Math.min(subject.warmups ?? benchmark.warmups ?? 2, quick ? 1 : Infinity)
})

/** Why the figures of a report must not be printed; `undefined` when the work behind them is proven. */
export const invalid = (measured: Measured): string | undefined => {
  const { expected, received, samples } = measured
  if (received.count !== expected.count || received.checksum !== expected.checksum) {
    return `received ${received.count} messages with checksum ${received.checksum}, `
      + `expected ${expected.count} with ${expected.checksum}`
  }
  return samples.length === 0 || samples.some((sample) => !Number.isFinite(sample)) ? "no usable samples" : undefined
}
