/**
 * One thread's place in a system: its links to the other threads, the loop that serves them, and the addresses of its actors.
 *
 * A link belongs to one incarnation of the other thread, and ends with it. What travels on it is in `internal/outbound.ts` and
 * `internal/inbound.ts`; who starts threads is not known here.
 */
import { forgotten } from "../../actor/ExitReason.ts"
import { AdapterRecipient } from "../../actor/kernel/AdapterRecipient.ts"
import type { Address } from "../../actor/kernel/Address.ts"
import type { Bounds } from "../../actor/kernel/Behaviour.ts"
import { Cell } from "../../actor/kernel/Cell.ts"
import type { Host } from "../../actor/kernel/Host.ts"
import { LocalShard, WINDOW } from "../../actor/kernel/LocalShard.ts"
import type { Protocol } from "../../actor/kernel/Protocol.ts"
import type { Recipient } from "../../actor/kernel/Recipient.ts"
import { ForeignReference, type RefTransport } from "../../actor/kernel/RefTransport.ts"
import type { Sends } from "../../actor/kernel/Sends.ts"
import { KeyedRecipient, type Shard } from "../../actor/kernel/Shard.ts"
import { Doorbell } from "../../memory/Doorbell.ts"
import { ReadyBit, ReadySet } from "../../memory/ReadySet.ts"
import type { Runtime } from "../../runtime/Runtime.ts"
import { MAX_SLOTS } from "../internal/envelope.ts"
import { Home, idOf, type Peer, type Reports } from "../internal/home.ts"
import type { GivenLane, LaneMemory } from "../internal/lane.ts"
import { LaneMailbox } from "../internal/laneMailbox.ts"
import { Link } from "../internal/link.ts"
import { Loop, type Polled } from "../internal/loop.ts"
import type { OutboundOptions, Rings } from "../internal/outbound.ts"
import { Reading } from "../internal/reading.ts"
import { Signals } from "../internal/signals.ts"
import { RemoteRecipient } from "./RemoteRecipient.ts"
import { RemoteShard } from "./RemoteShard.ts"

export { countLeft, type GivenLane, isSettled, type LaneMemory, unhandled } from "../internal/lane.ts"
export type { Rings } from "../internal/outbound.ts"

/** Records read from one ring before the others have their turn. */
const BUDGET = 256

/** Where this thread is in the system. */
export interface NodeOptions extends Reports {
  /** Which system it is: a number that no other system has. */
  readonly system: number
  readonly index: number
  readonly epoch: number
  readonly names: ReadonlyArray<string>
  readonly doorbells: SharedArrayBuffer
  /** A `ReadySet` of all threads, where there are so many that each should not look at all of its rings. */
  readonly ready?: SharedArrayBuffer | undefined
  readonly ringBytes: number
  readonly maxSpins: number
  readonly runtime: Runtime
  /** How many actors this thread may address on another; default as many as there are numbers. */
  readonly maxSlots?: number | undefined
  /** Hands the rings for records from here to `thread` to that thread. */
  readonly connect: (thread: number, epoch: number, rings: Rings) => void
  /**
   * Has the main thread know the memory for messages from here to an actor whose mailbox survives its thread; answers whether it does by now,
   * or will say so.
   */
  readonly announce?: ((actor: number, memory: LaneMemory) => boolean) | undefined
}

/** See the module. */
export class Node implements Polled, RefTransport {
  declare readonly home: Home
  declare readonly epoch: number
  declare private readonly linkOptions: OutboundOptions
  declare private readonly bells: ReadonlyArray<Doorbell>
  declare private links: ReadonlyArray<Link>
  declare private readonly loop: Loop
  declare private readonly addresses: WeakMap<Recipient | Shard, Address>
  /** What the actors speak to whom there was a reference here. */
  declare private readonly protocols: Map<string, Protocol>
  declare private exported: number
  declare private readonly reading: Reading
  /** Whether actors have their time before anything is read, since what was read in the last turn has left them none. */
  declare private areActorsFirst: boolean
  constructor(host: Host, options: NodeOptions) {
    const { connect, doorbells, index, maxSpins, names, ready, ringBytes, runtime } = options
    const { turn } = host
    const signals = new Signals(runtime, () => this.loop.wake(), () => this.loop.nudge())
    this.home = new Home(host, options, { runtime, turn, signals }, options, this)
    this.epoch = options.epoch
    this.linkOptions = {
      signals,
      scratch: this.home.scratch,
      ringBytes,
      maxSlots: options.maxSlots ?? MAX_SLOTS,
      readyOf: (thread) => ready === undefined ? undefined : new ReadyBit(ready, thread, index),
      connect
    }
    this.bells = names.map((_, slot) => new Doorbell(doorbells, slot))
    this.links = []
    this.addresses = new WeakMap()
    this.protocols = new Map()
    this.exported = 0
    this.areActorsFirst = false
    this.reading = new Reading(ready === undefined ? undefined : new ReadySet(ready, index))
    this.loop = new Loop(this, this.bells[index]!, maxSpins, runtime, turn)
    host.dispatcher.driveBy(this.loop)
  }

