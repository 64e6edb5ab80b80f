/**
 * The options of a pool, checked and filled in.
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import { InvalidOptions } from "../../actor/ActorError.ts"
import { LEVELS } from "../../actor/kernel/Ageing.ts"
import { MAX_MESSAGES, type Protocol } from "../../actor/kernel/Protocol.ts"
import { ArenaEnd } from "../../memory/Arena.ts"
import { MAX_ARENA_BYTES } from "../../memory/ArenaLayout.ts"
import { MAX_WORKERS } from "../../memory/JobTable.ts"
import { checkNames, givenOf, type Names, type Refuse } from "../../runtime/Options.ts"
import { type Overflow, policies } from "../../runtime/Overflow.ts"
import { textOf } from "../../runtime/Text.ts"
import { defaultShutdownMillis, type Shutdown } from "../../supervisor/ChildSpec.ts"
import { durationMillis, shutdownMillis, shutdowns } from "../../supervisor/kernel/Millis.ts"
import type * as Cpu from "../../thread/Cpu.ts"
import type { HardwareInfo, Spot } from "../../thread/kernel/Hardware.ts"
import { spotsOf } from "../../thread/kernel/Spots.ts"
import { heartbeatNames, type ThreadsOptions } from "../../thread/kernel/ThreadGroup.ts"
import type { SpawnWorker } from "../../thread/SpawnedWorker.ts"
import { Attempts } from "../Attempts.ts"
import { runMillisOf, runTimeouts } from "../kernel/JobOptions.ts"
import { laneOf } from "../kernel/Lanes.ts"
import { mostCapacity } from "./memory.ts"
import { slotsOf } from "./shedding.ts"
import type { Rules } from "./sizing.ts"
import { isTooLarge } from "./streamProtocol.ts"
import type { Limits } from "./wear.ts"

/**
 * What a pool is for. It says the defaults of options that are not given, and nothing else.
 *
 * |               | `threads` | `queue.capacity` | `grace`  | `heartbeat.timeout` | `shutdown` | `readyTimeout` | a worker without work blocks |
 * | ------------- | --------- | ---------------- | -------- | ------------------- | ---------- | -------------- | ---------------------------- |
 * | `production`  | cores     | 1024             | 5 s      | 30 s                | 5 s        | 10 s           | 5 ms                         |
 * | `development` | 2         | 1024             | for ever | for ever            | 1 s        | 1 minute       | not at all                   |
 * | `lowLatency`  | cores     | 1024             | 5 s      | 30 s                | 5 s        | 10 s           | 100 ms                       |
 * | `throughput`  | cores     | 8192             | 5 s      | 30 s                | 5 s        | 10 s           | 5 ms                         |
 * | `testing`     | 2         | 16               | 1 s      | 30 s                | 1 s        | 10 s           | not at all                   |
 *
 * - `development` lets a debugger hold a thread for as long as it likes.
 * - `lowLatency` keeps workers where they are woken soonest; timers and sockets of their layers wait for up to that long. And who has a long line of
 *   jobs under way looks for replies all the time; with the others it does so each millisecond, and leaves its core to the workers.
 * - `throughput` takes bursts without having senders wait, for twice the memory of a job times that many.
 * - `testing` has a queue that a test can fill.
 */
export type Profile = "development" | "production" | "lowLatency" | "throughput" | "testing"

/**
 * From how many workers to how many, at most 64. Memory is laid out for `max`; a worker that is not there takes no thread. The pool begins with `min`, and has
 * more and fewer by what it has to do, unless `adapt` is `false`.
 */
