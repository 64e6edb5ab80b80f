import { describe, expect, it } from "vitest"
import { MAGIC_CELL } from "../../src/memory/Layout.ts"
import { MAX_SLOTS, stealDeque } from "../../src/memory/Layouts.ts"
import { InvalidCapacity, InvalidHandle, InvalidMemory } from "../../src/memory/MemoryError.ts"
import * as StealDeque from "../../src/memory/StealDeque.ts"
import { EMPTY, MAX_BATCH, type Order, RETRY, StealOwner, StealThief } from "../../src/memory/StealDeque.ts"
import { tries } from "../support/effort.ts"
import { seeded } from "./seeded.ts"

const BOTTOM_CELL = stealDeque.cells.bottom
const TOP_CELL = stealDeque.cells.top

const deque = (slots = 8, order: Order = "lifo", startPosition = 0) => {
  const sab = StealDeque.create(slots, order, startPosition)
  return { sab, cells: new Int32Array(sab), owner: new StealOwner(sab), thief: new StealThief(sab) }
}

const pushAll = (owner: StealOwner, ...handles: ReadonlyArray<number>): void => {
  for (const handle of handles) expect(owner.push(handle)).toBe(true)
}

/** Takes everything in the owner's own order. */
const takeAll = (owner: StealOwner): Array<number> => {
  const take = () => owner.order === "fifo" ? owner.takeOldest() : owner.pop()
  const handles: Array<number> = []
  for (let handle = take(); handle !== EMPTY; handle = take()) handles.push(handle)
  return handles
}

const stealAll = (thief: StealThief): Array<number> => {
  const handles: Array<number> = []
  for (let handle = thief.steal(); handle !== EMPTY; handle = thief.steal()) handles.push(handle)
  return handles
}

describe("StealDeque capacity", () => {
  it.each([1, 2, 64, 1 << 16])("holds as many handles as it has slots: %i", (slots) => {
    const { owner, sab, thief } = deque(slots)
    expect([owner.slots, thief.slots]).toEqual([slots, slots])
    expect(sab.byteLength).toBe(3 * 128 + slots * 4)
    for (let handle = 0; handle < slots; handle++) expect(owner.push(handle)).toBe(true)
    expect(owner.push(0)).toBe(false)
    expect(owner.size()).toBe(slots)
    expect(thief.steal()).toBe(0)
    expect(owner.push(7)).toBe(true)
    expect(owner.push(7)).toBe(false)
    expect(owner.pop()).toBe(7)
    expect(thief.size()).toBe(slots - 1)
  })

  it.each([0, -1, 3, 1.5, NaN, Infinity, 2 * MAX_SLOTS])("refuses %d slots and says so", (slots) => {
    expect(() => StealDeque.create(slots)).toThrow(InvalidCapacity)
    expect(() => StealDeque.create(slots)).toThrow(`slots ${slots}`)
  })

  it("refuses a buffer that is not a deque", () => {
    expect(() => new StealOwner(new SharedArrayBuffer(64))).toThrow(InvalidMemory)
    expect(() => new StealThief(new SharedArrayBuffer(4096))).toThrow(InvalidMemory)
    const { cells, sab } = deque()
    cells[stealDeque.cells.order] = 2
    expect(() => new StealOwner(sab)).toThrow(/order 2/)
    cells[stealDeque.cells.slots] = 64
    expect(() => new StealThief(sab)).toThrow(/64 slots/)
    cells[MAGIC_CELL] = 0
    expect(() => new StealThief(sab)).toThrow(/DEQU/)
  })

  it.each([-1, -2147483648, 2147483648, 1.5, NaN, Infinity])(
    "refuses the handle %d and keeps what it has",
    (handle) => {
      const { owner } = deque()
      pushAll(owner, 0, 2147483647)
      expect(() => owner.push(handle)).toThrow(InvalidHandle)
      expect(() => owner.push(handle)).toThrow(`handle ${handle}`)
      expect(takeAll(owner)).toEqual([2147483647, 0])
    }
  )
})

