/**
 * One thread's place in a system: its actors, its links to the other threads, and the loop that serves them.
 *
 * Links are made on first contact, one ring for each direction, and belong to one incarnation of the other thread. This
 * file keeps them; what travels on them is in `outbound.ts` and `inbound.ts`, and who starts threads is in
 * `ThreadedSystem.ts`.
 */
import { forgotten } from "../../actor/ExitReason.ts"
import type { Address } from "../../actor/kernel/Address.ts"
import { Cell } from "../../actor/kernel/Cell.ts"
import type { Host } from "../../actor/kernel/Host.ts"
import type { Protocol } from "../../actor/kernel/Protocol.ts"
import type { Recipient } from "../../actor/kernel/Recipient.ts"
import * as RefTransport from "../../actor/kernel/RefTransport.ts"
import { Doorbell } from "../../memory/Doorbell.ts"
import * as SpscRing from "../../memory/SpscRing.ts"
import type { Runtime } from "../../runtime/Runtime.ts"
import { Scratch } from "../../wire/Scratch.ts"
import { Inbound } from "../internal/inbound.ts"
import { Loop, type Polled } from "../internal/loop.ts"
import { type Addressee, Outbound, type OutboundHost } from "../internal/outbound.ts"
import type { Owing, Place } from "../internal/place.ts"
import { RemoteRecipient } from "./RemoteRecipient.ts"

/** Records read from one ring before the others have their turn. */
const BUDGET = 256

/** How many ended actors of other threads are remembered. */
const REMEMBERED = 256

/** Another thread as seen from here. */
export interface Peer {
  readonly name: string
  /** The incarnation that is up; 0 while there is none. */
  epoch: number
  /** Why it is down. */
  reason: string
  /** Whether it will never be up again. */
  isFinal: boolean
}

/** Where this thread is in the system. */
export interface NodeOptions {
  readonly index: number
  readonly epoch: number
  readonly names: ReadonlyArray<string>
  readonly doorbells: SharedArrayBuffer
  readonly ringBytes: number
  readonly maxSpins: number
  readonly runtime: Runtime
  /** Hands the ring for records from here to `thread` to that thread. */
  readonly connect: (thread: number, epoch: number, ring: SharedArrayBuffer) => void
  /** A record of `thread` made no sense. */
  readonly malformed: (thread: number, error: unknown) => void
}

/** See the module. */
export class Node implements Place, Polled, OutboundHost, RefTransport.RefTransport {
  declare readonly host: Host
  declare readonly index: number
  declare readonly epoch: number
  declare readonly peers: ReadonlyArray<Peer>
  declare readonly scratch: Scratch
  /** Links here that owe credit. */
  declare readonly owing: Array<Owing>
  declare private readonly options: NodeOptions
  declare private readonly bells: ReadonlyArray<Doorbell>
  declare private readonly outbounds: Array<Outbound | undefined>
  declare private inbounds: Array<Inbound>
  declare private readonly dirtyOutbounds: Array<Outbound>
  declare private readonly blockedOutbounds: Set<Outbound>
  declare private readonly loop: Loop
  declare private readonly cells: Map<string, Cell>
  declare private readonly addresses: Map<Recipient, Address>
  declare private readonly remotes: Map<string, RemoteRecipient>
  /** Those of them that have ended, the oldest first. */
  declare private readonly ended: Set<string>
  declare private readonly waiting: Map<number, Set<Addressee>>
  declare private readonly flush: () => void
  declare private isInPass: boolean
  declare private isUnblocking: boolean
  declare private isFlushScheduled: boolean
  declare private exported: number
  declare private millis: number
  constructor(host: Host, options: NodeOptions) {
    this.host = host
    this.index = options.index
    this.epoch = options.epoch
    this.peers = options.names.map((name) => ({ name, epoch: 0, reason: "it has not started yet", isFinal: false }))
    this.scratch = new Scratch()
    this.owing = []
    this.options = options
    this.bells = options.names.map((_, slot) => new Doorbell(options.doorbells, slot))
    this.outbounds = options.names.map(() => undefined)
    this.inbounds = []
    this.dirtyOutbounds = []
    this.blockedOutbounds = new Set()
    this.cells = new Map()
    this.addresses = new Map()
    this.remotes = new Map()
    this.ended = new Set()
    this.waiting = new Map()
    this.isInPass = false
    this.isUnblocking = false
    this.isFlushScheduled = false
    this.exported = 0
    this.millis = -1
    this.flush = () => {
      this.isFlushScheduled = false
      this.publish()
    }
    this.loop = new Loop(this, this.bells[options.index]!, options.maxSpins, options.runtime)
  }

  // ---- links

