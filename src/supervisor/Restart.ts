/**
 * Whether something that ended comes back: restart types, deciders and the rule that joins them. Pure functions on exits,
 * used by `Supervisor` and by anything else that supervises.
 *
 * An end is *normal* when the exit is a success or holds nothing but interruptions: being interrupted is how things are
 * stopped. Everything else, a typed failure or a defect, is *abnormal*.
 *
 * ```
 *            normal end   abnormal end
 * permanent  restart      what the decider says
 * transient  stop         what the decider says
 * temporary  stop         what the decider says, but never a restart
 * ```
 *
 * The restart types are those of Erlang/OTP (`supervisor`); the directives those of Akka's `Decider`.
 */
import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"
import { givenOf } from "../runtime/Options.ts"
import { nameOf } from "../runtime/Text.ts"
import { InvalidSupervision } from "./SupervisorError.ts"

/**
 * When a child is started again: `"permanent"` always, `"transient"` after an abnormal end only, `"temporary"` never.
 */
export type RestartType = "permanent" | "transient" | "temporary"

/**
 * What to do about an abnormal end.
 *
 * **Details**
 *
 * - `"restart"`: start a new incarnation; counts against the intensity
 * - `"resume"`: carry on without counting. Something that can keep its state (an actor) keeps it; a child that has
 *   ended cannot, so a supervisor starts a new incarnation, after the backoff if there is one
 * - `"stop"`: leave it stopped
 * - `"escalate"`: end the supervisor with this cause, and let its parent decide
 */
export type Directive = "restart" | "resume" | "stop" | "escalate"

/**
 * Chooses a directive from the cause of an abnormal end.
 *
 * **Gotchas**
 *
 * A finalizer that dies turns the typed failures of the same exit into defects, so a decider that looks for a typed error
 * should not rely on it when cleanup can die. A decider that throws escalates, with what it threw added to the cause.
 */
export type Decider<in E = unknown> = (cause: Cause.Cause<E>) => Directive

/** The tags that errors of a type can have. */
export type Tags<E> = E extends { readonly _tag: infer Tag extends string } ? Tag : never

/**
 * Directives by the tag of the error: only tags that can occur are taken.
 *
 * **Details**
 *
 * `defect` is for what is no typed error, `otherwise` for everything that is not named; without it the default decides. Of several errors in one
 * cause the first that is named counts. An error that crosses threads as text has its tag as its name, and is found by that.
 */
export type ByTag<E> = { readonly [Tag in Tags<E>]?: Directive | undefined } & {
  readonly defect?: Directive | undefined
  readonly otherwise?: Directive | undefined
}

/** What to do about an abnormal end: a function on its cause, or a table by tag. */
export type Decision<E = unknown> = Decider<E> | ByTag<E>

/** Every directive. */
export const directives: ReadonlyArray<Directive> = ["restart", "resume", "stop", "escalate"]

/** Every restart type. */
export const restartTypes: ReadonlyArray<RestartType> = ["permanent", "transient", "temporary"]

/** Restarts after typed failures and defects alike: a long-running child has nobody else to hand its failure to. */
export const defaultDecider: Decider = () => "restart"

/**
 * The decider that a decision means; `otherwise` is asked about what a table does not name.
 *
 * **Errors**
 *
 * Throws `InvalidSupervision` for a table with something that is no directive, and for what is neither table nor function.
 */
export const decider = (where: string, decision: Decision<never> | undefined, otherwise: Decider): Decider => {
  if (decision === undefined) return otherwise
  if (typeof decision === "function") return decision as Decider
  const table = tableOf(where, decision)
  return (cause) => {
    for (const reason of cause.reasons) {
      const named = reason._tag === "Fail" ? table.get(nameOf(reason.error)) : undefined
      if (named !== undefined) return named
    }
    const defect = Cause.hasDies(cause) ? table.get("defect") : undefined
    return defect ?? table.get("otherwise") ?? otherwise(cause)
  }
}

const tableOf = (where: string, table: object): ReadonlyMap<string, Directive> => {
  const refused = (option: string, value: unknown) =>
    new InvalidSupervision({
      where,
      option,
      value: givenOf(value),
      expected: option === "decide" ? "a function, or directives by tag" : directives.join(", ")
    })
  if (typeof table !== "object" || table === null) throw refused("decide", table)
  const entries = Object.entries(table).filter(([, directive]) => directive !== undefined)
  for (const [tag, directive] of entries) {
    if (!directives.includes(directive as Directive)) throw refused(`decide.${tag}`, directive)
  }
  return new Map(entries as Array<[string, Directive]>)
}

/** Whether an exit is neither a success nor a mere interruption. */
export const isAbnormal = (exit: Exit.Exit<unknown, unknown>): exit is Exit.Failure<unknown, unknown> =>
  Exit.isFailure(exit) && !Cause.hasInterruptsOnly(exit.cause)

/** Whether the restart type alone asks for a new incarnation after this exit. */
export const shouldRestart = (type: RestartType, exit: Exit.Exit<unknown, unknown>): boolean =>
  type === "permanent" || (type === "transient" && isAbnormal(exit))

/**
 * What to do after this exit: the table at the top of this module.
 *
 * **Details**
 *
 * The decider is asked about abnormal ends only. A temporary child is never restarted, whatever its decider says, but its
 * failure can be escalated.
 */
export const directiveFor = (type: RestartType, exit: Exit.Exit<unknown, unknown>, decide: Decider): Directive => {
  if (!isAbnormal(exit)) return shouldRestart(type, exit) ? "restart" : "stop"
  const directive = decide(exit.cause)
  return directive === "restart" || directive === "resume"
    ? (shouldRestart(type, exit) ? directive : "stop")
    : directive
}
