/**
 * Parts whose value is not what is written: what a transformation of the schema encodes first, and instances, which are written as the
 * fields they have.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import type * as SchemaAST from "effect/SchemaAST"
import type * as SchemaIssue from "effect/SchemaIssue"
import * as SchemaParser from "effect/SchemaParser"
import { messageOf } from "../../runtime/Text.ts"
import { partsOf } from "./parts.ts"
import type { Alternative, BlockPlan, Field, Filter, InstancePlan, Plan, Prepare, Travels, ViaPlan } from "./plan.ts"
import { emptyBlock, nowhere, Refused, Undecodable } from "./plan.ts"
import { CHECKED, contextOf } from "./way.ts"

type AnySchema = Schema.Codec<unknown, unknown>

/** The words of the schema in a cause that its parser gave. */
export const issueText = (cause: Cause.Cause<SchemaIssue.Issue>): string => {
  const reason = cause.reasons[0]
  if (reason?._tag === "Fail") return new Schema.SchemaError(reason.error).message
  return messageOf(Cause.squash(cause))
}

/** What a value becomes on its way to its plan and back: functions that never throw. */
export type Transformation = Pick<ViaPlan, "encode" | "decode" | "accepts" | "travels" | "prepare">

/** The transformation that the schema's own parser makes of a node. */
export const parsed = (ast: SchemaAST.AST): Transformation => {
  const schema = Schema.make<AnySchema>(ast)
  const travelling = travellingIn(ast)
  if (travelling.travels !== 0) return { ...travelling, ...parsedOnItsWay(schema) }
  const encode = SchemaParser.encodeUnknownExit(schema)
  const decode = SchemaParser.decodeUnknownExit(schema)
  return {
    encode: (value) => {
      const exit = encode(value)
      return Exit.isSuccess(exit) ? exit.value : Refused
    },
    decode: (value) => {
      const exit = decode(value)
      return Exit.isSuccess(exit) ? exit.value : new Undecodable(issueText(exit.cause))
    }
  }
}

// The parser meets values that travel with the message: it is told the way.
const parsedOnItsWay = (schema: AnySchema): Transformation => {
  const encode = SchemaParser.encodeUnknownEffect(schema)
  const decode = SchemaParser.decodeUnknownEffect(schema)
  return {
    encode: (value, way) => {
      const exit = Effect.runSyncExitWith(contextOf(way ?? CHECKED))(encode(value))
      return Exit.isSuccess(exit) ? exit.value : Refused
    },
    decode: (value, way) => {
      // What moves is met also behind a part that is none.
      const exit = Effect.runSyncExitWith(contextOf(way))(decode(value, { errors: "all" }))
      return Exit.isSuccess(exit) ? exit.value : new Undecodable(issueText(exit.cause))
    }
  }
}

/** The annotation by which a transformed declaration brings its own {@link Transformation}, to be used in place of the schema's parser. */
export const TransformationKey = "shared-nothing/transformation"

/** The annotation of a declaration whose values are laid out as those of the node that this transformation leads to. */
export const PassingKey = "shared-nothing/passing"

/** The node that a declaration is laid out by, unless it has got another encoding since. */
export const laidOutBy = (ast: SchemaAST.AST): SchemaAST.AST | undefined => {
  const link = ast.encoding?.length === 1 ? ast.encoding[0] : undefined
  return link !== undefined && link.transformation === ast.annotations?.[PassingKey] ? link.to : undefined
}

/** The transformation that a node brings itself, unless what it becomes is transformed further. */
export const own = (ast: SchemaAST.AST): Transformation | undefined =>
  ast.encoding?.length === 1 ? ast.annotations?.[TransformationKey] as Transformation | undefined : undefined

/** How the values of a schema travel that can hold something which travels with its message. */
export const travellingIn = (root: SchemaAST.AST): Pick<Transformation, "travels" | "prepare"> => {
  let found: Travels = 0
  const prepares = new Set<Prepare>()
  const known = new Set([root])
  // A set goes on to what is added while it is walked.
  for (const ast of known) {
    const brought = ast.annotations?.[TransformationKey] as Transformation | undefined
    if (brought?.prepare !== undefined) prepares.add(brought.prepare)
    found |= brought?.travels ?? 0
    for (const part of partsOf(ast)) known.add(part)
    for (const { to } of ast.encoding ?? []) known.add(to)
  }
  return {
    travels: found,
    prepare: prepares.size === 0 ? undefined : (carriage) => prepares.forEach((of) => of(carriage))
  }
}

