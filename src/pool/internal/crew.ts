/**
 * The workers of a pool as who has made it commands them: how many there are, and each made anew.
 *
 * ```text
 *  vacant ──► starting ──► a member: given jobs ──► leaves: given no more, comes to the end of what it has ──► vacant
 *                 ▲              │ made anew, or dies        │ is wanted again
 *                 └──────────────┘  ◄────────────────────────┘
 * ```
 *
 * Members are those at the first places, so their number says who they are. It is another one from the moment in which the table says so, whatever any thread knows of
 * it: what each does about the order of keys is told in `Fences`.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Semaphore from "effect/Semaphore"
import * as ThreadGroup from "../../thread/kernel/ThreadGroup.ts"
import type { ThreadDown } from "../../thread/ThreadError.ts"
import type { Lent } from "../../wire/kernel/ArenaOwners.ts"
import type { PoolEvent, Resized } from "../PoolEvent.ts"
import type { Retire, Retired, Retiring } from "./control.ts"
import type { Access } from "./memory.ts"

/** A worker, and what it is told. */
export class PoolWorker extends ThreadGroup.Member<never> {
  /** The number of the incarnation that is there, or was last. */
  number = 0
  /** The job that it is replaced for. */
  overdue: string | undefined = undefined
  /** By which request it was told to take no jobs any more; 0 when it takes some. */
  retiring = 0
  /** How many such requests there have been. */
  retirements = 0
  /** It has none any more, and is stopped. */
  isRetired = false
  /** Its numbers in the arenas that it was given. */
  arenas: Lent | undefined = undefined
  /** Whether it comes back when it ends. */
  isWanted = false

  /** An incarnation is about to start. */
  renewed(number: number): void {
    this.number = number
    this.overdue = undefined
    this.retiring = 0
    this.isRetired = false
  }

  /** What follows from its end. */
  get after(): "restart" | "resume" | "stop" {
    if (!this.isWanted) return "stop"
    return this.overdue !== undefined || this.isRetired ? "resume" : "restart"
  }

  /** Whether it takes jobs, or could if it were told so. */
  get isThere(): boolean {
    return this.isUp && !this.hasEnded && !this.isRetired
  }
}

/** See the module. */
export interface Crew {
  readonly access: Access
  /** At all places, whether anybody is there or not. */
  readonly workers: ReadonlyArray<PoolWorker>
  /** What is asked for by hand is done one after the other, and a worker that is worn waits for its turn there, too. */
  readonly commands: Semaphore.Semaphore
  /** One at a time changes how many there are. Nobody who has it waits for the end of a job: somebody may have to stand in for that one. */
  readonly changes: Semaphore.Semaphore
  /** How many members there are at least. */
  readonly least: number
  /** How many are members. */
  size: number
  /** How many of them stand in for workers that block. */
  compensated: number
  /** Starts one that is down; when the group is there. */
  start: (worker: PoolWorker) => Effect.Effect<void, ThreadDown>
  readonly hasEnded: () => boolean
  /** Tells whoever listens, who may go on inside of it. */
  readonly tell: (event: PoolEvent) => void
  readonly run: (effect: Effect.Effect<void>) => void
}

const tell = (worker: PoolWorker, retire: number): void => {
  worker.retiring = retire
  worker.post({ retire, isLast: !worker.isWanted } satisfies Retire)
}

const retire = (worker: PoolWorker): void => tell(worker, ++worker.retirements)

/** A worker that was told so takes no jobs any more, and has none: it is stopped, and that is no crash. */
export const retired = ({ run }: Crew, worker: PoolWorker, { request, retired: number }: Retired): void => {
  // One that was told to go on since then may have a job.
  if (worker.number !== number || worker.retiring !== request || worker.isRetired || worker.hasEnded) return
  worker.isRetired = true
  run(worker.thread?.stop ?? Effect.void)
}

/** A worker is up: nobody may want it any more. */
export const ready = (worker: PoolWorker): void => {
  if (!worker.isWanted) retire(worker)
}

const soon = Effect.sleep("5 millis")

/** Has a worker come to the end of what it runs, and its next incarnation take its place; nothing is left to do for one that is wanted no more. */
export const renew = (crew: Crew, worker: PoolWorker): Effect.Effect<void> =>
  Effect.suspend(() => {
    const { starts } = worker
    const isOld = () => worker.starts === starts && worker.isThere
    const look: Effect.Effect<void> = Effect.suspend(() => {
      if (crew.hasEnded() || !worker.isWanted || worker.starts > starts && worker.isUp) return Effect.void
      if (isOld() && worker.retiring === 0) retire(worker)
      return Effect.andThen(soon, look)
    })
    return Effect.onInterrupt(look, () =>
      Effect.sync(() => {
        if (worker.isWanted && worker.retiring > 0 && isOld()) tell(worker, 0)
      }))
  })

