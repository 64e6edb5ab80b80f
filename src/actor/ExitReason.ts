/**
 * Why an actor has ended, as one value: carried by `ActorStopped`, by the event `ActorEnded` and from thread to thread.
 *
 * **Example** (A sender that tells a crash from an orderly end)
 *
 * ```ts run
 * import { ExitReason } from "shared-nothing"
 * import * as Cause from "effect/Cause"
 *
 * const reason = ExitReason.crashed(Cause.die(new Error("out of fuel")), "temporary")
 * ExitReason.render(reason) // => "crashed: Error: out of fuel"
 * ExitReason.isFailure(reason) // => true
 * ```
 */
import type * as Cause from "effect/Cause"
import * as Schema from "effect/Schema"
import { messageOf, textOf } from "../runtime/Text.ts"
import * as Codec from "../wire/Codec.ts"
import { fromBytes, toBytes } from "../wire/kernel/Bytes.ts"
import * as Defect from "../wire/kernel/Defect.ts"

const AnyCause = Schema.Cause(Defect.Defect, Defect.Defect)

/** It has done what it was for. */
export const Normal = Schema.TaggedStruct("Normal", {})

/** It was told to end: what it belonged to has ended. */
export const Stopped = Schema.TaggedStruct("Stopped", {
  /**
   * What has ended: the scope it was spawned in, the layer of its behaviour, the system, its place below a supervisor, or itself
   * at its program's wish.
   */
  ended: Schema.Literals(["scope", "behaviour", "system", "supervisor", "itself"])
})

/** It crashed, and a rule said that it is not started again. */
export const Crashed = Schema.TaggedStruct("Crashed", {
  cause: AnyCause,
  /**
   * The rule: it is `"temporary"`, its `decide` said so, its `intensity` is used up, its `backoff` has come to its end, or
   * what the incarnation held could not be released (`"release"`), or its thread has died too often while it had it (`"thread"`).
   */
  rule: Schema.Literals(["temporary", "decide", "intensity", "backoff", "release", "thread"]),
  /** The restarts that its intensity allows, and the window they are counted in. */
  restarts: Schema.Number,
  withinMillis: Schema.Number
})

/** It was ended by force: its handler was interrupted, and what waited for it was dropped. What it held is released all the same. */
export const Killed = Schema.TaggedStruct("Killed", {})

/** Its thread ended, and it is not started again with it. */
export const ThreadLost = Schema.TaggedStruct("ThreadLost", {
  thread: Schema.String,
  /** Why the thread ended. */
  cause: Defect.Defect
})

/** What supervises it has given up: its behaviour, or the threads. */
export const SupervisorGaveUp = Schema.TaggedStruct("SupervisorGaveUp", {
  name: Schema.String,
  cause: AnyCause
})

/** It has never been up: building it failed, or was given up. */
export const NeverStarted = Schema.TaggedStruct("NeverStarted", { cause: Defect.Defect })

/** Its thread does not know it any more, nor why it ended. */
export const Forgotten = Schema.TaggedStruct("Forgotten", {})

const own = [Normal, Stopped, Crashed, Killed, ThreadLost, SupervisorGaveUp, NeverStarted, Forgotten] as const

/** One that it was linked to has ended by a failure: the first of them, where it came over several. */
export const Linked = Schema.TaggedStruct("Linked", {
  actor: Schema.String,
  /** Why that has ended. */
  reason: Schema.Union(own)
})

/** See the module. */
export const ExitReason = Schema.Union([...own, Linked])

/** The type of {@link ExitReason}. */
export type ExitReason = typeof ExitReason.Type

/** It has done what it was for. */
export const normal: ExitReason = { _tag: "Normal" }

/** The scope it was spawned in has closed. */
export const scopeClosed: ExitReason = { _tag: "Stopped", ended: "scope" }

/** The layer of its behaviour was released. */
export const behaviourReleased: ExitReason = { _tag: "Stopped", ended: "behaviour" }

/** The system was released. */
export const systemReleased: ExitReason = { _tag: "Stopped", ended: "system" }

/** Its supervisor has stopped it. */
export const supervisorStopped: ExitReason = { _tag: "Stopped", ended: "supervisor" }

/** Its program asked for it. */
export const asked: ExitReason = { _tag: "Stopped", ended: "itself" }

/** It was ended by force. */
export const killed: ExitReason = { _tag: "Killed" }

/** Nothing is known about it. */
export const forgotten: ExitReason = { _tag: "Forgotten" }

/** It crashed and is not started again because of `rule`. */
export const crashed = (
  cause: Cause.Cause<unknown>,
  rule: typeof Crashed.Type["rule"],
  limit: { readonly restarts: number; readonly withinMillis: number } = { restarts: 0, withinMillis: 0 }
): ExitReason => ({ _tag: "Crashed", cause, rule, restarts: limit.restarts, withinMillis: limit.withinMillis })