  /** The link to the incarnation of `thread` that is up, made on first contact. */
  outboundTo(thread: number): Outbound | undefined {
    return this.outbounds[thread] ?? this.connectTo(thread)
  }

  private connectTo(thread: number): Outbound | undefined {
    const peer = this.peers[thread]
    if (peer === undefined || peer.epoch === 0 || thread === this.index) return undefined
    const ring = SpscRing.create(this.options.ringBytes)
    const outbound = new Outbound(this, thread, peer.epoch, ring, this.bells[thread]!)
    this.outbounds[thread] = outbound
    this.options.connect(thread, peer.epoch, ring)
    return outbound
  }

  /** Takes the ring for records from an incarnation of `thread` to here. */
  accept(thread: number, epoch: number, ring: SharedArrayBuffer): void {
    this.peerUp(thread, epoch)
    this.inbounds.push(new Inbound(this, thread, epoch, ring))
    this.loop.wake()
  }

  /** An incarnation of `thread` can be reached from now on. */
  peerUp(thread: number, epoch: number): void {
    const peer = this.peers[thread]!
    if (peer.epoch === epoch || peer.isFinal) return
    if (peer.epoch !== 0) this.peerDown(thread, "it was started again", false)
    peer.epoch = epoch
    const waiting = this.waiting.get(thread)
    this.waiting.delete(thread)
    if (waiting !== undefined) { for (const recipient of waiting) recipient.admit() }
  }

  /**
   * The incarnation of `thread` has gone; answers how many records it had not read.
   *
   * Everything that waits for it is settled before this returns; what it had sent is still delivered.
   */
  peerDown(thread: number, reason: string, isFinal: boolean): number {
    const peer = this.peers[thread]!
    const outbound = this.outbounds[thread]
    const unread = outbound === undefined ? 0 : outbound.countUnread()
    for (const inbound of this.inbounds) if (inbound.thread === thread) this.withRefs(() => inbound.end())
    this.inbounds = this.inbounds.filter((inbound) => inbound.thread !== thread)
    peer.epoch = 0
    peer.reason = reason
    peer.isFinal ||= isFinal
    this.outbounds[thread] = undefined
    if (outbound !== undefined) {
      this.blockedOutbounds.delete(outbound)
      outbound.end(peer.name, reason)
    }
    if (isFinal) {
      const waiting = this.waiting.get(thread)
      this.waiting.delete(thread)
      if (waiting !== undefined) { for (const recipient of waiting) recipient.admit() }
    }
    return unread
  }

  /** Why `thread` cannot be reached. */
  whyDown(thread: number): { readonly thread: string; readonly reason: string; readonly isFinal: boolean } {
    const peer = this.peers[thread]
    if (peer === undefined) return { thread: `thread ${thread}`, reason: "there is no such thread", isFinal: true }
    return { thread: peer.name, reason: peer.reason, isFinal: peer.isFinal }
  }

  /** Tells `recipient` when `thread` is up again. */
  awaitThread(thread: number, recipient: Addressee): void {
    const waiting = this.waiting.get(thread)
    if (waiting === undefined) this.waiting.set(thread, new Set([recipient]))
    else waiting.add(recipient)
  }

  /** Wakes whoever a thread that died may have been about to wake. */
  ringForDead(): void {
    for (const bell of this.bells) bell.ringForDead()
  }

  malformed(thread: number, error: unknown): void {
    this.options.malformed(thread, error)
  }

  // ---- the loop

  pass(): number {
    this.isInPass = true
    this.millis = -1
    const before = this.lend()
    let read = 0
    for (let i = 0; i < this.inbounds.length; i++) read += this.inbounds[i]!.drain(BUDGET)
    this.giveBack(before)
    this.host.dispatcher.drain()
    if (this.blockedOutbounds.size > 0) this.unblock()
    this.isInPass = false
    if (this.dirtyOutbounds.length > 0) this.publish()
    return read
  }

  rest(): void {
    for (const owing of this.owing.splice(0)) owing.pay(false)
    this.publish()
  }

  isQuiet(): boolean {
    for (const inbound of this.inbounds) if (!inbound.isEmpty) return false
    return this.blockedOutbounds.size === 0 || !this.unblock()
  }

  maySpin(): boolean {
    return this.index !== 0 || this.isExpecting()
  }

  private isExpecting(): boolean {
    for (const outbound of this.outbounds) if (outbound !== undefined && outbound.pendingAsks > 0) return true
    return false
  }

  /** Something is expected from another thread: the loop looks soon. */
  expectReply(): void {
    if (!this.isUnblocking) this.loop.wake()
  }

  /** Wakes another thread, if it sleeps. */
  wake(thread: number): void {
    this.bells[thread]!.ring()
  }

