/**
 * Senders that wait for room, and how they are let in.
 */
import type * as Tracer from "effect/Tracer"
import { EVICT, REFUSE, steps, WAIT } from "../../runtime/Overflow.ts"
import * as ActorError from "../ActorError.ts"
import type { Why } from "../DeadLetters.ts"
import { Adapted } from "../kernel/Adapted.ts"
import type { Behaviour } from "../kernel/Behaviour.ts"
import type { Dispatcher } from "../kernel/Dispatcher.ts"
import type { Freight } from "../kernel/Freight.ts"
import { KEPT_NEVER, KEPT_NOT_YET, type Mailbox } from "../kernel/Mailbox.ts"
import { BROKEN, deliverable } from "../kernel/Payload.ts"
import { STOPPING } from "../kernel/Phase.ts"
import { INVALID, NO_ROOM, type Outcome, REFUSED, TAKEN, TOO_LARGE, type Waiter } from "../kernel/Recipient.ts"
import { Ask, Notice, Traced, type Word } from "../kernel/Word.ts"
import type { Aftermath } from "./aftermath.ts"
import { interrupt } from "./nesting.ts"
import type { Rare } from "./rare.ts"

/** A cell, as far as senders that wait are concerned. */
export interface Roomy {
  readonly name: string
  readonly mailbox: Mailbox | undefined
  readonly behaviour: Behaviour
  readonly host: {
    readonly dispatcher: Dispatcher
    readonly after: Aftermath
    readonly freight: Freight
    inlineDepth: number
    fault(where: string, defect: unknown): void
  }
  deliver(word: Word, payload: unknown): void
  /** Puts a tell whose payload is checked into the mailbox, if there is room. */
  offer(index: number, valid: unknown, span: Tracer.AnySpan | undefined): Outcome
  /** Nothing is let in any more: ends the actor if it has handled everything. */
  drained(): void
}

/** There is room for a message. */
export const ROOM = -1

const DROPPED_OLDEST: Why = { _tag: "Overflow", policy: "dropOldest" }

const isTell = (word: Word): boolean => !(word instanceof Ask || word instanceof Notice)

/** A cell whose mailbox is full. */
export interface Full {
  readonly behaviour: Behaviour
  readonly rare: Rare | undefined
  undeliverable(word: Word, payload: unknown, why: Why): void
}

/** What a message meets that comes to a full mailbox. TAKEN means that it is dropped, which is left to the caller. */
export const overflow = (cell: Full, mailbox: Mailbox, isAsk: boolean): Outcome | typeof ROOM => {
  const { ask, tell } = steps[cell.behaviour.overflow]
  const step = isAsk ? ask : tell
  if (cell.rare?.isDraining === true) return REFUSED
  if (step === WAIT) return NO_ROOM
  if (step === EVICT) {
    const evicted = mailbox.evict(isTell)
    if (evicted !== undefined) {
      cell.undeliverable(evicted, mailbox.takePayload(), DROPPED_OLDEST)
      return ROOM
    }
  }
  return step === REFUSE || isAsk ? REFUSED : TAKEN
}

/** Sends the messages of waiting senders for them, in the order in which they came, as far as there is room. */
export const admit = (cell: Roomy & Refusing, rare: Rare): void => {
  if (rare.isDraining) return cell.drained()
  const { waiters } = rare
  const { after, freight } = cell.host
  const { messages } = cell.behaviour.protocol
  let waiter = waiters.first()
  while (waiter !== undefined && (cell.mailbox === undefined || cell.mailbox.used < cell.behaviour.capacity)) {
    const { ask, done, index, payload, span } = waiter
    if (ask === undefined && cell.mailbox?.isLasting === true) {
      const kept = cell.mailbox.keep(index, payload, span)
      if (kept === KEPT_NOT_YET) break
      if (kept === KEPT_NEVER) {
        waiters.shift()
        waiter = waiters.first()
        after.add(() => done(refusalOf(cell, index, payload, TOO_LARGE)))
        continue
      }
    }
    waiters.shift()
    waiter = waiters.first()
    if (messages[index]!.carries) {
      if (!freight.ship(payload)) {
        const refusal = refusalOf(cell, index, payload, INVALID)
        after.add(() => done(refusal))
        continue
      }
      if (ask !== undefined) ask.freight = payload
    }
    cell.deliver(ask ?? (span === undefined ? index : new Traced(index, span)), payload)
    after.add(() => done(undefined))
  }
  after.run()
}

/**
 * The same at the next turn: the handler that is next may suspend for long, and may even wait for what the next sender has
 * to say; but senders come in by the batch, and not one a message.
 */
export const admitSoon = (cell: Roomy & Refusing, rare: Rare): void => {
  if (rare.isAdmitting) return
  rare.isAdmitting = true
  cell.host.dispatcher.enqueue({
    run: () => {
      rare.isAdmitting = false
      admit(cell, rare)
    },
    failed: (defect) => cell.host.fault(cell.name, defect)
  })
}

/** Whether this sender is the handler that the room depends on: it would wait for itself, and is refused instead. */
const waitsForItself = (cell: Roomy, waiter: Waiter, rare: Rare): boolean =>
  waiter.fiber !== undefined && waiter.fiber === rare.fiber && cell.mailbox?.isOpening !== true

