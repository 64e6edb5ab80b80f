/**
 * The shared memory of a pool, and how a thread opens it.
 *
 * ```text
 *  table     the jobs, a row of slots for each thread that submits        (JobTable)
 *  injectors numbers of slots that wait, from outside: one for each level (MpmcRing)
 *  deques    the same, from inside of jobs: one a worker, others steal    (StealDeque)
 *  idle      who sleeps and who searches                                  (IdleSet)
 *  bells     one doorbell for each row
 *  inboxes   numbers of slots that wait for one worker, and nobody steals   (Inboxes)
 *  meters    what each worker has done                                    (JobMeters)
 *  holds     which worker runs a job of a key, where their number changes (KeyHolds)
 *  allowances  which worker has each place of a level, where so many run at once at most (KeyHolds)
 *  arena     payloads and replies that do not fit into a slot
 * ```
 *
 * Rows and doorbells: 0 is the thread that has made the pool, worker `w` is `w + 1`, and behind the workers are those of clients, threads that come
 * and go (`Clients`). What a thread claims in ring and arena carries an
 * owner number, and an incarnation of a worker never has that of the one before it: its claims may still be being recovered. The row of a client is
 * given to the next one when they are.
 */
import * as Arena from "../../memory/Arena.ts"
import * as Doorbell from "../../memory/Doorbell.ts"
import * as IdleSet from "../../memory/IdleSet.ts"
import * as Inboxes from "../../memory/Inboxes.ts"
import * as JobMeters from "../../memory/JobMeters.ts"
import * as JobTable from "../../memory/JobTable.ts"
import * as KeyHolds from "../../memory/KeyHolds.ts"
import { MpmcWriter } from "../../memory/MpmcRing.ts"
import * as MpmcRing from "../../memory/MpmcRing.ts"
import * as StealDeque from "../../memory/StealDeque.ts"
import type { ThreadContext } from "../../runtime/ThreadContext.ts"
import { coresFor } from "../../thread/kernel/Cores.ts"
import * as Poller from "../../thread/Poller.ts"
import { carriageOf } from "../../wire/kernel/ThreadCarriage.ts"
import { Scratch } from "../../wire/Scratch.ts"
import type { Lots } from "../kernel/Allowances.ts"
import { LANES } from "../kernel/Lanes.ts"
import { Spins } from "./spins.ts"
import { TOLD_APART } from "./target.ts"

/** The buffers, as `postMessage` carries them. */
export interface PoolMemory {
  readonly table: SharedArrayBuffer
  readonly injectors: ReadonlyArray<SharedArrayBuffer>
  readonly deques: ReadonlyArray<SharedArrayBuffer>
  readonly idle: SharedArrayBuffer
  readonly bells: SharedArrayBuffer
  readonly inboxes: SharedArrayBuffer
  readonly arena: SharedArrayBuffer
  readonly meters: SharedArrayBuffer
  /** Nothing where each key has one worker for as long as the pool lives. */
  readonly holds: SharedArrayBuffer | undefined
  /** For each lane the places of its allowance, nothing where it has none. */
  readonly allowances: ReadonlyArray<SharedArrayBuffer | undefined>
}

/** What it is made for. */
export interface Sizes {
  readonly workers: number
  /** How many of them there are at least, and to begin with. */
  readonly least: number
  /** Rows for threads that join. */
  readonly clients: number
  /** Jobs that each thread can have under way. */
  readonly capacity: number
  readonly arenaBytes: number
  /** How many jobs of each lane may run at once; nothing for any number. */
  readonly allowances?: ReadonlyArray<number | undefined> | undefined
}

/** The row of the thread that has made the pool. */
export const HOST = 0

/** The row of a worker. */
export const rowOf = (worker: number): number => worker + 1

/** The owner number of the thread that has made the pool. */
export const HOST_OWNER = 1

/** The owner number of an incarnation. */
export const ownerOf = (worker: number, incarnation: number): number => 2 + 2 * worker + (incarnation & 1)

/** The owner number of whoever has the row of a client. */
export const ownerOfClient = (workers: number, row: number): number => 1 + workers + row

/** What does not fit into a slot takes whole blocks. */
const BLOCK_BYTES = 4096

/** Bytes of a slot. */
export const SLOT_BYTES = 512

