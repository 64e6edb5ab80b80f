/**
 * Who waits for room in the queue of a pool, and what is given up to make some.
 *
 * User code runs while one is let in, and while one learns that it was given up: it may submit, interrupt, and end the pool.
 */
import type * as Tracer from "effect/Tracer"
import { LOW } from "../../actor/kernel/Ageing.ts"
import type { Message } from "../../actor/kernel/Protocol.ts"
import { NO_ROOM, type Outcome, TAKEN, type Waiter } from "../../actor/kernel/Recipient.ts"
import type { Cargoes } from "./cargoes.ts"
import type { Job, JobWaiter } from "./job.ts"
import type { Line } from "./line.ts"
import type { Shedding } from "./shedding.ts"
import { type Aim, ROUTED } from "./target.ts"
import { tellWaiterOf } from "./waiter.ts"

/** For what it is the room. */
export interface Queue {
  readonly name: string
  /** Submits a job; `isOwed` where something older was given up for it: it is taken as long as what was accepted is handled. */
  submit(
    message: Message,
    payload: unknown,
    job: Job | undefined,
    aim: Aim,
    span: Tracer.AnySpan | undefined,
    isOwed?: boolean
  ): Outcome
  /** Whether one could be submitted if there were room. */
  check(index: number, payload: unknown, aim: Aim): Outcome
  /** The key that it would have, as workers tell keys apart; 0 for none. Runs user code. */
  keyFor(index: number, payload: unknown, aim: Aim): number
  /** At which level of priority it would wait. */
  levelOf(index: number, aim: Aim): number
  /** Whether it may be given up for something newer. */
  mayShed(index: number): boolean
  /** The job of a slot, unless it was told. */
  jobAt(slot: number): Job | undefined
  /** Whether there is a slot that nobody uses. */
  readonly hasSlot: boolean
  /** Why a submission was refused. */
  refusalOf(index: number, payload: unknown, outcome: Outcome): Refusal
  failed(where: string, error: unknown): void
}

type Refusal = Parameters<Waiter["done"]>[0]

interface Died {
  readonly defect: unknown
}

interface Refused {
  readonly refusal: Refusal
}

/** How it is made. */
export interface Options {
  readonly messages: ReadonlyArray<Message>
  readonly capacity: number
  readonly line: Line
  readonly cargoes: Cargoes
  /** Where older jobs are given up for newer ones. */
  readonly shedding: Shedding | undefined
  /** Somebody waits. */
  readonly watch: () => void
}

/** See the module. */
export class Room {
  /** What was told and dropped, because there was no room. */
  dropped = 0
  private readonly queue: Queue
  private readonly options: Options
  private isAdmitting = false

  constructor(queue: Queue, options: Options) {
    this.queue = queue
    this.options = options
  }

  /** How many wait. */
  get waiting(): number {
    return this.options.line.length
  }

  /** Submits for a sender as soon as there is room, in the order of waiting; `isOwed` where something older was given up for it. */
  wait(waiter: JobWaiter, aim = ROUTED, isOwed = false): void {
    const { options: { line, watch }, queue } = this
    const { index, payload } = waiter
    const key = queue.keyFor(index, payload, aim)
    // User code has run.
    if (waiter.abandoned) return
    waiter.aim = aim
    waiter.isOwed = isOwed
    line.push(waiter, queue.levelOf(index, aim), key, queue.mayShed(index))
    watch()
    if (line.length === 1) this.admit()
  }

  /** One gives up. */
  stopWaiting(waiter: JobWaiter): void {
    this.options.line.abandon(waiter)
  }

  /**
   * Gives up the oldest job that no worker has begun, of the lowest level that is not above this one: whoever submits a job of that may wait in its place.
   * Answers what is to be done once it does; nothing when there is no such job.
   */
  shed(highest: number): (() => void) | undefined {
    const { cargoes, line, shedding } = this.options
    if (shedding === undefined) return undefined
    for (let level = LOW; level >= highest; level--) {
      const slot = shedding.withdraw(level)
      if (slot >= 0) {
        const job = this.queue.jobAt(slot)
        cargoes.release(slot)
        return () => this.give(job)
      }
      const waiter = line.shed(level)
      if (waiter !== undefined) return () => this.conclude(waiter, NO_ROOM)
    }
    return undefined
  }

  private give(job: Job | undefined): void {
    if (job === undefined) this.dropped++
    else job.shed(this.options.capacity)
  }

  /** Takes what is told in the place of something older, or drops it. */
  displace(index: number, payload: unknown, aim: Aim, span: Tracer.AnySpan | undefined): Outcome {
    const { queue } = this
    const checked = queue.check(index, payload, aim)
    if (checked !== TAKEN) return checked
    const message = this.options.messages[index]!
    if (message.carries) return this.replace(message, payload, aim, span)
    const shed = this.shed(queue.levelOf(index, aim))
    if (shed === undefined) this.dropped++
    else {
      this.wait(tellWaiterOf(index, payload, span, (refusal) => this.unheard(refusal)), aim, true)
      shed()
    }
    return TAKEN
  }

  // Its sender hears now that it has nothing any more of what moves with it: it is submitted at once, or dropped.
  private replace(message: Message, payload: unknown, aim: Aim, span: Tracer.AnySpan | undefined): Outcome {
    const { queue } = this
    const { index } = message
    const shed = this.waiting === 0 && queue.hasSlot ? this.shed(queue.levelOf(index, aim)) : undefined
    const outcome = shed === undefined ? NO_ROOM : queue.submit(message, payload, undefined, aim, span, true)
    if (outcome === NO_ROOM) {
      this.dropped++
      this.options.cargoes.discard(message, payload)
    }
    shed?.()
    return outcome === NO_ROOM ? TAKEN : outcome
  }

  // Who has told it does not know whether it was taken in the end.
  private unheard(refusal: Refusal): void {
    if (refusal === undefined) return
    this.dropped++
    if (refusal._tag === "MailboxFull") return
    this.queue.failed(`${this.queue.name}: what was told while there was no room`, refusal)
  }

  /** Lets in for whom there is room. */
  admit(): void {
    if (this.isAdmitting) return
    const { line } = this.options
    this.isAdmitting = true
    for (let waiter = line.first(); waiter !== undefined; waiter = line.first()) {
      const outcome = this.attempt(waiter)
      if (outcome === NO_ROOM) break
      // User code has run, and may have interrupted who waits.
      if (waiter.abandoned) continue
      line.shift(waiter)
      this.conclude(waiter, outcome)
    }
    this.isAdmitting = false
  }

  private attempt({ aim = ROUTED, index, isOwed, job, payload, span }: JobWaiter): Outcome | Died {
    try {
      return this.queue.submit(this.options.messages[index]!, payload, job, aim, span, isOwed)
    } catch (defect) {
      return { defect }
    }
  }

  private conclude(waiter: JobWaiter, outcome: Outcome | Died): void {
    const refused = outcome === TAKEN || typeof outcome === "object" ? outcome : this.refused(waiter, outcome)
    try {
      if (refused === TAKEN) waiter.done(undefined)
      else if ("defect" in refused) waiter.died?.(refused.defect)
      else waiter.done(refused.refusal)
    } catch (thrown) {
      this.queue.failed(`who waited for room in ${this.queue.name} could not go on`, thrown)
    }
  }

  // To say what is wrong with a payload is to read it once more.
  private refused({ index, payload }: JobWaiter, outcome: Outcome): Refused | Died {
    try {
      return { refusal: this.queue.refusalOf(index, payload, outcome) }
    } catch (defect) {
      return { defect }
    }
  }
}