export interface Range {
  /** As many as there are at least, from 1 on, and to begin with. */
  readonly min: number
  /** As many as there may be. */
  readonly max: number
  /** How long the last worker has nothing to do before it leaves; default 30 seconds, `"Infinity"` for never. */
  readonly idle?: Duration.Input | undefined
  /**
   * Whether the pool decides itself how many workers it has, and by what; default `true`. With `false` its size changes by `Pool.resize` alone. Every decision is an
   * event of `Pool.events`, with what it was decided by.
   *
   * Twice a second it is looked. There are more workers, at most half as many again, when jobs wait, half of those that were begun have waited for longer than `wait`, and
   * the workers are used up: for four fifths of the time they have had a job, or something else has had their event loops (timers, what layers run). There is one less when nothing waits, the last worker has
   * had nothing to do for `idle`, and the others would not be used up without it. With a `concurrency` above 1 workers are used up when they run four fifths of the jobs that they may, or when their event
   * loops are busy for so much of the time: handlers that wait take no time of them.
   */
  readonly adapt?: boolean | {
    /** How long half of the jobs may wait; default 20 milliseconds. */
    readonly wait?: Duration.Input | undefined
    /** How long after a change there is no other one; default 1 second. It is longer each time that a worker does not come up. */
    readonly cooldown?: Duration.Input | undefined
    /**
     * Which part of the memory that it may have the process may use before no more workers come, above 0 and up to 1; default any: `max` is what the process can afford. It counts what is resident of all threads,
     * of what a container grants, or the machine has. It holds what the pool decides itself, also for jobs that block, and not `Pool.resize`; each time that it does is a `GrowthHeld` of `Pool.events`. No worker leaves for it.
     */
    readonly memory?: number | undefined
  } | undefined
}

/** After what a worker is made anew: whatever is reached first. It is looked at between jobs. */
export interface Recycle {
  /**
   * Bytes of its heap that are in use, at two looks that are a second apart; at least 32 MiB, since a thread has some 20 before its first job. What is not collected yet
   * counts; buffers outside of the heap do not.
   */
  readonly heapBytes?: number | undefined
  /** Jobs that it has done. */
  readonly jobs?: number | undefined
  /** How long it has been there; one that has nothing to do stays until after its next job. */
  readonly age?: Duration.Input | undefined
}

/** How a pool is made. */
export interface PoolOptions extends Omit<ThreadsOptions, "standby"> {
  /** Makes a worker; called once per start and restart: `() => new Worker(new URL("./worker.ts", import.meta.url))`. */
  readonly spawn: SpawnWorker
  /** On which cores of the machine the workers run, and how much they give way; wherever the system likes unless told. */
  readonly cpu?: Cpu.Placement | undefined
  /** What it is for: defaults of the other options; default `"production"`. See {@link Profile}. */
  readonly profile?: Profile | undefined
  /** What the pool is called in errors and logs, behind the name of its protocol; default `"pool"`. */
  readonly name?: string | undefined
  /**
   * How many workers; default as many as the process may use cores (what its container grants), and at least 2. As a range, their number changes while the pool
   * runs, by what there is to do and by `Pool.resize`: it begins with `min`.
   */
  readonly threads?: number | Range | undefined
  /**
   * How many other threads may use the pool at once (`Pool.join`); default as many as the process may use cores, and at least 8; at most 64. Each has
   * room for `queue.capacity` jobs of its own.
   */
  readonly clients?: number | undefined
  /** How many jobs one worker begins before others have ended, for handlers that wait; default 1. */
  readonly concurrency?: number | undefined
  readonly queue?: {
    /** How many jobs each thread can have under way, those that run included; default 1024 (a profile may say otherwise), at most 65,536, and less with many `threads` and `clients`. */
    readonly capacity?: number | undefined
    /**
     * What becomes of a job when there is no room:
     *
     * - `"suspend"`, the default: who submits it waits;
     * - `"fail"`: it fails with `MailboxFull`;
     * - `"dropNewest"`: as `"fail"`, and what is told is dropped;
     * - `"dropOldest"`: it takes the place of the one that has waited for longest of those of the lowest priority, which no worker has begun, and of none with a higher priority than its own: that fails with
     *   `MailboxFull`, or is dropped if it was told. When all that is under way has been begun, or is higher, as `"dropNewest"`.
     *
     * `Pool.stats` counts what was dropped. From inside of a job it is always `"fail"`.
     */
    readonly overflow?: Overflow | undefined
    /**
     * How many jobs of a level of priority run at once in the whole pool at most, each counted by itself; default as many as there is room for. What is above that waits, and jobs of other levels pass it:
     * `{ low: 2 }` leaves all workers but two to what is more urgent, however much of the lowest level comes. What is high has no such bound.
     *
     * A job that waits for jobs gives its place up, and has one again when it goes on if one is free. What jobs submit themselves without a key is not counted: somebody waits for it.
     */
    readonly allowance?: { readonly normal?: number | undefined; readonly low?: number | undefined } | undefined
  } | undefined
  /** Shared memory for payloads and replies of more than 448 bytes, all together; default 64 MiB, of which the system gives what is used. */
  readonly arena?: { readonly capacityBytes?: number | undefined } | undefined
  /**
   * Arenas that are open on this thread (`ThreadArenas.open`) and shall be on the workers, for messages that an `Iso` or a parcel moves with; there they are
   * `ThreadArenas.all`. What a worker holds there when it exits is recovered. Threads that join have them open by themselves.
   */
  readonly arenas?: ReadonlyArray<ArenaEnd> | undefined
  /** How long the pool may take at its end to handle what it has accepted; default 5 seconds. */
  readonly shutdown?: Shutdown | undefined
  /**
   * How long the handler of a job may go on that was interrupted, or whose time is over: after that its thread is replaced; default 5 seconds, `"Infinity"` for
   * never. It is as long as interruption and finalizers of a handler may take.
   */
  readonly grace?: Duration.Input | undefined
  /**
   * How long the run of a job may take, from the call of its handler on, that says no other time by the option of the same name; more than zero, up to 24 days, default `"Infinity"`. The
   * time in the queue is none of it, and that of an ask (`timeout`) goes beside it: whichever is over first ends the job. One that has run for longer fails with an `AskTimeout` that has a `run`; its handler is
   * interrupted, and has `grace` from then on.
   */
  readonly runTimeout?: Duration.Input | undefined
  /**
   * How many threads stand by in reserve, with their modules loaded and nothing built: one takes the place of a worker that dies or is made anew, and of one that comes. At
   * most 64; default none.
   */
  readonly standby?: number | undefined
  /** After what a worker is made anew, as by `Pool.reload`, one at a time; never unless told. Each time is an event of `Pool.events`. */
  readonly recycle?: Recycle | undefined
  /** How long a worker may take from its spawn until its layer is built; default 10 seconds. */
  readonly readyTimeout?: Duration.Input | undefined
}

