/**
 * Declarations: values that are no plain data, such as `Option`, `Exit`, `HashMap` and `URL`.
 *
 * The ones that messages are made of are laid out as they lie in memory. Every other declaration says by its annotation `toCodec` or
 * `toCodecJson` which plain values it becomes; those are laid out like any others, so that the parts of a container keep their own layouts.
 */
import * as BigDecimal from "effect/BigDecimal"
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as HashMap from "effect/HashMap"
import * as HashSet from "effect/HashSet"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import { SchemaUnsupported } from "../WireError.ts"
import { residualChecks } from "./checks.ts"
import { jsonPlan } from "./json.ts"
import type { InstancePlan, NumberPlan, Plan, StringPlan } from "./plan.ts"
import { Refused } from "./plan.ts"
import { fieldsBlock, guarded, parsed, taggedPlan, type Transformation, viaPlan } from "./transformed.ts"

/** Makes the plan of a node inside of the one at hand. */
type PlanOf = (ast: SchemaAST.AST, path: string) => Plan

const double = (path: string): NumberPlan => ({ kind: "number", path, width: "f64", tests: [], filters: [] })

// `construct` takes what the inner plan has read, whose type only the plan knows.
const instance = (
  path: string,
  isInstance: (value: unknown) => boolean,
  inner: Plan,
  construct: (fields: any) => unknown
): InstancePlan => ({
  kind: "instance",
  path,
  filters: [],
  inner,
  isInstance: (value) => {
    try {
      return isInstance(value)
    } catch {
      return false
    }
  },
  construct: (fields) => {
    try {
      return construct(fields)
    } catch {
      return Refused
    }
  }
})

const causePlan = (error: Plan, defect: Plan, path: string): Plan =>
  instance(
    path,
    Cause.isCause,
    fieldsBlock(path, {
      reasons: {
        kind: "array",
        path: `${path}.reasons`,
        item: reasonPlan(error, defect, `${path}.reasons[]`),
        minLength: 0,
        maxLength: Infinity,
        filters: []
      }
    }),
    ({ reasons }) => Cause.fromReasons(reasons)
  )

const reasonPlan = (error: Plan, defect: Plan, path: string): Plan => {
  const fiberId: Plan = {
    kind: "union",
    path: `${path}.fiberId`,
    filters: [],
    alternatives: [
      { kind: "constant", value: undefined, lax: false },
      {
        kind: "plan",
        plan: { ...double(`${path}.fiberId`), tests: [{ op: "finite", value: 0 }] },
        shape: { type: "number", sentinels: [] },
        final: true
      }
    ]
  }
  return instance(
    path,
    Cause.isReason,
    taggedPlan(path, { Fail: { error }, Die: { defect }, Interrupt: { fiberId } }),
    (reason) =>
      reason._tag === "Fail"
        ? Cause.makeFailReason(reason.error)
        : reason._tag === "Die"
        ? Cause.makeDieReason(reason.defect)
        : Cause.makeInterruptReason(reason.fiberId)
  )
}

const durationPlan = (path: string): Plan =>
  instance(
    path,
    Duration.isDuration,
    fieldsBlock(path, {
      value: taggedPlan(path, {
        Millis: { millis: double(path) },
        Nanos: { nanos: { kind: "bigint", path, filters: [] } },
        Infinity: {},
        NegativeInfinity: {}
      })
    }),
    ({ value }) =>
      value._tag === "Millis"
        ? Duration.millis(value.millis)
        : value._tag === "Nanos"
        ? Duration.nanos(value.nanos)
        : value._tag === "Infinity"
        ? Duration.infinity
        : Duration.negativeInfinity
  )

const text = (path: string): StringPlan => ({ kind: "string", path, minLength: 0, maxLength: Infinity, filters: [] })

const zoneOf = (zone: { readonly offset: number; readonly id?: string }): DateTime.TimeZone =>
  zone.id === undefined ? DateTime.zoneMakeOffset(zone.offset) : DateTime.zoneMakeNamedUnsafe(zone.id)

