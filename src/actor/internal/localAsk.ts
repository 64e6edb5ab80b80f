/**
 * An ask of an actor on the same thread.
 *
 * The asker's fiber is suspended; whoever comes first (the handler, the deadline, the interruption of the asker) settles
 * it, and every later outcome goes nowhere.
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type * as Tracer from "effect/Tracer"
import type { Turn } from "../../runtime/Turn.ts"
import * as ActorError from "../ActorError.ts"
import { timeoutMillis } from "../AskTimeout.ts"
import type { ExitReason } from "../ExitReason.ts"
import type { Behaviour } from "../kernel/Behaviour.ts"
import type { Awaited, Commandable } from "../kernel/Command.ts"
import { Deadline, type Deadlines } from "../kernel/Deadlines.ts"
import type { Dispatcher, Runnable } from "../kernel/Dispatcher.ts"
import { answersLater, type Handover } from "../kernel/Forwarded.ts"
import type { Freight } from "../kernel/Freight.ts"
import { type HandingHost, handOn, whyUnanswered } from "../kernel/HandingOn.ts"
import type { Found, Inquiries } from "../kernel/Inquiry.ts"
import type { Mailbox } from "../kernel/Mailbox.ts"
import { checkedReply, discardReply, dropReply, movesBack } from "../kernel/Payload.ts"
import { INVALID, NO_ROOM, type Outcome, Recipient, REFUSED, type Resume, type Waiter } from "../kernel/Recipient.ts"
import { type Wait, type Waits, waitsOf } from "../kernel/Waits.ts"
import { Ask } from "../kernel/Word.ts"
import { MAX_INLINE } from "./nesting.ts"

/** What an ask needs of the cell it asks. */
export interface Asked extends Commandable {
  readonly name: string
  readonly behaviour: Behaviour
  readonly host: HandingHost & {
    readonly deadlines: Deadlines
    readonly inquiries: Inquiries
    readonly dispatcher: Dispatcher
    readonly freight: Freight
    readonly turn: Turn
    /** How many asks, builds and ends are under way inside of each other on this stack. */
    inlineDepth: number
    /** Logs what somebody else's code has thrown. */
    fault(where: string, defect: unknown): void
  }
  /** Puts the ask into the mailbox, or says that there is no room. */
  enqueueAsk(ask: Ask, payload: unknown): Outcome
  waitForRoom(waiter: Waiter): void
  stopWaiting(waiter: Waiter): void
  refusal(index: number, payload: unknown, outcome: Outcome): ActorError.TellError
  cancel(ask: Ask): boolean
}

/** One whose handler is called without a round through its mailbox. */
export interface Called extends Asked {
  readonly mailbox: Mailbox | undefined
  fork(handler: Effect.Effect<unknown, unknown, unknown>): Fiber.Fiber<unknown, unknown>
  suspend(fiber: Fiber.Fiber<unknown, unknown>, ask: Ask, payload: unknown): void
  finishInline(exit: Exit.Exit<unknown, unknown>, word: number, ask?: Ask, payload?: unknown): void
}

class Expiry extends Deadline {
  declare readonly ask: LocalAsk
  declare readonly timeoutMillis: number
  constructor(ask: LocalAsk, timeoutMillis: number) {
    super()
    this.ask = ask
    this.timeoutMillis = timeoutMillis
  }
  expire(): void {
    this.ask.timedOut(this.timeoutMillis)
  }
}

/** See the module. */
export class LocalAsk extends Ask implements Runnable, Wait {
  declare readonly cell: Asked
  declare private resume: Resume | undefined
  declare private expiry: Expiry | undefined
  declare private waiter: Waiter | undefined
  declare protected isSettled: boolean
  /** The outcome that has not been handed over: the asker does not wait yet, or the stack is too deep. */
  declare private outcome: Exit.Exit<unknown, unknown> | undefined
  /** The reply with which something has come. */
  declare private brings: Exit.Exit<unknown, unknown> | undefined
  /** Takes it back from the actor that it was handed on to. */
  declare private giveUp: (() => void) | undefined
  declare private handedOn: Awaited | undefined
  /** Where it is noted while its asker waits, if that is an actor. */
  declare private waits: Waits | undefined
  /** Its time is over, and who waits for whom is being found out; gives that up. */
  declare private inquiry: (() => void) | undefined
  declare protected isExpired: boolean
  constructor(cell: Asked, index: number, span: Tracer.AnySpan | undefined, resume: Resume | undefined) {
    super(index, span)
    this.cell = cell
    this.resume = resume
    this.expiry = undefined
    this.waiter = undefined
    this.isSettled = false
    this.outcome = undefined
    this.brings = undefined
    this.giveUp = undefined
    this.handedOn = undefined
    this.waits = undefined
    this.inquiry = undefined
    this.isExpired = false
  }