const OPTIONS: Names<PoolOptions> = {
  spawn: true,
  name: true,
  threads: true,
  profile: true,
  clients: true,
  concurrency: true,
  queue: true,
  arena: true,
  arenas: true,
  cpu: true,
  standby: true,
  recycle: true,
  intensity: true,
  backoff: true,
  heartbeat: true,
  readyTimeout: true,
  stopTimeout: true,
  shutdown: true,
  grace: true,
  runTimeout: true
}
const QUEUE: Names<NonNullable<PoolOptions["queue"]>> = { capacity: true, overflow: true, allowance: true }
const ARENA: Names<NonNullable<PoolOptions["arena"]>> = { capacityBytes: true }
const RANGE: Names<Range> = { min: true, max: true, idle: true, adapt: true }
const ADAPT: Names<Exclude<Range["adapt"], boolean | undefined>> = { wait: true, cooldown: true, memory: true }
const RECYCLE: Names<Recycle> = { heapBytes: true, jobs: true, age: true }

interface Defaults {
  /** `undefined` for as many as there are cores. */
  readonly threads: number | undefined
  readonly capacity: number
  readonly grace: Duration.Input
  readonly heartbeat: Duration.Input
  readonly shutdown: Shutdown
  readonly readyTimeout: Duration.Input
  /** How long a worker without work sleeps with its thread before it leaves that to the event loop. */
  readonly restMillis: number
  /** Whether who submits may leave what has come back for a moment, while the workers have enough to do; see `Pace`. */
  readonly mayNap: boolean
}

const production: Defaults = {
  threads: undefined,
  capacity: 1024,
  grace: "5 seconds",
  heartbeat: "30 seconds",
  shutdown: defaultShutdownMillis,
  readyTimeout: "10 seconds",
  restMillis: 5,
  mayNap: true
}

