/**
 * A pool without threads, as those see it who send to it: jobs wait here, and an actor has one from the moment on in which it has nothing else to do.
 *
 * So what breaks an actor breaks no job but the one that it runs. There is always room.
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type * as Tracer from "effect/Tracer"
import { ActorStopped, InvalidPayload, type TellError } from "../../actor/ActorError.ts"
import { timeoutMillis } from "../../actor/AskTimeout.ts"
import { type ExitReason, systemReleased } from "../../actor/ExitReason.ts"
import { awaiting, forsaking } from "../../actor/kernel/Awaiting.ts"
import type { Cell } from "../../actor/kernel/Cell.ts"
import type { Answered, Command } from "../../actor/kernel/Command.ts"
import type { Runnable } from "../../actor/kernel/Dispatcher.ts"
import { BROKEN, deliverable } from "../../actor/kernel/Payload.ts"
import { IDLE, STOPPING } from "../../actor/kernel/Phase.ts"
import { actorName, type Protocol } from "../../actor/kernel/Protocol.ts"
import {
  answerTo,
  type Asker,
  INVALID,
  type Outcome,
  Recipient,
  REFUSED,
  type Resume,
  type SendOptions,
  TAKEN,
  type Waiter,
  type Withdrawable
} from "../../actor/kernel/Recipient.ts"
import { StreamReader } from "../../actor/kernel/StreamReader.ts"
import { TimedAsker } from "../../actor/kernel/TimedAsker.ts"
import { Ask, Traced } from "../../actor/kernel/Word.ts"
import { jobOptions } from "../../pool/kernel/JobOptions.ts"
import { AskedJob, type Desk, type Job, StreamedJob, told } from "./standInJob.ts"

interface Worker {
  cell: Cell
  /** Whether it says so when it comes to the end of what it does. */
  isCalled: boolean
}

/** Stands behind what an actor does, over its restarts, and is no message: its actor comes to it, and drops it. */
class Call extends Ask {
  private readonly worker: Worker
  private readonly cell: Cell
  private readonly came: () => void
  constructor(worker: Worker, came: () => void) {
    super(0, undefined, false)
    this.worker = worker
    this.cell = worker.cell
    this.came = came
    worker.isCalled = true
  }
  override isOver(): boolean {
    this.worker.isCalled = false
    this.came()
    return true
  }
  settle(): void {}
  restarting(): void {
    if (this.cell.phase < STOPPING) this.cell.deliver(this, undefined)
  }
  stopped(): void {}
}

/** See the module. */
export class StandInPool extends Recipient implements Desk, Runnable {
  readonly protocol: Protocol
  readonly key = "pool"
  isClosed = false
  private readonly workers: Array<Worker> = []
  private readonly queue: Array<Job> = []
  private readonly listeners = new Set<(reason: ExitReason) => void>()
  private reason: ExitReason | undefined = undefined
  private isComing = false

  constructor(protocol: Protocol) {
    super()
    this.protocol = protocol
  }

  get name(): string {
    return actorName(this.protocol, this.key)
  }

  // A handler that is being built has the pool already.
  private get first(): Cell {
    const [worker] = this.workers
    if (worker === undefined) throw new Error(`the stand-in for the pool ${this.protocol.name} is not built yet`)
    return worker.cell
  }

  /** A worker is up; `ended` is called when it has ended and the pool has not. */
  seat(place: number, cell: Cell, ended: (reason: ExitReason) => void): void {
    this.workers[place] = { cell, isCalled: false }
    cell.whenStopped((reason) => {
      if (!this.isClosed) ended(reason)
    })
    this.spread()
  }

  /** Takes nothing any more, and gives nothing to workers. */
  close(): void {
    this.isClosed = true
  }

  /** Its workers have ended. */
  end(reason: ExitReason = systemReleased): void {
    if (this.reason !== undefined) return
    this.isClosed = true
    this.reason = reason
    // Nothing is taken before there is a worker.
    for (const job of this.queue.splice(0)) job.refuse(this.first, reason)
    const listeners = Array.from(this.listeners)
    this.listeners.clear()
    for (const listener of listeners) listener(reason)
  }

  // ---- its workers

  private submit(job: Job): void {
    this.queue.push(job)
    this.spread()
  }

  putBack(job: Job): void {
    this.queue.unshift(job)
    this.soon()
  }

  forget(job: Job): boolean {
    const at = this.queue.indexOf(job)
    if (at >= 0) this.queue.splice(at, 1)
    return at >= 0
  }

  // Each worker that has nothing to do has a job, and each other one is called as long as jobs wait.
  private spread(): void {
    if (this.isClosed) return
    const { queue } = this
    for (const worker of this.workers) {
      const { cell } = worker
      while (cell.phase === IDLE && queue.length > 0) queue.shift()!.hand(cell)
      if (queue.length === 0) return
      if (worker.isCalled || cell.phase >= STOPPING) continue
      cell.deliver(new Call(worker, () => this.soon()), undefined)
    }
  }

