/**
 * What the main thread does when a worker starts, is up, says something, or has ended.
 *
 * A worker is announced as soon as it is ready: by then it has the numbers of the actors of its last incarnation, so that every
 * message finds its actor, which may still be being built. When one dies, everything that waited for it is settled before its
 * supervisor hears of it.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as PubSub from "effect/PubSub"
import * as ExitReason from "../../actor/ExitReason.ts"
import { type CountedOf, type CountedReport, together } from "../../actor/kernel/Counted.ts"
import type { SystemEvent } from "../../actor/SystemEvent.ts"
import * as Bulletin from "../../observe/kernel/Bulletin.ts"
import { defaultIntensity, monotonicMillisUnsafe, RestartWindow } from "../../supervisor/Intensity.ts"
import type { TreeNode } from "../../supervisor/Tree.ts"
import { Member } from "../../thread/kernel/ThreadGroup.ts"
import type { ThreadDown } from "../../thread/ThreadError.ts"
import type { Lent } from "../../wire/kernel/ArenaOwners.ts"
import { decodeEvents, encodeSpawnError } from "./accounts.ts"
import type * as Control from "./control.ts"
import { tellOthers } from "./groups.ts"
import { groundsOf, type Keyers, locate, placementsOn } from "./keyed.ts"
import { receiveLetters } from "./letters.ts"
import type { Placed } from "./placement.ts"

/** The main thread never restarts, and 0 means that nobody is up. */
export const MAIN_EPOCH = 1

/** A worker as the main thread knows it. */
export class WorkerThread extends Member<Control.Answer> {
  /** The behaviours that it has, by name. */
  declare behaviours: ReadonlyMap<string, Control.Hosted>
  /** Whether it has said which these are. */
  declare hasBeenUp: boolean
  /** How long it has been up, all its incarnations together, without the time for which it stood still. */
  declare upMillis: number
  declare private readyAt: number | undefined
  /** Whether an actor is to blame for its last end, which is no fault of its own. */
  declare isExcused: boolean
  /** Why it will never be up again. */
  declare whyGone: string | undefined
  declare private readonly awaitingUp: Set<(isUp: boolean) => void>
  /** What its incarnation was given; nothing any more once nobody knows whether it still uses that. */
  declare arenas: Lent | undefined
  constructor(index: number) {
    super(index, `worker-${index - 1}`)
    this.behaviours = new Map()
    this.hasBeenUp = false
    this.upMillis = 0
    this.readyAt = undefined
    this.isExcused = false
    this.whyGone = undefined
    this.awaitingUp = new Set()
    this.arenas = undefined
  }

  /** Waits until it is up; answers whether it is, or will never be. */
  readonly whenUp: Effect.Effect<boolean> = Effect.callback<boolean>((resume) => {
    if (this.isUp || this.whyGone !== undefined) return resume(Effect.succeed(this.isUp))
    const told = (isUp: boolean) => resume(Effect.succeed(isUp))
    this.awaitingUp.add(told)
    return Effect.sync(() => this.awaitingUp.delete(told))
  })

  /** Tells those who wait for it that it is up, or will never be. */
  tellUp(isUp: boolean): void {
    for (const told of Array.from(this.awaitingUp)) told(isUp)
    this.awaitingUp.clear()
  }

  /** Its incarnation is up from now on. */
  begin(nowMillis: number): void {
    this.readyAt = nowMillis
  }

  /** Its incarnation has ended, and had stood still by then for so long. */
  over(nowMillis: number, silentMillis: number): void {
    if (this.readyAt !== undefined) this.upMillis += Math.max(0, nowMillis - this.readyAt - silentMillis)
    this.readyAt = undefined
  }

  get whyDown(): string {
    return this.whyGone ?? this.down?.message ?? "it has not started yet"
  }

  say(message: Control.ToWorker): void {
    this.post(message)
  }
}