const profiles: Readonly<Record<Profile, Defaults>> = {
  production,
  development: {
    ...production,
    threads: 2,
    grace: "Infinity",
    heartbeat: "Infinity",
    shutdown: 1000,
    readyTimeout: "1 minute",
    restMillis: 0
  },
  lowLatency: { ...production, restMillis: 100, mayNap: false },
  throughput: { ...production, capacity: 8192 },
  testing: { ...production, threads: 2, capacity: 16, grace: "1 second", shutdown: 1000, restMillis: 0 }
}

/** The same, complete. */
export interface Resolved {
  readonly key: string
  /** How many workers there are at most. */
  readonly workers: number
  /** How many at least, and to begin with. */
  readonly least: number
  /** Threads in reserve. */
  readonly standby: number
  readonly recycle: Limits | undefined
  /** By what their number is decided; nothing where it is not. */
  readonly sizing: Rules | undefined
  readonly clients: number
  readonly concurrency: number
  readonly capacity: number
  readonly overflow: Overflow
  /** By lane: how many jobs run at once; nothing for any number. */
  readonly allowances: ReadonlyArray<number | undefined>
  readonly arenaBytes: number
  /** What workers are given. */
  readonly arenas: ReadonlyArray<ArenaEnd>
  readonly shutdownMillis: number
  readonly graceMillis: number
  /** 0 for any time. */
  readonly runMillis: number
  readonly restMillis: number
  readonly mayNap: boolean
  readonly spots: ReadonlyArray<Spot> | undefined
  readonly heartbeat: NonNullable<ThreadsOptions["heartbeat"]>
  readonly readyTimeout: Duration.Input
}

const IDLE = "30 seconds"
const WAIT = "20 millis"
const COOLDOWN = "1 second"
const ARENA_BYTES = 64 * 1024 * 1024
const MIN_ARENA_BYTES = 4096
const MIN_HEAP_BYTES = 32 * 1024 * 1024
const MAX_CAPACITY = 65_536
const MIN_CLIENTS = 8
const MAX_CLIENTS = 64
const MAX_CONCURRENCY = 1024

const isWithin = (value: unknown, least: number, most: number): boolean =>
  typeof value === "number" && Number.isInteger(value) && value >= least && value <= most

/** By what a size is decided, whatever one worker may run. */
type Bounds = Omit<Rules, "concurrency">

/** How many workers there are at most, and at least. */
const rangeOf = (
  threads: number | Range,
  refuse: Refuse
): Pick<Resolved, "workers" | "least"> & { readonly sizing: Bounds | undefined } => {
  if (typeof threads !== "object" || threads === null) {
    if (!isWithin(threads, 1, MAX_WORKERS)) refuse("threads", threads, `an integer from 1 to ${MAX_WORKERS}`)
    return { workers: threads, least: threads, sizing: undefined }
  }
  checkNames(threads, RANGE, refuse, "threads.")
  const { max, min } = threads
  if (!isWithin(max, 1, MAX_WORKERS)) refuse("threads.max", max, `an integer from 1 to ${MAX_WORKERS}`)
  if (!isWithin(min, 1, max)) refuse("threads.min", min, `an integer from 1 to threads.max, which is ${max}`)
  return { workers: max, least: min, sizing: sizingOf(threads, refuse) }
}

const sizingOf = (
  { adapt = true, idle = IDLE, max, min }: Range,
  refuse: Refuse
): Bounds | undefined => {
  const isObject = typeof adapt === "object" && adapt !== null
  if (typeof adapt !== "boolean" && !isObject) {
    refuse("threads.adapt", adapt, "true, false, or { wait, cooldown, memory }")
  }
  if (isObject) checkNames(adapt, ADAPT, refuse, "threads.adapt.")
  const idleMillis = durationMillis(idle)
  if (!(idleMillis > 0)) refuse("threads.idle", idle, "a duration of more than zero")
  const { cooldown = COOLDOWN, memory = Infinity, wait = WAIT } = isObject ? adapt : {}
  const [waitMillis, cooldownMillis] = [durationMillis(wait), durationMillis(cooldown)]
  if (!(waitMillis >= 0)) refuse("threads.adapt.wait", wait, "a duration of zero or more")
  if (!(cooldownMillis >= 0)) refuse("threads.adapt.cooldown", cooldown, "a duration of zero or more")
  if (memory !== Infinity && !(typeof memory === "number" && memory > 0 && memory <= 1)) {
    refuse("threads.adapt.memory", memory, "a number above 0 and up to 1")
  }
  return adapt === false || min === max ? undefined : { min, max, idleMillis, waitMillis, cooldownMillis, memory }
}

