/**
 * The memories of channels whose ends are on their way in messages, as a thread knows them; and the ends that threads have died with.
 *
 * Who sends an end tells all threads the memory of its channel first. A thread that began to listen later asks, and everybody who knows
 * answers. A memory is kept as long as an end of its channel is on its way.
 */
import { Roster } from "../../memory/Roster.ts"
import { piece, type ThreadContext } from "../../runtime/ThreadContext.ts"
import { type Broadcast, broadcastOf, EXIT } from "../../thread/kernel/Broadcast.ts"
import type { Missing } from "../../wire/kernel/Missing.ts"
import type { Settings } from "../ChannelOptions.ts"
import type { Access, SharedMemory } from "./sharedMemory.ts"
import { takeOffOf } from "./takeOff.ts"

/** What a thread needs to take part in a channel. */
export interface Offer {
  readonly settings: Settings
  readonly layoutHash: number
  readonly memory: SharedMemory
}

/** What a thread is told of a channel. */
export const offerOf = ({ codec, memory, settings }: {
  readonly codec: { readonly layoutHash: number }
  readonly memory: SharedMemory
  readonly settings: Settings
}): Offer => ({
  settings,
  layoutHash: codec.layoutHash,
  memory
})

const OFFER = "channel/offer"
const WANT = "channel/want"

/** How long a thread that asks for a memory is answered. */
const PATIENCE_MILLIS = 5_000

/** Memories before those are looked for that nobody needs any more. */
const SOME = 16

/** See the module. */
export class Offers implements Missing {
  readonly #broadcast: Broadcast
  readonly #known = new Map<number, Offer>()
  readonly #wanted = new Map<number, Set<() => void>>()
  readonly #open = new Set<Access<unknown>>()
  #most = SOME
  #missing: Set<number> | undefined = undefined

  constructor(thread: ThreadContext) {
    this.#broadcast = broadcastOf(thread)
    this.#broadcast.listen(OFFER, (offer) => this.#keep(offer as Offer))
    this.#broadcast.listen(WANT, (id) => {
      const offer = this.#known.get(id as number)
      if (offer !== undefined) this.#broadcast.say(OFFER, offer)
    })
    this.#broadcast.listen(EXIT, (number) => {
      for (const access of this.#open) takeOffOf(access, number as number)
    })
  }

  /** The number of this thread in rosters. */
  get number(): number {
    return this.#broadcast.number
  }

  #keep(offer: Offer): void {
    const { id } = offer.memory
    if (this.#known.size >= this.#most) {
      for (const [id, { memory }] of this.#known) if (!new Roster(memory.roster).hasHanded()) this.#known.delete(id)
      this.#most = Math.max(SOME, 2 * this.#known.size)
    }
    this.#known.set(id, offer)
    const waiting = this.#wanted.get(id)
    this.#wanted.delete(id)
    if (waiting !== undefined) { for (const then of waiting) then() }
  }

  /** An end of the channel may be going to be sent from here: who reads the message on this thread finds it. */
  prepare(offer: Offer): void {
    if (!this.#known.has(offer.memory.id)) this.#keep(offer)
  }

  /** An end of the channel is on its way: everybody is to know, before its message can be seen. */
  tell(offer: Offer): void {
    this.#broadcast.say(OFFER, offer)
  }

  /** The memory of a channel, if it is known here by now. */
  find(id: number): Offer | undefined {
    const known = this.#known.get(id)
    if (known !== undefined) return known
    this.#broadcast.poll()
    return this.#known.get(id)
  }

  /** Notes that a message could not be read for want of a memory. */
  miss(id: number): void {
    this.#missing = (this.#missing ?? new Set()).add(id)
  }

  /** The memories for want of which the last message could not be read, if that was why. */
  takeMissing(): ReadonlySet<number> | undefined {
    const missing = this.#missing
    this.#missing = undefined
    return missing
  }

  /** Asks for the memories of channels; `then` is called when they are there, or when nobody has answered in time. */
  want(ids: ReadonlySet<number>, then: () => void): void {
    let left = ids.size
    for (const id of ids) {
      this.#want(id, () => {
        left--
        if (left === 0) then()
      })
    }
  }

  #want(id: number, then: () => void): void {
    const waiting = this.#wanted.get(id)
    if (waiting !== undefined) return void waiting.add(then)
    this.#wanted.set(id, new Set([then]))
    this.#broadcast.say(WANT, id)
    this.#broadcast.after(PATIENCE_MILLIS, () => {
      const left = this.#wanted.get(id)
      this.#wanted.delete(id)
      if (left !== undefined) { for (const then of left) then() }
    })
  }

  /** Whether an answer is still to come. */
  isWanted(ids: ReadonlySet<number>): boolean {
    for (const id of ids) if (this.#wanted.has(id)) return true
    return false
  }

  /** The channel has an open end on this thread, or none any more. */
  setOpen(access: Access<unknown>): void {
    if (access.ends.size > 0) this.#open.add(access)
    else this.#open.delete(access)
  }
}

const pieces = piece((thread) => new Offers(thread))

/** The offers of a thread. */
export const offersOf = (thread: ThreadContext): Offers => thread.get(pieces)
