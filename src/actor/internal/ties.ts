/**
 * What has come of links that others have made to an actor here: it ends when one of them ends by a failure.
 *
 * They belong to the incarnation that would end: the next one is linked to nobody. By name, of which no two that live have the same: who
 * links itself again takes the place of what it has said before.
 */
import { type ExitReason, isFailure, linked } from "../ExitReason.ts"
import { type Linker, nameInLink } from "../kernel/Command.ts"

/** Whom an incarnation is told of, by its own wish. */
interface Watching {
  isTold(name: string): boolean
}

/** Whether an end is one that is not borne: nobody can say of one that is not known any more that all was well. */
export const isFatal = (reason: ExitReason): boolean => isFailure(reason) || reason._tag === "Forgotten"

/** See the module. */
export class Ties {
  declare readonly watching: Set<Watching>
  /** Ends the actor, now. */
  declare private readonly end: (reason: ExitReason) => void
  /** What takes each back. */
  declare private readonly tied: Map<string, () => void>
  constructor(end: (reason: ExitReason) => void) {
    this.watching = new Set()
    this.end = end
    this.tied = new Map()
  }

  /** Somebody has linked itself to the actor; who watches that one is told of its end instead. */
  tie(by: Linker): void {
    const { tied } = this
    const name = nameInLink(by.name)
    this.untie(name)
    for (const watching of this.watching) if (watching.isTold(name)) return
    const told = (reason: ExitReason): void => {
      tied.delete(name)
      if (isFatal(reason)) this.end(linked(name, reason))
    }
    tied.set(name, () => by.unwatch(told))
    by.whenStopped(told)
  }

  untie(fullName: string): void {
    const name = nameInLink(fullName)
    const untie = this.tied.get(name)
    this.tied.delete(name)
    untie?.()
  }

  /** The incarnation has ended. */
  close(): void {
    for (const name of Array.from(this.tied.keys())) this.untie(name)
  }
}
