/**
 * A child that keeps its identity over its incarnations, as its supervisor sees it: one object for as long as it lives, and no
 * fiber that waits for its end, since there may be a million of them.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { Renewal, Running, Unattended } from "../ChildSpec.ts"
import type { Directive } from "../Restart.ts"

type End = Exit.Exit<unknown, unknown>

/** See the module. */
export abstract class Identity<A> implements Running<A>, Renewal<A>, Unattended {
  /** How the incarnation that was up last has ended. */
  declare private lastEnd: End | undefined
  declare private listener: ((end: End) => void) | undefined
  /** Who waits for it in a fiber. */
  declare private waiting: Deferred.Deferred<End> | undefined
  declare private said: Directive | undefined
  constructor() {
    this.lastEnd = undefined
    this.listener = undefined
    this.waiting = undefined
    this.said = undefined
  }

  abstract readonly value: A
  abstract readonly up: Effect.Effect<Running<A>, unknown>
  abstract isPossible(): boolean
  abstract down(withinMillis: number): Effect.Effect<unknown>
  abstract end(): Effect.Effect<unknown> | undefined

  get stop(): Effect.Effect<unknown> {
    return Effect.suspend(() => this.end() ?? Effect.void)
  }

  get renewal(): Renewal<A> {
    return this
  }

  get unattended(): Unattended {
    return this
  }

  get exit(): Effect.Effect<End> {
    return Effect.suspend(() =>
      this.lastEnd === undefined ? Deferred.await(this.waiting ??= Deferred.makeUnsafe()) : Effect.succeed(this.lastEnd)
    )
  }

  whenEnded(listener: (end: End) => void): void {
    if (this.lastEnd === undefined) this.listener = listener
    else listener(this.lastEnd)
  }

  directive(): Directive | undefined {
    return this.said
  }

  /** The next incarnation is being built. */
  protected renewed(): void {
    this.lastEnd = undefined
    this.said = undefined
  }

  /** The incarnation has ended, and what it held is released; what is said about that comes before the supervisor's decider. */
  protected over(end: End, directive: Directive | undefined): void {
    if (this.lastEnd !== undefined) return
    const { listener, waiting } = this
    this.lastEnd = end
    this.said = directive
    this.listener = undefined
    this.waiting = undefined
    listener?.(end)
    if (waiting !== undefined) Deferred.doneUnsafe(waiting, Exit.succeed(end))
  }
}
