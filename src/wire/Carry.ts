/**
 * Makes the schemas of values that travel in messages: what is written of such a value, and what becomes of it, with the services of its thread.
 *
 * A codec that meets one gives it the `wire/Carriage` of its run. So a thread is not known to the schema, and the schema not to whoever carries.
 *
 * **Example** (Files of this thread, sent by their number)
 *
 * ```ts
 * import * as Schema from "effect/Schema"
 * import * as Carriage from "shared-nothing/wire/Carriage"
 * import * as Carry from "shared-nothing/wire/Carry"
 *
 * class File {
 *   readonly number: number
 *   constructor(number: number) {
 *     this.number = number
 *   }
 * }
 *
 * const Files = new Carriage.Key<ReadonlyMap<number, File>>("Files")
 *
 * const FileSchema = Carry.schema(Schema.Number, "a file", {
 *   is: (value) => value instanceof File,
 *   encode: ({ number }) => number,
 *   decode: (number, { carriage }) => carriage.get(Files)?.get(number) ?? new Carry.Unfit(`there is no file ${number}`),
 *   moves: false
 * })
 * ```
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as SchemaAST from "effect/SchemaAST"
import * as SchemaGetter from "effect/SchemaGetter"
import * as SchemaIssue from "effect/SchemaIssue"
import type { Carriage } from "./Carriage.ts"
import { ADDRESSED, COPIED, MOVED, Refused, Undecodable } from "./internal/plan.ts"
import { type Transformation, TransformationKey } from "./internal/transformed.ts"
import * as Way from "./internal/way.ts"

/** Why a value cannot travel: in the text of the refusal. */
export class Unfit {
  readonly reason: string
  constructor(reason: string) {
    this.reason = reason
  }
}

/** A schema that takes its values, and nothing else, where one is constructed: a `Schema.Codec` says nothing of that. */
export interface Of<T, E, RD = never, RE = never>
  extends Schema.Bottom<T, E, RD, RE, SchemaAST.AST, Of<T, E, RD, RE>, T>
{}

/** How the values of one kind travel. None of these throws. */
export interface How<T, E> {
  /** The values of the kind. */
  readonly is: (value: unknown) => value is T
  /** Whether one can travel, as far as it can be told without the services of a thread; default all. */
  readonly canLeave?: ((value: T) => boolean) | undefined
  /**
   * What is written. `way` has the services of the sender, and takes what moves with the message in `carried`; it is absent where a message
   * stays on its thread and is only checked: then whatever fits the schema of what is written will do.
   */
  readonly encode: (value: T, way: Way.Way | undefined) => E | Unfit
  /** The value of what was read, with the services of the receiver; what has to be taken is added to `carried`. */
  readonly decode: (encoded: E, way: Way.Way) => T | Unfit
  /** Gets a thread ready on which such values may arrive from now on. */
  readonly prepare?: ((carriage: Carriage) => void) | undefined
  /** Whether values leave their sender with the message, as `carried` of their way; default `true`. */
  readonly moves?: boolean | undefined
  /** Whether values name something that only threads reach which have links between them, as those of a system do; default `false`. */
  readonly isAddress?: boolean | undefined
}

/**
 * The schema of a kind of values that travel in messages: `plain` is the schema of what is written of them.
 *
 * **Details**: a codec takes the short way to it; where the schema around it has to be parsed, the parser gets there with the same services.
 * Every other parser refuses its values, since it has no carriage: `expected` names them in the text.
 */
export const schema = <T, P extends Schema.Top>(
  plain: P,
  expected: string,
  how: How<T, P["Type"]>
): Schema.decodeTo<Schema.declare<T>, P> => {
  const { canLeave = () => true, decode, encode, is, isAddress = false, moves = true, prepare } = how
  const unwritten = new Unfit(`${expected} can only be encoded inside of a message to another thread`)
  const unread = new Unfit(`${expected} can only be read inside of a message from another thread`)
  const short: Transformation = {
    travels: (moves ? MOVED : COPIED) | (isAddress ? ADDRESSED : 0),
    prepare,
    accepts: (value) => is(value) && canLeave(value),
    encode: (value, stretch) => {
      if (!is(value)) return Refused
      const encoded = encode(value, stretch)
      return encoded instanceof Unfit ? Refused : encoded
    },
    decode: (encoded, way) => {
      const value = way === undefined ? unread : decode(encoded, way)
      return value instanceof Unfit ? new Undecodable(value.reason) : value
    }
  }
  return plain.pipe(
    Schema.decodeTo(Schema.declare<T>(is, { expected, [TransformationKey]: short }), {
      decode: getter(unread, (encoded: P["Type"], way) => way === undefined ? unread : decode(encoded, way)),
      encode: getter(unwritten, encode)
    })
  )
}

// A step of a parser, which knows its way only if a codec runs it.
const getter = <A, B>(outside: Unfit, step: (from: A, way: Way.Way | undefined) => B | Unfit) =>
  SchemaGetter.transformEffect((from: A) =>
    Effect.withFiber<B, SchemaIssue.Issue>((fiber) => {
      const way = fiber.getRef(Way.Current)
      const to = way === undefined ? outside : step(from, way === Way.CHECKED ? undefined : way)
      return to instanceof Unfit
        ? Exit.fail(new SchemaIssue.InvalidValue({ message: to.reason }, Option.some(from)))
        : Exit.succeed(to)
    })
  )
