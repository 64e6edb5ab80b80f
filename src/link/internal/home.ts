/**
 * What a thread of a system knows of itself and of the others: the state that its links share.
 */
import type { ExitReason } from "../../actor/ExitReason.ts"
import type { AdapterRecipient } from "../../actor/kernel/AdapterRecipient.ts"
import type { Address } from "../../actor/kernel/Address.ts"
import type { Cell } from "../../actor/kernel/Cell.ts"
import type { Host } from "../../actor/kernel/Host.ts"
import type { LocalShard } from "../../actor/kernel/LocalShard.ts"
import type { Recipient } from "../../actor/kernel/Recipient.ts"
import { References, type RefTransport } from "../../actor/kernel/RefTransport.ts"
import type { Region } from "../../memory/Region.ts"
import type { Runtime } from "../../runtime/Runtime.ts"
import type { Turn } from "../../runtime/Turn.ts"
import * as Carriage from "../../wire/Carriage.ts"
import type { Codec } from "../../wire/Codec.ts"
import { receive } from "../../wire/kernel/Arrival.ts"
import { Scratch } from "../../wire/Scratch.ts"
import { create as createLane, type GivenLane, type LaneMemory, LaneWriter } from "./lane.ts"
import type { Addressee, Outbound, PendingAsk } from "./outbound.ts"
import { Remotes } from "./remotes.ts"
import type { Signals } from "./signals.ts"

/** Who waits for a thread. */
export type Admitting = Pick<Addressee, "admit">

/** Another thread as seen from here. */
export interface Peer {
  readonly name: string
  /** The incarnation that is up; 0 while there is none. */
  epoch: number
  /** The last incarnation that was up. */
  lastEpoch: number
  /** Why it is down. */
  reason: string
  /** Whether it will never be up again. */
  isFinal: boolean
  /** The sending half of the link to the incarnation that is up. */
  outbound: Outbound | undefined
  /** Those who wait until it is up. */
  waiting: Set<Admitting>
}

/** A recipient whose senders wait for room in its lane. */
export interface Starving {
  /** Asks for room, and looks. */
  hasRoom(): boolean
  admit(): void
}

/** A mailbox that survives, as those who hear of its lanes see it. */
export interface Surviving {
  /** There is something in a lane. */
  nudged(): void
  /** An ask of a thread is taken back. */
  withdraw(thread: number, epoch: number, serial: number): void
  /** Takes a lane over, with all that is in it. */
  add(lane: GivenLane): void
  /** The main thread knows the lane of this thread. */
  known(): void
  /** A thread has gone. */
  peerDown(thread: number): void
}

/** An ask in a lane, and who is asked. */
export interface LastingAsk {
  readonly ask: PendingAsk & {
    /** Whether its asker waits. */
    readonly isAwaited: boolean
    /** The actor has ended, and there will be no answer. */
    stopped(reason: ExitReason): void
  }
  readonly recipient: { readonly address: Address }
  /** Which message of the lane it is. */
  readonly number: number
}

/** What a thread tells whoever has started it. */
export interface Reports {
  /** A record of `thread` made no sense. */
  readonly malformed: (thread: number, error: unknown) => void
  /** Something that has no caller has thrown: the thread goes on. */
  readonly failed: (error: unknown) => void
  /** Calls `then` once whoever gives out the names knows of every actor that has ended here by now. */
  readonly afterEnd: (then: () => void) => void
}

/** See the module. */
export class Home {
  declare readonly host: Host
  /** Which system this is: addresses name it. */
  declare readonly system: number
  /** Which thread of the system this is; 0 is the main thread. */
  declare readonly index: number
  declare readonly peers: ReadonlyArray<Peer>
  declare readonly runtime: Runtime
  declare readonly turn: Turn
  declare readonly signals: Signals
  /** Where messages are encoded before there is a claim, so that no user code runs inside of one. */
  declare readonly scratch: Scratch
  declare readonly reports: Reports
  /** What values find here that travel with the messages that this thread writes and reads. */
  declare readonly carriage: Carriage.Carriage
  /** Actors and shards here that others can address, by epoch and number. */
  declare readonly cells: Map<string, Cell | LocalShard | AdapterRecipient>
  /** Recipients of actors on other threads, by address: the credit of each is counted in one place. */
  declare readonly remotes: Remotes<Recipient>
  /** Actors of this thread that others have an address of, and that have ended: those that somebody holds, and the last ones. */
  declare private readonly past: Remotes<Cell>
  /** The incarnation of this thread. */
  declare readonly epoch: number
  /** Lanes from here, by the number of their actor; held until that has ended, for what is in them. */
  declare readonly lanes: Map<number, LaneWriter>
  /** Asks from here that lie in lanes, by serial. */
  declare readonly lasting: Map<number, LastingAsk>
  /** Mailboxes here that survive, by the number of their actor. */
  declare readonly surviving: Map<number, Surviving>
  /** Those who wait for room in a lane. */
  declare readonly starved: Set<Starving>
  /** Has the main thread know a lane that this thread writes; answers whether it does already, or will say so. */
  declare readonly announce: (actor: number, memory: LaneMemory) => boolean
  declare private serial: number
  declare private millis: number
  declare private readInTurn: number
  constructor(
    host: Host,
    where: {
      readonly system: number
      readonly index: number
      readonly epoch: number
      readonly names: ReadonlyArray<string>
      readonly announce?: ((actor: number, memory: LaneMemory) => boolean) | undefined
    },
    ground: { readonly runtime: Runtime; readonly turn: Turn; readonly signals: Signals },
    reports: Reports,
    transport: RefTransport
  ) {
    this.host = host
    this.system = where.system
    this.index = where.index
    this.peers = where.names.map((name) => ({
      name,
      epoch: 0,
      lastEpoch: 0,
      reason: "it has not started yet",
      isFinal: false,
      outbound: undefined,
      waiting: new Set()
    }))
    this.runtime = ground.runtime
    this.turn = ground.turn
    this.signals = ground.signals
    this.carriage = new Carriage.Carriage(host.carriage).provide(References, transport)
    this.scratch = new Scratch(this.carriage)
    this.reports = reports
    this.cells = new Map()
    this.remotes = new Remotes()
    this.past = new Remotes()
    this.epoch = where.epoch
    this.lanes = new Map()
    this.lasting = new Map()
    this.surviving = new Map()
    this.starved = new Set()
    this.announce = where.announce ?? (() => true)
    this.serial = 0
    this.millis = -Infinity
    this.readInTurn = -1
  }