const limitsOf = (
  recycle: Recycle | undefined,
  refuse: Refuse
): Limits | undefined => {
  if (recycle === undefined) return undefined
  if (typeof recycle !== "object" || recycle === null) refuse("recycle", recycle, "{ heapBytes, jobs, age }")
  checkNames(recycle, RECYCLE, refuse, "recycle.")
  const { age = "Infinity", heapBytes = Infinity, jobs = Infinity } = recycle
  if (heapBytes !== Infinity && !isWithin(heapBytes, MIN_HEAP_BYTES, Number.MAX_SAFE_INTEGER)) {
    refuse("recycle.heapBytes", heapBytes, `an integer of ${MIN_HEAP_BYTES} or more`)
  }
  if (jobs !== Infinity && !isWithin(jobs, 1, Number.MAX_SAFE_INTEGER)) {
    refuse("recycle.jobs", jobs, "an integer of 1 or more")
  }
  const ageMillis = durationMillis(age)
  if (!(ageMillis > 0)) refuse("recycle.age", age, "a duration of more than zero")
  return { heapBytes, jobs, ageMillis }
}

const LIMITED: ReadonlyArray<unknown> = ["normal", "low"]

// What bounds nothing is none: nobody has to look for places then.
const allowancesOf = (
  allowance: NonNullable<PoolOptions["queue"]>["allowance"],
  parallelism: number,
  refuse: Refuse
): Resolved["allowances"] => {
  if (allowance === undefined) return []
  if (typeof allowance !== "object" || allowance === null) refuse("queue.allowance", allowance, "{ normal, low }")
  const other = Object.keys(allowance).find((level) => !LIMITED.includes(level))
  if (other !== undefined) refuse("queue.allowance", other, "normal and low: what is high has none")
  const lanes: Array<number | undefined> = []
  for (const [level, places] of Object.entries(allowance)) {
    if (places === undefined) continue
    if (!isWithin(places, 1, Number.MAX_SAFE_INTEGER)) {
      refuse(`queue.allowance.${level}`, places, "an integer of 1 or more")
    }
    if (places < parallelism) lanes[laneOf(LEVELS.indexOf(level))] = places
  }
  return Array.from(lanes)
}

const arenasOf = (
  arenas: PoolOptions["arenas"] = [],
  refuse: Refuse
): ReadonlyArray<ArenaEnd> => {
  const isGiven = Array.isArray(arenas) && arenas.every((arena) => arena instanceof ArenaEnd)
  return isGiven ? arenas : refuse("arenas", arenas, "an array of what ThreadArenas.open has answered")
}

// What a pool does not host.
const checkMessages = (
  protocol: Protocol,
  refuse: Refuse
): void => {
  const { messages } = protocol
  const referring = messages.find(({ error, payload, success }) => payload.refers || success.refers || error.refers)
  if (referring !== undefined) {
    refuse(
      "protocol",
      referring.tag,
      "messages without references to actors, which a worker of a pool cannot reach: have the job answer, with a stream where it says much, or send it the end of a channel"
    )
  }
  const again = messages.find(({ annotations, carries }) => carries && Context.get(annotations, Attempts) > 1)
  if (again !== undefined) {
    const attempts = Context.get(again.annotations, Attempts)
    refuse("Attempts", attempts, `1, or none, since something moves that is there once, for the message ${again.tag}`)
  }
  if (isTooLarge(protocol)) {
    refuse(
      "protocol",
      messages.length,
      `${MAX_MESSAGES} messages at most, and one more for each that is answered with a stream`
    )
  }
}

/**
 * Checks the options of a pool.
 *
 * **Errors** Throws `InvalidOptions` with the offending value.
 */
