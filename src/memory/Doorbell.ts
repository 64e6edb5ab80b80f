/**
 * Wakes one parked thread, and costs a producer one atomic load while that thread is awake.
 *
 * A doorbell belongs to one consumer thread, whatever the number of rings it reads; any number of producers ring it.
 * Waking a thread costs as much as a message port does, so the producer does it only when the consumer has announced
 * that it parks.
 *
 * ```text
 *  Int32 cell   0       1                32 …
 *               | state | wakes | unused | next doorbell of the same buffer
 *  state: 0 awake, 1 parked      wakes: number of times a producer woke the consumer
 *
 *  consumer                                   producer
 *    prepare():  store state = parked           publish():  store tail
 *    re-check:   load tail of every ring        ring():     load state
 *    wait():     sleep while state = parked                 if parked: CAS parked -> awake, notify
 * ```
 *
 * Promises no lost wake-up. Each side stores its own word before it loads the other's, and JavaScript atomics have one
 * total order. If the producer's load of `state` comes before the consumer's store of `parked`, the producer's store of
 * `tail` does too, and the re-check sees the record. Otherwise the producer sees `parked` and wakes. A producer that
 * rings between the re-check and `wait` has set `state` to awake, and the wait, which compares under the lock that
 * `notify` takes, does not begin. Of many producers the one whose CAS succeeds notifies. The order is what counts:
 * publish before `ring`, and `prepare` before the re-check.
 *
 * A producer that dies between its publication and the end of `ring` leaves a consumer asleep that has work. Whoever
 * hears of a death calls `ringForDead` on the doorbells the dead thread could ring.
 *
 * Never does: look at rings, spin, or keep a thread alive. A pending `wait` is no reason for Node to keep an event loop
 * open: the thread must hold a referenced handle (a message port, a timer) while it is parked, or it exits. A parked
 * thread with a living event loop runs again 40-60 µs after the notify.
 *
 * Source: the parked flag of Disruptor's `LiteBlockingWaitStrategy`; Dekker's store-then-load.
 *
 * Hot path: `ring` and `prepare`; changes only together with `test/model`.
 */
import { textOf } from "../runtime/Text.ts"
import { CELLS_PER_LINE } from "./Layout.ts"

const AWAKE = 0
const PARKED = 1

const WAKES_CELL = 1

/** A doorbell was asked for in a slot that its buffer does not have. */
export class InvalidDoorbell extends Error {
  readonly _tag = "InvalidDoorbell"
  /** The slot asked for. */
  readonly slot: number
  /** The number of doorbells in the buffer. */
  readonly slots: number
  constructor(slot: number, slots: number) {
    super(
      `Doorbell: slot ${textOf(slot)} is not one of the ${slots} of the buffer; `
        + `give a slot from 0 on, of a buffer made by Doorbell.create`
    )
    this.name = "InvalidDoorbell"
    this.slot = slot
    this.slots = slots
  }
}

/** What a wait that leaves the event loop running answers: at once, or as a promise. */
export type Wait =
  | { readonly async: false; readonly value: "not-equal" | "timed-out" }
  | { readonly async: true; readonly value: Promise<"ok" | "timed-out"> }

/**
 * Makes the shared memory of a number of doorbells, all awake.
 *
 * **Shape**: 128 bytes each, so that none shares a cache line with another.
 *
 * **Errors**: {@link InvalidDoorbell} when `slots` is not a whole number of 1 or more.
 */
export const create = (slots = 1): SharedArrayBuffer => {
  if (!Number.isInteger(slots) || slots < 1) throw new InvalidDoorbell(0, slots)
  return new SharedArrayBuffer(slots * CELLS_PER_LINE * 4)
}

/**
 * One doorbell, seen from the consumer's or from a producer's thread.
 *
 * **Example** (The consumer's end of an idle loop)
 * ```ts
 * import type { Doorbell } from "shared-nothing/memory/Doorbell"
 * import type { SpscReader } from "shared-nothing/memory/SpscRing"
 *
 * const rest = async (bell: Doorbell, rings: ReadonlyArray<SpscReader>) => {
 *   bell.prepare()
 *   if (rings.every((ring) => ring.isEmpty())) {
 *     const wait = bell.wait()
 *     if (wait.async) await wait.value
 *   }
 *   bell.cancel()
 * }
 * ```
 *
 * **Errors**: {@link InvalidDoorbell} when the buffer has no such slot.
 */
export class Doorbell {
  declare private readonly cells: Int32Array
  declare private readonly cell: number
  /** This thread may have a `wait` that nobody has ended. */
  declare private waiting: boolean

