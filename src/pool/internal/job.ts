/**
 * A job that somebody waits for, on the side of its submitter.
 *
 * Whoever comes first settles it: the reply, its deadline, the interruption of who waits, the end of the pool. Its slot stays in use until it
 * has come back, so that no reply reaches a later job. Where there is no room for it, it stands in the line itself: a burst has as many
 * that wait as it is larger than the queue.
 */
import * as Exit from "effect/Exit"
import type * as Tracer from "effect/Tracer"
import * as ActorError from "../../actor/ActorError.ts"
import type { ExitReason } from "../../actor/ExitReason.ts"
import { Deadline, type Deadlines } from "../../actor/kernel/Deadlines.ts"
import type { Message } from "../../actor/kernel/Protocol.ts"
import type { Resume, Waiter } from "../../actor/kernel/Recipient.ts"
import { type Piece, piece } from "../../runtime/ThreadContext.ts"
import * as Carriage from "../../wire/Carriage.ts"
import * as JobSpan from "./jobSpan.ts"
import type { Aim } from "./target.ts"

/** Where a job is submitted. */
export interface Desk {
  readonly name: string
  readonly deadlines: Deadlines
  /** Nobody waits any more for the job of a slot. */
  withdrawn(slot: number): void
  /** One that waits for room gives up. */
  stopWaiting(job: Job): void
  /** A callback of who asked has thrown. */
  failed(where: string, error: unknown): void
}

/** Whose handler waits for jobs, on a worker. */
export interface Seat {
  /** Its handler is about to wait for one more job. */
  waits(): void
  /** It waits for one less. */
  goesOn(): void
  /** What is done if the job that it has does not succeed after all. */
  orElse(undo: () => void): void
  /** The slot of that job; -1 for none. */
  slot(): number
}

/** The worker of a pool on a thread, for handlers of its own that wait for jobs of other pools. */
export interface Bench {
  /** The seat of a cell, whose place the worker gives to other jobs meanwhile. */
  lend: (cell: unknown) => Seat | undefined
  /** What its jobs say that block; nothing where nobody stands in for it. */
  blocking: { enter(): void; leave(): void } | undefined
}

/** That of a thread; one that is no worker has no seats. */
export const benches: Piece<Bench> = piece(() => ({ lend: () => undefined, blocking: undefined }))

/** Who waits for room in the row of a submitter: a job, or what was told. */
export interface JobWaiter extends Waiter {
  /** The job itself, where it is no tell. */
  readonly job?: Job | undefined
  /** Where its job goes, once it waits. */
  aim?: Aim | undefined
  /** Whether something older was given up for it. */
  isOwed?: boolean | undefined
  /** The level in whose line it stands, and its key, once it does. */
  level?: number | undefined
  key?: number | undefined
}

/** See the module. */
export class Job extends Deadline implements JobWaiter {
  declare readonly message: Message
  declare readonly payload: unknown
  declare readonly span: Tracer.AnySpan | undefined
  declare readonly timeoutMillis: number
  /** Where it is, once it is there; -1 before. */
  declare slot: number
  /** Hears of a reply that has come although nobody waits for it any more: what it stands for may have to be let go. */
  declare unheard: Resume | undefined
  /** What has come with its reply. */
  declare brought: Carriage.Cargo
  /** Whether it does not wait for room: not yet, or no longer. */
  declare abandoned: boolean
  declare aim: Aim | undefined
  declare isOwed: boolean
  declare level: number | undefined
  declare key: number
  declare private readonly desk: Desk
  declare private readonly seat: Seat | undefined
  declare private resume: Resume | undefined
  constructor(
    desk: Desk,
    message: Message,
    payload: unknown,
    span: Tracer.AnySpan | undefined,
    timeoutMillis: number,
    resume: Resume,
    seat: Seat | undefined
  ) {
    super()
    this.desk = desk
    this.message = message
    this.payload = payload
    this.span = span
    this.timeoutMillis = timeoutMillis
    this.slot = -1
    this.unheard = undefined
    this.brought = Carriage.empty
    this.abandoned = true
    this.aim = undefined
    this.isOwed = false
    this.level = undefined
    this.key = 0
    this.seat = seat
    this.resume = resume
    seat?.waits()
  }

