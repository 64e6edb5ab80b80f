/**
 * How long the messages of one actor wait and are handled: only for behaviours that say so, and at the cost of two looks at the clock a message.
 *
 * Each message gets a {@link Stamp} when it is accepted, which it keeps when it is handed out again or put off. What is handled without having waited in a mailbox here gets
 * it when its handler begins; of a message out of a mailbox that survives its thread nobody knows how long it has waited.
 */
import { bucketOf, BUCKETS } from "../../runtime/Times.ts"
import { Stamp, Traced, type Word } from "./Word.ts"

/** Counts by bucket; see `Times`. */
export type Buckets = Array<number>

/** Adds counts to others, which are made on first use. */
export const added = (to: Buckets | undefined, counts: Buckets | undefined): Buckets | undefined => {
  if (counts === undefined) return to
  if (to === undefined) return counts.slice()
  for (let bucket = 0; bucket < BUCKETS; bucket++) to[bucket]! += counts[bucket]!
  return to
}

const none = (): Buckets => new Array<number>(BUCKETS).fill(0)

/** See the module. */
export class Meter {
  declare private readonly time: { now(): number }
  declare waits: Buckets | undefined
  declare handlings: Buckets | undefined
  /** That of the message that is handled, or was handled last. */
  declare stamp: Stamp | undefined
  declare private begunMillis: number
  declare private isHandling: boolean
  declare private accepted: number
  constructor(time: { now(): number }) {
    this.time = time
    this.waits = undefined
    this.handlings = undefined
    this.stamp = undefined
    this.begunMillis = NaN
    this.isHandling = false
    this.accepted = 0
  }

  private next(nowMillis: number): Stamp {
    return new Stamp(++this.accepted, nowMillis)
  }

  /** A message is accepted; answers the word that stands in the mailbox for it. */
  accept(word: Word): Word {
    const stamped = typeof word === "number" ? new Traced(word, undefined) : word
    stamped.stamp = this.next(this.time.now())
    return stamped
  }

  /** A handler begins, with a message out of the mailbox, or with one that has not waited (`undefined`); the one before has ended. */
  begin(word: Word | undefined): void {
    const now = this.time.now()
    this.endAt(now)
    const stamp = typeof word === "object" ? word.stamp : undefined
    this.stamp = stamp ?? this.next(now)
    if (stamp !== undefined || word === undefined) {
      this.waits ??= none()
      this.waits[bucketOf((now - this.stamp.sinceMillis) * 1000)]!++
    }
    this.begunMillis = now
    this.isHandling = true
  }

  /** The handler has come to its end. */
  end(): void {
    if (this.isHandling) this.endAt(this.time.now())
  }

  private endAt(now: number): void {
    if (!this.isHandling) return
    this.isHandling = false
    this.handlings ??= none()
    this.handlings[bucketOf((now - this.begunMillis) * 1000)]!++
  }

  /** Its message is put off: it is not handled yet, and is the same one when it is. */
  putOff(word: Word): void {
    this.isHandling = false
    if (typeof word === "object") word.stamp ??= this.stamp
  }

  /** How long ago the message was accepted that is handled. */
  get ageMillis(): number {
    return this.stamp === undefined ? NaN : Math.max(0, this.time.now() - this.stamp.sinceMillis)
  }
}
