/**
 * Channels: typed queues between fibers of one thread, and between threads, with the same ends.
 *
 * A channel has a schema, a kind (how many ends it has), a capacity and an overflow policy. {@link make} makes one for the
 * fibers of this thread; it passes values by reference. `SharedChannel.make` makes one whose ends can be handed to other
 * threads; it encodes values into shared memory. What a sender and a receiver can do, and promise, is in `Sender.ts` and
 * `Receiver.ts`, and is the same for both.
 *
 * It never stays open longer than its scope.
 */
import * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { CurrentThread } from "../thread/kernel/CurrentThread.ts"
import type { ReceiveFailure } from "./ChannelError.ts"
import { type Options, settingsOf } from "./ChannelOptions.ts"
import type { ChannelStats } from "./ChannelStats.ts"
import { checkOf } from "./internal/check.ts"
import { makeLocalBroadcast } from "./internal/localBroadcast.ts"
import { makeLocal } from "./internal/localChannel.ts"
import type { Receiver } from "./Receiver.ts"
import type { Sender } from "./Sender.ts"

export type { Kind, Options, Overflow, SharedOptions } from "./ChannelOptions.ts"
export type { ChannelStats } from "./ChannelStats.ts"
export { isReceiver } from "./Receiver.ts"
export type { Branches, Selected } from "./Select.ts"
export { select } from "./Select.ts"
export { isSender } from "./Sender.ts"
export type { Receiver, Sender }

/** A channel of `A`, as who made it holds it. */
export interface Channel<in out A> {
  /** The name in errors and statistics. */
  readonly name: string
  /** The first sending end. More: `sender.clone`. */
  readonly sender: Sender<A>
  /** The first receiving end. More: `receiver.clone`. */
  readonly receiver: Receiver<A>
  /**
   * Closes the channel for everybody: senders fail with `ChannelClosed` and have their values back, receivers first
   * receive what is there.
   */
  readonly close: Effect.Effect<void>
  /** What has happened so far. */
  readonly stats: Effect.Effect<ChannelStats>
}

/**
 * Makes a channel between the fibers of this thread; it is closed with the scope.
 *
 * **Details** Values are passed by reference and checked by the schema, never encoded. A fiber that waits goes on in a task
 * of its own, after the fiber that sent to it has paused.
 *
 * **Errors** Dies with `InvalidChannel` for options that make no sense.
 *
 * **Example** (Two fibers)
 * ```ts run
 * import * as Console from "effect/Console"
 * import * as Effect from "effect/Effect"
 * import * as Schema from "effect/Schema"
 * import * as Stream from "effect/Stream"
 * import { Channel } from "shared-nothing"
 *
 * const program = Effect.gen(function*() {
 *   const { receiver, sender } = yield* Channel.make(Schema.Int, { capacity: 2 })
 *   yield* Effect.forkChild(Effect.andThen(sender.sendAll([1, 2, 3, 4]), sender.close))
 *   yield* Stream.runForEach(receiver.stream, Console.log)
 * })
 *
 * await Effect.runPromise(Effect.scoped(program))
 * // => 1
 * // => 2
 * // => 3
 * // => 4
 * ```
 */
export const make = <S extends Schema.Top>(
  schema: S,
  options: Options = {}
): Effect.Effect<Channel<S["Type"]>, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.map(CurrentThread, (thread): Channel<S["Type"]> => {
      const settings = settingsOf(options)
      const check = checkOf(schema, thread)
      const made = settings.kind === "broadcast"
        ? makeLocalBroadcast(thread, settings, check)
        : makeLocal(thread, settings, check)
      return { name: settings.name, ...made }
    }),
    (channel) => channel.close
  )

/**
 * All messages of several receivers as they come, until every one of them is closed.
 *
 * **Details** Each receiver is read by a fiber of its own, a batch at a time: a busy one holds none of the others up.
 */
export const merge = <A>(receivers: Iterable<Receiver<A>>): Stream.Stream<A, ReceiveFailure> =>
  Stream.mergeAll([...receivers].map((receiver) => receiver.stream), { concurrency: "unbounded" })
