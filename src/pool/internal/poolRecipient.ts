/**
 * A pool as those see it who send to it: a recipient like any actor, so that a reference to it is one.
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import type * as Tracer from "effect/Tracer"
import * as ActorError from "../../actor/ActorError.ts"
import { timeoutMillis } from "../../actor/AskTimeout.ts"
import { type ExitReason, systemReleased } from "../../actor/ExitReason.ts"
import { awaiting, forsaking } from "../../actor/kernel/Awaiting.ts"
import { type Answered, type Command, COUNT, names, PING, WAITS } from "../../actor/kernel/Command.ts"
import { actorName, type Protocol } from "../../actor/kernel/Protocol.ts"
import {
  type Batches,
  INVALID,
  MISROUTED,
  NO_ROOM,
  type Outcome,
  Recipient,
  REFUSED,
  type Resume,
  type SendOptions,
  TAKEN,
  TOO_LARGE,
  type Waiter,
  type Withdrawable
} from "../../actor/kernel/Recipient.ts"
import type { StreamReader } from "../../actor/kernel/StreamReader.ts"
import { OPEN } from "../../memory/JobPhase.ts"
import { membersIn } from "../../memory/JobTable.ts"
import type { Overflow } from "../../runtime/Overflow.ts"
import type { Carriage } from "../../wire/Carriage.ts"
import { jobOptions } from "../kernel/JobOptions.ts"
import type { PoolEvent } from "../PoolEvent.ts"
import type { PoolGaveUp } from "../PoolGaveUp.ts"
import type { PoolStats } from "../PoolStats.ts"
import { type Aimable, AimedRecipient } from "./aimedRecipient.ts"
import type { Crew } from "./crew.ts"
import { Job, type Seat } from "./job.ts"
import type { Access } from "./memory.ts"
import { countedOf, statsOf } from "./stats.ts"
import { type Asked, StreamedJob } from "./streamedJob.ts"
import type { Hosted } from "./streamProtocol.ts"
import type { Submitter } from "./submitter.ts"
import { type Aim, BY_ROUTE, placeOf, ROUTED } from "./target.ts"
import { tellWaiterOf } from "./waiter.ts"

/** Which part of the room of jobs batches may use up: one of so many. The rest is for the batches of what they ask. */
const SHARES = 8

/** How it is made. */
export interface Options {
  readonly protocol: Protocol
  /** Its messages as jobs. */
  readonly hosted: Hosted
  readonly key: string
  readonly capacity: number
  /** How many jobs run at once. */
  readonly parallelism: number
  /** What becomes of a job when there is no room. */
  readonly overflow: Overflow
  /** Whether jobs use it: what they ask leads to more of the same. */
  readonly isInside?: boolean | undefined
  /** Whose handler a fiber runs in, on a worker. */
  readonly seatOf: (fiber: Fiber.Fiber<unknown, unknown>) => Seat | undefined
}

/** See the module. */
export class PoolRecipient extends Recipient implements Asked, Aimable {
  readonly protocol: Protocol
  readonly key: string
  /** The workers, on the thread that has made the pool. */
  crew: Crew | undefined = undefined
  /** What it tells of its size, there too. */
  events: Stream.Stream<PoolEvent> = Stream.empty
  /** Completes when it gives up, there too. */
  escalation: Effect.Effect<PoolGaveUp> = Effect.never
  private readonly access: Access
  private readonly submitter: Submitter
  private readonly options: Options
  private readonly listeners = new Set<(reason: ExitReason) => void>()
  /** Of batches of jobs, where jobs ask them. */
  private readonly nested: Batches | undefined

  constructor(access: Access, submitter: Submitter, options: Options) {
    super()
    this.protocol = options.protocol
    this.key = options.key
    this.access = access
    this.submitter = submitter
    this.options = options
    const most = Math.max(1, Math.floor(options.capacity / SHARES))
    this.nested = options.isInside === true ? { underWay: 0, most } : undefined
    submitter.refusalOf = (index, payload, outcome) => this.refusal(index, payload, outcome)
    submitter.onEnded = (reason) => this.tellEnded(reason)
  }

  get name(): string {
    return actorName(this.protocol, this.key)
  }

  /** How many workers there are. */
  get workers(): number {
    return membersIn(this.access.table.membership())
  }

  /** What the pool does and has done. */
  stats(): PoolStats {
    return statsOf(this.access, this.depth(), this.submitter.room.dropped, this.submitter.deadlines.now())
  }

  override aimed({ key, priority, runTimeout }: SendOptions): Recipient {
    if (key === undefined && priority === undefined && runTimeout === undefined) return this
    const { level, runMillis } = jobOptions(this.name, { priority, runTimeout })
    return new AimedRecipient(this, { target: BY_ROUTE, key, level, runMillis }, this.key)
  }

