/**
 * Errors, events and dead letters of actors, as they cross between threads: as bytes of their own codec.
 *
 * Total: whatever user code threw is made portable first, so that writing it runs nobody's code and never fails.
 */
import * as Cause from "effect/Cause"
import * as Schema from "effect/Schema"
import * as ActorError from "../../actor/ActorError.ts"
import type * as DeadLetters from "../../actor/DeadLetters.ts"
import * as ExitReason from "../../actor/ExitReason.ts"
import type { Message, Protocol } from "../../actor/kernel/Protocol.ts"
import type { SystemEvent } from "../../actor/SystemEvent.ts"
import * as Codec from "../../wire/Codec.ts"
import { fromBytes, toBytes } from "../../wire/kernel/Bytes.ts"
import * as Defect from "../../wire/kernel/Defect.ts"

const SpawnError = Schema.Union([
  ActorError.BehaviourNotFound,
  ActorError.NameTaken,
  ActorError.SpawnFailed,
  ActorError.LayoutMismatch,
  ActorError.SpawnLost
])

const AnyCause = Schema.Cause(Defect.Defect, Defect.Defect)

const ActorEvent = Schema.Union([
  Schema.TaggedStruct("ActorCrashed", {
    actor: Schema.String,
    incarnation: Schema.Number,
    message: Schema.UndefinedOr(Schema.String),
    cause: AnyCause,
    directive: Schema.Literals(["restart", "stop", "escalate"]),
    restartsLeft: Schema.UndefinedOr(Schema.Number)
  }),
  Schema.TaggedStruct("ActorRestarted", { actor: Schema.String, restarts: Schema.Number, cause: AnyCause }),
  Schema.TaggedStruct("ActorEnded", { actor: Schema.String, reason: ExitReason.ExitReason }),
  Schema.TaggedStruct("HandlerFailed", { actor: Schema.String, cause: AnyCause }),
  Schema.TaggedStruct("MessageSetAside", {
    actor: Schema.String,
    message: Schema.String,
    payload: Defect.Defect,
    attempts: Schema.Number,
    cause: AnyCause
  }),
  Schema.TaggedStruct("BehaviourEscalated", { name: Schema.String, cause: AnyCause })
])

type ActorEvent = typeof ActorEvent.Type

const ActorEvents = Schema.Array(ActorEvent)

const Why = Schema.Union([
  Schema.TaggedStruct("SetAside", { cause: AnyCause }),
  Schema.TaggedStruct("ActorEnded", { reason: ExitReason.ExitReason }),
  Schema.TaggedStruct("Overflow", { policy: Schema.Literals(["suspend", "fail", "dropNewest", "dropOldest"]) })
])

/** Why a spawn failed, or the defect that it died of. */
export const encodeSpawnError = (actor: string, cause: Cause.Cause<ActorError.SpawnError>): Uint8Array =>
  toBytes(Codec.compile(SpawnError), portableError(actor, cause))!

// What was thrown may be anything, and is looked at by nobody but `Defect`.
const portableError = (actor: string, { reasons }: Cause.Cause<ActorError.SpawnError>): ActorError.SpawnError => {
  const failed = reasons.find((reason) => reason._tag === "Fail")
  if (failed !== undefined && failed.error._tag !== "SpawnFailed") return failed.error
  const died = reasons.find((reason) => reason._tag === "Die")
  const why = failed !== undefined ? failed.error.cause : died !== undefined ? died.defect : "it was interrupted"
  return new ActorError.SpawnFailed({ actor, cause: Defect.portable(why) })
}

/** The error in the bytes that {@link encodeSpawnError} made. */
export const decodeSpawnError = (bytes: Uint8Array): ActorError.SpawnError =>
  fromBytes(Codec.compile(SpawnError), bytes)

/** A crash of a supervised actor as its supervisor on the main thread hears of it. */
export interface Crash {
  /** The message whose errors the cause is written with; none where it is written as whatever was thrown. */
  readonly message: number | undefined
  readonly cause: Uint8Array
}

/** A crash with the fields of the errors that the message at hand declares, as far as these can be written. */
export const encodeCrash = (
  { messages }: Pick<Protocol, "messages">,
  message: number | undefined,
  cause: Cause.Cause<unknown>
): Crash => {
  if (message !== undefined && Cause.hasFails(cause)) {
    const declared = declaredCause(messages[message]!, cause)
    if (declared !== undefined) return { message, cause: declared }
  }
  return { message: undefined, cause: toBytes(Codec.compile(AnyCause), Defect.portableCause(cause))! }
}

// Fields are read and encoded by whoever has declared them, and may be wrong. What can move stays where it is: it would move to nobody.
const declaredCause = ({ cause: codec }: Message, cause: Cause.Cause<unknown>): Uint8Array | undefined => {
  if (codec.carries) return undefined
  try {
    return toBytes(codec, cause)
  } catch {
    return undefined
  }
}

/** The cause in what {@link encodeCrash} made; what reading it has thrown, if it cannot be read. */
export const decodeCrash = (
  { messages }: Pick<Protocol, "messages">,
  { cause, message }: Crash
): Cause.Cause<unknown> => {
  try {
    return fromBytes(message === undefined ? Codec.compile(AnyCause) : messages[message]!.cause, cause)
  } catch (thrown) {
    return Cause.die(thrown)
  }
}

/** The bytes of events of a worker's actors; nothing where there are only events of threads, which the main thread tells itself. */
export const encodeEvents = (events: ReadonlyArray<SystemEvent>): Uint8Array | undefined => {
  const portable = events.map(portableEvent).filter((event) => event !== undefined)
  return portable.length === 0 ? undefined : toBytes(Codec.compile(ActorEvents), portable)
}

/** The events in the bytes that {@link encodeEvents} made. */
export const decodeEvents = (bytes: Uint8Array): ReadonlyArray<SystemEvent> =>
  fromBytes(Codec.compile(ActorEvents), bytes)

/** The bytes of why a message is a dead letter. */
export const encodeWhy = (why: DeadLetters.Why): Uint8Array => toBytes(Codec.compile(Why), portableWhy(why))!

/** What {@link encodeWhy} has made bytes of. */
export const decodeWhy = (bytes: Uint8Array): DeadLetters.Why => fromBytes(Codec.compile(Why), bytes)

const portableWhy = (why: DeadLetters.Why): DeadLetters.Why => {
  switch (why._tag) {
    case "SetAside":
      return { ...why, cause: Defect.portableCause(why.cause) }
    case "ActorEnded":
      return { ...why, reason: ExitReason.portable(why.reason) }
    case "Overflow":
      return why
  }
}

const portableEvent = (event: SystemEvent): ActorEvent | undefined => {
  switch (event._tag) {
    case "ActorCrashed":
    case "ActorRestarted":
    case "HandlerFailed":
    case "BehaviourEscalated":
      return { ...event, cause: Defect.portableCause(event.cause) }
    case "MessageSetAside":
      return { ...event, payload: Defect.portable(event.payload), cause: Defect.portableCause(event.cause) }
    case "ActorEnded":
      return { ...event, reason: ExitReason.portable(event.reason) }
    default:
      return undefined
  }
}
