/**
 * The queue of one actor: first in, first out, two slots a message, grown by doubling.
 *
 * It belongs to one thread and is neither locked nor bounded; who puts a message in has checked the capacity before. An
 * actor that has never had a message has no mailbox at all.
 *
 * **Shape** A circular array of `2 * capacity` slots: word, payload, word, payload …
 */
import type * as Tracer from "effect/Tracer"
import type { Overflow } from "../../runtime/Overflow.ts"
import { Revocable, sinceOf, type Word } from "./Word.ts"

export type { Overflow } from "../../runtime/Overflow.ts"

/** How large a mailbox may grow and what happens then. */
export interface MailboxOptions {
  /** Messages that may wait; at least 1, or `"unbounded"`. Default 1024. */
  readonly capacity?: number | "unbounded" | undefined
  /**
   * What a sender meets when the mailbox is full. Default `"suspend"`.
   *
   * - `"suspend"`: `tell` and `ask` wait for room; `tellUnsafe` answers `false`.
   * - `"fail"`: they fail with `MailboxFull`, which hands the message back.
   * - `"dropNewest"`: a new `tell` is dropped and counted; an `ask` fails with `MailboxFull`.
   * - `"dropOldest"`: the oldest waiting `tell` is dropped and counted; when only asks wait, they are kept and the new
   *   message is treated as by `"dropNewest"`.
   */
  readonly overflow?: Overflow | undefined
  /**
   * Whether messages outlive the thread of the actor. Default `false`: what waits is lost when the thread dies.
   *
   * With `true`, or a size, an actor that the main thread has placed on a worker keeps its messages in shared memory until they are handled,
   * `capacityBytes` for each thread that sends (a power of two, default 64 KiB; a message may take a quarter). What was accepted and is not handled
   * when the thread dies, in the middle of a handler too, is handled by the next incarnation, in the order of its sender. So it is handled **at
   * least once**: `Actor.attempt` says how often a handler has been begun with it. A handler that has come to its end has handled its message,
   * also by a crash. Asks that wait do so over every restart, as tells do and as long as their asker does. Elsewhere (on the main thread, without threads, spawned by a worker) the actor ends with its thread, and this says nothing.
   *
   * Not with `"dropOldest"`, which throws away what was accepted, nor for messages that parcels or ends of channels move with.
   */
  readonly survives?: boolean | { readonly capacityBytes: number } | undefined
}

/** It is written down: it may be put in. */
export const KEPT = 0
/** There is no room for it now. */
export const KEPT_NOT_YET = 1
/** It is larger than anything that can be written down. */
export const KEPT_NEVER = 2

/** What became of a message that a mailbox was to keep. */
export type Kept = typeof KEPT | typeof KEPT_NOT_YET | typeof KEPT_NEVER

/** A message that was begun as often as it may be. */
export interface GivenUp {
  readonly word: Word
  readonly payload: unknown
  readonly attempts: number
}

const FIRST_SLOTS = 8
const KEEP_SLOTS = 1024
const SHRINK_AFTER = 32
const SWEEP_FROM = 32

const none = (): boolean => false

/** See the module. */
export class Mailbox {
  declare private slots: Array<unknown>
  declare private mask: number
  declare private head: number
  declare private tail: number
  /** Words in it that were taken back: they take no room, and are passed over. */
  declare private dead: number
  /** Living words in it that take no room. */
  declare private roomless: number
  /** How often in a row it has run empty with less than a quarter of its slots used. */
  declare private spare: number
  /** The payload that belongs to the word `take` returned last. */
  declare payload: unknown
  /** Whether it wants to know what becomes of the message that was taken, which it may hand out again. */
  declare readonly isTracking: boolean
  /** Whether it survives its thread. */
  declare readonly isLasting: boolean
  /** How often the message that was taken last has been begun. */
  declare attempt: number
  constructor(isTracking = false, isLasting = false) {
    this.isTracking = isTracking
    this.isLasting = isLasting
    this.attempt = 1
    this.slots = new Array(FIRST_SLOTS).fill(undefined)
    this.mask = FIRST_SLOTS - 1
    this.head = 0
    this.tail = 0
    this.dead = 0
    this.roomless = 0
    this.spare = 0
    this.payload = undefined
  }

  /** How many messages wait. */
  get length(): number {
    return ((this.tail - this.head) >>> 1) - this.dead
  }

  /** How many take room, of which there is as much as its capacity. */
  get used(): number {
    return this.length - this.roomless
  }

  /** How many of one level wait, where there are levels. */
  waitingAt(_level: number): number {
    return 0
  }

  /** Since when the message waits that has waited longest; `Infinity` when none does that has a stamp. */
  oldestSince(): number {
    for (let at = this.head; at < this.tail; at += 2) {
      const word = this.slots[at & this.mask] as Word
      if (typeof word === "object" && (!(word instanceof Revocable) || word.isQueued)) return sinceOf(word)
    }
    return Infinity
  }

  /** Adds a message at the end. */
  put(word: Word, payload: unknown): void {
    const slots = this.slots
    const at = this.tail & this.mask
    slots[at] = word
    slots[at + 1] = payload
    this.tail += 2
    if (typeof word === "object" && word instanceof Revocable) this.enter(word)
    if (this.tail - this.head > this.mask) this.grow()
  }

  /** Removes the first message: returns its word and leaves its payload in `payload`; `undefined` when there is none. */
  take(): Word | undefined {
    while (this.head !== this.tail) {
      const slots = this.slots
      const at = this.head & this.mask
      const word = slots[at] as Word
      this.payload = slots[at + 1]
      slots[at] = undefined
      slots[at + 1] = undefined
      this.head += 2
      if (this.head === this.tail) this.rewind()
      if (typeof word === "number" || this.isAlive(word)) return word
    }
    this.payload = undefined
    return undefined
  }

