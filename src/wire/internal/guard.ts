/**
 * Questions about a value that are answered by the schema's own parser.
 */
import * as Schema from "effect/Schema"
import type * as SchemaAST from "effect/SchemaAST"
import * as SchemaParser from "effect/SchemaParser"
import type { Filter } from "./plan.ts"

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