  override get parallelism(): number {
    return this.options.parallelism
  }

  override get tellsTimes(): boolean {
    return false
  }

  override get limit(): number {
    return this.options.capacity
  }

  override get batches(): Batches | undefined {
    return this.nested
  }

  depth(): number {
    return this.submitter.depth
  }

  /** Of one worker: how many jobs are for it and wait, or are run by it. */
  depthAt({ target }: Aim): number {
    if (target < 0) return this.depth()
    return this.submitter.ended === undefined ? this.submitter.placing.loadOf(placeOf(target)) : 0
  }

  tell(index: number, payload: unknown, span: Tracer.AnySpan | undefined): Outcome {
    return this.tellAt(ROUTED, index, payload, span)
  }

  /** Sends to where `aim` says. */
  tellAt(aim: Aim, index: number, payload: unknown, span: Tracer.AnySpan | undefined): Outcome {
    const outcome = this.submit(index, payload, undefined, aim, span)
    if (outcome !== NO_ROOM) return outcome
    const { options: { overflow }, submitter } = this
    if (overflow === "suspend") return NO_ROOM
    return overflow === "fail" ? REFUSED : submitter.room.displace(index, payload, aim, span)
  }

  private submit(
    index: number,
    payload: unknown,
    job: Job | undefined,
    aim: Aim,
    span: Tracer.AnySpan | undefined
  ): Outcome {
    const { options: { hosted }, submitter } = this
    if (submitter.room.waiting > 0) return NO_ROOM
    return submitter.submit(hosted.messages[index]!, payload, job, aim, span)
  }

  refusal(index: number, payload: unknown, outcome: Outcome): ActorError.TellError {
    const { access, name: actor, options: { capacity, isInside }, submitter } = this
    const message = this.options.hosted.messages[index]!
    const undelivered = { tag: message.tag, payload }
    switch (outcome) {
      case INVALID: {
        const issue = submitter.cargoes.issue ?? message.payload.explain(payload, access.scratch.carriage)
        return new ActorError.InvalidPayload({ actor, issue, undelivered })
      }
      case MISROUTED:
        return new ActorError.NotRouted({ actor, issue: submitter.placing.misrouted, undelivered })
      case TOO_LARGE: {
        const limitBytes = access.arena.capacityBytes
        return new ActorError.MessageTooLarge({ actor, sizeBytes: submitter.refusedBytes, limitBytes, undelivered })
      }
      default:
        return submitter.ended === undefined && access.table.phase() <= OPEN
          ? new ActorError.MailboxFull({ actor, capacity, pool: isInside === true ? "job" : "queue", undelivered })
          : new ActorError.ActorStopped({ actor, reason: submitter.ended ?? systemReleased, begun: false, undelivered })
    }
  }

  refusalAt(_aim: Aim, index: number, payload: unknown, outcome: Outcome): ActorError.TellError {
    return this.refusal(index, payload, outcome)
  }

  waitForRoom(waiter: Waiter): void {
    this.submitter.room.wait(waiter)
  }

  waitForRoomAt(aim: Aim, waiter: Waiter): void {
    this.submitter.room.wait(waiter, aim)
  }

  stopWaiting(waiter: Waiter): void {
    this.submitter.stopWaiting(waiter)
  }

  stopWaitingAt(_aim: Aim, waiter: Waiter): void {
    this.submitter.stopWaiting(waiter)
  }

  ask(
    index: number,
    payload: unknown,
    span: Tracer.AnySpan | undefined,
    fiber: Fiber.Fiber<unknown, unknown>,
    timeout: Duration.Input | undefined
  ): Effect.Effect<unknown, unknown> {
    return this.askAt(ROUTED, index, payload, span, fiber, timeout)
  }

  askAt(
    aim: Aim,
    index: number,
    payload: unknown,
    span: Tracer.AnySpan | undefined,
    fiber: Fiber.Fiber<unknown, unknown>,
    timeout: Duration.Input | undefined
  ): Effect.Effect<unknown, unknown> {
    return awaiting(fiber, span, this.options.hosted.messages[index]!, (resume) => {
      const seat = this.options.seatOf(fiber)
      return forsaking(this.start(aim, index, payload, span, timeoutMillis(fiber, timeout), resume, seat))
    })
  }

  askUnsafe(
    index: number,
    payload: unknown,
    timeoutMillis: number,
    asker: Resume | StreamReader
  ): Withdrawable | undefined {
    return this.askUnsafeAt(ROUTED, index, payload, timeoutMillis, asker)
  }