  get awaited(): Awaited {
    const { cell, handedOn } = this
    return handedOn ?? { name: cell.name, whom: cell, system: cell.host }
  }

  /** Notes who waits for it, unless it has its outcome. */
  waitedForBy(fiber: Fiber.Fiber<unknown, unknown>): this {
    if (!this.isSettled) {
      this.waits = waitsOf(fiber)
      this.waits?.add(this)
    }
    return this
  }

  // Its time is over while it waits for its turn, or is put off.
  override isOver(): boolean {
    return this.isExpired
  }

  /** The outcome of the handler; a reply is held to its schema, as between threads. */
  settle(exit: Exit.Exit<unknown, unknown>): void {
    const { cell } = this
    const message = cell.behaviour.protocol.messages[this.word]!
    if (this.isSettled || this.cancelled || this.isExpired) return discardReply(message, cell, exit)
    const reply = checkedReply(message, cell, exit)
    // To look at it is somebody's code, after which nobody may wait for it any more.
    if (this.isSettled) return discardReply(message, cell, reply)
    if (movesBack(message)) this.brings = reply
    this.finish(reply)
  }

  override forward(handover: Handover): void {
    if (this.isSettled || this.cancelled || this.isExpired) return
    const { behaviour: { context, protocol }, host } = this.cell
    const { recipient, to } = handover
    this.handedOn = { name: to, whom: recipient instanceof Recipient ? recipient : undefined }
    const message = protocol.messages[this.word]!
    this.giveUp = handOn(host, context, this, message, handover, (exit) => {
      const unanswered = whyUnanswered(message, exit)
      if (unanswered === undefined) this.settle(exit)
      else this.finish(Exit.fail(unanswered))
    })
  }

  protected finish(exit: Exit.Exit<unknown, unknown>): void {
    if (this.isSettled) return
    this.isSettled = true
    this.waiter = undefined
    const { expiry, resume } = this
    const { host } = this.cell
    if (expiry !== undefined) host.deadlines.remove(expiry)
    this.forget()
    if (resume === undefined || host.inlineDepth >= MAX_INLINE) {
      this.outcome = exit
      if (resume !== undefined) host.dispatcher.enqueue(this)
      return
    }
    this.resume = undefined
    this.handOver(resume, exit)
  }

  // A callback of `askUnsafe` that throws is no business of the actor that answers.
  private handOver(resume: Resume, exit: Exit.Exit<unknown, unknown>): void {
    const { cell } = this
    const { host } = cell
    host.inlineDepth++
    try {
      resume(exit)
    } catch (thrown) {
      host.fault(`who asked ${cell.name} could not take the reply`, thrown)
    }
    host.inlineDepth--
  }

  /** Hands over the reply that came too deep in the stack; its asker may have gone by now. */
  run(): void {
    const { outcome, resume } = this
    this.resume = undefined
    this.outcome = undefined
    if (outcome !== undefined && resume !== undefined) this.handOver(resume, outcome)
  }

  failed(defect: unknown): void {
    this.cell.host.fault(`an ask of ${this.cell.name}`, defect)
  }

  /** Its time is over: what it is answered from here on reaches nobody. */
  timedOut(timeoutMillis: number): void {
    if (this.isSettled) return
    this.isExpired = true
    const { awaited, cell: { host }, waits } = this
    this.inquiry = host.inquiries.begin(
      waits?.blocked,
      awaited,
      timeoutMillis,
      (found) => this.late(timeoutMillis, found),
      waits?.system
    )
  }

  // The handler is interrupted first.
  private late(timeoutMillis: number, found: Found): void {
    const { cell, resume, word } = this
    this.withdraw()
    const tag = cell.behaviour.protocol.tags[word]!
    const timeout = new ActorError.AskTimeout({ actor: cell.name, tag, timeoutMillis, ...found })
    if (resume !== undefined) this.handOver(resume, Exit.fail(timeout))
  }

  private forget(): void {
    this.waits?.delete(this)
    this.inquiry?.()
  }

  restarting(payload: unknown): void {
    const undelivered = this.unhandled(payload)
    this.finish(Exit.fail(new ActorError.ActorRestarting({ actor: this.cell.name, undelivered })))
  }

  stopped(reason: ExitReason, payload: unknown, begun = false): void {
    const undelivered = this.unhandled(payload)
    this.finish(Exit.fail(new ActorError.ActorStopped({ actor: this.cell.name, reason, begun, undelivered })))
  }

