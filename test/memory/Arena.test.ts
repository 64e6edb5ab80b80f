import { describe, expect, it } from "vitest"
import * as Arena from "../../src/memory/Arena.ts"
import { ARENA_FULL, ArenaEnd, PARCEL_TOO_LARGE, REFERENCES_FULL, STALE_HANDLE } from "../../src/memory/Arena.ts"
import { arena as layout } from "../../src/memory/ArenaLayout.ts"
import { usage } from "../../src/memory/ArenaUsage.ts"
import { MAGIC_CELL } from "../../src/memory/Layout.ts"
import { InvalidCapacity, InvalidMemory, InvalidOwner, InvalidSize, StaleHandle } from "../../src/memory/MemoryError.ts"
import { seeded } from "./seeded.ts"

const BLOCK = 4096

/** An arena of small blocks and one end for each of so many owners. */
const make = (blocks = 8, owners = 3, references = 4) => {
  const sab = Arena.create({ capacityBytes: blocks * BLOCK, blockBytes: BLOCK, references })
  const ends = Array.from({ length: owners }, (_, i) => new ArenaEnd(sab, i + 1))
  return { sab, cells: new Int32Array(sab), ends, a: ends[0]!, b: ends[1]!, c: ends[2]! }
}

const used = (sab: SharedArrayBuffer): number => usage(sab).usedBytes / BLOCK

const thrown = (run: () => unknown): unknown => {
  try {
    run()
  } catch (error) {
    return error
  }
  return undefined
}

describe("Arena.create", () => {
  it("makes an arena in which everything is free", () => {
    const sab = Arena.create({ capacityBytes: 1 << 20 })
    expect(usage(sab)).toEqual({ capacityBytes: 1 << 20, usedBytes: 0, largestFreeBytes: 1 << 20, refused: 0 })
    const end = new ArenaEnd(sab, 1)
    expect(end.blockBytes).toBe(65_536)
    expect(end.capacityBytes).toBe(1 << 20)
    expect(sab.byteLength % 4096).toBe(0)
  })

  it.each([
    { option: "blockBytes", value: 2048, options: { capacityBytes: 1 << 20, blockBytes: 2048 } },
    { option: "blockBytes", value: 5000, options: { capacityBytes: 1 << 20, blockBytes: 5000 } },
    { option: "blockBytes", value: 1 << 21, options: { capacityBytes: 1 << 22, blockBytes: 1 << 21 } },
    { option: "blockBytes", value: NaN, options: { capacityBytes: 1 << 20, blockBytes: NaN } },
    { option: "capacityBytes", value: 0, options: { capacityBytes: 0 } },
    { option: "capacityBytes", value: -65_536, options: { capacityBytes: -65_536 } },
    { option: "capacityBytes", value: 100_000, options: { capacityBytes: 100_000 } },
    { option: "capacityBytes", value: 2 ** 32, options: { capacityBytes: 2 ** 32, blockBytes: BLOCK } },
    { option: "capacityBytes", value: NaN, options: { capacityBytes: NaN } },
    { option: "references", value: 0, options: { capacityBytes: 1 << 20, references: 0 } },
    { option: "references", value: 256, options: { capacityBytes: 1 << 20, references: 256 } },
    { option: "id", value: -1, options: { capacityBytes: 1 << 20, id: -1 } }
  ])("refuses $option $value", ({ option, options, value }) => {
    const error = thrown(() => Arena.create(options))
    expect(error).toBeInstanceOf(InvalidCapacity)
    expect(error).toMatchObject({ structure: "Arena", option, value })
  })

  it("gives each arena an id, or the one asked for", () => {
    const id = (sab: SharedArrayBuffer) => new ArenaEnd(sab, 1).id
    expect(id(Arena.create({ capacityBytes: 65_536, id: 42 }))).toBe(42)
    expect(id(Arena.create({ capacityBytes: 65_536 }))).not.toBe(id(Arena.create({ capacityBytes: 65_536 })))
  })
})

