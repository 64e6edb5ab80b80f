/**
 * Calls a handler, and tells one that has answered from one that still has to run.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Stream from "effect/Stream"
import * as Trace from "../../observe/Trace.ts"
import { textOf } from "../../runtime/Text.ts"
import type { Handlers } from "../kernel/Behaviour.ts"
import type { Protocol } from "../kernel/Protocol.ts"
import { Ask, INDEX_MASK, Notice, type Word } from "../kernel/Word.ts"

// Constants of this module are folded into compiled code, those of others are looked up each time.
const exitVoid = Exit.void
const effectVoid = Effect.void

/** Whether a handler has answered at once, with nothing. */
export const isVoid = (answer: Effect.Effect<unknown, unknown, unknown>): boolean =>
  answer === effectVoid || answer === exitVoid

const EXIT = "~effect/Exit"

/** Whether an effect is an outcome. Most have no tag at all, which is quicker to see than the mark of an outcome. */
export const isExit = (effect: Effect.Effect<unknown, unknown, unknown>): effect is Exit.Exit<unknown, unknown> => {
  const { _tag } = effect as { readonly _tag?: unknown }
  return (_tag === "Success" || _tag === "Failure") && EXIT in effect
}

// A look at one known property, which compiled code does in a step; `Effect.isEffect` asks for any property of anything.
const isEffect = (answer: unknown): boolean =>
  typeof answer === "object" && answer !== null &&
    (answer as { readonly [Effect.TypeId]?: unknown })[Effect.TypeId] !== undefined ||
  Effect.isEffect(answer)

/** Calls the handler of a message; what it throws is a defect, and so is an answer that is no effect. */
export const call = (
  handlers: Handlers,
  tags: ReadonlyArray<string>,
  index: number,
  payload: unknown
): Effect.Effect<unknown, unknown, unknown> => {
  try {
    const answer = handlers[tags[index]!]!(payload)
    if (answer === effectVoid || answer === exitVoid) return answer
    if (!isEffect(answer)) return noEffect(tags[index]!, answer)
    return (answer as { readonly _tag?: unknown })._tag === "Failure" && isExit(answer) ? sound(answer) : answer
  } catch (defect) {
    return Exit.die(isThere(handlers, tags[index]!) ? defect : new TypeError(`there is no handler of ${tags[index]!}`))
  }
}

// Of a program without types. Looked at when something has been thrown, which may be what looking does.
const isThere = (handlers: Handlers, tag: string): boolean => {
  try {
    return typeof handlers[tag] === "function"
  } catch {
    return true
  }
}

/** An outcome whose cause can be looked at: what is no cause is a defect. */
export const sound = (exit: Exit.Exit<unknown, unknown>): Exit.Exit<unknown, unknown> => {
  if (exit._tag === "Success" || Array.isArray(exit.cause?.reasons)) return exit
  return Exit.die(new TypeError(`a handler failed with ${textOf(exit.cause)}, which is no Cause`))
}

// A stream is an outcome: whoever is asked for one has it run.
const noEffect = (tag: string, answer: unknown): Exit.Exit<unknown> =>
  Stream.isStream(answer)
    ? Exit.succeed(answer)
    : Exit.die(new TypeError(`the handler of ${tag} answered ${textOf(answer)}, which is no Effect`))

// What a notice says is made by the code of its actor, and what that throws is thrown by the handler.
const callWith = (
  handlers: Handlers,
  tags: ReadonlyArray<string>,
  index: number,
  notice: Notice
): Effect.Effect<unknown, unknown, unknown> => {
  try {
    return call(handlers, tags, index, notice.say())
  } catch (defect) {
    return Exit.die(defect)
  }
}

/** Whose handlers are called. */
export interface Answering {
  readonly key: string
  readonly handlers: Handlers | undefined
  readonly behaviour: { readonly protocol: Protocol }
}

/** Calls the handler for a word of the mailbox; below the span of its sender, where that is sampled. */
export const handle = (
  { behaviour: { protocol }, handlers, key }: Answering,
  word: Word,
  payload: unknown
): Effect.Effect<unknown, unknown, unknown> => {
  const { messages, tags } = protocol
  if (typeof word === "number") return call(handlers!, tags, word & INDEX_MASK, payload)
  const index = word.word & INDEX_MASK
  if (word instanceof Notice) return callWith(handlers!, tags, index, word)
  const { span } = word
  if (span === undefined) return call(handlers!, tags, index, payload)
  const run = () => call(handlers!, tags, index, payload)
  const handled = word instanceof Ask ? word.handledBy(key) : Trace.handledBy(key, "consumer")
  return Trace.handler(run, messages[index]!.spanName, span, handled)
}
