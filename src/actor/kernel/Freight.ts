/**
 * What moves with the messages of the actors of one thread, from the moment in which an actor is sent it until a handler has it.
 *
 * It is the owner of one account: what has been shipped to an actor here, and is not handled, is released with its message, once. What a
 * handler was given is the handler's once it has used it, or has succeeded; else it is released when the handler has ended.
 */
import { messageOf } from "../../runtime/Text.ts"
import * as Carriage from "../../wire/Carriage.ts"
import type { Codec } from "../../wire/Codec.ts"
import * as Packing from "../../wire/kernel/Packed.ts"
import { Scratch } from "../../wire/Scratch.ts"
import type { Address } from "./Address.ts"
import type { Recipient } from "./Recipient.ts"
import { References, type RefTransport, unsent } from "./RefTransport.ts"
import type { Sends } from "./Sends.ts"

/** References in a message that stays on its thread, by their place in the message. */
class LocalReferences implements RefTransport {
  readonly sends: Sends | undefined
  readonly #met: Array<Recipient> = []
  constructor(sends: Sends | undefined) {
    this.sends = sends
  }

  addressOf(recipient: Recipient): Address {
    return { ...unsent(recipient), actor: this.#met.push(recipient) - 1 }
  }

  recipientAt({ actor }: Address): Recipient {
    return this.#met[actor]!
  }

  clear(): void {
    this.#met.length = 0
  }
}

/** What {@link Freight.pack} answers for a payload that breaks its schema. */
export const BROKEN = Symbol("a payload that breaks its schema")

const TWICE = "one and the same value would move to two places of the message"

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null

/** See the module. */
export class Freight {
  /** Why the payload that was refused last was, unless its schema says why. */
  issue: string | undefined = undefined
  /** Whether anything was ever looked after: most threads never do. */
  isUsed = false
  readonly #references: LocalReferences
  readonly #scratch: Scratch
  /** By the payload that is delivered. Something that moves is an object, and so is what holds it. */
  readonly #packed = new WeakMap<object, Packing.Packed>()

  constructor(ground: Carriage.Carriage, sends?: Sends) {
    this.#references = new LocalReferences(sends)
    this.#scratch = new Scratch(new Carriage.Carriage(ground).provide(References, this.#references))
  }

  /** The payload as it will be delivered; its sender has what moves with it until it is shipped. */
  pack(codec: Codec<unknown>, payload: unknown): unknown {
    this.issue = undefined
    try {
      const received = Packing.pack(codec, payload, this.#scratch)
      if (received === Packing.UNPACKABLE) return BROKEN
      const { message, packed } = received
      if (packed === undefined) return message
      // Found before anybody makes room for it.
      if (packed.isTwice) {
        this.issue = TWICE
        return BROKEN
      }
      this.#keep(message, packed)
      return message
    } finally {
      this.#references.clear()
    }
  }

  /** Freezes what is immutable in a valid payload, where this thread asks for that. */
  freeze(codec: Codec<unknown>, payload: unknown): void {
    if (!this.#scratch.carriage.freezing.isOn) return
    try {
      codec.encode(payload, this.#scratch)
    } finally {
      this.#references.clear()
    }
  }

  /** Hands over what moves with a payload that is going to be delivered; `false`, with the reason, when it is not all there. */
  ship(payload: unknown): boolean {
    try {
      this.#of(payload)?.ship()
      return true
    } catch (error) {
      this.issue = messageOf(error)
      return false
    }
  }

  /** The same for a payload that is delivered now, or dropped now; nothing moves with one that is not taken. */
  enter(payload: unknown, isDelivered: boolean, isDropped: boolean): boolean {
    if ((isDelivered || isDropped) && !this.ship(payload)) return false
    if (isDropped) this.drop(payload)
    return true
  }

  /** Looks after what has arrived with a payload from another thread. */
  accept(payload: unknown, arrived: Carriage.Cargo): void {
    if (arrived.length > 0) this.#keep(payload, new Packing.Packed(payload, Carriage.empty, arrived, true))
  }

  /** What is looked after with one payload moves with another, which is part of it. */
  unwrap(whole: unknown, part: unknown): void {
    const packed = this.#of(whole)
    if (packed !== undefined) this.#keep(part, packed)
  }

  /** The payload as its sender has given it, as long as what moves with it is the sender's. */
  given(payload: unknown): unknown {
    const packed = this.#of(payload)
    return packed === undefined || packed.isShipped ? payload : packed.given
  }

  /** Releases what has moved with a payload that nobody will handle. */
  drop(payload: unknown): void {
    this.#of(payload)?.drop()
  }

  /** Releases what a handler was given with a payload and has not used; it has ended, and without success. */
  dropUnused(payload: unknown): void {
    this.#of(payload)?.dropUnused()
  }

  /** Releases what would have moved with a value that nobody will have. */
  discard(codec: Codec<unknown>, value: unknown): void {
    try {
      Packing.discard(codec, value, this.#scratch)
    } finally {
      this.#references.clear()
    }
  }

  #keep(payload: unknown, packed: Packing.Packed): void {
    if (!isObject(payload)) return
    this.isUsed = true
    this.#packed.set(payload, packed)
  }

  #of(payload: unknown): Packing.Packed | undefined {
    return this.isUsed && isObject(payload) ? this.#packed.get(payload) : undefined
  }
}