describe("ArenaEnd", () => {
  it("refuses a buffer that is no arena", () => {
    const { sab, cells } = make()
    expect(() => new ArenaEnd(new SharedArrayBuffer(1 << 20), 1)).toThrow(InvalidMemory)
    expect(() => new ArenaEnd(new ArrayBuffer(1 << 20) as never, 1)).toThrow(InvalidMemory)
    expect(() => new ArenaEnd(new SharedArrayBuffer(16), 1)).toThrow(InvalidMemory)
    const breaks: ReadonlyArray<readonly [cell: number, value: number]> = [
      [MAGIC_CELL, 0],
      [layout.cells.blocks, 0],
      [layout.cells.blocks, 1000],
      [layout.cells.blockBytes, 4095],
      [layout.cells.references, 300]
    ]
    for (const [cell, value] of breaks) {
      const before = cells[cell]!
      cells[cell] = value
      expect(() => new ArenaEnd(sab, 1)).toThrow(InvalidMemory)
      expect(() => usage(sab)).toThrow(InvalidMemory)
      cells[cell] = before
    }
    expect(new ArenaEnd(sab, 1).owner).toBe(1)
  })

  it.each([0, -1, 1.5, 256, NaN])("refuses the owner %d", (owner) => {
    const { sab, a } = make()
    expect(() => new ArenaEnd(sab, owner)).toThrow(InvalidOwner)
    expect(() => a.recover(owner)).toThrow(InvalidOwner)
    expect(() => a.forget(owner)).toThrow(InvalidOwner)
  })
})

describe("ArenaEnd.allocate", () => {
  it("gives parcels that do not overlap, each of the size asked for", () => {
    const { a, b, sab } = make()
    const sizes = [1, BLOCK, BLOCK + 1, 2 * BLOCK]
    const handles = sizes.map((bytes, i) => (i % 2 === 0 ? a : b).allocate(bytes))
    const views = handles.map((handle, i) => (i % 2 === 0 ? a : b).view(handle))
    views.forEach((view, i) => view.fill(i + 1))
    expect(views.map((view) => view.length)).toEqual(sizes)
    views.forEach((view, i) => expect(view.every((byte) => byte === i + 1)).toBe(true))
    expect(views.every((view) => view.byteOffset % 4096 === 0)).toBe(true)
    expect(used(sab)).toBe(1 + 1 + 2 + 2)
  })

  it("goes on behind the last parcel, and comes back to the start", () => {
    const { a } = make(4)
    const first = a.allocate(1)
    const second = a.allocate(1)
    a.release(first)
    const offset = (handle: number) => a.view(handle).byteOffset
    const third = a.allocate(1)
    expect(offset(third)).toBeGreaterThan(offset(second))
    expect(offset(a.allocate(1))).toBeGreaterThan(offset(third))
    expect(offset(a.allocate(1))).toBeLessThan(offset(second))
    expect(a.allocate(1)).toBe(ARENA_FULL)
  })

  it("finds a run that reaches across the place where it began to search", () => {
    const { a, sab } = make(4)
    const handles = [1, 1, 1, 1].map(() => a.allocate(1))
    const [h0, h1, h2] = handles as [number, number, number]
    a.release(h0)
    a.release(h1)
    expect(a.view(a.allocate(1)).byteOffset).toBe(a.view(h2).byteOffset - 2 * BLOCK)
    a.release(h2)
    expect(usage(sab).largestFreeBytes).toBe(2 * BLOCK)
    expect(a.allocate(2 * BLOCK)).toBeGreaterThanOrEqual(0)
    expect(used(sab)).toBe(4)
  })

  it("refuses when no run is long enough, counts it, and goes on", () => {
    const { a, sab } = make(3)
    const handles = [a.allocate(1), a.allocate(1), a.allocate(1)]
    a.release(handles[0]!)
    a.release(handles[2]!)
    expect(a.allocate(2 * BLOCK)).toBe(ARENA_FULL)
    expect(usage(sab)).toEqual({
      capacityBytes: 3 * BLOCK,
      usedBytes: BLOCK,
      largestFreeBytes: BLOCK,
      refused: 1
    })
    a.release(handles[1]!)
    expect(a.allocate(3 * BLOCK)).toBeGreaterThanOrEqual(0)
  })

  it("answers PARCEL_TOO_LARGE to what can never fit", () => {
    const { a, sab } = make(3)
    expect(a.allocate(3 * BLOCK + 1)).toBe(PARCEL_TOO_LARGE)
    expect(a.allocate(Number.MAX_SAFE_INTEGER)).toBe(PARCEL_TOO_LARGE)
    expect(usage(sab).refused).toBe(0)
  })

  it.each([0, -1, 1.5, NaN, Infinity, "4096" as never])("throws InvalidSize at %s bytes and stays usable", (bytes) => {
    const { a, sab } = make()
    const error = thrown(() => a.allocate(bytes))
    expect(error).toBeInstanceOf(InvalidSize)
    expect((error as InvalidSize).message).toContain(String(bytes))
    expect(used(sab)).toBe(0)
    expect(a.release(a.allocate(1))).toBe(true)
  })
})

