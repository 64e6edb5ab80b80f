/**
 * An ask that came from another thread: how its outcome is written back, once.
 */
import type * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import type * as Tracer from "effect/Tracer"
import type { AskError } from "../../actor/ActorError.ts"
import type { ExitReason } from "../../actor/ExitReason.ts"
import type { Message } from "../../actor/kernel/Protocol.ts"
import { Ask } from "../../actor/kernel/Word.ts"
import { messageOf } from "../../runtime/Text.ts"
import * as Codec from "../../wire/Codec.ts"
import * as Envelope from "./envelope.ts"
import * as ExitRecord from "./exitRecord.ts"
import type { Home } from "./home.ts"
import type { Outbound } from "./outbound.ts"
import * as Unanswered from "./unanswered.ts"

/** The codec of what went wrong with a reply. */
export const wrong: Codec.Codec<string> = Codec.compile(Schema.String)

/** How the asker knows the ask again. */
export interface Return {
  readonly number: number
  /** Whether the number belongs to the link, or to the asker's thread. */
  readonly slot: typeof Envelope.OF_LINK | typeof Envelope.LASTING
}

/** See the module. */
export abstract class AnsweredAsk extends Ask {
  declare protected readonly home: Home
  declare protected readonly number: number
  declare private readonly slot: number
  /** Absent when the actor is not known here: then there is nothing to answer but that. */
  declare protected readonly message: Message | undefined
  constructor(
    home: Home,
    message: Message | undefined,
    { number, slot }: Return,
    word: number,
    span: Tracer.AnySpan | undefined
  ) {
    super(word, span)
    this.home = home
    this.number = number
    this.slot = slot
    this.message = message
  }

  /** Where the answer goes, the first time; nowhere after that, or once the asker's thread has gone. */
  protected abstract claim(): Outbound | undefined

  /** How long its handler has taken, in microseconds, where the asker is told that. */
  protected handlingMicros(): number {
    return 0
  }

  /** How long ago that was, in microseconds. */
  protected microsSince(millis: number): number {
    return Math.min(Math.max(0, Math.round((this.home.host.deadlines.now() - millis) * 1000)), MAX_MICROS)
  }

  settle(exit: Exit.Exit<unknown, unknown>): void {
    const message = this.message!
    if (exit._tag === "Success") this.answer(Envelope.REPLIED, message.success, exit.value)
    else if (exit.cause.reasons.length === 1 && exit.cause.reasons[0]!._tag === "Fail") {
      this.answer(Envelope.FAILED, message.error, exit.cause.reasons[0]!.error)
    } else this.answer(Envelope.CAUSE, message.cause as Codec.Codec<unknown>, exit.cause)
  }

  /** The actor that it was handed on to has not answered. */
  protected unanswered(error: AskError): void {
    this.answer(Envelope.UNANSWERED, Unanswered.codec() as Codec.Codec<unknown>, Unanswered.portable(error))
  }

  restarting(): void {
    this.drop()
    this.bare(Envelope.NOT_HANDLED_RESTARTING, 0)
  }

  stopped(reason: ExitReason, _payload?: unknown, begun = false): void {
    this.drop()
    // A worker ends with a behaviour that gave up there, with all its actors, and they come back: whoever asks learns that the
    // thread was lost.
    const { host, index } = this.home
    if (index !== 0 && (reason._tag === "SupervisorGaveUp" || host.hasEscalated)) return
    const outbound = this.claim()
    if (outbound === undefined) return
    const type = this.type(Envelope.NOT_HANDLED_STOPPED)
    ExitRecord.send(outbound, outbound.data, type, this.number, begun ? Envelope.BEGUN : 0, reason)
  }

  // No handler has had what it asks with.
  private drop(): void {
    if (this.freight !== undefined) this.home.host.freight.drop(this.freight)
    this.freight = undefined
  }

  /** The question cannot be read here. */
  unreadable(error: unknown): void {
    const outbound = this.claim()
    if (outbound !== undefined) {
      this.unsendable(outbound, `the payload of ${this.tag} cannot be read there: ${messageOf(error)}`)
    }
  }

  /** The protocols of both sides differ. */
  otherLayout(layoutHash: number): void {
    this.bare(Envelope.NOT_HANDLED_LAYOUT, layoutHash)
  }

  /** The asker is gone; this lets its thread forget the ask. */
  withdrawn(): void {
    this.cancelled = true
    this.bare(Envelope.WITHDRAWN, 0)
  }

  protected type(outcome: number): number {
    return Envelope.typeOf(Envelope.REPLY, outcome, this.slot)
  }

  private get tag(): string {
    return this.message?.tag ?? "an unknown message"
  }

  private answer(outcome: number, codec: Codec.Codec<unknown>, value: unknown): void {
    const micros = this.handlingMicros()
    const outbound = this.claim()
    if (outbound === undefined) return this.discard(codec, value)
    let text: string | undefined
    try {
      text = outbound.reply(this.type(outcome), this.number, micros, codec, value)
    } catch (error) {
      text = `cannot be encoded: ${messageOf(error)}`
    }
    if (text === undefined) return
    this.discard(codec, value)
    this.unsendable(outbound, `the reply to ${this.tag} ${text}`)
  }

  // Nobody will have it.
  private discard(codec: Codec.Codec<unknown>, value: unknown): void {
    if (codec.carries) this.home.host.freight.discard(codec, value)
  }

  protected bare(outcome: number, word: number): void {
    const outbound = this.claim()
    outbound?.data.words(this.type(outcome), this.number, word, true)
  }

  protected unsendable(outbound: Outbound, text: string, outcome: number = Envelope.REPLY_UNSENDABLE): void {
    const type = this.type(outcome)
    outbound.coded(outbound.data, type, this.number, 0, wrong, text.slice(0, MAX_TEXT))
  }
}

const MAX_TEXT = 300
const MAX_MICROS = 0xffffffff
