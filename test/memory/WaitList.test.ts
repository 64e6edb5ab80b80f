import { describe, expect, it } from "vitest"
import type { Wait } from "../../src/memory/Doorbell.ts"
import { CELLS_PER_LINE } from "../../src/memory/Layout.ts"
import { InvalidCapacity, InvalidMemory } from "../../src/memory/MemoryError.ts"
import * as List from "../../src/memory/WaitList.ts"

const lists = (rows: number) => {
  const sab = List.create(rows)
  return { cells: new Int32Array(sab), notifier: new List.WaitList(sab), waiter: new List.WaitList(sab) }
}

const pending = (wait: Wait): Promise<"ok" | "timed-out"> => {
  if (!wait.async) throw new Error(`the wait ended at once: ${wait.value}`)
  return wait.value
}

const states = (list: List.WaitList) => Array.from({ length: list.rows }, (_, row) => list.isParked(row))

describe("WaitList", () => {
  it("wakes nobody while nobody waits", () => {
    const { notifier } = lists(3)
    expect([notifier.wake(), notifier.wakeOne()]).toEqual([false, false])
    expect(states(notifier)).toEqual([false, false, false])
  })

  it.each([1, 31, 32, 33, 64, 1024])("wakes each of %d waiters once", async (rows) => {
    const { notifier, waiter } = lists(rows)
    const waits: Array<Promise<string>> = []
    for (let row = 0; row < rows; row++) {
      waiter.announce(row)
      waits.push(pending(waiter.wait(row)))
    }
    expect([notifier.wake(), notifier.wake()]).toEqual([true, false])
    expect(new Set(await Promise.all(waits))).toEqual(new Set(["ok"]))
    for (let row = 0; row < rows; row++) expect(notifier.wakes(row)).toBe(1)
    expect(states(notifier)).not.toContain(true)
  })

  it.each([3, 70])("wakes one of %d after the other with wakeOne, each in its turn", (rows) => {
    const { notifier, waiter } = lists(rows)
    for (let row = 0; row < rows; row++) waiter.announce(row)
    for (let left = rows; left > 0; left--) {
      expect(notifier.wakeOne()).toBe(true)
      expect(states(notifier).filter(Boolean).length).toBe(left - 1)
    }
    expect(notifier.wakeOne()).toBe(false)
  })

  it.each([3, 70])("gives each of %d that come back at once its turn with wakeOne", (rows) => {
    const { notifier, waiter } = lists(rows)
    for (let row = 0; row < rows; row++) waiter.announce(row)
    for (let i = 0; i < rows * 3; i++) {
      notifier.wakeOne()
      waiter.announce(states(notifier).indexOf(false))
    }
    expect(states(notifier).map((_, row) => notifier.wakes(row))).toEqual(Array(rows).fill(3))
  })

  it("passes over those that took their announcement back", () => {
    const { notifier, waiter } = lists(4)
    for (let row = 0; row < 4; row++) waiter.announce(row)
    waiter.cancel(0)
    waiter.retract(1)
    expect(notifier.wakeOne()).toBe(true)
    expect(states(notifier)).toEqual([false, false, false, true])
    waiter.cancel(3)
    expect([notifier.wakeOne(), notifier.wake()]).toEqual([false, false])
  })

  it("does not begin a wait when it was woken between the announcement and the wait", () => {
    const { notifier, waiter } = lists(2)
    waiter.announce(1)
    notifier.wake()
    expect(waiter.wait(1)).toEqual({ async: false, value: "not-equal" })
    waiter.announce(1)
    notifier.wakeOne()
    expect(waiter.waitBlocking(1)).toBe("not-equal")
  })

  it("sees an announcement that comes while others are being woken", () => {
    const { notifier, waiter } = lists(2)
    waiter.announce(0)
    notifier.wake()
    waiter.announce(0)
    waiter.announce(1)
    expect(notifier.wake()).toBe(true)
    expect(states(notifier)).toEqual([false, false])
  })

  it("ends a pending wait at the cancel, so that the next one is not overlooked", async () => {
    const { notifier, waiter } = lists(1)
    waiter.announce(0)
    const abandoned = pending(waiter.wait(0))
    waiter.cancel(0)
    expect(await abandoned).toBe("ok")
    waiter.announce(0)
    const living = pending(waiter.wait(0))
    notifier.wake()
    expect(await living).toBe("ok")
  })

  it("leaves a pending wait at the retract, for the next time", async () => {
    const { notifier, waiter } = lists(1)
    waiter.announce(0)
    const kept = pending(waiter.wait(0))
    waiter.retract(0)
    expect(notifier.wake()).toBe(false)
    waiter.announce(0)
    expect(notifier.wake()).toBe(true)
    expect(await kept).toBe("ok")
  })

  it("wakes every row for the dead, whatever it says", async () => {
    const { cells, notifier, waiter } = lists(40)
    waiter.announce(0)
    waiter.announce(39)
    const waits = [pending(waiter.wait(0)), pending(waiter.wait(39))]
    // What a notifier leaves behind that died in the middle of its wake: the bits are taken, one row is awake without a notify.
    cells.fill(0, CELLS_PER_LINE, 2 * CELLS_PER_LINE)
    cells[2 * CELLS_PER_LINE] = 0
    expect(notifier.wake()).toBe(false)
    notifier.wakeForDead()
    expect(await Promise.all(waits)).toEqual(["ok", "ok"])
  })

  it("gives up after its timeout and stays announced until the cancel", async () => {
    const { notifier, waiter } = lists(1)
    waiter.announce(0)
    expect(await pending(waiter.wait(0, 1))).toBe("timed-out")
    expect(waiter.waitBlocking(0, 1)).toBe("timed-out")
    expect(waiter.isParked(0)).toBe(true)
    waiter.cancel(0)
    expect(notifier.wake()).toBe(false)
  })

  it("takes 256 bytes and 128 for each row", () => {
    expect(List.create(1).byteLength).toBe(256 + 128)
    expect(List.create(10).byteLength).toBe(256 + 1280)
  })

  it.each([0, -1, 1.5, NaN, 1025])("refuses to make %d rows", (rows) => {
    expect(() => List.create(rows)).toThrow(InvalidCapacity)
    expect(() => List.create(rows)).toThrow(`rows ${rows} is not`)
  })

  it.each([-1, 3, 0.5, NaN])("refuses row %d of three", (row) => {
    const { waiter } = lists(3)
    expect(() => waiter.announce(row)).toThrow(List.InvalidWaitRow)
    expect(() => waiter.announce(row)).toThrow(`row ${row} is not one of the 3`)
  })

  it("refuses a buffer that is no list, and one whose rows do not fit in it", () => {
    expect(() => new List.WaitList(new SharedArrayBuffer(1024))).toThrow(InvalidMemory)
    const sab = List.create(2)
    new Int32Array(sab)[2] = 3
    expect(() => new List.WaitList(sab)).toThrow("its word of rows says 3, the buffer has 512 bytes")
    new Int32Array(sab)[2] = 0
    expect(() => new List.WaitList(sab)).toThrow(InvalidMemory)
  })
})