describe.each<Order>(["lifo", "fifo"])("StealDeque of a %s owner", (order) => {
  it("C02 smoke: gives each handle once, to the owner from its end or to the thief from the other", () => {
    const { owner, thief } = deque(8, order)
    const take = () => order === "fifo" ? owner.takeOldest() : owner.pop()
    expect([take(), thief.steal()]).toEqual([EMPTY, EMPTY])
    pushAll(owner, 1)
    expect([take(), take(), thief.steal()]).toEqual([1, EMPTY, EMPTY])
    pushAll(owner, 2)
    expect([thief.steal(), thief.steal(), take()]).toEqual([2, EMPTY, EMPTY])
    pushAll(owner, 3, 4, 5)
    expect([thief.steal(), thief.steal(), thief.steal(), thief.steal()]).toEqual([3, 4, 5, EMPTY])
    pushAll(owner, 6, 7, 8, 9)
    const expected = order === "fifo" ? [6, 7, 8, 9, EMPTY] : [9, 6, 8, 7, EMPTY]
    expect([take(), thief.steal(), take(), take(), take()]).toEqual(expected)
  })

  it("C02 is_empty: says at every moment how many there are, to both", () => {
    const { owner, thief } = deque(8, order)
    const sizes = () => [owner.size(), thief.size()]
    expect(sizes()).toEqual([0, 0])
    pushAll(owner, 1)
    expect(sizes()).toEqual([1, 1])
    pushAll(owner, 2)
    expect(sizes()).toEqual([2, 2])
    owner.pop()
    expect(sizes()).toEqual([1, 1])
    owner.takeOldest()
    expect(sizes()).toEqual([0, 0])
    owner.pop()
    owner.takeOldest()
    thief.steal()
    expect(sizes()).toEqual([0, 0])
  })

  it("C01 steal: thieves take the oldest first, whatever the owner does", () => {
    const { owner, thief } = deque(8, order)
    pushAll(owner, 1, 2, 3)
    expect(stealAll(thief)).toEqual([1, 2, 3])
  })

  it.each<Order>(["lifo", "fifo"])(
    "C01 steal_batch(_and_pop): a batch comes out of a %s deque as this owner takes",
    (other) => {
      const batch = (handles: ReadonlyArray<number>): Array<number> => {
        const { owner, thief } = deque(8, order)
        const into = deque(8, other).owner
        pushAll(owner, ...handles)
        const moved = [thief.stealBatch(into), ...takeAll(into)]
        expect(new Set([...moved, ...takeAll(owner)])).toEqual(new Set(handles))
        return moved
      }
      const inOrder = (handles: Array<number>) => order === "fifo" ? handles.reverse() : handles
      expect(batch([1, 2, 3, 4])).toEqual(inOrder([2, 1]))
      expect(batch([1, 2, 3, 4, 5, 6])).toEqual(inOrder([3, 2, 1]))
    }
  )

  it("C06 gives each handle out exactly once over many laps, from any start position", () => {
    for (const startPosition of [0, 0x7ffffff0, -(2 ** 31), -3]) {
      const { owner, thief } = deque(16, order, startPosition)
      const into = deque(4, order).owner
      const random = seeded(startPosition)
      const taken = new Set<number>()
      const take = (handle: number) => {
        expect(handle).not.toBe(RETRY)
        if (handle === EMPTY) return
        expect(taken.has(handle)).toBe(false)
        taken.add(handle)
      }
      let pushed = 0
      for (let turn = 0; turn < tries(20_000); turn++) {
        switch (random(6)) {
          case 0:
            take(owner.pop())
            break
          case 1:
            take(owner.takeOldest())
            break
          case 2:
            take(thief.steal())
            break
          case 3:
            take(thief.stealBatch(into))
            for (const handle of takeAll(into)) take(handle)
            break
          default:
            if (owner.push(pushed)) pushed++
            else expect(owner.size()).toBe(16)
        }
        expect(owner.size()).toBe(pushed - taken.size)
      }
      for (const handle of takeAll(owner)) take(handle)
      expect(taken.size).toBe(pushed)
    }
  })
})

