/**
 * What can be asked of a running actor beside its messages: to end, to rest, to say how it is.
 *
 * Whoever holds a reference may do so: within one program a reference is the capability. It makes no difference where the actor
 * lives. A command does not wait behind messages, needs no room in a mailbox, and is always answered: also by an actor that is
 * paused, that crashes over and over, or that has ended.
 *
 * **Example** (The end of an actor, with everything that it has accepted)
 *
 * ```ts run
 * import { Actor, ActorControl, ActorSystem, ExitReason } from "shared-nothing"
 * import * as Console from "effect/Console"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 * import * as Rpc from "effect/rpc/Rpc"
 * import * as Schema from "effect/Schema"
 *
 * const Printer = Actor.make("Printer", [Rpc.make("Print", { payload: { page: Schema.Int } })])
 * const PrinterLive = Printer.toLayer(Effect.succeed(Printer.of({ Print: ({ page }) => Console.log(`page ${page}`) })))
 *
 * const program = Effect.gen(function*() {
 *   const printer = yield* Printer.spawn("office")
 *   yield* ActorControl.pause(printer)
 *   yield* printer.tell.Print({ page: 1 })
 *   yield* Console.log((yield* ActorControl.ping(printer)).status) // => paused
 *   const reason = yield* ActorControl.drain(printer)
 *   // => page 1
 *   yield* Console.log(ExitReason.render(reason)) // => its program ended it
 * })
 *
 * await Effect.runPromise(Effect.scoped(program).pipe(
 *   Effect.provide(PrinterLive.pipe(Layer.provideMerge(ActorSystem.layer)))
 * ))
 * ```
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { givenOf } from "../runtime/Options.ts"
import type { Shutdown } from "../supervisor/ChildSpec.ts"
import { shutdownMillis, shutdowns } from "../supervisor/kernel/Millis.ts"
import { type ControlError, InvalidOptions } from "./ActorError.ts"
import { type Any, type AskOptions, recipientOf } from "./ActorRef.ts"
import * as ExitReason from "./ExitReason.ts"
import { isWithin } from "./internal/batch.ts"
import { request } from "./internal/request.ts"
import {
  type Answer,
  type Command,
  INSPECT,
  KILL,
  type Kind,
  PAUSE,
  PING,
  type Pong,
  RESUME,
  STOP
} from "./kernel/Command.ts"
import { actorName } from "./kernel/Protocol.ts"
import type { Recipient } from "./kernel/Recipient.ts"

export type { ControlError } from "./ActorError.ts"
export type { Pong, Status } from "./kernel/Command.ts"

/**
 * Ends an actor in order and answers why it has ended, once it has: nothing is accepted from now on, what was accepted is handled
 * within its time, and what is left then is dropped.
 *
 * **Details**
 *
 * `within` is that time; default the `shutdown` of its spawn. What this thread had told it before counts as accepted. One that is
 * paused goes on for it, and one that crashes is restarted for it. The answer comes when what it held is released, and its name is
 * free; at once, with the reason of its end, for one that has ended already (`Forgotten`, where its thread knows no more of it). A
 * stop outlasts the death of the actor's thread: the actor does not come back.
 *
 * A handler that stops its own actor does not wait for it: the answer is at hand, and the actor ends when the handler has.
 *
 * Below a supervisor this is a normal end, after which a `"permanent"` child is started again; `terminateChild` keeps it down.
 *
 * **Errors** Dies with `InvalidOptions` for a time that is none.
 */
export const stop = (
  ref: Any,
  options?: { readonly within?: Shutdown | undefined }
): Effect.Effect<ExitReason.ExitReason> => end(ref, STOP, options?.within, ExitReason.asked)

/** Ends an actor in order, however long that takes: the same as {@link stop} within `"infinity"`. */
export const drain = (ref: Any): Effect.Effect<ExitReason.ExitReason> => end(ref, STOP, "infinity", ExitReason.asked)

/**
 * Ends an actor now, for the reason `Killed`, and answers once it has ended, as {@link stop} does.
 *
 * **Details**
 *
 * The handler that runs is interrupted, asks fail with `ActorStopped`, tells are dropped, which is counted and logged. What the actor
 * holds is released all the same: its finalizers have 5 seconds. Below a supervisor this is a crash.
 *
 * **Gotchas** Code that never lets go of its thread cannot be interrupted: on a worker the watch over the threads ends that thread.
 */
