/**
 * The share of a batch in the room of a thread whose senders do not wait for any: inside of jobs, where what is asked leads to batches of its own.
 *
 * Something of a batch is under way at any time, and more only while all batches of the thread have less than their part of the room. The rest is left to the first items of those that go into each other; who waits here waits
 * for something of its own batch.
 */
import * as Effect from "effect/Effect"
import type { Batches, Recipient } from "../../actor/kernel/Recipient.ts"

interface Waiting {
  hasEntered: boolean
  readonly enter: () => void
}

/** See the module. */
export class Share {
  private readonly recipient: Recipient
  private readonly batches: Batches
  private underWay = 0
  private readonly waiting: Array<Waiting> = []

  constructor(recipient: Recipient, batches: Batches) {
    this.recipient = recipient
    this.batches = batches
  }

  /** Runs an item as soon as it may be under way, in the order in which they come. */
  within<A, E, R>(item: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(restore(this.enter), () => Effect.onExit(restore(item), () => Effect.sync(() => this.leave())))
    )
  }

  private get mayEnter(): boolean {
    const { batches, recipient, underWay } = this
    return underWay === 0 || Math.max(recipient.depth(), batches.underWay) < batches.most
  }

  private readonly enter: Effect.Effect<void> = Effect.suspend(() => {
    if (this.waiting.length === 0 && this.mayEnter) {
      this.count(1)
      return Effect.void
    }
    return Effect.callback<void>((resume) => {
      const one: Waiting = {
        hasEntered: false,
        enter: () => {
          one.hasEntered = true
          resume(Effect.void)
        }
      }
      this.waiting.push(one)
      return Effect.sync(() => this.abandon(one))
    })
  })

  // It may have been let in since its fiber was interrupted.
  private abandon(one: Waiting): void {
    if (one.hasEntered) this.leave()
    else this.waiting.splice(this.waiting.indexOf(one), 1)
  }

  private leave(): void {
    this.count(-1)
    while (this.waiting.length > 0 && this.mayEnter) {
      this.count(1)
      this.waiting.shift()!.enter()
    }
  }

  private count(by: 1 | -1): void {
    this.underWay += by
    this.batches.underWay += by
  }
}
