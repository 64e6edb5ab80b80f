/**
 * A handler has answered that its message is put off: it goes to the stash of its actor, and is answered when it is handled again; or is given up with its actor.
 */
import * as Exit from "effect/Exit"
import type { Why } from "../DeadLetters.ts"
import type { ExitReason } from "../ExitReason.ts"
import type { Freight } from "../kernel/Freight.ts"
import { conclude, type Handing } from "../kernel/HandingOn.ts"
import type { Mailbox } from "../kernel/Mailbox.ts"
import { RESTARTING, STOPPING } from "../kernel/Phase.ts"
import type { Protocol } from "../kernel/Protocol.ts"
import { RepeatingMailbox } from "../kernel/RepeatingMailbox.ts"
import { isPutOff } from "../kernel/Stashed.ts"
import { Ask, INDEX_MASK, Notice, type Word, wordOf } from "../kernel/Word.ts"
import type { Rare } from "./rare.ts"

/** A cell, as far as messages are concerned that are put off. */
export interface Stashing {
  readonly name: string
  readonly phase: number
  readonly reason: ExitReason
  mailbox: Mailbox | undefined
  answersAtOnce: boolean
  readonly behaviour: { readonly protocol: Protocol; readonly attempts: number }
  readonly host: { readonly freight: Freight }
  undeliverable(word: Word, payload: unknown, why?: Why): void
  /** The message in hand was not handled. */
  handedBack(word: Word): void
  more(): Rare
}

/** Gives an actor a mailbox in which so many messages can be put off; what waits stays there. */
export const withStash = (cell: Stashing, capacity: number): RepeatingMailbox => {
  const { behaviour, mailbox } = cell
  const repeating = mailbox instanceof RepeatingMailbox
    ? mailbox
    : new RepeatingMailbox(behaviour.attempts, behaviour.protocol.levels)
  repeating.capacity = capacity
  cell.mailbox = repeating
  // Each message comes by the mailbox, which has to know it.
  cell.answersAtOnce = false
  if (mailbox !== undefined && mailbox !== repeating) {
    for (const [word, payload] of mailbox.takeAll(() => true)) repeating.put(word, payload)
  }
  return repeating
}

/** Puts the message off that is handled; answers what its handler has died of, if that is not possible. */
export const putOff = (cell: Stashing, word: Word | undefined, payload: unknown): Exit.Exit<never> | undefined => {
  if (cell.phase >= RESTARTING) {
    // It will not be handled here any more.
    if (word !== undefined) giveUp(cell, word, payload)
    return undefined
  }
  if (word instanceof Ask && word.cancelled) {
    // Whoever asked has gone while it was handled: there is nobody to answer, now or later.
    cell.host.freight.drop(payload)
    word.settle(Exit.interrupt())
    return undefined
  }
  if (cell.mailbox?.putOff() !== true) {
    const index = word === undefined ? undefined : wordOf(word) & INDEX_MASK
    const what = index === undefined ? "its message" : cell.behaviour.protocol.tags[index]!
    return Exit.die(new Error(`${cell.name} has no stash, or no room in it, to put ${what} off`))
  }
  if (word !== undefined) cell.handedBack(word)
  // What moves with it is nobody's until it is handled again.
  if (word instanceof Ask && cell.behaviour.protocol.messages[word.word & INDEX_MASK]!.carries) word.freight = payload
  return undefined
}

/** What a handler had that has ended. */
export interface Had {
  readonly word: Word | undefined
  readonly ask: Ask | undefined
  readonly payload: unknown
}

/** The handler of an actor has ended that is being stopped: its asker still gets an answer, and the handler's own if that came to its end. */
export const concludeLast = <C extends Stashing & Handing<C>>(
  cell: C,
  { reason }: Rare,
  { ask, payload, word }: Had,
  exit: Exit.Exit<unknown, unknown>
): void => {
  if (isPutOff(exit)) putOff(cell, word, payload)
  else if (exit._tag === "Success") conclude(cell, ask, exit, payload)
  else {
    cell.host.freight.dropUnused(payload)
    ask?.stopped(reason, payload, true)
  }
}

const giveUp = (cell: Stashing, word: Word, payload: unknown): void => {
  cell.handedBack(word)
  cell.host.freight.drop(payload)
  if (cell.phase >= STOPPING) {
    if (word instanceof Notice) return
    // Its credit has gone back.
    return cell.undeliverable(typeof word === "number" ? word & INDEX_MASK : word, payload)
  }
  if (word instanceof Ask) word.restarting(payload)
}
