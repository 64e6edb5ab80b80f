/**
 * An ask of an actor on another thread, on the side of the asker.
 *
 * The other side answers every ask exactly once, also one that was withdrawn; until then the number of the ask stays in
 * use, so that a reply can never reach a later ask.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Tracer from "effect/Tracer"
import * as ActorError from "../../actor/ActorError.ts"
import { Deadline, type Deadlines } from "../../actor/kernel/Deadlines.ts"
import type { Protocol } from "../../actor/kernel/Protocol.ts"
import type { Resume, Waiter } from "../../actor/kernel/Recipient.ts"
import type { Region } from "../../memory/Region.ts"
import * as Envelope from "./envelope.ts"
import * as ExitRecord from "./exitRecord.ts"
import type { Outbound, PendingAsk } from "./outbound.ts"

/** The actor that is asked. */
export interface Asked {
  readonly name: string
  readonly protocol: Protocol
  readonly deadlines: Deadlines
  stopWaiting(waiter: Waiter): void
}

/** See the module. */
export class RemoteAsk extends Deadline implements PendingAsk {
  declare readonly recipient: Asked
  declare readonly index: number
  declare readonly payload: unknown
  declare readonly span: Tracer.AnySpan | undefined
  declare readonly timeoutMillis: number
  /** Where it was sent, and under which number. */
  declare outbound: Outbound | undefined
  declare id: number
  /** Set while it waits for room. */
  declare waiter: Waiter | undefined
  declare private resume: Resume | undefined
  constructor(
    recipient: Asked,
    index: number,
    payload: unknown,
    span: Tracer.AnySpan | undefined,
    timeoutMillis: number,
    resume: Resume
  ) {
    super()
    this.recipient = recipient
    this.index = index
    this.payload = payload
    this.span = span
    this.timeoutMillis = timeoutMillis
    this.outbound = undefined
    this.id = -1
    this.waiter = undefined
    this.resume = resume
  }

  get tag(): string {
    return this.recipient.protocol.tags[this.index]!
  }

  /** Hands the asker its outcome; later outcomes go nowhere. */
  settle(exit: Exit.Exit<unknown, unknown>): void {
    const resume = this.resume
    if (resume === undefined) return
    this.resume = undefined
    this.recipient.deadlines.remove(this)
    try {
      resume(exit)
    } catch (thrown) {
      // A callback of `askUnsafe` that throws is no business of the link that brought the reply.
      Effect.runFork(Effect.logError(`who asked ${this.recipient.name} could not take the reply`, thrown))
    }
  }

  private timedOut(): Exit.Exit<never, ActorError.AskTimeout> {
    const { tag, timeoutMillis } = this
    return Exit.fail(new ActorError.AskTimeout({ actor: this.recipient.name, tag, timeoutMillis }))
  }

  expire(): void {
    const resume = this.resume
    this.withdraw()
    resume?.(this.timedOut())
  }

  /** The asker has gone: the handler is interrupted, and what it answers reaches nobody. */
  withdraw(): void {
    if (this.resume === undefined) return
    this.resume = undefined
    this.recipient.deadlines.remove(this)
    if (this.waiter !== undefined) this.recipient.stopWaiting(this.waiter)
    if (this.outbound !== undefined) {
      this.outbound.words(Envelope.typeOf(Envelope.INTERRUPT, 0, 0), this.id, 0, true)
    }
  }

  /** The thread of the actor has gone. */
  lost(thread: string, reason: string): void {
    const undelivered = { tag: this.tag, payload: this.payload }
    this.settle(Exit.fail(new ActorError.ThreadLost({ actor: this.recipient.name, thread, reason, undelivered })))
  }

  /** Reads the reply and settles. */
  replied(outcome: number, region: Region, offset: number, end: number): void {
    if (this.resume === undefined) return
    let exit: Exit.Exit<unknown, unknown>
    try {
      exit = this.read(outcome, region, offset, end)
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      this.settle(Exit.die(new Error(`${this.recipient.name}: the reply to ${this.tag} cannot be read: ${why}`)))
      throw error
    }
    this.settle(exit)
  }

  private read(outcome: number, region: Region, offset: number, end: number): Exit.Exit<unknown, unknown> {
    const message = this.recipient.protocol.messages[this.index]!
    const actor = this.recipient.name
    const undelivered = { tag: message.tag, payload: this.payload }
    switch (outcome) {
      case Envelope.REPLIED:
        return Exit.succeed(message.success.read(region, offset, end))
      case Envelope.FAILED:
        return Exit.fail(message.error.read(region, offset, end))
      case Envelope.CAUSE:
        return Exit.failCause(message.cause.read(region, offset, end))
      case Envelope.NOT_HANDLED_STOPPED: {
        const reason = ExitRecord.read(region, offset, end)
        return Exit.fail(new ActorError.ActorStopped({ actor, reason, undelivered }))
      }
      case Envelope.NOT_HANDLED_RESTARTING:
        return Exit.fail(new ActorError.ActorRestarting({ actor, undelivered }))
      case Envelope.NOT_HANDLED_LAYOUT: {
        const there = region.u32[offset >> 2]!
        return Exit.fail(new ActorError.LayoutMismatch({ actor, here: this.recipient.protocol.layoutHash, there }))
      }
      case Envelope.WITHDRAWN:
        // An asker that still waits hears it when the other side was the first to find that its time is over.
        return this.timedOut()
      default:
        return Exit.die(new Error(`${actor}: ${Envelope.readText(region, offset, end)}`))
    }
  }
}
