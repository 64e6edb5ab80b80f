/**
 * A mailbox that hands messages out again: a tell whose handler has crashed, as often as its behaviour says, and a message that its handler has
 * put off, once that is unstashed.
 *
 * ```text
 *                    take                        putOff                 unstash
 *  mailbox, front ─────────▶ in hand ──── settled ──▶ ∅   ─ ─ ─▶ stash ─────────▶ front
 *                               └─────── crashed ──▶ front ◀─ ─ ─ ┘ (crashed)
 * ```
 *
 * What is in front is taken before what waits in the mailbox, whatever the level of that, and stands in the order in which it was taken first: so messages of one sender
 * keep their order among each other, however often they were put off. One message at a time is in hand, and is done with when the next one is
 * taken or the actor rests. An ask has an asker, who is told of a crash and decides; a notice belongs to the incarnation: neither is handed
 * out again for one.
 */
import type { GivenUp } from "./Mailbox.ts"
import { type Levels, PriorityMailbox } from "./PriorityMailbox.ts"
import { INDEX_MASK, Notice, Revocable, Traced, type Word } from "./Word.ts"

interface Aside {
  /** Without the credit that it took, which went back when it was taken for the first time. */
  readonly word: Word
  readonly payload: unknown
  /** How often it has been begun and has not come to its end. */
  readonly attempts: number
  /** Its place among those that were taken. */
  readonly order: number
}

// Those in front stand with the first one last, where it is taken from.
const lastFirst = (one: Aside, other: Aside): number => other.order - one.order

/** See the module. */
export class RepeatingMailbox extends PriorityMailbox {
  /** How many messages can be put off. */
  declare capacity: number
  declare private readonly attempts: number
  declare private handWord: Word | undefined
  declare private handPayload: unknown
  /** Its place, when it has been handed out before. */
  declare private handOrder: number
  declare private stash: Array<Aside>
  declare private front: Array<Aside>
  declare private orders: number
  constructor(attempts: number, levels?: Levels) {
    super(levels, true)
    this.attempts = attempts
    this.capacity = 0
    this.handWord = undefined
    this.handPayload = undefined
    this.handOrder = 0
    this.stash = []
    this.front = []
    this.orders = 0
  }

  override get length(): number {
    return super.length + this.front.length
  }

  override get used(): number {
    return super.used - this.front.length
  }

  override take(): Word | undefined {
    this.settled()
    const next = this.front.pop()
    if (next !== undefined) {
      this.payload = next.payload
      this.attempt = next.attempts + 1
      this.handOrder = next.order
      if (next.word instanceof Revocable) next.word.isQueued = false
    }
    this.handWord = next === undefined ? super.take() : next.word
    this.handPayload = this.payload
    return this.handWord
  }

  override settled(): void {
    this.handWord = undefined
    this.handPayload = undefined
    this.handOrder = 0
    this.attempt = 1
  }

  private inHand(attempts: number): Aside | undefined {
    const { handOrder, handPayload: payload, handWord } = this
    if (handWord === undefined) return undefined
    const word = typeof handWord === "number" ? handWord & INDEX_MASK : handWord
    return { word, payload, attempts, order: handOrder === 0 ? ++this.orders : handOrder }
  }

  override crashed(counts: boolean): GivenUp | undefined {
    const { attempt, attempts, handWord } = this
    const isAgain = attempts > 1 && (typeof handWord === "number" || handWord instanceof Traced)
    const hand = isAgain ? this.inHand(counts ? attempt : attempt - 1) : undefined
    this.settled()
    const isSpent = hand !== undefined && counts && attempt >= attempts
    this.bringBack(hand === undefined || isSpent ? [] : [hand])
    return isSpent ? { word: hand.word as number | Traced, payload: hand.payload, attempts: attempt } : undefined
  }

  override close(_isKept: boolean): void {
    this.bringBack([])
  }

  // What is put off is for whoever comes next, but not what belongs to this incarnation alone.
  private bringBack(hand: ReadonlyArray<Aside>): void {
    const { stash } = this
    this.stash = []
    for (const { word } of stash) if (word instanceof Notice) word.isQueued = false
    this.toFront([...hand, ...stash.filter(({ word }) => !(word instanceof Notice))])
  }

  private toFront(asides: ReadonlyArray<Aside>): void {
    if (asides.length > 0) this.front = [...asides, ...this.front].sort(lastFirst)
  }

  override bury(word: Revocable & { readonly word: number }): void {
    const isOther = (aside: Aside) => aside.word !== word
    const { front, stash } = this
    this.stash = stash.filter(isOther)
    this.front = front.filter(isOther)
    if (this.stash.length === stash.length && this.front.length === front.length) return super.bury(word)
    word.isQueued = false
  }

  override takeAll(accepts: (word: Word) => boolean): ReadonlyArray<readonly [Word, unknown]> {
    const taken: Array<readonly [Word, unknown]> = []
    this.front = this.front.filter(({ payload, word }) => {
      if (!accepts(word)) return true
      if (word instanceof Revocable) word.isQueued = false
      taken.unshift([word, payload])
      return false
    })
    return [...taken, ...super.takeAll(accepts)]
  }

  // ---- of an actor with a stash

  override hold(word: Word, payload: unknown): void {
    this.settled()
    this.handWord = word
    this.handPayload = payload
  }

  /** The message in hand, if there is one. */
  get held(): { readonly word: Word; readonly payload: unknown } | undefined {
    const { handPayload: payload, handWord: word } = this
    return word === undefined ? undefined : { word, payload }
  }

  override get stashed(): number {
    return this.stash.length
  }

  override putOff(): boolean {
    const { stash } = this
    if (stash.length >= this.capacity) return false
    const hand = this.inHand(this.attempt - 1)
    if (hand === undefined) return false
    this.settled()
    if (hand.word instanceof Revocable) hand.word.isQueued = true
    let at = stash.length
    while (at > 0 && stash[at - 1]!.order > hand.order) at--
    stash.splice(at, 0, hand)
    return true
  }

  /** Has so many that were put off handed out before all others, the oldest first. */
  unstash(count: number): void {
    this.toFront(this.stash.splice(0, count))
  }
}
