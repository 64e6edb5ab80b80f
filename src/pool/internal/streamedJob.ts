/**
 * A stream that answers a job, on the side of its reader: one batch is asked for at a time, as long as the reader has room.
 */
import * as Exit from "effect/Exit"
import type * as Tracer from "effect/Tracer"
import * as ActorError from "../../actor/ActorError.ts"
import type { Deadlines } from "../../actor/kernel/Deadlines.ts"
import type { Runnable } from "../../actor/kernel/Dispatcher.ts"
import type { Message } from "../../actor/kernel/Protocol.ts"
import type { Resume } from "../../actor/kernel/Recipient.ts"
import type { StreamReader, StreamSource } from "../../actor/kernel/StreamReader.ts"
import { Region } from "../../memory/Region.ts"
import { messageOf } from "../../runtime/Text.ts"
import type { Carriage } from "../../wire/Carriage.ts"
import type { Codec } from "../../wire/Codec.ts"
import type { Job, Seat } from "./job.ts"
import { wrong } from "./outcome.ts"
import * as StreamProtocol from "./streamProtocol.ts"
import { type Aim, aimedAt } from "./target.ts"

/** Where its jobs are submitted. */
export interface Asked {
  readonly name: string
  readonly deadlines: Deadlines
  readonly carriage: Carriage
  /** In a turn of its own. */
  readonly soon: (run: () => void) => void
  start(
    aim: Aim,
    index: number,
    payload: unknown,
    span: Tracer.AnySpan | undefined,
    timeoutMillis: number,
    resume: Resume,
    seat: Seat | undefined
  ): Job | undefined
  /** Tells a worker; it waits for room as long as it takes. */
  tellSurely(aim: Aim, index: number, payload: unknown): void
  failed(where: string, error: unknown): void
}

/** What it is asked with. */
export interface Asking {
  readonly aim: Aim
  /** The message as it is defined. */
  readonly message: Message
  readonly next: number
  readonly close: number
  readonly payload: unknown
  readonly seat: Seat | undefined
}

/** See the module. */
export class StreamedJob implements StreamSource {
  readonly grounds: StreamSource["grounds"]
  private readonly pool: Asked
  private readonly asking: Asking
  private readonly reader: StreamReader
  /** How many elements the reader has room for. */
  private credit: number
  /** The job whose reply is the next batch. */
  private job: Job | undefined = undefined
  private isAsking = false
  private place = -1
  private id = -1
  private isOver = false

  constructor(pool: Asked, asking: Asking, reader: StreamReader) {
    this.pool = pool
    this.asking = asking
    this.reader = reader
    this.credit = reader.window
    const fault = (where: string, defect: unknown) => pool.failed(where, defect)
    this.grounds = {
      deadlines: pool.deadlines,
      dispatcher: { enqueue: (runnable) => pool.soon(() => run(runnable)) },
      fault
    }
    reader.attach(this)
  }

  /** Asks for the first element. */
  begin(timeoutMillis: number): void {
    const { aim, message: { index }, payload } = this.asking
    this.ask(aim, index, payload, this.reader.span, timeoutMillis)
  }

  private ask(
    aim: Aim,
    index: number,
    payload: unknown,
    span: Tracer.AnySpan | undefined,
    timeoutMillis: number
  ): void {
    this.isAsking = true
    const resume: Resume = (exit) => this.answered(exit)
    const job = this.pool.start(aim, index, payload, span, timeoutMillis, resume, this.asking.seat)
    // It may have been answered by now.
    if (!this.isAsking || job === undefined) return
    this.job = job
    job.unheard = resume
  }

  private answered(exit: Exit.Exit<unknown, unknown>): void {
    this.isAsking = false
    this.job = undefined
    if (exit._tag === "Failure") {
      this.end(this.undelivered(exit))
      // What its worker has of it nobody reads any more.
      return this.close()
    }
    const batch = exit.value as StreamProtocol.Batch
    this.id = batch.how === StreamProtocol.MORE ? batch.id : -1
    this.place = batch.place
    // Its reader went while this was on its way.
    if (this.isOver) return this.close()
    this.take(batch)
    if (batch.how === StreamProtocol.MORE) this.goOn()
    else this.end(this.exitOf(batch))
  }

