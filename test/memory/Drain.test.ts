import { describe, expect, it } from "vitest"
import { ABORT, BREAK, COMMIT, CONTINUE, drain } from "../../src/memory/Drain.ts"
import { spscRing } from "../../src/memory/Layouts.ts"
import { CORRUPT } from "../../src/memory/Ring.ts"
import { countUnread, unreadBytes } from "../../src/memory/SpscRecovery.ts"
import * as SpscRing from "../../src/memory/SpscRing.ts"

const filled = (records: number) => {
  const sab = SpscRing.create(4096)
  const writer = new SpscRing.SpscWriter(sab)
  const send = (type: number) => {
    writer.claim(8)
    writer.commit(8, type)
    writer.publish()
  }
  for (let type = 0; type < records; type++) send(type)
  return { sab, send, writer, reader: new SpscRing.SpscReader(sab) }
}

describe("drain", () => {
  it("R12 goes through all records and frees them", () => {
    const { reader, sab } = filled(4)
    const types: Array<number> = []
    expect(drain(reader, (type) => (types.push(type), CONTINUE))).toBe(4)
    expect(types).toEqual([0, 1, 2, 3])
    expect(unreadBytes(sab)).toBe(0)
    expect(drain(reader, () => CONTINUE)).toBe(0)
  })

  it("R06 handles no more records than the limit", () => {
    const { reader, sab } = filled(4)
    expect(drain(reader, () => CONTINUE, 3)).toBe(3)
    expect(countUnread(sab)).toBe(1)
  })

  it("R12 does not consume the record that is aborted, the first or a later one", () => {
    const { reader, sab } = filled(3)
    expect(drain(reader, () => ABORT)).toBe(0)
    expect(countUnread(sab)).toBe(3)
    const seen: Array<number> = []
    expect(drain(reader, (type) => (seen.push(type), type === 1 ? ABORT : CONTINUE))).toBe(1)
    expect(drain(reader, (type) => (seen.push(type), CONTINUE))).toBe(2)
    expect(seen).toEqual([0, 1, 1, 2])
  })

  it("R12 meets an aborted record again behind a wrap, where it begins at the start of the data", () => {
    const { reader, writer } = filled(0)
    for (let type = 0; type < 4; type++) {
      writer.claim(1000)
      writer.commit(1000, type)
    }
    writer.publish()
    expect(drain(reader, () => CONTINUE)).toBe(4)
    writer.claim(1000)
    writer.commit(1000, 9)
    writer.publish()
    const seen: Array<string> = []
    const note = (action: typeof ABORT | typeof CONTINUE) => (type: number, offset: number, end: number) => {
      seen.push(`${type}@${offset}-${end}`)
      return action
    }
    expect(drain(reader, note(ABORT))).toBe(0)
    expect(drain(reader, note(CONTINUE))).toBe(1)
    expect(seen).toEqual(["9@8-1008", "9@8-1008"])
  })

  it("R12 consumes the record it breaks at", () => {
    const { reader, sab } = filled(3)
    expect(drain(reader, () => BREAK)).toBe(1)
    expect(countUnread(sab)).toBe(2)
  })

  it("R12 frees each committed record at once", () => {
    const { reader, sab } = filled(3)
    const unread: Array<number> = []
    drain(reader, () => {
      unread.push(unreadBytes(sab))
      return COMMIT
    })
    expect(unread).toEqual([48, 32, 16])
  })

  it("R17 has consumed the record that makes the handler throw, and what came before it", () => {
    const { reader, sab } = filled(3)
    expect(() =>
      drain(reader, (type) => {
        if (type === 1) throw new Error("poison")
        return CONTINUE
      })
    ).toThrow("poison")
    expect(countUnread(sab)).toBe(1)
    const rest: Array<number> = []
    drain(reader, (type) => (rest.push(type), CONTINUE))
    expect(rest).toEqual([2])
  })

  it("says when the first thing it meets is damage, and stops in front of damage further on", () => {
    const { reader, sab } = filled(2)
    const second = (spscRing.descriptorBytes + 16) >> 2
    new Int32Array(sab)[second] = -5
    expect(drain(reader, () => CONTINUE)).toBe(1)
    expect(drain(reader, () => CONTINUE)).toBe(CORRUPT)
  })
})