  constructor(sab: SharedArrayBuffer, slot = 0) {
    const slots = Math.floor(sab.byteLength / (CELLS_PER_LINE * 4))
    if (!Number.isInteger(slot) || slot < 0 || slot >= slots) throw new InvalidDoorbell(slot, slots)
    this.cells = new Int32Array(sab)
    this.cell = slot * CELLS_PER_LINE
    this.waiting = false
  }

  /**
   * Producer: wakes the consumer if it is parked; `true` when this call woke it.
   *
   * **When to use**: after `publish`, in this order. One atomic load while the consumer is awake.
   */
  ring(): boolean {
    if (Atomics.load(this.cells, this.cell) === AWAKE) return false
    return this.wake()
  }

  /** The consumer has announced that it parks: of all producers that see it, one wakes it. */
  private wake(): boolean {
    if (Atomics.compareExchange(this.cells, this.cell, PARKED, AWAKE) !== PARKED) return false
    Atomics.add(this.cells, this.cell + WAKES_CELL, 1)
    // All waiters: an abandoned wait of the same thread must not take the wake-up of the living one.
    Atomics.notify(this.cells, this.cell)
    return true
  }

  /**
   * Anybody: wakes the consumer whatever the state says.
   *
   * **When to use**: when a thread has died, on every doorbell it may have rung. It may have died after publishing and
   * before ringing, or inside of `ring`, with the state already awake and the consumer still asleep.
   */
  ringForDead(): void {
    Atomics.store(this.cells, this.cell, AWAKE)
    Atomics.notify(this.cells, this.cell)
  }

  /**
   * Consumer: announces that it parks. From here on a producer that publishes will ring.
   *
   * **Gotchas**: check every ring once more after it, then `cancel` or `wait`.
   */
  prepare(): void {
    Atomics.store(this.cells, this.cell, PARKED)
  }

  /**
   * Consumer: takes the announcement back, and ends a wait of this thread that is still pending.
   *
   * **When to use**: when the re-check found a record, after a wait timed out, and when something else woke the thread.
   * Does no harm after a wake-up.
   */
  cancel(): void {
    Atomics.store(this.cells, this.cell, AWAKE)
    if (this.waiting) {
      this.waiting = false
      Atomics.notify(this.cells, this.cell)
    }
  }

  /**
   * Consumer: takes the announcement back and leaves a pending wait as it is, for the next time it parks.
   *
   * **When to use**: instead of `cancel`, when the thread found work by itself and keeps the promise of its wait. After the next `prepare`
   * and re-check that promise is the wait; it may be fulfilled by a ring from before, so look again when it is.
   */
  retract(): void {
    Atomics.store(this.cells, this.cell, AWAKE)
  }

  /**
   * Consumer: sleeps until a producer rings, with the event loop running.
   *
   * **Details**: `async: false` when the doorbell rang since `prepare`. Otherwise `value` is fulfilled by the ring, by
   * `cancel`, or after `timeoutMillis`. Call `cancel` after it, whatever woke the thread.
   *
   * **Gotchas**: the pending promise does not keep the thread alive.
   */
  wait(timeoutMillis?: number): Wait {
    const wait = Atomics.waitAsync(this.cells, this.cell, PARKED, timeoutMillis)
    this.waiting = wait.async
    return wait
  }

  /**
   * Consumer: the same as {@link wait} by means of the caller, for one that does not take the engine's own way to wait: `waitAsync`
   * answers whether it will call `rung` when the word at `cell` is notified, or `false` when it does not hold `expected`.
   */
  waitWith(
    waitAsync: (words: Int32Array, cell: number, expected: number, rung: () => void) => boolean,
    rung: () => void
  ): boolean {
    this.waiting = waitAsync(this.cells, this.cell, PARKED, rung)
    return this.waiting
  }

  /**
   * Consumer: sleeps until a producer rings, blocking the whole thread.
   *
   * **When to use**: in threads without work for an event loop. Node refuses nothing here, but timers, sockets and
   * messages stand still.
   */
  waitBlocking(timeoutMillis?: number): "ok" | "not-equal" | "timed-out" {
    return Atomics.wait(this.cells, this.cell, PARKED, timeoutMillis)
  }

  /** Whether the consumer has announced that it parks and nobody has rung since. */
  isParked(): boolean {
    return Atomics.load(this.cells, this.cell) === PARKED
  }

  /** Number of times a producer has woken the consumer, as a wrapping Int32. */
  wakes(): number {
    return Atomics.load(this.cells, this.cell + WAKES_CELL)
  }
}
