/**
 * An ask of an actor on another thread that is answered with a stream, on the side of the asker.
 */
import * as Exit from "effect/Exit"
import { InvalidElement, StreamBroken, StreamStalled } from "../../actor/ActorError.ts"
import type { Host } from "../../actor/kernel/Host.ts"
import type { StreamReader, StreamSource } from "../../actor/kernel/StreamReader.ts"
import type { Region } from "../../memory/Region.ts"
import { messageOf } from "../../runtime/Text.ts"
import { wrong } from "./answeredAsk.ts"
import * as Envelope from "./envelope.ts"
import type { Home } from "./home.ts"
import { type Asked, RemoteAsk } from "./remoteAsk.ts"

/** See the module. */
export class RemoteStreamAsk extends RemoteAsk implements StreamSource {
  declare private readonly reader: StreamReader
  constructor(
    home: Home,
    recipient: Asked,
    index: number,
    payload: unknown,
    timeoutMillis: number,
    reader: StreamReader
  ) {
    super(home, recipient, index, payload, reader.span, timeoutMillis, (exit) => reader.end(exit), reader.window)
    this.reader = reader
    reader.attach(this)
  }

  get grounds(): Host {
    return this.home.host
  }

  streamed(region: Region, offset: number, end: number): void {
    if (!this.isAwaited) return
    let element: unknown
    try {
      element = this.home.receive(this.message.success, region, offset, end)
    } catch (error) {
      this.withdraw()
      const text = `${this.actor}: an element of the stream in answer to ${this.tag} cannot be read: ${
        messageOf(error)
      }`
      this.reader.end(Exit.die(new Error(text)))
      throw error
    }
    if (this.reader.push(element)) this.home.host.deadlines.remove(this)
  }

  grant(elements: number): void {
    const { outbound } = this
    if (!this.isAwaited || outbound === undefined || outbound.isDown) return
    outbound.control.words(Envelope.numbered(Envelope.GRANT, elements), this.number, this.serial, true)
  }

  stalled(timeoutMillis: number): StreamStalled {
    return new StreamStalled({ actor: this.actor, tag: this.tag, timeoutMillis })
  }

  protected override read(
    outcome: number,
    word: number,
    region: Region,
    offset: number,
    end: number
  ): Exit.Exit<unknown, unknown> {
    const { actor, tag } = this
    switch (outcome) {
      case Envelope.STREAM_ENDED:
        return Exit.void
      case Envelope.STREAM_BROKEN:
        return Exit.fail(new StreamBroken({ actor, tag, reason: word === 0 ? "restarted" : "unread" }))
      case Envelope.ELEMENT_UNSENDABLE:
        return Exit.fail(new InvalidElement({ actor, tag, issue: wrong.read(region, offset, end) }))
      default:
        return super.read(outcome, word, region, offset, end)
    }
  }
}
