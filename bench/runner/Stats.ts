/**
 * Medians and spreads over interleaved rounds.
 *
 * Machines are shared and noisy, so nothing here is a mean: a figure is the median over all samples, its spread is the lowest and the
 * highest median of a round, and a ratio is taken inside of each round before its median is.
 */

/** A figure with its spread. */
export interface Summary {
  readonly median: number
  readonly p99: number
  /** The lowest median of a round. */
  readonly low: number
  /** The highest median of a round. */
  readonly high: number
  readonly samples: number
}

const sorted = (values: ReadonlyArray<number>): Array<number> => [...values].sort((left, right) => left - right)

/** The value below which a share of the values lies. */
export const quantile = (values: ReadonlyArray<number>, share: number): number => {
  const ordered = sorted(values)
  return ordered[Math.min(ordered.length - 1, Math.floor(ordered.length * share))] ?? NaN
}

/** The middle value, or the mean of the two middle values. */
export const median = (values: ReadonlyArray<number>): number => {
  const ordered = sorted(values)
  const middle = ordered.length >> 1
  const upper = ordered[middle] ?? NaN
  return ordered.length % 2 === 1 ? upper : ((ordered[middle - 1] ?? NaN) + upper) / 2
}

/** Sums up the samples of several rounds. */
export const summarise = (rounds: ReadonlyArray<ReadonlyArray<number>>): Summary => {
  const all = rounds.flat()
  const medians = rounds.map(median)
  return {
    median: median(all),
    p99: quantile(all, 0.99),
    low: Math.min(...medians),
    high: Math.max(...medians),
    samples: all.length
  }
}

/** How many times better we are than a peer, from the medians of each round that both finished. */
export interface Ratio {
  readonly median: number
  readonly low: number
  readonly high: number
}

/** Pairs two subjects round by round. */
export const ratio = (
  ours: ReadonlyArray<ReadonlyArray<number>>,
  peer: ReadonlyArray<ReadonlyArray<number>>,
  betterIs: "lower" | "higher"
): Ratio => {
  const pairs = ours.slice(0, peer.length).map((samples, round) => {
    const [us, them] = [median(samples), median(peer[round]!)]
    return betterIs === "lower" ? them / us : us / them
  })
  return { median: median(pairs), low: Math.min(...pairs), high: Math.max(...pairs) }
}
