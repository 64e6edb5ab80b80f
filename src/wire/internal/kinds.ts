/**
 * The kinds of plans, by name.
 */
import type { Kind, Need, Sizes } from "./kind.ts"
import { array } from "./kinds/array.ts"
import { bigint } from "./kinds/bigint.ts"
import { block, ref } from "./kinds/block.ts"
import { bytes } from "./kinds/bytes.ts"
import { choice } from "./kinds/choice.ts"
import { constant } from "./kinds/constant.ts"
import { date } from "./kinds/date.ts"
import { instance } from "./kinds/instance.ts"
import { int64 } from "./kinds/int64.ts"
import { never } from "./kinds/never.ts"
import { number } from "./kinds/number.ts"
import { record } from "./kinds/record.ts"
import { string } from "./kinds/string.ts"
import { union } from "./kinds/union.ts"
import { via } from "./kinds/via.ts"
import type { BlockPlan, Plan } from "./plan.ts"

const kinds: { readonly [K in Plan["kind"]]: Kind<Extract<Plan, { readonly kind: K }>> } = {
  number,
  int64,
  bigint,
  date,
  string,
  bytes,
  constant,
  choice,
  array,
  record,
  block,
  union,
  via,
  instance,
  ref,
  never
}

// The table has a row for each kind of plan; that the row found is the one for this plan is what its type cannot say.
/** The kind of a plan. */
export const kindOf = <P extends Plan>(plan: P): Kind<P> => kinds[plan.kind] as unknown as Kind<P>

/** Whether a plan takes `undefined`. */
export const takesUndefined = (plan: Plan): boolean => kindOf(plan).takesUndefined(plan, takesUndefined)

const sum = (parts: ReadonlyArray<number | undefined>): number | undefined =>
  parts.reduce<number | undefined>((all, part) => all === undefined || part === undefined ? undefined : all + part, 0)

/** Sizes of the parts of one program. Those of a block are known once its fields have their places. */
export const makeSizes = (): Sizes => {
  const needs = new Map<Plan, Need>()
  const exactly = new Map<BlockPlan, number | undefined>()
  const atLeast = new Map<BlockPlan, number>()
  const sizes: Sizes = {
    need: (plan) => {
      let need = needs.get(plan)
      if (need === undefined) needs.set(plan, need = kindOf(plan).need(plan, sizes))
      return need
    },
    exact: (plan) => kindOf(plan).exact(plan, sizes),
    least: (plan) => kindOf(plan).least(plan, sizes),
    exactBlock: (block) => {
      if (!exactly.has(block)) {
        exactly.set(block, sum([block.fixedBytes, ...block.fields.map((field) => sizes.exact(field.plan))]))
      }
      return exactly.get(block)
    },
    leastBlock: (block) => {
      const known = atLeast.get(block)
      if (known !== undefined) return known
      // A block that contains itself counts as nothing the second time.
      atLeast.set(block, 0)
      const least = block.fields.reduce((all, field) => all + sizes.least(field.plan), block.fixedBytes)
      atLeast.set(block, least)
      return least
    }
  }
  return sizes
}
