/**
 * A pool as those see it who say more of what they send than its message does: which worker it is for, which key it has, how urgent it is.
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type * as Tracer from "effect/Tracer"
import type { TellError } from "../../actor/ActorError.ts"
import type { ExitReason } from "../../actor/ExitReason.ts"
import type { Answered, Command } from "../../actor/kernel/Command.ts"
import type { Protocol } from "../../actor/kernel/Protocol.ts"
import {
  type Batches,
  type Outcome,
  Recipient,
  type Resume,
  type Waiter,
  type Withdrawable
} from "../../actor/kernel/Recipient.ts"
import type { StreamReader } from "../../actor/kernel/StreamReader.ts"
import { type Aim, aimedAt, placeOf } from "./target.ts"

/** The pool. */
export interface Aimable extends Recipient {
  /** How many jobs are for one worker and wait, or are run by it. */
  depthAt(place: number): number
  tellAt(aim: Aim, index: number, payload: unknown, span: Tracer.AnySpan | undefined): Outcome
  waitForRoomAt(aim: Aim, waiter: Waiter): void
  askAt(
    aim: Aim,
    index: number,
    payload: unknown,
    span: Tracer.AnySpan | undefined,
    fiber: Fiber.Fiber<unknown, unknown>,
    timeout: Duration.Input | undefined
  ): Effect.Effect<unknown, unknown>
  askUnsafeAt(
    aim: Aim,
    index: number,
    payload: unknown,
    timeoutMillis: number,
    asker: Resume | StreamReader
  ): Withdrawable | undefined
}

/** See the module. */
export class AimedRecipient extends Recipient {
  declare readonly protocol: Protocol
  declare readonly key: string
  declare private readonly pool: Aimable
  declare private readonly aim: Aim
  constructor(pool: Aimable, aim: Aim, key: string) {
    super()
    this.protocol = pool.protocol
    this.key = key
    this.pool = pool
    this.aim = aim
  }

  /** One worker. */
  static worker(pool: Aimable, place: number): AimedRecipient {
    return new AimedRecipient(pool, aimedAt(place), `${pool.key}/worker-${place}`)
  }

  override get tellsTimes(): boolean {
    return false
  }

  override get limit(): number {
    return this.pool.limit
  }

  override get batches(): Batches | undefined {
    return this.pool.batches
  }

  depth(): number {
    return this.aim.target < 0 ? this.pool.depth() : this.pool.depthAt(placeOf(this.aim.target))
  }

  tell(index: number, payload: unknown, span: Tracer.AnySpan | undefined): Outcome {
    return this.pool.tellAt(this.aim, index, payload, span)
  }

  refusal(index: number, payload: unknown, outcome: Outcome): TellError {
    return this.pool.refusal(index, payload, outcome)
  }

  waitForRoom(waiter: Waiter): void {
    this.pool.waitForRoomAt(this.aim, waiter)
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
    return this.pool.askAt(this.aim, index, payload, span, fiber, timeout)
  }

  askUnsafe(
    index: number,
    payload: unknown,
    timeoutMillis: number,
    asker: Resume | StreamReader
  ): Withdrawable | undefined {
    return this.pool.askUnsafeAt(this.aim, index, payload, timeoutMillis, asker)
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
