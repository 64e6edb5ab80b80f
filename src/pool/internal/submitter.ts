/**
 * The side of a pool on which jobs are submitted and come back: one for each thread that does, with a row of slots of its own.
 *
 * ```text
 *  submit: encode ─► a free slot ─► QUEUED ─► its number into a queue ─► wake a worker
 *  poll:   take the list of those that came back ─► read each, free it, settle its asker ─► let in who waits for room
 * ```
 *
 * A submitter alone settles its jobs and frees its slots. When an incarnation of a worker has ended it looks through its slots once: what that had
 * begun is begun again, if the message may be, or lost; what it had finished and not given back is taken; what waits gets its number into the queue
 * again, since a number that the dead had just taken out is nowhere. So a death concerns the jobs of that worker, and nobody else's.
 */
import type * as Effect from "effect/Effect"
import type * as Tracer from "effect/Tracer"
import type { ExitReason } from "../../actor/ExitReason.ts"
import type { Deadlines } from "../../actor/kernel/Deadlines.ts"
import type { Message } from "../../actor/kernel/Protocol.ts"
import { INVALID, NO_ROOM, type Outcome, REFUSED, TAKEN, type Waiter } from "../../actor/kernel/Recipient.ts"
import { CLOSING, ENDED, OPEN } from "../../memory/JobPhase.ts"
import { CONDEMNED, haveDied, OUTCOME, QUEUED, RUNNING, UNAWAITED, WITHDRAWN, WRITING } from "../../memory/JobTable.ts"
import { isOpen } from "../kernel/Allowances.ts"
import { laneOf } from "../kernel/Lanes.ts"
import { Aiming } from "./aiming.ts"
import { Backlog } from "./backlog.ts"
import { Cargoes } from "./cargoes.ts"
import { Graces } from "./graces.ts"
import type { Desk, Job, JobWaiter } from "./job.ts"
import * as JobSpan from "./jobSpan.ts"
import { byEnd, byLeave, type Left } from "./left.ts"
import { Line } from "./line.ts"
import { type Access, rowOf, succeed } from "./memory.ts"
import { drop, encode, exitOf } from "./outcome.ts"
import { Placing } from "./placing.ts"
import { Rest } from "./rest.ts"
import { type Queue, Room } from "./room.ts"
import { type Overrun, RunLimits, whyOver } from "./runLimits.ts"
import { Shedding, slotsOf } from "./shedding.ts"
import type { Options } from "./submitterOptions.ts"
import { type Aim, ANYWHERE, placeOf, ROUTED, whomOf } from "./target.ts"

/** What became of a worker that is wanted no more. */
const LEFT = "has left the pool"

/** See the module. */
export class Submitter implements Desk, Queue {
  readonly name: string
  readonly deadlines: Deadlines
  /** Bytes of the message that was refused as too large. */
  refusedBytes = 0
  /** Why the pool takes nothing any more, once it has ended. */
  ended: ExitReason | undefined = undefined
  private readonly access: Access
  private readonly options: Options
  private readonly first: number
  /** Slots that are free, the last one first; below `freeSlots`. */
  private readonly free: Int32Array
  private freeSlots = 0
  /** What a slot is for, by its place in the row. */
  private readonly pending: Array<Job | undefined>
  readonly room: Room
  /** What moves with its jobs. */
  readonly cargoes: Cargoes
  private readonly shedding: Shedding | undefined
  private readonly graces: Graces
  private readonly limits: RunLimits
  private readonly backlog: Backlog
  /** Those that have come back, the first of them last; below `returning` are those that are not looked at. */
  private readonly returned: Int32Array
  private returning = 0
  /** Jobs that have come back since it was made. */
  returns = 0
  /** Whether a worker was woken since the last of them: the next one takes as long as that. */
  hasWoken = false
  private changes: number
  /** Who lived before the last audit. */
  private readonly living: Int32Array
  /** What waits for one worker. */
  readonly placing: Placing
  readonly aiming: Aiming
  private readonly rest = new Rest(() => !this.isBusy)
  /** Completes once nothing is under way and nobody waits for room. */
  readonly idle: Effect.Effect<void> = this.rest.until

