/**
 * Whom one incarnation of an actor watches, and as which message it is told of their ends.
 *
 * It is the owner of one account, which closes with the incarnation: its successor knows nothing of those that this one has
 * watched, and is told of none of them.
 */
import type { Any, Down } from "../ActorRef.ts"
import { recipientOf } from "../ActorRef.ts"
import { type ExitReason, linked } from "../ExitReason.ts"
import type { Cell } from "../kernel/Cell.ts"
import { LINK, nameInLink, UNLINK } from "../kernel/Command.ts"
import { STOPPING } from "../kernel/Phase.ts"
import { actorName } from "../kernel/Protocol.ts"
import type { Recipient } from "../kernel/Recipient.ts"
import { KeyedRecipient } from "../kernel/Shard.ts"
import { Notice } from "../kernel/Word.ts"
import { notify, revoked, sayable } from "./admission.ts"
import { isFatal, Ties } from "./ties.ts"

interface Watch {
  readonly told: (reason: ExitReason) => void
  /** What stands in the mailbox, once it has ended. */
  notice: Notice | undefined
  /** Of a link: forgets that the other is to be linked too, if it has not heard of that. */
  withdraw: (() => void) | undefined
}

const nothing = () => {}

/** What has come of links to an actor. */
export const tiesOf = (cell: Cell): Ties => cell.more().ties ??= new Ties((reason) => void endBy(cell, reason))

const endBy = (cell: Cell, reason: ExitReason) => cell.host.stop(cell, reason, 0)

const nameOf = ({ key, protocol }: Recipient): string => actorName(protocol, key)

const shortNameOf = (recipient: Recipient): string => nameInLink(nameOf(recipient))

/** See the module. */
export class Watches {
  declare private readonly cell: Cell
  declare private readonly watched: Map<Recipient, Watch>
  /** The same by name, once somebody has linked itself to this actor. */
  declare private byName: Map<string, Recipient> | undefined
  declare private isClosed: boolean
  constructor(cell: Cell) {
    this.cell = cell
    this.watched = new Map()
    this.byName = undefined
    this.isClosed = false
  }

  /** How many are watched. */
  get size(): number {
    return this.watched.size
  }

  /** Has the end of an actor told as a message, from now on as this one. */
  // Which reference `payload` is given is in the type of `Watch`.
  watch(ref: Any, index: number, payload: (down: Down<any>) => unknown): void {
    if (this.isClosed) return
    this.add(ref, (watch, reason) => {
      // Only when its turn comes: until then it can be taken back, and what the actor's code throws is thrown by its handler.
      watch.notice = new Notice(index, () => {
        this.forget(recipientOf(ref))
        return sayable(this.cell, index, payload({ ref, reason }))
      })
      notify(this.cell, watch.notice)
    })
    // Whoever wants to be told of it bears its end.
    this.cell.rare?.ties?.untie(nameOf(recipientOf(ref)))
  }

  /** Ends this actor when the other has ended, unless that was as it should be; and the other way round. */
  link(ref: Any): void {
    const { cell } = this
    const recipient = recipientOf(ref)
    const watch = this.add(ref, (_, reason) => {
      this.forget(recipient)
      if (isFatal(reason)) endBy(cell, linked(nameOf(recipient), reason))
    })
    // Of one that comes up by its key there is another one with the next message, which is linked to nobody.
    if (watch === undefined || recipient === cell || recipient instanceof KeyedRecipient) return
    watch.withdraw = recipient.command({ kind: LINK, withinMillis: undefined, by: cell }, nothing)
  }

  /** Whether an actor of this name is watched, and its end told. */
  isTold(name: string): boolean {
    this.byName ??= new Map(Array.from(this.watched.keys(), (recipient) => [shortNameOf(recipient), recipient]))
    const recipient = this.byName.get(name)
    return recipient !== undefined && this.watched.get(recipient)?.withdraw === undefined
  }

  private forget(recipient: Recipient): void {
    this.watched.delete(recipient)
    const { byName } = this
    if (byName === undefined) return
    const name = shortNameOf(recipient)
    if (byName.get(name) === recipient) byName.delete(name)
  }

  private add(ref: Any, ended: (watch: Watch, reason: ExitReason) => void): Watch | undefined {
    if (this.isClosed) return undefined
    const recipient = recipientOf(ref)
    this.unwatch(ref)
    tiesOf(this.cell).watching.add(this)
    const watch: Watch = {
      told: (reason) => {
        // It may have been taken back while it was on its way.
        if (this.watched.get(recipient) === watch) ended(watch, reason)
      },
      notice: undefined,
      withdraw: undefined
    }
    this.watched.set(recipient, watch)
    this.byName?.set(shortNameOf(recipient), recipient)
    recipient.whenStopped(watch.told)
    return this.watched.get(recipient) === watch ? watch : undefined
  }

  /** Watches an actor no longer; what was to be told of its end is told no more. */
  unwatch(ref: Any): void {
    const recipient = recipientOf(ref)
    const watch = this.watched.get(recipient)
    if (watch === undefined) return
    this.forget(recipient)
    this.end(recipient, watch)
    this.untie(recipient, watch)
  }

  private untie(recipient: Recipient, { withdraw }: Watch): void {
    if (withdraw === undefined) return
    withdraw()
    recipient.command({ kind: UNLINK, withinMillis: undefined, by: this.cell }, nothing)
  }

  private end(recipient: Recipient, { notice, told }: Watch): void {
    recipient.unwatch(told)
    if (notice !== undefined) revoked(this.cell, notice)
  }

  /**
   * The incarnation has ended. Who has not heard yet that it is linked too hears it nevertheless, for the actor may have failed; an end that is borne is
   * said before, since by the time that somebody asks for it nobody may remember.
   */
  close(): void {
    this.isClosed = true
    this.cell.rare?.ties?.watching.delete(this)
    const { cell: { phase, reason } } = this
    const isBorne = phase >= STOPPING && !isFatal(reason)
    for (const [recipient, watch] of this.watched) {
      this.end(recipient, watch)
      if (isBorne) this.untie(recipient, watch)
    }
    this.watched.clear()
    this.byName = undefined
  }
}
