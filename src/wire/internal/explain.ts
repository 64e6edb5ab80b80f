/**
 * Why a value is refused: in the words of its schema, or, where the schema takes what has no binary form, by the place and the value.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import type * as SchemaAST from "effect/SchemaAST"
import * as SchemaParser from "effect/SchemaParser"
import { textOf } from "../../runtime/Text.ts"
import { Carriage } from "../Carriage.ts"
import { findFault } from "./closures.ts"
import type { Fault } from "./kind.ts"
import { SHARED } from "./plan.ts"
import { MAX_DEPTH, type Program } from "./program.ts"
import { issueText } from "./transformed.ts"
import { CHECKED, contextOf } from "./way.ts"

/** Of a value that `isValid` takes: `encode` has seen another one. */
const CHANGED =
  "the value is valid now, and was not when it was written: it was changed since, or a getter in it answers differently "
  + "each time"

const LONGEST = 60

const kindOf = (value: unknown): string => {
  switch (typeof value) {
    case "function":
      return "a function"
    case "string":
      return JSON.stringify(value.slice(0, LONGEST))
    case "object":
      return value === null ? "null" : Array.isArray(value) ? "an array" : "an object that is no plain one"
    case "bigint":
    case "boolean":
    case "number":
    case "symbol":
    case "undefined":
      return textOf(value)
  }
}

const placeOf = ({ path }: Fault): string =>
  path.toReversed().map((key) => `[${typeof key === "symbol" ? textOf(key) : JSON.stringify(key)}]`).join("")

/** The words for a value that its schema takes, and that cannot be written. */
const faultText = (fault: Fault): string => {
  if (fault.isTooDeep) return `the value nests too deeply: more than ${MAX_DEPTH} levels`
  const at = fault.path.length === 0 ? "" : `\n  at ${placeOf(fault)}`
  return fault.plan?.kind === "number" && fault.plan.width !== "f64"
    ? `${kindOf(fault.value)} does not fit its width ${fault.plan.width}${at}`
    : `${kindOf(fault.value)} has no binary form: a part whose type is unknown carries JSON values${at}`
}

/** Makes what explains the refusals of a program. */
export const explainer = (ast: SchemaAST.AST, program: Program, isValid: (value: unknown) => boolean) => {
  const schema = Schema.make<Schema.Codec<unknown, unknown>>(ast)
  const encode = SchemaParser.encodeUnknownEffect(schema, { errors: "all" })
  const find = findFault(program)
  return (value: unknown, carriage?: Carriage): string => {
    const isTaken = isValid(value)
    if (isTaken && (program.travels & ~SHARED) === 0) return CHANGED
    // What can be taken where it stays may be refused where it has to travel.
    const way = isTaken || carriage !== undefined ? { carriage: carriage ?? new Carriage(), carried: [] } : CHECKED
    const exit = Effect.runSyncExitWith(contextOf(way))(encode(value))
    if (Exit.isFailure(exit)) return issueText(exit.cause)
    const fault = isTaken ? undefined : find(value)
    return fault === undefined ? CHANGED : faultText(fault)
  }
}