/** The main thread's part of a system with workers. */
export interface Threaded extends Keyers {
  readonly workers: ReadonlyArray<WorkerThread>
  /** Starts what belongs to nobody else. */
  readonly run: (effect: Effect.Effect<void>) => void
  readonly events: PubSub.PubSub<SystemEvent>
  /** The system is being released: who ends now does not come back. */
  isClosing: boolean
  /** Whether the death of a thread counts against the actor that had it. */
  readonly strikesOff: boolean
  /** Messages that workers had not read when they ended. */
  unread: number
}

const up = (worker: WorkerThread): Control.ToWorker => ({ _tag: "Up", thread: worker.index, epoch: worker.starts })

/** A worker was spawned: who is up already, who is in which group, and which actors it has, it hears before anything else. */
export const starting = (self: Threaded, worker: WorkerThread): void => {
  for (const other of self.workers) if (other.isUp) worker.say(up(other))
  const memberships = self.host.groups.all
  if (memberships.joined.length > 0) worker.say({ _tag: "Memberships", ...memberships })
  const placements = [...self.account.on(worker).map((placed) => placed.placement), ...placementsOn(self, worker)]
  if (placements.length > 0) worker.say({ _tag: "Revive", placements })
}

/** A worker is ready: everybody may send to it from now on. */
export const ready = (self: Threaded, worker: WorkerThread, { behaviours }: Control.Ready): void => {
  worker.behaviours = new Map(behaviours.map((hosted) => [hosted.name, hosted]))
  worker.hasBeenUp = true
  worker.begin(monotonicMillisUnsafe(self.host.clock))
  const restarts = worker.starts - 1
  const event: SystemEvent = restarts === 0
    ? { _tag: "ThreadStarted", thread: worker.name, restarts }
    : {
      _tag: "ThreadRestarted",
      thread: worker.name,
      restarts,
      actors: self.account.on(worker).length,
      isFromStandby: worker.isFromStandby
    }
  for (const other of self.workers) if (other !== worker) other.say(up(worker))
  self.node.peerUp(worker.index, worker.starts)
  worker.tellUp(true)
  Bulletin.publish(self.events, event)
}

// Whoever waits for the end of an actor goes on when all of it is done, and not in the middle.
const inOne = ({ host: { after } }: Threaded, run: () => void): void => {
  after.add(run)
  after.run()
}

/** A worker has ended: what ran there is lost, or comes back with its next incarnation. */
export const ended = (self: Threaded, worker: WorkerThread, down: ThreadDown, isSeen: boolean): void =>
  inOne(self, () => lose(self, worker, down, isSeen))

const lose = (self: Threaded, worker: WorkerThread, down: ThreadDown, isSeen: boolean): void => {
  const reason = down.message
  const isFinal = self.isClosing
  self.names.lost(worker.index)
  self.host.groups.lost(worker.index)
  self.families.lost(worker.index)
  for (const other of self.workers) {
    if (other !== worker) other.say({ _tag: "Down", thread: worker.index, reason, isFinal })
  }
  const temporary = self.account.on(worker).filter((placed) => placed.isTemporary)
  const blamed = blame(self, worker, down)
  self.account.stops.lost(worker)
  const unread = self.node.peerDown(worker.index, reason, isFinal)
  self.unread += unread
  self.account.forgetLanes(worker.index)
  self.node.ringForDead()
  if (isSeen) worker.arenas?.recover()
  worker.arenas = undefined
  const lost = ExitReason.threadLost(worker.name, down)
  for (const placed of temporary) self.account.end(placed, lost)
  if (blamed?.reason !== undefined) self.account.end(blamed.placed, blamed.reason)
  for (const placed of self.account.on(worker)) placed.supervision?.threadLost(down, placed === blamed?.placed)
  Bulletin.publish(self.events, threadEnded(worker.name, down, unread))
  for (const { name } of temporary) {
    Bulletin.publish(self.events, { _tag: "ActorEnded", actor: name, reason: lost })
    if (!isFinal) self.host.log("Error", `${name} has ended: ${ExitReason.render(lost)}`, Cause.fail(down))
  }
  if (blamed?.reason === undefined) return
  const { placed: { name: actor }, reason: why } = blamed
  Bulletin.publish(self.events, { _tag: "ActorEnded", actor, reason: why })
  self.host.log("Error", `${actor} has ended: ${ExitReason.render(why)}`, Cause.fail(down))
}

