/**
 * A worker of a pool: takes jobs one after the other and has the actors of its seats handle them.
 *
 * ```text
 *  poll ─► jobs of its own that came back ─► askers that have gone ─► next job … while the turn lasts
 *
 *  next job   as `NextJob` says
 *  nothing    announce ─► look at everything once more ─► sleep
 * ```
 *
 * A seat is an actor of the behaviour, with one job at a time. While its handler waits for jobs that it has submitted itself, the worker goes on
 * with another seat: what it waits for lies in the worker's own deque, so it runs it itself unless somebody else has stolen it, and no depth of
 * such jobs keeps all workers waiting.
 */
import type { Cell } from "../../actor/kernel/Cell.ts"
import { answer } from "../../actor/kernel/Direct.ts"
import { IDLE } from "../../actor/kernel/Phase.ts"
import type { Wait } from "../../memory/Doorbell.ts"
import { InboxReader } from "../../memory/Inboxes.ts"
import { OPEN } from "../../memory/JobPhase.ts"
import { BEGUN, DISCARDED, STALE, UNAWAITED } from "../../memory/JobTable.ts"
import type * as Trace from "../../observe/Trace.ts"
import { messageOf } from "../../runtime/Text.ts"
import * as Poller from "../../thread/Poller.ts"
import type { Codec } from "../../wire/Codec.ts"
import { GONE } from "../../wire/kernel/Arrival.ts"
import { Awaited, type Missing } from "../../wire/kernel/Missing.ts"
import { MalformedRecord } from "../../wire/WireError.ts"
import { inject } from "../kernel/Injectors.ts"
import { LaneAges } from "../kernel/Lanes.ts"
import { NextJob } from "../kernel/NextJob.ts"
import * as JobSpan from "./jobSpan.ts"
import { KeyGate } from "./keyGate.ts"
import { LateReplies, RETRY_MILLIS } from "./lateReplies.ts"
import { type Access, rowOf } from "./memory.ts"
import * as Outcome from "./outcome.ts"
import { startAt } from "./runLimits.ts"
import { type Bench, JobAsk, Seat } from "./seat.ts"
import type { Submitter } from "./submitter.ts"
import { placeOf, whomOf } from "./target.ts"
import { WorkerMeter } from "./workerMeter.ts"
import type { Options } from "./workerOptions.ts"

/** Seats that wait for jobs of their own, from which on a worker takes none from elsewhere. */
const MAX_WAITING = 64

// Where there is room for a few words.
const reasonOf = (error: unknown): string =>
  error instanceof MalformedRecord ? `${error.where}: ${error.found}` : messageOf(error)

const GONE_WITH = `is not handled: ${GONE}`

/** See the module. */
export class Worker implements Poller.Waitable, Bench {
  private readonly access: Access
  private readonly options: Options
  private readonly submitter: Submitter
  private readonly poller: Poller.Poller
  private readonly inbox: InboxReader
  private readonly keys: KeyGate
  private readonly meter: WorkerMeter
  private readonly seats: Array<Seat> = []
  /** Seats with a job. */
  private taken = 0
  /** Jobs whose handlers have ended. */
  private done = 0
  /** When its turn began: what is too late by then is not begun. */
  private nowMillis = -Infinity
  /** Where its jobs come from. */
  private readonly source: NextJob
  private readonly late: LateReplies
  private isOpening = false
  /** The job whose handler is being called. */
  private answering: JobAsk | undefined = undefined
  /** Whether the pool has been seen to be up. */
  private hasBegun = false
  /** An actor of it has ended, and its thread is about to. */
  private isClosed = false
  /** By which request it takes no jobs any more but those that its own wait for; 0 while it does. */
  private retiring = 0
  /** Whether it still takes what is for it alone, since nobody comes after it. */
  private isLast = false
  /** It has none, and has said so. */
  private isRetired = false

  constructor(access: Access, submitter: Submitter, options: Options) {
    this.access = access
    this.submitter = submitter
    this.options = options
    this.poller = Poller.of(access.thread)
    this.meter = new WorkerMeter(access, options)
    this.late = new LateReplies(access)
    const { allowances, injector } = options
    const allowed = allowances === undefined ? undefined : { allowances, queues: injector }
    this.keys = new KeyGate(access, options.place, this.seats, allowed)
    this.inbox = new InboxReader(access.memory.inboxes, options.place, options.number, this.keys, new LaneAges())
    this.source = new NextJob({
      place: options.place,
      idle: access.idle,
      deque: options.deque,
      inbox: this.inbox,
      injector,
      thieves: options.thieves,
      stole: () => this.meter.stole()
    })
  }

