/**
 * The options of a pool, checked and filled in.
 */
import type * as Duration from "effect/Duration"
import { InvalidOptions } from "../../actor/ActorError.ts"
import { MAX_MESSAGES, type Protocol } from "../../actor/kernel/Protocol.ts"
import { MAX_WORKERS } from "../../memory/JobTable.ts"
import { MAX_ARENA_BYTES } from "../../memory/Layouts.ts"
import { type Overflow, policies } from "../../runtime/Overflow.ts"
import { textOf } from "../../runtime/Text.ts"
import { defaultShutdownMillis, type Shutdown } from "../../supervisor/ChildSpec.ts"
import { durationMillis, shutdownMillis, shutdowns } from "../../supervisor/kernel/Millis.ts"
import type * as Cpu from "../../thread/Cpu.ts"
import type { HardwareInfo, Spot } from "../../thread/kernel/Hardware.ts"
import { spotsOf } from "../../thread/kernel/Spots.ts"
import type { ThreadsOptions } from "../../thread/kernel/ThreadGroup.ts"
import type { SpawnWorker } from "../../thread/SpawnedWorker.ts"
import { mostCapacity } from "./memory.ts"
import { slotsOf } from "./shedding.ts"
import { isTooLarge } from "./streamProtocol.ts"

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
 * - `lowLatency` keeps workers where they are woken soonest; timers and sockets of their layers wait for up to that long.
 * - `throughput` takes bursts without having senders wait, for twice the memory of a job times that many.
 * - `testing` has a queue that a test can fill.
 */
export type Profile = "development" | "production" | "lowLatency" | "throughput" | "testing"

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
  /** How many workers; default as many as the process may use cores (what its container grants), and at least 2. */
  readonly threads?: number | undefined
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
     * - `"dropOldest"`: it takes the place of the one that has waited for longest, which no worker has begun, and none of a higher `Actor.Priority`: that fails with
     *   `MailboxFull`, or is dropped if it was told. When all that is under way has been begun, or is higher, as `"dropNewest"`.
     *
     * `Pool.stats` counts what was dropped. From inside of a job it is always `"fail"`.
     */
    readonly overflow?: Overflow | undefined
  } | undefined
  /** Shared memory for payloads and replies of more than 456 bytes, all together; default 64 MiB, of which the system gives what is used. */
  readonly arena?: { readonly capacityBytes?: number | undefined } | undefined
  /** How long the pool may take at its end to handle what it has accepted; default 5 seconds. */
  readonly shutdown?: Shutdown | undefined
  /**
   * How long the handler of a job may go on that was interrupted, or whose time is over: after that its thread is replaced; default 5 seconds, `"Infinity"` for
   * never. It is as long as interruption and finalizers of a handler may take.
   */
  readonly grace?: Duration.Input | undefined
  /** How long a worker may take from its spawn until its layer is built; default 10 seconds. */
  readonly readyTimeout?: Duration.Input | undefined
}

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
}

const production: Defaults = {
  threads: undefined,
  capacity: 1024,
  grace: "5 seconds",
  heartbeat: "30 seconds",
  shutdown: defaultShutdownMillis,
  readyTimeout: "10 seconds",
  restMillis: 5
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
  lowLatency: { ...production, restMillis: 100 },
  throughput: { ...production, capacity: 8192 },
  testing: { ...production, threads: 2, capacity: 16, grace: "1 second", shutdown: 1000, restMillis: 0 }
}

/** The same, complete. */
export interface Resolved {
  readonly key: string
  readonly workers: number
  readonly clients: number
  readonly concurrency: number
  readonly capacity: number
  readonly overflow: Overflow
  readonly arenaBytes: number
  readonly shutdownMillis: number
  readonly graceMillis: number
  readonly restMillis: number
  readonly spots: ReadonlyArray<Spot> | undefined
  readonly heartbeat: NonNullable<ThreadsOptions["heartbeat"]>
  readonly readyTimeout: Duration.Input
}

const ARENA_BYTES = 64 * 1024 * 1024
const MIN_ARENA_BYTES = 4096
const MAX_CAPACITY = 65_536
const MIN_CLIENTS = 8
const MAX_CLIENTS = 64
const MAX_CONCURRENCY = 1024

const isWithin = (value: unknown, least: number, most: number): boolean =>
  typeof value === "number" && Number.isInteger(value) && value >= least && value <= most

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
  const { messages, name } = protocol
  const { arena, concurrency = 1, name: key = "pool", profile = "production", queue } = options
  const refuse = (option: string, value: unknown, expected: string): never => {
    throw new InvalidOptions({ where: `Pool ${name}/${textOf(key)}`, option, value: textOf(value), expected })
  }
  const whole = (option: string, value: number, most: number): number =>
    isWithin(value, 1, most) ? value : refuse(option, value, `an integer from 1 to ${most}`)
  if (typeof key !== "string" || key === "" || key.includes("/")) {
    refuse("name", key, "a text that is not empty and has no \"/\"")
  }
  const moving = messages.find(({ carries, error, success }) => carries || success.carries || error.carries)
  if (moving !== undefined) {
    refuse("protocol", moving.tag, "messages with nothing that moves between threads: no parcels, no ends of channels")
  }
  if (isTooLarge(protocol)) {
    refuse(
      "protocol",
      messages.length,
      `${MAX_MESSAGES} messages at most, and one more for each that is answered with a stream`
    )
  }
  if (!Object.hasOwn(profiles, profile)) refuse("profile", profile, Object.keys(profiles).join(", "))
  const defaults = profiles[profile]
  const { grace = defaults.grace, readyTimeout = defaults.readyTimeout, shutdown = defaults.shutdown } = options
  const workers = whole(
    "threads",
    options.threads ?? defaults.threads ?? Math.min(MAX_WORKERS, Math.max(2, cores)),
    MAX_WORKERS
  )
  const clients = options.clients ?? Math.min(MAX_CLIENTS, Math.max(MIN_CLIENTS, cores))
  if (!isWithin(clients, 0, MAX_CLIENTS)) refuse("clients", clients, `an integer from 0 to ${MAX_CLIENTS}`)
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
  return {
    key,
    workers,
    clients,
    concurrency: whole("concurrency", concurrency, MAX_CONCURRENCY),
    capacity: whole("queue.capacity", capacity, most),
    overflow,
    arenaBytes,
    shutdownMillis: millis,
    graceMillis,
    restMillis: defaults.restMillis,
    spots: spotsOf(options.cpu, workers, hardware, refuse),
    heartbeat: { timeout: defaults.heartbeat, ...options.heartbeat },
    readyTimeout
  }
}
