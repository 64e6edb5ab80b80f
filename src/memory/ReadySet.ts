/**
 * Says which of many sources have something for a reader, so that it looks at one word and not at all of them.
 *
 * A reader has a row with a bit for each source. The source sets it when it has made something visible; the reader takes the bits, and then looks
 * at those sources. While a bit is set its source pays one load.
 *
 * ```text
 *  source                                   reader
 *    makes it visible  (publish: tail)        take(word): load; if not 0, exchange word = 0
 *    raise():  load word                      looks at each source whose bit was in it (poll: tail)
 *              bit missing? or                isEmpty(): load each word
 * ```
 *
 * Promises that nothing is overlooked: who has made something visible and returned from `raise` has its bit in the row, or a `take` that began
 * after that found it there. `raise` finds the bit set: then no `take` has removed it yet, and the one that will looks at the source after that.
 * Or it sets the bit. JavaScript's atomics have one total order, so what was made visible before the load, or before the `or`, is seen by whoever has taken the bit.
 *
 * The orders that count: visible before `raise`; `take` before the look; and for a reader that sleeps, the doorbell's `prepare` before `isEmpty`, and `raise`
 * before `ring`.
 *
 * A source that dies between the two leaves something without a bit: whoever hears of a death looks at what it left. A bit may be of a source that has gone,
 * or has nothing: it costs a look.
 *
 * Never does: wake anybody (see `Doorbell`), or know what a source is.
 *
 * Source: the bitmap of ready queues of the schedulers of operating systems; Dekker's store-then-load, as in `Doorbell`.
 *
 * Hot path: `raise`, `take`; changes only together with `test/model`.
 */
import { CELLS_PER_LINE, identify, inscribe } from "./Layout.ts"
import { readySet as layout } from "./Layouts.ts"
import { InvalidCapacity, InvalidMemory } from "./MemoryError.ts"

/** Most readers, and most sources of one. */
export const MAX_SOURCES = 4096

const isCount = (count: number): boolean => Number.isInteger(count) && count >= 1 && count <= MAX_SOURCES

/** Cells of a row: whole lines, so that no two readers share one. */
const cellsFor = (sources: number): number => Math.ceil(sources / (32 * CELLS_PER_LINE)) * CELLS_PER_LINE

/**
 * Makes the shared memory of so many readers, each of which reads so many sources, where nothing is ready.
 *
 * **Shape**: 128 bytes, and as many for each reader and each 1,024 of its sources.
 *
 * **Errors**: {@link InvalidCapacity} when one of the two is not a whole number from 1 to {@link MAX_SOURCES}.
 */
export const create = (readers: number, sources: number): SharedArrayBuffer => {
  for (const [option, count] of Object.entries({ readers, sources })) {
    if (!isCount(count)) {
      throw new InvalidCapacity(layout.name, option, count, `a whole number from 1 to ${MAX_SOURCES}`)
    }
  }
  const sab = new SharedArrayBuffer(layout.descriptorBytes + readers * cellsFor(sources) * 4)
  const cells = inscribe(layout, sab)
  cells[layout.cells.readers] = readers
  cells[layout.cells.sources] = sources
  return sab
}

interface Row {
  readonly cells: Int32Array
  readonly first: number
  readonly sources: number
}

const rowOf = (sab: SharedArrayBuffer, reader: number): Row => {
  const cells = identify(layout, sab)
  const readers = cells[layout.cells.readers]!
  const sources = cells[layout.cells.sources]!
  const bytes = layout.descriptorBytes + readers * cellsFor(sources) * 4
  if (!isCount(readers) || !isCount(sources) || sab.byteLength < bytes) {
    throw new InvalidMemory(
      layout.name,
      `it says ${readers} readers of ${sources} sources, the buffer has ${sab.byteLength} bytes`
    )
  }
  if (!(Number.isInteger(reader) && reader >= 0 && reader < readers)) {
    throw new InvalidMemory(layout.name, `it has ${readers} readers, and none with the number ${reader}`)
  }
  return { cells, first: layout.descriptorCells + reader * cellsFor(sources), sources }
}

/**
 * The row of a reader, seen from its thread. Exactly one thread takes from it.
 *
 * **Example** (Rings of many threads)
 * ```ts
 * import type { ReadySet } from "shared-nothing/memory/ReadySet"
 *
 * const look = (ready: ReadySet, drain: (source: number) => void) => {
 *   for (let word = 0; word < ready.words; word++) {
 *     for (let bits = ready.take(word); bits !== 0; bits &= bits - 1) drain(word * 32 + 31 - Math.clz32(bits & -bits))
 *   }
 * }
 * ```
 *
 * **Errors**: {@link InvalidMemory} when the buffer is not a set, or has no such row.
 */
export class ReadySet {
  /** Words of the row: source `s` is bit `s & 31` of word `s >> 5`. */
  declare readonly words: number
  declare private readonly cells: Int32Array
  declare private readonly first: number

  constructor(sab: SharedArrayBuffer, reader: number) {
    const { cells, first, sources } = rowOf(sab, reader)
    this.words = (sources + 31) >> 5
    this.cells = cells
    this.first = first
  }

  /**
   * Takes the bits of a word: those sources have something, and their bits are gone.
   *
   * **Gotchas**: look at each of them afterwards, and remember those that are not read to their end: their bit does not come back by itself.
   */
  take(word: number): number {
    const cell = this.first + word
    return Atomics.load(this.cells, cell) === 0 ? 0 : Atomics.exchange(this.cells, cell, 0)
  }

  /** Whether there is no bit to take. */
  isEmpty(): boolean {
    for (let word = 0; word < this.words; word++) if (Atomics.load(this.cells, this.first + word) !== 0) return false
    return true
  }
}

/**
 * The bit of one source in the row of one reader, seen from the thread of the source.
 *
 * **Errors**: {@link InvalidMemory} when the buffer is not a set, or has no such bit.
 */
export class ReadyBit {
  declare private readonly cells: Int32Array
  declare private readonly cell: number
  declare private readonly bit: number

  constructor(sab: SharedArrayBuffer, reader: number, source: number) {
    const { cells, first, sources } = rowOf(sab, reader)
    if (!(Number.isInteger(source) && source >= 0 && source < sources)) {
      throw new InvalidMemory(layout.name, `it has ${sources} sources, and none with the number ${source}`)
    }
    this.cells = cells
    this.cell = first + (source >> 5)
    this.bit = 1 << (source & 31)
  }

  /** Says that the source has something. Call it behind what makes that visible, and in front of the doorbell. */
  raise(): void {
    if ((Atomics.load(this.cells, this.cell) & this.bit) === 0) Atomics.or(this.cells, this.cell, this.bit)
  }
}
