/**
 * The life of an actor here, as others see it: whether and why it ends, and who is told. A cell is one; what it does with messages is in
 * `Cell.ts`.
 */
import { type ExitReason, scopeClosed } from "../ExitReason.ts"
import { Rare } from "../internal/rare.ts"
import type { Behaviour } from "./Behaviour.ts"
import { STOPPED } from "./Phase.ts"
import { actorName, type Protocol } from "./Protocol.ts"
import { Recipient, type Waiter } from "./Recipient.ts"

/** See the module. The fields are set by the cell, all at once. */
export abstract class Living extends Recipient {
  declare readonly behaviour: Behaviour
  declare readonly key: string
  declare phase: number
  declare rare: Rare | undefined

  get protocol(): Protocol {
    return this.behaviour.protocol
  }

  /** `Counter/a`. */
  get name(): string {
    return actorName(this.behaviour.protocol, this.key)
  }

  /** How long it may take to handle what it has accepted, when it is stopped. */
  get shutdownMillis(): number {
    return this.rare?.shutdownMillis ?? this.behaviour.shutdownMillis
  }

  /** The rare part, made on first use. */
  more(): Rare {
    return this.rare ??= new Rare()
  }

  /** Whether it accepts nothing any more and handles what it has accepted. */
  get isDraining(): boolean {
    return this.rare?.isDraining === true
  }

  stopWaiting(waiter: Waiter): void {
    this.rare?.waiters.abandon(waiter)
  }

  /** The number by which the main thread knows it, if that has placed it here. */
  get number(): number {
    return this.rare === undefined ? 0 : this.rare.number
  }

  /** Whether it has ended for everybody. */
  get hasStopped(): boolean {
    return this.phase === STOPPED
  }

  /** Why it ends, or has ended. */
  get reason(): ExitReason {
    return this.rare?.reason ?? scopeClosed
  }

  /** Calls back once when the actor has stopped; at once when it has. */
  whenStopped(listener: (reason: ExitReason) => void): void {
    if (this.hasStopped) listener(this.more().reason)
    else {
      const rare = this.more()
      rare.onStop ??= new Set()
      rare.onStop.add(listener)
    }
  }

  /** Calls back once when the actor begins to drain: it accepts nothing any more, and has not ended. */
  whenDraining(listener: (reason: ExitReason) => void): void {
    const rare = this.more()
    rare.onDrain ??= new Set()
    rare.onDrain.add(listener)
  }

  /** Forgets a listener of {@link whenStopped} and of {@link whenDraining}. */
  unwatch(listener: (reason: ExitReason) => void): void {
    this.rare?.onStop?.delete(listener)
    this.rare?.onDrain?.delete(listener)
  }
}