export const kill = (ref: Any): Effect.Effect<ExitReason.ExitReason> => end(ref, KILL, undefined, ExitReason.killed)

/**
 * Lets an actor come to rest, and answers when no handler runs: it accepts messages, and handles none until {@link resume}.
 *
 * **Details**
 *
 * It stays paused over restarts. It goes on by itself only when it is stopped, for what it has accepted; its thread's death ends the pause.
 *
 * **Errors** `AskTimeout`: its handler has not come to its end within the `timeout`; it comes to rest when it has. `ActorStopped`: it has
 * ended, or ends. `ThreadLost`: its thread is down.
 */
export const pause = (ref: Any, options?: AskOptions): Effect.Effect<void, ControlError> =>
  Effect.withFiber((fiber) => {
    const recipient = recipientOf(ref)
    if (!isWithin(fiber, recipient.running)) return Effect.asVoid(request(recipientOf(ref), PAUSE, options, isDone))
    // It comes to rest when its own handler has ended, which cannot wait for that.
    recipient.command({ kind: PAUSE, withinMillis: undefined }, nothing)
    return Exit.void
  })

/**
 * Lets an actor go on that was paused; nothing happens to one that was not.
 *
 * **Errors** `ActorStopped`, `AskTimeout` (its thread does not answer), `ThreadLost`.
 */
export const resume = (ref: Any, options?: AskOptions): Effect.Effect<void, ControlError> =>
  Effect.asVoid(request(recipientOf(ref), RESUME, options, isDone))

/**
 * Asks how an actor is: its thread answers, beside all messages, whatever the actor is doing.
 *
 * **Errors** `ActorStopped`, `AskTimeout` (its thread does not answer: its code holds it, or there is too much to do), `ThreadLost`.
 */
export const ping = (ref: Any, options?: AskOptions): Effect.Effect<Pong, ControlError> =>
  request(recipientOf(ref), PING, options, (answer) => answer._tag === "Pong" ? answer.pong : undefined)

/**
 * Shows the state of a running actor: what its behaviour gives out with `Actor.inspectable`, as it is between two steps of its code.
 *
 * **Details** Answers a copy as plain data, as errors travel: what JSON makes of it up to 4,000 characters, else its text. `undefined` for a behaviour
 * that shows nothing, and between two incarnations.
 *
 * **Errors** `ActorStopped`, `AskTimeout` (its thread does not answer), `ThreadLost`. Dies with what showing it has thrown.
 */
export const inspect = (ref: Any, options?: AskOptions): Effect.Effect<unknown, ControlError> =>
  Effect.flatten(
    request(recipientOf(ref), INSPECT, options, (answer) =>
      answer._tag === "State"
        ? Exit.succeed(answer.state)
        : answer._tag === "Died"
        ? Exit.die(answer.defect)
        : undefined)
  )

const isDone = (answer: Answer): true | undefined => answer._tag === "Done" ? true : undefined

const nothing = () => {}

const end = (
  ref: Any,
  kind: Kind,
  within: Shutdown | undefined,
  asked: ExitReason.ExitReason
): Effect.Effect<ExitReason.ExitReason> =>
  Effect.withFiber((fiber) => {
    const recipient = recipientOf(ref)
    const command: Command = { kind, withinMillis: within === undefined ? undefined : millisOf(recipient, within) }
    // Its own handler, or what that has forked, would wait for itself.
    if (isWithin(fiber, recipient.running)) {
      recipient.command(command, nothing)
      return Exit.succeed(asked)
    }
    return Effect.callback<ExitReason.ExitReason>((resume) => {
      const forget = recipient.command(command, (answer) => {
        // Nothing else answers the end of an actor.
        if (answer._tag === "Ended") resume(Exit.succeed(answer.reason))
      })
      return Effect.sync(forget)
    })
  })

const millisOf = ({ key, protocol }: Recipient, within: Shutdown): number => {
  const millis = shutdownMillis(within)
  if (!Number.isNaN(millis)) return millis
  const where = actorName(protocol, key)
  throw new InvalidOptions({ where, option: "within", value: givenOf(within), expected: shutdowns })
}