describe("ArenaEnd, moving", () => {
  it("moves a parcel to another end without touching its bytes", () => {
    const { a, b } = make()
    const handle = a.allocate(5000)
    const view = a.view(handle)
    view.fill(9)
    const sent = a.detach(handle)
    expect(sent).toBe(Arena.handleInTransit(handle))
    expect(b.adopt(sent)).toBe(sent)
    expect(b.view(sent).byteOffset).toBe(view.byteOffset)
    expect(b.view(sent).every((byte) => byte === 9)).toBe(true)
    expect(b.release(sent)).toBe(true)
  })

  it("refuses the old owner's handle from the moment it is sent, also after the parcel came back", () => {
    const { a, b } = make()
    const first = a.allocate(1)
    const second = a.detach(first)
    expect(a.owns(first)).toBe(false)
    expect(() => a.view(first)).toThrow(StaleHandle)
    expect(() => a.view(second)).toThrow(StaleHandle)
    b.adopt(second)
    const third = b.detach(second)
    expect(a.adopt(third)).toBe(third)
    for (const stale of [first, second]) {
      expect(a.detach(stale)).toBe(STALE_HANDLE)
      expect(a.adopt(stale)).toBe(STALE_HANDLE)
      expect(a.share(stale)).toBe(STALE_HANDLE)
      expect(a.refer(stale)).toBe(STALE_HANDLE)
      expect(a.release(stale)).toBe(false)
    }
    expect(a.release(third)).toBe(true)
  })

  it("lets one of two adopt", () => {
    const { a, b, c } = make()
    const sent = a.detach(a.allocate(1))
    expect(b.adopt(sent)).toBe(sent)
    expect(c.adopt(sent)).toBe(STALE_HANDLE)
    expect(b.adopt(sent)).toBe(STALE_HANDLE)
    expect(c.release(sent)).toBe(false)
    expect(b.owns(sent)).toBe(true)
  })

  it("lets the sender take back what nobody has adopted", () => {
    const { a, b } = make()
    const sent = a.detach(a.allocate(1))
    expect(a.adopt(sent)).toBe(sent)
    expect(b.adopt(sent)).toBe(STALE_HANDLE)
    expect(a.owns(sent)).toBe(true)
  })

  it("frees once", () => {
    const { a, b, sab } = make()
    const handle = a.allocate(3 * BLOCK)
    expect(b.release(handle)).toBe(false)
    expect(a.release(handle)).toBe(true)
    expect(a.release(handle)).toBe(false)
    expect(used(sab)).toBe(0)
    const again = a.allocate(3 * BLOCK)
    expect(again).not.toBe(handle)
    expect(a.release(handle)).toBe(false)
    expect(used(sab)).toBe(3)
  })

  it("refuses handles that no arena gives out", () => {
    const { a, sab } = make(4, 3, 4)
    const handle = a.allocate(1)
    const strange = [-1, -4, 0.5, NaN, Infinity, 2 ** 50, 2 ** 53, "1" as never, undefined as never, {} as never]
    const outside = [handle + 4 * 256, handle + 5, handle + 255]
    for (const bad of [...strange, ...outside]) {
      expect(a.isHandle(bad)).toBe(false)
      expect(a.owns(bad)).toBe(false)
      expect(a.detach(bad)).toBe(STALE_HANDLE)
      expect(a.adopt(bad)).toBe(STALE_HANDLE)
      expect(a.share(bad)).toBe(STALE_HANDLE)
      expect(a.refer(bad)).toBe(STALE_HANDLE)
      expect(a.release(bad)).toBe(false)
      expect(() => a.view(bad)).toThrow(StaleHandle)
    }
    expect(a.isHandle(handle)).toBe(true)
    expect(a.owns(handle)).toBe(true)
    expect(used(sab)).toBe(1)
  })

  it("gives generations out in a circle", () => {
    const { a, b, cells, sab } = make(1)
    // The last generation but one, free.
    cells[layout.descriptorCells] = -2 * 1024
    const handle = a.allocate(1)
    expect(a.owns(handle)).toBe(true)
    const sent = a.detach(handle)
    expect(sent).toBe(Arena.handleInTransit(handle))
    expect(sent).toBeLessThan(handle)
    expect(b.adopt(sent)).toBe(sent)
    expect(a.owns(handle)).toBe(false)
    expect(b.release(sent)).toBe(true)
    expect(used(sab)).toBe(0)
  })

  it("refuses a size in shared memory that cannot be", () => {
    const { a, cells } = make(4)
    const handle = a.allocate(1)
    const sizeCell = layout.descriptorCells + 4
    expect(cells[sizeCell]).toBe(1)
    for (const size of [0, -1, 4 * BLOCK + 1]) {
      cells[sizeCell] = size
      expect(() => a.view(handle)).toThrow(InvalidMemory)
    }
    expect(a.release(handle)).toBe(true)
  })
})

