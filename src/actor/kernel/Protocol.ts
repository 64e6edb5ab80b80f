/**
 * A protocol as the machinery sees it: every message has a small index, and a codec for its payload, its success and its
 * error.
 *
 * The index is the position of the `Rpc` in the definition. Two threads may only talk when {@link Protocol.layoutHash}
 * agrees, which covers names, order and the binary layout of every schema.
 */
import type * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import type * as Rpc from "effect/rpc/Rpc"
import * as RpcSchema from "effect/rpc/RpcSchema"
import * as Schema from "effect/Schema"
import type * as SchemaAST from "effect/SchemaAST"
import { messageOf, textOf } from "../../runtime/Text.ts"
import type { Carriage } from "../../wire/Carriage.ts"
import * as Codec from "../../wire/Codec.ts"
import { Defect } from "../../wire/kernel/Defect.ts"
import { InvalidProtocol } from "../ActorError.ts"
import { Priority } from "../Priority.ts"
import { LEVELS, type Levels, NORMAL } from "./Ageing.ts"

/** How many messages one protocol may have: the index travels in eight bits. */
export const MAX_MESSAGES = 256

/** One message of a protocol. */
export interface Message {
  /** Its position in the definition. */
  readonly index: number
  /** The tag of its `Rpc`. */
  readonly tag: string
  /** `"Counter.Get"`: the name of its spans. */
  readonly spanName: string
  /** The payload's schema, for values that have to be constructed first. */
  readonly payloadSchema: Schema.Top
  /** The codec of the payload. */
  readonly payload: Codec.Codec<unknown>
  /** Whether a payload may be given in another shape than it is delivered in: as the fields of a class, or without defaults. */
  readonly isConstructed: boolean
  /** Whether something can move with the payload. */
  readonly carries: boolean
  /** Whether a payload that fits its schema is delivered as it is: nothing can move with it, or is to be frozen. */
  readonly isPlain: boolean
  /** What its `Rpc` was annotated with, for hosts that go by it. */
  readonly annotations: Context.Context<never>
  /** Whether it is answered with a stream. */
  readonly isStream: boolean
  /** The codec of the success value; of one element, where the answer is a stream. */
  readonly success: Codec.Codec<unknown>
  /** The codec of the declared error. */
  readonly error: Codec.Codec<unknown>
  /** The codec of a cause that is not one declared error: defects, interruption, several reasons. */
  readonly cause: Codec.Codec<Cause.Cause<unknown>>
}

/** A compiled protocol. */
export interface Protocol {
  /** The name of the actors that speak it, and of their behaviour. */
  readonly name: string
  /** Its messages by index. */
  readonly messages: ReadonlyArray<Message>
  /** Their tags by index, read once per message handled. */
  readonly tags: ReadonlyArray<string>
  /** The level of each message by its index, when there is more than one. */
  readonly levels: Levels
  /** Gets a thread ready on which its actors are, or are asked: for what may arrive there in messages and replies. */
  readonly prepare: (carriage: Carriage) => void
  /** A hash of names and layouts; equal on two threads means that they understand each other. */
  readonly layoutHash: number
  /** The same messages, each with the key of whom it is for; compiled when somebody first asks. */
  readonly keyed: () => Protocol
}

/** What is read of an `Rpc`. */
interface Parts
  extends Pick<Rpc.AnyWithProps, "_tag" | "payloadSchema" | "successSchema" | "errorSchema" | "annotations">
{
  readonly isStream: boolean
}

// The schemas of a stream stand inside of the one that is its answer.
const partsOf = (rpc: Rpc.AnyWithProps): Parts => {
  const { _tag, annotations, errorSchema, payloadSchema, successSchema } = rpc
  return RpcSchema.isStreamSchema(successSchema)
    ? {
      _tag,
      annotations,
      payloadSchema,
      successSchema: successSchema.success,
      errorSchema: successSchema.error,
      isStream: true
    }
    : { _tag, annotations, payloadSchema, successSchema, errorSchema, isStream: false }
}

/** A payload, and the key of whom it is for. */
export interface Addressed {
  readonly key: string
  readonly payload: unknown
}

// djb2, kept within 32 bits: it only has to tell two builds of one program apart.
const hashText = (text: string): number => {
  let hash = 5381
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 33) ^ text.charCodeAt(i)) | 0
  return hash >>> 0
}

// A class, so that all messages of all protocols have one shape: each send looks at several of their fields, and an object that is
// written down with a getter has a shape of its own.
class Compiled implements Message {
  declare readonly index: number
  declare readonly tag: string
  declare readonly spanName: string
  declare readonly payloadSchema: Schema.Top
  declare readonly payload: Codec.Codec<unknown>
  declare readonly isConstructed: boolean
  declare readonly carries: boolean
  declare readonly isPlain: boolean
  declare readonly annotations: Context.Context<never>
  declare readonly isStream: boolean
  declare readonly success: Codec.Codec<unknown>
  declare readonly error: Codec.Codec<unknown>
  declare private readonly compileCause: () => Codec.Codec<unknown>
  declare private compiledCause: Codec.Codec<unknown> | undefined
  constructor(name: string, rpc: Parts, index: number, compile: Compile) {
    this.index = index
    this.tag = rpc._tag
    this.spanName = `${name}.${rpc._tag}`
    this.payloadSchema = rpc.payloadSchema
    this.payload = compile("payload", rpc.payloadSchema)
    this.carries = this.payload.carries
    this.isPlain = !this.payload.carries && !this.payload.shares
    this.annotations = rpc.annotations
    this.isStream = rpc.isStream
    this.isConstructed = isConstructed(rpc.payloadSchema.ast, new Set())
    this.success = compile("success", rpc.successSchema)
    this.error = compile("error", rpc.errorSchema)
    this.compileCause = () => compile("cause", Schema.Cause(rpc.errorSchema, Defect))
    this.compiledCause = undefined
  }

