/**
 * What a kind of plan is: all that the codec does with its values, side by side.
 *
 * Each kind has a file of its own in `kinds/`, and `kinds.ts` lists them by name: a kind without a file, or a file without one of its
 * uses, does not compile. Kinds know their parts through the contexts that they are handed here, never by import, so they know nothing of
 * each other.
 */
import type { BlockPlan, Place, Plan, Prepare, Travels } from "./plan.ts"
import type { Passing } from "./runtime.ts"
import type { Stretch } from "./stretch.ts"
import type { Way } from "./way.ts"

/** What a plan needs in the fixed part of its block. */
export interface Need {
  /** 0, 4 or 8 bytes. */
  readonly bytes: 0 | 4 | 8
  readonly bits: number
  /** Whether something follows in the variable part. */
  readonly variable: boolean
}

/** Asks for the sizes of parts. Each part is looked at once, however often it is asked for. */
export interface Sizes {
  readonly need: (plan: Plan) => Need
  /** Bytes in the variable part, when all values take the same. */
  readonly exact: (plan: Plan) => number | undefined
  /** The fewest bytes in the variable part. */
  readonly least: (plan: Plan) => number
  readonly exactBlock: (block: BlockPlan) => number | undefined
  readonly leastBlock: (block: BlockPlan) => number
}

/** The walk that finds the blocks of a program. */
export interface Search {
  readonly sizes: Sizes
  /** A part was met that is encoded by its schema, perhaps to travel with the message. */
  readonly transformed: (travels: Travels | undefined, prepare: Prepare | undefined) => void
  /** A plan that lies in the block at hand. `many` tells that a record may hold several values of it. */
  readonly visit: (plan: Plan, many: boolean) => void
  /** A plan that is a block of its own: an item, an alternative. */
  readonly part: (plan: Plan, many: boolean) => void
}

/** Where a value lies, in the words of the source. */
export interface At {
  /** The index of its 4-byte cell. */
  readonly cell: string
  /** The index of its 8-byte slot. */
  readonly slot: string
  /** Before the names of the views that are written to: those of the stretch, or locals while it cannot grow. */
  readonly views: "s." | ""
  /** A statement that stores an index that takes few bits. */
  readonly put: (index: string) => string
  /** The index that was stored. */
  readonly got: string
  /** What was stored is below it. */
  readonly reach: number
}

/** What both directions of the source have. */
export interface Words {
  readonly sizes: Sizes
  /** A fresh local name. */
  readonly name: (prefix: string) => string
  /** The name of an object that exists outside of the source. */
  readonly table: (value: unknown) => string
  /** The block of a part that is one of its own. */
  readonly blockOf: (plan: Plan) => BlockPlan
}

/** Source that writes values, or only checks them: both come from the same words, so they cannot disagree. */
export interface Writing extends Words {
  /** Whether bytes are stored where the value is read. */
  readonly store: boolean
  /** A statement that stores what has been checked: as it is, nothing, or kept for later. */
  readonly stored: (statement: string) => string
  /** Where the record is written in place: the most bytes that each of its variable parts may take. */
  readonly claims: Array<string> | undefined
  /** The statement that refuses the value. */
  readonly refuse: string
  /** Whether the block is written once a record, so that its texts may be those of the record before. */
  readonly once: boolean
  /** Statements for a part that lies in the block at hand. `absent` is a condition: its key is missing. */
  readonly plan: (plan: Plan, x: string, at: At, absent?: string) => string
  /** Statements for a part that is a block of its own; a refusal runs `refused`. */
  readonly part: (plan: Plan, x: string, refused: string) => string
  /** Statements that refuse what the checks of a plan refuse. */
  readonly checks: (plan: Plan, x: string) => string
}

/** Source that reads values. */
export interface Reading extends Words {
  /** Statements that read a part of the block at hand into a variable. */
  readonly plan: (plan: Plan, x: string, at: At) => string
  /** Statements that read a part that is a block of its own. */
  readonly part: (plan: Plan, x: string) => string
}

/** Writes a part, or checks it; answers its index of few bits, or -1. `cell` is where its block starts. */
export type Write = (value: unknown, cell: number, absent: boolean) => number

/** Reads a part of the block that starts at `cell`. */
export type Read = (cell: number) => unknown

/** What the closures of one codec share while one of them runs. */
export interface Frame extends Passing {
  /** Where values are written to. */
  stretch: Stretch
  /** Where values are read from. */
  i32: Int32Array
  f64: Float64Array
  u8: Uint8Array
  /** Where the next variable part starts. */
  cursor: number
  /** Nothing is read at or after it. */
  end: number
  /** How often recursive parts have entered themselves. */
  depth: number
  /** Set once `depth` has exceeded its limit: everything that follows gives up at once. */
  exceeded: boolean
  way: Way | undefined
  /** Where a value was refused; kept for those who ask why. */
  fault: Fault | undefined
}

/** The place of a refusal. */
export interface Fault {
  /** Keys and indices, the last one first. */
  readonly path: Array<PropertyKey>
  value: unknown
  plan: Plan | undefined
  /** Whether the value nests more deeply than it may. */
  isTooDeep: boolean
}

/** Closures that write values, or only check them. */
export interface Writers {
  readonly sizes: Sizes
  readonly frame: Frame
  readonly store: boolean
  readonly plan: (plan: Plan, place: Place) => Write
  /** A part that is a block of its own, at the cursor. */
  readonly part: (plan: Plan) => (value: unknown) => number
  readonly blockOf: (plan: Plan) => BlockPlan
}

/** Closures that read values. */
export interface Readers {
  readonly sizes: Sizes
  readonly frame: Frame
  readonly plan: (plan: Plan, place: Place) => Read
  readonly part: (plan: Plan) => Read
  readonly blockOf: (plan: Plan) => BlockPlan
}

/** Everything that is done with the values of one kind of plan. */
export interface Kind<in P extends Plan> {
  // ---- its place in memory
  readonly need: (plan: P, sizes: Sizes) => Need
  readonly exact: (plan: P, sizes: Sizes) => number | undefined
  readonly least: (plan: P, sizes: Sizes) => number
  /** Hands its parts to the search. */
  readonly visit: (plan: P, search: Search, many: boolean) => void
  /** Its layout in words; `text` gives that of a part. */
  readonly text: (plan: P, text: (plan: Plan) => string) => string
  /** Whether it takes `undefined`, so that a missing required key has to be looked for. Unknown counts as yes. */
  readonly takesUndefined: (plan: P, ask: (plan: Plan) => boolean) => boolean
  // ---- generated source
  readonly write: (plan: P, to: Writing, x: string, at: At, absent: string | undefined) => string
  readonly read: (plan: P, from: Reading, x: string, at: At) => string
  // ---- closures
  readonly writer: (plan: P, to: Writers, place: Place) => Write
  readonly reader: (plan: P, from: Readers, place: Place) => Read
}

const nothing = (): void => {}

/** What kinds have in common that lie in the fixed part of their block. */
export const inFixedPart = {
  exact: () => 0,
  least: () => 0,
  visit: nothing,
  takesUndefined: () => false
} as const

/** What kinds have in common that lie in the variable part and have no parts of their own. */
export const inVariablePart = {
  need: (): Need => ({ bytes: 0, bits: 0, variable: true }),
  exact: () => undefined,
  visit: nothing,
  takesUndefined: () => false
} as const
