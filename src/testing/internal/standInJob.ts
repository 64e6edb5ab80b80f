/** What a pool without threads has to do: a job that somebody waits for, one that was told, one that is answered with a stream. */
import * as Exit from "effect/Exit"
import { ActorStopped, AskTimeout, StreamStalled } from "../../actor/ActorError.ts"
import type { ExitReason } from "../../actor/ExitReason.ts"
import type { Cell } from "../../actor/kernel/Cell.ts"
import { Deadline } from "../../actor/kernel/Deadlines.ts"
import { checkedReply, discardReply, dropReply, movesBack } from "../../actor/kernel/Payload.ts"
import type { Message } from "../../actor/kernel/Protocol.ts"
import type { Resume, Withdrawable } from "../../actor/kernel/Recipient.ts"
import type { StreamReader, StreamSource } from "../../actor/kernel/StreamReader.ts"
import { Ask, type Word } from "../../actor/kernel/Word.ts"

/** What waits in the pool. */
export interface Job {
  /** A worker that has nothing to do has it from now on. */
  hand(cell: Cell): void
  /** The pool has ended. */
  refuse(cell: Cell, reason: ExitReason): void
}

/** The pool, as its jobs see it. */
export interface Desk {
  readonly name: string
  readonly isClosed: boolean
  /** Its worker has not begun it: it is the next one of any other. */
  putBack(job: Job): void
  /** Forgets a job that waits; `false` when it does not. */
  forget(job: Job): boolean
}

/** Nobody waits for it. */
export const told = (word: Word, payload: unknown): Job => ({
  hand: (cell) => cell.deliver(word, payload),
  refuse: (cell, reason) => cell.undeliverable(word, payload, { _tag: "ActorEnded", reason })
})

class Expiry extends Deadline {
  private readonly over: () => void
  constructor(over: () => void) {
    super()
    this.over = over
  }
  expire(): void {
    this.over()
  }
}

/** Somebody waits for it, from the moment on in which it is sent. */
export class AskedJob extends Ask implements Job, Withdrawable {
  private readonly desk: Desk
  private readonly message: Message
  private readonly payload: unknown
  /** Who has it; any worker before that, for what all have in common. */
  private cell: Cell
  private resume: Resume | undefined
  private brings: Exit.Exit<unknown, unknown> | undefined = undefined
  private readonly expiry: Expiry

  constructor(
    desk: Desk,
    cell: Cell,
    message: Message,
    payload: unknown,
    span: Ask["span"],
    timeoutMillis: number,
    resume: Resume
  ) {
    super(message.index, span)
    this.desk = desk
    this.cell = cell
    this.message = message
    this.payload = payload
    this.resume = resume
    if (message.carries) this.freight = payload
    this.expiry = new Expiry(() => this.late(timeoutMillis))
    cell.host.deadlines.add(this.expiry, timeoutMillis)
  }

  hand(cell: Cell): void {
    this.cell = cell
    cell.deliver(this, this.payload)
  }

  refuse(_cell: Cell, reason: ExitReason): void {
    this.stopped(reason, this.payload)
  }

  settle(exit: Exit.Exit<unknown, unknown>): void {
    const { cell, message } = this
    if (this.resume === undefined) return discardReply(message, cell, exit)
    const reply = checkedReply(message, cell, exit)
    // To look at it is somebody's code, after which nobody may wait for it any more.
    if (this.resume === undefined) return discardReply(message, cell, reply)
    if (movesBack(message)) this.brings = reply
    this.finish(reply)
  }

  restarting(): void {
    if (this.resume === undefined) this.release()
    else this.desk.putBack(this)
  }

  stopped(reason: ExitReason, payload: unknown, begun = false): void {
    const { cell: { host: { freight } }, desk, message: { tag } } = this
    if (!begun && !desk.isClosed) return this.restarting()
    this.release()
    const undelivered = { tag, payload: freight.given(payload) }
    this.finish(Exit.fail(new ActorStopped({ actor: desk.name, reason, begun, undelivered })))
  }

