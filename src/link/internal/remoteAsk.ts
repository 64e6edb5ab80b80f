/**
 * An ask of an actor on another thread, on the side of the asker.
 *
 * The other side answers every ask exactly once, also one that was withdrawn; until then the number of the ask stays in
 * use, so that a reply can never reach a later ask.
 */
import * as Exit from "effect/Exit"
import type * as Tracer from "effect/Tracer"
import * as ActorError from "../../actor/ActorError.ts"
import { Deadline } from "../../actor/kernel/Deadlines.ts"
import type { Protocol } from "../../actor/kernel/Protocol.ts"
import type { Resume, Waiter } from "../../actor/kernel/Recipient.ts"
import type { Region } from "../../memory/Region.ts"
import { messageOf } from "../../runtime/Text.ts"
import * as Envelope from "./envelope.ts"
import * as ExitRecord from "./exitRecord.ts"
import type { Home } from "./home.ts"
import { wrong } from "./inboundAsk.ts"
import type { Outbound, PendingAsk } from "./outbound.ts"

/** The question, and who is asked. */
export interface Question {
  readonly actor: string
  readonly protocol: Protocol
  readonly index: number
  readonly payload: unknown
  readonly span: Tracer.AnySpan | undefined
  readonly timeoutMillis: number
}

/** See the module. */
export class RemoteAsk extends Deadline implements PendingAsk {
  declare readonly question: Question
  declare readonly timeoutMillis: number
  /** Where it was sent, under which number and serial. */
  declare outbound: Outbound | undefined
  declare number: number
  declare serial: number
  /** Set while it waits for room. */
  declare waiter: Waiter | undefined
  declare private readonly home: Home
  declare private readonly stopWaiting: (waiter: Waiter) => void
  declare private resume: Resume | undefined
  constructor(home: Home, question: Question, stopWaiting: (waiter: Waiter) => void, resume: Resume) {
    super()
    this.home = home
    this.question = question
    this.timeoutMillis = question.timeoutMillis
    this.outbound = undefined
    this.number = -1
    this.serial = 0
    this.waiter = undefined
    this.stopWaiting = stopWaiting
    this.resume = resume
  }

  private get tag(): string {
    return this.question.protocol.tags[this.question.index]!
  }

  /** Hands the asker its outcome; later outcomes go nowhere. */
  settle(exit: Exit.Exit<unknown, unknown>): void {
    const { resume, waiter } = this
    if (resume === undefined) return
    this.resume = undefined
    this.waiter = undefined
    this.home.host.deadlines.remove(this)
    if (waiter !== undefined) this.stopWaiting(waiter)
    this.handOver(resume, exit)
  }

  // A callback of `askUnsafe` that throws is no business of whoever settles.
  private handOver(resume: Resume, exit: Exit.Exit<unknown, unknown>): void {
    try {
      resume(exit)
    } catch (thrown) {
      this.home.reports.failed(thrown)
    }
  }

  private timedOut(): Exit.Exit<never, ActorError.AskTimeout> {
    const { actor, timeoutMillis } = this.question
    return Exit.fail(new ActorError.AskTimeout({ actor, tag: this.tag, timeoutMillis }))
  }

  expire(): void {
    const { resume } = this
    this.withdraw()
    if (resume !== undefined) this.handOver(resume, this.timedOut())
  }

  /** The asker has gone: the handler is interrupted, and what it answers reaches nobody. */
  withdraw(): void {
    const { outbound, waiter } = this
    if (this.resume === undefined) return
    this.resume = undefined
    this.waiter = undefined
    this.home.host.deadlines.remove(this)
    if (waiter !== undefined) this.stopWaiting(waiter)
    if (outbound === undefined || outbound.isDown) return
    outbound.control.words(Envelope.typeOf(Envelope.INTERRUPT, 0, 0), this.number, this.serial, true)
  }

  /** The thread of the actor has gone. */
  lost(thread: string, reason: string): void {
    const { actor, payload } = this.question
    const undelivered = { tag: this.tag, payload }
    this.settle(Exit.fail(new ActorError.ThreadLost({ actor, thread, reason, undelivered })))
  }

  /** Reads the reply and settles. */
  replied(outcome: number, word: number, region: Region, offset: number, end: number): void {
    if (this.resume === undefined) return
    let exit: Exit.Exit<unknown, unknown>
    try {
      exit = this.read(outcome, word, region, offset, end)
    } catch (error) {
      const text = `${this.question.actor}: the reply to ${this.tag} cannot be read: ${messageOf(error)}`
      this.settle(Exit.die(new Error(text)))
      throw error
    }
    this.settle(exit)
  }

  private read(
    outcome: number,
    word: number,
    region: Region,
    offset: number,
    end: number
  ): Exit.Exit<unknown, unknown> {
    const { actor, index, payload, protocol } = this.question
    const message = protocol.messages[index]!
    const undelivered = { tag: message.tag, payload }
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
      case Envelope.NOT_HANDLED_LAYOUT:
        return Exit.fail(new ActorError.LayoutMismatch({ actor, here: protocol.layoutHash, there: word }))
      case Envelope.WITHDRAWN:
        // An asker that still waits hears it when the other side was the first to find that its time is over.
        return this.timedOut()
      default:
        return Exit.die(new Error(`${actor}: ${wrong.read(region, offset, end)}`))
    }
  }
}