  // ---- links

  /** Takes the rings for records from an incarnation of `thread` to here. */
  accept(thread: number, epoch: number, rings: Rings): void {
    this.peerUp(thread, epoch)
    // Rings of an incarnation that has gone are left to the collector.
    if (this.home.peers[thread]!.epoch === epoch) {
      const link = this.linkTo(thread)!
      link.inbound.accept(rings)
      this.reading.add(link)
      // Whatever comes, something goes back: a reply, or credit.
      link.outbound.open()
    }
    this.loop.wake()
  }

  private useLinks(links: ReadonlyArray<Link>): void {
    this.links = links
    this.reading.use(links)
  }

  private linkTo(thread: number): Link | undefined {
    return this.links.find((link) => link.thread === thread)
  }

  /** An incarnation of `thread` can be reached from now on. */
  peerUp(thread: number, epoch: number): void {
    const peer = this.home.peers[thread]!
    if (epoch <= peer.lastEpoch || peer.isFinal) return
    if (peer.epoch !== 0) this.peerDown(thread, "it was started again", false)
    peer.epoch = epoch
    peer.lastEpoch = epoch
    const link = new Link(this.home, thread, this.bells[thread]!, this.linkOptions)
    peer.outbound = link.outbound
    this.useLinks([...this.links, link])
    this.home.runtime.detached(() => admitAll(peer))
    // What a program asks first it asks from the main thread.
    if (this.home.index === 0) link.outbound.open()
  }

  /**
   * The incarnation of `thread` has gone; answers how many records it had not read.
   *
   * Everything that waits for it is settled before this returns; what it had sent is still delivered.
   */
  peerDown(thread: number, reason: string, isFinal: boolean): number {
    const peer = this.home.peers[thread]!
    const link = this.linkTo(thread)
    peer.epoch = 0
    peer.reason = reason
    peer.isFinal ||= isFinal
    peer.outbound = undefined
    this.useLinks(this.links.filter((other) => other !== link))
    let unread = 0
    this.home.runtime.detached(() => {
      if (link !== undefined) unread = link.end()
      for (const mailbox of this.home.surviving.values()) mailbox.peerDown(thread)
      if (peer.isFinal) admitAll(peer)
    })
    return unread
  }

  /** Wakes whoever a thread that died may have been about to wake. */
  ringForDead(): void {
    for (const bell of this.bells) bell.ringForDead()
  }

  // ---- the loop

  pass(): number {
    const { host: { dispatcher }, signals, turn } = this.home
    signals.isInPass = true
    let read = 0
    try {
      const links = this.reading.now()
      for (let i = 0; i < links.length; i++) read += links[i]!.inbound.drainControl()
      // Never in two turns in a row: when they have taken one, it is the first link alone that is read in it.
      const { areActorsFirst } = this
      if (areActorsFirst) dispatcher.drain()
      read += this.readData(links)
      const isOver = turn.isOver()
      if (!isOver) dispatcher.drain()
      this.areActorsFirst = isOver && !areActorsFirst && !dispatcher.isIdle
      // The loop looks on until they are done: what they have handled is paid for when it rests.
      if (!dispatcher.isIdle) read++
      this.unblock()
    } finally {
      signals.isInPass = false
      signals.publish()
    }
    return read
  }

  // Which link comes first moves on when the turn has ended at one: a flood from one thread starves no other.
  private readData(links: ReadonlyArray<Link>): number {
    const { home, reading } = this
    const { turn } = home
    const { length } = links
    let read = 0
    let reached = 0
    while (reached < length) {
      read += links[(reading.first + reached++) % length]!.inbound.drain(BUDGET)
      if (turn.isOver()) break
    }
    reading.read(reached)
    return read
  }

  rest(): void {
    for (const link of this.links) link.inbound.rest()
    this.home.signals.publish()
  }

  parked(): void {
    this.home.host.dispatcher.resume()
  }