  constructor(access: Access, options: Options) {
    const { capacity, deadlines, messages, name, row, sharesTime, sheds, watch } = options
    const { table } = access
    this.name = name
    this.deadlines = deadlines
    this.access = access
    this.options = options
    this.graces = new Graces(deadlines, options.graceMillis, (slot) => {
      if (table.condemn(slot)) this.replace(slot)
    })
    const over = (slot: number, overrun: Overrun) => this.overran(slot, overrun)
    this.limits = new RunLimits({ table, deadlines, sharesTime, over })
    this.first = row * table.jobs
    // What is given up holds its slot until a worker finds it, and what comes in its place has another one.
    const slots = slotsOf(capacity, sheds)
    this.shedding = sheds ? new Shedding(table, this.first, slots) : undefined
    this.cargoes = new Cargoes(access, messages)
    this.backlog = new Backlog(access)
    this.placing = new Placing(access, row, slots, messages)
    this.aiming = new Aiming(options, this.placing)
    const { aiming, cargoes, shedding } = this
    this.room = new Room(this, { messages, capacity, line: new Line(sheds), aiming, cargoes, shedding, watch })
    this.free = new Int32Array(slots)
    this.returned = new Int32Array(table.jobs)
    this.living = new Int32Array(table.workers)
    this.pending = Array.from({ length: table.jobs }, () => undefined)
    this.changes = table.changes()
    this.inherit(slots)
  }

  // What the thread that was here before has left comes back, and nobody waits for it.
  private inherit(slots: number): void {
    const { table } = this.access
    for (let slot = this.first + slots - 1; slot >= this.first; slot--) {
      const stage = table.stageOf(slot)
      this.cargoes.inherit(slot)
      if (stage === 0) this.free[this.freeSlots++] = slot
      // Who has condemned it may not have come to say so.
      else if (stage === CONDEMNED) this.replace(slot)
      // What was told and has run for too long is nobody's any more, as what was asked.
      else if ((table.messageOf(slot) & UNAWAITED) === 0 || table.isWithdrawn(slot)) this.withdrawn(slot)
      else if (table.hasRunLimit(slot)) this.limits.inherit(slot, table.runLimitOf(slot))
    }
    succeed(this.access, this.options)
    this.returning = table.takeLeft(this.options.row, this.returned)
    table.living(this.living)
    if (this.outstanding > 0) this.audit()
    const lost: Array<() => void> = []
    this.leaveBehind(this.placing.admit(this.living), lost)
    for (const tell of lost) tell()
    if (this.outstanding > 0) this.placing.inherit()
  }

  /** Slots that are in use. */
  get outstanding(): number {
    return this.free.length - this.freeSlots
  }

  /** Jobs under way, and those that wait for room. */
  get depth(): number {
    return this.accepted + this.room.waiting
  }

  // Those that were given up are not.
  private get accepted(): number {
    return this.outstanding - (this.shedding?.outstanding ?? 0)
  }

  get hasSlot(): boolean {
    return this.freeSlots > 0
  }

  private get isFull(): boolean {
    return this.freeSlots === 0 || this.accepted >= this.options.capacity
  }

  /** Whether there is something to {@link poll} for. */
  get isBusy(): boolean {
    return this.outstanding > 0 || this.room.waiting > 0 || !this.backlog.isEmpty
  }

  // ---- out

