/**
 * An ask that came from another thread, on the side of the actor: its outcome is written back into the ring, once.
 */
import type * as Exit from "effect/Exit"
import type * as Tracer from "effect/Tracer"
import type { ExitReason } from "../../actor/ExitReason.ts"
import type { Message } from "../../actor/kernel/Protocol.ts"
import { Ask } from "../../actor/kernel/Word.ts"
import type { Codec } from "../../wire/Codec.ts"
import * as Envelope from "./envelope.ts"
import * as ExitRecord from "./exitRecord.ts"
import type { Outbound } from "./outbound.ts"
import type { Place } from "./place.ts"

/** The link that an ask came by. */
export interface Way {
  readonly node: Place
  /** The asks that are not answered yet, by their number. */
  readonly asks: Array<InboundAsk | undefined>
  /** Where the reply goes; nowhere once the asker's thread has gone. */
  replyTo(): Outbound | undefined
}

/** See the module. */
export class InboundAsk extends Ask {
  declare private readonly inbound: Way
  declare private readonly id: number
  /** Absent when the actor is not known here: then there is nothing to answer but that. */
  declare private readonly message: Message | undefined
  /** When the asker stops waiting, in the node's milliseconds. */
  declare private readonly expiresAt: number
  declare private isAnswered: boolean
  constructor(
    inbound: Way,
    id: number,
    message: Message | undefined,
    word: number,
    span: Tracer.AnySpan | undefined,
    expiresAt: number
  ) {
    super(word, span)
    this.inbound = inbound
    this.id = id
    this.message = message
    this.expiresAt = expiresAt
    this.isAnswered = false
  }

  override isOver(): boolean {
    if (this.expiresAt === Infinity || this.inbound.node.turnMillis() < this.expiresAt) return false
    this.withdrawn()
    return true
  }

  settle(exit: Exit.Exit<unknown, unknown>): void {
    const message = this.message!
    if (exit._tag === "Success") this.answer(Envelope.REPLIED, message.success, exit.value)
    else if (exit.cause.reasons.length === 1 && exit.cause.reasons[0]!._tag === "Fail") {
      this.answer(Envelope.FAILED, message.error, exit.cause.reasons[0]!.error)
    } else this.answer(Envelope.CAUSE, message.cause as Codec<unknown>, exit.cause)
  }

  restarting(): void {
    this.bare(Envelope.NOT_HANDLED_RESTARTING, 0)
  }

  stopped(reason: ExitReason): void {
    const outbound = this.claim()
    if (outbound === undefined) return
    ExitRecord.send(outbound, Envelope.typeOf(Envelope.REPLY, Envelope.NOT_HANDLED_STOPPED, 0), this.id, reason)
  }

  /** The question cannot be read here. */
  unreadable(error: unknown): void {
    const why = error instanceof Error ? error.message : String(error)
    this.text(Envelope.REPLY_UNSENDABLE, `the payload of ${this.message?.tag} cannot be read there: ${why}`)
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

  // Where the answer goes, the first time; nowhere after that, or once the asker's thread has gone.
  private claim(): Outbound | undefined {
    if (this.isAnswered) return undefined
    this.isAnswered = true
    this.inbound.asks[this.id] = undefined
    return this.inbound.replyTo()
  }

  private answer(outcome: number, codec: Codec<unknown>, value: unknown): void {
    const outbound = this.claim()
    if (outbound === undefined) return
    const { node } = this.inbound
    const before = node.lend()
    try {
      const wrong = outbound.reply(this.id, outcome, codec, value)
      if (wrong === undefined) return
      this.sendText(outbound, Envelope.REPLY_UNSENDABLE, `the reply to ${this.message?.tag} ${wrong}`)
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error)
      this.sendText(outbound, Envelope.REPLY_UNSENDABLE, `the reply to ${this.message?.tag} cannot be encoded: ${text}`)
    } finally {
      node.giveBack(before)
    }
  }

  private bare(outcome: number, word: number): void {
    const { id } = this
    const outbound = this.claim()
    if (outbound === undefined) return
    const { u32 } = outbound.writer.region
    outbound.system(Envelope.typeOf(Envelope.REPLY, outcome, 0), 16, (offset) => {
      u32[offset >> 2] = id
      u32[(offset >> 2) + 2] = word
      return offset + 16
    }, true)
  }

  private text(outcome: number, text: string): void {
    const outbound = this.claim()
    if (outbound !== undefined) this.sendText(outbound, outcome, text)
  }

  private sendText(outbound: Outbound, outcome: number, text: string): void {
    const { id } = this
    const { region } = outbound.writer
    const short = text.slice(0, MAX_TEXT)
    outbound.system(
      Envelope.typeOf(Envelope.REPLY, outcome, 0),
      Envelope.ASK_BYTES + Envelope.textBytes(short),
      (offset) => {
        region.u32[offset >> 2] = id
        return Envelope.writeText(region, offset + Envelope.ASK_BYTES, short)
      },
      true
    )
  }
}

const MAX_TEXT = 300
