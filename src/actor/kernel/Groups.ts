/**
 * Which actors are members of which groups, as one thread knows it.
 *
 * A group is a set of memberships. Each has a number that no other has, and is its thread's that has made it: that one watches the actor, and takes the
 * membership back. A thread goes by what it has done itself at once, and tells the others by way of the main thread; who takes an actor out names the
 * memberships that it knows. So all threads agree when nothing is under way, whoever joins and leaves at the same time (an observed-remove set).
 *
 * ```text
 *  group ── member: an actor ── memberships, of whatever threads; without any it is no member
 *    └───── monitors: what each has not looked at yet, at most one change an actor
 * ```
 */
import type * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { Address } from "./Address.ts"
import type { Dispatcher, Runnable } from "./Dispatcher.ts"
import type { Protocol } from "./Protocol.ts"
import type { Recipient } from "./Recipient.ts"
import { KeyedRecipient } from "./Shard.ts"

/** An actor in a group, held there by one scope. */
export interface Membership {
  readonly id: string
  readonly group: string
  readonly address: Address | undefined
}

/** What threads tell each other. */
export interface Memberships {
  readonly joined: ReadonlyArray<Membership>
  /** The numbers of those that are no more. */
  readonly left: ReadonlyArray<string>
}

/** How a thread stands to the others of its system. */
export interface GroupWays {
  readonly thread: number
  /** The incarnation of the thread. */
  readonly epoch: number
  /** How other threads find an actor, where there are any. Throws for one that is not of this system. */
  readonly addressOf: (recipient: Recipient) => Address | undefined
  readonly recipientAt: (address: Address, protocol: Protocol) => Recipient
  readonly tell: (change: Memberships) => void
}

/** What is the same for all references to one actor, on every thread that knows its address. */
const identityOf = (address: Address | undefined, recipient: Recipient | undefined): unknown => {
  if (address === undefined) return recipient instanceof KeyedRecipient ? recipient.key : recipient
  const { actor, epoch, isKeyed, key, thread } = address
  return `${thread}:${epoch}:${actor}:${isKeyed ? key : ""}`
}

/** On a thread that is alone. */
export const ALONE: GroupWays = {
  thread: 0,
  epoch: 0,
  addressOf: () => undefined,
  recipientAt: (address) => {
    throw new Error(`${address.key} is an actor of another thread`)
  },
  tell: () => {}
}

interface Grounds {
  readonly dispatcher: Dispatcher
  fault(where: string, defect: unknown): void
}

/** An actor in a group. */
class Member {
  /** The name of the group. */
  declare readonly group: string
  declare readonly identity: unknown
  declare readonly address: Address | undefined
  /** Absent as long as nobody here has asked for it. */
  declare recipient: Recipient | undefined
  declare readonly memberships: Set<string>
  /** Those of them that are this thread's, and who hears for them of its end. */
  declare own: number
  declare told: (() => void) | undefined
  constructor(group: string, identity: unknown, address: Address | undefined) {
    this.group = group
    this.identity = identity
    this.address = address
    this.recipient = undefined
    this.memberships = new Set()
    this.own = 0
    this.told = undefined
  }
}

/** The members of a group. */
class Members {
  declare readonly name: string
  declare readonly byIdentity: Map<unknown, Member>
  declare readonly monitors: Set<GroupMonitor>
  /** Those who are reached, until that changes. */
  declare recipients: ReadonlyArray<Recipient> | undefined
  constructor(name: string) {
    this.name = name
    this.byIdentity = new Map()
    this.monitors = new Set()
    this.recipients = undefined
  }

  /** A member has come or gone. */
  changed(member: Member, isJoined: boolean): void {
    this.recipients = undefined
    for (const monitor of this.monitors) monitor.add(member, isJoined)
  }
}

/** What has become of an actor in a group. */
export interface MemberChange {
  readonly isJoined: boolean
  readonly recipient: Recipient
}

/** Changes as they are pulled; `Cause.Done` once the system has ended. */
export type PulledChanges = Effect.Effect<Arr.NonEmptyReadonlyArray<MemberChange>, Cause.Done<void>>

/**
 * Who looks at a group. What has come and gone between two looks is not told: an actor has one change waiting at most, and a monitor that is never
 * looked at holds no more than there are members.
 */