  dirty(outbound: Outbound): void {
    this.dirtyOutbounds.push(outbound)
    if (this.isInPass || this.isFlushScheduled) return
    this.isFlushScheduled = true
    this.options.runtime.microtask(this.flush)
  }

  blocked(outbound: Outbound): void {
    this.blockedOutbounds.add(outbound)
    if (!this.isUnblocking) this.loop.wake()
  }

  // Whether anything has changed. Only after an attempt that changed nothing, made after the announcement that this
  // thread parks, may the loop rest: either the attempt saw the room, or the reader sees the request and rings.
  private unblock(): boolean {
    const blocked = Array.from(this.blockedOutbounds)
    this.blockedOutbounds.clear()
    let changed = false
    // An attempt that fails is no reason for the loop to look again: it would never rest while a ring is full.
    this.isUnblocking = true
    for (const outbound of blocked) if (outbound.unblock()) changed = true
    this.isUnblocking = false
    return changed
  }

  private publish(): void {
    const dirty = this.dirtyOutbounds
    for (let i = 0; i < dirty.length; i++) {
      dirty[i]!.isDirty = false
      dirty[i]!.publish()
    }
    dirty.length = 0
  }

  /** Milliseconds of a monotonic clock, read once a pass. */
  turnMillis(): number {
    return this.millis < 0 ? this.millis = this.options.runtime.nowMillis() : this.millis
  }

  /** Ends the loop; the links are left as they are. */
  close(): void {
    this.loop.close()
  }

  // ---- addresses

  /** Lends the means to write and read references; give back what it answers. */
  lend(): RefTransport.RefTransport | undefined {
    return RefTransport.lend(this)
  }

  giveBack(before: RefTransport.RefTransport | undefined): void {
    RefTransport.lend(before)
  }

  private withRefs(run: () => void): void {
    const before = this.lend()
    try {
      run()
    } finally {
      this.giveBack(before)
    }
  }

  /** Gives an actor here the number by which others address it. */
  place(cell: Cell, actor: number, epoch: number): void {
    const id = `${epoch}:${actor}`
    this.cells.set(id, cell)
    this.addresses.set(cell, addressOf(this.index, cell, actor, epoch))
    cell.whenStopped(() => {
      this.cells.delete(id)
      this.addresses.delete(cell)
    })
  }

  /** The actor of a number. */
  cellAt(actor: number, epoch: number): Cell | undefined {
    return this.cells.get(`${epoch}:${actor}`)
  }

  addressOf(recipient: Recipient): Address {
    if (recipient instanceof RemoteRecipient) return recipient.address
    const known = this.addresses.get(recipient)
    if (known !== undefined) return known
    if (!(recipient instanceof Cell)) throw new Error("a reference of a foreign kind cannot be sent to another thread")
    this.place(recipient, ++this.exported, this.epoch)
    return this.addresses.get(recipient) ?? addressOf(this.index, recipient, this.exported, this.epoch)
  }

  recipientAt(address: Address, protocol: Protocol): Recipient {
    const isHere = address.thread === this.index
    const cell = isHere ? this.cellAt(address.actor, address.epoch) : undefined
    if (cell !== undefined) return cell
    const remote = this.remote(address, protocol)
    if (isHere) {
      remote.closed(forgotten, undefined)
      this.forget(remote)
    }
    return remote
  }

  /** The one recipient for an address: its credit is counted in one place. */
  remote(address: Address, protocol: Protocol): RemoteRecipient {
    const id = `${address.thread}:${address.epoch}:${address.actor}`
    const known = this.remotes.get(id)
    if (known !== undefined) return known
    const recipient = new RemoteRecipient(this, protocol, address)
    this.remotes.set(id, recipient)
    return recipient
  }

  /**
   * Notes that an actor has ended. Its address is remembered for a while, so that a message to it is refused here and not
   * sent in vain, and then forgotten.
   */
  forget(recipient: { readonly address: Address }): void {
    const { actor, epoch, thread } = recipient.address
    const id = `${thread}:${epoch}:${actor}`
    if (this.remotes.get(id) !== recipient) return
    this.ended.add(id)
    if (this.ended.size <= REMEMBERED) return
    for (const oldest of this.ended) {
      this.ended.delete(oldest)
      this.remotes.delete(oldest)
      return
    }
  }
}

/** The address of an actor. */
export const addressOf = (thread: number, cell: Cell, actor: number, epoch: number): Address => ({
  thread,
  epoch,
  actor,
  capacity: cell.behaviour.capacity === Infinity ? 0 : cell.behaviour.capacity,
  overflow: cell.behaviour.overflow,
  layoutHash: cell.protocol.layoutHash,
  key: cell.key
})
