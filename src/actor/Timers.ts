/**
 * The timers of an actor: messages of its own protocol that it is told by the clock.
 *
 * Timers are taken while the behaviour is built (`Session.timers`), and belong to that incarnation. What they promise:
 *
 * - a timer has a key: to start one again replaces it, and what the old one had told and is not handled is not handled any more;
 * - what is due is handled in its turn, like every message, and takes no room in the mailbox; of one timer never two wait;
 * - they end with their incarnation, and as soon as the actor drains; one that is paused has what is due handled when it goes on;
 * - time is Effect's `Clock`, so that a test can move it.
 *
 * **Example** (A session that ends when nobody has touched it for a while)
 *
 * ```ts
 * import { Actor } from "shared-nothing"
 * import * as Effect from "effect/Effect"
 * import * as Rpc from "effect/rpc/Rpc"
 *
 * const Session = Actor.make("Session", [Rpc.make("Touch"), Rpc.make("Expire")])
 *
 * const SessionLive = Session.toLayer(Effect.gen(function*() {
 *   const timers = yield* Session.timers
 *   const touch = timers.once.Expire("expiry", "30 minutes")
 *   yield* touch
 *   return Session.of({
 *     Touch: () => touch,
 *     Expire: () => Effect.log("nobody is there")
 *   })
 * }))
 * ```
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Rpc from "effect/rpc/Rpc"
import type * as Scope from "effect/Scope"
import { givenOf } from "../runtime/Options.ts"
import { durationMillis } from "../supervisor/kernel/Millis.ts"
import { InvalidOptions, InvalidPayload } from "./ActorError.ts"
import type { PayloadArguments, Plain } from "./ActorRef.ts"
import { FIXED_DELAY, FIXED_RATE, ONCE, type Rhythm, Timers as Account } from "./internal/timer.ts"
import { CurrentActor } from "./kernel/Behaviour.ts"
import type { Cell } from "./kernel/Cell.ts"
import { BROKEN, checked } from "./kernel/Payload.ts"
import type { Message, Protocol } from "./kernel/Protocol.ts"

/** One way to start a timer per message: its key, its time, and what the message says. */
export type Start<Rpcs extends Rpc.Any> = {
  readonly [R in Plain<Rpcs> as R["_tag"]]: (
    key: string,
    duration: Duration.Input,
    ...payload: PayloadArguments<R>
  ) => Effect.Effect<void>
}

/**
 * See the module.
 *
 * **Errors** To start a timer dies with `InvalidOptions` for a time that is not above zero and for a message that something moves with, which is there
 * once, and with `InvalidPayload` for a payload that breaks its schema.
 */
export interface Timers<Rpcs extends Rpc.Any> {
  /** The message comes once: `timers.once.Expire("expiry", "30 minutes")`. */
  readonly once: Start<Rpcs>
  /** It comes again and again, each so long after the one before was handled. */
  readonly fixedDelay: Start<Rpcs>
  /**
   * It comes again and again, at times that are so far apart, counted from the start.
   *
   * **Details** Times that come while one waits are left out, and not made up for: whoever was slow is not told in a burst.
   */
  readonly fixedRate: Start<Rpcs>
  /** Ends the timer of a key, if there is one; what it had told and is not handled is not handled any more. */
  readonly cancel: (key: string) => Effect.Effect<void>
  /** Ends all of them. */
  readonly cancelAll: Effect.Effect<void>
  /** Whether there is a timer of this key: of one that comes once, until that is handled. */
  readonly isActive: (key: string) => Effect.Effect<boolean>
}

// A message may have any tag, so the facades keep what is their own under symbols.
const Own = Symbol("timers")
const Beat = Symbol("rhythm")

interface Facade {
  readonly [Own]: Account
  readonly [Beat]: Rhythm
}

type FacadeClass = new(account: Account, rhythm: Rhythm) => unknown

const valid = (protocol: Protocol, message: Message, payload: unknown): unknown => {
  const made = checked(message, payload)
  if (made !== BROKEN) return made
  const undelivered = { tag: message.tag, payload }
  throw new InvalidPayload({ actor: `${protocol.name}.timers`, issue: message.payload.explain(payload), undelivered })
}

/** A time above zero. */
export const millisOf = (where: string, option: string, duration: Duration.Input): number => {
  const millis = durationMillis(duration)
  if (millis > 0) return millis
  throw new InvalidOptions({ where, option, value: givenOf(duration), expected: "a duration above zero" })
}

// One method a message, made once a protocol and not once an incarnation.
const facadeClass = (protocol: Protocol): FacadeClass => {
  class Messages {
    declare readonly [Own]: Account
    declare readonly [Beat]: Rhythm
    constructor(account: Account, rhythm: Rhythm) {
      this[Own] = account
      this[Beat] = rhythm
    }
  }
  const where = `${protocol.name}.timers`
  for (const message of protocol.messages) {
    const { index, tag } = message
    Object.defineProperty(Messages.prototype, tag, {
      value(this: Facade, key: string, duration: Duration.Input, payload?: unknown) {
        return Effect.sync(() => {
          const millis = millisOf(where, tag, duration)
          if (message.carries) {
            const expected = "a message that nothing moves with"
            throw new InvalidOptions({ where, option: "message", value: tag, expected })
          }
          this[Own].start(key, { index, payload: valid(protocol, message, payload), millis, rhythm: this[Beat] })
        })
      }
    })
  }
  return Messages
}

/** The timers of the incarnation that is being built. */
export const make = <Rpcs extends Rpc.Any>(
  protocol: Protocol
): Effect.Effect<Timers<Rpcs>, never, CurrentActor | Scope.Scope> => {
  let made: FacadeClass | undefined
  return Effect.flatMap(CurrentActor, ({ recipient }) => {
    const Messages = made ??= facadeClass(protocol)
    const account = new Account(recipient as Cell)
    const timers: Timers<Rpcs> = {
      once: new Messages(account, ONCE) as Start<Rpcs>,
      fixedDelay: new Messages(account, FIXED_DELAY) as Start<Rpcs>,
      fixedRate: new Messages(account, FIXED_RATE) as Start<Rpcs>,
      cancel: (key) => Effect.sync(() => account.cancel(key)),
      cancelAll: Effect.sync(() => account.cancelAll()),
      isActive: (key) => Effect.sync(() => account.has(key))
    }
    return Effect.as(Effect.addFinalizer(() => Effect.sync(() => account.close())), timers)
  })
}