  askUnsafeAt(
    aim: Aim,
    index: number,
    payload: unknown,
    timeoutMillis: number,
    asker: Resume | StreamReader
  ): Withdrawable | undefined {
    if (typeof asker === "function") {
      return this.start(aim, index, payload, undefined, timeoutMillis, asker, undefined)
    }
    const { options: { hosted: { close, nexts }, seatOf }, protocol } = this
    const seat = seatOf(asker.fiber)
    const next = nexts.get(index)!
    const stream = new StreamedJob(
      this,
      { aim, message: protocol.messages[index]!, next, close, payload, seat },
      asker
    )
    stream.begin(timeoutMillis)
    return stream
  }

  get deadlines(): Submitter["deadlines"] {
    return this.submitter.deadlines
  }

  get carriage(): Carriage {
    return this.access.scratch.carriage
  }

  soon(run: () => void): void {
    this.access.thread.runtime.immediate(run)
  }

  failed(where: string, error: unknown): void {
    this.submitter.failed(where, error)
  }

  /** Tells a worker, as soon as there is room. */
  tellSurely(aim: Aim, index: number, payload: unknown): void {
    if (this.submit(index, payload, undefined, aim, undefined) !== NO_ROOM) return
    this.submitter.room.wait(tellWaiterOf(index, payload, undefined, () => {}), aim)
  }

  /** Submits a job that somebody waits for; nothing when it is settled already. */
  start(
    aim: Aim,
    index: number,
    payload: unknown,
    span: Tracer.AnySpan | undefined,
    timeoutMillis: number,
    resume: Resume,
    seat: Seat | undefined
  ): Job | undefined {
    const { submitter } = this
    const job = new Job(submitter, this.options.hosted.messages[index]!, payload, span, timeoutMillis, resume, seat)
    submitter.deadlines.add(job, timeoutMillis)
    let outcome: Outcome
    let refusal: ActorError.TellError | undefined
    let shed: (() => void) | undefined
    try {
      outcome = this.submit(index, payload, job, aim, span)
      if (outcome === NO_ROOM && !this.waits(index)) {
        const checked = submitter.check(index, payload, aim)
        shed = checked === TAKEN ? submitter.room.shed(submitter.aiming.levelOf(index, aim)) : undefined
        if (shed === undefined) outcome = checked === TAKEN ? REFUSED : checked
      }
      if (outcome !== TAKEN && outcome !== NO_ROOM) refusal = this.refusal(index, payload, outcome)
    } catch (thrown) {
      // Reading the payload has thrown: nobody will answer.
      job.withdraw()
      throw thrown
    }
    if (outcome === TAKEN) return job
    if (refusal !== undefined) {
      job.settle(Exit.fail(refusal))
      return undefined
    }
    job.abandoned = false
    submitter.room.wait(job, aim, shed !== undefined)
    shed?.()
    return job
  }

  // A stream that has begun is read on as soon as there is room; inside of jobs nobody waits for that.
  private waits(index: number): boolean {
    const { isInside, overflow } = this.options
    return overflow === "suspend" || isInside !== true && !this.submitter.aiming.mayShed(index)
  }

  whenStopped(listener: (reason: ExitReason) => void): void {
    const { ended } = this.submitter
    if (ended === undefined) this.listeners.add(listener)
    else listener(ended)
  }

  unwatch(listener: (reason: ExitReason) => void): void {
    this.listeners.delete(listener)
  }

  private tellEnded(reason: ExitReason): void {
    const { name, submitter } = this
    const told = Array.from(this.listeners)
    this.listeners.clear()
    for (const listener of told) {
      try {
        listener(reason)
      } catch (thrown) {
        submitter.failed(`who waited for the end of ${name} could not go on`, thrown)
      }
    }
  }

  /** A pool says how it is, and what it has done. It is ended by its scope, and no incarnation of its behaviour is the one to show. */
  command({ kind }: Command, answered: Answered): () => void {
    const { ended } = this.submitter
    if (ended !== undefined) answered({ _tag: "Ended", reason: ended })
    else if (kind === PING) {
      const status = this.submitter.outstanding > 0 ? "running" : "idle"
      answered({
        _tag: "Pong",
        pong: { status, waiting: this.depth(), waitingHigh: 0, waitingLow: 0, putOff: 0, restarts: 0 }
      })
    } else if (kind === COUNT) answered({ _tag: "Counted", counted: countedOf(this.stats()) })
    // Whom its jobs wait for their workers know; an ask that was handed on to it has its time all the same.
    else if (kind === WAITS) answered({ _tag: "Waits", waits: [] })
    else throw new TypeError(`${this.name} is a pool, which knows no ${names[kind]!}: it ends with its scope`)
    return () => {}
  }

  commandAt(_aim: Aim, command: Command, answered: Answered): () => void {
    return this.command(command, answered)
  }
}
