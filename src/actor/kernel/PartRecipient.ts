/**
 * One of those whose messages somebody takes for all of them: whoever sends to it says which one it is, with each message. Of a shard it is the actor of a key, of a pool a worker, or its jobs
 * of one key or one priority.
 *
 * It has nothing of its own: what waits, who is owed an answer and what is refused is known where the messages go.
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type * as Tracer from "effect/Tracer"
import type { TellError } from "../ActorError.ts"
import type { ExitReason } from "../ExitReason.ts"
import type { Answered, Command } from "./Command.ts"
import type { Protocol } from "./Protocol.ts"
import { type Asker, type Outcome, Recipient, type Waiter, type Withdrawable } from "./Recipient.ts"

/** Who takes their messages; the methods are those of a recipient, and which one is meant comes first. */
export interface Parted<Part> {
  depthAt(part: Part): number
  tellAt(part: Part, index: number, payload: unknown, span: Tracer.AnySpan | undefined): Outcome
  refusalAt(part: Part, index: number, payload: unknown, outcome: Outcome): TellError
  waitForRoomAt(part: Part, waiter: Waiter): void
  stopWaitingAt(part: Part, waiter: Waiter): void
  askAt(
    part: Part,
    index: number,
    payload: unknown,
    span: Tracer.AnySpan | undefined,
    fiber: Fiber.Fiber<unknown, unknown>,
    timeout: Duration.Input | undefined
  ): Effect.Effect<unknown, unknown>
  askUnsafeAt(
    part: Part,
    index: number,
    payload: unknown,
    timeoutMillis: number,
    asker: Asker
  ): Withdrawable | undefined
  commandAt(part: Part, command: Command, answered: Answered): () => void
  whenStopped(listener: (reason: ExitReason) => void): void
  unwatch(listener: (reason: ExitReason) => void): void
}

/** See the module. It ends with whoever takes its messages. */
export abstract class PartRecipient<Part, Whole extends Parted<Part>> extends Recipient {
  declare readonly protocol: Protocol
  declare readonly key: string
  declare protected readonly whole: Whole
  declare protected readonly part: Part
  constructor(whole: Whole, part: Part, protocol: Protocol, key: string) {
    super()
    this.protocol = protocol
    this.key = key
    this.whole = whole
    this.part = part
  }

  depth(): number {
    return this.whole.depthAt(this.part)
  }

  tell(index: number, payload: unknown, span: Tracer.AnySpan | undefined): Outcome {
    return this.whole.tellAt(this.part, index, payload, span)
  }

  refusal(index: number, payload: unknown, outcome: Outcome): TellError {
    return this.whole.refusalAt(this.part, index, payload, outcome)
  }

  waitForRoom(waiter: Waiter): void {
    this.whole.waitForRoomAt(this.part, waiter)
  }

  stopWaiting(waiter: Waiter): void {
    this.whole.stopWaitingAt(this.part, waiter)
  }

  ask(
    index: number,
    payload: unknown,
    span: Tracer.AnySpan | undefined,
    fiber: Fiber.Fiber<unknown, unknown>,
    timeout: Duration.Input | undefined
  ): Effect.Effect<unknown, unknown> {
    return this.whole.askAt(this.part, index, payload, span, fiber, timeout)
  }

  askUnsafe(index: number, payload: unknown, timeoutMillis: number, asker: Asker): Withdrawable | undefined {
    return this.whole.askUnsafeAt(this.part, index, payload, timeoutMillis, asker)
  }

  whenStopped(listener: (reason: ExitReason) => void): void {
    this.whole.whenStopped(listener)
  }

  unwatch(listener: (reason: ExitReason) => void): void {
    this.whole.unwatch(listener)
  }

  command(command: Command, answered: Answered): () => void {
    return this.whole.commandAt(this.part, command, answered)
  }
}