  /** Reads a value that has arrived: what has moved with it is this thread's. */
  receive<A>(codec: Codec<A>, region: Region, offset: number, end: number): A {
    const { carriage } = this
    if (!codec.carries) return codec.read(region, offset, end, carriage)
    return receive(carriage, () => codec.read(region, offset, end, carriage))
  }

  /** Releases what has moved with a value that nobody waits for. */
  discard(codec: Codec<unknown>, region: Region, offset: number, end: number): void {
    if (!codec.carries) return
    this.receive(codec, region, offset, end)
    Carriage.drop(this.carriage.arrived)
  }

  /** The sending half of the link to the incarnation of `thread` that is up. */
  outboundTo(thread: number): Outbound | undefined {
    return this.peers[thread]?.outbound
  }

  /** Why `thread` cannot be reached. */
  whyDown(thread: number): { readonly thread: string; readonly reason: string; readonly isFinal: boolean } {
    const peer = this.peers[thread]
    if (peer === undefined) return { thread: `thread ${thread}`, reason: "there is no such thread", isFinal: true }
    return { thread: peer.name, reason: peer.reason, isFinal: peer.isFinal }
  }

  /** Whether an actor has ended with the incarnation of its thread that it belonged to. */
  isPast(thread: number, epoch: number): boolean {
    const peer = this.peers[thread]
    return epoch > 0 && peer !== undefined && peer.epoch !== epoch && epoch <= peer.lastEpoch
  }

  /** Lets `waiting` go on when `thread` is up again. */
  awaitThread(thread: number, waiting: Admitting): void {
    this.peers[thread]!.waiting.add(waiting)
  }

  /** Whether that incarnation of a thread is up, or is this one. */
  isUp(thread: number, epoch: number): boolean {
    return thread === this.index ? epoch === this.epoch : this.peers[thread]?.epoch === epoch
  }

  /** The lane from here to an actor; the same one for as long as that lives. */
  laneTo(address: Address): LaneWriter {
    const { actor, laneBytes } = address
    const known = this.lanes.get(actor)
    if (known !== undefined) return known
    const memory = createLane(laneBytes)
    const lane = new LaneWriter(memory)
    this.lanes.set(actor, lane)
    lane.isKnown = this.announce(actor, memory)
    return lane
  }

  /** The main thread knows the lane from here to an actor: what lies there is not lost with this thread either. */
  laneKnown(actor: number): void {
    this.surviving.get(actor)?.known()
    const lane = this.lanes.get(actor)
    if (lane === undefined) return
    lane.isKnown = true
    this.signals.expect()
  }

  /** A number for an ask in a lane, which no other from here has. */
  nextSerial(): number {
    this.serial = (this.serial + 1) >>> 0
    return this.serial
  }

  /** An actor is on another thread: what it has done with so far and not answered it will not answer. */
  resumed(actor: number, done: number): void {
    for (const [serial, { ask, number, recipient }] of this.lasting) {
      if (recipient.address.actor !== actor || ((number - done) | 0) >= 0) continue
      this.lasting.delete(serial)
      const { reason, thread } = this.whyDown(recipient.address.thread)
      this.runtime.detached(() => ask.lost(thread, reason))
    }
  }

  /** Forgets an ask in a lane whose reply has arrived. */
  discharge(serial: number): PendingAsk | undefined {
    const lasting = this.lasting.get(serial)
    this.lasting.delete(serial)
    return lasting?.ask
  }

  /** Those who wait for room in a lane go on, as far as there is some; answers whether anything has changed. */
  feed(): boolean {
    if (this.starved.size === 0) return false
    let changed = false
    for (const one of Array.from(this.starved)) {
      if (!one.hasRoom()) continue
      this.starved.delete(one)
      one.admit()
      if (!this.starved.has(one)) changed = true
    }
    return changed
  }

  /** The actor, or the shard, of a number. */
  cellAt(actor: number, epoch: number): Cell | LocalShard | AdapterRecipient | undefined {
    return this.cells.get(`${epoch}:${actor}`)
  }

  /** The actor of a number, also one that has ended and is remembered: whoever hears of it twice hears of one actor, and why it ended. */
  knownAt(actor: number, epoch: number): Cell | LocalShard | AdapterRecipient | undefined {
    return this.cellAt(actor, epoch) ?? this.past.get(`${epoch}:${actor}`)
  }

  /** The actor of a number has ended. */
  ended(cell: Cell, actor: number, epoch: number): void {
    const id = `${epoch}:${actor}`
    this.cells.delete(id)
    this.past.add(id, cell)
    this.past.end(id, cell)
  }

  /** Milliseconds of a monotonic clock, read once a turn. */
  turnMillis(): number {
    if (this.readInTurn !== this.turn.count) {
      this.readInTurn = this.turn.count
      this.millis = this.runtime.nowMillis()
    }
    return this.millis
  }
}

/** An address of this system as the key of a map. */
export const idOf = ({ actor, epoch, thread }: Address): string => `${thread}:${epoch}:${actor}`
