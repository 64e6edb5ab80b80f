/**
 * The submitter of a thread that is no worker, as the poller of that thread sees it while jobs are under way.
 */
import type { Doorbell, Wait } from "../../memory/Doorbell.ts"
import * as Poller from "../../thread/Poller.ts"
import type { Access } from "./memory.ts"
import type { Pace } from "./pace.ts"
import type { Submitter } from "./submitter.ts"

/** A thread that has heard nothing for so long was not in the middle of a conversation. */
const LONG_MILLIS = 1

/** See the module. */
export class DeskWait implements Poller.Waitable {
  private readonly access: Access
  private readonly bell: Doorbell
  private readonly poller: Poller.Poller
  private readonly submitter: () => Submitter
  private readonly broken: (error: unknown) => void
  private readonly pace: Pace
  /** Whether the poller has it. */
  private isWatched = false
  /** When something has come back last, in milliseconds. */
  private heardAt = -Infinity

  constructor(
    access: Access,
    row: number,
    pace: Pace,
    submitter: () => Submitter,
    broken: (error: unknown) => void
  ) {
    this.access = access
    this.bell = access.bells[row]!
    this.poller = Poller.of(access.thread)
    this.submitter = submitter
    this.broken = broken
    this.pace = pace
  }

  /** Looks from now on, as long as something is under way. */
  watch(): void {
    if (this.isWatched) return
    this.isWatched = true
    this.poller.add(this)
  }

  close(): void {
    this.isWatched = false
    this.poller.remove(this)
  }

  poll(): boolean {
    const submitter = this.submitter()
    const { thread: { turn } } = this.access
    turn.enter()
    if (turn.isOver()) return false
    this.access.spins.look()
    const did = submitter.poll()
    if (did) this.heardAt = this.access.thread.runtime.nowMillis()
    if (!submitter.isBusy) {
      this.isWatched = false
      return true
    }
    if (did) this.poller.add(this)
    return did
  }

  napMillis(): number {
    const { returns, outstanding } = this.submitter()
    return this.pace.napMillis(this.access.thread.runtime.nowMillis(), returns, outstanding)
  }

  // Two threads that fall asleep between one job and the next would never be awake together again if neither looked.
  isFar(): boolean {
    return this.submitter().hasWoken && this.access.thread.runtime.nowMillis() - this.heardAt > LONG_MILLIS
  }

  announce(): void {
    this.bell.prepare()
  }

  isReady(): boolean {
    return this.submitter().isReady()
  }

  wait(): Wait {
    return this.bell.wait()
  }

  retract(): void {
    this.bell.retract()
  }

  cancel(): void {
    this.bell.cancel()
  }

  failed(error: unknown): void {
    this.broken(error)
    this.poller.add(this)
  }
}