const zonePlan = (path: string, isInstance: (value: unknown) => boolean = DateTime.isTimeZone): Plan =>
  instance(path, isInstance, taggedPlan(path, { Offset: { offset: double(path) }, Named: { id: text(path) } }), zoneOf)

/** The declarations that are laid out as they lie in memory, by the id of their representation. */
const laidOut: Record<string, (parts: ReadonlyArray<(path: string) => Plan>, path: string) => Plan> = {
  Date: (_, path) => ({ kind: "date", path, filters: [] }),
  Uint8Array: (_, path) => ({ kind: "bytes", path, filters: [] }),
  Json: (_, path) => jsonPlan(path),
  MutableJson: (_, path) => jsonPlan(path),
  Option: ([value], path) =>
    instance(
      path,
      Option.isOption,
      taggedPlan(path, { None: {}, Some: { value: value!(path) } }),
      (option) => option._tag === "None" ? Option.none() : Option.some(option.value)
    ),
  Result: ([success, failure], path) =>
    instance(
      path,
      Result.isResult,
      taggedPlan(path, {
        Success: { success: success!(`${path}.success`) },
        Failure: { failure: failure!(`${path}.failure`) }
      }),
      (result) => result._tag === "Success" ? Result.succeed(result.success) : Result.fail(result.failure)
    ),
  Exit: ([value, error, defect], path) =>
    instance(
      path,
      Exit.isExit,
      taggedPlan(path, {
        Success: { value: value!(`${path}.value`) },
        Failure: { cause: causePlan(error!(`${path}.error`), defect!(`${path}.defect`), `${path}.cause`) }
      }),
      (exit) => exit._tag === "Success" ? Exit.succeed(exit.value) : Exit.failCause(exit.cause)
    ),
  Cause: ([error, defect], path) => causePlan(error!(`${path}.error`), defect!(`${path}.defect`), path),
  CauseReason: ([error, defect], path) => reasonPlan(error!(`${path}.error`), defect!(`${path}.defect`), path),
  DateTimeUtc: (_, path) =>
    instance(
      path,
      (value) => DateTime.isDateTime(value) && DateTime.isUtc(value),
      fieldsBlock(path, { epochMilliseconds: double(path) }),
      ({ epochMilliseconds }) => DateTime.makeUnsafe(epochMilliseconds)
    ),
  DateTimeZoned: (_, path) =>
    instance(
      path,
      (value) => DateTime.isDateTime(value) && DateTime.isZoned(value),
      fieldsBlock(path, { epochMilliseconds: double(path), zone: zonePlan(`${path}.zone`) }),
      ({ epochMilliseconds, zone }) => DateTime.makeZonedUnsafe(epochMilliseconds, { timeZone: zone })
    ),
  TimeZone: (_, path) => zonePlan(path),
  TimeZoneOffset: (_, path) => zonePlan(path, DateTime.isTimeZoneOffset),
  TimeZoneNamed: (_, path) => zonePlan(path, DateTime.isTimeZoneNamed),
  Duration: (_, path) => durationPlan(path),
  BigDecimal: (_, path) =>
    instance(
      path,
      BigDecimal.isBigDecimal,
      fieldsBlock(path, { value: { kind: "bigint", path, filters: [] }, scale: double(path) }),
      ({ scale, value }) => BigDecimal.make(value, scale)
    )
}

// These getters throw for what is no map, or no set, of any realm.
const sizeOfMap = Object.getOwnPropertyDescriptor(Map.prototype, "size")!.get!
const sizeOfSet = Object.getOwnPropertyDescriptor(Set.prototype, "size")!.get!

/** Transformations of collections that need not look into their items, as the parser of the collection would. */
const direct: Record<string, Transformation> = {
  ReadonlyMap: guarded(
    (value) => typeof sizeOfMap.call(value) === "number",
    (map: Map<unknown, unknown>) => [...Map.prototype.entries.call(map)],
    (entries: Array<[unknown, unknown]>) => new Map(entries)
  ),
  ReadonlySet: guarded(
    (value) => typeof sizeOfSet.call(value) === "number",
    (set: Set<unknown>) => [...Set.prototype.values.call(set)],
    (items: Array<unknown>) => new Set(items)
  ),
  HashMap: guarded(HashMap.isHashMap, HashMap.toEntries, HashMap.fromIterable),
  HashSet: guarded(HashSet.isHashSet, (set: HashSet.HashSet<unknown>) => [...set], HashSet.fromIterable),
  Chunk: guarded(Chunk.isChunk, Chunk.toReadonlyArray, Chunk.fromIterable)
}

