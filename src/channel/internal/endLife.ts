/**
 * The life of an end between threads, the same for both sides: open, then closed or handed over, once.
 *
 * What an end does at each of these moments it says in {@link Living}; the order is here. It is taken out of use first, so that what
 * waits there has its answer, and leaves the roster last.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { type End, RECEIVER, ROSTER_FULL, SENDER, sentAs } from "../../memory/Roster.ts"
import type { Carried } from "../../wire/Carriage.ts"
import { EndMoved, type EndTaken } from "../ChannelError.ts"
import { kinds } from "./kinds.ts"
import { taken } from "./localChannel.ts"
import { offerOf, offersOf } from "./offers.ts"
import { type Access, type Handle, handleOf, type LocalEnd, wakeAll } from "./sharedMemory.ts"

/** What an end does at the moments of its life. */
export interface Living extends LocalEnd {
  /** Why it cannot leave now, though it is open. */
  readonly holdsBack: string | undefined
  /** Whether something was sent or received on it since it arrived, or is about to be. */
  readonly isInUse: boolean
  /** It has just been opened: takes up where the end before it has stopped. */
  begin(): void
  /** It is about to leave in a message: what was done on it is to be visible, and what waits on it hears in a task of its own. */
  depart(): void
  /** It has not left after all, and hears again of what its fibers wait for. */
  stay(): void
  /** What was done on it is to be visible, and what waits on it is to have its answer: it is not open any more. */
  retire(): void
  /** Gives up what it has in the ring; what the next owner of the end has to know. */
  leaveRing(): Pick<Handle, "after" | "untold">
  /** It was the last of its side. */
  wasLast(): void
}

/** Of an end that has arrived in a message only its message knows; one that is leaving waits in a message. */
type State = "open" | "arrived" | "leaving" | EndMoved["how"]

/** See the module. */
export class EndLife<A> implements Carried {
  readonly access: Access<A>
  private end: End
  private readonly living: Living
  private state: State
  /** Whether there are clones of it, or somebody has said what becomes of it. */
  private isUsed = false
  /** The message that it waits in while it is leaving. */
  private message: unknown = undefined

  constructor(access: Access<A>, end: End, living: Living, state: "open" | "arrived" = "open") {
    this.access = access
    this.end = end
    this.living = living
    this.state = state
    if (state === "open") this.enlist()
  }

  private enlist(): void {
    this.access.ends.add(this.living)
    offersOf(this.access.thread).setOpen(this.access as Access<unknown>)
  }

  private delist(): void {
    this.access.ends.delete(this.living)
    offersOf(this.access.thread).setOpen(this.access as Access<unknown>)
  }

  private get rosterSide(): typeof SENDER | typeof RECEIVER {
    return this.living.side === "sender" ? SENDER : RECEIVER
  }

  // ---- in a message

  /** Whether a message may take it along. */
  get canLeave(): boolean {
    return this.isOpen && this.living.holdsBack === undefined
  }

  /** What it is on its way, and who reads its message on this thread finds the channel. */
  get sentEnd(): End {
    offersOf(this.access.thread).prepare(offerOf(this.access))
    return sentAs(this.end)
  }

  hold(message: unknown): boolean {
    if (!this.canLeave) return false
    this.state = "leaving"
    this.message = message
    return true
  }

  send(message: unknown): boolean {
    const isHeld = this.state === "leaving" && this.message === message
    if (!isHeld && !this.canLeave) return false
    this.living.depart()
    if (!this.access.roster.send(this.end)) return false
    this.end = sentAs(this.end)
    this.state = "handed over"
    this.message = undefined
    this.delist()
    offersOf(this.access.thread).tell(offerOf(this.access))
    return true
  }

  restore(): void {
    if (this.state === "leaving") this.state = "open"
    else if (this.state === "handed over" && this.open()) this.living.stay()
  }

  isUnderway(): boolean {
    return this.state === "handed over" && this.access.roster.isHanded(this.end)
  }

  take(): boolean {
    if (this.state !== "arrived") return this.isOpen
    if (!this.open()) return false
    this.living.begin()
    return true
  }

  private open(): boolean {
    if (!this.access.roster.open(this.end, this.rosterSide)) return false
    this.state = "open"
    this.enlist()
    return true
  }

  drop(): void {
    this.take()
    if (this.state === "leaving") this.state = "open"
    // In a task of its own: fibers that wait at the other side hear of it.
    if (this.isOpen) this.access.thread.runtime.microtask(() => this.close())
  }

  dropUnused(): void {
    if (this.isOpen && !this.isUsed && !this.living.isInUse) this.drop()
  }

  gone(): Error {
    const why = this.isOpen ? this.living.holdsBack : undefined
    return why === undefined ? this.moved() : new Error(why)
  }

  // ---- by itself

  /** Whether the end can be used. */
  get isOpen(): boolean {
    return this.state === "open"
  }

  /** Why it cannot. */
  moved(undelivered?: unknown): EndMoved {
    const how = this.state === "closed" ? "closed" : "handed over"
    return new EndMoved({ channel: this.access.settings.name, end: this.living.side, how, undelivered })
  }

  /** Another end of this side, closed with the scope. */
  clone<E extends { readonly close: Effect.Effect<void> }>(
    make: (end: End) => E
  ): Effect.Effect<E, EndTaken | EndMoved, Scope.Scope> {
    return Effect.suspend((): Effect.Effect<E, EndTaken | EndMoved, Scope.Scope> => {
      const { roster, settings } = this.access
      const { side } = this.living
      const { manyReceivers, manySenders } = kinds[settings.kind]
      if (!(side === "sender" ? manySenders : manyReceivers)) {
        return Effect.fail(taken(settings.name, side, settings.kind))
      }
      if (!this.isOpen) return Effect.fail(this.moved())
      this.isUsed = true
      return Effect.acquireRelease(
        Effect.suspend(() => {
          const end = roster.join(side === "sender" ? SENDER : RECEIVER, this.end)
          if (end === ROSTER_FULL) return Effect.fail(taken(settings.name, side, settings.kind, roster.rows))
          return Effect.succeed(make(end))
        }),
        (clone) => clone.close
      )
    })
  }

  /** Closes the end; nothing when it is not open. */
  close(): void {
    if (!this.isOpen) return
    this.retire("closed")
    this.living.leaveRing()
    if (!this.access.roster.leave(this.end, this.rosterSide)) return
    this.living.wasLast()
    wakeAll(this.access)
  }

  /** Makes the end into what another thread opens; `keep` has the handle before an interruption can. */
  handOver(keep: (handle: Handle) => void): Effect.Effect<void, EndMoved> {
    if (!this.isOpen) return Effect.fail(this.moved())
    this.retire("handed over")
    const told = this.living.leaveRing()
    this.access.roster.handOver(this.end)
    keep(handleOf(this.access, this.living.side, this.end, told))
    return Effect.void
  }

  private retire(how: EndMoved["how"]): void {
    this.state = how
    this.delist()
    this.living.retire()
  }
}