export const resolve = (
  protocol: Protocol,
  options: PoolOptions,
  cores: number,
  hardware: HardwareInfo
): Resolved => {
  const { name } = protocol
  const { arena, concurrency = 1, name: key = "pool", profile = "production", queue } = options
  const refuse: Refuse = (option, value, expected) => {
    throw new InvalidOptions({ where: `Pool ${name}/${textOf(key)}`, option, value: givenOf(value), expected })
  }
  checkNames(options, OPTIONS, refuse)
  checkNames(queue, QUEUE, refuse, "queue.")
  checkNames(arena, ARENA, refuse, "arena.")
  checkNames(options.heartbeat, heartbeatNames, refuse, "heartbeat.")
  const whole = (option: string, value: number, most: number): number =>
    isWithin(value, 1, most) ? value : refuse(option, value, `an integer from 1 to ${most}`)
  if (typeof key !== "string" || key === "" || key.includes("/")) {
    refuse("name", key, "a text that is not empty and has no \"/\"")
  }
  checkMessages(protocol, refuse)
  if (!Object.hasOwn(profiles, profile)) refuse("profile", profile, Object.keys(profiles).join(", "))
  const defaults = profiles[profile]
  const { grace = defaults.grace, readyTimeout = defaults.readyTimeout, shutdown = defaults.shutdown } = options
  const { least, sizing, workers } = rangeOf(
    options.threads ?? defaults.threads ?? Math.min(MAX_WORKERS, Math.max(2, cores)),
    refuse
  )
  const clients = options.clients ?? Math.min(MAX_CLIENTS, Math.max(MIN_CLIENTS, cores))
  if (!isWithin(clients, 0, MAX_CLIENTS)) refuse("clients", clients, `an integer from 0 to ${MAX_CLIENTS}`)
  const { standby = 0 } = options
  if (!isWithin(standby, 0, MAX_WORKERS)) refuse("standby", standby, `an integer from 0 to ${MAX_WORKERS}`)
  const { overflow = "suspend" } = queue ?? {}
  if (!policies.includes(overflow)) refuse("queue.overflow", overflow, policies.join(", "))
  const each = slotsOf(1, overflow === "dropOldest")
  const most = Math.min(MAX_CAPACITY, Math.floor(mostCapacity(workers, clients) / each))
  const capacity = queue?.capacity ?? Math.min(most, defaults.capacity)
  const arenaBytes = arena?.capacityBytes ?? ARENA_BYTES
  if (!isWithin(arenaBytes, MIN_ARENA_BYTES, MAX_ARENA_BYTES)) {
    refuse("arena.capacityBytes", arenaBytes, `an integer from ${MIN_ARENA_BYTES} to ${MAX_ARENA_BYTES}`)
  }
  const millis = shutdownMillis(shutdown)
  if (Number.isNaN(millis)) refuse("shutdown", shutdown, shutdowns)
  const graceMillis = durationMillis(grace)
  if (!(graceMillis >= 0)) refuse("grace", grace, "a duration of zero or more")
  const { runTimeout = "Infinity" } = options
  const runMillis = runMillisOf(runTimeout)
  if (Number.isNaN(runMillis)) refuse("runTimeout", runTimeout, runTimeouts)
  return {
    key,
    workers,
    least,
    sizing: sizing === undefined ? undefined : { ...sizing, concurrency },
    standby,
    recycle: limitsOf(options.recycle, refuse),
    clients,
    concurrency: whole("concurrency", concurrency, MAX_CONCURRENCY),
    capacity: whole("queue.capacity", capacity, most),
    overflow,
    allowances: allowancesOf(queue?.allowance, workers * concurrency, refuse),
    arenaBytes,
    arenas: arenasOf(options.arenas, refuse),
    shutdownMillis: millis,
    graceMillis,
    runMillis,
    restMillis: defaults.restMillis,
    mayNap: defaults.mayNap,
    spots: spotsOf(options.cpu, workers, hardware, refuse),
    heartbeat: { timeout: defaults.heartbeat, ...options.heartbeat },
    readyTimeout
  }
}
