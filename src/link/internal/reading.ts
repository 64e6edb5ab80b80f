/**
 * Which links a pass looks at for something to read: all of them, or, in a system of many threads, those that have said that there is something.
 *
 * ```text
 *  bits of the row ── now() ──► links to read ── read() ──► those that are not read to their end
 *                                    ▲                              │
 *                                    └──────────────────────────────┘
 * ```
 *
 * A link leaves when its rings are empty: what is published after that look sets its bit again. Those that a pass did not come to are first in the next one.
 */
import type { ReadySet } from "../../memory/ReadySet.ts"
import type { Link } from "./link.ts"

/** See the module. */
export class Reading {
  declare private readonly ready: ReadySet | undefined
  declare private all: ReadonlyArray<Link>
  declare private readonly byThread: Array<Link | undefined>
  declare private some: Array<Link>
  declare private spare: Array<Link>
  /** Where the next pass begins, of those that {@link now} answers. */
  declare first: number
  constructor(ready: ReadySet | undefined) {
    this.ready = ready
    this.all = []
    this.byThread = []
    this.some = []
    this.spare = []
    this.first = 0
  }

  /** These are the links from now on. */
  use(links: ReadonlyArray<Link>): void {
    this.all = links
    this.byThread.length = 0
    for (const link of links) this.byThread[link.thread] = link
    this.some = this.some.filter((link) => links.includes(link))
  }

  /** A link has rings: what is in them by now may have been said to nobody. */
  add(link: Link): void {
    if (this.ready === undefined || link.isInReading) return
    link.isInReading = true
    this.some.push(link)
  }

  /** The links that may have something to read. */
  now(): ReadonlyArray<Link> {
    const { byThread, ready } = this
    if (ready === undefined) return this.all
    for (let word = 0; word < ready.words; word++) {
      for (let bits = ready.take(word); bits !== 0; bits &= bits - 1) {
        // A thread that has gone may have left its bit.
        const link = byThread[(word << 5) + 31 - Math.clz32(bits & -bits)]
        if (link !== undefined) this.add(link)
      }
    }
    return this.some
  }

  /** So many of them were read in this pass. */
  read(reached: number): void {
    const { length } = this.ready === undefined ? this.all : this.some
    if (this.ready === undefined) {
      if (length > 0) this.first = (this.first + reached) % length
      return
    }
    if (length === 0) return
    const { some, spare } = this
    for (let i = 0; i < length; i++) {
      const link = some[(reached + i) % length]!
      if (link.inbound.isEmpty) link.isInReading = false
      else spare.push(link)
    }
    some.length = 0
    this.some = spare
    this.spare = some
  }

  /** Whether there is nothing to read. */
  isQuiet(): boolean {
    const { ready } = this
    if (ready !== undefined && !ready.isEmpty()) return false
    const links = ready === undefined ? this.all : this.some
    for (let i = 0; i < links.length; i++) if (!links[i]!.inbound.isEmpty) return false
    return true
  }
}
