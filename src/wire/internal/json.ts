/**
 * JSON values, laid out as the recursive union that they are: what `Schema.Unknown`, `Schema.Any`, `Schema.ObjectKeyword` and `Schema.Json`
 * can carry, as in every other codec of Effect.
 */
import type { Alternative, BlockPlan, Plan } from "./plan.ts"
import { emptyBlock, nowhere } from "./plan.ts"

// As Effect decides it: a plain object of another realm has another Object.prototype, with nothing above it.
const isPlain = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null
}

const block: BlockPlan = emptyBlock("self", "(JSON)")

const item: Plan = { kind: "ref", path: "(JSON)", filters: [], target: () => block }

const objects: ReadonlyArray<Alternative> = [
  {
    kind: "plan",
    plan: { kind: "array", path: "(JSON)[]", item, minLength: 0, maxLength: Infinity, filters: [] },
    shape: { type: "array", sentinels: [] },
    final: true
  },
  {
    kind: "plan",
    plan: {
      kind: "record",
      path: "(JSON)[*]",
      keys: { kind: "string", path: "(JSON)[key]", minLength: 0, maxLength: Infinity, filters: [] },
      value: item,
      filters: [isPlain]
    },
    shape: { type: "object", sentinels: [] },
    final: true
  }
]

const values: ReadonlyArray<Alternative> = [
  { kind: "constant", value: null, lax: false },
  { kind: "constant", value: false, lax: false },
  { kind: "constant", value: true, lax: false },
  {
    kind: "plan",
    plan: { kind: "number", path: "(JSON)", width: "f64", tests: [{ op: "finite", value: 0 }], filters: [] },
    shape: { type: "number", sentinels: [] },
    final: true
  },
  {
    kind: "plan",
    plan: { kind: "string", path: "(JSON)", minLength: 0, maxLength: Infinity, filters: [] },
    shape: { type: "string", sentinels: [] },
    final: true
  },
  ...objects
]

block.fields = [{
  key: undefined,
  optional: false,
  plan: { kind: "union", path: "(JSON)", filters: [], alternatives: values },
  place: nowhere
}]

/** Makes the plan of a JSON value. */
export const jsonPlan = (path: string): Plan => ({ kind: "ref", path, filters: [], target: () => block })

/** Makes the plan of a JSON array or object. */
export const jsonObjectPlan = (path: string): Plan => ({ kind: "union", path, filters: [], alternatives: objects })
