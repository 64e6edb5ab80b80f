/**
 * What can go wrong in a supervision tree, one class for each thing that happened.
 *
 * Each error names the supervisor and the child it speaks of and says what to do. `InvalidSupervision` is a programmer
 * mistake: the functions that take options throw it at construction, and `Supervisor.make` reports it in its error
 * channel. The others are ordinary results of the operations that list them.
 */
import * as Cause from "effect/Cause"
import * as Schema from "effect/Schema"
import { messageOf } from "../runtime/Text.ts"

/** Where a child can be in its life; see `Tree.NodeStatus`. */
const Status = Schema.Literals(["starting", "running", "restarting", "stopping", "stopped", "abandoned"])

const AnyCause = Schema.Cause(Schema.Defect(), Schema.Defect())

/**
 * An option of a child, an intensity, a backoff or a supervisor makes no sense.
 *
 * **Details**
 *
 * `where` is the child or the supervisor, `value` what was given (as text) and `expected` what is allowed.
 */
export class InvalidSupervision
  extends Schema.TaggedError<InvalidSupervision>("shared-nothing/InvalidSupervision")("InvalidSupervision", {
    where: Schema.String,
    option: Schema.String,
    value: Schema.String,
    expected: Schema.String
  })
{
  override get message(): string {
    return `${this.where}: ${this.option} is ${this.value}, expected ${this.expected}`
  }
}

/** A child did not come up; nothing of it is left running. `cause` is what its start failed with. */
export class ChildStartFailed
  extends Schema.TaggedError<ChildStartFailed>("shared-nothing/ChildStartFailed")("ChildStartFailed", {
    supervisor: Schema.String,
    child: Schema.String,
    cause: AnyCause
  })
{
  override get message(): string {
    return `supervisor "${this.supervisor}": child "${this.child}" did not start: ${headline(this.cause)}`
  }
}

/** A child with this id is there already; `status` tells a running one from a stopped one that `restartChild` would start. */
export class ChildAlreadyExists
  extends Schema.TaggedError<ChildAlreadyExists>("shared-nothing/ChildAlreadyExists")("ChildAlreadyExists", {
    supervisor: Schema.String,
    child: Schema.String,
    status: Status
  })
{
  override get message(): string {
    return `supervisor "${this.supervisor}": child "${this.child}" exists and is ${this.status}; ` +
      (this.status === "stopped" ? "restartChild starts it, deleteChild frees the id" : "choose another id")
  }
}

/** No child has this id: it was never there, was deleted, or was temporary and has ended. */
export class ChildNotFound extends Schema.TaggedError<ChildNotFound>("shared-nothing/ChildNotFound")("ChildNotFound", {
  supervisor: Schema.String,
  child: Schema.String
}) {
  override get message(): string {
    return `supervisor "${this.supervisor}": no child "${this.child}"`
  }
}

/** The operation needs a stopped child and this one is not stopped; `status` says what it is doing. */
export class ChildRunning extends Schema.TaggedError<ChildRunning>("shared-nothing/ChildRunning")("ChildRunning", {
  supervisor: Schema.String,
  child: Schema.String,
  status: Status
}) {
  override get message(): string {
    return `supervisor "${this.supervisor}": child "${this.child}" is ${this.status}; ` +
      (this.status === "abandoned"
        ? "it ignored its stop and still runs, so a second one may not start"
        : "terminateChild first")
  }
}

/** The supervisor has as many children as it may have; those that restart are counted. Wait until one has ended. */
export class TooManyChildren
  extends Schema.TaggedError<TooManyChildren>("shared-nothing/TooManyChildren")("TooManyChildren", {
    supervisor: Schema.String,
    child: Schema.String,
    maxChildren: Schema.Number
  })
{
  override get message(): string {
    return `supervisor "${this.supervisor}" has ${this.maxChildren} children, which is its maxChildren: ` +
      `child "${this.child}" was not started`
  }
}

