/**
 * The thread that has made a pool: it starts the workers, hears of their ends, and ends the pool.
 *
 * When a worker has exited its claims in the injector are given back, its parcels are freed, and its number is taken off the table, in this
 * order before the next incarnation starts. From then on each submitter sees for itself what of its jobs is lost (`Submitter`).
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as PubSub from "effect/PubSub"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import * as Stream from "effect/Stream"
import type * as Take from "effect/Take"
import * as ExitReason from "../../actor/ExitReason.ts"
import { Deadlines } from "../../actor/kernel/Deadlines.ts"
import * as Layouts from "../../actor/kernel/Layouts.ts"
import { actorName, type Protocol } from "../../actor/kernel/Protocol.ts"
import { RunningCell } from "../../actor/kernel/RunningCell.ts"
import type { ArenaEnd } from "../../memory/Arena.ts"
import { JobMeters } from "../../memory/JobMeters.ts"
import { CLOSING, ENDED, OPEN, STARTING, STOPPING } from "../../memory/JobPhase.ts"
import { FREE, numberOf, workerOf } from "../../memory/JobTable.ts"
import { MpmcRecovery } from "../../memory/MpmcRecovery.ts"
import * as Bulletin from "../../observe/kernel/Bulletin.ts"
import type { InvalidSupervision } from "../../supervisor/SupervisorError.ts"
import * as Machine from "../../system/Machine.ts"
import { broadcastOf } from "../../thread/kernel/Broadcast.ts"
import { Cores } from "../../thread/kernel/Cores.ts"
import { CurrentThread, thread as realThread } from "../../thread/kernel/CurrentThread.ts"
import { ProcessMemory } from "../../thread/kernel/Heap.ts"
import { MILLIS } from "../../thread/kernel/Rehearsal.ts"
import * as ThreadGroup from "../../thread/kernel/ThreadGroup.ts"
import type { ThreadDown } from "../../thread/ThreadError.ts"
import type { PoolEvent } from "../PoolEvent.ts"
import { discardRow } from "./cargoes.ts"
import { Clients } from "./clients.ts"
import { Blocked } from "./compensation.ts"
import type { Overdue, Post, Said } from "./control.ts"
import * as Crew from "./crew.ts"
import { PoolWorker } from "./crew.ts"
import * as Escalation from "./escalation.ts"
import { benches } from "./job.ts"
import { lend } from "./lending.ts"
import { createMemory, HOST, HOST_OWNER, openMemory, ownerOf, ownerOfClient, type PoolMemory, rowOf } from "./memory.ts"
import type { PoolOptions, Resolved } from "./options.ts"
import { PoolRecipient } from "./poolRecipient.ts"
import * as Rehearsal from "./rehearsal.ts"
import { openRow, type Row, type RowGround } from "./row.ts"
import { follow, type Scaled, standIn } from "./scaling.ts"
import { slotsOf } from "./shedding.ts"
import { type Hosted, hosted as hostedBy } from "./streamProtocol.ts"
import type { Submitter } from "./submitter.ts"

interface Owner extends Scaled {
  /** Its messages as jobs. */
  readonly hosted: Hosted
  readonly memory: PoolMemory
  readonly recoveries: ReadonlyArray<MpmcRecovery>
  readonly recipient: PoolRecipient
  readonly submitter: Submitter
  readonly clients: Clients
  /** Of rows whose clients, or workers, have gone. */
  readonly heirs: Map<number, Row>
  /** How incarnations that have ended are called, and why they have. */
  readonly ends: Map<number, { readonly thread: string; readonly reason: string }>
  readonly events: PubSub.PubSub<Take.Take<PoolEvent>>
  /** It has ended before its scope has. */
  readonly escalation: Escalation.Escalation
  /** What its workers are given. */
  readonly arenas: ReadonlyArray<ArenaEnd>
}

/** How many events a slow subscriber can fall behind before it misses the oldest. */
const EVENTS = 256

const UNKNOWN = { thread: "its worker", reason: "it has ended" }

/** What everything is made of that a pool has on this thread. */
type Ground = Pick<Owner, "protocol" | "hosted" | "settings" | "access" | "deadlines" | "ends" | "run" | "log">

const rowsOf = ({ access, deadlines, ends, hosted, log, protocol, settings }: Ground): RowGround => ({
  protocol,
  hosted,
  settings,
  access,
  deadlines,
  parallelism: settings.workers * settings.concurrency,
  sharesTime: true,
  whyEnded: () => ExitReason.systemReleased,
  // Of workers that are stopped the end says what becomes of their jobs.
  whyDown: (number) => access.table.phase() >= STOPPING ? undefined : ends.get(number) ?? UNKNOWN,
  failed: (where, error) => log(Effect.logError(where, error))
})

