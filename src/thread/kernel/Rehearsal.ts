/**
 * What a thread does before it is ready, to be quick then: it plays what it will have to do with itself. Code that has run once is compiled, and what has
 * run some hundred times is made fast.
 *
 * Who waits for a thread pays for it: one that is started again, whose work waits, rehearses nothing, and where threads share cores each does so much less.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { availableParallelism } from "node:os"
import type { Doorbell } from "../../memory/Doorbell.ts"
import type { Runtime } from "../../runtime/Runtime.ts"
import type { Piece } from "../../runtime/ThreadContext.ts"
import { CurrentThread } from "./CurrentThread.ts"
import { withBoth } from "./Steady.ts"

/** How long it goes on: a thread on a busy machine is better started than quick. */
export const MILLIS = 40

/** Less than this is not worth its beginning, which takes a few milliseconds by itself. */
const LEAST_MILLIS = MILLIS / 4

/** The first incarnation of a thread at its place. */
const FIRST = 1

/** It ends in any case: nobody waits for a thread that only gets ready to be waited for. */
const LIMIT = "2 seconds"

/** How long each of so many threads rehearses; 0 for not at all. */
export const shareOf = (threads: number, cores: number): number => {
  const millis = MILLIS * Math.min(1, cores / threads)
  return millis < LEAST_MILLIS ? 0 : millis
}

/** How long a thread rehearses that is one of so many; all of it where it stands by in reserve, and nobody waits. */
export const millisOf = (
  start: { readonly epoch: number } | undefined,
  threads: () => number,
  cores = availableParallelism()
): number => {
  if (start === undefined) return MILLIS
  return start.epoch > FIRST ? 0 : shareOf(threads(), cores)
}

/** Whether a thread has rehearsed something. */
export interface Rehearsed {
  hasBegun: boolean
}

/** Plays it, once for each thread. Answers whether it has come to its end, which only its test wants to know. */
export const once = <E>(
  rehearsed: Piece<Rehearsed>,
  millis: number,
  play: (millis: number) => Effect.Effect<unknown, E, Scope.Scope>
): Effect.Effect<boolean> =>
  Effect.gen(function*() {
    const state = (yield* CurrentThread).get(rehearsed)
    if (state.hasBegun || millis === 0) return false
    state.hasBegun = true
    // With two of everything: code that has met one of a kind takes it for the only one, and is thrown away when another one comes.
    return yield* Effect.scoped(play(millis / 2)).pipe(
      Effect.andThen(Effect.scoped(play(millis / 2))),
      Effect.timeout(LIMIT),
      Effect.match({ onFailure: () => false, onSuccess: () => true }),
      Effect.catchCause(() => Effect.succeed(false)),
      Effect.updateContext(alone)
    )
  })

// What the program has brought along is none of its business: no tracer and no logger hears of it, and its time is real.
const alone = (context: Context.Context<never>): Context.Context<never> =>
  withBoth(Context.make(CurrentThread, Context.get(context, CurrentThread)))

/** Ends when all of them are parked. */
export const untilAsleep = (runtime: Runtime, bells: ReadonlyArray<Doorbell>): Effect.Effect<void> =>
  Effect.callback((resume) => {
    let isOver = false
    const look = (): void => {
      if (isOver) return
      if (bells.every((bell) => bell.isParked())) resume(Effect.void)
      else runtime.immediate(look)
    }
    look()
    return Effect.sync(() => {
      isOver = true
    })
  })
