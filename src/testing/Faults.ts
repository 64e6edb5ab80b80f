/**
 * What may go wrong by itself in a simulated run, and how often.
 *
 * A fault of every kind at once hides more than it shows: {@link swarm} draws for each seed which kinds there are at all, often
 * one alone, and then how often each of them strikes.
 */
import type { Oracle } from "./internal/oracle.ts"

/** How often what goes wrong; what is not named does not happen. Rates are "once in so many steps" of the run. */
export interface Faults {
  /** A worker ends without a word: no finalizer runs. */
  readonly kill?: number | undefined
  /** A worker ends by an error that nobody catches. */
  readonly crash?: number | undefined
  /** A worker calls `process.exit`. */
  readonly exit?: number | undefined
  /** A worker reaches the limit of its heap. */
  readonly outOfMemory?: number | undefined
  /** A thread does nothing for a while, sometimes longer than its heartbeat allows. */
  readonly stall?: number | undefined
  /** A task reads a clock that runs away from it, so that its turn is over after a message or two. */
  readonly slow?: number | undefined
  /** What a port carries arrives later: so many milliseconds on the average. */
  readonly portDelay?: number | undefined
  /** A worker takes so many milliseconds longer to start, on the average. */
  readonly startDelay?: number | undefined
  /** Of so many wake-ups one comes late. */
  readonly lateWake?: number | undefined
  /** Of so many times that a fiber lets others go on, or begins, it goes on late once: when all the others have had their turn, and more has happened. */
  readonly lateFiber?: number | undefined
  /** Of so many timers one fires late, as one does on a thread that has had something else to do. */
  readonly lateTimer?: number | undefined
  /** Of so many waits on shared memory one ends although nobody has notified it. */
  readonly spuriousWake?: number | undefined
  /** Of so many calls of `Fault.buggify` one dies. */
  readonly defect?: number | undefined
  /** Wall clocks of workers are off by up to so many milliseconds. */
  readonly skew?: number | undefined
}

/** Given for a set that is drawn anew for each seed. */
export type FaultsInput = Faults | "swarm"

/** No faults at all. */
export const none: Faults = {}

interface Kind {
  readonly name: keyof Faults
  /** From the rarest to the most frequent. */
  readonly rates: ReadonlyArray<number>
}

const kinds: ReadonlyArray<Kind> = [
  { name: "kill", rates: [5000, 1000, 200] },
  { name: "crash", rates: [5000, 1000, 200] },
  { name: "exit", rates: [5000, 1000] },
  { name: "outOfMemory", rates: [5000] },
  { name: "stall", rates: [1000, 100] },
  { name: "slow", rates: [50, 5] },
  { name: "portDelay", rates: [1, 10, 50] },
  { name: "startDelay", rates: [10, 100] },
  { name: "lateWake", rates: [20, 4] },
  { name: "lateFiber", rates: [200, 20] },
  { name: "lateTimer", rates: [50, 5] },
  { name: "spuriousWake", rates: [20] },
  { name: "defect", rates: [50, 10] },
  { name: "skew", rates: [10, 100_000] }
]

/** The names of all kinds. */
export const names: ReadonlyArray<keyof Faults> = kinds.map(({ name }) => name)

/** Draws which kinds there are, and how often. */
const swarm = (oracle: Oracle): Faults => {
  const { random } = oracle.stream("swarm")
  const drawn: Partial<Record<keyof Faults, number>> = {}
  const most = random.below(4) === 0 ? 1 : 5
  for (let count = random.below(most + 1); count > 0; count--) {
    const { name, rates } = kinds[random.below(kinds.length)]!
    drawn[name] = rates[random.below(rates.length)]!
  }
  return drawn
}

/** The set of a run. */
export const drawn = (input: FaultsInput | undefined, oracle: Oracle): Faults =>
  input === "swarm" ? swarm(oracle) : input ?? none
