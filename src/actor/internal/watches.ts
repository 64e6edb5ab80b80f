/**
 * Whom one incarnation of an actor watches, and as which message it is told of their ends.
 *
 * It is the owner of one account, which closes with the incarnation: its successor knows nothing of those that this one has
 * watched, and is told of none of them.
 */
import type { Any, Down } from "../ActorRef.ts"
import { recipientOf } from "../ActorRef.ts"
import { type ExitReason, isFailure, linked } from "../ExitReason.ts"
import type { Cell } from "../kernel/Cell.ts"
import { BROKEN, deliverable } from "../kernel/Payload.ts"
import { actorName } from "../kernel/Protocol.ts"
import { INVALID, type Recipient } from "../kernel/Recipient.ts"
import { Notice } from "../kernel/Word.ts"
import { notify, revoked } from "./admission.ts"

interface Watch {
  readonly told: (reason: ExitReason) => void
  /** What stands in the mailbox, once it has ended. */
  notice: Notice | undefined
}

/** See the module. */
export class Watches {
  declare private readonly cell: Cell
  declare private readonly watched: Map<Recipient, Watch>
  declare private isClosed: boolean
  constructor(cell: Cell) {
    this.cell = cell
    this.watched = new Map()
    this.isClosed = false
  }

  /** How many are watched. */
  get size(): number {
    return this.watched.size
  }

  /** Has the end of an actor told as a message, from now on as this one. */
  // Which reference `payload` is given is in the type of `Watch`.
  watch(ref: Any, index: number, payload: (down: Down<any>) => unknown): void {
    this.add(ref, (watch, reason) => {
      // Only when its turn comes: until then it can be taken back, and what the actor's code throws is thrown by its handler.
      watch.notice = new Notice(index, () => {
        this.watched.delete(recipientOf(ref))
        return this.checked(index, payload({ ref, reason }))
      })
      notify(this.cell, watch.notice)
    })
  }

  /** Ends this actor when the other has ended, unless that was as it should be. */
  link(ref: Any): void {
    this.add(ref, (_, reason) => {
      const { key, protocol } = recipientOf(ref)
      this.watched.delete(recipientOf(ref))
      // Of one that is not known any more nobody can say that all was well.
      if (!isFailure(reason) && reason._tag !== "Forgotten") return
      this.cell.host.stop(this.cell, linked(actorName(protocol, key), reason), 0)
    })
  }

  private add(ref: Any, ended: (watch: Watch, reason: ExitReason) => void): void {
    if (this.isClosed) return
    const recipient = recipientOf(ref)
    this.unwatch(ref)
    const watch: Watch = {
      told: (reason) => {
        // It may have been taken back while it was on its way.
        if (this.watched.get(recipient) === watch) ended(watch, reason)
      },
      notice: undefined
    }
    this.watched.set(recipient, watch)
    recipient.whenStopped(watch.told)
  }

  // As a message of any other sender is.
  private checked(index: number, payload: unknown): unknown {
    const { behaviour: { protocol }, host: { freight } } = this.cell
    const message = protocol.messages[index]!
    const valid = deliverable(message, payload, freight)
    if (valid !== BROKEN && (!message.carries || freight.ship(valid))) return valid
    throw this.cell.refusal(index, payload, INVALID)
  }

  /** Watches an actor no longer; what was to be told of its end is told no more. */
  unwatch(ref: Any): void {
    const recipient = recipientOf(ref)
    const watch = this.watched.get(recipient)
    if (watch === undefined) return
    this.watched.delete(recipient)
    this.end(recipient, watch)
  }

  private end(recipient: Recipient, { notice, told }: Watch): void {
    recipient.unwatch(told)
    if (notice !== undefined) revoked(this.cell, notice)
  }

  /** The incarnation has ended. */
  close(): void {
    this.isClosed = true
    for (const [recipient, watch] of this.watched) this.end(recipient, watch)
    this.watched.clear()
  }
}
