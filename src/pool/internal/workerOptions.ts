/** What a worker of a pool is told by the thread that it is on. */
import type { ExitReason } from "../../actor/ExitReason.ts"
import type { Cell } from "../../actor/kernel/Cell.ts"
import type { Message } from "../../actor/kernel/Protocol.ts"
import type { StealOwner, StealThief } from "../../memory/StealDeque.ts"
import type { Allowances } from "../kernel/Allowances.ts"
import type { InjectorReader } from "../kernel/Injectors.ts"
import type { Streams } from "./streams.ts"
import type { Wear } from "./wear.ts"

/** How a worker is made. */
export interface Options {
  /** What the pool is called behind the name of its protocol. */
  readonly key: string
  readonly place: number
  /** The number of its incarnation. */
  readonly number: number
  readonly concurrency: number
  /** How long it sleeps with its thread after a job, before it leaves the thread to the event loop. */
  readonly restMillis: number
  readonly messages: ReadonlyArray<Message>
  readonly injector: InjectorReader
  /** Its places in the allowances of levels; nothing where there are none. */
  readonly allowances: Allowances | undefined
  readonly deque: StealOwner
  /** Those of all workers, by place. */
  readonly thieves: ReadonlyArray<StealThief>
  /** Whether it has the same time as those who submit, and may tell what is too late. */
  readonly knowsTime: boolean
  /** Monotonic milliseconds. */
  readonly now: () => number
  /** How long its event loop has been idle, in milliseconds; nothing where it has none of its own. */
  readonly loopIdle: (() => number) | undefined
  /** Has another actor of the behaviour started. */
  readonly open: (opened: (cell: Cell) => void) => void
  /** What notices that it is worn; nothing where it never is. */
  readonly wear: Wear | undefined
  /** It was told by this request to take no jobs any more, and has none. */
  readonly retired: (request: number) => void
  /** Its streams, which have to be read to their ends as long as somebody reads. */
  readonly streams: Pick<Streams, "size" | "haveLostReaders" | "look">
  /** An actor of the behaviour has ended. */
  readonly ended: (reason: ExitReason) => void
  readonly failed: (where: string, error: unknown) => void
}