/** Makes a transformation of two functions: a value on which one of them throws is none. */
export const guarded = (
  accepts: (value: unknown) => boolean,
  encode: (value: never) => unknown,
  decode: (value: never) => unknown
): Transformation => ({
  encode: (value) => {
    try {
      return accepts(value) ? encode(value as never) : Refused
    } catch {
      return Refused
    }
  },
  decode: (value) => {
    try {
      return decode(value as never)
    } catch (error) {
      return new Undecodable(messageOf(error))
    }
  }
})

/** Makes the plan of a part that is transformed: what it becomes is laid out as `inner`. */
export const viaPlan = (
  path: string,
  transformation: Transformation,
  inner: Plan,
  filters: ReadonlyArray<Filter> = []
): ViaPlan => ({ kind: "via", path, filters, inner, ...transformation })

const field = (key: string, plan: Plan): Field => ({ key, optional: false, plan, place: nowhere })

/** A block of these fields, all of them required. */
export const fieldsBlock = (path: string, fields: Readonly<Record<string, Plan>>): BlockPlan => ({
  ...emptyBlock("object", path),
  fields: Object.entries(fields).map(([key, plan]) => field(key, plan))
})

/** A union of blocks that are told apart by their `_tag`. */
export const taggedPlan = (path: string, cases: Readonly<Record<string, Readonly<Record<string, Plan>>>>): Plan => ({
  kind: "union",
  path,
  filters: [],
  alternatives: Object.entries(cases).map(([tag, fields]): Alternative => ({
    kind: "plan",
    plan: fieldsBlock(path, { _tag: { kind: "constant", path, value: tag, lax: false, filters: [] }, ...fields }),
    shape: { type: "object", sentinels: [["_tag", tag]] },
    final: true
  }))
})

interface ConstructorDescriptor {
  readonly isConstructed: (value: unknown) => boolean
  readonly link: SchemaAST.Link
}

/**
 * Makes the plan of a schema class whose encoded side is just its fields; `undefined` for anything else.
 *
 * **Details**: reads the `~constructor` annotation that Effect puts on its classes. Without it a class takes the general path.
 */
export const classPlan = (
  ast: SchemaAST.AST,
  walkFields: (ast: SchemaAST.AST) => Plan,
  path: string
): InstancePlan | undefined => {
  if (ast._tag !== "Declaration" || ast.checks !== undefined || ast.encoding?.length !== 1) return undefined
  const describeConstructor = ast.annotations?.["~constructor"]
  if (typeof describeConstructor !== "function") return undefined
  const descriptor = describeConstructor(ast.typeParameters) as Partial<ConstructorDescriptor> | undefined
  const link = ast.encoding[0]
  const decode = link.transformation._tag === "Transformation" ? link.transformation.decode : undefined
  if (
    typeof descriptor?.isConstructed !== "function" || descriptor.link?.transformation !== link.transformation
    || decode?._tag !== "Transform"
  ) return undefined
  const { isConstructed } = descriptor
  return {
    kind: "instance",
    path,
    filters: [],
    inner: walkFields(link.to),
    isInstance: isConstructed,
    construct: withoutStack((fields) => decode.transform(fields))
  }
}

// An error that arrives was made elsewhere: the frames of its reader would say nothing, and collecting them costs more than all the rest.
const withoutStack = (construct: (fields: unknown) => unknown) => {
  let makesErrors = false
  return (fields: unknown): unknown => {
    const limit = Error.stackTraceLimit
    if (makesErrors) Reflect.set(Error, "stackTraceLimit", 0)
    try {
      const value = construct(fields)
      makesErrors = value instanceof Error
      return value
    } catch {
      return Refused
    } finally {
      if (makesErrors) Reflect.set(Error, "stackTraceLimit", limit)
    }
  }
}
