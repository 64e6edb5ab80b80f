/**
 * A mailbox that survives its thread: what it holds lies in shared memory until it is handled, a lane for each thread that sends.
 *
 * One message at a time is in hand, and is done with when the next one is taken or the actor rests. What is in hand when the thread dies is
 * taken again by the next one. Messages of this thread are written into a lane too, which nobody reads here: they are
 * delivered as they are, and the lane is there for who comes after.
 *
 * Only tells of this thread are kept: who asks here ends with it.
 */
import * as Cause from "effect/Cause"
import type * as Tracer from "effect/Tracer"
import type { Cell } from "../../actor/kernel/Cell.ts"
import { type GivenUp, KEPT, type Kept, KEPT_NEVER, KEPT_NOT_YET, Mailbox } from "../../actor/kernel/Mailbox.ts"
import { INDEX_MASK, Traced, type Word, wordOf } from "../../actor/kernel/Word.ts"
import { CORRUPT, NONE } from "../../memory/Ring.ts"
import * as TraceContext from "../../observe/kernel/TraceContext.ts"
import * as Envelope from "./envelope.ts"
import type { Home, Surviving } from "./home.ts"
import * as Lane from "./lane.ts"
import { LaneAsk } from "./laneAsk.ts"
import { FULL, TOO_LARGE, WRITTEN } from "./outbound.ts"

// Constants of this module are folded into compiled code, those of others are looked up each time. A record of a lane has no slot.
const { TELL } = Envelope
const KIND = 0xf
const INDEX_SHIFT = 4

/** Messages that are handled in a row before a sender that waits for room is looked for. */
const LOOK_EVERY = 64

const isTell = (word: Word | undefined): word is number | Traced => typeof word === "number" || word instanceof Traced

/** The lane of this thread: what is written is what waits here. */
interface OwnLane {
  readonly writer: Lane.LaneWriter
  readonly reader: Lane.LaneReader
}

interface Again {
  readonly lane: Lane.LaneReader
  readonly word: number | Traced
  readonly payload: unknown
}

/** See the module. */
export class LaneMailbox extends Mailbox implements Surviving {
  declare private readonly home: Home
  declare private readonly cell: Cell
  declare private readonly actor: number
  declare private readonly lanes: Array<Lane.LaneReader>
  declare private readonly own: OwnLane
  /** Whose turn it is: the own messages, or those of a lane. */
  declare private at: number
  /** The lane of the message in hand. */
  declare private hand: Lane.LaneReader | undefined
  declare private handWord: Word | undefined
  declare private handPayload: unknown
  /** What was in hand, and is to be handled again. */
  declare private again: Again | undefined
  declare private passed: number
  declare private turn: number
  /** What is left is for who comes after. */
  declare private isKept: boolean
  constructor(home: Home, cell: Cell, actor: number) {
    super(true, true)
    this.home = home
    this.cell = cell
    this.actor = actor
    this.lanes = []
    const memory = Lane.create(cell.behaviour.laneBytes)
    this.own = {
      writer: new Lane.LaneWriter(memory),
      reader: new Lane.LaneReader({ ...memory, from: home.index, epoch: home.epoch })
    }
    this.at = 0
    this.hand = undefined
    this.handWord = undefined
    this.handPayload = undefined
    this.again = undefined
    this.passed = 0
    this.turn = 0
    this.isKept = false
    home.surviving.set(actor, this)
    this.own.writer.isKnown = home.announce(actor, memory)
  }

  add(given: Lane.GivenLane): void {
    if (this.lanes.some(({ epoch, from }) => from === given.from && epoch === given.epoch && given.epoch !== 0)) return
    const lane = new Lane.LaneReader(given)
    this.lanes.push(lane)
    // What it has asked before and has no answer to was answered by a thread that died with that.
    if (this.home.isUp(given.from, given.epoch) && lane.done !== 0) {
      const type = Envelope.typeOf(Envelope.LANE, Envelope.RESUMED, 0)
      this.home.outboundTo(given.from)?.control.words(type, this.actor, lane.done >>> 0, true)
    }
    this.cell.arrived()
  }

