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
import type { Levels } from "./Ageing.ts"
import { type GivenUp, Mailbox } from "./Mailbox.ts"
import { PriorityMailbox } from "./PriorityMailbox.ts"
import { INDEX_MASK, Notice, Revocable, sinceOf, Traced, type Word } from "./Word.ts"

interface Aside {
  /** Without the credit that it took, which went back when it was taken for the first time. */
  readonly word: Word
  readonly payload: unknown
  /** How often it has been begun and has not come to its end. */
  readonly attempts: number
  /** Its place among those that were taken. */
  readonly order: number
  isInFront: boolean
}

const SWEEP_FROM = 32

// Those in front stand with the first one last, where it is taken from.
const lastFirst = (one: Aside, other: Aside): number => other.order - one.order

// One that was taken back keeps its place until there are many of them.
const isAlive = ({ word }: Aside): boolean => !(word instanceof Revocable) || word.isQueued

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
  /** How many of each were taken back. */
  declare private stashDead: number
  declare private frontDead: number
  /** Where those stand that can be taken back. */
  declare private readonly asides: Map<Revocable, Aside>
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
    this.stashDead = 0
    this.frontDead = 0
    this.asides = new Map()
    this.orders = 0
  }

  override get length(): number {
    return super.length + this.front.length - this.frontDead
  }

  override get used(): number {
    return super.used - this.front.length + this.frontDead
  }

  override oldestSince(): number {
    let since = super.oldestSince()
    for (const asides of [this.front, this.stash]) {
      for (const aside of asides) if (isAlive(aside)) since = Math.min(since, sinceOf(aside.word))
    }
    return since
  }

  override take(): Word | undefined {
    this.settled()
    let next = this.front.pop()
    for (; next !== undefined && !isAlive(next); next = this.front.pop()) this.frontDead--
    if (next !== undefined) {
      this.payload = next.payload
      this.attempt = next.attempts + 1
      this.handOrder = next.order
      this.leaves(next)
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
    return { word, payload, attempts, order: handOrder === 0 ? ++this.orders : handOrder, isInFront: false }
  }

  private leaves({ word }: Aside): void {
    if (!(word instanceof Revocable)) return
    word.isQueued = false
    this.asides.delete(word)
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

  // What was put off is for whoever comes next, handed out again by now or not, except what belongs to this incarnation alone.
  private bringBack(hand: ReadonlyArray<Aside>): void {
    const { front, stash } = this
    const isForNext = (aside: Aside): boolean => {
      if (!(aside.word instanceof Notice)) return isAlive(aside)
      this.leaves(aside)
      aside.word.forget()
      return false
    }
    this.stash = []
    this.stashDead = 0
    this.front = front.filter(isForNext)
    this.frontDead = 0
    this.toFront([...hand, ...stash.filter(isForNext)])
  }

  private toFront(asides: ReadonlyArray<Aside>): void {
    if (asides.length === 0) return
    for (const aside of asides) aside.isInFront = true
    this.front = [...asides, ...this.front].sort(lastFirst)
  }

  override bury(word: Revocable & { readonly word: number }): void {
    const aside = this.asides.get(word)
    if (aside === undefined) return super.bury(word)
    this.leaves(aside)
    if (aside.isInFront) this.frontDead++
    else this.stashDead++
    const dead = this.frontDead + this.stashDead
    if (dead >= SWEEP_FROM && dead * 2 >= this.front.length + this.stash.length) this.sweepAsides()
  }

  private sweepAsides(): void {
    this.front = this.front.filter(isAlive)
    this.frontDead = 0
    this.stash = this.stash.filter(isAlive)
    this.stashDead = 0
  }

  override takeAll(accepts: (word: Word) => boolean): ReadonlyArray<readonly [Word, unknown]> {
    const taken: Array<readonly [Word, unknown]> = []
    this.front = this.front.filter((aside) => {
      if (!isAlive(aside)) return false
      const { payload, word } = aside
      if (!accepts(word)) return true
      this.leaves(aside)
      taken.push([word, payload])
      return false
    })
    this.frontDead = 0
    return [...taken.reverse(), ...super.takeAll(accepts)]
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
    return this.stash.length - this.stashDead
  }

  override putOff(): boolean {
    const { stash } = this
    if (this.stashed >= this.capacity) return false
    const hand = this.inHand(this.attempt - 1)
    if (hand === undefined) return false
    this.settled()
    if (hand.word instanceof Revocable) {
      hand.word.isQueued = true
      this.asides.set(hand.word, hand)
    }
    let at = stash.length
    while (at > 0 && stash[at - 1]!.order > hand.order) at--
    stash.splice(at, 0, hand)
    return true
  }

  /** Has so many that were put off handed out before all others, the oldest first. */
  unstash(count: number): void {
    const { stash } = this
    let end = 0
    for (let left = count; left > 0 && end < stash.length; end++) if (isAlive(stash[end]!)) left--
    const moved = stash.splice(0, end).filter(isAlive)
    this.stashDead -= end - moved.length
    this.toFront(moved)
  }
}

/** The mailbox of an actor whose messages have these levels, and may be begun so often. */
export const mailboxOf = (attempts: number, levels: Levels): Mailbox =>
  attempts > 1
    ? new RepeatingMailbox(attempts, levels)
    : levels === undefined
    ? new Mailbox()
    : new PriorityMailbox(levels)
