/**
 * An ask of an actor on another thread, on the side of the asker.
 *
 * The other side answers every ask exactly once, also one that was withdrawn; until then the number of the ask stays in
 * use, so that a reply can never reach a later ask.
 */
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type * as Tracer from "effect/Tracer"
import * as ActorError from "../../actor/ActorError.ts"
import type { ExitReason } from "../../actor/ExitReason.ts"
import type { Awaited, Commandable } from "../../actor/kernel/Command.ts"
import { Deadline } from "../../actor/kernel/Deadlines.ts"
import type { Found } from "../../actor/kernel/Inquiry.ts"
import type { Message } from "../../actor/kernel/Protocol.ts"
import type { Recipient, Resume, Waiter } from "../../actor/kernel/Recipient.ts"
import { type Wait, type Waits, waitsOf } from "../../actor/kernel/Waits.ts"
import type { Region } from "../../memory/Region.ts"
import { messageOf } from "../../runtime/Text.ts"
import * as Carriage from "../../wire/Carriage.ts"
import type { Codec } from "../../wire/Codec.ts"
import { wrong } from "./answeredAsk.ts"
import * as Envelope from "./envelope.ts"
import * as ExitRecord from "./exitRecord.ts"
import type { Home } from "./home.ts"
import type { Outbound, PendingAsk } from "./outbound.ts"
import * as Unanswered from "./unanswered.ts"

/** Who is asked. */
export interface Asked extends Pick<Recipient, "protocol" | "stopWaiting"> {
  /** Who is to have a payload, and what that is for its sender. */
  nameFor(payload: unknown): string
  givenAs(payload: unknown): unknown
  /** Why it cannot be asked whose messages are laid out otherwise. */
  mismatch(actor: string, there: number): ActorError.LayoutMismatch
  /** The same one, beside its messages. */
  commandableFor(payload: unknown): Commandable
}

/** See the module. */
export class RemoteAsk extends Deadline implements PendingAsk, Wait {
  declare readonly index: number
  declare readonly payload: unknown
  declare readonly span: Tracer.AnySpan | undefined
  declare readonly timeoutMillis: number
  /** How many elements may be on their way, of a stream that answers it. */
  declare readonly window: number
  /** Where it was sent, under which number and serial. */
  declare outbound: Outbound | undefined
  declare number: number
  declare serial: number
  /** Has an ask in a lane taken back, which belongs to no link. */
  declare withdrawing: (() => void) | undefined
  /** Set while it waits for room. */
  declare waiter: Waiter | undefined
  declare protected readonly home: Home
  /** Who is asked. */
  declare private readonly recipient: Asked
  declare private resume: Resume | undefined
  /** Where it is noted while its asker waits, if that is an actor. */
  declare private waits: Waits | undefined
  /** Its time is over, and who waits for whom is being found out; gives that up. */
  declare private inquiry: (() => void) | undefined
  declare private isExpired: boolean
  /** What has come with its reply. */
  declare private brought: Carriage.Cargo
  constructor(
    home: Home,
    recipient: Asked,
    index: number,
    payload: unknown,
    span: Tracer.AnySpan | undefined,
    timeoutMillis: number,
    resume: Resume,
    window = 0
  ) {
    super()
    this.home = home
    this.recipient = recipient
    this.index = index
    this.payload = payload
    this.span = span
    this.timeoutMillis = timeoutMillis
    this.window = window
    this.outbound = undefined
    this.number = -1
    this.serial = 0
    this.withdrawing = undefined
    this.waiter = undefined
    this.resume = resume
    this.waits = undefined
    this.inquiry = undefined
    this.isExpired = false
    this.brought = Carriage.empty
  }

  get awaited(): Awaited {
    return { name: this.actor, whom: this.recipient.commandableFor(this.payload), system: this.home.host }
  }

  /** Notes who waits for it, unless it has its outcome. */
  waitedForBy(fiber: Fiber.Fiber<unknown, unknown>): this {
    if (this.resume !== undefined) {
      this.waits = waitsOf(fiber)
      this.waits?.add(this)
    }
    return this
  }

  // It waits no longer, whatever has come of it.
  private forget(): void {
    this.home.host.deadlines.remove(this)
    this.waits?.delete(this)
    this.inquiry?.()
  }

  protected get actor(): string {
    return this.recipient.nameFor(this.payload)
  }

  protected get tag(): string {
    return this.recipient.protocol.tags[this.index]!
  }

  private get undelivered(): ActorError.Undelivered {
    return { tag: this.tag, payload: this.recipient.givenAs(this.payload) }
  }

