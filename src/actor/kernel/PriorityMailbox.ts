/**
 * A mailbox of three levels, each first in, first out: of those that wait the highest is taken, and now and then one of a lower level that has
 * waited for long.
 *
 * ```text
 *  high ───▶┐
 *  normal ─▶├─▶ take: the highest, unless a lower one was passed over PASSES times while it waited
 *  low ────▶┘
 * ```
 *
 * The level of a message is that of its index. Normal messages stand in the mailbox itself, so that one without levels is a {@link Mailbox} and nothing more.
 */
import { Mailbox } from "./Mailbox.ts"
import { INDEX_MASK, type Revocable, type Word, wordOf } from "./Word.ts"

/** How many messages of other levels are handled in a row while one waits that is lower than them. */
export const PASSES = 16

/** Handled before all others. */
export const HIGH = 0
/** Neither before nor after others. */
export const NORMAL = 1
/** Handled after all others. */
export const LOW = 2

/** The level of each message, by its index; absent when all are the same. */
export type Levels = Uint8Array | undefined

/** See the module. */
export class PriorityMailbox extends Mailbox {
  declare private readonly levels: Levels
  declare private readonly high: Mailbox | undefined
  declare private readonly low: Mailbox | undefined
  /** How often in a row each was passed over while something waited there. */
  declare private passedNormal: number
  declare private passedLow: number
  constructor(levels: Levels, isTracking = false) {
    super(isTracking)
    this.levels = levels
    this.high = levels === undefined ? undefined : new Mailbox()
    this.low = levels === undefined ? undefined : new Mailbox()
    this.passedNormal = 0
    this.passedLow = 0
  }

  override get length(): number {
    return this.levels === undefined ? super.length : super.length + this.high!.length + this.low!.length
  }

  override get used(): number {
    if (this.levels === undefined) return super.used
    const { high, low } = this
    return super.used - high!.length + high!.used - low!.length + low!.used
  }

  override waitingAt(level: number): number {
    if (level === NORMAL) return super.length
    return (level === HIGH ? this.high : this.low)?.length ?? 0
  }

  override oldestSince(): number {
    const normal = super.oldestSince()
    return this.levels === undefined ? normal : Math.min(normal, this.high!.oldestSince(), this.low!.oldestSince())
  }

  // Where the messages of a level stand, unless that is here.
  private other(word: Word): Mailbox | undefined {
    if (this.levels === undefined) return undefined
    const level = this.levels[wordOf(word) & INDEX_MASK]
    return level === NORMAL ? undefined : level === HIGH ? this.high : this.low
  }

  override put(word: Word, payload: unknown): void {
    const other = this.other(word)
    if (other === undefined) super.put(word, payload)
    else other.put(word, payload)
  }

  override take(): Word | undefined {
    if (this.levels === undefined) return super.take()
    const isHigh = this.high!.length > 0
    const isNormal = super.length > 0
    const isLow = this.low!.length > 0
    if (isLow && (!isHigh && !isNormal || this.passedLow >= PASSES)) {
      this.passedLow = 0
      return this.takeOf(this.low!)
    }
    // Whoever does not wait is not passed over.
    this.passedLow = isLow ? this.passedLow + 1 : 0
    if (isHigh && !(isNormal && this.passedNormal >= PASSES)) {
      this.passedNormal = isNormal ? this.passedNormal + 1 : 0
      return this.takeOf(this.high!)
    }
    this.passedNormal = 0
    return super.take()
  }

  private takeOf(other: Mailbox): Word | undefined {
    const word = other.take()
    this.payload = other.takePayload()
    return word
  }

  override bury(word: Revocable & { readonly word: number }): void {
    const other = this.other(word as Word)
    if (other === undefined) super.bury(word)
    else other.bury(word)
  }

  override takeAll(accepts: (word: Word) => boolean): ReadonlyArray<readonly [Word, unknown]> {
    if (this.levels === undefined) return super.takeAll(accepts)
    return [...this.high!.takeAll(accepts), ...super.takeAll(accepts), ...this.low!.takeAll(accepts)]
  }

  // What is lowest goes first.
  override evict(accepts: (word: Word) => boolean): Word | undefined {
    if (this.levels === undefined) return super.evict(accepts)
    const low = this.low!.evict(accepts)
    if (low !== undefined) {
      this.payload = this.low!.takePayload()
      return low
    }
    const normal = super.evict(accepts)
    if (normal !== undefined) return normal
    const high = this.high!.evict(accepts)
    this.payload = this.high!.takePayload()
    return high
  }
}