  // Causes are rare, so their codec is compiled when the first one crosses.
  get cause(): Codec.Codec<Cause.Cause<unknown>> {
    return (this.compiledCause ??= this.compileCause()) as Codec.Codec<Cause.Cause<unknown>>
  }
}

type Compile = (part: string, schema: Schema.Top) => Codec.Codec<unknown>

// Classes are declarations; what else is one is only tried in vain.
const isConstructed = (ast: SchemaAST.AST, seen: Set<SchemaAST.AST>): boolean => {
  if (seen.has(ast)) return false
  seen.add(ast)
  if (ast.context?.constructorDefault !== undefined) return true
  const some = (parts: ReadonlyArray<SchemaAST.AST>): boolean => parts.some((part) => isConstructed(part, seen))
  switch (ast._tag) {
    case "Declaration":
      return true
    case "Objects":
      return some(ast.propertySignatures.map(({ type }) => type)) || some(ast.indexSignatures.map(({ type }) => type))
    case "Arrays":
      return some([...ast.elements, ...ast.rest])
    case "Union":
      return some(ast.types)
    case "Suspend":
      return isConstructed(ast.thunk(), seen)
    default:
      return false
  }
}

/** Compiles one message, for a protocol of this name. */
export const compileMessage = (name: string, rpc: Rpc.AnyWithProps, index: number): Message => {
  const what = `${name}.${rpc._tag}`
  const message = new Compiled(name, partsOf(rpc), index, (part, schema) => {
    try {
      return Codec.compile<Schema.Schema<unknown>>(schema)
    } catch (cause) {
      throw new InvalidProtocol({
        protocol: name,
        reason: `the ${part} of ${what} cannot cross threads: ${messageOf(cause)}`
      })
    }
  })
  if (message.isStream && (message.success.carries || message.error.carries)) {
    throw new InvalidProtocol({
      protocol: name,
      reason: `something moves with the stream that answers ${what}: send parcels and ends of channels in messages`
    })
  }
  return message
}

/**
 * Compiles the messages of a protocol.
 *
 * **Errors** Throws {@link InvalidProtocol} for two messages of one tag, more than {@link MAX_MESSAGES} messages, a schema
 * that cannot be encoded, or a stream whose elements or error something moves with.
 */
export const make = (name: string, rpcs: ReadonlyArray<Rpc.Any>): Protocol => {
  if (name === "" || name.includes("/")) {
    throw new InvalidProtocol({ protocol: JSON.stringify(name), reason: "a name must not be empty or contain \"/\"" })
  }
  if (rpcs.length > MAX_MESSAGES) {
    throw new InvalidProtocol({
      protocol: name,
      reason: `${rpcs.length} messages are more than the ${MAX_MESSAGES} allowed`
    })
  }
  const tags = rpcs.map((rpc) => rpc._tag)
  const twice = tags.find((tag, i) => tags.indexOf(tag) !== i)
  if (twice !== undefined) {
    throw new InvalidProtocol({ protocol: name, reason: `the message ${twice} is defined twice` })
  }
  // `Rpc.Any` hides the schemas that every `Rpc` has.
  const messages = rpcs.map((rpc, index) => compileMessage(name, rpc as unknown as Rpc.AnyWithProps, index))
  return assemble(name, tags, messages)
}

const assemble = (name: string, tags: ReadonlyArray<string>, messages: ReadonlyArray<Message>): Protocol => {
  const layout = messages.map((m) =>
    `${m.tag}(${m.payload.layout})${m.isStream ? "*" : ""}:${m.success.layout}!${m.error.layout}`
  ).join("\n")
  const carrying = messages.flatMap(({ error, payload, success }) => [payload, success, error]).filter((c) => c.carries)
  const prepare = (carriage: Carriage) => {
    for (const codec of carrying) codec.prepare(carriage)
  }
  let keyed: Protocol | undefined
  return {
    name,
    messages,
    tags,
    levels: levelsOf(name, messages),
    prepare,
    layoutHash: hashText(`${name}\n${layout}`),
    keyed: () => keyed ??= assemble(name, tags, messages.map((message) => withKey(name, message)))
  }
}

const levelsOf = (name: string, messages: ReadonlyArray<Message>): Levels => {
  const levels = messages.map(({ annotations, tag }) => {
    const priority = Context.get(annotations, Priority)
    const level = LEVELS.indexOf(priority)
    if (level >= 0) return level
    const reason = `${name}.${tag} has the priority ${textOf(priority)}, expected "high", "normal" or "low"`
    throw new InvalidProtocol({ protocol: name, reason })
  })
  return levels.every((level) => level === NORMAL) ? undefined : Uint8Array.from(levels)
}

const withKey = (name: string, message: Message): Message => {
  const { annotations, error, index, isStream, payloadSchema, success, tag } = message
  const rpc: Parts = {
    _tag: tag,
    payloadSchema: Schema.Struct({ key: Schema.String, payload: payloadSchema }),
    successSchema: Schema.Void,
    errorSchema: Schema.Never,
    annotations,
    isStream
  }
  // Replies say nothing of a key.
  return new Compiled(name, rpc, index, (part, schema) => {
    switch (part) {
      case "success":
        return success
      case "error":
        return error
      case "cause":
        return message.cause as Codec.Codec<unknown>
      default:
        return Codec.compile<Schema.Schema<unknown>>(schema)
    }
  })
}

/** `Counter/a`: how an actor is called in errors, logs and spans. */
export const actorName = (protocol: Pick<Protocol, "name">, key: string): string => `${protocol.name}/${key}`