  get index(): number {
    return this.message.index
  }

  get ask(): undefined {
    return undefined
  }

  get job(): Job {
    return this
  }

  done(refusal: ActorError.TellError | undefined): void {
    if (refusal !== undefined) this.settle(Exit.fail(refusal))
  }

  died(defect: unknown): void {
    this.settle(Exit.die(defect))
  }

  get isAwaited(): boolean {
    return this.resume !== undefined
  }

  // Whoever waited waits no longer; answers who that was.
  private leave(): Resume | undefined {
    const { desk, resume, seat } = this
    if (resume === undefined) return undefined
    this.resume = undefined
    seat?.goesOn()
    desk.deadlines.remove(this)
    if (!this.abandoned) desk.stopWaiting(this)
    return resume
  }

  /** Hands over the outcome; later outcomes go nowhere. */
  settle(exit: Exit.Exit<unknown, unknown>): void {
    const resume = this.leave()
    if (resume !== undefined) this.handOver(resume, exit)
  }

  private handOver(resume: Resume, exit: Exit.Exit<unknown, unknown>): void {
    const { desk } = this
    try {
      resume(exit)
    } catch (thrown) {
      desk.failed(`who asked ${desk.name} could not take the reply`, thrown)
    }
  }

  expire(): void {
    const resume = this.withdraw()
    if (resume !== undefined) this.handOver(resume, this.timedOut())
  }

  /** What it settles with when its time is over. */
  timedOut(): Exit.Exit<never, ActorError.AskTimeout> {
    const { desk: { name }, message: { tag }, timeoutMillis } = this
    return Exit.fail(new ActorError.AskTimeout({ actor: name, tag, timeoutMillis }))
  }

  /** Nobody waits any more: no worker begins it, or its handler is interrupted. */
  withdraw(): Resume | undefined {
    const resume = this.leave()
    if (resume === undefined) return undefined
    if (this.slot >= 0) this.desk.withdrawn(this.slot)
    else this.tell(JobSpan.NOT_BEGUN)
    return resume
  }

  /** Who waited has gone, with the reply in hand or without: nobody has what has come with that. */
  forsake(): void {
    if (this.withdraw() === undefined) Carriage.drop(this.brought)
  }

  /** Says in the span of who asked what became of it, before that ends. */
  tell(story: JobSpan.Story): void {
    const { desk, span } = this
    if (span === undefined) return
    try {
      JobSpan.tell(span, story)
    } catch (thrown) {
      desk.failed(`the span of an ask of ${desk.name}`, thrown)
    }
  }

  private get undelivered(): ActorError.Undelivered {
    return { tag: this.message.tag, payload: this.payload }
  }

  /** Its worker has gone, and nobody begins it again. */
  lost(thread: string, reason: string): void {
    const { desk: { name: actor }, undelivered } = this
    this.settle(Exit.fail(new ActorError.ThreadLost({ actor, thread, reason, undelivered })))
  }

  /** It was given up for a newer one, before any worker had begun it. */
  shed(capacity: number): void {
    const { desk: { name: actor }, undelivered } = this
    this.tell(JobSpan.NOT_BEGUN)
    this.settle(Exit.fail(new ActorError.MailboxFull({ actor, capacity, pool: "queue", undelivered })))
  }

  /** The worker that it was for, and no other, has left the pool before it had begun it. */
  misrouted(issue: string): void {
    const { desk: { name: actor }, undelivered } = this
    this.settle(Exit.fail(new ActorError.NotRouted({ actor, issue, undelivered })))
  }

  /** The pool has ended. */
  stopped(reason: ExitReason, begun: ActorError.Begun): void {
    const { desk: { name: actor }, undelivered } = this
    this.settle(Exit.fail(new ActorError.ActorStopped({ actor, reason, begun, undelivered })))
  }
}
