/**
 * A message that moves something and stays on its thread: as it will be received, and what has to move for that.
 *
 * It is written and read as between threads, so that what is in it is handed over there and here alike. All code of the user runs in
 * {@link pack}, which changes nothing; {@link Packed.ship} runs none.
 */
import { Region } from "../../memory/Region.ts"
import * as Carriage from "../Carriage.ts"
import type { Codec } from "../Codec.ts"
import type { Scratch } from "../Scratch.ts"

/** See the module. */
export class Packed {
  /** As it was given, which its sender has until it is shipped. */
  readonly given: unknown
  isShipped: boolean
  readonly #cargo: Carriage.Cargo
  readonly #arrived: Carriage.Cargo
  constructor(given: unknown, cargo: Carriage.Cargo, arrived: Carriage.Cargo, isShipped: boolean) {
    this.given = given
    this.isShipped = isShipped
    this.#cargo = cargo
    this.#arrived = arrived
  }

  /** Whether something stands in two places, and cannot move to both. */
  get isTwice(): boolean {
    return this.#cargo.length > 1 && new Set(this.#cargo).size < this.#cargo.length
  }

  /**
   * Hands over what moves.
   *
   * **Errors**: what its values say when one of them is not held, or is there twice; then none has been moved.
   */
  ship(): void {
    Carriage.send(this.#cargo, this)
    this.isShipped = true
    Carriage.take(this.#arrived)
  }

  /** Releases what was shipped: nobody will handle the message. */
  drop(): void {
    if (this.isShipped) Carriage.drop(this.#arrived)
  }

  /** Releases what was shipped and not used: who handled the message has ended without success. */
  dropUnused(): void {
    if (this.isShipped) Carriage.dropUnused(this.#arrived)
  }
}

/** What {@link pack} answers for a value that breaks its schema. */
export const UNPACKABLE = Symbol("a value that breaks its schema")

/** A message as it will be received, and the {@link Packed} it comes with; without one where nothing moves. */
export interface Received {
  readonly message: unknown
  readonly packed: Packed | undefined
}

/** Packs a message of a codec that `carries`. */
export const pack = (codec: Codec<unknown>, value: unknown, scratch: Scratch): Received | typeof UNPACKABLE => {
  const bytes = codec.encode(value, scratch)
  if (bytes < 0) return UNPACKABLE
  const { cargo, carriage } = scratch
  if (cargo.length === 0) return { message: value, packed: undefined }
  const region = Region.make(bytes)
  scratch.copyTo(region, 0)
  const message = codec.read(region, 0, bytes, carriage)
  return { message, packed: new Packed(value, cargo, carriage.arrived, false) }
}

/** Releases what moves with a message that nobody will have, and that its sender has given up; of one that cannot be written what was met before that. */
export const discard = (codec: Codec<unknown>, value: unknown, scratch: Scratch): void => {
  try {
    codec.encode(value, scratch)
  } catch {
    // Who was to have the message hears what is wrong with it.
  }
  Carriage.drop(scratch.cargo)
}
