/**
 * Describes where everything lies in the shared memory of a structure, once: from a description come the cells that the
 * code uses, the check that a buffer is what it is taken for, and the drawings in `docs/reference/memory-layout.md`.
 *
 * A structure is one `SharedArrayBuffer`: a descriptor of *lines*, followed by *parts*.
 *
 * ```text
 *  Int32 cell   0           32         64               descriptorCells
 *               | identity  | line 1   | line 2  | …    | parts …
 *  identity: cell 0 magic, cell 1 version, then what the creator writes before the buffer is handed to anybody
 * ```
 *
 * Each line is written by one side and owns two 64-byte cache lines: processors fetch lines in pairs, so with one the
 * reader's word would still travel with every store of the writer's.
 *
 * Three kinds of numbers, never mixed: a *cell* is an index of an Int32 in the buffer, an *offset* counts bytes from the
 * start of a part, a *position* counts what was ever written, as a wrapping Int32. A difference of two positions
 * `(a - b) | 0` is right while it is below 2^31.
 *
 * Source: the descriptors of Agrona (`RingBufferDescriptor`, `RecordDescriptor`).
 */
import { InvalidMemory } from "./MemoryError.ts"

/** Int32 cells that one line owns: two cache lines of 64 bytes. */
export const CELLS_PER_LINE = 32

/** Cell that says what a buffer is. */
export const MAGIC_CELL = 0
/** Cell with the version of its layout. */
export const VERSION_CELL = 1

/** A line of the descriptor: words that one side stores. */
export interface Line {
  /** Who stores the words: `"creator"`, `"writer"`, … */
  readonly by: string
  /** What each word holds, in the order of their cells. */
  readonly words: { readonly [word: string]: string }
}

/** What follows the descriptor: `count` rows of the same kind, or one stretch of bytes. */
export interface Part {
  readonly name: string
  /** How large it is, in words of the descriptor: `"capacityBytes"`, `"slots x 128"`. */
  readonly bytes: string
  /** What it holds and who stores it. */
  readonly about: string
  /** The Int32 words at the start of each row or record, in order; what follows them is data. */
  readonly words?: { readonly [word: string]: string } | undefined
  /** Byte offsets of the words in a row, where they do not lie one behind the other. */
  readonly at?: { readonly [word: string]: number } | undefined
}

/** A description, as it is written down in `Layouts.ts`. */
export interface Description {
  readonly name: string
  /** Four ASCII characters, the first word of the buffer. */
  readonly magic: string
  /** Changes with every change of an offset or of the meaning of a word. */
  readonly version: number
  readonly lines: ReadonlyArray<Line>
  readonly parts: ReadonlyArray<Part>
}

type WordOf<Lines extends ReadonlyArray<Line>> = Lines[number] extends infer L
  ? L extends { readonly words: infer Words } ? Extract<keyof Words, string> : never
  : never

/** A described structure: the description and what follows from it. */
export interface Layout<Word extends string = string> extends Description {
  /** The cell of each word. */
  readonly cells: { readonly [W in Word]: number }
  /** The first word of the buffer as an Int32. */
  readonly magicWord: number
  /** Number of cells in front of the parts. */
  readonly descriptorCells: number
  /** Byte offset of the first part. */
  readonly descriptorBytes: number
}

/** Computes the cells of a description. Words of the creator's line follow magic and version. */
export const define = <const Lines extends ReadonlyArray<Line>>(
  description: Omit<Description, "lines"> & { readonly lines: Lines }
): Layout<WordOf<Lines>> => {
  const cells = {} as Record<WordOf<Lines>, number>
  description.lines.forEach((line, index) => {
    Object.keys(line.words).forEach((word, place) => {
      cells[word as WordOf<Lines>] = index * CELLS_PER_LINE + (index === 0 ? VERSION_CELL + 1 : 0) + place
    })
  })
  const descriptorCells = description.lines.length * CELLS_PER_LINE
  return {
    ...description,
    cells,
    magicWord: [...description.magic].reduce((word, character, i) => word | character.charCodeAt(0) << 8 * i, 0),
    descriptorCells,
    descriptorBytes: descriptorCells * 4
  }
}

/** The cell of each word within a row or record of a part. */
export const cellsOf = <Word extends string>(
  words: { readonly [W in Word]: string }
): { readonly [W in Word]: number } =>
  Object.fromEntries(Object.keys(words).map((word, cell) => [word, cell])) as { readonly [W in Word]: number }

const { get: sharedLengthOf } = Object.getOwnPropertyDescriptor(SharedArrayBuffer.prototype, "byteLength")!

/** Whether a value is shared memory, of whatever realm: only such a one has the length that this reads. */
export const isShared = (value: unknown): value is SharedArrayBuffer => {
  try {
    sharedLengthOf!.call(value)
    return true
  } catch {
    return false
  }
}

/** The descriptor cells of a new structure, with its identity written. */
export const inscribe = (layout: Layout, sab: SharedArrayBuffer, byteOffset = 0): Int32Array => {
  const cells = new Int32Array(sab, byteOffset)
  cells[VERSION_CELL] = layout.version
  cells[MAGIC_CELL] = layout.magicWord
  return cells
}

/**
 * All cells of a buffer, from an offset on, that has been found to hold such a structure of this version there.
 *
 * **Errors**: {@link InvalidMemory} otherwise. The caller checks the sizes that the creator wrote.
 */
export const identify = (layout: Layout, sab: SharedArrayBuffer, byteOffset = 0): Int32Array => {
  if (!isShared(sab)) throw new InvalidMemory(layout.name, "it is not a SharedArrayBuffer")
  if (sab.byteLength - byteOffset < layout.descriptorBytes) {
    throw new InvalidMemory(layout.name, `it has only ${sab.byteLength - byteOffset} bytes`)
  }
  const cells = new Int32Array(sab, byteOffset)
  if (cells[MAGIC_CELL] !== layout.magicWord) {
    throw new InvalidMemory(layout.name, `its first word is not "${layout.magic}"`)
  }
  if (cells[VERSION_CELL] !== layout.version) {
    throw new InvalidMemory(layout.name, `its layout has version ${cells[VERSION_CELL]}, not ${layout.version}`)
  }
  return cells
}
