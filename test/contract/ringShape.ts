/**
 * What every ring promises, of whatever shape and for however many: one list, run against each implementation of `RingWriter` and
 * `RingReader`.
 */
import { describe, expect, it } from "vitest"
import { InvalidCommit, InvalidMemory } from "../../src/memory/MemoryError.ts"
import { CORRUPT, NONE, RECORD_TOO_LARGE, RING_FULL, type RingReader, type RingWriter } from "../../src/memory/Ring.ts"
import { seeded } from "../memory/seeded.ts"
import { put, send, take, takeAll } from "./ringContract.ts"

/** An implementation. */
export interface Shape {
  readonly name: string
  readonly create: (startPosition: number) => SharedArrayBuffer
  readonly writer: (sab: SharedArrayBuffer) => RingWriter
  readonly reader: (sab: SharedArrayBuffer) => RingReader
  /** Positions to start from, so that the Int32 wraps around during the test. */
  readonly starts: ReadonlyArray<number>
  /** Whether a full ring refuses a record, or gives up the oldest ones. */
  readonly refuses: boolean
  /** Whether committed records are visible before they are published. */
  readonly isVisibleAtCommit: boolean
  /** The word in front of a payload that says how long it is, from the payload; and what it must not be. */
  readonly lengthWord: number
}

const pairOf = (shape: Shape, startPosition = 0) => {
  const sab = shape.create(startPosition)
  // In this order: a reader of a broadcast gets what is sent from now on.
  const reader = shape.reader(sab)
  return { sab, reader, writer: shape.writer(sab) }
}

/** Runs the list. */
export const ringShape = (shape: Shape): void => {
  describe(`${shape.name} as a ring`, () => {
    it("has nothing at first", () => {
      const { reader } = pairOf(shape)
      expect([reader.isEmpty(), reader.poll(), reader.next()]).toEqual([true, false, NONE])
    })

    it("passes records whole, with their types, in order, and says when there is no more", () => {
      const { reader, writer } = pairOf(shape)
      send(writer, 5, 1)
      send(writer, 0, 0x7fffffff)
      expect(reader.isEmpty()).toBe(false)
      expect(takeAll(reader)).toEqual([[1, 5], [0x7fffffff, 0]])
      expect([reader.isEmpty(), reader.next()]).toEqual([true, NONE])
    })

    it("shows a record at its commit or its publication, and not before", () => {
      const { reader, writer } = pairOf(shape)
      expect(writer.claim(8)).toBeGreaterThanOrEqual(0)
      expect([reader.isEmpty(), reader.poll(), reader.next()]).toEqual([true, false, NONE])
      writer.commit(8, 1)
      expect(reader.isEmpty()).toBe(!shape.isVisibleAtCommit)
      expect([writer.publish(), writer.publish()]).toEqual([true, false])
      expect([reader.isEmpty(), reader.poll()]).toEqual([false, true])
    })

    it("commits less than was claimed, and refuses to commit more, twice, without a claim, or a negative type", () => {
      const { reader, writer } = pairOf(shape)
      expect(() => writer.commit(0, 0)).toThrow(/commit without a claim/)
      put(writer, 3, 1, 16)
      expect(() => writer.commit(0, 0)).toThrow(InvalidCommit)
      writer.claim(8)
      for (const [bytes, type] of [[9, 0], [-1, 0], [NaN, 0], [8, -1], [8, 2 ** 31]] as const) {
        expect(() => writer.commit(bytes, type)).toThrow(InvalidCommit)
      }
      writer.abort()
      expect(() => writer.commit(8, 0)).toThrow(InvalidCommit)
      writer.publish()
      expect(takeAll(reader)).toEqual([[1, 3]])
    })

    it("passes nothing of claims that were given up or taken the place of, and keeps no room for them", () => {
      const { reader, writer } = pairOf(shape)
      for (let round = 0; round < 200; round++) {
        expect(writer.claim(16)).toBeGreaterThanOrEqual(0)
        if (round % 2 === 0) writer.abort()
      }
      writer.abort()
      writer.abort()
      writer.publish()
      expect(takeAll(reader)).toEqual([])
      send(writer, 4, 9)
      expect(takeAll(reader)).toEqual([[9, 4]])
    })

    it("refuses what can never fit, and takes the largest that can", () => {
      const { reader, writer } = pairOf(shape)
      for (const bytes of [writer.maxRecordBytes + 1, 2 ** 31, 2 ** 32 + 8, -1, NaN]) {
        expect(writer.claim(bytes), String(bytes)).toBe(RECORD_TOO_LARGE)
      }
      send(writer, writer.maxRecordBytes, 3)
      expect(takeAll(reader)).toEqual([[3, writer.maxRecordBytes]])
    })

    it.runIf(shape.refuses)("is full when it is, and has room again for what was released", () => {
      const { reader, writer } = pairOf(shape)
      let sent = 0
      while (send(writer, 24, sent) >= 0) sent++
      expect(writer.claim(24)).toBe(RING_FULL)
      reader.poll()
      expect(take(reader)).toEqual([0, 24])
      expect(writer.claim(24), "read, but not released").toBe(RING_FULL)
      reader.release()
      expect(send(writer, 24, sent)).toBeGreaterThanOrEqual(0)
      expect(writer.claim(24)).toBe(RING_FULL)
    })

    it.each(shape.starts)("R17 behaves like a queue, also over the wrap-around of its position (start %i)", (start) => {
      const random = seeded(start)
      const { reader, writer } = pairOf(shape, start)
      const model: Array<readonly [number, number]> = []
      for (let step = 0; step < 4000; step++) {
        if (random(2) === 0 && model.length < 8) {
          const bytes = random(Math.min(200, writer.maxRecordBytes) + 1)
          if (random(8) === 0 && writer.claim(bytes) >= 0) {
            writer.abort()
            while (reader.poll() && model.length === 0) expect(reader.next()).toBe(NONE)
          } else if (send(writer, bytes, step) >= 0) model.push([step, bytes])
        } else {
          if (model.length > 0) expect(reader.poll()).toBe(true)
          const found = take(reader)
          if (found === NONE && model.length > 0) reader.poll()
          expect(found === NONE && model.length > 0 ? take(reader) : found).toEqual(model.shift() ?? NONE)
          reader.release()
        }
        expect(reader.isEmpty()).toBe(model.length === 0)
      }
    })

    it.each([-1, 0x7fffffff])("answers CORRUPT to a length of %i, and goes on behind it", (length) => {
      const { reader, writer } = pairOf(shape)
      const offset = send(writer, 8, 1)
      writer.region.i32[(offset >> 2) + shape.lengthWord] = length
      expect(reader.poll()).toBe(true)
      expect(reader.next()).toBe(CORRUPT)
      expect(reader.resync()).toBeGreaterThanOrEqual(0)
      reader.release()
      while (reader.poll() && reader.next() !== NONE) expect(reader.resync()).toBe(0)
      send(writer, 8, 4)
      expect(takeAll(reader)).toEqual([[4, 8]])
    })

    it("refuses a buffer that is not such a ring", () => {
      expect(() => shape.writer(new SharedArrayBuffer(64))).toThrow(InvalidMemory)
      expect(() => shape.reader(new SharedArrayBuffer(8192))).toThrow(InvalidMemory)
      expect(() => shape.reader({ byteLength: 8192 } as unknown as SharedArrayBuffer)).toThrow(
        /not a SharedArrayBuffer/
      )
    })
  })
}
