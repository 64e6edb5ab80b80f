/**
 * What has moved in the records of one direction of a link, and is not there yet: the owner of that account.
 *
 * The other side takes what it reads. What it has passed over or will never read is known when its slot is given back, or the link ends,
 * and is taken back then and released. Whoever has taken it has it: to take back is to take first.
 */
import * as Carriage from "../../wire/Carriage.ts"

interface Entry {
  readonly slot: number
  readonly cargo: Carriage.Cargo
  /** Its record has not been written: who has it could still have it when this thread dies. */
  isHeld: boolean
}

/** The slot of replies. */
export const NO_SLOT = -1

/** Entries before those are looked for that have arrived. */
const SOME = 32

/** See the module. */
export class Underway {
  #entries: Array<Entry> = []
  #most = SOME

  /** How many messages are on their way with something. */
  get size(): number {
    this.#tidy()
    return this.#entries.length
  }

  /** Moves the cargo of a message away from this thread. **Errors**: as of `Carriage.send`. */
  send(slot: number, cargo: Carriage.Cargo): void {
    const entry = { slot, cargo, isHeld: false }
    Carriage.send(cargo, entry)
    this.#add(entry)
  }

  /**
   * Takes the cargo of a message out of the hands of this thread's code, for which there is no room yet; what it answers moves it away, before its record is
   * written. **Errors**: as of `Carriage.hold`.
   */
  hold(slot: number, cargo: Carriage.Cargo): () => void {
    const entry = { slot, cargo, isHeld: true }
    Carriage.hold(cargo, entry)
    this.#add(entry)
    return () => {
      entry.isHeld = false
      Carriage.send(cargo, entry)
    }
  }

  #add(entry: Entry): void {
    if (this.#entries.length >= this.#most) {
      this.#tidy()
      this.#most = Math.max(SOME, 2 * this.#entries.length)
    }
    this.#entries.push(entry)
  }

  /** The record that was sent last could not be written. */
  undo(): void {
    Carriage.restore(this.#entries.pop()!.cargo)
  }

  /** All records of a slot have been passed. */
  lose(slot: number): void {
    const lost = this.#entries.filter((entry) => entry.slot === slot)
    if (lost.length === 0) return
    this.#entries = this.#entries.filter((entry) => entry.slot !== slot)
    takeBack(lost)
  }

  /** No record will be read any more. */
  loseAll(): void {
    const lost = this.#entries
    this.#entries = []
    takeBack(lost)
  }

  #tidy(): void {
    this.#entries = this.#entries.filter(({ cargo, isHeld }) => isHeld || cargo.some((carried) => carried.isUnderway()))
  }
}

const takeBack = (entries: ReadonlyArray<Entry>): void => {
  for (const { cargo } of entries) {
    Carriage.restore(cargo)
    Carriage.drop(cargo)
  }
}
