/**
 * Takes back what a dead thread was writing and reading in an MPMC ring.
 *
 * Source: the owner in the state of each cell; see `MpmcRing.ts`.
 */
import {
  descriptorOf,
  HOLE,
  KIND,
  OWNER_MASK,
  OWNER_SHIFT,
  READING,
  type Shape,
  WRITING
} from "./internal/mpmcMemory.ts"
import { MAX_OWNER, mpmcRing as layout } from "./Layouts.ts"
import { InvalidOwner } from "./MemoryError.ts"

/** What a dead thread had in its hands. */
export interface Recovered {
  /** Records that it had claimed and not committed. */
  readonly writing: number
  /** Records that it had taken and not released. */
  readonly reading: number
}

/**
 * Recovers the claims of dead threads; may be used by any number of threads at the same time.
 *
 * **Errors**: `InvalidMemory` when the buffer is not a ring.
 */
export class MpmcRecovery {
  declare private readonly shape: Shape
  declare private readonly words: Int32Array

  constructor(sab: SharedArrayBuffer) {
    this.shape = descriptorOf(sab)
    this.words = new Int32Array(sab, layout.descriptorBytes)
  }

  /**
   * Turns the records that this owner was writing into holes, which readers skip, and frees those it was reading. Each is counted
   * once, whoever calls.
   *
   * **When to use**: when every thread that claimed under this number is known to have exited.
   *
   * **Details**: looks at every cell once.
   *
   * **Errors**: {@link InvalidOwner}.
   */
  recover(owner: number): Recovered {
    if (!(Number.isInteger(owner) && owner >= 1 && owner <= MAX_OWNER)) {
      throw new InvalidOwner(layout.name, owner, MAX_OWNER)
    }
    const { lapMask, slots, stride } = this.shape
    let writing = 0
    let reading = 0
    for (let cell = 0; cell < slots; cell++) {
      const word = (cell * stride) >> 2
      const state = Atomics.load(this.words, word)
      if ((state & OWNER_MASK) >>> OWNER_SHIFT !== owner) continue
      const lap = state & lapMask
      if ((state & KIND) === WRITING) {
        if (Atomics.compareExchange(this.words, word, state, HOLE | lap) === state) writing++
      } else if ((state & KIND) === READING) {
        if (Atomics.compareExchange(this.words, word, state, (lap + 1) & lapMask) === state) reading++
      }
    }
    return { writing, reading }
  }
}