  // What moves with a question that no handler has is released, as on another thread.
  private unhandled(payload: unknown): ActorError.Undelivered {
    const { behaviour: { protocol }, host: { freight } } = this.cell
    if (this.freight !== undefined) freight.drop(this.freight)
    this.freight = undefined
    return { tag: protocol.tags[this.word]!, payload: freight.given(payload) }
  }

  // The outcome of waiting for room: nothing to say when the ask is in the mailbox now.
  private refuse(refusal: ActorError.TellError | undefined): void {
    this.waiter = undefined
    if (refusal !== undefined) this.finish(Exit.fail(refusal))
  }

  /** It is being answered: it has no deadline any more. */
  protected begun(): void {
    if (this.expiry !== undefined) this.cell.host.deadlines.remove(this.expiry)
  }

  private watch(timeoutMillis: number): void {
    if (timeoutMillis === Infinity || this.isSettled) return
    this.expiry = new Expiry(this, timeoutMillis)
    this.cell.host.deadlines.add(this.expiry, timeoutMillis)
  }

  /** The asker has gone: the handler does not start, or is interrupted; nobody waits for its finalizers. */
  withdraw(): void {
    const { outcome } = this
    this.resume = undefined
    this.outcome = undefined
    // It has its reply, which nobody has taken.
    if (outcome !== undefined) this.drop()
    if (this.isSettled) return
    this.isSettled = true
    this.forget()
    if (this.expiry !== undefined) this.cell.host.deadlines.remove(this.expiry)
    if (this.waiter !== undefined) this.cell.stopWaiting(this.waiter)
    this.cell.cancel(this)
    this.giveUp?.()
  }

  forsake(): void {
    this.withdraw()
    this.drop()
  }

  // Releases what has come with its reply.
  private drop(): void {
    const { brings, cell } = this
    this.brings = undefined
    if (brings !== undefined) dropReply(cell, brings)
  }

  /** Asks through the mailbox; answers nothing when it is settled already. */
  enqueue(payload: unknown, timeoutMillis: number): this | undefined {
    const { cell, span, word: index } = this
    const outcome = cell.enqueueAsk(this, payload)
    if (outcome === REFUSED || outcome === INVALID) {
      this.finish(Exit.fail(cell.refusal(index, payload, outcome)))
      return undefined
    }
    if (outcome === NO_ROOM) {
      this.waiter = { index, payload, span, ask: this, done: (refusal) => this.refuse(refusal), abandoned: false }
      cell.waitForRoom(this.waiter)
    }
    this.watch(timeoutMillis)
    return this
  }

  /**
   * Goes on with an ask whose handler was called at once and turned out not to answer at once; answers the outcome if
   * there is one by now.
   *
   * The cell waits for its handler from here on, whether or not the asker ever comes to wait for the reply.
   */
  static started(
    cell: Called,
    index: number,
    payload: unknown,
    handler: Effect.Effect<unknown, unknown, unknown>
  ): LocalAsk | Exit.Exit<unknown, unknown> {
    const { mailbox } = cell
    const held = mailbox?.isTracking === true ? new LocalAsk(cell, index, undefined, undefined) : undefined
    if (held !== undefined) mailbox!.hold(held, payload)
    const fiber = cell.fork(handler)
    const exit = fiber.pollUnsafe()
    if (exit !== undefined && !answersLater(exit)) {
      cell.finishInline(exit, index)
      return exit
    }
    const ask = held ?? new LocalAsk(cell, index, undefined, undefined)
    if (exit === undefined) cell.suspend(fiber, ask, payload)
    else cell.finishInline(exit, index, ask, payload)
    return ask
  }

  /** An ask that was answered at once, with something that moves: nobody's until its asker waits for it, and goes on. */
  static answered(cell: Called, index: number, reply: Exit.Exit<unknown, unknown>): LocalAsk {
    const ask = new LocalAsk(cell, index, undefined, undefined)
    ask.isSettled = true
    ask.outcome = ask.brings = reply
    return ask
  }

  /** Waits for the reply of an ask that has {@link started}. */
  await(timeoutMillis: number, resume: Resume): void {
    if (this.isSettled && this.outcome === undefined) return
    this.resume = resume
    // The asker's fiber may have yielded in between, and the reply may have come meanwhile: the asker hears of it when it waits.
    if (this.outcome !== undefined) return this.cell.host.dispatcher.enqueue(this)
    this.watch(timeoutMillis)
  }
}

/** How long an ask may wait. A timeout that is none is its defect, and the handler that has started by then ends with it. */
export const limitOf = (
  asked: LocalAsk | undefined,
  fiber: Fiber.Fiber<unknown, unknown>,
  timeout: Duration.Input | undefined
): number => {
  try {
    return timeoutMillis(fiber, timeout)
  } catch (thrown) {
    asked?.withdraw()
    throw thrown
  }
}
