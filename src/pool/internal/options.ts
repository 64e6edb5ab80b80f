/**
 * The options of a pool, checked and filled in.
 */
import type * as Duration from "effect/Duration"
import { InvalidOptions } from "../../actor/ActorError.ts"
import type { Protocol } from "../../actor/kernel/Protocol.ts"
import { MAX_WORKERS } from "../../memory/JobTable.ts"
import { MAX_ARENA_BYTES } from "../../memory/Layouts.ts"
import { textOf } from "../../runtime/Text.ts"
import { defaultShutdownMillis, type Shutdown } from "../../supervisor/ChildSpec.ts"
import { durationMillis, shutdownMillis, shutdowns } from "../../supervisor/kernel/Millis.ts"
import type { ThreadsOptions } from "../../thread/kernel/ThreadGroup.ts"
import type { SpawnedWorker } from "../../thread/SpawnedWorker.ts"
import { mostCapacity } from "./memory.ts"

/** How a pool is made. */
export interface PoolOptions extends Omit<ThreadsOptions, "standby"> {
  /** Makes a worker; called once per start and restart: `() => new Worker(new URL("./worker.ts", import.meta.url))`. */
  readonly spawn: () => SpawnedWorker
  /** What the pool is called in errors and logs, behind the name of its protocol; default `"pool"`. */
  readonly name?: string | undefined
  /** How many workers; default as many as the process may use cores, and at least 2. */
  readonly threads?: number | undefined
  /** How many jobs one worker begins before others have ended, for handlers that wait; default 1. */
  readonly concurrency?: number | undefined
  readonly queue?: {
    /** How many jobs each thread can have under way, those that run included; default 1024, at most 65,536, and 32,768 with more than 41 threads. */
    readonly capacity?: number | undefined
    /** What who submits meets when there is no room: it waits (`"suspend"`, the default), or fails with `MailboxFull`. */
    readonly overflow?: "suspend" | "fail" | undefined
  } | undefined
  /** Shared memory for payloads and replies of more than 464 bytes, all together; default 64 MiB, of which the system gives what is used. */
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

/** The same, complete. */
export interface Resolved {
  readonly key: string
  readonly workers: number
  readonly concurrency: number
  readonly capacity: number
  readonly waits: boolean
  readonly arenaBytes: number
  readonly shutdownMillis: number
  readonly graceMillis: number
}

const ARENA_BYTES = 64 * 1024 * 1024
const MIN_ARENA_BYTES = 4096
const CAPACITY = 1024
const GRACE = "5 seconds"
const MAX_CAPACITY = 65_536
const MAX_CONCURRENCY = 1024

const isWithin = (value: unknown, least: number, most: number): boolean =>
  typeof value === "number" && Number.isInteger(value) && value >= least && value <= most

/**
 * Checks the options of a pool.
 *
 * **Errors** Throws `InvalidOptions` with the offending value.
 */
export const resolve = (
  { messages, name }: Protocol,
  options: PoolOptions,
  cores: number
): Resolved => {
  const {
    arena,
    concurrency = 1,
    grace = GRACE,
    name: key = "pool",
    queue,
    shutdown = defaultShutdownMillis,
    threads
  } = options
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
  const streamed = messages.find(({ isStream }) => isStream)
  if (streamed !== undefined) {
    refuse(
      "protocol",
      streamed.tag,
      "messages that are not answered with a stream: a job has one outcome; actors answer with streams"
    )
  }
  const { capacity = CAPACITY, overflow = "suspend" } = queue ?? {}
  if (overflow !== "suspend" && overflow !== "fail") refuse("queue.overflow", overflow, "suspend, fail")
  const arenaBytes = arena?.capacityBytes ?? ARENA_BYTES
  if (!isWithin(arenaBytes, MIN_ARENA_BYTES, MAX_ARENA_BYTES)) {
    refuse("arena.capacityBytes", arenaBytes, `an integer from ${MIN_ARENA_BYTES} to ${MAX_ARENA_BYTES}`)
  }
  const millis = shutdownMillis(shutdown)
  if (Number.isNaN(millis)) refuse("shutdown", shutdown, shutdowns)
  const graceMillis = durationMillis(grace)
  if (!(graceMillis >= 0)) refuse("grace", grace, "a duration of zero or more")
  const workers = whole("threads", threads ?? Math.min(MAX_WORKERS, Math.max(2, cores)), MAX_WORKERS)
  return {
    key,
    workers,
    concurrency: whole("concurrency", concurrency, MAX_CONCURRENCY),
    capacity: whole("queue.capacity", capacity, Math.min(MAX_CAPACITY, mostCapacity(workers))),
    waits: overflow === "suspend",
    arenaBytes,
    shutdownMillis: millis,
    graceMillis
  }
}
