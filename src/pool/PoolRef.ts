/**
 * What a reference to a pool can be told of a message beside what one to an actor can.
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Rpc from "effect/rpc/Rpc"
import type { TellError } from "../actor/ActorError.ts"
import type * as ActorRef from "../actor/ActorRef.ts"
import type { Level } from "../actor/Priority.ts"

/** What is said of one job, and stands above what its message says. */
export interface JobOptions {
  /**
   * Its key, a text of 1 to 1,024 characters: one worker has all jobs of a key, one of them runs at a time, and those of one sender begin in the order in which they were sent. It goes
   * to the worker to which a `Route.byKey` of its message would send it by this key, by the highest random weight unless that says otherwise; any other route of the message is not asked.
   *
   * **Errors** The job fails with `NotRouted` for what is no such text.
   */
  readonly key?: string | undefined
  /**
   * How urgent it is among what waits, in place of the `Actor.Priority` of its message. Priorities are among keys: jobs of one key that one sender has sent begin in order, whatever they have.
   * Where a full queue gives something up for what is newer (`"dropOldest"`) it counts for each job by itself, with a key or without.
   *
   * **Errors** The send dies with `InvalidOptions` for what is none of the three; the `Unsafe` ones throw it.
   */
  readonly priority?: Level | undefined
  /**
   * How long its run may take, from the call of its handler on; more than zero, up to 24 days, default the `runTimeout` of the pool, and `"Infinity"` for none. Each attempt
   * (`Pool.Attempts`) has this time, and the wait in the queue is none of it. Of a message that is answered with a stream it is the time to the first element.
   *
   * **Errors** A job that has run for longer fails with an `AskTimeout` whose `run` says how long it has waited and run; its handler is interrupted, and its thread replaced if it has not ended after `grace`. Of one
   * that was told the log says so. The send dies with `InvalidOptions` for what is no such duration; the `Unsafe` ones throw it.
   *
   * **Gotchas** The `timeout` of an ask is another time, which begins with the ask: 5 seconds unless told.
   */
  readonly runTimeout?: Duration.Input | undefined
}

/** Options of one ask. */
export interface AskOptions extends ActorRef.AskOptions, JobOptions {}

/** Options of one ask that is answered with a stream. */
export interface StreamOptions extends ActorRef.StreamOptions, JobOptions {}

/** The arguments of a tell: a message without payload takes its options alone, or after an `undefined` in its place. */
export type TellArguments<R extends Rpc.Any> = ActorRef.AskArguments<R, JobOptions>

/** One `tell` per message that is not answered with a stream. */
export type Tell<Rpcs extends Rpc.Any> = {
  readonly [R in ActorRef.Plain<Rpcs> as R["_tag"]]: (...args: TellArguments<R>) => Effect.Effect<void, TellError>
}

/** One synchronous `tell` per message that is not answered with a stream. */
export type TellUnsafe<Rpcs extends Rpc.Any> = {
  readonly [R in ActorRef.Plain<Rpcs> as R["_tag"]]: (...args: TellArguments<R>) => boolean
}

/**
 * A reference to a pool: one to an actor of the same protocol, and used as such wherever one is asked for, whose messages can be given a key and a priority.
 *
 * **Example** (What a customer waits for comes before what nobody does)
 *
 * ```ts
 * import type * as Rpc from "effect/rpc/Rpc"
 * import type * as Schema from "effect/Schema"
 * import type { Pool } from "shared-nothing"
 *
 * declare const invoices: Pool.PoolRef<Rpc.Rpc<"Render", Schema.Struct<{ readonly customer: typeof Schema.String }>, typeof Schema.String>>
 *
 * const now = invoices.ask.Render({ customer: "ada" }, { key: "ada", priority: "high", timeout: "2 seconds" })
 * const later = invoices.tell.Render({ customer: "bob" }, { key: "bob", priority: "low" })
 * ```
 */
export type PoolRef<Rpcs extends Rpc.Any> = ActorRef.ActorRef<Rpcs> & JobSends<Rpcs>

/** What a reference to a pool has beside that of one to an actor: both stand under the same names. */
export interface JobSends<Rpcs extends Rpc.Any> {
  /** As that of an actor; {@link JobOptions} behind the payload. */
  readonly tell: Tell<Rpcs>
  /** As that of an actor; {@link JobOptions} behind the payload. */
  readonly tellUnsafe: TellUnsafe<Rpcs>
  /** As that of an actor; {@link JobOptions} beside the `timeout`. */
  readonly ask: ActorRef.Ask<Rpcs, AskOptions, StreamOptions>
  /** As that of an actor; {@link JobOptions} beside the `timeout`. */
  readonly askUnsafe: ActorRef.AskUnsafe<Rpcs, AskOptions>
}
