/**
 * A mailbox of three levels, each first in, first out: of those that wait the highest is taken, and now and then one of a lower level that has
 * waited for long.
 *
 * ```text
 *  high ───▶┐
 *  normal ─▶├─▶ take: the highest, unless a lower one was passed over for long (`Ageing`)
 *  low ────▶┘
 * ```
 *
 * The level of a message is that of its index. Normal messages stand in the mailbox itself, so that one without levels is a {@link Mailbox} and nothing more.
 */
import { Ageing, HIGH, type Levels, NORMAL } from "./Ageing.ts"
import { Mailbox } from "./Mailbox.ts"
import { INDEX_MASK, type Revocable, type Word, wordOf } from "./Word.ts"

/** See the module. */
export class PriorityMailbox extends Mailbox {
  declare private readonly levels: Levels
  declare private readonly high: Mailbox | undefined
  declare private readonly low: Mailbox | undefined
  declare private readonly ageing: Ageing | undefined
  constructor(levels: Levels, isTracking = false) {
    super(isTracking)
    this.levels = levels
    this.high = levels === undefined ? undefined : new Mailbox()
    this.low = levels === undefined ? undefined : new Mailbox()
    this.ageing = levels === undefined ? undefined : new Ageing()
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
    const isNormal = super.length > 0
    const isLow = this.low!.length > 0
    const level = this.ageing!.next(this.high!.length > 0, isNormal, isLow)
    this.ageing!.took(level, isNormal, isLow)
    return level === NORMAL ? super.take() : this.takeOf(level === HIGH ? this.high! : this.low!)
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