const makeOwner = (protocol: Protocol, settings: Resolved) =>
  Effect.gen(function*() {
    const context = yield* Effect.context<never>()
    const thread = yield* CurrentThread
    const clock = yield* Clock.Clock
    const run = Effect.runForkWith(context)
    const log = (entry: Effect.Effect<void>) => void run(Effect.ignoreCause(entry))
    const name = actorName(protocol, settings.key)
    const events = yield* PubSub.sliding<Take.Take<PoolEvent>>(EVENTS)
    const hosted = hostedBy(protocol)
    const memory = createMemory({
      ...settings,
      capacity: slotsOf(settings.capacity, settings.overflow === "dropOldest")
    })
    const access = openMemory(thread, memory, HOST_OWNER)
    protocol.prepare(access.scratch.carriage)
    access.table.setPhase(STARTING)
    const deadlines = new Deadlines(
      context,
      clock,
      thread,
      (defect) => log(Effect.logError(`${name}: a deadline`, defect))
    )
    const ground: Ground = {
      protocol,
      hosted,
      settings,
      access,
      deadlines,
      ends: new Map(),
      run: (effect) => void run(effect),
      log
    }
    const { desk, submitter } = openRow(rowsOf(ground), HOST, (overdue) => replace(owner, overdue))
    const recipient = new PoolRecipient(access, submitter, {
      protocol,
      hosted,
      key: settings.key,
      capacity: settings.capacity,
      parallelism: settings.workers * settings.concurrency,
      overflow: settings.overflow,
      seatOf: (fiber) => thread.get(benches).lend(fiber.getRef(RunningCell))
    })
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        deadlines.close()
        desk.close()
      })
    )
    const owner: Owner = {
      ...ground,
      memory,
      recoveries: memory.injectors.map((sab) => new MpmcRecovery(sab)),
      workers: Array.from({ length: settings.workers }, (_, i) => new PoolWorker(i + 1, `worker-${i}`)),
      least: settings.least,
      size: settings.least,
      compensated: 0,
      blocked: new Blocked(),
      memoryOf: yield* ProcessMemory,
      commands: Semaphore.makeUnsafe(1),
      changes: Semaphore.makeUnsafe(1),
      start: () => Effect.void,
      hasEnded: () => submitter.ended !== undefined,
      events,
      tell: (event) => Bulletin.publish(events, [event]),
      recipient,
      submitter,
      clients: makeClients(
        ground,
        memory,
        (row, then) => retire(owner, row, then),
        (overdue) => replace(owner, overdue)
      ),
      heirs: new Map(),
      escalation: Escalation.make(),
      arenas: settings.arenas
    }
    for (const worker of owner.workers.slice(0, owner.size)) worker.isWanted = true
    return owner
  })

const makeClients = (
  { access, deadlines, protocol, settings }: Ground,
  memory: PoolMemory,
  retire: (row: number, then: () => void) => void,
  overdue: (overdue: Overdue) => void
): Clients => {
  const { capacity, clients, concurrency, graceMillis, key, mayNap, overflow, runMillis, workers } = settings
  return new Clients(broadcastOf(access.thread), {
    name: actorName(protocol, key),
    ...Layouts.of(protocol),
    clients,
    firstRow: rowOf(workers),
    isOpen: () => access.table.phase() <= OPEN,
    memberOf: (row) => ({
      memory,
      row,
      owner: ownerOfClient(workers, row),
      capacity,
      parallelism: workers * concurrency,
      overflow,
      graceMillis,
      runMillis,
      mayNap,
      nowMillis: deadlines.now()
    }),
    retire,
    overdue
  })
}

/** What a client has left is taken back, and what it was asked for ends; `then` its row is as it was. */
const retire = (owner: Owner, row: number, then: () => void): void => {
  const { access, settings } = owner
  const claims = ownerOfClient(settings.workers, row)
  access.arena.recover(claims)
  recover(owner, claims, () => {
    // The end of the pool settles what nobody has taken back by then.
    if (access.table.phase() === ENDED) return discardRow(access, owner.hosted.messages, row)
    inherit(owner, row, () => {
      // It may have died between a payload and the job that it was for.
      access.arena.forget(claims)
      then()
    })
  })
}

/** Takes what is under way in a row that nobody has any more; `then` nothing is, unless somebody has it again by then. */
const inherit = (owner: Owner, row: number, then: () => void): void => {
  const { heirs, run } = owner
  const heir = openRow(rowsOf(owner), row, (overdue) => replace(owner, overdue))
  const { desk, submitter } = heir
  heirs.set(row, heir)
  if (submitter.isBusy) desk.watch()
  run(Effect.map(submitter.idle, () => {
    if (heirs.get(row) !== heir) return
    heirs.delete(row)
    desk.close()
    then()
  }))
}

