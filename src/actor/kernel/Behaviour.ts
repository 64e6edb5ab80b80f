/**
 * A behaviour registered with a host: how to build one incarnation, and the rules its actors live by.
 *
 * All actors of one behaviour share this record, so that an actor itself stays a small object.
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Schedule from "effect/Schedule"
import { checkNames, givenOf, type Names, type Refuse } from "../../runtime/Options.ts"
import { type Overflow, policies } from "../../runtime/Overflow.ts"
import * as Backoff from "../../supervisor/Backoff.ts"
import { defaultShutdownMillis, type Shutdown } from "../../supervisor/ChildSpec.ts"
import * as Intensity from "../../supervisor/Intensity.ts"
import { durationMillis, shutdownMillis, shutdowns } from "../../supervisor/kernel/Millis.ts"
import * as Restart from "../../supervisor/Restart.ts"
import { InvalidOptions, SpawnFailed } from "../ActorError.ts"
import type { Around, Handlers } from "./Interceptors.ts"
import type { MailboxOptions } from "./Mailbox.ts"
import type { Protocol } from "./Protocol.ts"
import type { Recipient } from "./Recipient.ts"

export type { Handlers } from "./Interceptors.ts"

/** What a build fails with that has found nothing to do: plain, so that it crosses between threads as what it is. */
export interface Ignored {
  readonly _tag: "shared-nothing/actor/Ignored"
  readonly message: string
}

/** See {@link Ignored}. */
export const IGNORED: Ignored = {
  _tag: "shared-nothing/actor/Ignored",
  message: "its behaviour has found nothing to do"
}

/** Whether a spawn has failed because there was nothing to do. */
export const isIgnored = (error: unknown): boolean =>
  error instanceof SpawnFailed && (error.cause as Partial<Ignored> | null | undefined)?._tag === IGNORED._tag

/** How an actor is supervised. The defaults restart a crashed actor up to three times within five seconds. */
export interface SupervisionOptions<in E = unknown> {
  /**
   * When a crashed actor is started again. Default `"permanent"`.
   *
   * `"transient"` means the same for actors, which never end by themselves; `"temporary"` actors are not restarted.
   */
  readonly restart?: Restart.RestartType | undefined
  /**
   * How many restarts are allowed within a sliding window, counted per actor (`per: "child"`, the default here) or over
   * all actors of the behaviour on one thread (`per: "supervisor"`). The one after ends the actor; with
   * `per: "supervisor"` it ends all of them and escalates.
   */
  readonly intensity?: Intensity.IntensityOptions | undefined
  /** The pause before a restart; starts afresh once the actor has been up for the intensity's window. Default none. */
  readonly backoff?: Schedule.Schedule<unknown, unknown> | undefined
  /**
   * What to do about a handler that failed. By default a defect restarts the actor, and a declared error, which is an
   * answer rather than a crash, resumes it. A function on the cause, or directives by tag, `{ Overdrawn: "stop", defect: "escalate" }`, of which only
   * those of declared errors are taken; what a table does not name is decided by default.
   */
  readonly decide?: Restart.Decision<E> | undefined
  /**
   * Hands a tell that was being handled at a crash to the next incarnation, in front of all others. Default: not, a message is handled at most
   * once.
   *
   * It is handled `attempts` times at most, crashes of the same message in a row; then it is set aside: the event `MessageSetAside` has it, with its
   * payload and the last cause, and the actor goes on with the messages behind it. Handlers must bear to see a message again: what the crashed one had
   * done is done. An ask that was being handled is not handed out again, since its asker is told of the crash and decides. Not for
   * behaviours with messages that parcels or ends of channels move with.
   */
  readonly redeliver?: { readonly attempts: number } | undefined
}

/** The default decision about a failed handler: a defect is a crash, a declared error is an answer. */
export const decideHandler: Restart.Decider = (cause) => Cause.hasDies(cause) ? "restart" : "resume"

