/**
 * The submitter of a thread that is no worker, as the poller of that thread sees it while jobs are under way.
 */
import type { Doorbell, Wait } from "../../memory/Doorbell.ts"
import * as Poller from "../../thread/Poller.ts"
import type { Access } from "./memory.ts"
import type { Pace } from "./pace.ts"
import type { Submitter } from "./submitter.ts"

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
    const did = submitter.poll()
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

  isFar(): boolean {
    return this.submitter().hasWoken
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
