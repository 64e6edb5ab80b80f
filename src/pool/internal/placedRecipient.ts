/**
 * One worker of a pool as those see it who send to it and to no other.
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type * as Tracer from "effect/Tracer"
import type { TellError } from "../../actor/ActorError.ts"
import type { ExitReason } from "../../actor/ExitReason.ts"
import type { Answered, Command } from "../../actor/kernel/Command.ts"
import type { Protocol } from "../../actor/kernel/Protocol.ts"
import { type Outcome, Recipient, type Resume, type Waiter, type Withdrawable } from "../../actor/kernel/Recipient.ts"
import type { StreamReader } from "../../actor/kernel/StreamReader.ts"
import type { PoolRecipient } from "./poolRecipient.ts"
import { pinnedTo } from "./target.ts"

/** See the module. */
export class PlacedRecipient extends Recipient {
  declare readonly protocol: Protocol
  declare readonly key: string
  declare private readonly pool: PoolRecipient
  declare private readonly place: number
  declare private readonly target: number
  constructor(pool: PoolRecipient, place: number) {
    super()
    this.protocol = pool.protocol
    this.key = `${pool.key}/worker-${place}`
    this.pool = pool
    this.place = place
    this.target = pinnedTo(place)
  }

  override get tellsTimes(): boolean {
    return false
  }

  override get limit(): number {
    return this.pool.limit
  }

  depth(): number {
    return this.pool.depthAt(this.place)
  }

  tell(index: number, payload: unknown, span: Tracer.AnySpan | undefined): Outcome {
    return this.pool.tellAt(this.target, index, payload, span)
  }

  refusal(index: number, payload: unknown, outcome: Outcome): TellError {
    return this.pool.refusal(index, payload, outcome)
  }

  waitForRoom(waiter: Waiter): void {
    this.pool.waitForRoomAt(this.target, waiter)
  }

  stopWaiting(waiter: Waiter): void {
    this.pool.stopWaiting(waiter)
  }

  ask(
    index: number,
    payload: unknown,
    span: Tracer.AnySpan | undefined,
    fiber: Fiber.Fiber<unknown, unknown>,
    timeout: Duration.Input | undefined
  ): Effect.Effect<unknown, unknown> {
    return this.pool.askAt(this.target, index, payload, span, fiber, timeout)
  }

  askUnsafe(
    index: number,
    payload: unknown,
    timeoutMillis: number,
    asker: Resume | StreamReader
  ): Withdrawable | undefined {
    return this.pool.askUnsafeAt(this.target, index, payload, timeoutMillis, asker)
  }

  whenStopped(listener: (reason: ExitReason) => void): void {
    this.pool.whenStopped(listener)
  }

  unwatch(listener: (reason: ExitReason) => void): void {
    this.pool.unwatch(listener)
  }

  command(command: Command, answered: Answered): () => void {
    return this.pool.command(command, answered)
  }
}
