/**
 * Makes a run that fails simpler while it fails in the same way: fewer kinds of faults, fewer and smaller draws of the program, a
 * schedule with fewer surprises.
 *
 * Simpler means: more choices are the plain one. So shrinking is writing zeros, first whole streams, then their ends, then ever
 * smaller pieces of them, and running again what is left.
 */
import * as Effect from "effect/Effect"
import { runtime } from "../../thread/ThreadRuntime.ts"
import { type Choices, decisions } from "./oracle.ts"
import type { Attempt } from "./report.ts"

/** How much work it may be. */
export interface Effort {
  readonly runs: number
  readonly millis: number
}

type Again<A> = (choices: Choices) => Effect.Effect<Attempt<A>>

/** What is tried first: whole kinds of faults, then what the program drew, and the schedule last. */
const weight = (name: string): number => name === "schedule" ? 2 : name === "program" ? 1 : 0

class Search<A> {
  declare best: Attempt<A>
  declare private readonly again: Again<A>
  declare private runs: number
  declare private readonly until: number
  constructor(best: Attempt<A>, again: Again<A>, effort: Effort) {
    this.best = best
    this.again = again
    this.runs = effort.runs
    this.until = runtime.nowMillis() + effort.millis
  }

  get isSpent(): boolean {
    return this.runs <= 0 || runtime.nowMillis() >= this.until
  }

  get names(): ReadonlyArray<string> {
    return Array.from(this.best.choices.keys()).sort((a, b) => weight(a) - weight(b))
  }

  /** Runs with one stream changed; keeps it when it fails in the same way and is no less plain. */
  attempt(name: string, change: (made: Array<number>) => void): Effect.Effect<boolean> {
    return Effect.suspend(() => {
      const made = (this.best.choices.get(name) ?? []).slice()
      change(made)
      if (this.isSpent) return Effect.succeed(false)
      this.runs--
      return Effect.map(this.again(new Map(this.best.choices).set(name, made)), (tried) => {
        const isSame = tried.failure?.kind === this.best.failure!.kind
        if (!isSame || decisions(tried.choices) > decisions(this.best.choices)) return false
        this.best = tried
        return true
      })
    })
  }

  /** The places of a stream whose choices are not the plain ones. */
  places(name: string): ReadonlyArray<number> {
    return (this.best.choices.get(name) ?? []).flatMap((choice, index) => choice === 0 ? [] : [index])
  }
}

/** See the module. */
export const shrink = <A>(failing: Attempt<A>, again: Again<A>, effort: Effort): Effect.Effect<Attempt<A>> =>
  Effect.gen(function*() {
    const search = new Search(failing, again, effort)
    for (let before = Infinity; !search.isSpent && decisions(search.best.choices) < before;) {
      before = decisions(search.best.choices)
      for (const name of search.names) {
        if (search.places(name).length === 0) continue
        if (yield* search.attempt(name, (made) => void made.fill(0))) continue
        yield* pieces(search, name)
        if (name === "program") yield* smaller(search, name)
      }
    }
    return search.best
  })

/** Takes pieces away, half of what is left first, and ever smaller ones. */
const pieces = <A>(search: Search<A>, name: string): Effect.Effect<void> =>
  Effect.gen(function*() {
    for (let size = Math.ceil(search.places(name).length / 2); size >= 1 && !search.isSpent;) {
      let isBetter = false
      // From the end on: what came last is needed least.
      for (let end = search.places(name).length; end > 0 && !search.isSpent;) {
        const places = search.places(name)
        end = Math.min(end, places.length)
        const piece = places.slice(Math.max(0, end - size), end)
        const did = yield* search.attempt(name, (made) => {
          for (const place of piece) made[place] = 0
        })
        isBetter ||= did
        end -= size
      }
      if (size === 1 && !isBetter) return
      size = size === 1 ? 1 : Math.floor(size / 2)
    }
  })

/** Halves what the program drew. */
const smaller = <A>(search: Search<A>, name: string): Effect.Effect<void> =>
  Effect.gen(function*() {
    for (const place of search.places(name)) {
      while (!search.isSpent && (search.best.choices.get(name)?.[place] ?? 0) > 1) {
        const did = yield* search.attempt(name, (made) => {
          made[place] = Math.floor(made[place]! / 2)
        })
        if (!did) break
      }
    }
  })