  /** Begins to take jobs. */
  begin(cell: Cell): void {
    this.seat(cell)
    this.poller.add(this)
  }

  /** Takes no jobs from now on, or does again for 0; what it has comes to its end, and as the last one here also what is for it alone. */
  retire(request: number, isLast: boolean): void {
    this.retiring = request
    this.isLast = isLast
    this.isRetired = false
    this.poller.add(this)
    this.access.bells[rowOf(this.options.place)]!.ring()
  }

  /** Takes no jobs any more. */
  close(): void {
    this.isClosed = true
    this.poller.remove(this)
  }

  private seat(cell: Cell): void {
    this.seats.push(new Seat(cell, this.keys))
    // What its behaviour says of a failure may be its end: then another thread has to do the work.
    cell.whenStopped((reason) => {
      this.isClosed = true
      this.options.ended(reason)
    })
  }

  /** The seat of a cell whose handler is about to wait for a job: its place is another's meanwhile. */
  lend(cell: unknown): Seat | undefined {
    const seat = cell === undefined ? undefined : this.seats.find((one) => one.cell === cell)
    // It may be asleep because nothing could be taken.
    if (seat !== undefined) this.access.bells[rowOf(this.options.place)]!.ring()
    return seat
  }

  // ---- a turn

  poll(): boolean {
    const { thread: { turn } } = this.access
    turn.enter()
    if (turn.isOver()) return false
    this.access.spins.look()
    this.nowMillis = this.meter.look()
    this.hasBegun ||= this.mayBegin()
    let did = false
    if (this.submitter.isReady()) {
      // What goes on now may take long, and it does not search meanwhile.
      this.source.stopSearching()
      did = this.submitter.poll()
      this.meter.look()
    }
    if (this.taken > 0) this.interrupt()
    this.options.streams.look()
    if (this.late.size > 0) did = this.late.send((slot) => this.tell(slot)) || did
    while (this.canTake() && !turn.isOver()) {
      this.meter.tick(this.taken > 0)
      const slot = this.next()
      if (slot < 0) break
      did = true
      this.take(slot)
    }
    const hasMore = this.isLast && this.hasOwn() || this.isReading
    if (this.retiring > 0 && this.taken === 0 && this.late.size === 0 && !this.isRetired && !hasMore) {
      this.isRetired = true
      this.options.retired(this.retiring)
    }
    this.meter.flush(this.taken > 0)
    this.options.wear?.look(this.done, this.nowMillis)
    // It may have been woken for what it cannot take: then that is another's.
    if (!this.takesAny()) this.source.stopSearching()
    if (did) this.poller.add(this)
    return did
  }

  // Handlers whose askers have gone are interrupted; they have their seats until they have ended.
  private interrupt(): void {
    for (let i = 0; i < this.seats.length; i++) {
      const { ask, cell } = this.seats[i]!
      if (ask === undefined || ask.cancelled || !this.access.table.isWithdrawn(ask.slot)) continue
      if (!cell.cancel(ask)) this.discard(ask)
    }
  }

  private get waiting(): number {
    let waiting = 0
    for (const { ask, nested } of this.seats) if (ask !== undefined && nested > 0) waiting++
    return waiting
  }

  private get isReading(): boolean {
    return this.options.streams.size > 0
  }

  private mayBegin(): boolean {
    return this.access.table.phase() >= OPEN
  }

  private canTake(): boolean {
    const { taken } = this
    if (this.isClosed || !this.hasBegun || this.isRetired || this.late.size > 0) return false
    if (this.retiring > 0 && !this.isLast && this.waiting === 0 && !this.isReading) return false
    if (taken === 0) return true
    return taken - this.waiting < this.options.concurrency && (taken < this.seats.length || this.openSeat())
  }

  // What it waits for itself is never kept waiting by what it would take from elsewhere.
  private takesAny(): boolean {
    return this.takesOthers && this.canTake()
  }

  // All seats are taken: there is another one in a moment, perhaps in this one.
  private openSeat(): boolean {
    if (this.isOpening) return false
    this.isOpening = true
    this.options.open((cell) => {
      this.isOpening = false
      this.seat(cell)
      this.access.bells[rowOf(this.options.place)]!.ring()
    })
    return !this.isOpening
  }

  // ---- the next job

  private get takesOthers(): boolean {
    return this.taken < MAX_WAITING && this.retiring === 0
  }

