/**
 * An actor here as it counts: how many messages it has handled, and whether it has one in hand.
 *
 * Nothing is counted elsewhere for each message: see `Counted.ts` for the sums.
 */
import { Counts } from "./Counted.ts"
import { Living } from "./Living.ts"
import type { Mailbox } from "./Mailbox.ts"
import { RUNNING, SUSPENDED } from "./Phase.ts"
import type { Word } from "./Word.ts"

/** The handlers called last have answered at once. */
export const AT_ONCE = 1
/** The last one has not come to its end. */
export const IN_HAND = 2
const TURN_SHIFT = 2
/** One of them. */
export const TURN = 1 << TURN_SHIFT
/** So many are carried over. */
export const MANY_TURNS = 2 ** 29

/** See the module. The fields are set by the cell, all at once. */
export abstract class Counting extends Living {
  declare mailbox: Mailbox | undefined
  /**
   * Four times the number of handlers begun, and 2 more while the last of them has not come to its end in an asker's sight, and 1 more while those called
   * last have answered at once: one small integer for all of it, which no idle actor pays more for.
   */
  declare protected turns: number

  /** Whether the handlers called last have answered at once. */
  get answersAtOnce(): boolean {
    return (this.turns & AT_ONCE) !== 0
  }

  set answersAtOnce(isSo: boolean) {
    this.turns = isSo ? this.turns | AT_ONCE : this.turns & ~AT_ONCE
  }

  /** How many of its messages are being handled: one, or none. */
  private get inHand(): number {
    return this.isLive && (this.turns & IN_HAND) !== 0 ? 1 : 0
  }

  /** How many messages wait in its mailbox. */
  get backlog(): number {
    return this.mailbox === undefined ? 0 : this.mailbox.length
  }

  depth(): number {
    return (this.mailbox === undefined ? 0 : this.mailbox.length + this.mailbox.stashed) + this.inHand
  }

  /** How many messages have been handled, whatever came of it; one that was handed out again counts each time. */
  get processed(): number {
    return (this.turns >>> TURN_SHIFT) - this.inHand + (this.rare?.counts?.processed ?? 0)
  }

  /** What it counts that is seldom. */
  get counts(): Counts {
    return this.more().counts ??= new Counts()
  }

  /** A handler begins, with a message out of the mailbox, or with one that has come directly (`undefined`). */
  begin(word: Word | undefined): void {
    this.turns = (this.turns | IN_HAND) + TURN
    const { rare } = this
    if (rare !== undefined && rare.meter !== undefined) rare.meter.begin(word)
  }

  /** The handler has come to its end: said before its asker hears of that, and when its incarnation ends. */
  ended(): void {
    this.turns &= ~IN_HAND
    const { rare } = this
    if (rare !== undefined && rare.meter !== undefined) rare.meter.end()
  }

  /** The message in hand is put off: it was not handled. */
  handedBack(word: Word): void {
    this.turns = (this.turns & ~IN_HAND) - TURN
    this.rare?.meter?.putOff(word)
  }

  /** Counts on from 0, before the number is no small integer any more. */
  protected carryOver(): void {
    this.counts.processed += this.turns >>> TURN_SHIFT
    this.turns &= TURN - 1
  }

  protected get isLive(): boolean {
    return this.phase === RUNNING || this.phase === SUSPENDED
  }
}