/** An actor that had its thread when that died, and why it does not come back, if it has used up its restarts by that. */
interface Blamed {
  readonly placed: Placed
  readonly reason: ExitReason.ExitReason | undefined
}

// The actor is known that had the thread when it exited, ran out of heap or stood still. What is not caught on a thread is thrown where
// no actor has it; a stop, and that somebody terminates its worker, is nobody's doing.
const blame = (self: Threaded, worker: WorkerThread, down: ThreadDown): Blamed | undefined => {
  const silentMillis = down._tag === "ThreadUnresponsive" ? down.silentMillis : 0
  worker.over(monotonicMillisUnsafe(self.host.clock), silentMillis)
  const placed = self.strikesOff && !self.isClosing
    ? self.account.get(worker.thread?.culpritUnsafe() ?? 0)
    : undefined
  const isThere = placed?.workplace === worker && placed.recipient !== undefined && !placed.isTemporary
  worker.isExcused = isThere
  if (!isThere) return undefined
  const limit = worker.behaviours.get(placed.protocol.name)?.intensity ?? defaultIntensity
  placed.deaths ??= new RestartWindow(limit.restarts, limit.withinMillis)
  const reason = placed.deaths.record(worker.upMillis)
    ? undefined
    : ExitReason.crashed(Cause.fail(down), "thread", limit)
  return { placed, reason }
}

/** How the end of a thread is told. */
export const threadEnded = (thread: string, down: ThreadDown, unread: number): SystemEvent => ({
  _tag: "ThreadEnded",
  thread,
  reason: down.message,
  cause: Cause.fail(down),
  unread
})

const hold = (
  self: Threaded,
  worker: WorkerThread,
  message: Extract<Control.ToMain, { readonly _tag: "Keyed" }>
): Effect.Effect<void> => {
  const { name, request } = message
  const { starts } = worker
  const holder = { thread: worker.index, number: request }
  return Effect.flatMap(Effect.exit(self.families.hold(message, holder, groundsOf(self, message))), (exit) => {
    // It may have been lost while others were letting go of the keys.
    if (worker.starts !== starts || worker.hasEnded) return self.families.release(name, holder)
    const result = Exit.isSuccess(exit)
      ? { addresses: exit.value.addresses }
      : { error: encodeSpawnError(name, exit.cause) }
    return Effect.sync(() => worker.say({ _tag: "Held", request, result }))
  })
}

