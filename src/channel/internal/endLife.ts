/**
 * The life of an end between threads, the same for both sides: open, then closed or handed over, once.
 *
 * What an end does at each of these moments it says in {@link Living}; the order is here. It is taken out of use first, so that what
 * waits there has its answer, and leaves the roster last.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { type End, RECEIVER, ROSTER_FULL, SENDER } from "../../memory/Roster.ts"
import { EndMoved, type EndTaken } from "../ChannelError.ts"
import { kinds } from "./kinds.ts"
import { taken } from "./localChannel.ts"
import { type Access, type Handle, handleOf, type LocalEnd, wakeAll } from "./sharedMemory.ts"

/** What an end does at the moments of its life. */
export interface Living extends LocalEnd {
  /** What was done on it is to be visible, and what waits on it is to have its answer: it is not open any more. */
  retire(): void
  /** Gives up what it has in the ring; what the next owner of the end has to know. */
  leaveRing(): Pick<Handle, "after" | "untold">
  /** It was the last of its side. */
  wasLast(): void
}

/** See the module. */
export class EndLife<A> {
  private readonly access: Access<A>
  private readonly end: End
  private readonly living: Living
  private state: "open" | EndMoved["how"] = "open"

  constructor(access: Access<A>, end: End, living: Living) {
    this.access = access
    this.end = end
    this.living = living
    access.ends.add(living)
  }

  /** Whether the end can be used. */
  get isOpen(): boolean {
    return this.state === "open"
  }

  /** Why it cannot. */
  moved(undelivered?: unknown): EndMoved {
    const how = this.state === "handed over" ? "handed over" : "closed"
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
    const side = this.living.side === "sender" ? SENDER : RECEIVER
    if (!this.access.roster.leave(this.end, side)) return
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
    this.access.ends.delete(this.living)
    this.state = how
    this.living.retire()
  }
}