  // Whoever comes to its call is not at rest yet.
  private soon(): void {
    if (this.isComing) return
    this.isComing = true
    this.first.host.dispatcher.enqueue(this)
  }

  run(): void {
    this.isComing = false
    this.spread()
  }

  failed(defect: unknown): void {
    this.first.host.fault(this.name, defect)
  }

  // ---- who sends

  override get parallelism(): number {
    return this.workers.length
  }

  // As a pool.
  override get tellsTimes(): boolean {
    return false
  }

  override aimed(options: SendOptions): Recipient {
    jobOptions(this.name, options)
    return this
  }

  depth(): number {
    const { queue, workers } = this
    return workers.reduce((sum, { cell, isCalled }) => sum + cell.depth() - (isCalled ? 1 : 0), queue.length)
  }

  // The payload as a handler has it, and what moves with it on its way; `BROKEN` when it is not taken.
  private loaded(index: number, payload: unknown): unknown {
    const message = this.protocol.messages[index]!
    const { freight } = this.first.host
    const valid = deliverable(message, payload, freight)
    return valid === BROKEN || message.carries && !freight.ship(valid) ? BROKEN : valid
  }

  tell(index: number, payload: unknown, span: Tracer.AnySpan | undefined): Outcome {
    if (this.isClosed) return REFUSED
    const valid = this.loaded(index, payload)
    if (valid === BROKEN) return INVALID
    this.submit(told(span === undefined ? index : new Traced(index, span), valid))
    return TAKEN
  }

  refusal(index: number, payload: unknown, outcome: Outcome): TellError {
    const { first: { host }, name: actor, protocol, reason = systemReleased } = this
    const message = protocol.messages[index]!
    const undelivered = { tag: message.tag, payload }
    if (outcome !== INVALID) return new ActorStopped({ actor, reason, begun: false, undelivered })
    const issue = host.freight.issue ?? message.payload.explain(payload, host.carriage)
    return new InvalidPayload({ actor, issue, undelivered })
  }

  // There is always room.
  waitForRoom(waiter: Waiter): void {
    const outcome = this.tell(waiter.index, waiter.payload, waiter.span)
    waiter.done(outcome === TAKEN ? undefined : this.refusal(waiter.index, waiter.payload, outcome))
  }

  stopWaiting(): void {}

  ask(
    index: number,
    payload: unknown,
    span: Tracer.AnySpan | undefined,
    fiber: Fiber.Fiber<unknown, unknown>,
    timeout: Duration.Input | undefined
  ): Effect.Effect<unknown, unknown> {
    return awaiting(
      fiber,
      span,
      this.protocol.messages[index]!,
      (resume) => forsaking(this.start(index, payload, span, timeoutMillis(fiber, timeout), resume))
    )
  }

  askUnsafe(index: number, payload: unknown, timeoutMillis: number, asker: Asker): Withdrawable | undefined {
    if (asker instanceof StreamReader) return this.read(index, payload, timeoutMillis, asker)
    const resume = asker instanceof TimedAsker ? (exit: Exit.Exit<unknown, unknown>) => asker.end(exit) : asker
    return this.start(index, payload, undefined, timeoutMillis, resume)
  }

  private start(
    index: number,
    payload: unknown,
    span: Tracer.AnySpan | undefined,
    timeoutMillis: number,
    resume: Resume
  ): AskedJob | undefined {
    const valid = this.isClosed ? undefined : this.loaded(index, payload)
    const outcome = this.isClosed ? REFUSED : valid === BROKEN ? INVALID : TAKEN
    if (outcome !== TAKEN) return answerTo(resume, Exit.fail(this.refusal(index, payload, outcome)))
    const job = new AskedJob(this, this.first, this.protocol.messages[index]!, valid, span, timeoutMillis, resume)
    this.submit(job)
    return job
  }

  private read(
    index: number,
    payload: unknown,
    timeoutMillis: number,
    reader: StreamReader
  ): StreamedJob | undefined {
    const message = this.protocol.messages[index]!
    const job = new StreamedJob(this, this.first, message, payload, timeoutMillis, reader)
    if (this.isClosed) job.refuse(this.first, this.reason ?? systemReleased)
    else this.submit(job)
    return job
  }

  whenStopped(listener: (reason: ExitReason) => void): void {
    if (this.reason === undefined) this.listeners.add(listener)
    else listener(this.reason)
  }

  unwatch(listener: (reason: ExitReason) => void): void {
    this.listeners.delete(listener)
  }

  // What only a pool can tell is not told, and what one of its workers has done is an answer.
  command(command: Command, answered: Answered): () => void {
    return this.first.command(command, answered)
  }
}
