/**
 * One run: its threads, its faults, what must hold, and the fiber of the program.
 */
import * as Context from "effect/Context"
import type * as Fiber from "effect/Fiber"
import { textOf } from "../../runtime/Text.ts"
import type { Setup } from "../../thread/kernel/Entry.ts"
import type { Place } from "../../thread/SpawnedWorker.ts"
import type { Faults } from "../Faults.ts"
import type { Oracle } from "./oracle.ts"
import { pickOf, type Policy } from "./policy.ts"
import { threadIdOf } from "./simBroadcast.ts"
import type { Seen } from "./simScheduler.ts"
import { type Common, SimThread } from "./simThread.ts"
import { type Luck, SimWorker } from "./simWorker.ts"
import { type Late, World } from "./world.ts"

/** A condition of the run. */
export interface Condition {
  readonly name: string
  readonly check: () => boolean
  holds: boolean
}

/** How a run is set up. */
export interface StageOptions {
  readonly oracle: Oracle
  readonly policy: Policy
  readonly faults: Faults
  readonly maxSteps: number
  /** What the worker of a place runs. */
  readonly setupOf: (place: Place) => Setup
}

/** See the module. */
export class Stage {
  declare readonly world: World
  declare readonly oracle: Oracle
  declare readonly main: SimThread
  declare readonly fibers: Map<Fiber.Fiber<unknown, unknown>, Seen>
  declare readonly eventually: Array<Condition>
  declare readonly marks: Map<string, boolean>
  /** Workers that live, in the order of their starts. */
  declare readonly workers: Set<SimWorker>
  /** Everything that is to go wrong by itself; none once the run is to come to rest. */
  declare faults: Faults
  /** How many parts of the program ask for calm now. */
  declare calm: number
  declare readonly neverReady: Set<string>
  /** Places that have been up: what comes by itself does not keep a program from starting. */
  declare private readonly known: Set<string>
  declare private readonly common: Common
  declare private readonly options: StageOptions
  declare private threads: number
  /** How many threads have been ended by themselves. */
  declare private ends: number
  constructor(options: StageOptions) {
    const { faults, maxSteps, oracle, policy } = options
    this.options = options
    this.oracle = oracle
    this.world = new World(oracle, pickOf(policy, oracle.stream("schedule")), maxSteps)
    this.fibers = new Map()
    this.eventually = []
    this.marks = new Map()
    this.workers = new Set()
    this.faults = faults
    this.calm = 0
    this.neverReady = new Set()
    this.known = new Set()
    this.threads = 0
    this.ends = 0
    this.common = {
      world: this.world,
      fibers: this.fibers,
      spawn: (_spawn, place) => this.spawn(place),
      // How long a fiber runs before others may: a wide choice finds more than the default. With fewer than five steps Effect itself
      // pauses between an interruption and the first thing that it does, which nothing written in it can be exact about.
      maxOps: [2048, 2048, 64, 8, 5][oracle.below("yields", 5)]!,
      late: (kind) => this.late(kind),
      voices: new Set(),
      cores: 1 + oracle.below("cores", 3),
      services: Context.make(CurrentStage, this)
    }
    this.main = new SimThread(this.common, { name: "main" }, 0)
    this.world.beforeStep = () => this.strike()
  }

  // ---- threads

  private spawn(place: Place): SimWorker {
    const { faults, oracle, world } = this
    const number = ++this.threads
    const thread = new SimThread(this.common, place, number)
    if (faults.skew !== undefined) thread.clock.skewMillis = oracle.below("skew", 2 * faults.skew) - faults.skew
    world.log(`is spawned, incarnation ${place.epoch}`, place.name)
    const worker = new SimWorker({
      parent: this.current,
      place,
      thread,
      threadId: threadIdOf(thread),
      setup: this.options.setupOf(place),
      luck: this.luck(),
      isNeverReady: this.neverReady.has(place.name),
      ready: () => this.known.add(place.name),
      died: () => {
        this.workers.delete(worker)
        // As threads do, they end with the one that has started them.
        for (const other of Array.from(this.workers)) if (other.parent === thread) other.die(1)
      }
    })
    this.workers.add(worker)
    return worker
  }

  private luck(): Luck {
    const { oracle } = this
    return {
      portDelay: () => oracle.around("portDelay", this.faults.portDelay ?? 0),
      startDelay: () => oracle.around("startDelay", this.faults.startDelay ?? 0),
      lost: (pending) => oracle.below("lost", pending + 1)
    }
  }

  /** The worker of a name or a number, if there is one. */
  worker(of: string | number): SimWorker | undefined {
    for (const worker of this.workers) if (worker.place.name === of || worker.place.index === of) return worker
    return undefined
  }