  private hasOwn(): boolean {
    return this.options.deque.size() > 0 || this.inbox.hasNews()
  }

  private next(): number {
    if (this.keys.hasLifted()) this.inbox.release()
    return this.source.next(this.takesOthers, this.taken > 0)
  }

  // ---- a job

  private take(slot: number): void {
    const { access, options } = this
    const { table } = access
    // A number may be an old one, and the job in its slot somebody else's by now.
    const whom = this.inbox.hasFound ? options.place + 1 : 0
    const begun = table.has(slot) ? table.begin(slot, options.number, whom) : STALE
    // Once it is begun: else it would be nowhere if the thread died in between.
    this.inbox.taken()
    if (begun !== BEGUN) this.keys.passed()
    if (begun === DISCARDED) {
      table.giveBack(slot)
      return this.tell(slot)
    }
    if (begun !== BEGUN) return
    const word = table.messageOf(slot)
    if (options.knowsTime && (word & UNAWAITED) === 0) {
      const deadline = table.deadlineOf(slot)
      if (deadline !== Infinity && deadline <= this.nowMillis) {
        this.keys.passed()
        return this.tellUnless(!Outcome.discard(access, slot), slot)
      }
    }
    this.handle(slot, word)
  }

  private handle(slot: number, word: number): void {
    const { access, options } = this
    const message = options.messages[word & (UNAWAITED - 1)]
    if (message === undefined) return this.refuse(slot, "is a message that its worker does not know")
    const seat = this.freeSeat()
    const span = JobSpan.read(access.table, slot, word)
    const ask = new JobAsk(this, seat, slot, message, (word & UNAWAITED) === 0, span)
    let payload: unknown
    try {
      payload = this.read(ask)
    } catch (error) {
      if (this.waitsFor(ask)) return
      return this.refuse(slot, `cannot be read by its worker: ${reasonOf(error)}`)
    }
    if (message.carries && !this.brings(ask, payload)) return this.refuse(slot, GONE_WITH)
    this.sit(ask)
    this.hand(ask, payload)
  }

  private read({ message, slot }: JobAsk): unknown {
    const { access } = this
    // What another value has missed is no matter of this one.
    if (message.carries) this.awaited?.takeMissing()
    return Outcome.read(access, message.payload, slot, access.table.payloadOf(slot))
  }

  private get awaited(): Missing | undefined {
    return this.access.scratch.carriage.get(Awaited)
  }

  private sit(ask: JobAsk): void {
    const { seat, slot } = ask
    seat.ask = ask
    this.keys.begun(seat)
    this.inbox.running(++this.taken)
    this.meter.begun(slot, seat)
  }

  private hand(ask: JobAsk, payload: unknown): void {
    // Another one says so when its actor is there again.
    if (ask.seat.cell.phase === IDLE) this.starts(ask)
    this.answering = ask
    answer(ask.seat.cell, ask, payload)
    this.answering = undefined
  }

  /** The run of a job begins, for whoever has given it a limit. */
  starts({ slot }: JobAsk): void {
    const { access: { table }, options: { knowsTime, now } } = this
    if (table.hasRunLimit(slot) && knowsTime) table.setStart(slot, startAt(now()))
  }

  // An actor that is about to be there again asks for it then.
  private brings(ask: JobAsk, payload: unknown): boolean {
    ask.brings(payload, this.access.scratch.carriage.arrived)
    return ask.seat.cell.phase !== IDLE || ask.takes()
  }

  // A thread that was not there yet when everybody was told of it has to ask: the job has its seat meanwhile, and is read once more.
  private waitsFor(ask: JobAsk): boolean {
    const { awaited } = this
    const missing = ask.message.carries ? awaited?.takeMissing() : undefined
    if (missing === undefined) return false
    this.sit(ask)
    awaited!.want(missing, () => {
      // Its asker may have gone, and its seat be another's.
      if (!this.isClosed && ask.seat.ask === ask) this.handleAgain(ask)
    })
    return true
  }

  private handleAgain(ask: JobAsk): void {
    let payload: unknown
    try {
      payload = this.read(ask)
    } catch (error) {
      return this.unhandled(ask, `cannot be read by its worker: ${reasonOf(error)}`)
    }
    if (!this.brings(ask, payload)) return this.unhandled(ask, GONE_WITH)
    this.hand(ask, payload)
  }

  private freeSeat(): Seat {
    const { seats } = this
    let i = 0
    while (seats[i]!.ask !== undefined) i++
    return seats[i]!
  }

  private refuse(slot: number, text: string): void {
    this.keys.passed()
    this.tellUnless(!Outcome.refuse(this.access, slot, text), slot)
  }

