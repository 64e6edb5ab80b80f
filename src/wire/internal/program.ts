/**
 * The program: the plan of a whole record with every block it consists of found, numbered and laid out. Both back ends work from it.
 */
import type { Search, Sizes } from "./kind.ts"
import { kindOf, makeSizes } from "./kinds.ts"
import { placeFields } from "./places.ts"
import type { BlockPlan, Plan, Prepare, Travels } from "./plan.ts"
import { emptyBlock, nowhere } from "./plan.ts"
import { layoutText } from "./text.ts"

/** How many times a recursive schema may enter itself. */
export const MAX_DEPTH = 512

/** A plan that is ready for a back end. */
export interface Program {
  /** The plan of the record, and the block that it is. */
  readonly rootPlan: Plan
  readonly root: BlockPlan
  /** All blocks, in the order in which they were found, with their numbers. */
  readonly blocks: ReadonlyMap<BlockPlan, number>
  /** The block of an item, a value or an alternative. */
  readonly blockOf: (plan: Plan) => BlockPlan
  readonly sizes: Sizes
  /** Blocks of which one record may hold many: inside of arrays, records and recursions. */
  readonly many: ReadonlySet<BlockPlan>
  readonly recursive: boolean
  /** Whether parts are encoded by their schema before they are written. */
  readonly transforms: boolean
  /** What its values can hold that travels with its message. */
  readonly travels: Travels
  /** What gets a thread ready on which its values may arrive. */
  readonly prepares: ReadonlySet<Prepare>
  readonly layout: string
  readonly fixedBytes: number | undefined
}

/** Makes the program of a plan. */
export const makeProgram = (plan: Plan): Program => {
  const blocks = new Map<BlockPlan, number>()
  const wrapped = new Map<Plan, BlockPlan>()
  const many = new Set<BlockPlan>()
  const sizes = makeSizes()
  let recursive = false
  let transforms = false
  let travels: Travels = 0
  const prepares = new Set<Prepare>()
  const blockOf = (part: Plan): BlockPlan => {
    if (part.kind === "block") return part
    if (part.kind === "ref") return part.target()
    let block = wrapped.get(part)
    if (block === undefined) {
      block = emptyBlock("self", part.path)
      block.fields = [{ key: undefined, optional: false, plan: part, place: nowhere }]
      wrapped.set(part, block)
    }
    return block
  }
  const search: Search = {
    sizes,
    transformed: (how, prepare) => {
      transforms = true
      if (prepare !== undefined) prepares.add(prepare)
      travels |= how ?? 0
    },
    visit: (part, isMany) => kindOf(part).visit(part, search, isMany),
    part: (part, isMany) => {
      const isRecursion = part.kind === "ref"
      recursive ||= isRecursion
      visitBlock(blockOf(part), isMany || isRecursion)
    }
  }
  const visitBlock = (block: BlockPlan, isMany: boolean): void => {
    const isKnown = blocks.has(block)
    if (isKnown && (!isMany || many.has(block))) return
    if (!isKnown) blocks.set(block, blocks.size)
    if (isMany) many.add(block)
    for (const field of block.fields) search.visit(field.plan, isMany)
  }
  search.part(plan, false)
  for (const block of blocks.keys()) placeFields(block, sizes)
  const root = blockOf(plan)
  return {
    rootPlan: plan,
    root,
    blocks,
    blockOf,
    sizes,
    many,
    recursive,
    transforms,
    travels,
    prepares,
    layout: layoutText(root, (part, text) => kindOf(part).text(part, text)),
    fixedBytes: sizes.exactBlock(root)
  }
}