  /** The worker whose task is running. */
  get currentWorker(): SimWorker | undefined {
    const { current } = this.world
    for (const worker of this.workers) if (worker.thread === current) return worker
    return undefined
  }

  /** The thread whose task is running; the main one between two tasks. */
  get current(): SimThread {
    return this.currentWorker?.thread ?? this.main
  }

  /** Notifies who sleeps on a word, soon or a little later. */
  notified(words: Int32Array, cell: number, count: number): void {
    const { faults, oracle, world } = this
    world.notified(words, cell, count, () => oracle.onceIn("lateWake", faults.lateWake ?? 0) ? 1 : 0)
  }

  // ---- faults that come by themselves

  private late(kind: Parameters<Late>[0]): number {
    const { calm, faults: { [kind]: every }, oracle } = this
    if (every === undefined || calm > 0 || !oracle.onceIn(kind, every)) return 0
    return 1 + oracle.around(`${kind} millis`, LATE_MILLIS)
  }

  private strike(): void {
    const { faults, oracle, world } = this
    if (faults === NO_FAULTS || this.calm > 0) return
    for (const kind of DEATHS) {
      const every = faults[kind]
      if (every === undefined || !oracle.onceIn(kind, every)) continue
      const victim = this.victim(kind)
      if (victim !== undefined && this.ends++ < MOST_ENDS) this.end(victim, kind)
    }
    if (faults.stall !== undefined && oracle.onceIn("stall", faults.stall)) {
      const victim = this.victim("stall")
      if (victim !== undefined) this.stall(victim.thread, oracle.around("stallMillis", 2_000))
    }
    if (faults.slow !== undefined) {
      for (const { thread } of this.workers) thread.slowMillis = oracle.onceIn("slow", faults.slow) ? 4 : 0
    }
    if (faults.spuriousWake !== undefined && world.waits.all.length > 0) {
      if (oracle.onceIn("spuriousWake", faults.spuriousWake)) {
        const waiter = world.waits.all[oracle.below("sleeper", world.waits.all.length)]!
        if (world.waits.remove(waiter)) waiter.woken()
      }
    }
  }

  private victim(kind: string): SimWorker | undefined {
    const workers = Array.from(this.workers).filter(({ thread }) => this.known.has(thread.name))
    return workers.length === 0 ? undefined : workers[this.oracle.below(`${kind} victim`, workers.length)]
  }

  /** Has a worker end in one of the ways in which workers end. */
  end(worker: SimWorker, how: typeof DEATHS[number], error?: unknown, code = 1): void {
    const { world } = this
    world.log(`FAULT ${how}`, worker.thread.name)
    switch (how) {
      case "exit":
        // Nobody but the thread itself can have it exit; for others it is as if somebody had terminated it.
        return worker === this.currentWorker ? worker.exit(code) : worker.die(code)
      case "kill":
        return worker.die(code)
      case "crash":
        return worker.crash(error ?? new Error("the simulation has this thread crash"))
      case "outOfMemory":
        return worker.outOfMemory()
    }
  }

  /** Has a thread do nothing for a while. */
  stall(thread: SimThread, millis: number): void {
    const { world } = this
    if (thread.isDead) return
    world.log(`FAULT stalls for ${millis} ms`, thread.name)
    world.stall(thread, world.now + millis)
  }

  /** No more faults; who is stalled goes on. */
  heal(): void {
    const { world } = this
    this.faults = NO_FAULTS
    this.neverReady.clear()
    world.log("healed: no more faults")
    for (const { thread } of this.workers) {
      thread.slowMillis = 0
      thread.readsFrom = 0
      thread.stalledUntil = 0
      world.wakeUp(thread)
    }
  }

  // ---- what must hold

  /** The names of conditions that do not hold. */
  get missing(): ReadonlyArray<string> {
    for (const condition of this.eventually) {
      try {
        condition.holds ||= condition.check()
      } catch (error) {
        this.world.fail(`Invariant: ${condition.name}`, [`the check has thrown: ${textOf(error)}`], error)
      }
    }
    return this.eventually.filter(({ holds }) => !holds).map(({ name }) => name)
  }
}

/** By how much what is late is late on the average. */
const LATE_MILLIS = 50

const DEATHS = ["kill", "crash", "exit", "outOfMemory"] as const
const NO_FAULTS: Faults = {}
/** A program that is to get on needs some time without. */
const MOST_ENDS = 20

/** The run that a fiber is in; `undefined` outside of a simulation. */
export const CurrentStage: Context.Reference<Stage | undefined> = Context.Reference<Stage | undefined>(
  "shared-nothing/testing/CurrentStage",
  { defaultValue: () => undefined }
)