  isQuiet(): boolean {
    return this.reading.isQuiet() && !this.unblock()
  }

  isFar(): boolean {
    const { signals } = this.home
    if (!signals.hasWoken) return false
    signals.hasWoken = false
    return true
  }

  maySpin(): boolean {
    if (this.home.index !== 0) return true
    for (const link of this.links) if (link.outbound.pendingAsks > 0) return true
    return this.home.lasting.size > 0
  }

  failed(error: unknown): void {
    this.home.reports.failed(error)
  }

  /** Something is expected from another thread: the loop looks soon. */
  expectReply(): void {
    this.home.signals.expect()
  }

  // Whether anything has changed. Only after an attempt that changed nothing, made after the announcement that this
  // thread parks, may the loop rest: either the attempt saw the room, or the reader sees the request and rings.
  private unblock(): boolean {
    const { signals } = this.home
    let changed = false
    signals.isUnblocking = true
    try {
      if (signals.isHeldUp && this.unblockLinks()) changed = true
      if (this.home.feed()) changed = true
    } finally {
      signals.isUnblocking = false
    }
    return changed
  }

  private unblockLinks(): boolean {
    const { signals } = this.home
    let changed = false
    let isHeldUp = true
    signals.isHeldUp = false
    try {
      for (const { outbound } of this.links) if (outbound.isBlocked && outbound.unblock()) changed = true
      // Who waits on has asked for room again, and has said so.
      isHeldUp = signals.isHeldUp
    } finally {
      signals.isHeldUp = isHeldUp
    }
    return changed
  }

  /** Makes visible what was written so far, before something is said that has to come after it. */
  flush(): void {
    this.home.signals.publish()
  }

  /** Takes note of all that other threads have made visible by now; what it answers says whether that has been read. */
  mark(): () => boolean {
    const marks = this.links.map(({ inbound }) => inbound.mark())
    return () => marks.every((isRead) => isRead())
  }

  /** Whether nothing is held back that was told to other threads: it can be read there, once it is flushed. */
  get isFlushed(): boolean {
    return this.links.every(({ outbound }) => !outbound.isHolding)
  }

  /** Ends the loop; the links are left as they are. */
  close(): void {
    this.loop.close()
  }

  // ---- addresses

  /**
   * Gives an actor here the number by which others address it. One that outlives its thread takes the lanes over that it had, if its
   * mailbox does so too.
   */
  place(cell: Cell, actor: number, epoch: number, lanes?: ReadonlyArray<GivenLane>): void {
    if (lanes !== undefined && cell.behaviour.laneBytes > 0) {
      const mailbox = new LaneMailbox(this.home, cell, actor)
      cell.mailbox = mailbox
      for (const lane of lanes) mailbox.add(lane)
    }
    this.home.cells.set(`${epoch}:${actor}`, cell)
    this.addresses.set(cell, this.addressAt(cell, actor, epoch))
    // It keeps its address when it has ended: whoever has one reference to it and gets another sees that they are the same.
    cell.whenStopped(() => this.home.ended(cell, actor, epoch))
  }

  /** An actor here has a lane more. */
  addLane(actor: number, lane: GivenLane): void {
    this.home.surviving.get(actor)?.add(lane)
  }

  /** The main thread knows the memory for messages from here to an actor. */
  laneKnown(actor: number): void {
    this.home.laneKnown(actor)
  }

  // A number of its own, by which others address its actor in that protocol. One that has ended is nobody.
  private placeAdapter(adapter: AdapterRecipient, actor: number): Address {
    const { cells, index } = this.home
    const { behaviour, key, protocol } = adapter
    const id = `${this.epoch}:${actor}`
    const address = this.address(index, this.epoch, actor, { ...behaviour, laneBytes: 0 }, protocol.layoutHash, key)
    this.addresses.set(adapter, address)
    cells.set(id, adapter)
    adapter.whenStopped(() => cells.delete(id))
    return address
  }

  /** Gives a shard here the number by which others address it; it outlives its thread. */
  placeShard(shard: LocalShard, actor: number, bounds: Bounds, layoutHash: number): void {
    const { cells, index } = this.home
    const id = `0:${actor}`
    cells.set(id, shard)
    this.addresses.set(shard, this.shardAddress(index, actor, bounds, layoutHash))
    shard.whenStopped(() => {
      cells.delete(id)
      this.addresses.delete(shard)
    })
  }