/** How far apart the clocks of two threads may be that have the same time: the start of a thread takes a while. */
export const SAME_TIME_MILLIS = 60_000

/** The next power of two. */
export const powerOfTwo = (least: number): number => 2 ** Math.ceil(Math.log2(least))

const powerBelow = (most: number): number => 2 ** Math.floor(Math.log2(most))

/** Jobs that each thread can have under way at most, with so many workers and clients. */
export const mostCapacity = (workers: number, clients: number): number =>
  powerBelow(Math.min(
    JobTable.mostJobs({ submitters: workers + 1 + clients, slotBytes: SLOT_BYTES, workers }),
    Inboxes.mostJobs({ submitters: workers + 1 + clients, workers, levels: LANES })
  ))

/** Makes the memory of a pool. */
export const createMemory = ({ allowances = [], arenaBytes, capacity, clients, least, workers }: Sizes): PoolMemory => {
  const jobs = powerOfTwo(capacity)
  const submitters = workers + 1 + clients
  // A hint may be there twice after a death: no queue is full while every slot has one.
  const hints = powerOfTwo(2 * submitters * jobs)
  return {
    table: JobTable.create({ submitters, jobs, slotBytes: SLOT_BYTES, workers }, least),
    injectors: Array.from({ length: LANES }, () => MpmcRing.create(hints, 8, ownerOfClient(workers, submitters))),
    deques: Array.from({ length: workers }, () => StealDeque.create(hints, "lifo")),
    idle: IdleSet.create(workers),
    bells: Doorbell.create(submitters),
    meters: JobMeters.create(workers),
    holds: least < workers ? KeyHolds.create(TOLD_APART) : undefined,
    allowances: allowances.map((places) => places === undefined ? undefined : KeyHolds.create(places)),
    inboxes: Inboxes.create({ submitters, jobs, workers, levels: LANES }, (worker) => JobTable.numberOf(worker, 1)),
    arena: Arena.create({
      capacityBytes: Math.ceil(arenaBytes / BLOCK_BYTES) * BLOCK_BYTES,
      blockBytes: BLOCK_BYTES,
      references: 1,
      // Its handles are found in slots, and in no message.
      id: 0
    })
  }
}

/** A pool as one thread sees it. */
export interface Access {
  readonly memory: PoolMemory
  readonly thread: ThreadContext
  readonly table: JobTable.JobTable
  readonly injectors: ReadonlyArray<MpmcWriter>
  readonly idle: IdleSet.IdleSet
  readonly bells: ReadonlyArray<Doorbell.Doorbell>
  readonly arena: Arena.ArenaEnd
  readonly holds: KeyHolds.KeyHolds | undefined
  readonly lots: Lots
  readonly scratch: Scratch
  readonly spins: Spins
}

/** Opens the memory on a thread. */
export const openMemory = (thread: ThreadContext, memory: PoolMemory, owner: number): Access => {
  const table = new JobTable.JobTable(memory.table)
  const bells = Array.from({ length: table.submitters }, (_, row) => new Doorbell.Doorbell(memory.bells, row))
  const idle = new IdleSet.IdleSet(memory.idle, bells.slice(1, 1 + table.workers))
  return {
    memory,
    thread,
    table,
    injectors: memory.injectors.map((sab) => new MpmcWriter(sab, owner)),
    idle,
    bells,
    arena: new Arena.ArenaEnd(memory.arena, owner),
    holds: memory.holds === undefined ? undefined : new KeyHolds.KeyHolds(memory.holds),
    lots: memory.allowances.map((sab) => sab === undefined ? undefined : new KeyHolds.KeyHolds(sab)),
    scratch: new Scratch(carriageOf(thread)),
    spins: new Spins(idle, Poller.of(thread), coresFor(thread))
  }
}

/** A row is this thread's from now on, where messages are answered with streams: whoever has read what was begun from there reads no more, which workers find out. */
export const succeed = (
  { bells, table }: Pick<Access, "bells" | "table">,
  { defined, messages, row }: {
    readonly defined: number
    readonly messages: ReadonlyArray<unknown>
    readonly row: number
  }
): void => {
  if (messages.length === defined) return
  table.succeed(row)
  for (const bell of bells.slice(1, 1 + table.workers)) bell.ring()
}