describe("ArenaEnd, sharing", () => {
  it("keeps a shared parcel until the last reference is given up", () => {
    const { a, b, c, sab } = make()
    const parcel = a.allocate(2 * BLOCK)
    a.view(parcel).fill(5)
    const first = a.share(parcel)
    const toB = a.detach(a.refer(first))
    const toC = a.detach(a.refer(first))
    expect(a.owns(parcel)).toBe(false)
    expect(a.release(first)).toBe(true)
    expect(b.adopt(toB)).toBe(toB)
    expect(b.view(toB)[BLOCK]).toBe(5)
    expect(b.release(toB)).toBe(true)
    expect(used(sab)).toBe(2)
    expect(c.adopt(toC)).toBe(toC)
    expect(c.view(toC)[BLOCK]).toBe(5)
    expect(c.release(toC)).toBe(true)
    expect(used(sab)).toBe(0)
  })

  it("moves references like parcels: once, to one", () => {
    const { a, b, c } = make()
    const first = a.share(a.allocate(1))
    const sent = a.detach(first)
    expect(a.refer(first)).toBe(STALE_HANDLE)
    expect(b.adopt(sent)).toBe(sent)
    expect(c.adopt(sent)).toBe(STALE_HANDLE)
    expect(c.release(sent)).toBe(false)
    expect(b.release(sent)).toBe(true)
    expect(b.release(sent)).toBe(false)
    expect(b.refer(sent)).toBe(STALE_HANDLE)
  })

  it("refuses one reference too many, and has room again after one is given up", () => {
    const { a, sab } = make(4, 1, 3)
    const first = a.share(a.allocate(1))
    const others = [a.refer(first), a.refer(first)]
    expect(a.refer(first)).toBe(REFERENCES_FULL)
    expect(a.release(others[0]!)).toBe(true)
    const again = a.refer(first)
    expect(again).toBeGreaterThanOrEqual(0)
    expect(again).not.toBe(others[0])
    expect(a.release(others[0]!)).toBe(false)
    for (const handle of [first, others[1]!, again]) expect(a.release(handle)).toBe(true)
    expect(used(sab)).toBe(0)
  })

  it("does not share a reference, and does not refer to an unshared parcel", () => {
    const { a } = make()
    const parcel = a.allocate(1)
    expect(a.refer(parcel)).toBe(STALE_HANDLE)
    const first = a.share(parcel)
    expect(a.share(first)).toBe(STALE_HANDLE)
    expect(a.share(parcel)).toBe(STALE_HANDLE)
  })
})

