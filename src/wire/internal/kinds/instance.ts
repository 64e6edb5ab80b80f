/**
 * Instances of a class, written as their fields.
 */
import type { Kind } from "../kind.ts"
import type { InstancePlan } from "../plan.ts"
import { Refused } from "../plan.ts"
import { undecoded } from "../runtime.ts"
import { quote } from "../source.ts"

const FOUND = "fields that its class does not take"
const LIMIT = "the fields of an instance"

export const instance: Kind<InstancePlan> = {
  need: ({ inner }, sizes) => sizes.need(inner),
  exact: ({ inner }, sizes) => sizes.exact(inner),
  least: ({ inner }, sizes) => sizes.least(inner),
  visit: ({ inner }, search, many) => search.visit(inner, many),
  text: ({ inner }, text) => text(inner),
  takesUndefined: () => false,
  write: (plan, to, x, at) => `if(!${to.table(plan.isInstance)}(${x}))${to.refuse};${to.plan(plan.inner, x, at)}`,
  read: (plan, from, x, at) => {
    const y = from.name("y")
    return `let ${y};${from.plan(plan.inner, y, at)}${x}=${from.table(plan)}.construct(${y});`
      + `if(${x}===R)${x}=H$undecoded(${quote(plan.path)},${quote(FOUND)},${quote(LIMIT)},G);`
  },
  writer: (plan, to, place) => {
    const inner = to.plan(plan.inner, place)
    return (value, cell) => plan.isInstance(value) ? inner(value, cell, false) : -1
  },
  reader: (plan, from, place) => {
    const inner = from.plan(plan.inner, place)
    return (cell) => {
      const value = plan.construct(inner(cell))
      return value === Refused ? undecoded(plan.path, FOUND, LIMIT, from.frame.way) : value
    }
  }
}
