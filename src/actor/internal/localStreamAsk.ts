/**
 * An ask of an actor on the same thread that is answered with a stream: each element is held to its schema, as between threads.
 */
import * as Exit from "effect/Exit"
import { InvalidElement, StreamBroken, StreamStalled } from "../ActorError.ts"
import type { ExitReason } from "../ExitReason.ts"
import type { Handover } from "../kernel/Forwarded.ts"
import { answered, NOBODY, type StreamAsk, type Streamer, Streaming, wrongWith } from "../kernel/Streaming.ts"
import type { StreamReader, StreamSource } from "../kernel/StreamReader.ts"
import { type Asked, LocalAsk } from "./localAsk.ts"

/** See the module. */
export class LocalStreamAsk extends LocalAsk implements StreamAsk, StreamSource {
  declare readonly cell: Asked & Streamer
  declare private readonly payload: unknown
  declare private readonly reader: StreamReader
  declare private streaming: Streaming | undefined
  /** How many elements its reader still has room for. */
  declare private credit: number
  constructor(cell: Asked & Streamer, index: number, payload: unknown, reader: StreamReader) {
    super(cell, index, reader.span, (exit) => reader.end(exit))
    this.payload = payload
    this.reader = reader
    this.streaming = undefined
    this.credit = reader.window
    reader.attach(this)
  }

  get grounds(): Asked["host"] {
    return this.cell.host
  }

  private get at(): { readonly actor: string; readonly tag: string } {
    return { actor: this.cell.name, tag: this.cell.behaviour.protocol.tags[this.word]! }
  }

  // ---- the actor's side

  override settle(exit: Exit.Exit<unknown, unknown>): void {
    if (this.isSettled || this.cancelled || this.isExpired) return this.grounds.freight.dropUnused(this.given)
    const outcome = answered(this.cell, this, exit)
    if (!(outcome instanceof Streaming)) return super.settle(outcome)
    this.streaming = outcome
    outcome.begin()
  }

  // What it waits for is a stream, and this is none.
  override forward(handover: Handover): void {
    this.settle(Exit.succeed(handover))
  }

  send(elements: ReadonlyArray<unknown>, from: number): number {
    const codec = this.cell.behaviour.protocol.messages[this.word]!.success
    const { freight, turn } = this.grounds
    for (let at = from; at < elements.length; at++) {
      if (at > from && turn.isOver()) return at
      if (this.isSettled || this.isExpired) return NOBODY
      if (this.credit === 0) return at
      const element = elements[at]
      const issue = wrongWith(codec, element, freight)
      if (issue !== undefined) {
        this.finish(Exit.fail(new InvalidElement({ ...this.at, issue })))
        return NOBODY
      }
      // To look at it may have ended the reader.
      if (this.isSettled) return NOBODY
      this.credit--
      if (this.reader.push(element)) this.begun()
    }
    return elements.length
  }

  ended(exit: Exit.Exit<unknown, unknown>): void {
    if (exit._tag === "Success") this.finish(Exit.void)
    else super.settle(exit)
  }

  broken(reason: StreamBroken["reason"]): void {
    this.finish(Exit.fail(new StreamBroken({ ...this.at, reason })))
  }

  override stopped(reason: ExitReason, _payload: unknown, begun = false): void {
    super.stopped(reason, this.payload, begun)
  }

  // ---- the reader's side

  override withdraw(): void {
    super.withdraw()
    this.streaming?.interrupt()
  }

  grant(elements: number): void {
    this.credit += elements
    this.streaming?.wake()
  }

  stalled(timeoutMillis: number): StreamStalled {
    return new StreamStalled({ ...this.at, timeoutMillis })
  }
}