/** A worker is about to have its row again. */
const disinherit = ({ heirs }: Owner, row: number): void => {
  const heir = heirs.get(row)
  if (heir === undefined) return
  heirs.delete(row)
  heir.desk.close()
  heir.submitter.leave(ExitReason.scopeClosed)
}

const postOf = (owner: Owner, worker: PoolWorker): Post => {
  const { deadlines, memory, protocol, settings } = owner
  const place = worker.index - 1
  const arenas = lend(owner, worker, `Pool ${actorName(protocol, settings.key)}`)
  disinherit(owner, rowOf(place))
  worker.renewed(numberOf(place, worker.starts))
  owner.access.table.started(worker.number)
  // Each submitter lets it into what waits for it.
  for (const bell of owner.access.bells) bell.ring()
  return {
    launcher: "PoolThread.launch",
    memory,
    arenas,
    protocol: protocol.name,
    ...Layouts.of(protocol),
    key: settings.key,
    place,
    incarnation: worker.starts,
    capacity: settings.capacity,
    concurrency: settings.concurrency,
    graceMillis: settings.graceMillis,
    runMillis: settings.runMillis,
    restMillis: settings.restMillis,
    recycle: settings.recycle,
    isCompensated: settings.sizing !== undefined,
    nowMillis: deadlines.now()
  }
}

/** The handler of a job does not end although nobody waits for it: its thread does, and that is no crash. */
const replace = (owner: Owner, { number, tag }: Overdue): void => {
  const worker = owner.workers[workerOf(number)]
  if (worker?.number !== number || worker.overdue !== undefined || worker.hasEnded) return
  worker.overdue = tag
  owner.run(worker.thread?.kill ?? Effect.void)
}

// Somebody alive may be in the middle of the claim that the dead one wanted too: then it is settled in a moment.
const recover = (owner: Owner, claims: number, then: () => void): void => {
  const { access: { idle, thread: { runtime } }, recoveries } = owner
  if (recoveries.some((recovery) => !recovery.recover(claims).isSettled)) {
    return runtime.immediate(() => recover(owner, claims, then))
  }
  idle.wakeForDead()
  then()
}

// Why it was replaced, as nobody else knows.
const overdueOf = ({ settings }: Owner, { overdue }: PoolWorker): string | undefined =>
  overdue === undefined
    ? undefined
    : `it was replaced, because a ${overdue} went on for ${settings.graceMillis} ms after nobody waited for it any more`

const ended = (owner: Owner, worker: PoolWorker, reason: ThreadDown, isSeen: boolean): void => {
  const { access, blocked, deadlines, memory } = owner
  blocked.set(worker.number, false)
  const claims = ownerOf(worker.index - 1, worker.starts)
  owner.ends.set(worker.number, { thread: worker.name, reason: overdueOf(owner, worker) ?? reason.message })
  if (!isSeen) {
    // It may still run, and write to what its jobs lie in: nobody can use that again.
    return giveUp(owner, ExitReason.threadLost(worker.name, reason), Cause.fail(reason))
  }
  worker.arenas?.recover()
  worker.arenas = undefined
  access.arena.recover(claims)
  new JobMeters(memory.meters).closed(worker.index - 1, deadlines.now())
  access.holds?.releaseAll(worker.index - 1)
  for (const lot of access.lots) lot?.releaseAll(worker.index - 1)
  access.table.ended(worker.number)
  recover(owner, claims, () => {
    const isVacant = !worker.isWanted && worker.hasEnded
    if (isVacant && access.table.phase() !== ENDED) inherit(owner, rowOf(worker.index - 1), () => {})
  })
  for (const bell of access.bells) bell.ringForDead()
}

/** Nothing runs any more, or nobody knows what does: whoever waits learns it, on every thread. */
const end = (owner: Owner, reason: ExitReason.ExitReason): void => {
  const { access, clients, events, heirs, hosted, submitter, workers } = owner
  if (submitter.ended !== undefined) return
  // Before the table says so: who sees it there finds out why.
  clients.end(reason)
  access.table.setPhase(ENDED)
  for (const bell of access.bells) bell.ringForDead()
  submitter.end(reason)
  for (const heir of Array.from(heirs.values())) heir.submitter.end(reason)
  // What jobs of jobs have left is nobody's.
  for (const { index } of workers) discardRow(access, hosted.messages, rowOf(index - 1))
  PubSub.endUnsafe(events, Exit.void)
}

/** It ends although its scope does not: whoever stands on it is told. */
const giveUp = (owner: Owner, reason: ExitReason.ExitReason, cause: Cause.Cause<unknown>): void => {
  const { escalation, protocol, settings, submitter } = owner
  if (submitter.ended !== undefined) return
  Escalation.giveUp(escalation, actorName(protocol, settings.key), reason, cause)
  end(owner, reason)
  Escalation.tell(escalation)
}

