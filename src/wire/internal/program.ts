/**
 * The program: the plan of a whole record with every block it consists of found, numbered and laid out. Both back ends work from it.
 */
import { exactBytes, inlineAlternative, layoutText, packedBytes, placeFields } from "./layout.ts"
import type { BlockPlan, Plan } from "./plan.ts"
import { emptyBlock, nowhere } from "./plan.ts"

/** How many times a recursive schema may enter itself. */
export const MAX_DEPTH = 512

/** A plan that is ready for a back end. */
export interface Program {
  readonly root: BlockPlan
  /** All blocks, in the order in which they were found. */
  readonly blocks: ReadonlyArray<BlockPlan>
  /** The block of an item, a value or an alternative. */
  readonly blockOf: (plan: Plan) => BlockPlan
  /** Blocks of which one record may hold many: inside of arrays, records and recursions. */
  readonly many: ReadonlySet<BlockPlan>
  readonly recursive: boolean
  /** Whether parts are encoded before their size is known. */
  readonly passages: boolean
  readonly layout: string
  readonly fixedBytes: number | undefined
}

interface Search {
  readonly blocks: Array<BlockPlan>
  readonly wrapped: Map<Plan, BlockPlan>
  readonly many: Set<BlockPlan>
  recursive: boolean
  passages: boolean
}

const toBlock = (search: Search, plan: Plan): BlockPlan => {
  if (plan.kind === "block") return plan
  if (plan.kind === "ref") return plan.target()
  const known = search.wrapped.get(plan)
  if (known !== undefined) return known
  const block = emptyBlock("self", plan.path)
  block.fields = [{ key: undefined, optional: false, plan, place: nowhere }]
  search.wrapped.set(plan, block)
  return block
}

const visitBlock = (search: Search, block: BlockPlan, many: boolean): void => {
  const known = search.blocks.includes(block)
  if (known && (!many || search.many.has(block))) return
  if (!known) search.blocks.push(block)
  if (many) search.many.add(block)
  for (const field of block.fields) visit(search, field.plan, many)
}

const visit = (search: Search, plan: Plan, many: boolean): void => {
  switch (plan.kind) {
    case "block":
      return visitBlock(search, plan, many)
    case "ref":
      search.recursive = true
      return visitBlock(search, plan.target(), true)
    case "array":
      if (packedBytes(plan.item) === 0) visitPart(search, plan.item, true)
      return
    case "record":
      return visitPart(search, plan.value, true)
    case "via":
      search.passages = true
      return visit(search, plan.inner, many)
    case "instance":
      return visit(search, plan.inner, many)
    case "union":
      for (const alternative of plan.alternatives) {
        if (alternative.kind !== "plan" || alternative.plan === inlineAlternative(plan.alternatives)) continue
        visitPart(search, alternative.plan, many)
      }
      return
    default:
      return
  }
}

const visitPart = (search: Search, plan: Plan, many: boolean): void => {
  if (plan.kind === "ref") search.recursive = true
  visitBlock(search, toBlock(search, plan), many || plan.kind === "ref")
}

/** Makes the program of a plan. */
export const makeProgram = (plan: Plan): Program => {
  const search: Search = { blocks: [], wrapped: new Map(), many: new Set(), recursive: false, passages: false }
  const root = toBlock(search, plan)
  if (plan.kind === "ref") search.recursive = true
  visitBlock(search, root, plan.kind === "ref")
  for (const block of search.blocks) placeFields(block)
  return {
    root,
    blocks: search.blocks,
    blockOf: (part) => toBlock(search, part),
    many: search.many,
    recursive: search.recursive,
    passages: search.passages,
    layout: layoutText(root),
    fixedBytes: exactBytes(root)
  }
}