  // The thread of one that had a job that is condemned is about to be replaced: nobody else should be lost with it.
  private tellUnless(isCondemned: boolean, slot: number): void {
    if (isCondemned) this.isClosed = true
    else this.tell(slot)
  }

  // Its submitter may be asleep; the worker's own jobs are looked at when this one ends.
  private tell(slot: number): void {
    this.access.bells[this.access.table.submitterOf(slot)]!.ring()
  }

  // ---- what becomes of it

  private leave(ask: JobAsk, hasRun: boolean): void {
    const { seat } = ask
    seat.ask = undefined
    this.inbox.running(--this.taken)
    if (!hasRun) this.meter.putBack(this.taken === 0)
    else if (ask === this.answering) this.meter.endedAtOnce()
    else this.meter.ended(seat, this.taken === 0)
    this.keys.ended(seat, ask.slot)
    this.inbox.release()
    // It may be asleep because nothing could be taken.
    this.access.bells[rowOf(this.options.place)]!.ring()
  }

  settled(ask: JobAsk, outcome: number, codec: Codec<unknown>, value: unknown): void {
    this.leave(ask, true)
    this.done++
    this.tellUnless(!Outcome.settle(this.access, ask.slot, outcome, codec, value, this.late), ask.slot)
  }

  handled({ slot }: JobAsk): Trace.Handled {
    const { access: { table }, options: { key, knowsTime, now, place } } = this
    const waited = knowsTime ? Math.max(0, now() - table.queuedOf(slot)) : NaN
    return JobSpan.handledBy(table, slot, place, key, waited)
  }

  emptied(ask: JobAsk): void {
    this.unhandled(ask, GONE_WITH)
  }

  private unhandled(ask: JobAsk, why: string): void {
    this.leave(ask, false)
    this.tellUnless(!Outcome.refuse(this.access, ask.slot, why), ask.slot)
  }

  private discard(ask: JobAsk): void {
    this.leave(ask, false)
    this.tellUnless(!Outcome.discard(this.access, ask.slot), ask.slot)
  }

  closed(ask: JobAsk): void {
    this.isClosed = true
    this.putBack(ask)
  }

  putBack(ask: JobAsk): void {
    const { slot } = ask
    const { idle, table } = this.access
    const word = table.messageOf(slot)
    this.leave(ask, false)
    if (!table.again(slot, whomOf(word))) {
      this.isClosed = true
      return
    }
    if (placeOf(word) >= 0) return this.inbox.putBack(table.submitterOf(slot), slot, table.levelOf(slot))
    if (!inject(this.access, slot)) this.options.deque.push(slot)
    idle.wake()
  }

  // ---- asleep

  announce(): void {
    this.meter.asleep()
    this.source.announce(this.takesAny())
  }

  isReady(): boolean {
    if (this.submitter.isReady() || this.late.size > 0 || this.options.streams.haveLostReaders()) return true
    for (let i = 0; i < this.seats.length; i++) {
      const { ask } = this.seats[i]!
      if (ask !== undefined && !ask.cancelled && this.access.table.isWithdrawn(ask.slot)) return true
    }
    if (!this.hasBegun) return this.mayBegin()
    if (this.keys.hasLifted()) this.inbox.release()
    return this.canTake() && this.source.hasNext(this.takesOthers)
  }

  napMillis(): number {
    return this.late.size > 0 ? RETRY_MILLIS : 0
  }

  mayRest(): boolean {
    // Handlers may wait for the event loop.
    return this.options.restMillis > 0 && this.taken === 0 && this.late.size === 0 && !this.isOpening
  }

  rest(): boolean {
    const { bells, thread: { runtime, turn } } = this.access
    turn.end()
    this.meter.resting()
    this.source.announce(this.takesAny())
    const { place, restMillis } = this.options
    const since = runtime.nowMillis()
    const isWoken = this.isReady() || bells[rowOf(place)]!.waitBlocking(restMillis) !== "timed-out"
    this.meter.rested(runtime.nowMillis() - since)
    this.retract()
    return isWoken
  }

  wait(): Wait {
    return this.access.bells[rowOf(this.options.place)]!.wait()
  }

  retract(): void {
    this.source.retract()
  }

  cancel(): void {
    this.access.idle.retract(this.options.place)
    this.access.bells[rowOf(this.options.place)]!.cancel()
  }

  failed(error: unknown): void {
    this.options.failed("a worker of a pool", error)
    this.poller.add(this)
  }
}
