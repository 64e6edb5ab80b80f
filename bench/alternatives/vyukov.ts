/**
 * Dmitry Vyukov's bounded queue as it is, in JavaScript: the claim is a compare-and-swap of the tail or the head, and the cell
 * says only in which lap it is full or free.
 *
 * Rejected, because a claim has no owner and no place: a thread that dies behind its compare-and-swap leaves a cell that nobody can ever
 * pass, and nobody can tell it from one whose writer is slow. Between two threads that follow each other
 * closely it is faster, otherwise not: `memory/mpmc*` runs it beside `MpmcRing`, as `vyukov.js`.
 *
 * ```text
 *  Int32 cell 0 tail, 32 head, from 64 on cells of 6: sequence, unused, record of 16 bytes
 * ```
 */
import { isMainThread } from "node:worker_threads"
import type { Measured, Params } from "../runner/Case.ts"
import { expectedTally, nanosEach, sample } from "../runner/Sampling.ts"
import { measureThreads, type Part, serve } from "../runner/Threads.ts"

type Play = "write" | "read" | "both"

const TAIL = 0
const HEAD = 32
const CELLS = 64
const STRIDE = 6

const create = (slots: number): SharedArrayBuffer => {
  const sab = new SharedArrayBuffer((CELLS + slots * STRIDE) * 4)
  const words = new Int32Array(sab)
  for (let cell = 0; cell < slots; cell++) words[CELLS + cell * STRIDE] = cell
  return sab
}

class Queue {
  declare readonly words: Int32Array
  declare readonly f64: Float64Array
  declare private readonly mask: number
  declare private cell: number
  declare private position: number

  constructor(sab: SharedArrayBuffer) {
    this.words = new Int32Array(sab)
    this.f64 = new Float64Array(sab)
    this.mask = (this.words.length - CELLS) / STRIDE - 1
    this.cell = 0
    this.position = 0
  }

  /** The cell claimed by moving `counter`, whose cell must be `ahead` of it; -1 when there is none. */
  private move(counter: number, ahead: number): number {
    const { mask, words } = this
    let position = Atomics.load(words, counter)
    for (;;) {
      const cell = CELLS + (position & mask) * STRIDE
      const lead = (Atomics.load(words, cell) - position - ahead) | 0
      if (lead === 0) {
        const found = Atomics.compareExchange(words, counter, position, (position + 1) | 0)
        if (found === position) {
          this.cell = cell
          this.position = position
          return cell + 2
        }
        position = found
      } else if (lead < 0) return -1
      else position = Atomics.load(words, counter)
    }
  }

  claim(): number {
    return this.move(TAIL, 0)
  }

  commit(): void {
    Atomics.store(this.words, this.cell, (this.position + 1) | 0)
  }

  take(): number {
    return this.move(HEAD, 1)
  }

  release(): void {
    Atomics.store(this.words, this.cell, (this.position + this.mask + 1) | 0)
  }
}

const write = (queue: Queue, id: number): void => {
  let cell = queue.claim()
  while (cell < 0) cell = queue.claim()
  queue.words[cell] = id
  queue.words[cell + 1] = 7
  queue.f64[(cell >> 1) + 1] = 1.5
  queue.commit()
}

const read = (queue: Queue): number => {
  let cell = queue.take()
  while (cell < 0) cell = queue.take()
  const sum = (queue.words[cell]! >>> 0) + queue.words[cell + 1]! + queue.f64[(cell >> 1) + 1]!
  queue.release()
  return sum
}

const playing = (ring: SharedArrayBuffer, play: Play): Part => {
  const queue = new Queue(ring)
  return (count) => {
    let checksum = 0
    if (play === "write") {
      for (let id = 0; id < count; id++) write(queue, id)
      return [0, 0]
    }
    if (play === "read") { for (let left = count; left > 0; left--) checksum += read(queue) }
    else {
      for (let id = 0; id < count; id++) {
        write(queue, id)
        checksum += read(queue)
      }
    }
    return [count, checksum]
  }
}

const between = (slots: number, parts: readonly [Play, Play]) => (params: Params): Promise<Measured> => {
  const ring = create(slots)
  return measureThreads(params, {
    worker: new URL(import.meta.url),
    memory: { ring, play: parts[1] },
    workers: 1,
    senders: parts[0] === "both" ? 2 : 1,
    part: playing(ring, parts[0])
  })
}

/** One thread writes, another one reads. */
export const oneToOne = between(1 << 16, ["write", "read"])

/** Two threads write one record and take one in turn. */
export const both = between(1024, ["both", "both"])

/** One thread does both, with nobody else there. */
export const alone = async (params: Params): Promise<Measured> => {
  const part = playing(create(1024), "both")
  const received = { count: 0, checksum: 0 }
  const samples = await sample(params, () => {
    const before = performance.now()
    const [count, checksum] = part(params.count)
    const figure = nanosEach(performance.now() - before, params.count)
    received.count += count
    received.checksum += checksum
    return figure
  })
  return { samples, received, expected: expectedTally(params.count, params.samples + params.warmups) }
}

if (!isMainThread) {
  serve(({ play, ring }: { readonly ring: SharedArrayBuffer; readonly play: Play }) => playing(ring, play))
}