const areFree = ({ access: { table } }: Owner): boolean => {
  for (let slot = 0; slot < table.slots; slot++) if (table.stageOf(slot) !== FREE) return false
  return true
}

// A stream that has ended since its slots were looked at may have its last elements in one.
const isAtRest = (owner: Owner): boolean =>
  areFree(owner) && new JobMeters(owner.memory.meters).countOpenStreams() === 0 && areFree(owner)

/** Takes nothing any more, and waits until what was accepted is handled, as long as that may take. */
const drain = (owner: Owner): Effect.Effect<void> =>
  Effect.suspend(() => {
    const { access: { table }, settings, submitter } = owner
    if (table.phase() !== ENDED) table.setPhase(CLOSING)
    const look: Effect.Effect<void> = Effect.suspend(() =>
      table.phase() === ENDED || !submitter.isBusy && isAtRest(owner)
        ? Effect.void
        : Effect.andThen(Effect.sleep("5 millis"), look)
    )
    if (settings.shutdownMillis === 0) return Effect.void
    const limit = settings.shutdownMillis === Infinity
      ? Effect.never
      : Effect.sleep(Duration.millis(settings.shutdownMillis))
    return Effect.raceFirst(Effect.andThen(submitter.idle, look), limit)
  })

/**
 * Starts the workers of a pool; they end with the scope.
 *
 * **Errors** The `ThreadDown` of the first that does not come up; `InvalidSupervision`.
 */
export const make = (
  protocol: Protocol,
  settings: Resolved,
  options: PoolOptions
): Effect.Effect<PoolRecipient, ThreadDown | InvalidSupervision, Scope.Scope> =>
  Effect.gen(function*() {
    const owner = yield* makeOwner(protocol, settings)
    const { access, clients, recipient } = owner
    yield* Effect.addFinalizer(() => Effect.sync(() => end(owner, ExitReason.systemReleased)))
    // Its workers may wait for another pool, whose workers wait for this one.
    clients.open()
    const cores = yield* Cores
    // While the workers load. Threads that are simulated have nothing to compile.
    const rehearsing = yield* Effect.forkScoped(
      access.thread === realThread ? Rehearsal.rehearsal(MILLIS) : Effect.void
    )
    const group = yield* ThreadGroup.make<never, PoolWorker>({
      ...options,
      heartbeat: settings.heartbeat,
      readyTimeout: settings.readyTimeout,
      standby: settings.standby,
      name: actorName(protocol, settings.key),
      members: owner.workers,
      initial: settings.least,
      spots: settings.spots,
      maxSpins: Machine.maxSpins(settings.workers, cores),
      data: (worker) => postOf(owner, worker),
      onMessage: (worker, message) => {
        const said = message as Said
        if ("blocks" in said) owner.blocked.set(said.blocks, said.isBlocked && worker.number === said.blocks)
        else if ("retired" in said) Crew.retired(owner, worker, said)
        else if ("worn" in said) owner.run(Crew.recycle(owner, worker, said))
        else replace(owner, said)
      },
      after: (worker) => worker.after,
      isPlanned: ({ isRetired }) => isRetired,
      why: (worker) => overdueOf(owner, worker),
      onStarting: () => {},
      onReady: (worker) => {
        Crew.ready(worker)
        access.idle.wake()
      },
      onEnded: (worker, reason, isSeen) => ended(owner, worker, reason, isSeen),
      onStandby: (thread) => owner.tell({ _tag: "ThreadStandsBy", thread }),
      below: () => Effect.undefined
    })
    yield* Fiber.join(rehearsing)
    owner.start = (worker) => group.start(worker, () => worker.isThere)
    access.table.setPhase(OPEN)
    access.idle.wakeForDead()
    yield* Effect.forkScoped(Effect.flatMap(group.exit, (exit) =>
      Effect.sync(() => {
        if (Exit.isSuccess(exit)) return
        const cause: Cause.Cause<unknown> = exit.cause
        const name = actorName(protocol, settings.key)
        giveUp(owner, ExitReason.supervisorGaveUp(name, cause), cause)
      })))
    recipient.crew = owner
    recipient.events = Stream.fromPubSubTake(owner.events)
    yield* Effect.addFinalizer(() =>
      Effect.andThen(
        drain(owner),
        Effect.sync(() => {
          if (access.table.phase() !== ENDED) access.table.setPhase(STOPPING)
        })
      )
    )
    if (settings.sizing !== undefined) {
      yield* Effect.forkScoped(follow(owner, settings.sizing))
      yield* Effect.forkScoped(standIn(owner, settings.sizing))
    }
    recipient.escalation = yield* Escalation.ending(owner.escalation)
    return recipient
  })
