/**
 * A mailbox that hands a tell out again when the incarnation that was handling it has crashed, in front of all others, as often as its
 * behaviour says.
 *
 * One tell at a time is in hand, and is done with when the next message is taken or the actor rests. An ask has an asker, who is told of
 * the crash and decides; a notice belongs to the incarnation: neither is handed out again.
 */
import { type GivenUp, Mailbox } from "./Mailbox.ts"
import { INDEX_MASK, Traced, type Word } from "./Word.ts"

interface Hand {
  readonly word: number | Traced
  readonly payload: unknown
  /** How often it has been begun. */
  readonly attempts: number
}

// The credit that a tell took went back when it was taken for the first time.
const withoutCredit = (word: number | Traced): number | Traced =>
  typeof word === "number" ? word & INDEX_MASK : new Traced(word.word & INDEX_MASK, word.span, word.replays)

/** See the module. */
export class RepeatingMailbox extends Mailbox {
  declare private readonly attempts: number
  declare private hand: Hand | undefined
  /** What was in hand and is handed out next. */
  declare private again: Hand | undefined
  constructor(attempts: number) {
    super(true)
    this.attempts = attempts
    this.hand = undefined
    this.again = undefined
  }

  override get length(): number {
    return super.length + (this.again === undefined ? 0 : 1)
  }

  override take(): Word | undefined {
    const { again } = this
    this.again = undefined
    this.settled()
    if (again !== undefined) return this.begin(again.word, again.payload, again.attempts)
    const word = super.take()
    return typeof word === "number" || word instanceof Traced ? this.begin(word, this.payload, 0) : word
  }

  private begin(word: number | Traced, payload: unknown, attempts: number): Word {
    this.payload = payload
    this.attempt = attempts + 1
    this.hand = { word: withoutCredit(word), payload, attempts: attempts + 1 }
    return word
  }

  override settled(): void {
    this.hand = undefined
    this.attempt = 1
  }

  override crashed(counts: boolean): GivenUp | undefined {
    const { hand } = this
    this.hand = undefined
    if (hand === undefined) return undefined
    if (counts && hand.attempts >= this.attempts) return hand
    this.again = counts ? hand : { ...hand, attempts: hand.attempts - 1 }
    return undefined
  }
}