  // Also when there is nothing any more: who nudges has taken the arming away, and the actor arms again when it rests.
  nudged(): void {
    this.cell.arrived()
  }

  withdraw(from: number, epoch: number, serial: number): void {
    const { handWord } = this
    if (handWord instanceof LaneAsk && handWord.serial === serial && handWord.lane.from === from) {
      if (!this.cell.cancel(handWord)) handWord.withdrawn()
      return
    }
    for (const lane of this.lanes) if (lane.from === from && lane.epoch === epoch) lane.withdraw(serial)
  }

  // What it had written is all that will come.
  peerDown(from: number): void {
    for (const lane of this.lanes.slice()) {
      if (lane.from === from && lane !== this.hand && lane.isEmpty) this.forget(lane)
    }
    this.nudged()
  }

  private forget(lane: Lane.LaneReader): void {
    this.lanes.splice(this.lanes.indexOf(lane), 1)
  }

  override get length(): number {
    let length = super.length + (this.again === undefined ? 0 : 1)
    for (const lane of this.lanes) length += lane.length
    return this.hand !== undefined && this.lanes.includes(this.hand) ? length - 1 : length
  }

  // ---- messages of this thread

  override keep(index: number, payload: unknown, span: Tracer.AnySpan | undefined): Kept {
    const { own } = this
    if (!own.writer.isKnown) return KEPT_NOT_YET
    const message = this.cell.protocol.messages[index]!
    switch (own.writer.write(this.home.scratch, message, payload, span, undefined)) {
      case WRITTEN:
        return KEPT
      case FULL:
        return KEPT_NOT_YET
      case TOO_LARGE:
        return KEPT_NEVER
      default:
        // It was found valid, and is not any more.
        own.writer.skip()
        return KEPT
    }
  }

  override get isOpening(): boolean {
    return !this.own.writer.isKnown
  }

  override get refusedBytes(): number {
    return this.own.writer.refusedBytes
  }

  override get limitBytes(): number {
    return this.own.writer.maxRecordBytes
  }

  known(): void {
    this.own.writer.isKnown = true
    this.cell.opened()
  }

  // ---- taking

  override take(): Word | undefined {
    this.settled()
    if (this.again !== undefined) return this.takeAgain(this.again)
    const sources = this.lanes.length + 1
    for (let i = 0; i < sources; i++) {
      const at = (this.at + i) % sources
      const word = at === 0 ? this.takeOwn() : this.isKept ? undefined : this.takeFrom(this.lanes[at - 1]!)
      if (word !== undefined) {
        this.at = at + 1
        this.handWord = word
        this.handPayload = this.payload
        return word
      }
    }
    // Those whose threads have gone are empty for good.
    for (const lane of this.lanes.slice()) {
      if (!this.home.isUp(lane.from, lane.epoch) && lane.isEmpty) this.forget(lane)
    }
    this.lookForRoom()
    return undefined
  }

  private takeAgain({ lane, payload, word }: Again): Word {
    this.again = undefined
    this.payload = payload
    this.handPayload = payload
    this.handWord = word
    this.begin(lane)
    return word
  }

  private takeOwn(): Word | undefined {
    let word: Word | undefined
    do word = super.take()
    while (this.isKept && isTell(word))
    if (!isTell(word)) return word
    const { reader } = this.own
    reader.next()
    this.begin(reader)
    return word
  }

  private takeFrom(lane: Lane.LaneReader): Word | undefined {
    for (let offset = lane.next(); offset !== NONE; offset = lane.next()) {
      if (offset === CORRUPT) {
        this.home.reports.malformed(lane.from, new Error(`a damaged record; ${lane.resync()} bytes were skipped`))
        continue
      }
      const word = this.read(lane, offset)
      if (word !== undefined) {
        this.begin(lane)
        if (!this.isSpent(word)) return word
        this.settled()
      } else lane.pass()
    }
    return undefined
  }