export class GroupMonitor implements Runnable {
  declare private readonly grounds: Grounds
  declare private readonly resolve: (member: Member) => Recipient
  declare private pending: Map<unknown, readonly [member: Member, isJoined: boolean]>
  declare private resume: ((pulled: PulledChanges) => void) | undefined
  declare private isReady: boolean
  declare private isOver: boolean
  declare readonly pull: PulledChanges
  constructor(grounds: Grounds, resolve: (member: Member) => Recipient) {
    this.grounds = grounds
    this.resolve = resolve
    this.pending = new Map()
    this.resume = undefined
    this.isReady = false
    this.isOver = false
    this.pull = Effect.suspend(() => this.take() ?? this.waits)
  }

  add(member: Member, isJoined: boolean): void {
    const { identity } = member
    // What it has not looked at has not happened for it.
    if (this.pending.has(identity)) this.pending.delete(identity)
    else this.pending.set(identity, [member, isJoined])
    this.wake()
  }

  end(): void {
    this.isOver = true
    this.wake()
  }

  private take(): PulledChanges | undefined {
    const { pending } = this
    if (pending.size === 0) return this.isOver ? Cause.done() : undefined
    this.pending = new Map()
    const changes = Array.from(pending.values(), ([member, isJoined]): MemberChange => ({
      isJoined,
      recipient: this.resolve(member)
    }))
    // There is at least one: without any it has returned above.
    return Exit.succeed(changes as unknown as Arr.NonEmptyReadonlyArray<MemberChange>)
  }

  private get waits(): PulledChanges {
    return Effect.callback((resume) => {
      const pulled = this.take()
      if (pulled !== undefined) return resume(pulled)
      this.resume = resume
      return Effect.sync(() => {
        this.resume = undefined
      })
    })
  }

  // In a turn of its own: who looks runs its own code, and not in the middle of a change.
  private wake(): void {
    if (this.isReady || this.resume === undefined) return
    this.isReady = true
    this.grounds.dispatcher.enqueue(this)
  }

  run(): void {
    const { resume } = this
    this.isReady = false
    const pulled = resume === undefined ? undefined : this.take()
    if (pulled === undefined) return
    this.resume = undefined
    resume!(pulled)
  }

  failed(defect: unknown): void {
    this.grounds.fault("who looks at a group", defect)
  }
}

/** See the module. */
export class Groups {
  declare private readonly grounds: Grounds
  declare private ways: GroupWays
  declare private readonly groups: Map<string, Members>
  /** By the number of the membership. */
  declare private readonly members: Map<string, Member>
  declare private number: number
  declare private isOver: boolean
  constructor(grounds: Grounds) {
    this.grounds = grounds
    this.ways = ALONE
    this.groups = new Map()
    this.members = new Map()
    this.number = 0
    this.isOver = false
  }

  /** Says how the thread stands to others, before anybody joins. */
  connect(ways: GroupWays): void {
    this.ways = ways
  }

  /** How many memberships, and groups, there are. */
  get size(): number {
    return this.members.size + this.groups.size
  }

  /** What another thread has to hear that comes now. */
  get all(): Memberships {
    const joined = Array.from(this.members, ([id, { address, group }]) => ({ id, group, address }))
    return { joined, left: [] }
  }

  private get prefix(): string {
    return `${this.ways.thread}:${this.ways.epoch}:`
  }

  /**
   * Makes an actor a member until {@link leave}, its end, or that of this thread; answers the number of the membership, or nothing for one that has
   * ended.
   *
   * **Errors** Throws for an actor that is not of this system.
   */
  join(name: string, recipient: Recipient): string | undefined {
    const { ways } = this
    const address = ways.addressOf(recipient)
    const member = this.member(name, address, recipient)
    if (!this.watch(member, recipient)) return undefined
    const id = `${this.prefix}${++this.number}`
    member.own++
    this.hold(member, id)
    ways.tell({ joined: [{ id, group: name, address }], left: [] })
    return id
  }

  // One that was no member so far is not counted as one before somebody holds it.
  private member(name: string, address: Address | undefined, recipient?: Recipient): Member {
    const identity = identityOf(address, recipient)
    return this.groups.get(name)?.byIdentity.get(identity) ?? new Member(name, identity, address)
  }

