/**
 * How an actor does something that takes long without holding up its mailbox: the effect runs beside its messages, and how that ended is told to
 * it as a message of its own protocol.
 *
 * It is taken while the behaviour is built (`Page.pipeToSelf`), and belongs to that incarnation. What it promises:
 *
 * - one message for one effect, however that ended: with a result, an error, a defect, or interrupted;
 * - it is handled in its turn, like every message, and takes no room in the mailbox;
 * - effects that are under way when the incarnation ends are interrupted, and it ends when they have; nothing of them comes to the next one;
 * - an actor that is stopped in order waits for them, as for what it has accepted, and is not idle meanwhile.
 *
 * **Example** (A page that is fetched while others look at it)
 *
 * ```ts
 * import { Actor } from "shared-nothing"
 * import * as Effect from "effect/Effect"
 * import * as Exit from "effect/Exit"
 * import * as Rpc from "effect/rpc/Rpc"
 * import * as Schema from "effect/Schema"
 *
 * declare const download: Effect.Effect<string, Error>
 *
 * const Page = Actor.make("Page", [
 *   Rpc.make("Refresh"),
 *   Rpc.make("Refreshed", { payload: { text: Schema.Option(Schema.String) } }),
 *   Rpc.make("Read", { success: Schema.String })
 * ])
 *
 * const PageLive = Page.toLayer(Effect.gen(function*() {
 *   const pipeToSelf = yield* Page.pipeToSelf
 *   let latest = ""
 *   return Page.of({
 *     Refresh: () => pipeToSelf.Refreshed(download, (exit) => ({ text: Exit.getSuccess(exit) })),
 *     Refreshed: ({ text }) => {
 *       if (text._tag === "Some") latest = text.value
 *       return Effect.void
 *     },
 *     Read: () => Effect.succeed(latest)
 *   })
 * }))
 * ```
 */
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Rpc from "effect/rpc/Rpc"
import type * as Scope from "effect/Scope"
import type { Plain } from "./ActorRef.ts"
import { Pipes } from "./internal/pipes.ts"
import { CurrentActor } from "./kernel/Behaviour.ts"
import type { Cell } from "./kernel/Cell.ts"
import type { Protocol } from "./kernel/Protocol.ts"

/** What a message says about the end of an effect; nothing where it has no payload. */
export type Piping<R extends Rpc.Any, A, E> = Rpc.Payload<R> extends void ? [payload?: undefined]
  : [payload: (exit: Exit.Exit<A, E>) => Rpc.PayloadConstructor<R>]

/**
 * One way to pipe per message: `pipeToSelf.Fetched(fetch(url), (exit) => ({ exit }))`. It begins the effect, with the services of whoever runs this, and
 * goes on.
 *
 * **Details** The payload is made when the message is handled; what that throws, or a payload that breaks its schema, is a crash of the handler. Of a message that something moves with (an `Iso`, a parcel) it is made
 * also when the incarnation ends before that, to release what would have moved.
 *
 * **Gotchas** However many are under way, the mailbox goes on: who begins one with each message bounds them.
 */
export type PipeToSelf<Rpcs extends Rpc.Any> = {
  readonly [R in Plain<Rpcs> as R["_tag"]]: <A, E, Needs>(
    effect: Effect.Effect<A, E, Needs>,
    ...piping: Piping<R, A, E>
  ) => Effect.Effect<void, never, Needs>
}

const nothing = () => undefined

// A message may have any tag, so the facade keeps what is its own under a symbol.
const Account = Symbol("pipes")

interface Facade {
  readonly [Account]: Pipes
}

// One method a message, made once a protocol and not once an incarnation.
const facadeClass = (protocol: Protocol): new(pipes: Pipes) => unknown => {
  class Messages {
    declare readonly [Account]: Pipes
    constructor(pipes: Pipes) {
      this[Account] = pipes
    }
  }
  for (const { index, tag } of protocol.messages) {
    Object.defineProperty(Messages.prototype, tag, {
      // Which results `effect` has is in the type of `PipeToSelf`.
      value(
        this: Facade,
        effect: Effect.Effect<unknown, unknown>,
        payload: (exit: Exit.Exit<any, any>) => unknown = nothing
      ) {
        return Effect.withFiber<void>((fiber) => {
          this[Account].begin(fiber.context, effect, index, payload)
          return Effect.void
        })
      }
    })
  }
  return Messages
}

/** What pipes to the incarnation that is being built. */
export const make = <Rpcs extends Rpc.Any>(
  protocol: Protocol
): Effect.Effect<PipeToSelf<Rpcs>, never, CurrentActor | Scope.Scope> => {
  let made: ReturnType<typeof facadeClass> | undefined
  return Effect.flatMap(CurrentActor, ({ recipient }) => {
    const Messages = made ??= facadeClass(protocol)
    const pipes = new Pipes(recipient as Cell)
    return Effect.as(Effect.addFinalizer(() => pipes.close), new Messages(pipes) as PipeToSelf<Rpcs>)
  })
}
