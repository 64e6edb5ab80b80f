/**
 * A pool without threads, as those see it who send to it: each message is for that one of some actors which has the least to do.
 *
 * Their mailboxes have no bound, so nobody waits for room: what one of them refuses is told of by that one.
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type * as Tracer from "effect/Tracer"
import type { TellError } from "../../actor/ActorError.ts"
import type { ExitReason } from "../../actor/ExitReason.ts"
import type { Answered, Command } from "../../actor/kernel/Command.ts"
import type { Protocol } from "../../actor/kernel/Protocol.ts"
import { type Asker, type Outcome, Recipient, type Waiter, type Withdrawable } from "../../actor/kernel/Recipient.ts"

/** See the module. */
export class StandInPool extends Recipient {
  readonly protocol: Protocol
  readonly key = "pool"
  private readonly workers: Array<Recipient> = []
  private sentTo: Recipient | undefined = undefined

  constructor(protocol: Protocol) {
    super()
    this.protocol = protocol
  }

  /** Another worker is built. A handler that is being built has the pool already. */
  add(worker: Recipient): void {
    this.workers.push(worker)
    this.sentTo ??= worker
  }

  /** Who was sent to last. */
  private get last(): Recipient {
    if (this.sentTo === undefined) throw new Error(`the stand-in for the pool ${this.protocol.name} is not built yet`)
    return this.sentTo
  }

  override get parallelism(): number {
    return this.workers.length
  }

  // As a pool.
  override get tellsTimes(): boolean {
    return false
  }

  private next(): Recipient {
    let least = Infinity
    for (const worker of this.workers) {
      const depth = worker.depth()
      if (depth >= least) continue
      least = depth
      this.sentTo = worker
    }
    return this.last
  }

  depth(): number {
    return this.workers.reduce((sum, worker) => sum + worker.depth(), 0)
  }

  tell(index: number, payload: unknown, span: Tracer.AnySpan | undefined): Outcome {
    return this.next().tell(index, payload, span)
  }

  refusal(index: number, payload: unknown, outcome: Outcome): TellError {
    return this.last.refusal(index, payload, outcome)
  }

  waitForRoom(waiter: Waiter): void {
    this.last.waitForRoom(waiter)
  }

  stopWaiting(waiter: Waiter): void {
    for (const worker of this.workers) worker.stopWaiting(waiter)
  }

  ask(
    index: number,
    payload: unknown,
    span: Tracer.AnySpan | undefined,
    fiber: Fiber.Fiber<unknown, unknown>,
    timeout: Duration.Input | undefined
  ): Effect.Effect<unknown, unknown> {
    return this.next().ask(index, payload, span, fiber, timeout)
  }

  askUnsafe(index: number, payload: unknown, timeoutMillis: number, asker: Asker): Withdrawable | undefined {
    return this.next().askUnsafe(index, payload, timeoutMillis, asker)
  }

  // They end together, with the scope of the layer.
  whenStopped(listener: (reason: ExitReason) => void): void {
    this.last.whenStopped(listener)
  }

  unwatch(listener: (reason: ExitReason) => void): void {
    for (const worker of this.workers) worker.unwatch(listener)
  }

  command(command: Command, answered: Answered): () => void {
    return this.last.command(command, answered)
  }
}