/** Its thread ended for `cause`. */
export const threadLost = (thread: string, cause: unknown): ExitReason => ({ _tag: "ThreadLost", thread, cause })

/** What supervises it has given up after `cause`. */
export const supervisorGaveUp = (name: string, cause: Cause.Cause<unknown>): ExitReason => ({
  _tag: "SupervisorGaveUp",
  name,
  cause
})

/** It has never been up. */
export const neverStarted = (cause: unknown): ExitReason => ({ _tag: "NeverStarted", cause })

/** It was linked to `actor`, which has ended. */
export const linked = (actor: string, reason: ExitReason): ExitReason =>
  reason._tag === "Linked" ? reason : { _tag: "Linked", actor, reason }

/** One line of what a cause holds, and never an exception. */
export const causeText = (cause: Cause.Cause<unknown>): string => {
  const texts = cause.reasons.flatMap((reason) =>
    reason._tag === "Interrupt" ? [] : [textOf(reason._tag === "Fail" ? reason.error : reason.defect)]
  )
  return texts.length === 0 ? "an interruption" : texts.join("; ")
}

const ENDED = {
  scope: "its scope was closed",
  behaviour: "its behaviour was released",
  system: "its system, or its pool, was released",
  supervisor: "its supervisor stopped it",
  itself: "its program ended it"
} as const

/** The reason as part of a sentence, and never an exception: `"its scope was closed"`. */
export const render = (reason: ExitReason): string => {
  switch (reason._tag) {
    case "Normal":
      return "it has done its work"
    case "Stopped":
      return ENDED[reason.ended]
    case "Crashed":
      return crashText(reason)
    case "Killed":
      return "it was killed"
    case "ThreadLost":
      return `its thread ${reason.thread} was lost: ${messageOf(reason.cause)}`
    case "SupervisorGaveUp":
      return `its supervisor ${reason.name} gave up after ${causeText(reason.cause)}`
    case "NeverStarted":
      return `it did not start: ${textOf(reason.cause)}`
    case "Forgotten":
      return "it is not known to its thread any more"
    case "Linked":
      return `${reason.actor}, which it was linked to, has ended: ${render(reason.reason)}`
  }
}

const crashText = ({ cause, restarts, rule, withinMillis }: typeof Crashed.Type): string => {
  const text = causeText(cause)
  switch (rule) {
    case "temporary":
      return `crashed: ${text}`
    case "decide":
      return `stopped after ${text}`
    case "intensity":
      return `more than ${restarts} restarts within ${withinMillis} ms; the last after ${text}`
    case "backoff":
      return `its backoff has come to its end; the last crash was ${text}`
    case "thread":
      return `its thread died in its hands more than ${restarts} times within ${withinMillis} ms; the last time: ${text}`
    case "release":
      return `crashed: ${text}; and what it held could not be released`
  }
}

/** Whether something went wrong: everything but an end that was asked for. */
export const isFailure = (reason: ExitReason): boolean =>
  reason._tag !== "Normal" && reason._tag !== "Stopped" && reason._tag !== "Forgotten"

/** The codec of reasons; compiled on first use. Write only what {@link portable} has made. */
export const codec = (): Codec.Codec<ExitReason> => Codec.compile(ExitReason)

/**
 * The reason as it arrives on another thread: whatever was thrown is plain by now, so that writing it runs nobody's code and
 * never fails. `"brief"` leaves the stacks behind and fits into 4 KiB.
 */
export const portable = (reason: ExitReason, size: "full" | "brief" = "full"): ExitReason => {
  const limits = size === "full" ? Defect.LIMITS : Defect.BRIEF
  const short = (name: string): string => name.slice(0, limits.text)
  switch (reason._tag) {
    case "Crashed":
      return { ...reason, cause: Defect.portableCause(reason.cause, limits) }
    case "SupervisorGaveUp":
      return { ...reason, name: short(reason.name), cause: Defect.portableCause(reason.cause, limits) }
    case "ThreadLost":
      return { ...reason, thread: short(reason.thread), cause: Defect.portable(reason.cause, limits) }
    case "NeverStarted":
      return { ...reason, cause: Defect.portable(reason.cause, limits) }
    case "Linked":
      return { ...reason, actor: short(reason.actor), reason: portable(reason.reason, size) as typeof reason.reason }
    default:
      return reason
  }
}

/** The bytes of a reason, for a port; total, as {@link portable} is. */
export const encode = (reason: ExitReason): Uint8Array => toBytes(codec(), portable(reason))!

/**
 * The reason in the bytes that {@link encode} made.
 *
 * **Errors** Throws `MalformedRecord` for other bytes.
 */
export const decode = (bytes: Uint8Array): ExitReason => fromBytes(codec(), bytes)
