/**
 * Children that tests can end at will, with a log of what started and stopped and a count of incarnations up at once.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Child from "../../src/supervisor/Child.ts"

export interface Stage {
  /** "+a" when a starts, "-a" when what it held is released. */
  readonly log: Array<string>
  /** How many incarnations are up, by id. */
  readonly up: Map<string, number>
  /** The most incarnations of one child that were ever up at once. */
  most: number
  /** Starts so far, by id. */
  readonly starts: Map<string, number>
  readonly gates: Map<string, Deferred.Deferred<void, unknown>>
}

export const make = (): Stage => ({ log: [], up: new Map(), most: 0, starts: new Map(), gates: new Map() })

/** An effect child that runs until it is told how to end. */
export const child = (stage: Stage, id: string, options?: Child.ChildOptions): Child.ChildSpec =>
  Child.effect(id, Effect.acquireUseRelease(open(stage, id), Deferred.await, () => close(stage, id)), options)

/** Marks an incarnation as up; hands out what it waits on. */
export const open = (stage: Stage, id: string): Effect.Effect<Deferred.Deferred<void, unknown>> =>
  Effect.sync(() => {
    const up = (stage.up.get(id) ?? 0) + 1
    stage.up.set(id, up)
    stage.most = Math.max(stage.most, up)
    stage.starts.set(id, (stage.starts.get(id) ?? 0) + 1)
    stage.log.push(`+${id}`)
    const gate = Deferred.makeUnsafe<void, unknown>()
    stage.gates.set(id, gate)
    return gate
  })

/** Marks an incarnation as down. */
export const close = (stage: Stage, id: string): Effect.Effect<void> =>
  Effect.sync(() => {
    stage.up.set(id, stage.up.get(id)! - 1)
    stage.log.push(`-${id}`)
  })

/** Ends the incarnation that is up with a typed failure, and lets the supervisor see it. */
export const fail = (stage: Stage, id: string, error: unknown = "boom"): Effect.Effect<void> =>
  Effect.andThen(Deferred.fail(stage.gates.get(id)!, error), settle)

/** Ends the incarnation that is up with a defect, and lets the supervisor see it. */
export const die = (stage: Stage, id: string, defect: unknown = "bug"): Effect.Effect<void> =>
  Effect.andThen(Deferred.die(stage.gates.get(id)!, defect), settle)

/** Ends the incarnation that is up normally, and lets the supervisor see it. */
export const end = (stage: Stage, id: string): Effect.Effect<void> =>
  Effect.andThen(Deferred.succeed(stage.gates.get(id)!, undefined), settle)

/** Lets every fiber that can run do so; no time passes. */
export const settle: Effect.Effect<void> = Effect.repeat(Effect.yieldNow, { times: 20 })

export const starts = (stage: Stage, id: string): number => stage.starts.get(id) ?? 0