/** All workers anew, one after the other. */
export const reload = (crew: Crew): Effect.Effect<void> =>
  crew.commands.withPermits(1)(
    Effect.suspend(() =>
      Effect.forEach(crew.workers.slice(0, crew.size), (worker) => renew(crew, worker), { discard: true })
    )
  )

/** Why there is another number of workers. */
export type Reason = Pick<Resized, "why" | "signal">

/** By hand. */
export const ASKED: Reason = { why: "asked", signal: undefined }

/** Makes a worker anew that says that it is worn, when nobody else is made anew. */
export const recycle = (crew: Crew, worker: PoolWorker, { by, worn: number }: Retiring): Effect.Effect<void> =>
  crew.commands.withPermits(1)(Effect.suspend(() => {
    // It may have died meanwhile, or left.
    if (worker.number !== number || !worker.isWanted || !worker.isThere || crew.hasEnded()) return Effect.void
    return Effect.andThen(
      renew(crew, worker),
      Effect.sync(() => {
        if (!crew.hasEnded() && worker.number !== number) {
          crew.tell({ _tag: "WorkerRecycled", place: worker.index - 1, ...by })
        }
      })
    )
  }))

const setSize = (crew: Crew, size: number): void => {
  crew.size = size
  crew.access.table.resize(size)
  for (const bell of crew.access.bells) bell.ring()
}

/** One that is about to leave stays; one that is not there is started. */
const bring = (crew: Crew, worker: PoolWorker): Effect.Effect<void, ThreadDown> =>
  Effect.suspend(() => {
    worker.isWanted = true
    if (worker.isThere) {
      if (worker.retiring > 0) tell(worker, 0)
      return Effect.void
    }
    return Effect.onError(crew.start(worker), () =>
      Effect.sync(() => {
        worker.isWanted = false
      }))
  })

const dismiss = (worker: PoolWorker): void => {
  worker.isWanted = false
  if (worker.isThere) retire(worker)
}

const hasLeft = (worker: PoolWorker): boolean => worker.isWanted || worker.hasEnded && !worker.isUp

/** Members are those up to the first that has not come up; the others leave again. */
const grow = (crew: Crew, size: number, { signal, why }: Reason): Effect.Effect<void, ThreadDown> => {
  const from = crew.size
  const coming = crew.workers.slice(crew.size, size)
  const settle = Effect.sync(() => {
    const first = coming.findIndex((worker) => !worker.isWanted)
    const there = first < 0 ? coming.length : first
    for (const worker of coming.slice(there)) dismiss(worker)
    if (there === 0) return
    setSize(crew, from + there)
    crew.tell({ _tag: "Resized", from, to: crew.size, why, signal })
  })
  const failed = (cause: Cause.Cause<ThreadDown>) =>
    Effect.sync(() => crew.tell({ _tag: "ResizeFailed", from, to: crew.size, wanted: size, why, cause }))
  return Effect.forEach(coming, (worker) => Effect.exit(bring(crew, worker)), { concurrency: "unbounded" }).pipe(
    Effect.ensuring(settle),
    Effect.flatMap((exits) => Effect.asVoid(Exit.asVoidAll(exits))),
    Effect.tapCause((cause) => Cause.hasInterruptsOnly(cause) ? Effect.void : failed(cause))
  )
}

/**
 * Has the pool have so many workers. Completes when those are up that come; answers those that leave. Waits for no command: one of those may wait for a job
 * that nobody would stand in for meanwhile.
 *
 * **Errors** The `ThreadDown` of one that has not come up: those below it are members.
 */
export const change = (
  crew: Crew,
  size: number,
  reason: Reason
): Effect.Effect<ReadonlyArray<PoolWorker>, ThreadDown> =>
  crew.changes.withPermits(1)(Effect.suspend(() => {
    const { size: from } = crew
    // What was seen may not be so any more when it is this one's turn.
    if (crew.hasEnded() || from !== (reason.signal?.size ?? from)) return Effect.succeed([])
    // From then on there are as many as were asked for.
    if (reason.why === "asked") crew.compensated = 0
    if (size === from) return Effect.succeed([])
    if (size > from) return Effect.as(grow(crew, size, reason), [])
    const leaving = crew.workers.slice(size, from)
    for (const worker of leaving) worker.isWanted = false
    // Before they are told: what comes from now on is for others.
    setSize(crew, size)
    for (const worker of leaving) dismiss(worker)
    crew.tell({ _tag: "Resized", from, to: size, ...reason })
    return Effect.succeed(leaving)
  }))

/** The same, by hand: in its turn among the commands. Completes when those have ended, too, that leave. */
export const resize = (crew: Crew, size: number): Effect.Effect<void, ThreadDown> =>
  Effect.flatMap(crew.commands.withPermits(1)(change(crew, size, ASKED)), (leaving) => {
    const gone: Effect.Effect<void> = Effect.suspend(() =>
      crew.hasEnded() || leaving.every(hasLeft) ? Effect.void : Effect.andThen(soon, gone)
    )
    return gone
  })