  /** Submits a job, of an asker or of nobody; `aim` says where it may run and at which level, `span` below which, `isOwed` that an older one was given up for it. */
  submit(
    message: Message,
    payload: unknown,
    job: Job | undefined,
    aim = ROUTED,
    span: Tracer.AnySpan | undefined = job?.span,
    isOwed = false
  ): Outcome {
    const { access, cargoes, options } = this
    const { table } = access
    if (!this.takes(message.index, isOwed)) return REFUSED
    if (this.isFull) return NO_ROOM
    const target = this.aiming.targetOf(message, payload, aim)
    if (target < 0) return -target as Outcome
    const { membership } = this.placing
    const bytes = encode(access, message, payload)
    if (!cargoes.canLeave(message, bytes)) return INVALID
    // User code has run.
    if (target !== ANYWHERE && membership !== this.placing.membership) {
      return this.submit(message, payload, job, aim, span, isOwed)
    }
    if (this.ended !== undefined) return REFUSED
    if (this.isFull) return NO_ROOM
    if (job?.isAwaited === false) return TAKEN
    const slot = this.free[this.freeSlots - 1]!
    const loaded = cargoes.load(slot, message, bytes, JobSpan.roomFor(table, span))
    this.refusedBytes = bytes
    if (loaded !== TAKEN) return loaded
    this.freeSlots--
    this.pending[slot - this.first] = job
    const whom = whomOf(target)
    const level = this.aiming.levelOf(message.index, aim)
    const runMillis = this.aiming.runMillisOf(message.index, aim)
    const lane = laneOf(level)
    if (target !== ANYWHERE) this.placing.sends(slot)
    const word = message.index | target | JobSpan.write(table, slot, span)
    if (job !== undefined) job.slot = slot
    // One that is waited for for ever has no deadline, and nobody has looked at a clock for it.
    const isDue = job !== undefined && job.expiresAt < Infinity && options.sharesTime
    const deadline = isDue ? job.expiresAt : Infinity
    // A span says how long a job has waited, and so does the error of one that runs for too long.
    const isTimed = (span !== undefined || runMillis !== 0) && options.sharesTime
    const since = isDue ? deadline - job.timeoutMillis : isTimed ? this.deadlines.now() : NaN
    table.enqueue(slot, job === undefined ? word | UNAWAITED : word, bytes, deadline, since, whom, lane, runMillis)
    if (runMillis !== 0) this.limits.watch(slot, runMillis, since)
    if (this.aiming.mayShed(message.index)) this.shedding?.queued(slot, level)
    if (target === ANYWHERE) {
      if (!options.put(slot)) this.backlog.add(slot)
      // Where its allowance is used up, whoever lets a place go finds it.
      if (isOpen(access.lots, lane) && access.idle.wake()) this.hasWoken = true
    } else if (this.placing.put(slot)) this.hasWoken = true
    options.watch()
    return TAKEN
  }

  // What goes on with a stream is taken as long as anything is done, and so is what stands in the place of something that was accepted.
  private takes(index: number, isOwed: boolean): boolean {
    return this.ended === undefined &&
      this.access.table.phase() <= (isOwed || !this.aiming.mayShed(index) ? CLOSING : OPEN)
  }

  // Its run is over, as that of a job whose asker has gone.
  private overran(slot: number, overrun: Overrun): void {
    const job = this.jobAt(slot)
    if (job !== undefined) return job.overrun(overrun)
    const tag = this.tagOf(slot)
    // One that has come to its end in this moment has an outcome.
    if (this.withdrawn(slot)) this.failed(`${this.name}: a ${tag} that was told is interrupted`, whyOver(overrun))
  }

  /** Whether a job could be taken if there were room: {@link TAKEN}, or why not. */
  check(index: number, payload: unknown, aim: Aim): Outcome {
    const message = this.options.messages[index]!
    const target = this.aiming.targetOf(message, payload, aim)
    if (target < 0) return -target as Outcome
    this.refusedBytes = encode(this.access, message, payload)
    const outcome = this.cargoes.check(message, this.refusedBytes)
    return outcome === TAKEN && !this.takes(index, false) ? REFUSED : outcome
  }

  /** Nobody waits any more for the job of a slot; answers whether a worker has it. */
  withdrawn(slot: number): boolean {
    const { table } = this.access
    const worker = table.withdraw(slot)
    this.cargoes.release(slot)
    this.limits.forget(slot)
    const job = this.jobAt(slot)
    if (job?.span !== undefined) job.tell(JobSpan.storyOfWithdrawn(table, slot, worker))
    if (worker < 0) return false
    this.graces.allow(slot)
    this.access.bells[rowOf(worker)]?.ring()
    return true
  }

  private replace(slot: number): void {
    this.options.overdue(this.access.table.takerOf(slot), this.tagOf(slot))
  }

  private tagOf(slot: number): string {
    return this.options.messages[this.access.table.messageOf(slot) & (UNAWAITED - 1)]?.tag ?? "job"
  }

  /** What whoever waits for room in it has to do is done by {@link room}. */
  stopWaiting(waiter: JobWaiter): void {
    this.room.stopWaiting(waiter)
  }

  jobAt(slot: number): Job | undefined {
    return this.pending[slot - this.first]
  }

  failed(where: string, error: unknown): void {
    this.options.failed(where, error)
  }

  /** Why a submission was refused; set by whoever is asked in the name of the pool. */
  refusalOf: (index: number, payload: unknown, outcome: Outcome) => Parameters<Waiter["done"]>[0] = () => undefined

