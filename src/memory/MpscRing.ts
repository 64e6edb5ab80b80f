/**
 * Passes variable-length records from any number of writer threads to one reader thread, without locks, without waiting,
 * and without anything that a dying writer could leave in the way.
 *
 * Promises:
 * - Records of one writer arrive in the order of its claims. A full ring is reported, never waited for; nothing here
 *   blocks or allocates per record.
 * - A record is visible to the reader whole or not at all, from its `commit` on.
 * - A claim exists together with the word that says whose it is and how far it reaches, or it does not exist. What a dead
 *   writer had claimed is turned into padding by `MpscRecovery` and reported lost once; what a slow living one has claimed
 *   is waited for.
 * - A reader that dies leaves everything since its last `release()` in the ring, and a new `MpscReader` starts there.
 * - Each word read from shared memory is loaded once and checked before use; damage is answered with {@link CORRUPT}.
 *
 * Never does: wake anybody (see `Doorbell`), read payloads, move a claim's end back to what was committed, guess that a
 * writer is dead, or guard against two readers.
 *
 * ```text
 *  headers  one word a unit   |C 2|f  |C 1|X:7 3|f  |f  |f ...   C committed, X claimed by owner 7, P padding, f free
 *  data     32 bytes a unit   [ record][rec][ being written ]....
 *                              ^ head        ^ position            ^ tail, or earlier
 * ```
 *
 * The memory is described in `docs/reference/memory-layout.md`. Positions count units. A lap is a position divided by the
 * number of units: a free header says in which lap it can be claimed, so it can be claimed at one position only.
 *
 * A claim is one compare-and-swap of the header where the last record ends, from "free in this lap" to "claimed by, so many
 * units". There is no state in between and no second step that a dying writer could leave undone, at the physical end
 * neither: padding is claimed and published by the same one word.
 *
 * Where the last record ends follows from the headers: each start tells the next, up to one that is free in its lap. The
 * tail only says where to begin. Each winner stores its end there, plainly, so the word may be late by any time: every
 * value it ever held is the end of a claim, all in front of it has been claimed, and that is all that writers rely on. A
 * writer begins at the later of that and of its own last end.
 *
 * - A writer that begins late, or was held up between its look at a header and its compare-and-swap, fails: since then
 *   that header has become the start of a record, or the reader has freed it for a later lap. This needs headers in memory of
 *   their own: payload could look like a free header.
 * - A writer that begins late by more than a lap may follow records of a later lap and count them into its own. It finds no header
 *   free in the lap it counts: to have been claimed, the record it followed needed all room up to where it leads, a lap on, so
 *   the head is there or further, and what lies there is a record's start in its lap or free in the next.
 * - The reader frees every header of what it releases, those inside of records too, before it stores the head: a writer that
 *   has found room by the head finds all headers there free in its lap. It frees from the last to the first: one that dies in
 *   between has freed what its successor comes upon behind whole records, free for the next lap. Before, it stores where it
 *   has read to, for a late writer that comes by in between and finds no header to go by.
 *
 * Order of the shared accesses: payload, length and type are plain stores before `Atomics.store(header)` and plain loads
 * after `Atomics.load(header)`; the reader's plain loads and its freeing of headers come before `Atomics.store(head)`, and
 * writers load the head before they claim. Three races are deliberate: the tail, of which every value will do; the position
 * read, which is stored before the headers are freed that make anybody look at it (where stores can be seen out of order, a
 * late writer may be refused in that moment); and the compare-and-swap of a late writer, which can meet the plain store that
 * frees a header and fails at both words it can find.
 *
 * Source: the claim, the padding and the controlled read of Agrona `ManyToOneRingBuffer`; laps in the words of the cells are
 * from the bounded queue of Dmitry Vyukov. Why not Agrona's claim: `docs/adr/0010-claims-in-headers.md`.
 *
 * The ends are in `MpscWriter.ts` and `MpscReader.ts`; what to do about dead writers, in `MpscRecovery.ts`.
 */
import { make } from "./internal/mpscMemory.ts"

/**
 * Makes the shared memory of an empty ring.
 *
 * **Shape**: `capacityBytes` of data, a power of two from 4 KiB to 256 MiB, an eighth of it of headers, and 512 bytes.
 *
 * **Details**: `startPosition` is where positions start counting, in units; tests use it to cross the Int32 wrap-around.
 *
 * **Errors**: {@link InvalidCapacity}.
 */
export const create = (capacityBytes: number, startPosition = 0): SharedArrayBuffer =>
  make(capacityBytes, startPosition)