/** Queues a sender, whose message is from here on what will be delivered, unless it can be sent at once or never. */
export const queue = (cell: Roomy & Refusing, rare: Rare, waiter: Waiter): void => {
  const { done, index, payload, span } = waiter
  if (waitsForItself(cell, waiter, rare) || rare.isDraining) return done(refusalOf(cell, index, payload, REFUSED))
  // An ask has been checked, and has just been told that there is no room.
  if (waiter.ask !== undefined) return rare.line.push(waiter)
  // This runs the schema, which is somebody's code: what it throws is the defect of the sender, in its fiber; and it may
  // have made room, or ended the actor. So room is asked for last.
  // What comes by an adapter was checked as what it was sent as.
  const valid = payload instanceof Adapted
    ? payload
    : deliverable(cell.behaviour.protocol.messages[index]!, payload, cell.host.freight)
  const outcome = valid === BROKEN ? INVALID : cell.offer(index, valid, span)
  if (outcome === NO_ROOM && !rare.isDraining) {
    waiter.payload = valid
    rare.line.push(waiter)
  } else done(outcome === TAKEN ? undefined : refusalOf(cell, index, payload, outcome))
}

/** Admits who waits, and refuses what the handler that is suspended has sent to its own actor and would wait for. */
export const admitOthers = (cell: Roomy & Refusing, rare: Rare): void => {
  admit(cell, rare)
  const { after } = cell.host
  rare.waiters.keep((waiter) => {
    if (!waitsForItself(cell, waiter, rare)) return true
    after.add(() => waiter.done(refusalOf(cell, waiter.index, waiter.payload, REFUSED)))
    return false
  })
  after.run()
}

/** A cell, as far as an ask is concerned that is taken back. */
export interface Revocable {
  readonly mailbox: Mailbox | undefined
  readonly rare: Rare | undefined
  credit(word: Word): void
}

/** Takes an ask back that is queued, or whose handler runs; answers whether it was running and will still settle. */
export const withdrawn = (cell: Revocable & Roomy & Refusing, ask: Ask): boolean => {
  const { mailbox, rare } = cell
  ask.cancelled = true
  if (ask.isQueued) {
    // It leaves at once, as far as anybody can tell: what nobody waits for holds neither room nor credit.
    mailbox!.bury(ask)
    cell.credit(ask)
    if (ask.freight !== undefined) cell.host.freight.drop(ask.freight)
    roomMade(cell, rare)
    return false
  }
  const fiber = rare?.ask === ask ? rare.fiber : undefined
  if (fiber === undefined) return false
  interrupt(cell.host, fiber, () => rare!.ask === ask && rare!.fiber === fiber)
  return true
}

/** Has an actor handle a notice in its turn, unless it takes nothing any more. There is always room for it. */
export const notify = (cell: Roomy & Refusing, notice: Notice): void => {
  if (cell.phase < STOPPING && cell.rare?.isDraining !== true) cell.deliver(notice, undefined)
}

/** What a notice says, checked as a message of any other sender is; throws for one that breaks its schema. */
export const sayable = (cell: Refusing, index: number, payload: unknown): unknown => {
  const { behaviour: { protocol }, host: { freight } } = cell
  const message = protocol.messages[index]!
  const valid = deliverable(message, payload, freight)
  if (valid !== BROKEN && (!message.carries || freight.ship(valid))) return valid
  throw refusalOf(cell, index, payload, INVALID)
}

/** Takes a word back that may be waiting, and that is of this thread. */
export const revoked = (cell: Revocable & Roomy & Refusing, word: Notice | Ask): void => {
  if (!word.isQueued) return
  cell.mailbox!.bury(word)
  roomMade(cell, cell.rare)
}

const roomMade = (cell: Roomy & Refusing, rare: Rare | undefined): void => {
  if (rare !== undefined && rare.waiters.length > 0) admitSoon(cell, rare)
}

/** A cell, as far as those are concerned whom it refuses. */
export interface Refusing {
  readonly name: string
  readonly phase: number
  readonly rare: Rare | undefined
  readonly behaviour: Behaviour
  readonly mailbox: Mailbox | undefined
  readonly host: { readonly freight: Freight }
  more(): Rare
}

/** Why a message was not taken, with the message in it. */
export const refusalOf = (cell: Refusing, index: number, payload: unknown, outcome: Outcome): ActorError.TellError => {
  const { behaviour: { capacity, protocol }, host: { freight }, name: actor } = cell
  const message = protocol.messages[index]!
  const undelivered = { tag: message.tag, payload: freight.given(payload) }
  if (outcome === INVALID) {
    const issue = (message.carries ? freight.issue : undefined) ?? message.payload.explain(undelivered.payload)
    return new ActorError.InvalidPayload({ actor, issue, undelivered })
  }
  if (outcome === TOO_LARGE) {
    const { limitBytes = 0, refusedBytes: sizeBytes = 0 } = cell.mailbox ?? {}
    return new ActorError.MessageTooLarge({ actor, sizeBytes, limitBytes, undelivered })
  }
  return cell.phase >= STOPPING || cell.more().isDraining
    ? new ActorError.ActorStopped({ actor, reason: cell.more().reason, begun: false, undelivered })
    : new ActorError.MailboxFull({ actor, capacity, undelivered })
}
