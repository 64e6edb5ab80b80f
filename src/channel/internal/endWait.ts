/**
 * One end of a channel, as the poller of its thread sees it while fibers wait there.
 */
import type { Wait } from "../../memory/Doorbell.ts"
import type { WaitList } from "../../memory/WaitList.ts"
import type { Waitable } from "../../thread/Poller.ts"

/** What an end does when it is asked. */
export interface Polled {
  /** Tries; `true` when it made progress or when nobody waits any more. */
  readonly poll: () => boolean
  /** Whether a poll may succeed; asked after the end has been announced. */
  readonly isReady: () => boolean
}

/** See the module. */
export class EndWait implements Waitable {
  private readonly list: WaitList
  private readonly row: number
  private readonly polled: Polled
  constructor(list: WaitList, row: number, polled: Polled) {
    this.list = list
    this.row = row
    this.polled = polled
  }
  poll(): boolean {
    return this.polled.poll()
  }
  isReady(): boolean {
    return this.polled.isReady()
  }
  announce(): void {
    this.list.announce(this.row)
  }
  wait(): Wait {
    return this.list.wait(this.row)
  }
  retract(): void {
    this.list.retract(this.row)
  }
  cancel(): void {
    this.list.cancel(this.row)
  }
}
