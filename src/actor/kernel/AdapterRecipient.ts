/**
 * An actor as those see it who speak another protocol: what they send is put into its mailbox as a message of its own, at once and whatever thread they are on.
 *
 * ```text
 *  Printed (tell or ask) ─▶ AdapterRecipient ─▶ mailbox: Done, and Printed as it was sent ─▶ its turn: the mapping, then the handler of Done
 * ```
 *
 * So it keeps its place among all that its sender sends to the actor, takes room in that mailbox like any other message, and what the mapping throws is thrown in the actor's turn.
 * It is the owner of no account: what waits is the mailbox's, and an ask stands there with its asker's behind it. It ends with the incarnation that has made it.
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type * as Tracer from "effect/Tracer"
import { ActorStopped, type TellError } from "../ActorError.ts"
import { timeoutMillis } from "../AskTimeout.ts"
import { type ExitReason, scopeClosed } from "../ExitReason.ts"
import { refusalOf, sayable } from "../internal/admission.ts"
import { type Asked, LocalAsk } from "../internal/localAsk.ts"
import { LocalTimedAsk } from "../internal/localTimedAsk.ts"
import type { Rare } from "../internal/rare.ts"
import { Adapted, asSent } from "./Adapted.ts"
import { awaiting, forsaking } from "./Awaiting.ts"
import type { Behaviour } from "./Behaviour.ts"
import type { Cell } from "./Cell.ts"
import type { Answered, Awaited, Command } from "./Command.ts"
import type { Handover } from "./Forwarded.ts"
import type { Mailbox } from "./Mailbox.ts"
import { BROKEN, deliverable } from "./Payload.ts"
import { STOPPING } from "./Phase.ts"
import { actorName, type Protocol } from "./Protocol.ts"
import {
  answerTo,
  type Asker,
  INVALID,
  type Outcome,
  Recipient,
  REFUSED,
  TAKEN,
  type Waiter,
  type Withdrawable
} from "./Recipient.ts"
import type { Resident } from "./Resident.ts"
import { TimedAsker } from "./TimedAsker.ts"
import { Ask, INDEX_MASK, ORIGIN_SHIFT, replaysOf, Traced, type Word, wordOf } from "./Word.ts"

/** Which message of the actor a message becomes, and what that says. */
export interface Becomes {
  readonly index: number
  readonly payload: (payload: unknown) => unknown
}

// An ask in the mailbox of the actor: as which message it stands there, and whose outcome it is.
class AskThrough extends Ask {
  declare private readonly asked: Ask
  constructor(word: number, asked: Ask) {
    super(word, asked.span)
    this.asked = asked
  }

  override isOver(): boolean {
    return this.asked.isOver()
  }

  settle(exit: Exit.Exit<unknown, unknown>): void {
    this.asked.settle(exit)
  }

  override forward(handover: Handover): void {
    this.asked.forward(handover)
  }

  restarting(payload: unknown): void {
    this.asked.restarting(asSent(payload))
  }

  stopped(reason: ExitReason, payload: unknown, begun?: boolean): void {
    this.asked.stopped(reason, asSent(payload), begun)
  }
}

// Who is waited for is the actor, under its own name.
class AdaptedAsk extends LocalAsk {
  override get awaited(): Awaited {
    const { cell } = this.cell as AdapterRecipient
    return { name: cell.name, whom: cell, system: cell.host }
  }
}

/** See the module. */
export class AdapterRecipient extends Recipient implements Resident, Asked {
  declare readonly protocol: Protocol
  declare readonly key: string
  /** The actor. */
  declare readonly cell: Cell
  /** Its behaviour, as who speaks the other protocol sees it. */
  declare readonly behaviour: Behaviour
  declare private readonly becomes: ReadonlyArray<Becomes>
  /** In the mailbox of the actor, by what its sender knows. */
  declare private readonly asks: WeakMap<Ask, AskThrough>
  declare private readonly waiters: WeakMap<Waiter, Waiter>
  declare private readonly listeners: Set<(reason: ExitReason) => void>
  declare private ended: ExitReason | undefined
  constructor(cell: Cell, protocol: Protocol, becomes: ReadonlyArray<Becomes>) {
    super()
    this.protocol = protocol
    this.key = cell.name
    this.cell = cell
    this.behaviour = { ...cell.behaviour, protocol }
    this.becomes = becomes
    this.asks = new WeakMap()
    this.waiters = new WeakMap()
    this.listeners = new Set()
    this.ended = undefined
    protocol.prepare(cell.host.carriage)
  }

  /** `Printer/Job/a`: a printer, as far as its senders know, which is `Job/a`. */
  get name(): string {
    return actorName(this.protocol, this.key)
  }

  get host(): Cell["host"] {
    return this.cell.host
  }

  get mailbox(): Mailbox | undefined {
    return this.cell.mailbox
  }

  get phase(): number {
    return this.cell.phase
  }

  get rare(): Rare | undefined {
    return this.cell.rare
  }

  more(): Rare {
    return this.cell.more()
  }

  override get running(): Recipient {
    return this.cell
  }

  depth(): number {
    return this.cell.depth()
  }

  private adapted(index: number, payload: unknown): Adapted {
    const { becomes, cell } = this
    const own = becomes[index]!
    return new Adapted(this, index, payload, () => sayable(cell, own.index, own.payload(payload)))
  }

  // ---- senders of this thread

  tell(index: number, payload: unknown, span: Tracer.AnySpan | undefined): Outcome {
    const valid = deliverable(this.protocol.messages[index]!, payload, this.host.freight)
    if (valid === BROKEN) return INVALID
    if (this.hasStopped) return REFUSED
    return this.cell.offer(this.becomes[index]!.index, this.adapted(index, valid), span)
  }