  // ---- back

  /** Whether {@link poll} would find something. */
  isReady(): boolean {
    const { table } = this.access
    return this.returning > 0 || table.hasFinished(this.options.row) || table.changes() !== this.changes ||
      table.phase() === ENDED && this.ended === undefined || this.hasNothingToHearOf()
  }

  // Who waits for room that others have, in the arena, is told by nobody that it is there: it looks again.
  private hasNothingToHearOf(): boolean {
    return this.room.waiting > 0 && this.freeSlots === this.free.length
  }

  /** Takes what has come back, while the turn lasts; answers whether there was anything. */
  poll(): boolean {
    const { table, thread: { turn } } = this.access
    if (this.ended === undefined && table.phase() === ENDED) {
      this.end(this.options.whyEnded())
      return true
    }
    let did = false
    while (this.hasReturned()) {
      did = true
      this.take(this.returned[--this.returning]!, true)
      if (turn.isOver()) break
    }
    // Who was settled may have left, or ended the pool.
    if (this.ended !== undefined) return true
    if (table.changes() !== this.changes) {
      did = true
      this.look()
    }
    this.backlog.put()
    if ((did || this.hasNothingToHearOf()) && this.room.waiting > 0) this.room.admit()
    if (did && !this.isBusy) this.rest.tell()
    return did
  }

  private hasReturned(): boolean {
    if (this.returning > 0) return true
    if (this.ended !== undefined) return false
    this.returning = this.access.table.takeFinished(this.options.row, this.returned)
    return this.returning > 0
  }

  // The slot is free and its accounts are closed before the asker goes on.
  private take(slot: number, isReturned: boolean): void {
    this.returns++
    this.hasWoken = false
    const { access, name } = this
    const { table } = access
    const job = this.pending[slot - this.first]
    const outcome = table.stageOf(slot)
    const isWanted = job !== undefined && (job.isAwaited || job.unheard !== undefined)
    const exit = isWanted ? exitOf(access, job.message, name, slot, outcome) ?? job.timedOut() : undefined
    if (isWanted) job.brought = access.scratch.carriage.arrived
    if (exit === undefined) this.cargoes.discardReply(slot)
    else if (outcome > OUTCOME) drop(access, table.replyOf(slot))
    const story = exit === undefined || job!.span === undefined ? undefined : JobSpan.storyOf(table, slot)
    this.release(slot)
    if (isReturned) table.done(this.options.row, this.returning)
    if (story !== undefined) job!.tell(story)
    if (exit === undefined) return
    if (job!.isAwaited) job!.settle(exit)
    else if (job!.unheard !== undefined) job!.unheard(exit)
    else job!.forsake()
  }

  private release(slot: number): void {
    const { table } = this.access
    this.cargoes.unload(slot)
    table.free(slot)
    this.shedding?.released(slot)
    this.placing.released(slot)
    const job = this.pending[slot - this.first]
    // Until it has settled it may be withdrawn, and its slot may have another job.
    if (job !== undefined) job.slot = -1
    this.pending[slot - this.first] = undefined
    this.free[this.freeSlots++] = slot
    this.graces.forget(slot)
    if (table.hasRunLimit(slot)) this.limits.forget(slot)
  }

  // ---- deaths

  // Incarnations of workers have come and gone.
  private look(): void {
    const { table } = this.access
    table.living(this.living)
    // After who lives: a successor is let into its inbox only once it is known what its predecessor had.
    const changes = table.changes()
    const isAudit = haveDied(this.changes, changes)
    this.changes = changes
    const lost = isAudit ? this.audit() : []
    if (this.ended !== undefined) return
    this.leaveBehind(this.placing.admit(this.living), lost)
    for (const tell of lost) tell()
  }

  // What only a worker can do that has left the pool: it was sent before this thread knew, or is to be begun again.
  private leaveBehind(slots: ReadonlyArray<number>, lost: Array<() => void>): void {
    const { table } = this.access
    for (const slot of slots) {
      const thread = `worker-${placeOf(table.messageOf(slot))}`
      const hasBegun = table.begunOf(slot) > 0
      const settle = (job: Job) => hasBegun ? job.lost(thread, LEFT) : job.misrouted(`${thread} ${LEFT}`)
      this.giveUp(slot, thread, LEFT, lost, settle)
    }
  }