  // Its thread has died as often as it may be begun.
  private isSpent(word: Word): boolean {
    const { attempt, cell, home, payload } = this
    const { attempts, protocol } = cell.behaviour
    if (attempts === 1 || attempt <= attempts || !isTell(word)) return false
    const message = protocol.tags[wordOf(word) & INDEX_MASK]!
    const cause = Cause.die(new Error(`its thread has ended each of the ${attempts} times that it was begun`))
    home.host.lost(cell, word, payload, { _tag: "SetAside", cause }, attempts)
    home.host.after.add(() =>
      home.host.report(
        { _tag: "MessageSetAside", actor: cell.name, message, payload, attempts, cause },
        cell.behaviour
      )
    )
    home.host.after.run()
    return true
  }

  private begin(lane: Lane.LaneReader): void {
    this.hand = lane
    this.attempt = lane.begin()
  }

  // Leaves the payload in place; answers nothing for a message that nobody is to handle.
  private read(lane: Lane.LaneReader, offset: number): Word | undefined {
    const { home } = this
    const { end, region, type } = lane.reader
    const kind = type & KIND
    const message = this.cell.protocol.messages[type >>> INDEX_SHIFT]
    if (kind === TELL && message !== undefined) {
      try {
        this.payload = message.payload.read(region, offset, end, home.carriage)
        return message.index
      } catch (error) {
        home.reports.malformed(lane.from, error)
        return undefined
      }
    }
    if (kind === Envelope.HOLE || message === undefined) return undefined
    const isAsk = kind >= Envelope.ASK
    const isTraced = kind === Envelope.TELL_TRACED || kind === Envelope.ASK_TRACED
    const at = isAsk ? offset + Lane.SERIAL_BYTES : offset
    const span = isTraced ? TraceContext.read(region, at) : undefined
    const ask = isAsk ? new LaneAsk(home, lane, message, region.u32[offset >> 2]!, span) : undefined
    if (ask !== undefined) {
      if (lane.isWithdrawn(ask.serial)) {
        ask.withdrawn()
        return undefined
      }
      // Who asked has gone with its thread.
      if (!home.isUp(lane.from, lane.epoch)) return undefined
    }
    try {
      this.payload = home.receive(message.payload, region, isTraced ? at + TraceContext.TRACE_BYTES : at, end)
    } catch (error) {
      ask?.unreadable(error)
      home.reports.malformed(lane.from, error)
      return undefined
    }
    return ask ?? (span === undefined ? message.index : new Traced(message.index, span))
  }

  // ---- done with

  override settled(): void {
    const { hand, handWord } = this
    this.handWord = undefined
    this.handPayload = undefined
    if (hand === undefined) return
    this.hand = undefined
    // A thread that dies has answered, or handles the ask again.
    if (handWord instanceof LaneAsk) this.home.outboundTo(hand.from)?.flush()
    this.attempt = 1
    hand.pass()
    const { count } = this.home.turn
    if (++this.passed % LOOK_EVERY !== 0 && count === this.turn) return
    this.turn = count
    this.lookForRoom()
  }

  override rest(): void {
    this.settled()
    this.lookForRoom()
    for (const lane of this.lanes) if (lane.isEmpty) lane.arm()
  }

  // Senders that wait for room are woken; they look for themselves.
  private lookForRoom(): void {
    for (const lane of this.lanes) if (lane.show()) this.home.outboundTo(lane.from)?.wake()
  }

  override crashed(counts: boolean): GivenUp | undefined {
    const { attempt, hand, handPayload: payload, handWord: word } = this
    const { attempts } = this.cell.behaviour
    if (attempts === 1 || hand === undefined || !isTell(word)) return undefined
    if (counts && attempt >= attempts) return { word, payload, attempts: attempt }
    if (!counts) hand.unbegin()
    this.hand = undefined
    this.handWord = undefined
    this.handPayload = undefined
    this.again = { lane: hand, word, payload }
    return undefined
  }

  override close(isKept: boolean): void {
    this.isKept = isKept
    this.home.surviving.delete(this.actor)
    if (!isKept) {
      // What is left is taken, and dropped.
      Lane.settle(this.own.writer.memory)
      return this.settled()
    }
    this.hand = undefined
    this.again = undefined
  }
}
