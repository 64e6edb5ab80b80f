/**
 * Where values lie: the fixed part of a block, and the items of a packed array.
 *
 * Fields keep the order of the schema. In the fixed part the 8-byte slots come first, then the words of packed bits, then the 4-byte
 * cells; what has a size of its own follows in field order.
 */
import type { At, Sizes } from "./kind.ts"
import type { BlockPlan, Place, Plan } from "./plan.ts"

/** The bits that an index below `count` takes. */
export const bitsFor = (count: number): number => count <= 1 ? 0 : 32 - Math.clz32(count - 1)

/** The index of few bits at a place of the block that starts at `cell`. */
export const bitsAt = (i32: Int32Array, cell: number, { bitCell, bits, shift }: Place): number => {
  if (bits === 0) return 0
  const word = i32[cell + bitCell]! >>> shift
  return bits === 32 ? word : word & (2 ** bits - 1)
}

/** Bytes of one item of a packed array, 0 when items are blocks. */
export const packedBytes = (item: Plan, sizes: Sizes): 0 | 4 | 8 => {
  switch (item.kind) {
    case "choice":
      return 4
    case "number":
    case "int64":
    case "date":
      return sizes.need(item).bytes
    case "constant":
    case "string":
    case "bytes":
    case "bigint":
    case "array":
    case "record":
    case "block":
    case "union":
    case "via":
    case "instance":
    case "ref":
    case "never":
      return 0
  }
}

/** The place of an item of a packed array whose cell is known. */
export const packedPlace: Place = { cell: 0, bitCell: 0, shift: 0, bits: 32 }

/** The same in source, with the views in locals: `index` counts items of `packed` bytes from the start of the region. */
export const packedAt = (index: string, packed: 4 | 8): At => ({
  cell: packed === 4 ? index : `(${index})*2`,
  slot: index,
  views: "",
  put: (t) => `i32[${index}]=${t};`,
  got: `i32[${index}]>>>0`,
  reach: 2 ** 32
})

/** The place of a field in source; its block starts at cell `d` and slot `q`, its packed bits are in locals. */
export const fieldAt = ({ bitCell, bits, cell, shift }: Place): At => ({
  cell: `d+${cell}`,
  slot: `q+${cell >> 1}`,
  views: "s.",
  put: (t) => bits === 0 ? "" : `g${bitCell}|=${t}${shift === 0 ? "" : `<<${shift}`};`,
  got: bits === 0 ? "0" : `${shift === 0 ? `g${bitCell}` : `g${bitCell}>>>${shift}`}&${2 ** bits - 1}`,
  reach: 2 ** bits
})

/** Gives every field of a block its place. */
export const placeFields = (block: BlockPlan, sizes: Sizes): void => {
  const needs = block.fields.map((field) => sizes.need(field.plan))
  let cell = 0
  const cells = needs.map((need) => need.bytes === 8 ? (cell += 2) - 2 : -1)
  const bitCells: Array<number> = []
  const bitPlaces = needs.map(() => ({ bitCell: -1, shift: 0 }))
  let used = 32
  needs.forEach((need, i) => {
    if (need.bits === 0) return
    if (used + need.bits > 32) {
      bitCells.push(cell++)
      used = 0
    }
    bitPlaces[i] = { bitCell: cell - 1, shift: used }
    used += need.bits
  })
  needs.forEach((need, i) => {
    if (need.bytes === 4) cells[i] = cell++
  })
  block.fields.forEach((field, i) => {
    field.place = { cell: cells[i]!, bits: needs[i]!.bits, ...bitPlaces[i]! }
  })
  block.bitCells = bitCells
  block.fixedBytes = (cell * 4 + 7) & ~7
}
