/**
 * The arenas that a thread has open: those whose parcels can arrive there. A service of the thread's `wire/Carriage`.
 */
import { ArenaEnd } from "../memory/Arena.ts"
import { ArenaNumbers } from "../memory/ArenaNumbers.ts"
import * as Carriage from "./Carriage.ts"
import { ArenaTaken } from "./ParcelError.ts"

interface Opened {
  readonly end: ArenaEnd
  /** How often it was opened and not closed. */
  users: number
}

/** See the module. */
export class Arenas {
  readonly #opened = new Map<number, Opened>()

  /**
   * Opens an arena: parcels of it can arrive from now on.
   *
   * **Details**: `owner` is the thread's number in the arena, from 1 to 255. Opening the same memory again answers the same end, which is open
   * until it has been closed as often.
   *
   * **Errors**: `ArenaTaken`; `InvalidMemory` and `InvalidOwner` of `memory/MemoryError`.
   */
  open(memory: SharedArrayBuffer, owner: number): ArenaEnd {
    const end = new ArenaEnd(memory, owner)
    const known = this.#opened.get(end.id)
    if (known === undefined) {
      // Nobody gives the number to another thread, whoever has given it to this one.
      new ArenaNumbers(end).enter()
      this.#opened.set(end.id, { end, users: 1 })
      return end
    }
    if (known.end.buffer !== memory || known.end.owner !== owner) {
      throw new ArenaTaken({ id: end.id, owner, openedBy: known.end.owner })
    }
    known.users++
    return known.end
  }

  /** Closes an arena: its parcels cannot arrive any more. What is held stays held. */
  close(end: ArenaEnd): void {
    const known = this.#opened.get(end.id)
    if (known?.end === end && --known.users === 0) this.#opened.delete(end.id)
  }

  /** All that are open, in the order in which they were opened. */
  all(): ReadonlyArray<ArenaEnd> {
    return Array.from(this.#opened.values(), ({ end }) => end)
  }

  /** The end of an arena, if it is open. */
  at(id: number): ArenaEnd | undefined {
    return this.#opened.get(id)?.end
  }
}

/** The arenas of a thread, in its carriage. */
export const Open: Carriage.Key<Arenas> = new Carriage.Key("shared-nothing/wire/Arenas")
