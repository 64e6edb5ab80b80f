/**
 * A struct, a tuple, or the single value of an item: in the variable part of the block around it. What a block itself does is in
 * `blocks.ts`, since every item and every alternative is one.
 */
import { inVariablePart, type Kind } from "../kind.ts"
import type { BlockPlan, RefPlan } from "../plan.ts"

export const block: Kind<BlockPlan> = {
  ...inVariablePart,
  exact: (plan, sizes) => sizes.exactBlock(plan),
  least: (plan, sizes) => sizes.leastBlock(plan),
  visit: (plan, search, many) => search.part(plan, many),
  text: (plan, text) => text(plan),
  takesUndefined: ({ fields, shape }, ask) => shape === "self" && fields.some(({ plan }) => ask(plan)),
  write: (plan, to, x) => to.part(plan, x, `{${to.refuse}}`),
  read: (plan, from, x) => from.part(plan, x),
  writer: (plan, to) => to.part(plan),
  reader: (plan, from) => from.part(plan)
}

/** A block that contains itself, seen from inside. Its size ends no search, so it counts as nothing. */
export const ref: Kind<RefPlan> = {
  ...inVariablePart,
  least: ({ target }, sizes) => sizes.leastBlock(target()),
  visit: (plan, search, many) => search.part(plan, many),
  text: (plan, text) => text(plan),
  takesUndefined: () => true,
  write: (plan, to, x) => to.part(plan, x, `{${to.refuse}}`),
  read: (plan, from, x) => from.part(plan, x),
  writer: (plan, to) => to.part(plan),
  reader: (plan, from) => from.part(plan)
}