  /** The payload of the word that was taken last; it is held no longer. */
  takePayload(): unknown {
    const { payload } = this
    this.payload = undefined
    return payload
  }

  /** A word that stands in this mailbox is taken back: it gives up its room. */
  bury(word: Revocable & { readonly word: number }): void {
    this.leave(word)
    this.dead++
    if (this.dead >= SWEEP_FROM && this.dead >= this.length) this.sweep()
  }

  // A word that is taken is out of the mailbox; one that was buried has been, as far as anybody knows.
  private isAlive(word: Exclude<Word, number>): boolean {
    if (!(word instanceof Revocable)) return true
    if (!word.isQueued) {
      this.dead--
      return false
    }
    this.leave(word)
    return true
  }

  private enter(word: Revocable): void {
    word.isQueued = true
    if (!word.takesRoom) this.roomless++
  }

  private leave(word: Revocable): void {
    word.isQueued = false
    if (!word.takesRoom) this.roomless--
  }

  // Keeps the living ones, in order: an actor that is busy for long does not collect those who have gone.
  private sweep(): void {
    this.takeAll(none)
  }

  /** Takes out all words for which `accepts` holds, with their payloads; keeps the others in order. */
  takeAll(accepts: (word: Word) => boolean): ReadonlyArray<readonly [Word, unknown]> {
    const taken: Array<readonly [Word, unknown]> = []
    const { mask, slots, tail } = this
    let to = this.head
    for (let at = this.head; at < tail; at += 2) {
      const word = slots[at & mask] as Word
      const payload = slots[(at + 1) & mask]
      if (typeof word === "object" && word instanceof Revocable && !word.isQueued) continue
      if (accepts(word)) {
        if (word instanceof Revocable) this.leave(word)
        taken.push([word, payload])
        continue
      }
      slots[to & mask] = word
      slots[(to + 1) & mask] = payload
      to += 2
    }
    for (let at = to; at < tail; at += 2) {
      slots[at & mask] = undefined
      slots[(at + 1) & mask] = undefined
    }
    this.tail = to
    this.dead = 0
    if (this.head === to) this.rewind()
    return taken
  }

  /** Removes the oldest word for which `accepts` holds, if any, and answers it as `take` does; keeps the others in order. */
  evict(accepts: (word: Word) => boolean): Word | undefined {
    for (let at = this.head; at < this.tail; at += 2) {
      const word = this.slots[at & this.mask] as Word
      if (!accepts(word)) continue
      this.payload = this.slots[(at + 1) & this.mask]
      for (let to = at; to > this.head; to -= 2) {
        this.slots[to & this.mask] = this.slots[(to - 2) & this.mask]
        this.slots[(to + 1) & this.mask] = this.slots[(to - 1) & this.mask]
      }
      // Not taken: what stood in front of it has moved on by one and is still queued.
      const first = this.head & this.mask
      this.slots[first] = undefined
      this.slots[first + 1] = undefined
      this.head += 2
      if (this.head === this.tail) this.rewind()
      return word
    }
    return undefined
  }

  // ---- of one that survives

  /** Writes a tell down before it is put in, as far as there is room for that. */
  keep(_index: number, _payload: unknown, _span: Tracer.AnySpan | undefined): Kept {
    return KEPT
  }

  /** The size of the message that could never be kept. */
  get refusedBytes(): number {
    return 0
  }

  /** Whether nothing is kept yet, and will be in a moment: no handler has to end for that. */
  get isOpening(): boolean {
    return false
  }

  /** The most that a message may take. */
  get limitBytes(): number {
    return Infinity
  }

  // ---- of one that is tracking

  /** What was taken is handled. */
  settled(): void {}

  /** The same; and the actor rests for a moment. */
  rest(): void {
    this.settled()
  }

  /**
   * The incarnation that has taken it has ended before it was done, by a crash that counts against the message or for another reason; answers
   * the message if that is not handed out again.
   */
  crashed(_counts: boolean): GivenUp | undefined {
    return undefined
  }

  /** The actor ends. What is left is dropped, by taking it; or it is kept for who comes after, and only asks of this thread are taken. */
  close(_isKept: boolean): void {}

  // ---- of an actor with a stash

  /** How many messages are put off. */
  get stashed(): number {
    return 0
  }

  /** A message is handled that has not come by this mailbox. */
  hold(_word: Word, _payload: unknown): void {}

  /** The message that was taken is put off; answers whether there was room for that. */
  putOff(): boolean {
    return false
  }

  // Positions restart at zero whenever the mailbox runs empty, so they stay small integers. A large mailbox gives its
  // memory back once it has run empty a number of times without having been much used: bursts that come again find room.
  private rewind(): void {
    const used = this.tail
    this.head = 0
    this.tail = 0
    if (this.slots.length <= KEEP_SLOTS) return
    this.spare = used * 4 < this.slots.length ? this.spare + 1 : 0
    if (this.spare < SHRINK_AFTER) return
    this.spare = 0
    this.slots = new Array(FIRST_SLOTS).fill(undefined)
    this.mask = FIRST_SLOTS - 1
  }

  private grow(): void {
    const old = this.slots
    const length = this.tail - this.head
    const slots: Array<unknown> = new Array(old.length * 2)
    for (let i = 0; i < length; i++) slots[i] = old[(this.head + i) & this.mask]
    for (let i = length; i < slots.length; i++) slots[i] = undefined
    this.slots = slots
    this.mask = slots.length - 1
    this.head = 0
    this.tail = length
  }
}