  /** Hands the asker its outcome; later outcomes go nowhere. */
  settle(exit: Exit.Exit<unknown, unknown>): void {
    const { resume, waiter } = this
    if (resume === undefined) return
    this.resume = undefined
    this.waiter = undefined
    this.forget()
    if (waiter !== undefined) this.recipient.stopWaiting(waiter)
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

  private timedOut(found?: Found): Exit.Exit<never, ActorError.AskTimeout> {
    const { actor, timeoutMillis } = this
    return Exit.fail(new ActorError.AskTimeout({ actor, tag: this.tag, timeoutMillis, ...found }))
  }

  expire(): void {
    if (!this.isAwaited) return
    this.isExpired = true
    const { awaited, home: { host }, timeoutMillis, waits } = this
    this.inquiry = host.inquiries.begin(waits?.blocked, awaited, timeoutMillis, (found) => {
      const { resume } = this
      this.withdraw()
      if (resume !== undefined) this.handOver(resume, this.timedOut(found))
    }, waits?.system)
  }

  /** The asker has gone: the handler is interrupted, and what it answers reaches nobody. */
  withdraw(): void {
    const { outbound, waiter } = this
    if (this.resume === undefined) return
    this.resume = undefined
    this.waiter = undefined
    this.forget()
    if (waiter !== undefined) this.recipient.stopWaiting(waiter)
    this.withdrawing?.()
    if (outbound === undefined || outbound.isDown) return
    outbound.control.words(Envelope.typeOf(Envelope.INTERRUPT, 0, 0), this.number, this.serial, true)
  }

  forsake(): void {
    this.withdraw()
    Carriage.drop(this.brought)
  }

  get isAwaited(): boolean {
    return this.resume !== undefined && !this.isExpired
  }

  /** The actor has ended, and there will be no answer: nobody says whether it had begun. */
  stopped(reason: ExitReason): void {
    const { actor, undelivered } = this
    this.settle(Exit.fail(new ActorError.ActorStopped({ actor, reason, begun: "unknown", undelivered })))
  }

  /** The thread of the actor has gone. */
  lost(thread: string, reason: string): void {
    const { actor, undelivered } = this
    this.settle(Exit.fail(new ActorError.ThreadLost({ actor, thread, reason, undelivered })))
  }

  /** Reads the reply and settles. */
  replied(outcome: number, word: number, region: Region, offset: number, end: number): void {
    if (!this.isAwaited) {
      // There is nobody to interrupt any more.
      this.outbound = undefined
      return this.discard(outcome, region, offset, end)
    }
    const { carriage } = this.home
    let exit: Exit.Exit<unknown, unknown>
    try {
      carriage.arrived = Carriage.empty
      exit = this.read(outcome, word, region, offset, end)
      this.brought = carriage.arrived
    } catch (error) {
      const text = `${this.actor}: the reply to ${this.tag} cannot be read: ${messageOf(error)}`
      this.settle(Exit.die(new Error(text)))
      throw error
    }
    this.settle(exit)
  }

  protected get message(): Message {
    return this.recipient.protocol.messages[this.index]!
  }

  // A reply that nobody waits for.
  private discard(outcome: number, region: Region, offset: number, end: number): void {
    const { home, message } = this
    if (outcome === Envelope.REPLIED) home.discard(message.success, region, offset, end)
    else if (!message.error.carries) return
    else if (outcome === Envelope.FAILED) home.discard(message.error, region, offset, end)
    else if (outcome === Envelope.CAUSE) home.discard(message.cause as Codec<unknown>, region, offset, end)
  }

  protected read(
    outcome: number,
    word: number,
    region: Region,
    offset: number,
    end: number
  ): Exit.Exit<unknown, unknown> {
    const { home, message } = this
    switch (outcome) {
      case Envelope.REPLIED:
        return Exit.succeed(home.receive(message.success, region, offset, end))
      case Envelope.FAILED:
        return Exit.fail(home.receive(message.error, region, offset, end))
      case Envelope.CAUSE:
        return Exit.failCause(home.receive(message.cause, region, offset, end))
      case Envelope.UNANSWERED:
        return Exit.fail(Unanswered.codec().read(region, offset, end))
      case Envelope.WITHDRAWN:
        // An asker that still waits hears it when the other side was the first to find that its time is over.
        return this.timedOut()
      case Envelope.REPLY_UNSENDABLE:
        return Exit.die(new Error(`${this.actor}: ${wrong.read(region, offset, end)}`))
      default:
        return Exit.fail(this.notHandled(outcome, word, region, offset, end))
    }
  }

  private notHandled(outcome: number, word: number, region: Region, offset: number, end: number): ActorError.AskError {
    const { actor, undelivered } = this
    switch (outcome) {
      case Envelope.NOT_HANDLED_STOPPED:
        return new ActorError.ActorStopped({
          actor,
          reason: ExitRecord.read(region, offset, end),
          begun: word === Envelope.BEGUN,
          undelivered
        })
      case Envelope.NOT_HANDLED_RESTARTING:
        return new ActorError.ActorRestarting({ actor, undelivered })
      case Envelope.NOT_HANDLED_LAYOUT:
        return this.recipient.mismatch(actor, word)
      default:
        throw new Error(`an outcome of the unknown kind ${outcome}`)
    }
  }
}