  withdraw(): void {
    if (this.leave() === undefined) return
    if (this.desk.forget(this)) this.release()
    else this.cell.cancel(this)
  }

  forsake(): void {
    const { brings, cell } = this
    this.withdraw()
    this.brings = undefined
    if (brings !== undefined) dropReply(cell, brings)
  }

  private late(timeoutMillis: number): void {
    const { desk: { name: actor }, message: { tag }, resume } = this
    // The handler is interrupted first.
    this.withdraw()
    if (resume !== undefined) this.handOver(resume, Exit.fail(new AskTimeout({ actor, tag, timeoutMillis })))
  }

  // What moves with what no handler has is released.
  private release(): void {
    if (this.freight !== undefined) this.cell.host.freight.drop(this.freight)
    this.freight = undefined
  }

  private leave(): Resume | undefined {
    const { cell, expiry, resume } = this
    this.resume = undefined
    cell.host.deadlines.remove(expiry)
    return resume
  }

  private finish(exit: Exit.Exit<unknown, unknown>): void {
    const resume = this.leave()
    if (resume !== undefined) this.handOver(resume, exit)
  }

  private handOver(resume: Resume, exit: Exit.Exit<unknown, unknown>): void {
    try {
      resume(exit)
    } catch (thrown) {
      this.cell.host.fault(`who asked ${this.desk.name} could not take the reply`, thrown)
    }
  }
}

/** A stream answers it: the worker that has it answers the reader itself. */
export class StreamedJob extends Deadline implements Job, StreamSource, Withdrawable {
  readonly grounds: Cell["host"]
  private readonly desk: Desk
  private readonly message: Message
  private readonly payload: unknown
  private readonly timeoutMillis: number
  private readonly reader: StreamReader
  private handed: Withdrawable | undefined = undefined

  constructor(
    desk: Desk,
    cell: Cell,
    message: Message,
    payload: unknown,
    timeoutMillis: number,
    reader: StreamReader
  ) {
    super()
    this.desk = desk
    this.grounds = cell.host
    this.message = message
    this.payload = payload
    this.timeoutMillis = timeoutMillis
    this.reader = reader
    reader.attach(this)
    this.grounds.deadlines.add(this, timeoutMillis)
  }

  hand(cell: Cell): void {
    const { grounds: { deadlines }, message: { index }, payload, reader, timeoutMillis } = this
    // It is the whole time where it has not waited: what is left may be a rounding less than that.
    const left = timeoutMillis === Infinity ? Infinity : Math.min(timeoutMillis, this.expiresAt - deadlines.now())
    deadlines.remove(this)
    this.handed = cell.askUnsafe(index, payload, Math.ceil(Math.max(0, left)), reader)
  }

  refuse(_cell: Cell, reason: ExitReason): void {
    const { desk: { name: actor }, message: { tag }, payload } = this
    this.grounds.deadlines.remove(this)
    const undelivered = { tag, payload }
    this.reader.end(Exit.fail(new ActorStopped({ actor, reason, begun: false, undelivered })))
  }

  expire(): void {
    const { desk, message: { tag }, timeoutMillis } = this
    desk.forget(this)
    this.reader.end(Exit.fail(new AskTimeout({ actor: desk.name, tag, timeoutMillis })))
  }

  withdraw(): void {
    this.grounds.deadlines.remove(this)
    if (!this.desk.forget(this)) this.handed?.withdraw()
  }

  forsake(): void {
    if (this.handed === undefined) this.withdraw()
    else this.handed.forsake()
  }

  // Before a worker has it there is nothing to read.
  grant(): void {}

  stalled(timeoutMillis: number): StreamStalled {
    return new StreamStalled({ actor: this.desk.name, tag: this.message.tag, timeoutMillis })
  }
}
