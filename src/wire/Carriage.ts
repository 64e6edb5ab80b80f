/**
 * What travels in messages beside plain data: parcels, references to actors, ends of channels.
 *
 * Such a value is more than its bytes: it belongs to its thread, and to put it into a message takes something that only that thread has, its
 * open arenas or its place in a system. A {@link Carriage} is that something: the services of one thread, by {@link Key}. It is handed to a
 * codec with each run, so nothing of a thread is kept in a module, and several threads can be simulated in one.
 *
 * ```text
 *  sender     bytes = codec.encode(message, scratch)      services from scratch.carriage
 *             cargo = scratch.cargo                       the values met that move with the message
 *             offset = ring.claim(bytes)
 *             send(cargo)                                 all of them leave this thread, or none
 *             scratch.copyTo(ring.region, offset); ring.commit(bytes, type)
 *
 *  receiver   message = codec.read(region, offset, end, carriage)
 *             take(carriage.arrived)                      all of them are this thread's, or none
 * ```
 *
 * `encode` and `read` change nothing: they may run any number of times, and what they answer may be dropped. A claim that is aborted before
 * `send` needs nothing else. A message that is read twice (its first reader died before it could release the record) is taken once.
 *
 * Who carries knows what it carries without a walk over the message: a value whose getters answer something else the next time cannot name one
 * parcel and move another. A new kind of such values is a schema made by `wire/Carry` and a key; no codec and no ring knows it.
 */
import { Freezing } from "./internal/freezing.ts"

/** Names a service of a thread that values of one kind need on their way. */
export class Key<in out T> {
  declare readonly "~T": (service: T) => T
  readonly name: string
  constructor(name: string) {
    this.name = name
  }
}

/** A value that is handed over with its message, so that its sender has it no longer. Each step answers whether it could be taken. */
export interface Carried {
  /** Takes it out of the hands of this thread's code for a message that waits. */
  hold(message: unknown): boolean
  /** Moves it away from this thread; from here on, or from `hold` of the same message. */
  send(message: unknown): boolean
  /** Undoes `hold` or `send`, as long as nobody has taken it. */
  restore(): void
  /** Whether it was sent from here and, as far as anybody knows, nobody has taken it. */
  isUnderway(): boolean
  /** Makes it this thread's after it has arrived; `true` also when it is. */
  take(): boolean
  /** Releases it, taken or not: nobody will handle its message. */
  drop(): void
  /** Releases it when this thread has it and nobody has used it since it arrived: the handler of its message has ended without success. */
  dropUnused(): void
  /** Why it cannot be carried. */
  gone(): Error
}

/** What moves with one message. */
export type Cargo = ReadonlyArray<Carried>

/** Nothing that moves. */
export const empty: Cargo = []

/** See the module. */
export class Carriage {
  /** What came with the record that was read last by a codec that `carries`, also when it could not be read to its end. */
  arrived: Cargo = empty
  /** Whether immutable values are frozen on this thread. */
  readonly freezing: Freezing
  readonly #services = new Map<unknown, unknown>()
  readonly #ground: Carriage | undefined

  /** What it does not have itself it takes from `ground`. */
  constructor(ground?: Carriage) {
    this.#ground = ground
    this.freezing = ground?.freezing ?? new Freezing()
  }

  /** Gives it a service; the last one of a key counts. */
  provide<T>(key: Key<T>, service: T): this {
    this.#services.set(key, service)
    return this
  }

  /** The service of a key, if this thread has it. */
  get<T>(key: Key<T>): T | undefined {
    // Only `provide` puts services in, under their keys.
    return this.#services.has(key) ? this.#services.get(key) as T : this.#ground?.get(key)
  }
}

const each = (cargo: Cargo, step: (carried: Carried) => boolean): void => {
  for (const [i, carried] of cargo.entries()) {
    if (step(carried)) continue
    const error = carried.gone()
    for (const done of cargo.slice(0, i)) done.restore()
    throw error
  }
}

/**
 * Takes the cargo of a message that has to wait out of the hands of this thread's code. `message` is what it waits in; `send` must name the same.
 *
 * **Errors**: as of {@link send}.
 */
export const hold = (cargo: Cargo, message: unknown): void => each(cargo, (carried) => carried.hold(message))

/**
 * Moves the cargo of a message away from this thread, before its record can be seen.
 *
 * **Errors**: what its values say (`ParcelGone`) when one of them is not held, or is there twice; then none has been moved.
 */
export const send = (cargo: Cargo, message: unknown): void => each(cargo, (carried) => carried.send(message))

/** Gives back what `hold` or `send` took: the record was given up, or is known never to be read. */
export const restore = (cargo: Cargo): void => {
  for (const carried of cargo) carried.restore()
}

/** As {@link restore}; `false` when somebody was faster with a part of it: then the rest has been released, and the message is gone. */
export const reclaim = (cargo: Cargo): boolean => {
  restore(cargo)
  return take(cargo)
}

/**
 * Makes the cargo of a message that was read this thread's; `false` when one of it was taken before or forgotten. Then what could be taken has
 * been released, and the message is of no use.
 */
export const take = (cargo: Cargo): boolean => {
  let taken = 0
  for (const carried of cargo) if (carried.take()) taken++
  if (taken === cargo.length) return true
  drop(cargo)
  return false
}

/** Releases the cargo of a message that nobody will handle, taken or not. */
export const drop = (cargo: Cargo): void => {
  for (const carried of cargo) carried.drop()
}

/** Releases what a handler was given and has not used, which has ended without success. */
export const dropUnused = (cargo: Cargo): void => {
  for (const carried of cargo) carried.dropUnused()
}