  // Answers whether it is alive, as far as that is known here: of one that is not it is told at once.
  private watch(member: Member, recipient: Recipient): boolean {
    if (member.told !== undefined) return true
    let isOver = false
    member.recipient ??= recipient
    member.told = () => {
      isOver = true
      this.ended(member)
    }
    member.recipient.whenStopped(member.told)
    if (isOver) member.told = undefined
    return !isOver
  }

  private hold(member: Member, id: string): void {
    member.memberships.add(id)
    this.members.set(id, member)
    if (member.memberships.size > 1) return
    const group = this.group(member.group)
    group.byIdentity.set(member.identity, member)
    group.changed(member, true)
  }

  private ended(member: Member): void {
    const { prefix } = this
    this.leave(Array.from(member.memberships).filter((id) => id.startsWith(prefix)))
  }

  /** Ends memberships, here and everywhere. */
  leave(ids: ReadonlyArray<string>): void {
    const left = this.drop(ids)
    if (left.length > 0) this.ways.tell({ joined: [], left })
  }

  /** Takes an actor out of a group, whoever has made it a member. */
  takeOut(name: string, recipient: Recipient): void {
    const identity = identityOf(this.ways.addressOf(recipient), recipient)
    this.leave(Array.from(this.groups.get(name)?.byIdentity.get(identity)?.memberships ?? []))
  }

  private drop(ids: ReadonlyArray<string>): ReadonlyArray<string> {
    const dropped: Array<string> = []
    for (const id of ids) {
      const member = this.members.get(id)
      if (member === undefined) continue
      dropped.push(id)
      this.members.delete(id)
      member.memberships.delete(id)
      if (id.startsWith(this.prefix)) this.disown(member)
      if (member.memberships.size === 0) this.remove(member)
    }
    return dropped
  }

  private disown(member: Member): void {
    const { recipient, told } = member
    member.own--
    if (member.own > 0) return
    member.told = undefined
    recipient!.unwatch(told!)
  }

  private remove(member: Member): void {
    const group = this.group(member.group)
    group.byIdentity.delete(member.identity)
    group.changed(member, false)
    this.forget(group)
  }

  /** Another thread has told of memberships. */
  heard({ joined, left }: Memberships): void {
    for (const { address, group, id } of joined) this.hold(this.member(group, address), id)
    this.drop(left)
  }

  /** A thread has gone, and what it has made members of. */
  lost(thread: number): void {
    const start = `${thread}:`
    this.drop(Array.from(this.members.keys()).filter((id) => id.startsWith(start)))
  }

  /** Where what is published in a group goes. */
  recipients(name: string, protocol: Protocol): ReadonlyArray<Recipient> {
    const group = this.groups.get(name)
    if (group === undefined) return []
    return group.recipients ??= Array.from(group.byIdentity.values(), (member) => this.resolved(member, protocol))
  }

  /** Those of them that live on this thread. */
  here(name: string, protocol: Protocol): ReadonlyArray<Recipient> {
    const { groups, ways: { thread } } = this
    const members = Array.from(groups.get(name)?.byIdentity.values() ?? [])
    return members.filter(({ address }) => address === undefined || address.thread === thread)
      .map((member) => this.resolved(member, protocol))
  }

  private resolved(member: Member, protocol: Protocol): Recipient {
    return member.recipient ??= this.ways.recipientAt(member.address!, protocol)
  }

  private group(name: string): Members {
    const known = this.groups.get(name)
    if (known !== undefined) return known
    const group = new Members(name)
    this.groups.set(name, group)
    return group
  }

  private forget(group: Members): void {
    if (group.byIdentity.size === 0 && group.monitors.size === 0) this.groups.delete(group.name)
  }

  /** Begins to look at a group: who is there is told first. */
  monitor(name: string, protocol: Protocol): GroupMonitor {
    const group = this.group(name)
    const monitor = new GroupMonitor(this.grounds, (member) => this.resolved(member, protocol))
    for (const member of group.byIdentity.values()) monitor.add(member, true)
    group.monitors.add(monitor)
    if (this.isOver) monitor.end()
    return monitor
  }

  /** Looks no longer. */
  demonitor(name: string, monitor: GroupMonitor): void {
    const group = this.groups.get(name)
    group?.monitors.delete(monitor)
    if (group !== undefined) this.forget(group)
  }

  /** The system has ended: nobody comes or goes any more. */
  close(): void {
    this.isOver = true
    for (const { monitors } of this.groups.values()) for (const monitor of monitors) monitor.end()
  }
}