describe("ArenaEnd.recover", () => {
  it("frees what a dead thread owned, and leaves what it had sent", () => {
    const { a, b, sab } = make()
    a.allocate(2 * BLOCK)
    a.allocate(1)
    const sent = a.detach(a.allocate(1))
    const kept = b.allocate(1)
    expect(b.recover(1)).toEqual({ freed: 2, released: 0, inTransit: 1 })
    expect(b.recover(1)).toEqual({ freed: 0, released: 0, inTransit: 1 })
    expect(used(sab)).toBe(2)
    expect(b.adopt(sent)).toBe(sent)
    expect(b.owns(kept)).toBe(true)
    expect(b.forget(1)).toBe(0)
    expect(b.owns(sent)).toBe(true)
  })

  it("gives up the references of a dead thread, and frees what nobody else refers to", () => {
    const { a, b, c, sab } = make()
    const mine = a.share(a.allocate(1))
    b.adopt(a.detach(a.refer(mine)))
    b.share(b.allocate(2 * BLOCK))
    const sent = b.detach(b.refer(b.share(b.allocate(1))))
    expect(c.recover(2)).toEqual({ freed: 0, released: 3, inTransit: 1 })
    expect(used(sab)).toBe(2)
    expect(a.release(mine)).toBe(true)
    expect(used(sab)).toBe(1)
    expect(c.forget(2)).toBe(1)
    expect(used(sab)).toBe(0)
    expect(a.adopt(sent)).toBe(STALE_HANDLE)
  })

  it("forgets what a dead thread had sent, once", () => {
    const { a, b, c, sab } = make()
    const sent = a.detach(a.allocate(3 * BLOCK))
    expect(b.forget(1)).toBe(1)
    expect(c.forget(1)).toBe(0)
    expect(b.adopt(sent)).toBe(STALE_HANDLE)
    expect(used(sab)).toBe(0)
  })

  it("lets a thread leave with everything it owned", () => {
    const { a, sab } = make()
    a.allocate(1)
    a.share(a.allocate(BLOCK + 1))
    expect(a.recover(1)).toEqual({ freed: 1, released: 1, inTransit: 0 })
    expect(used(sab)).toBe(0)
  })
})

/** What the arena should hold, kept beside it. */
interface Held {
  readonly parcel: { readonly mark: number; references: number }
  readonly owner: number
  readonly handle: number
  readonly sent: boolean
  readonly shared: boolean
}

describe("ArenaEnd under random use", () => {
  it.each([1, 2, 3, 4, 5, 6])("agrees with a list of what is held (seed %i)", (seed) => {
    const { ends, sab } = make(16, 3, 4)
    const random = seeded(seed)
    let held: Array<Held> = []
    const stale: Array<number> = []
    let mark = 0
    const replace = (old: Held, ...by: ReadonlyArray<Held>): void => {
      held = [...held.filter((entry) => entry !== old), ...by]
      stale.push(old.handle)
    }
    for (let step = 0; step < 4000; step++) {
      const end = ends[random(3)]!
      const own = held.filter((entry) => entry.owner === end.owner && !entry.sent)
      const one = own[random(own.length || 1)]
      switch (random(7)) {
        case 0: {
          const handle = end.allocate(1 + random(3 * BLOCK))
          if (handle < 0) break
          end.view(handle).fill(++mark & 255)
          held.push({ parcel: { mark, references: 0 }, owner: end.owner, handle, sent: false, shared: false })
          break
        }
        case 1:
          if (one !== undefined) replace(one, { ...one, sent: true, handle: end.detach(one.handle) })
          break
        case 2: {
          const sent = held.filter((entry) => entry.sent)[0]
          if (sent === undefined) break
          expect(end.adopt(sent.handle)).toBe(sent.handle)
          held = [...held.filter((entry) => entry !== sent), { ...sent, sent: false, owner: end.owner }]
          break
        }
        case 3:
          if (one === undefined || one.shared) break
          one.parcel.references = 1
          replace(one, { ...one, shared: true, handle: end.share(one.handle) })
          break
        case 4: {
          if (one === undefined || !one.shared) break
          const handle = end.refer(one.handle)
          expect(handle >= 0).toBe(one.parcel.references < 4)
          if (handle < 0) break
          one.parcel.references++
          held.push({ ...one, handle })
          break
        }
        case 5:
          if (one === undefined) break
          expect(end.release(one.handle)).toBe(true)
          one.parcel.references--
          replace(one)
          break
        default: {
          const old = stale[random(stale.length || 1)]
          if (old === undefined) break
          expect(end.owns(old) || end.release(old) || end.detach(old) >= 0 || end.adopt(old) >= 0).toBe(false)
        }
      }
      for (const entry of held) {
        if (entry.sent) continue
        const view = ends[entry.owner - 1]!.view(entry.handle)
        if (view[0] !== (entry.parcel.mark & 255) || view.at(-1) !== (entry.parcel.mark & 255)) {
          throw new Error(`parcel ${entry.parcel.mark} is damaged`)
        }
      }
    }
    expect(mark).toBeGreaterThan(100)
    for (const end of ends) end.recover(end.owner)
    for (const end of ends) end.forget(end.owner)
    expect(used(sab)).toBe(0)
  })
})
