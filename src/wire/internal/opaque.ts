/**
 * The parts of a value that the compiled layout does not describe: what Effect's own binary codec carries, what a transformation of the
 * schema encodes first, and instances of schema classes.
 */
import * as Cause from "effect/Cause"
import * as SchemaBinary from "effect/encoding/SchemaBinary"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import type * as SchemaIssue from "effect/SchemaIssue"
import * as SchemaParser from "effect/SchemaParser"
import { SchemaUnsupported } from "../WireError.ts"
import type { Alternative, Field, InstancePlan, OpaquePlan, Plan, ViaPlan } from "./plan.ts"
import { emptyBlock, nowhere, Refused, Undecodable } from "./plan.ts"

type AnySchema = Schema.Codec<unknown, unknown>

const schemaOf = (ast: SchemaAST.AST): AnySchema => Schema.make<AnySchema>(ast)

const reasonOf = (error: unknown): string => error instanceof Error ? error.message : String(error)

/** A name for a syntax tree that is the same in every thread: part of the layout text. */
export const describe = (ast: SchemaAST.AST, depth = 0): string => {
  if (depth > 8) return "..."
  const inner = (child: SchemaAST.AST): string => describe(child, depth + 1)
  const encoded = ast.encoding === undefined ? ast : SchemaAST.toEncoded(ast)
  switch (encoded._tag) {
    case "Declaration": {
      const representation = encoded.annotations?.representation as { readonly id?: string } | undefined
      const id = representation?.id ?? (encoded.annotations?.identifier as string | undefined) ?? "anonymous"
      return encoded.typeParameters.length === 0 ? id : `${id}<${encoded.typeParameters.map(inner).join(",")}>`
    }
    case "Objects":
      return `{${
        [
          ...encoded.propertySignatures.map((field) => `${String(field.name)}:${inner(field.type)}`),
          ...encoded.indexSignatures.map((index) => `[${inner(index.parameter)}]:${inner(index.type)}`)
        ].join(",")
      }}`
    case "Arrays":
      return `[${[...encoded.elements.map(inner), ...encoded.rest.map((item) => `...${inner(item)}`)].join(",")}]`
    case "Union":
      return encoded.types.map(inner).join("|")
    case "Literal":
      return typeof encoded.literal === "bigint" ? `${encoded.literal}n` : JSON.stringify(encoded.literal)
    case "Enum":
      return encoded.enums.map(([, value]) => JSON.stringify(value)).join("|")
    case "Suspend":
      return inner(encoded.thunk())
    default:
      return encoded._tag
  }
}

/** The words of the schema in a cause that its parser gave. */
export const issueText = (cause: Cause.Cause<SchemaIssue.Issue>): string => {
  const reason = cause.reasons[0]
  if (reason?._tag === "Fail") return new Schema.SchemaError(reason.error).message
  return reasonOf(Cause.squash(cause))
}

// One frame: its length as a variable-width integer, then that many bytes.
const isWholeFrame = (bytes: Uint8Array): boolean => {
  let length = 0
  let scale = 1
  for (let i = 0; i < 6 && i < bytes.length; i++) {
    const byte = bytes[i]!
    length += (byte & 0x7f) * scale
    if (byte < 0x80) return length > 0 && i + 1 + length === bytes.length
    scale *= 128
  }
  return false
}

// That codec writes UTF-8, which turns a lone surrogate into U+FFFD without a word. A value to which this happens is refused; one that holds
// U+FFFD itself is not, so the bytes only say when to look at the value.
const replacedText = (bytes: Uint8Array): boolean => {
  for (let i = bytes.indexOf(0xef); i >= 0; i = bytes.indexOf(0xef, i + 1)) {
    if (bytes[i + 1] === 0xbf && bytes[i + 2] === 0xbd) return true
  }
  return false
}