/** A worker says something. */
export const receive = (self: Threaded, worker: WorkerThread, message: Control.ToMain): void => {
  switch (message._tag) {
    case "Spawned":
    case "Located":
    case "Inspected":
    case "Counted":
    case "Lowered":
    case "Raised":
    case "Replayed":
      return worker.requests.answer(message.request, message)
    case "Claim": {
      const { key, name, request } = message
      const isFree = !self.families.has(name) && !self.host.has(name, key) &&
        self.names.claim(`${name}/${key}`, worker.index, request)
      return worker.say({ _tag: "Claimed", request, isFree })
    }
    case "Keyed":
      return self.run(hold(self, worker, message))
    case "Unkeyed": {
      const { held, name, request } = message
      const released = self.families.release(name, { thread: worker.index, number: held })
      return self.run(Effect.andThen(
        released,
        Effect.sync(() => worker.say({ _tag: "Claimed", request, isFree: true }))
      ))
    }
    case "Lookup": {
      const { key, name, request } = message
      return self.run(Effect.map(locate(self, name, key), (address) => worker.say({ _tag: "Found", request, address })))
    }
    case "Statistics": {
      const { request } = message
      return self.run(Effect.map(counted(self, message), (report) => worker.say({ _tag: "Report", request, report })))
    }
    case "Memberships":
      self.host.groups.heard(message)
      return tellOthers(self, message, worker)
    case "Sync":
      return worker.say({ _tag: "Claimed", request: message.request, isFree: true })
    case "Released":
      return self.names.release(`${message.name}/${message.key}`, worker.index, message.claim)
    case "Kept": {
      const { actor, key, name } = message
      return self.account.keep(`${name}/${key}`, actor, worker.index)
    }
    case "Rings": {
      const { epoch, rings, to } = message
      if (to === 0) return self.node.accept(worker.index, worker.starts, rings)
      const target = self.workers[to - 1]
      // Rings for an incarnation that has gone are left to the collector; their sender hears that the thread is down. One that is not up
      // yet may have asked already, while its actors are built: its answers come by these.
      if (target?.starts === epoch && !target.hasEnded) {
        target.say({ _tag: "Rings", from: worker.index, epoch: worker.starts, rings })
      }
      return
    }
    case "Lane":
      self.account.addLane(message.actor, { ...message.lane, from: worker.index, epoch: worker.starts })
      return worker.say({ _tag: "LaneKnown", actor: message.actor })
    case "Stopped":
      return self.account.stops.answered(message.actors)
    case "Crashed":
      return self.account.get(message.actor)?.supervision?.heard(message)
    case "Ended": {
      const placed = self.account.get(message.actor)
      return placed === undefined ? undefined : self.account.end(placed, ExitReason.decode(message.reason))
    }
    case "Letters":
      worker.say({ _tag: "LettersKnown" })
      return receiveLetters(self, message.letters, message.missed)
    case "Events":
      for (const event of decodeEvents(message.events)) Bulletin.publish(self.events, event)
  }
}

/** What runs on a worker; `undefined` when it does not say so within a second. */
export const below = (worker: WorkerThread): Effect.Effect<ReadonlyArray<TreeNode> | undefined> =>
  worker.request((request): Control.ToWorker => ({ _tag: "Inspect", request })).pipe(
    Effect.map((answer) => answer?._tag === "Inspected" ? answer.tree : undefined),
    Effect.timeoutOrElse({ duration: "1 second", orElse: () => Effect.undefined })
  )

/** What actors have counted here and on the workers that answer within a second. */
export const counted = (
  { host, workers }: Pick<Threaded, "host" | "workers">,
  { each, name }: CountedOf
): Effect.Effect<CountedReport> =>
  Effect.map(
    Effect.forEach(workers, (worker) =>
      worker.request((request): Control.ToWorker => ({ _tag: "Count", request, name, each })).pipe(
        Effect.map((answer) =>
          answer?._tag === "Counted" ? answer.types : undefined
        ),
        Effect.timeoutOrElse({ duration: "1 second", orElse: () => Effect.undefined })
      ), { concurrency: "unbounded" }),
    (answers) => ({
      types: together([
        host.counted({ name, each }),
        ...answers.filter((types) =>
          types !== undefined
        )
      ]),
      missing: workers.filter((_, i) => answers[i] === undefined).map((worker) => worker.name)
    })
  )

/** No worker will come up again: whoever waits for an actor on one of them learns it, now and later. */
export const close = (self: Threaded, why: string, reason: ExitReason.ExitReason): void => {
  self.isClosing = true
  inOne(self, () => giveUp(self, why, reason))
}

const giveUp = (self: Threaded, why: string, reason: ExitReason.ExitReason): void => {
  for (const placed of self.account.all) self.account.end(placed, reason)
  for (const worker of self.workers) {
    worker.whyGone ??= why
    worker.requests.giveUp()
    self.account.stops.lost(worker)
    worker.tellUp(false)
    self.node.peerDown(worker.index, why, true)
  }
}