/** The rules of a behaviour. */
export interface BehaviourOptions<in E = unknown> {
  /** Size of the mailbox, and what a sender meets when it is full. */
  readonly mailbox?: MailboxOptions | undefined
  /** What happens when a handler crashes. */
  readonly supervision?: SupervisionOptions<E> | undefined
  /** How long building one incarnation may take. Default 5 seconds. */
  readonly initTimeout?: Duration.Input | undefined
  /**
   * An actor that no message has come to for so long ends, for the reason `Normal`. Default never.
   *
   * While a handler runs, a message waits, or the actor is paused, it goes on; a tick is a message. Below a supervisor a `"permanent"` child is
   * started again, so such an actor is `"transient"` or `"temporary"` there.
   */
  readonly idle?: Duration.Input | undefined
  /**
   * A stream that it answers with is ended when its reader has made no room for so long; then the reader is told `StreamBroken`. Default 1 hour, `"Infinity"`
   * for as long as the scope of the reader is open.
   */
  readonly unreadTimeout?: Duration.Input | undefined
  /**
   * Whether its actors measure how long their messages wait and are handled: the times of `ActorStats`, and the ids and ages of `Actor.currentMessage`.
   * Default as `ActorStats.layerTimes` says, else not.
   */
  readonly times?: boolean | undefined
  /** How its actors are stopped, unless their `spawn` says otherwise; see `ActorSystem.SpawnOptions`. Default 5 seconds. */
  readonly shutdown?: Shutdown | undefined
}

/** Who is being built: available while a behaviour builds an incarnation. */
export class CurrentActor extends Context.Service<CurrentActor, {
  /** The name of the protocol. */
  readonly name: string
  /** The key that the actor was spawned under. */
  readonly key: string
  /** 1 for the first incarnation, one more after each restart of the actor on this thread. */
  readonly incarnation: number
  /** Where messages to it go; the typed reference is the `self` of its definition. */
  readonly recipient: Recipient
}>()("shared-nothing/actor/CurrentActor") {}

/** See the module. */
export interface Behaviour {
  readonly protocol: Protocol
  /** Builds one incarnation; needs its own `Scope` and `CurrentActor` besides what `context` has. */
  readonly build: Effect.Effect<Handlers, unknown, never>
  /** What is around each of its handlers, the outermost first. */
  readonly around: ReadonlyArray<Around>
  /** The services that handlers and builds run with. */
  readonly context: Context.Context<never>
  readonly capacity: number
  readonly overflow: Overflow
  /** Bytes of shared memory for what each thread sends, when its mailboxes survive their thread; else 0. */
  readonly laneBytes: number
  readonly restart: Restart.RestartType
  readonly intensity: Intensity.Intensity
  readonly perActor: boolean
  readonly backoff: Schedule.Schedule<unknown, unknown> | undefined
  readonly decide: Restart.Decider
  /** How often a message may be begun whose handler crashes. */
  readonly attempts: number
  readonly initTimeout: Duration.Duration
  readonly shutdownMillis: number
  /** How long an actor may be without messages. */
  readonly idleMillis: number
  /** How long its streams wait for a reader. */
  readonly unreadMillis: number
  /** Whether its actors measure how long messages wait and are handled. */
  readonly isTimed: boolean
  /** What the handlers of an incarnation are to its host, by the scope of that, also of those that it becomes; absent where they are what they are. */
  readonly hosting?: ((handlers: Handlers, scope: object | undefined) => Handlers) | undefined
  /** Whether its actors are those of a pool, which has the jobs that wait for them. */
  readonly isPooled?: boolean | undefined
}

/** Whether the behaviours that a layer makes known measure times, unless they say so themselves. */
export const MeasuresTimes: Context.Reference<boolean> = Context.Reference<boolean>(
  "shared-nothing/actor/MeasuresTimes",
  { defaultValue: () => false }
)

/** How full a mailbox may get: what travels with a reference, so that a sender knows its credit. */
export type Bounds = Pick<Behaviour, "capacity" | "overflow" | "laneBytes">

const resolveMailbox = (where: string, options: MailboxOptions): Bounds => {
  const capacity = options.capacity ?? 1024
  const overflow = options.overflow ?? "suspend"
  if (capacity !== "unbounded" && !(Number.isInteger(capacity) && capacity >= 1)) {
    throw new InvalidOptions({
      where,
      option: "mailbox.capacity",
      value: givenOf(capacity),
      expected: "an integer of at least 1, or \"unbounded\""
    })
  }
  if (!policies.includes(overflow)) {
    throw new InvalidOptions({
      where,
      option: "mailbox.overflow",
      value: givenOf(overflow),
      expected: policies.join(", ")
    })
  }
  return { capacity: capacity === "unbounded" ? Infinity : capacity, overflow, laneBytes: laneBytesOf(where, options) }
}

const LANE_BYTES = 65_536
const MIN_LANE_BYTES = 4_096
const MAX_LANE_BYTES = 536_870_912