  /** The address of a shard; that of one of its actors has its key. */
  shardAddress(thread: number, actor: number, bounds: Bounds, layoutHash: number): Address {
    const capacity = WINDOW * bounds.capacity
    return { ...this.address(thread, 0, actor, { ...bounds, capacity }, layoutHash, ""), isKeyed: true }
  }

  /** The shard of an address. */
  shardAt(address: Address, protocol: Protocol): Shard {
    const { home } = this
    const resident = address.thread === home.index ? home.cellAt(address.actor, address.epoch) : undefined
    if (resident instanceof LocalShard) return resident
    const remote = this.remote(address, protocol)
    if (address.thread === home.index) over(remote)
    return remote as RemoteShard
  }

  private addressAt(cell: Cell, actor: number, epoch: number): Address {
    const { behaviour, key, mailbox, protocol } = cell
    const laneBytes = mailbox?.isLasting === true ? behaviour.laneBytes : 0
    return this.address(this.home.index, epoch, actor, { ...behaviour, laneBytes }, protocol.layoutHash, key)
  }

  /** The address of an actor of this system. */
  address(
    thread: number,
    epoch: number,
    actor: number,
    { capacity, laneBytes, overflow }: Pick<Address, "capacity" | "laneBytes" | "overflow">,
    layoutHash: number,
    key: string
  ): Address {
    const { system } = this.home
    // 0 is unbounded: infinity is no number on the way.
    const finite = capacity === Infinity ? 0 : capacity
    return {
      system,
      node: 0,
      thread,
      epoch,
      actor,
      capacity: finite,
      overflow,
      laneBytes,
      layoutHash,
      key,
      isKeyed: false
    }
  }

  get sends(): Sends {
    return this.home.host.sends
  }

  addressOf(recipient: Recipient): Address {
    const { home } = this
    const whose = recipient instanceof KeyedRecipient ? recipient.shard : recipient
    const known = whose instanceof RemoteRecipient && whose.home === home ? whose.address : this.addresses.get(whose)
    if (known !== undefined) return known.isKeyed ? { ...known, key: recipient.key } : known
    if (!(recipient instanceof Cell || recipient instanceof AdapterRecipient) || recipient.host !== home.host) {
      const system = whose instanceof RemoteRecipient ? whose.address.system : undefined
      throw new ForeignReference(recipient.protocol.name, recipient.key, system, home.system)
    }
    const actor = ++this.exported
    if (recipient instanceof AdapterRecipient) return this.placeAdapter(recipient, actor)
    this.place(recipient, actor, this.epoch)
    return this.addressAt(recipient, actor, this.epoch)
  }

  recipientAt(address: Address, protocol: Protocol): Recipient {
    const { home } = this
    if (address.system !== home.system || address.node !== 0) {
      throw new ForeignReference(protocol.name, address.key, address.system, home.system)
    }
    if (address.isKeyed) return new KeyedRecipient(this.shardAt(address, protocol), protocol, address.key)
    const isHere = address.thread === home.index
    const cell = isHere ? home.knownAt(address.actor, address.epoch) : undefined
    if (cell instanceof Cell || cell instanceof AdapterRecipient) return cell
    const remote = this.remote(address, protocol)
    if (isHere) over(remote)
    return remote
  }

  /** The protocol of a name, as far as it is known here. */
  protocolOf(name: string, layoutHash: number): Protocol | undefined {
    const { home: { host }, protocols } = this
    const known = [host.behaviourOf(name)?.protocol, protocols.get(name)]
    return known.find((protocol) => protocol?.layoutHash === layoutHash)
  }

  /** The one recipient for an address: its credit is counted in one place. */
  remote(address: Address, protocol: Protocol): RemoteRecipient {
    const { remotes } = this.home
    const id = idOf(address)
    const known = remotes.get(id)
    if (known instanceof RemoteRecipient) return known
    const recipient = address.isKeyed
      ? new RemoteShard(this.home, protocol, address)
      : new RemoteRecipient(this.home, protocol, address)
    remotes.add(id, recipient)
    this.protocols.set(protocol.name, protocol)
    return recipient
  }

  /** Notes that an actor has ended: its address is remembered for a while. */
  forget(recipient: RemoteRecipient): void {
    this.home.remotes.end(idOf(recipient.address), recipient)
  }
}

const over = (remote: RemoteRecipient): void => {
  remote.closed(forgotten, undefined)
  remote.retire()
}

const admitAll = (peer: Peer): void => {
  const { waiting } = peer
  peer.waiting = new Set()
  for (const recipient of waiting) recipient.admit()
}