const own = <A>(table: Record<string, A>, id: string): A | undefined => Object.hasOwn(table, id) ? table[id] : undefined

const idOf = (ast: SchemaAST.Declaration): string => {
  const id = (ast.annotations?.representation as { readonly id?: unknown } | undefined)?.id
  return typeof id === "string" ? id : ""
}

/** The annotation of a declaration whose values never leave their thread: why. */
export const StaysKey = "shared-nothing/stays"

/** Makes the plan of a declaration. */
export const declarationPlan = (ast: SchemaAST.Declaration, planOf: PlanOf, path: string): Plan => {
  const stays = ast.annotations?.[StaysKey]
  if (typeof stays === "string") throw new SchemaUnsupported({ path, reason: stays })
  const id = idOf(ast)
  const name = id.startsWith("effect/schema/") ? id.slice("effect/schema/".length) : ""
  const filters = residualChecks(ast)
  const layOut = own(laidOut, name)
  if (layOut !== undefined) {
    const parts = ast.typeParameters.map((part) => (at: string) => planOf(part, at))
    return { ...layOut(parts, path), filters }
  }
  const link = linkOf(ast, path)
  return viaPlan(path, own(direct, name) ?? shellOf(ast, link), planOf(link.to, path), filters)
}

const refuse = (ast: SchemaAST.Declaration, path: string, why: string): never => {
  const { annotations } = ast
  const named = [idOf(ast), annotations?.identifier, annotations?.expected]
  const name = named.find((text) => typeof text === "string" && text !== "") ?? "without a name"
  throw new SchemaUnsupported({ path, reason: `the declaration ${name as string} ${why}` })
}

/** How a declaration says that it is encoded. */
const linkOf = (ast: SchemaAST.Declaration, path: string): SchemaAST.Link => {
  if (idOf(ast) === "effect/schema/File") refuse(ast, path, "is encoded only asynchronously")
  // The links of Effect are generic in what a declaration contains, so the parts can keep the schemas they have.
  const parts = ast.typeParameters.map((part) => Schema.make<Schema.Top>(part))
  const make = (key: "toCodecJson" | "toCodec"): SchemaAST.Link | undefined => {
    const annotation = ast.annotations?.[key]
    return typeof annotation === "function"
      ? (annotation as (parts: ReadonlyArray<Schema.Top>) => SchemaAST.Link | undefined)(parts)
      : undefined
  }
  const link = make("toCodecJson") ?? make("toCodec")
    ?? refuse(ast, path, "has no annotation toCodec or toCodecJson that says how its values are encoded")
  if (isForbidden(link)) refuse(ast, path, "forbids that its values are encoded")
  return link
}

// A getter that refuses even when there is no value refuses every value.
const isForbidden = ({ transformation }: SchemaAST.Link): boolean => {
  const encode = transformation._tag === "Transformation" ? transformation.encode : undefined
  if (encode?._tag !== "TransformOptionalEffect") return false
  try {
    const exit = Effect.runSyncExit(encode.transform(Option.none(), {}) as Effect.Effect<unknown, unknown>)
    const reason = Exit.isFailure(exit) ? exit.cause.reasons[0] : undefined
    return reason?._tag === "Fail" && (reason.error as { readonly _tag?: unknown })._tag === "Forbidden"
  } catch {
    return false
  }
}

// The declaration with parts that take anything: it says whether a value is one of its own and transforms it; what is inside is for the plan.
const shellOf = (ast: SchemaAST.Declaration, link: SchemaAST.Link): Transformation =>
  parsed(
    new SchemaAST.Declaration(ast.typeParameters.map(() => SchemaAST.unknown), ast.run, ast.annotations, undefined, [
      new SchemaAST.Link(SchemaAST.unknown, link.transformation)
    ])
  )
