/**
 * The end of an actor on another thread, for those here who wait for it: one watch on the link, however many they are.
 *
 * ```text
 *            WATCH                   DOWN: told why
 *  nobody ──────────▶ watched ───────────────────────▶ over
 *     │                 │ link lost         unknown, for good ▲
 *     └── no link ──▶ waits for the thread ───────────────────┘
 * ```
 *
 * An actor that outlives its thread (its address says so) is watched again when the next incarnation of that is up; one that
 * has ended meanwhile is not known there.
 */
import { type ExitReason, threadLost } from "../../actor/ExitReason.ts"
import type { Address } from "../../actor/kernel/Address.ts"
import type { Home } from "./home.ts"
import type { Outbound } from "./outbound.ts"
import type { Watchee } from "./watched.ts"

/** Whose end is waited for. */
export interface Ending {
  readonly address: Address
  /** Why it takes nothing any more, as far as that is known here: it may not have ended yet. */
  readonly ended: ExitReason | undefined
  /** Whether it has, and what it held is released. */
  readonly isOver: boolean
}

/** See the module. */
export class RemoteEnd implements Watchee {
  declare private readonly home: Home
  declare private readonly actor: Ending
  declare private readonly listeners: Set<(reason: ExitReason) => void>
  /** Where it is watched, and as which number. */
  declare private outbound: Outbound | undefined
  declare private number: number
  /** How its thread was lost. */
  declare private lost: ExitReason | undefined
  constructor(home: Home, actor: Ending) {
    this.home = home
    this.actor = actor
    this.listeners = new Set()
    this.outbound = undefined
    this.number = 0
    this.lost = undefined
  }

  /** Calls back once it has ended. */
  add(listener: (reason: ExitReason) => void): void {
    this.listeners.add(listener)
    this.admit()
  }

  remove(listener: (reason: ExitReason) => void): void {
    this.listeners.delete(listener)
    if (this.listeners.size > 0) return
    this.home.peers[this.actor.address.thread]?.waiting.delete(this)
    this.outbound?.watched.remove(this.number)
    this.outbound = undefined
  }

  /** Watches it, unless that is done; its thread may be up, or be given up. */
  admit(): void {
    if (this.listeners.size === 0 || this.outbound !== undefined) return
    const { home, actor: { address: { actor, epoch, thread }, ended, isOver } } = this
    const outbound = home.outboundTo(thread)
    if (outbound !== undefined) {
      this.outbound = outbound
      this.number = outbound.watched.add(this, actor, epoch)
      return
    }
    const down = home.whyDown(thread)
    if (isOver || thread === home.index || down.isFinal || home.isPast(thread, epoch)) {
      this.over(ended ?? threadLost(down.thread, down.reason))
    } else home.awaitThread(thread, this)
  }

  down(reason: ExitReason): void {
    this.outbound = undefined
    this.over(reason._tag === "Forgotten" ? this.actor.ended ?? this.lost ?? reason : reason)
  }

  linkLost(): void {
    const { reason, thread } = this.home.whyDown(this.actor.address.thread)
    this.outbound = undefined
    this.lost = threadLost(thread, reason)
    this.admit()
  }

  private over(reason: ExitReason): void {
    const { after } = this.home.host
    for (const listener of this.listeners) after.add(() => listener(reason))
    this.listeners.clear()
    after.run()
  }
}