/** The child is not up now, so there is nothing to hand out; `status` says what it is doing. */
export class ChildNotRunning
  extends Schema.TaggedError<ChildNotRunning>("shared-nothing/ChildNotRunning")("ChildNotRunning", {
    supervisor: Schema.String,
    child: Schema.String,
    status: Status
  })
{
  override get message(): string {
    return `supervisor "${this.supervisor}": child "${this.child}" is ${this.status}, so it cannot be used now`
  }
}

/**
 * A child could not be suspended, resumed or looked at. An empty `cause`: its kind knows nothing of that. Otherwise what it has failed with; an actor
 * with an `ActorControl.ControlError`.
 */
export class ChildUncontrolled
  extends Schema.TaggedError<ChildUncontrolled>("shared-nothing/ChildUncontrolled")("ChildUncontrolled", {
    supervisor: Schema.String,
    child: Schema.String,
    kind: Schema.String,
    operation: Schema.Literals(["suspend", "resume", "state"]),
    cause: AnyCause
  })
{
  override get message(): string {
    const why = this.cause.reasons.length === 0 ? `it is of the kind "${this.kind}"` : headline(this.cause)
    return `supervisor "${this.supervisor}": child "${this.child}" does not answer "${this.operation}": ${why}`
  }
}

/** The supervisor has ended or is ending, so it starts nothing any more. */
export class SupervisorStopped
  extends Schema.TaggedError<SupervisorStopped>("shared-nothing/SupervisorStopped")("SupervisorStopped", {
    supervisor: Schema.String,
    child: Schema.String
  })
{
  override get message(): string {
    return `supervisor "${this.supervisor}" has stopped: child "${this.child}" was not started`
  }
}

/**
 * A supervisor gave up: one restart more than its intensity allows was due, or a backoff schedule ended.
 *
 * **Details**
 *
 * `child` is the child whose end was one too many and `cause` what it ended with. For the reason `"intensity"`, `restarts` is
 * the number allowed within `withinMillis`; for `"backoff"` it is the number of restarts the child had had.
 */
export class RestartLimitReached
  extends Schema.TaggedError<RestartLimitReached>("shared-nothing/RestartLimitReached")("RestartLimitReached", {
    supervisor: Schema.String,
    child: Schema.String,
    reason: Schema.Literals(["intensity", "backoff"]),
    restarts: Schema.Int,
    withinMillis: Schema.Number,
    cause: AnyCause
  })
{
  override get message(): string {
    const limit = this.reason === "intensity"
      ? `more than ${this.restarts} restarts within ${this.withinMillis} ms`
      : `the backoff schedule ended after ${this.restarts} restarts`
    return `supervisor "${this.supervisor}" gave up on child "${this.child}": ${limit}; last: ${headline(this.cause)}`
  }
}

/**
 * The supervisor of a layer has given up, or a child has escalated, and nobody waited for its `exit`: a defect, which ends the program.
 *
 * **Details**
 *
 * `cause` is what the supervisor has ended with, mostly {@link RestartLimitReached}. A program that goes on without its children waits for
 * the `exit`, or provides `Supervisor.EndsProgram` with `false`.
 */
export class SupervisorGaveUp extends Error {
  readonly _tag = "SupervisorGaveUp"
  readonly supervisor: string
  constructor(supervisor: string, cause: Cause.Cause<unknown>) {
    super(`supervisor "${supervisor}" has given up: ${headline(cause)}`, { cause: Cause.squash(cause) })
    this.name = "SupervisorGaveUp"
    this.supervisor = supervisor
  }
}

/** The first line of what a child ended with; a child that ended normally has an empty cause. */
const headline = (cause: Cause.Cause<unknown>): string => {
  if (cause.reasons.length === 0) return "ended normally"
  if (Cause.hasInterruptsOnly(cause)) return "interrupted"
  return messageOf(Cause.squash(cause)).split("\n")[0]!
}