const hasLoneSurrogate = (value: unknown, seen = new Set<unknown>()): boolean => {
  if (typeof value === "string") return !value.isWellFormed()
  if (typeof value !== "object" || value === null || seen.has(value)) return false
  seen.add(value)
  if (Reflect.ownKeys(value).some((key) => typeof key === "string" && !key.isWellFormed())) return true
  const parts = Reflect.ownKeys(value).map((key) => (value as Record<PropertyKey, unknown>)[key])
  const items = Symbol.iterator in value ? [...(value as Iterable<unknown>)] : []
  return [...parts, ...items].some((part) => hasLoneSurrogate(part, seen))
}

/**
 * Makes the plan of a part that is carried as the bytes of `effect/encoding/SchemaBinary`.
 *
 * **Errors**: {@link SchemaUnsupported} when that codec refuses the schema too.
 */
export const opaquePlan = (ast: SchemaAST.AST, path: string): OpaquePlan => {
  const schema = schemaOf(ast)
  const makeParser = () => SchemaBinary.parser(schema, { fingerprint: true })
  let encoder: SchemaBinary.Encoder
  let parser: SchemaBinary.Parser<unknown>
  try {
    encoder = SchemaBinary.encoder(schema, { fingerprint: true })
    parser = makeParser()
  } catch (error) {
    throw new SchemaUnsupported({ path, reason: reasonOf(error) })
  }
  return {
    kind: "opaque",
    path,
    filters: [],
    description: describe(ast),
    encode: (value) => {
      try {
        const bytes = encoder.encode(value)
        return replacedText(bytes) && hasLoneSurrogate(value) ? Refused : bytes
      } catch {
        return Refused
      }
    },
    decode: (bytes) => {
      if (!isWholeFrame(bytes)) return new Undecodable("its frame is broken")
      try {
        return parser.feedSync(bytes)[0]
      } catch (error) {
        // A parser is spent after a failure.
        parser = makeParser()
        return new Undecodable(reasonOf(error))
      }
    }
  }
}

/** Makes the plan of a part that its schema transforms: the encoded side is laid out, the schema's own parser runs around it. */
export const viaPlan = (ast: SchemaAST.AST, inner: Plan, path: string): ViaPlan => {
  const encode = SchemaParser.encodeUnknownExit(schemaOf(ast))
  const decode = SchemaParser.decodeUnknownExit(schemaOf(ast))
  return {
    kind: "via",
    path,
    filters: [],
    inner,
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

/** Makes the plan of an `Option`: its two cases are written as they lie in memory. */
export const optionPlan = (value: Plan, path: string): InstancePlan => {
  const tag = (name: string): Field => ({
    key: "_tag",
    optional: false,
    plan: { kind: "constant", path, value: name, lax: false, filters: [] },
    place: nowhere
  })
  const alternative = (name: string, fields: ReadonlyArray<Field>): Alternative => ({
    kind: "plan",
    plan: { ...emptyBlock("object", path), fields: [tag(name), ...fields] },
    shape: { type: "object", sentinels: [["_tag", name]] },
    final: true
  })
  const none = alternative("None", [])
  const some = alternative("Some", [{ key: "value", optional: false, plan: value, place: nowhere }])
  return {
    kind: "instance",
    path,
    filters: [],
    inner: { kind: "union", path, filters: [], alternatives: [none, some] },
    isInstance: Option.isOption,
    construct: (fields) => {
      const option = fields as { readonly _tag: string; readonly value?: unknown }
      return option._tag === "None" ? Option.none() : Option.some(option.value)
    }
  }
}

interface ConstructorDescriptor {
  readonly isConstructed: (value: unknown) => boolean
  readonly link: SchemaAST.Link
}

/**
 * Makes the plan of a schema class whose encoded side is just its fields; `undefined` for anything else.
 *
 * **Details**: reads the `~constructor` annotation that Effect puts on its classes. Without it a class takes the general path.
 */
export const instancePlan = (
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
  const construct = withoutStack((fields) => decode.transform(fields))
  return {
    kind: "instance",
    path,
    filters: [],
    inner: walkFields(link.to),
    isInstance: isConstructed,
    construct
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
