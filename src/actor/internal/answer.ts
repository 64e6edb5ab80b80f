/**
 * Calls a handler, and tells one that has answered from one that still has to run.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Trace from "../../observe/Trace.ts"
import { textOf } from "../../runtime/Text.ts"
import type { Handlers } from "../kernel/Behaviour.ts"
import type { Protocol } from "../kernel/Protocol.ts"
import { Ask, INDEX_MASK, type Word } from "../kernel/Word.ts"

// The marks by which Effect knows its own values, looked for here: its predicates serve every key of every library value, so
// none of their look-ups is remembered, and one costs as much as the rest of a small handler.
const EFFECT: typeof Effect.TypeId = "~effect/Effect"
const EXIT = "~effect/Exit"

// A property of a module is looked up at each use; a constant of this one is not.
const exitVoid: unknown = Exit.void
const effectVoid: unknown = Effect.void

/** Whether a handler has answered at once, and nothing. */
export const isVoid = (answer: unknown): boolean => answer === exitVoid || answer === effectVoid

/** Whether an effect is an outcome. Most have no tag at all, which is quicker to see than the mark. */
export const isExit = (effect: Effect.Effect<unknown, unknown, unknown>): effect is Exit.Exit<unknown, unknown> => {
  const { _tag } = effect as { readonly _tag?: unknown }
  return (_tag === "Success" || _tag === "Failure") && EXIT in effect
}

const isEffect = (answer: unknown): boolean =>
  typeof answer === "object" && answer !== null && EFFECT in answer || Effect.isEffect(answer)

/** Calls the handler of a message; what it throws is a defect, and so is an answer that is no effect. */
export const call = (
  handlers: Handlers,
  tags: ReadonlyArray<string>,
  index: number,
  payload: unknown
): Effect.Effect<unknown, unknown, unknown> => {
  try {
    const answer = handlers[tags[index]!]!(payload)
    return isVoid(answer) || isEffect(answer) ? answer : noEffect(tags[index]!, answer)
  } catch (defect) {
    return Exit.die(defect)
  }
}

const noEffect = (tag: string, answer: unknown): Exit.Exit<never> =>
  Exit.die(new TypeError(`the handler of ${tag} answered ${textOf(answer)}, which is no Effect`))

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
  const { span } = word
  if (span === undefined) return call(handlers!, tags, index, payload)
  const run = () => call(handlers!, tags, index, payload)
  return Trace.handler(run, messages[index]!.spanName, key, span, word instanceof Ask)
}
