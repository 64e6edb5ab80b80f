/**
 * Passes variable-length records from one writer thread to many reader threads. The writer never waits; a reader that
 * is too slow loses records and is told exactly how many.
 *
 * Promises:
 * - Exactly one thread writes. Every reader that has joined reads, in order, each record published after that, or
 *   counts it in `lost`. Nothing here blocks or allocates per record.
 * - A record is visible whole or not at all, and `publish()` makes the committed records visible all at once.
 * - A record that a reader has been given stays in place until its next `poll`, however far the writer has come. It is
 *   read where it lies, without a copy and without looking afterwards whether it was still there.
 * - A reader that dies holds one chunk until somebody says that it is dead. A writer that dies leaves nothing
 *   half-written, and a new `BroadcastWriter` continues behind what it had published.
 * - Each word read from shared memory is checked before use; damage is answered with {@link CORRUPT}.
 *
 * Never does: wake anybody (see `Doorbell`), read payloads, wait for a reader, or guard against two writers.
 *
 * ```text
 *  data      | chunk 0       | chunk 1       | chunk 2       | chunk 3 …
 *            | [rec][rec].sealed ─► [rec][rec][re.sealed ─►      (records never cross the end of a chunk)
 *  row       | generation, published, next, first      one a chunk, stored by the writer
 *  reader    | pin: owner, chunk it stands in          one a reader, stored by the reader
 * ```
 *
 * The data is divided into chunks that the writer fills in the order of the ring. A reader stands in one chunk and pins
 * it; the writer goes round the chunks that are pinned. With two chunks more than readers there is always one to go on
 * with. Which chunk follows which is told by links, because of the ones left out.
 *
 * Why no reader ever reads what is being written. To take a chunk the writer stores its generation 0 and *then* looks at
 * every pin. A reader stores its pin and *then* looks whether the chunk is still what it wants: by a link, whether the
 * generation is the one after that of the chunk it leaves; for the newest chunk, whether it still is the newest, which
 * the writer never takes. JavaScript atomics have one total order, so of the two stores one is first: either the writer
 * sees the pin and goes round, or the reader sees that the chunk is gone and counts what it has lost. What a reader read
 * in a chunk comes before the store that moves its pin, and what the writer stores there after its look at that pin.
 *
 * Why a batch appears at once, in however many chunks it lies. The chunks behind the newest published one are linked and
 * complete before they can be reached; one store, `published` of that chunk with the mark that the records go on, makes
 * everything visible. Only a batch that needs more than `chunks - 1 - readers` new chunks may become visible in parts.
 *
 * Source: the hazard pointers of Maged Michael (2004) on a ring of chunks; late joiners, lapping and the names of Agrona's
 * `BroadcastTransmitter`, whose readers copy what may be overwritten under their eyes and check afterwards. Why ours do
 * not: `docs/adr/0011-broadcast-without-races.md`.
 *
 * Hot path: changes only together with `test/model` and the benchmark `memory/broadcast`.
 */
import { chunkCells, chunksFor, dataOffsetOf, generationAfter, isDivision, rowOf } from "./internal/broadcastMemory.ts"
import { isCapacity } from "./internal/spscMemory.ts"
import { inscribe } from "./Layout.ts"
import {
  broadcastRing as layout,
  MAX_CAPACITY_BYTES,
  MAX_CHUNKS,
  MIN_CAPACITY_BYTES,
  MIN_CHUNK_BYTES,
  NO_GENERATION
} from "./Layouts.ts"
import { InvalidCapacity } from "./MemoryError.ts"

/** How a ring is divided. */
export interface Options {
  /** Bytes of data, a power of two from 4 KiB to 512 MiB. */
  readonly capacityBytes: number
  /** Most readers at a time. */
  readonly readers: number
  /**
   * Parts of the data, a power of two, at least two more than readers. The largest record is a part less 8 bytes; a
   * reader that stands still takes one out of use.
   */
  readonly chunks?: number | undefined
}

/**
 * Makes the shared memory of an empty ring.
 *
 * **Shape**: `capacityBytes` of data, 128 bytes for each chunk and each reader, and 256 bytes. Without `chunks` there
 * are at least 8, and at least twice as many as the readers need.
 *
 * **Errors**: {@link InvalidCapacity}.
 */
export const create = (options: Options): SharedArrayBuffer => {
  const { capacityBytes, readers } = options
  const refuse = (option: string, value: number, expected: string) =>
    new InvalidCapacity(layout.name, option, value, expected)
  if (!isCapacity(capacityBytes)) {
    const expected = `a power of two between ${MIN_CAPACITY_BYTES} and ${MAX_CAPACITY_BYTES}`
    throw refuse("capacityBytes", capacityBytes, expected)
  }
  if (!(Number.isInteger(readers) && readers >= 1 && readers <= MAX_CHUNKS - 2)) {
    throw refuse("readers", readers, `a whole number from 1 to ${MAX_CHUNKS - 2}`)
  }
  const chunks = options.chunks ?? chunksFor(readers)
  if (!isDivision(capacityBytes, readers, chunks)) {
    const expected = `a power of two from readers + 2 = ${readers + 2} to ${MAX_CHUNKS}, `
      + `with at least ${MIN_CHUNK_BYTES} of the ${capacityBytes} bytes for each chunk`
    throw refuse("chunks", chunks, expected)
  }
  const sab = new SharedArrayBuffer(dataOffsetOf(readers, chunks) + capacityBytes)
  const cells = inscribe(layout, sab)
  cells[layout.cells.capacityBytes] = capacityBytes
  cells[layout.cells.chunks] = chunks
  cells[layout.cells.readers] = readers
  cells[rowOf(0) + chunkCells.generation] = generationAfter(NO_GENERATION)
  return sab
}