describe("StealDeque batches", () => {
  it("takes half, rounded up, and leaves the rest to the owner", () => {
    for (let count = 0; count <= 8; count++) {
      const { owner, thief } = deque()
      const into = deque().owner
      for (let handle = 0; handle < count; handle++) owner.push(handle)
      expect(thief.stealBatch(into)).toBe(count === 0 ? EMPTY : Math.ceil(count / 2) - 1)
      expect(into.size()).toBe(Math.max(0, Math.ceil(count / 2) - 1))
      expect(owner.size()).toBe(Math.floor(count / 2))
    }
  })

  it("takes no more than it may, and no more than fits", () => {
    const { owner, thief } = deque(1024, "fifo")
    for (let handle = 0; handle < 1000; handle++) owner.push(handle)
    const large = deque(1024, "fifo").owner
    expect(thief.stealBatch(large)).toBe(0)
    expect(large.size()).toBe(MAX_BATCH - 1)
    const small = deque(4, "fifo").owner
    pushAll(small, 7, 7, 7)
    expect(thief.stealBatch(small)).toBe(32)
    expect(small.size()).toBe(4)
    expect(thief.stealBatch(small), "a full deque gets none").toBe(34)
    expect(takeAll(small)).toEqual([7, 7, 7, 33])
    expect(owner.size()).toBe(1000 - 32 - 3)
  })

  it("passes on that there is nothing, and puts back what it takes from the deque it fills", () => {
    const { owner, thief } = deque(8, "fifo")
    expect(thief.stealBatch(owner)).toBe(EMPTY)
    pushAll(owner, 1, 2, 3, 4)
    expect(thief.stealBatch(owner)).toBe(1)
    expect(takeAll(owner)).toEqual([3, 4, 2])
  })
})

describe("StealDeque after the death of its owner", () => {
  it("continues where the owner was", () => {
    const { owner, sab, thief } = deque(4, "lifo", 0x7fffffff)
    pushAll(owner, 1, 2, 3)
    owner.pop()
    const next = new StealOwner(sab)
    pushAll(next, 4, 5)
    expect(next.push(6)).toBe(false)
    expect(thief.steal()).toBe(1)
    expect(takeAll(next)).toEqual([5, 4, 2])
  })

  it("puts back what a pop had begun to take, whether or not thieves have come up to it", () => {
    for (const stolen of [0, 1, 2]) {
      const { cells, owner, sab, thief } = deque()
      pushAll(owner, 1, 2, 3)
      cells[BOTTOM_CELL]!--
      for (let i = 0; i < stolen; i++) thief.steal()
      if (stolen === 2) expect(thief.steal(), "the third is the owner's").toBe(EMPTY)
      const next = new StealOwner(sab)
      expect(next.size()).toBe(3 - stolen)
      expect(takeAll(next)).toEqual([3, 2, 1].slice(0, 3 - stolen))
    }
  })

  it("finds nothing when the last handle was taken by whoever came first", () => {
    const { cells, owner, sab, thief } = deque()
    pushAll(owner, 1)
    cells[BOTTOM_CELL]!--
    cells[TOP_CELL]!++
    expect([thief.steal(), thief.size()]).toEqual([EMPTY, 0])
    const next = new StealOwner(sab)
    expect([next.pop(), next.takeOldest(), next.size()]).toEqual([EMPTY, EMPTY, 0])
    pushAll(next, 2)
    expect(thief.steal()).toBe(2)
  })

  it("keeps a handle whose push was not finished only if it can be seen", () => {
    const { cells, owner, sab } = deque()
    pushAll(owner, 1)
    cells[stealDeque.descriptorCells + 1] = 2
    expect(new StealOwner(sab).size()).toBe(1)
    cells[BOTTOM_CELL]!++
    const next = new StealOwner(sab)
    expect(takeAll(next)).toEqual([2, 1])
    expect(takeAll(new StealOwner(sab))).toEqual([])
  })
})