  private take({ elements }: StreamProtocol.Batch): void {
    const { asking: { message: { success, tag } }, pool: { carriage, name }, reader } = this
    try {
      StreamProtocol.unpack(elements, (region, offset, end) => {
        const element = success.read(region, offset, end, carriage)
        this.credit--
        reader.push(element)
      })
    } catch (thrown) {
      const text = `${name}: an element of the stream in answer to ${tag} cannot be read: ${messageOf(thrown)}`
      this.end(Exit.die(new Error(text)))
      this.close()
    }
  }

  private goOn(): void {
    const { asking: { aim, next }, credit, id, place } = this
    if (this.isOver || this.isAsking || id < 0 || credit <= 0) return
    this.ask({ ...aimedAt(place), level: aim.level }, next, { id, most: credit }, undefined, Infinity)
  }

  grant(elements: number): void {
    this.credit += elements
    this.goOn()
  }

  private end(exit: Exit.Exit<unknown, unknown>): void {
    if (this.isOver) return
    this.isOver = true
    this.reader.end(exit)
  }

  withdraw(): void {
    const { job } = this
    this.isOver = true
    this.job = undefined
    job?.withdraw()
    this.close()
  }

  forsake(): void {
    this.withdraw()
  }

  // What the worker has of it ends there, unless it has by itself.
  private close(): void {
    const { asking: { close }, id, place, pool } = this
    if (id < 0) return
    this.id = -1
    pool.tellSurely(aimedAt(place), close, { id })
  }

  stalled(timeoutMillis: number): ActorError.StreamStalled {
    return new ActorError.StreamStalled({ actor: this.pool.name, tag: this.asking.message.tag, timeoutMillis })
  }

  private exitOf({ end, how, place }: StreamProtocol.Batch): Exit.Exit<unknown, unknown> {
    const { asking: { message: { cause, error, tag }, payload }, pool: { name: actor } } = this
    switch (how) {
      case StreamProtocol.DONE:
        return Exit.void
      case StreamProtocol.FAILED:
        return Exit.fail(this.decode(error, end))
      case StreamProtocol.CAUSE:
        return Exit.failCause(this.decode(cause, end))
      case StreamProtocol.SPOILT:
        return Exit.fail(new ActorError.InvalidElement({ actor, tag, issue: this.decode(wrong, end) }))
      case StreamProtocol.RESTARTED:
        return Exit.fail(new ActorError.StreamBroken({ actor, tag, reason: "restarted" }))
      case StreamProtocol.UNREAD:
        return Exit.fail(new ActorError.StreamBroken({ actor, tag, reason: "unread" }))
      default: {
        const [thread, reason] = [`worker-${place}`, "its thread was started again in the middle of the stream"]
        return Exit.fail(new ActorError.ThreadLost({ actor, thread, reason, undelivered: { tag, payload } }))
      }
    }
  }

  private decode<A>(codec: Codec<A>, bytes: Uint8Array): A {
    return codec.read(new Region(bytes.slice().buffer), 0, bytes.length, this.pool.carriage)
  }

  // Who reads has sent a message, and knows nothing of the batches in which it is answered.
  private undelivered(exit: Exit.Failure<unknown, unknown>): Exit.Exit<unknown, unknown> {
    const { message: { tag }, payload } = this.asking
    const [reason] = exit.cause.reasons
    const error = reason?._tag === "Fail" ? reason.error : undefined
    const undelivered = { tag, payload }
    if (error instanceof ActorError.NotRouted && this.place >= 0) {
      const [actor, thread] = [this.pool.name, `worker-${this.place}`]
      return Exit.fail(new ActorError.ThreadLost({ actor, thread, reason: "it has left the pool", undelivered }))
    }
    if (error instanceof ActorError.ThreadLost) return Exit.fail(new ActorError.ThreadLost({ ...error, undelivered }))
    if (error instanceof ActorError.ActorStopped) {
      return Exit.fail(new ActorError.ActorStopped({ ...error, begun: this.place >= 0 || error.begun, undelivered }))
    }
    if (error instanceof ActorError.MailboxFull) return Exit.fail(new ActorError.MailboxFull({ ...error, undelivered }))
    return exit
  }
}

const run = (runnable: Runnable): void => {
  try {
    runnable.run(1)
  } catch (thrown) {
    runnable.failed(thrown)
  }
}