  // Its slot is free before anybody hears of it.
  private giveUp(
    slot: number,
    thread: string,
    reason: string,
    lost: Array<() => void>,
    settle: (job: Job) => void
  ): void {
    const { access: { table }, name } = this
    const job = this.pending[slot - this.first]
    const word = table.messageOf(slot)
    const story = job?.span === undefined ? undefined : JobSpan.storyOf(table, slot)
    const tag = this.tagOf(slot)
    this.release(slot)
    lost.push(() => {
      if (story !== undefined) job!.tell(story)
      if (job !== undefined) settle(job)
      else if ((word & UNAWAITED) !== 0) this.failed(`${name}: a ${tag} that was told is lost with ${thread}`, reason)
    })
  }

  /** Looks through the slots after some have ended, and answers whom to tell of what is lost. */
  private audit(): Array<() => void> {
    const { table } = this.access
    // What those had given back is in the list by now: the rest of what they had is found by its number.
    while (this.hasReturned()) this.take(this.returned[--this.returning]!, true)
    if (this.ended !== undefined) return []
    const lost: Array<() => void> = []
    // All that wait are found again.
    this.backlog.clear()
    for (let slot = this.first; slot < this.first + this.free.length; slot++) {
      const stage = table.stageOf(slot)
      if (stage === QUEUED || stage === WITHDRAWN) this.found(slot)
      else if (table.isLost(slot, this.living)) this.lose(slot, stage, lost)
    }
    this.backlog.put()
    return lost
  }

  private lose(slot: number, stage: number, lost: Array<() => void>): void {
    const { access: { table }, options } = this
    if (stage >= OUTCOME) {
      return void lost.push(() => {
        if (this.ended === undefined) this.take(slot, false)
      })
    }
    const job = this.pending[slot - this.first]
    const message = table.messageOf(slot)
    const isWanted = job === undefined ? (message & UNAWAITED) !== 0 && !table.isWithdrawn(slot) : job.isAwaited
    if (stage === RUNNING && isWanted && table.begunOf(slot) < options.attempts[message & (UNAWAITED - 1)]!) {
      table.again(slot, whomOf(message))
      // It was begun once, so nobody may say that it was not.
      this.shedding?.kept(slot)
      return this.found(slot)
    }
    const down = options.whyDown(table.takerOf(slot))
    if (down === undefined) return
    const { reason, thread } = down
    // One that died while it wrote may have put the reply into the arena.
    if (stage === WRITING) this.cargoes.discardReply(slot)
    this.giveUp(slot, thread, reason, lost, (job) => job.lost(thread, reason))
  }

  // What waits for one worker lies in its inbox.
  private found(slot: number): void {
    if (placeOf(this.access.table.messageOf(slot)) < 0) this.backlog.add(slot)
  }

  // ---- the end

  /** Told once why the submitter takes nothing any more; set by whoever is asked in the name of the pool. */
  onEnded: (reason: ExitReason) => void = () => {}

  /** Nothing runs any more: whoever waits learns it. */
  end(reason: ExitReason): void {
    if (this.ended !== undefined) return
    this.ended = reason
    const jobs = byEnd(this.access.table, this.pending, reason)
    for (let slot = this.first; slot < this.first + this.free.length; slot++) {
      if (this.access.table.stageOf(slot) === 0) continue
      this.cargoes.discardReply(slot)
      this.release(slot)
    }
    this.stop(jobs, reason)
  }

  /** Whoever waits here learns that nobody does any more; what is under way is another's from now on, who has this row next. */
  leave(reason: ExitReason): void {
    if (this.ended !== undefined) return
    this.ended = reason
    const jobs = byLeave(this.access.table, this.pending)
    this.pending.fill(undefined)
    for (const { job } of jobs) {
      this.cargoes.release(job.slot)
      job.slot = -1
    }
    this.cargoes.leave()
    this.freeSlots = this.free.length
    this.stop(jobs, reason)
  }

  private stop(jobs: ReadonlyArray<Left>, reason: ExitReason): void {
    this.returning = 0
    this.backlog.clear()
    this.graces.clear()
    this.limits.clear()
    this.placing.clear()
    for (const { begun, job } of jobs) job.stopped(reason, begun)
    this.room.admit()
    this.onEnded(reason)
    this.rest.tell()
  }
}
