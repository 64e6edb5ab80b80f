/**
 * Values that are transformed by their schema before they are written and after they are read.
 */
import type { Kind, Writers } from "../kind.ts"
import type { ViaPlan } from "../plan.ts"
import { Refused } from "../plan.ts"
import { decoded } from "../runtime.ts"

export const via: Kind<ViaPlan> = {
  need: ({ inner }, sizes) => sizes.need(inner),
  exact: ({ inner }, sizes) => sizes.exact(inner),
  least: ({ inner }, sizes) => sizes.least(inner),
  visit: ({ inner, prepare, travels }, search, many) => {
    search.transformed(travels, prepare)
    search.visit(inner, many)
  },
  text: ({ inner }, text) => text(inner),
  takesUndefined: () => true,
  write: (plan, to, x, at) => {
    const { name, refuse, store, table } = to
    if (!store && plan.accepts !== undefined) return `if(!${table(plan.accepts)}(${x}))${refuse};`
    const y = name("y")
    return `const ${y}=${table(plan)}.encode(${x},${store ? "s" : "undefined"});if(${y}===R)${refuse};`
      + to.plan(plan.inner, y, at)
  },
  read: (plan, from, x, at) => {
    const y = from.name("y")
    return `let ${y};${from.plan(plan.inner, y, at)}${x}=H$decoded(${from.table(plan)},${y},G);`
  },
  writer: (plan, to: Writers, place) => {
    const { frame, store } = to
    const { accepts } = plan
    if (!store && accepts !== undefined) return (value) => accepts(value) ? 0 : -1
    const inner = to.plan(plan.inner, place)
    return (value, cell) => {
      const encoded = plan.encode(value, store ? frame.stretch : undefined)
      return encoded === Refused ? -1 : inner(encoded, cell, false)
    }
  },
  reader: (plan, from, place) => {
    const inner = from.plan(plan.inner, place)
    return (cell) => decoded(plan, inner(cell), from.frame.way)
  }
}
