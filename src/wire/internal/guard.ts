/**
 * Questions about a plan or a schema that are answered by the schema's own parser or by the plan alone.
 */
import * as Schema from "effect/Schema"
import type * as SchemaAST from "effect/SchemaAST"
import * as SchemaParser from "effect/SchemaParser"
import type { Filter, Plan } from "./plan.ts"

/** A filter that asks the schema's own parser. */
export const schemaGuard = (ast: SchemaAST.AST): Filter => {
  const is = SchemaParser.is(Schema.make<Schema.Schema<unknown>>(ast))
  return (value: unknown) => {
    try {
      return is(value)
    } catch {
      return false
    }
  }
}

/** Whether a plan takes `undefined`, so that a missing required key has to be looked for. Unknown counts as yes. */
export const takesUndefined = (plan: Plan): boolean => {
  switch (plan.kind) {
    case "constant":
      return plan.value === undefined || plan.lax
    case "choice":
      return plan.values.includes(undefined)
    case "union":
      return plan.alternatives.some((alternative) =>
        alternative.kind === "constant"
          ? alternative.value === undefined || alternative.lax
          : alternative.kind === "plan" && takesUndefined(alternative.plan)
      )
    case "via":
      return true
    case "ref":
      return true
    case "block":
      return plan.shape === "self" && plan.fields.some((field) => takesUndefined(field.plan))
    default:
      return false
  }
}