const laneBytesOf = (where: string, { overflow, survives = false }: MailboxOptions): number => {
  if (survives === false) return 0
  const refuse = (option: string, value: unknown, expected: string) =>
    new InvalidOptions({ where, option, value: givenOf(value), expected })
  const bytes: unknown = survives === true ? LANE_BYTES : survives?.capacityBytes
  if (
    typeof bytes !== "number" ||
    !(bytes >= MIN_LANE_BYTES && bytes <= MAX_LANE_BYTES && Number.isInteger(Math.log2(bytes)))
  ) {
    const expected = `a power of two from ${MIN_LANE_BYTES} to ${MAX_LANE_BYTES}`
    throw refuse("mailbox.survives.capacityBytes", bytes, expected)
  }
  if (overflow === "dropOldest") {
    throw refuse(
      "mailbox.overflow",
      overflow,
      "another one for a mailbox that survives: nothing that it has accepted is dropped"
    )
  }
  return bytes
}

const attemptsOf = (where: string, redeliver: SupervisionOptions["redeliver"]): number => {
  if (redeliver === undefined) return 1
  const attempts: unknown = (redeliver as { readonly attempts?: unknown } | null)?.attempts
  if (typeof attempts === "number" && Number.isSafeInteger(attempts) && attempts >= 1) return attempts
  throw new InvalidOptions({
    where,
    option: "supervision.redeliver.attempts",
    value: givenOf(attempts),
    expected: "an integer of at least 1"
  })
}

const aboveZero = (where: string, option: string, duration: Duration.Input): number => {
  const millis = durationMillis(duration)
  if (millis > 0) return millis
  throw new InvalidOptions({ where, option, value: givenOf(duration), expected: "a duration above zero" })
}

const OPTIONS: Names<BehaviourOptions> = {
  mailbox: true,
  supervision: true,
  initTimeout: true,
  idle: true,
  unreadTimeout: true,
  times: true,
  shutdown: true
}
const SUPERVISION: Names<SupervisionOptions> = {
  restart: true,
  intensity: true,
  backoff: true,
  decide: true,
  redeliver: true
}
const MAILBOX: Names<MailboxOptions> = { capacity: true, overflow: true, survives: true }

const checkAll = (where: string, options: BehaviourOptions<never>): void => {
  const refuse: Refuse = (option, value, expected) => {
    throw new InvalidOptions({ where, option, value: givenOf(value), expected })
  }
  const { mailbox, supervision } = options
  const survives = typeof mailbox?.survives === "object" ? mailbox.survives : undefined
  checkNames(options, OPTIONS, refuse)
  checkNames(mailbox, MAILBOX, refuse, "mailbox.")
  checkNames(survives, { capacityBytes: true }, refuse, "mailbox.survives.")
  checkNames(supervision, SUPERVISION, refuse, "supervision.")
  checkNames(supervision?.redeliver, { attempts: true }, refuse, "supervision.redeliver.")
}

/**
 * Checks the options of a behaviour and fills in the defaults.
 *
 * **Errors** Throws `InvalidOptions` or `InvalidSupervision` with the offending value.
 */
export const resolveOptions = (where: string, options: BehaviourOptions<never>) => {
  checkAll(where, options)
  const { backoff, decide, intensity, restart = "permanent" } = options.supervision ?? {}
  if (!Restart.restartTypes.includes(restart)) {
    throw new InvalidOptions({
      where,
      option: "supervision.restart",
      value: givenOf(restart),
      expected: Restart.restartTypes.join(", ")
    })
  }
  const attempts = attemptsOf(where, options.supervision?.redeliver)
  const asked = options.initTimeout ?? "5 seconds"
  const initMillis = durationMillis(asked)
  if (!(initMillis > 0)) {
    throw new InvalidOptions({ where, option: "initTimeout", value: givenOf(asked), expected: "a duration above zero" })
  }
  const initTimeout = Duration.millis(initMillis)
  if (backoff !== undefined) Backoff.policy(backoff)
  const {
    idle = "Infinity",
    shutdown = defaultShutdownMillis,
    times: isTimed = false,
    unreadTimeout = "1 hour"
  } = options
  if (typeof isTimed !== "boolean") {
    throw new InvalidOptions({ where, option: "times", value: givenOf(isTimed), expected: "true or false" })
  }
  const millis = shutdownMillis(shutdown)
  if (Number.isNaN(millis)) {
    throw new InvalidOptions({ where, option: "shutdown", value: givenOf(shutdown), expected: shutdowns })
  }
  return {
    ...resolveMailbox(where, options.mailbox ?? {}),
    restart,
    intensity: Intensity.make(intensity),
    perActor: (intensity?.per ?? "child") === "child",
    backoff,
    decide: Restart.decider(where, decide, decideHandler),
    attempts,
    initTimeout,
    shutdownMillis: millis,
    idleMillis: aboveZero(where, "idle", idle),
    unreadMillis: aboveZero(where, "unreadTimeout", unreadTimeout),
    isTimed
  } as const
}
