/**
 * How often who submits has to look for what has come back.
 *
 * Jobs that come back every few microseconds keep their submitter looking, and a thread that looks all the time takes the core on which a worker
 * could run: measured on two cores, two workers had 63 % of them for jobs of 100 µs. To sleep until it is woken is no way out, since each job would then
 * pay for the waking. So while what waits lasts for some time, as fast as jobs come back now, nobody looks for a millisecond, and nobody
 * wakes anybody: the workers have enough to do, and what waits in a long line anyway is told a millisecond later.
 */

/** How long nobody looks. */
const NAP_MILLIS = 1
/** How long what waits has to last for that: a nap that is too long leaves workers without work for at most its length. */
const LASTING_MILLIS = 3
/** How long what comes back is counted before it says how fast that is. */
const WINDOW_MILLIS = 2
/** Jobs a millisecond below which it costs less to be woken for each. */
const FEW = 0.5

/** See the module. */
export class Pace {
  private readonly mayNap: boolean
  /** Jobs that run at once at most: they do not wait. */
  private readonly parallelism: number
  private since = -Infinity
  private before = 0
  /** Jobs a millisecond, in the last window. */
  private rate = -Infinity

  constructor(mayNap: boolean, parallelism: number) {
    this.mayNap = mayNap
    this.parallelism = parallelism
  }

  /** For how long nobody has to look, 0 when somebody has to; `returns` counts what has come back since the beginning. */
  napMillis(nowMillis: number, returns: number, outstanding: number): number {
    if (!this.mayNap) return 0
    const elapsed = nowMillis - this.since
    if (elapsed >= WINDOW_MILLIS) {
      this.rate = (returns - this.before) / elapsed
      this.since = nowMillis
      this.before = returns
    }
    const { parallelism, rate } = this
    return rate >= FEW && outstanding - parallelism >= rate * LASTING_MILLIS ? NAP_MILLIS : 0
  }
}
