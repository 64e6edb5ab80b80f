/**
 * Says for each key which worker of a pool runs a job of it, so that of the jobs of a key one runs at a time also while the key goes from one worker to
 * another and threads that submit differ about whose it is.
 *
 * ```text
 *  worker a   take ──► runs the job ──► release: somebody wants it? lifts + 1, and the others are rung
 *  worker b        take: it is a's, and now wanted ── sleeps ──────────────────────────────────────► looks again ─► take
 * ```
 *
 * Promises:
 * - At most one worker has a key.
 * - Who was refused a key sees another {@link KeyHolds.lifts} once it is free: who has it finds that it is wanted, or the refused one finds it free.
 *
 * Never does: wait, or wake anybody. Two keys that are taken for the same are one. A worker that has died has what it had until who looks after the workers
 * says so ({@link KeyHolds.releaseAll}).
 *
 * Order of the shared accesses: a word is changed by compare-and-swap or exchange, and `lifts` after that.
 */
import { keyHolds as layout } from "./JobLayouts.ts"
import { identify, inscribe } from "./Layout.ts"
import { InvalidCapacity, InvalidMemory } from "./MemoryError.ts"

const liftsCell = layout.cells.lifts
const keysCell = layout.descriptorCells
const HOLDER = 0x7f
const WANTED = 0x80
const bytesOf = (keys: number): number => layout.descriptorBytes + keys * 4

/**
 * Makes the shared memory of so many keys that nobody has.
 *
 * **Errors**: {@link InvalidCapacity}.
 */
export const create = (keys: number): SharedArrayBuffer => {
  if (!Number.isInteger(keys) || keys < 1 || bytesOf(keys) >= 2 ** 31) {
    throw new InvalidCapacity(layout.name, "keys", keys, "a whole number from 1 on, so that they fit into 2 GiB")
  }
  const sab = new SharedArrayBuffer(bytesOf(keys))
  inscribe(layout, sab)[layout.cells.keys] = keys
  return sab
}

/**
 * The keys, seen from any thread.
 *
 * **Errors**: {@link InvalidMemory} when the buffer is none of keys.
 */
export class KeyHolds {
  /** How many there are. */
  declare readonly keys: number
  declare private readonly cells: Int32Array

  constructor(sab: SharedArrayBuffer) {
    const cells = identify(layout, sab)
    const keys = cells[layout.cells.keys]!
    if (!(keys > 0 && sab.byteLength === bytesOf(keys))) {
      throw new InvalidMemory(layout.name, `${sab.byteLength} bytes are not those of ${keys} keys`)
    }
    this.keys = keys
    this.cells = cells
  }

  /** Takes a key, from 0 on, for the worker at a place that has it not; `false` when another one has it, who is told so. */
  take(key: number, place: number): boolean {
    const { cells } = this
    const cell = keysCell + key
    for (;;) {
      const found = Atomics.compareExchange(cells, cell, 0, place + 1)
      if (found === 0) return true
      if ((found & WANTED) !== 0 || Atomics.compareExchange(cells, cell, found, found | WANTED) === found) return false
    }
  }

  /** The same, and nobody is told when it is refused. */
  tryTake(key: number, place: number): boolean {
    return Atomics.compareExchange(this.cells, keysCell + key, 0, place + 1) === 0
  }

  /** Whether nobody has a key. */
  isFree(key: number): boolean {
    return Atomics.load(this.cells, keysCell + key) === 0
  }

  /** Lets a key of the caller's go; `true` when others want it, who have to be woken. */
  release(key: number): boolean {
    const isWanted = (Atomics.exchange(this.cells, keysCell + key, 0) & WANTED) !== 0
    // After it is free: who sees that looks for it.
    if (isWanted) Atomics.add(this.cells, liftsCell, 1)
    return isWanted
  }

  /** The worker at a place has died: lets go what it had. All others have to be woken. */
  releaseAll(place: number): void {
    for (let key = 0; key < this.keys; key++) {
      if ((Atomics.load(this.cells, keysCell + key) & HOLDER) === place + 1) this.release(key)
    }
    // It may have died when it had let one go and had not said so.
    Atomics.add(this.cells, liftsCell, 1)
  }

  /** How often a key was let go that was wanted, as a wrapping Int32. */
  lifts(): number {
    return Atomics.load(this.cells, liftsCell)
  }
}