  refusal(index: number, payload: unknown, outcome: Outcome): TellError {
    const { ended, name: actor } = this
    if (ended === undefined || outcome === INVALID) return refusalOf(this, index, payload, outcome)
    return new ActorStopped({
      actor,
      reason: ended,
      begun: false,
      undelivered: { tag: this.protocol.tags[index]!, payload }
    })
  }

  waitForRoom(waiter: Waiter): void {
    const { ask, index, payload } = waiter
    const through = ask === undefined ? undefined : this.through(ask, 0)
    const inside: Waiter = {
      ...waiter,
      index: this.becomes[index]!.index,
      payload: this.adapted(index, payload),
      ask: through,
      done: (refusal) => waiter.done(refusal === undefined ? undefined : this.refusal(index, payload, REFUSED))
    }
    this.waiters.set(waiter, inside)
    this.cell.waitForRoom(inside)
  }

  stopWaiting(waiter: Waiter): void {
    waiter.abandoned = true
    const inside = this.waiters.get(waiter)
    if (inside !== undefined) this.cell.stopWaiting(inside)
  }

  ask(
    index: number,
    payload: unknown,
    span: Tracer.AnySpan | undefined,
    fiber: Fiber.Fiber<unknown, unknown>,
    timeout: Duration.Input | undefined
  ): Effect.Effect<unknown, unknown> {
    const message = this.protocol.messages[index]!
    const valid = deliverable(message, payload, this.host.freight)
    if (valid === BROKEN) return Exit.fail(this.refusal(index, payload, INVALID))
    return awaiting(fiber, span, message, (resume) => {
      const limit = timeoutMillis(fiber, timeout)
      return forsaking(new AdaptedAsk(this, index, span, resume).enqueue(valid, limit)?.waitedForBy(fiber))
    })
  }

  askUnsafe(index: number, payload: unknown, timeoutMillis: number, asker: Asker): Withdrawable | undefined {
    const valid = deliverable(this.protocol.messages[index]!, payload, this.host.freight)
    if (valid === BROKEN) return answerTo(asker, Exit.fail(this.refusal(index, payload, INVALID)))
    const ask = asker instanceof TimedAsker
      ? new LocalTimedAsk(this, index, asker)
      : new AdaptedAsk(this, index, undefined, typeof asker === "function" ? asker : (exit) => asker.end(exit))
    return ask.enqueue(valid, timeoutMillis)
  }

  enqueueAsk(ask: Ask, payload: unknown): Outcome {
    if (this.ended === undefined) {
      return this.cell.enqueueAsk(this.through(ask, 0), this.adapted(ask.word, payload))
    }
    ask.stopped(this.ended, payload)
    return TAKEN
  }

  private through(ask: Ask, origin: number): AskThrough {
    const through = new AskThrough(origin | this.becomes[ask.word & INDEX_MASK]!.index, ask)
    this.asks.set(ask, through)
    return through
  }

  cancel(ask: Ask): boolean {
    const through = this.asks.get(ask)
    return through !== undefined && this.cell.cancel(through)
  }

  // ---- senders of other threads

  get isAtHand(): boolean {
    return false
  }

  receive(): void {}

  deliverRemote(word: Word, payload: unknown): void {
    const { becomes, cell } = this
    if (this.hasStopped) return this.undeliverable(word, payload)
    const number = wordOf(word)
    const index = number & INDEX_MASK
    const origin = number - index
    const own = origin | becomes[index]!.index
    const adapted = this.adapted(index, payload)
    if (word instanceof Ask) cell.deliverRemote(this.through(word, origin), adapted)
    else cell.deliverRemote(word instanceof Traced ? new Traced(own, word.span, replaysOf(word)) : own, adapted)
  }

  /** Settles a message that will never be handled. */
  undeliverable(word: Word, payload: unknown): void {
    const { cell: { host }, reason } = this
    host.credit(wordOf(word) >>> ORIGIN_SHIFT)
    if (word instanceof Ask) return word.stopped(reason, payload)
    const adapted = new Adapted(this, wordOf(word) & INDEX_MASK, payload, () => payload)
    host.lost(this.cell, word, adapted, { _tag: "ActorEnded", reason })
  }

  // ---- its life

  get isDraining(): boolean {
    return this.ended === undefined && this.cell.isDraining
  }

  get hasStopped(): boolean {
    return this.ended !== undefined
  }

  get reason(): ExitReason {
    return this.ended ?? this.cell.reason
  }

  /** Its incarnation has ended: nothing comes by it any more. */
  close(): void {
    if (this.ended !== undefined) return
    const { cell: { host: { after }, phase, reason } } = this
    const ended = phase >= STOPPING ? reason : scopeClosed
    this.ended = ended
    for (const listener of this.listeners) after.add(() => listener(ended))
    this.listeners.clear()
    after.run()
  }

  whenStopped(listener: (reason: ExitReason) => void): void {
    if (this.ended !== undefined) listener(this.ended)
    else this.listeners.add(listener)
  }

  /** While the actor drains nothing is taken of anybody, and it has not ended. */
  whenDraining(listener: (reason: ExitReason) => void): void {
    this.cell.whenDraining(listener)
  }

  unwatch(listener: (reason: ExitReason) => void): void {
    this.listeners.delete(listener)
    this.cell.unwatch(listener)
  }

  /** Commands are given to the actor. */
  command(command: Command, answered: Answered): () => void {
    return this.cell.command(command, answered)
  }
}
