/**
 * How an actor hears of the ends of others: as messages of its own protocol.
 *
 * A watcher is taken while the behaviour is built (`Counter.watcher`), and belongs to that incarnation. What it promises:
 *
 * - one message for one watch, also of an actor that has ended long ago, was never there, or dies with its thread;
 * - it comes when the actor has ended for good and what it held is released; a restart is no end;
 * - it comes behind what the actor has sent to this one, and is handled in its turn like any other message;
 * - after `unwatch` it does not come, not even when it was waiting in the mailbox already.
 *
 * Whoever is no actor waits for `ref.down`.
 */
import * as Effect from "effect/Effect"
import type * as Rpc from "effect/rpc/Rpc"
import type * as Scope from "effect/Scope"
import type { ActorRef, Any, Down, Plain } from "./ActorRef.ts"
import { Watches } from "./internal/watches.ts"
import { CurrentActor } from "./kernel/Behaviour.ts"
import type { Cell } from "./kernel/Cell.ts"
import type { Protocol } from "./kernel/Protocol.ts"

export type { Down } from "./ActorRef.ts"

/** What a message says about the end of an actor; nothing where it has no payload. */
export type Telling<R extends Rpc.Any, Rpcs extends Rpc.Any> = Rpc.Payload<R> extends void ? [payload?: undefined]
  : [payload: (down: Down<Rpcs>) => Rpc.PayloadConstructor<R>]

/** One way to watch per message. */
export type Watch<Rpcs extends Rpc.Any> = {
  readonly [R in Plain<Rpcs> as R["_tag"]]: <Watched extends Rpc.Any>(
    ref: ActorRef<Watched>,
    ...telling: Telling<R, Watched>
  ) => Effect.Effect<void>
}

/** See the module. */
export interface Watcher<Rpcs extends Rpc.Any> {
  /**
   * Has the end of an actor told as this message: `watch.Left(member, ({ ref, reason }) => ({ key: ref.key }))`.
   *
   * **Details** An actor that is watched already is told of as the message named last, once. The payload is made when the
   * message is handled; what that throws, or a payload that breaks its schema, is a crash of the handler.
   *
   * **Gotchas** The watch ends with the incarnation that made it: whoever is built after a crash watches again, and
   * hears at once of those who have ended meanwhile. An actor that is stopping is told of no more ends.
   */
  readonly watch: Watch<Rpcs>
  /**
   * Links this actor and another, on whatever threads they are: when one of them ends by a failure the other ends too, now, for the reason
   * `Linked`, which says who has ended and why.
   *
   * **Details** Neither an end that was asked for nor a restart counts; an end of which nothing is known (`Forgotten`) does. An actor that would rather be
   * told watches the other, and bears its end: here what was said last holds, and there whatever was said. Below a supervisor the end is a crash.
   *
   * **Gotchas** After a restart, of itself or of its thread, an actor is linked to nobody, while the other still is to it; one that links while it is
   * built is linked again. An actor that comes up by its key is not ended by this one.
   */
  readonly link: (ref: Any) => Effect.Effect<void>
  /** Watches an actor no longer, nor are the two linked by this one: nothing is told of its end from here on. Nothing happens when it was neither. */
  readonly unwatch: (ref: Any) => Effect.Effect<void>
}

const nothing = () => undefined

// A message may have any tag, so the facade keeps what is its own under a symbol.
const Account = Symbol("watches")

interface Facade {
  readonly [Account]: Watches
}

// One method a message, made once a protocol and not once an incarnation.
const facadeClass = (protocol: Protocol): new(watches: Watches) => unknown => {
  class Messages {
    declare readonly [Account]: Watches
    constructor(watches: Watches) {
      this[Account] = watches
    }
  }
  for (const { index, tag } of protocol.messages) {
    Object.defineProperty(Messages.prototype, tag, {
      // Whatever the messages of `ref` are: `Watch` says which payload belongs to which tag.
      value(this: Facade, ref: Any, payload: (down: Down<any>) => unknown = nothing) {
        return Effect.sync(() => this[Account].watch(ref, index, payload))
      }
    })
  }
  return Messages
}

/** The watcher of the incarnation that is being built. */
export const make = <Rpcs extends Rpc.Any>(
  protocol: Protocol
): Effect.Effect<Watcher<Rpcs>, never, CurrentActor | Scope.Scope> => {
  const Messages = facadeClass(protocol)
  return Effect.flatMap(CurrentActor, ({ recipient }) => {
    const watches = new Watches(recipient as Cell)
    const watcher: Watcher<Rpcs> = {
      watch: new Messages(watches) as Watch<Rpcs>,
      link: (ref) => Effect.sync(() => watches.link(ref)),
      unwatch: (ref) => Effect.sync(() => watches.unwatch(ref))
    }
    return Effect.as(Effect.addFinalizer(() => Effect.sync(() => watches.close())), watcher)
  })
}
