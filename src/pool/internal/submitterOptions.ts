/** What the side of a pool that submits is told by the thread that it is on. */
import type { ExitReason } from "../../actor/ExitReason.ts"
import type { Levels } from "../../actor/kernel/Ageing.ts"
import type { Deadlines } from "../../actor/kernel/Deadlines.ts"
import type { Message } from "../../actor/kernel/Protocol.ts"

/** How a submitter is made. */
export interface Options {
  /** What the pool is called in errors. */
  readonly name: string
  readonly row: number
  readonly capacity: number
  readonly deadlines: Deadlines
  /** The messages by index, and how often a job of each may be begun. */
  readonly messages: ReadonlyArray<Message>
  /** How many of them the protocol defines; those behind are about a stream that a worker has, and for that worker alone. */
  readonly defined: number
  readonly attempts: ReadonlyArray<number>
  /** Whether something older may be given up when there is no room (`Room.shed`). */
  readonly sheds: boolean
  /** The level of each message, by its index. */
  readonly levels: Levels
  /** How long the run of a job may take whose sender does not say, in whole milliseconds; 0 for any time. */
  readonly runMillis: number
  /** Puts the number of a slot where a worker finds it; `false` when there is no room. */
  readonly put: (slot: number) => boolean
  /** Something is under way: `Submitter.poll` is to be called until nothing is. */
  readonly watch: () => void
  /** Whether workers may tell by the clock of this thread what is too late. */
  readonly sharesTime: boolean
  /** Why the pool has ended, which the table says. */
  readonly whyEnded: () => ExitReason
  /** How an incarnation that has ended is called, and why it has; nothing when the end of the pool says what becomes of its jobs. */
  readonly whyDown: (number: number) => { readonly thread: string; readonly reason: string } | undefined
  /** How long a handler may go on that nobody waits for any more. */
  readonly graceMillis: number
  /** An incarnation has had a job for longer, and has to be replaced. */
  readonly overdue: (number: number, tag: string) => void
  readonly failed: (where: string, error: unknown) => void
}
