/**
 * The one source of everything that is left to chance in a run: which task is next, how long something takes, what fails.
 *
 * Each kind of question is a stream of its own, and each answer a whole number whose 0 is the plain case: the oldest task, no
 * delay, no fault. So a recording is a few lists of numbers, a run without surprises is nothing but zeros, and a simpler run is
 * one with more of them.
 */
import { hashOf, Random } from "./random.ts"

/** The answers of a run by stream; what is not there is 0. */
export type Choices = ReadonlyMap<string, ReadonlyArray<number>>

/** One kind of question. */
export class Stream {
  declare readonly name: string
  declare readonly random: Random
  declare readonly made: Array<number>
  /** How many answers were possible each time: for who walks through all of them. */
  declare readonly bounds: Array<number>
  declare private readonly given: ReadonlyArray<number> | undefined
  constructor(name: string, seed: number, given: ReadonlyArray<number> | undefined) {
    this.name = name
    this.random = new Random(hashOf(name, seed ^ 0x9e3779b9))
    this.made = []
    this.bounds = []
    this.given = given
  }

  /** Answers one of `n`; `chance` is asked only where nothing was recorded. */
  choose(n: number, chance: (random: Random) => number): number {
    const { given, made } = this
    const chosen = given === undefined ? chance(this.random) : (given[made.length] ?? 0) % n
    made.push(chosen)
    this.bounds.push(n)
    return chosen
  }
}

/** See the module. */
export class Oracle {
  declare readonly seed: number
  declare readonly isReplay: boolean
  declare private readonly streams: Map<string, Stream>
  declare private readonly given: Choices | undefined
  constructor(seed: number, given?: Choices) {
    this.seed = seed
    this.isReplay = given !== undefined
    this.streams = new Map()
    this.given = given
  }

  stream(name: string): Stream {
    const known = this.streams.get(name)
    if (known !== undefined) return known
    const stream = new Stream(name, this.seed, this.given === undefined ? undefined : this.given.get(name) ?? [])
    this.streams.set(name, stream)
    return stream
  }

  /** One of `n`, all equally likely. */
  below(stream: string, n: number): number {
    return n <= 1 ? 0 : this.stream(stream).choose(n, (random) => random.below(n))
  }

  /** 1 once in `every`, else 0; never where `every` is 0. */
  onceIn(stream: string, every: number): boolean {
    return every > 0 && this.stream(stream).choose(2, (random) => random.below(every) === 0 ? 1 : 0) === 1
  }

  /** Whole numbers from 0 on, of which small ones are likely: exponential around `mean`. */
  around(stream: string, mean: number): number {
    if (!(mean > 0)) return 0
    return this.stream(stream).choose(2 ** 31, (random) => Math.floor(-Math.log(1 - random.unit()) * mean))
  }

  /** What was answered so far. */
  get choices(): Choices {
    return new Map(Array.from(this.streams.values(), ({ made, name }) => [name, made.slice()]))
  }

  /** How many answers were possible, by stream. */
  bounds(name: string): ReadonlyArray<number> {
    return this.streams.get(name)?.bounds ?? []
  }
}

/** How many answers of a recording are not the plain case: what a reader has to follow. */
export const decisions = (choices: Choices): number => {
  let count = 0
  for (const made of choices.values()) for (const choice of made) if (choice !== 0) count++
  return count
}
