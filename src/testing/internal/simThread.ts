/**
 * A thread that is an object: a context, a scheduler, a clock and lanes of its own, in the one real thread.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import type * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as RandomService from "effect/Random"
import * as Scheduler from "effect/Scheduler"
import type { Runtime } from "../../runtime/Runtime.ts"
import { textOf } from "../../runtime/Text.ts"
import { ThreadContext } from "../../runtime/ThreadContext.ts"
import { SystemNumbers } from "../../system/kernel/SystemNumbers.ts"
import { broadcasts } from "../../thread/kernel/Broadcast.ts"
import { Cores } from "../../thread/kernel/Cores.ts"
import { CurrentThread } from "../../thread/kernel/CurrentThread.ts"
import { Hardware, type HardwareInfo } from "../../thread/kernel/Hardware.ts"
import { type Memory, ProcessMemory } from "../../thread/kernel/Heap.ts"
import { LoopIdle } from "../../thread/kernel/LoopIdle.ts"
import { type Spawn, Spawning } from "../../thread/kernel/Spawning.ts"
import { carriageOf } from "../../wire/kernel/ThreadCarriage.ts"
import { Lane, type Strand } from "./lane.ts"
import { SimBroadcast } from "./simBroadcast.ts"
import { SimClock } from "./simClock.ts"
import { type Seen, SimScheduler } from "./simScheduler.ts"
import type { Late, World } from "./world.ts"

/** What all threads of a run have in common. */
export interface Common {
  readonly world: World
  readonly fibers: Map<Fiber.Fiber<unknown, unknown>, Seen>
  readonly spawn: Spawn
  readonly voices: Set<SimBroadcast>
  readonly maxOps: number
  readonly late: Late
  readonly cores: number
  /** What else fibers are given. */
  readonly services: Context.Context<never>
}

// As many cores as the program is told, all of one node; where a thread runs makes no difference to it.
const hardwareOf = (count: number): HardwareInfo => {
  const cores = Array.from({ length: count }, (_, core) => core)
  return { topology: () => ({ cores, nodes: [{ id: 0, cores }] }), whyUnbound: () => undefined }
}

// Real memory would differ from run to run.
const endlessMemory = (): Memory => ({ usedBytes: 0, limitBytes: Infinity })

/** What a task takes of the time by which a thread measures its turns: far less than what it waits for. */
const TASK_MILLIS = 0.05

/** See the module. */
export class SimThread implements Strand {
  declare readonly world: World
  declare readonly number: number
  declare private readonly named: { readonly name: string }
  declare readonly context: ThreadContext
  declare readonly clock: SimClock
  declare readonly services: Context.Context<never>
  declare isDead: boolean
  declare stalledUntil: number
  /** What reading the time costs while a task is slow: its turn is over sooner. */
  declare slowMillis: number
  /** Nothing of what others write into shared memory is read before this time. */
  declare readsFrom: number
  /** Hears of what no task catches. */
  declare uncaught: (error: unknown) => void
  declare private readonly micro: Array<() => void>
  declare private busyMillis: number
  constructor(common: Common, named: { readonly name: string }, number: number) {
    const { cores, fibers, late, maxOps, spawn, world } = common
    this.world = world
    this.named = named
    this.number = number
    this.context = new ThreadContext(this.runtime())
    // It ends with the run.
    carriageOf(this.context).freezing.holders++
    this.context.put(broadcasts, new SimBroadcast(world, this, common.voices))
    this.clock = new SimClock(world, this, late)
    this.isDead = false
    this.stalledUntil = 0
    this.slowMillis = 0
    this.readsFrom = 0
    this.uncaught = (error) => world.fail("Uncaught", [textOf(error)], error)
    this.micro = []
    this.busyMillis = 0
    this.services = common.services.pipe(
      Context.add(Clock.Clock, this.clock),
      Context.add(Scheduler.Scheduler, new SimScheduler(world, this, maxOps, late, fibers)),
      Context.add(CurrentThread, this.context),
      Context.add(RandomService.Random, randomOf(world)),
      Context.add(Logger.CurrentLoggers, new Set([loggerOf(world, named)])),
      Context.add(Spawning, spawn),
      Context.add(Cores, cores),
      Context.add(Hardware, hardwareOf(cores)),
      Context.add(ProcessMemory, endlessMemory),
      Context.add(LoopIdle, undefined),
      Context.add(SystemNumbers, () => 1 + world.oracle.stream("random").random.below(2 ** 31))
    )
  }

  /** That of its place, which one in reserve does not have yet. */
  get name(): string {
    return this.named.name
  }

  run(task: () => void): void {
    this.busyMillis = Math.max(this.busyMillis, this.world.now) + TASK_MILLIS
    this.guarded(task)
    for (let i = 0; i < this.micro.length && !this.isDead; i++) this.guarded(this.micro[i]!)
    this.micro.length = 0
  }

  private guarded(task: () => void): void {
    try {
      task()
    } catch (error) {
      this.uncaught(error)
    }
  }

  private runtime(): Runtime {
    const { world } = this
    const loop = new Lane(this, "loop")
    return {
      nowMillis: () => {
        this.busyMillis += this.slowMillis
        return this.busyMillis
      },
      immediate: (run) => world.add(loop, () => this.read(loop, run)),
      after: (millis, run) =>
        world.at(world.now + millis, "a look that can wait", this, () => world.add(loop, () => this.read(loop, run))),
      microtask: (run) => void this.micro.push(run),
      detached: (run) => run(),
      // The thread ends when its entry says so.
      holder: () => () => {},
      mayBlock: false,
      waitAsync: (words, cell, expected, rung) =>
        world.wait(this, words, cell, expected, () => this.read(loop, rung)) !== undefined
    }
  }

  // What looks at rings is done when it may be.
  private read(loop: Lane, run: () => void): void {
    const { world } = this
    if (this.readsFrom <= world.now) return run()
    world.at(this.readsFrom, "ring that is held", this, () => world.add(loop, () => this.read(loop, run)))
  }
}

const randomOf = (world: World): RandomService.Random => {
  const { random } = world.oracle.stream("random")
  return {
    nextDoubleUnsafe: () => random.unit(),
    nextIntUnsafe: () => random.next() * 2 ** 20 + (random.next() >>> 12) - 2 ** 51
  }
}

const loggerOf = (world: World, thread: { readonly name: string }) =>
  Logger.make<unknown, void>(({ cause, logLevel, message }) => {
    const parts = Array.isArray(message) ? message.map(textOf) : [textOf(message)]
    const why = cause.reasons.length === 0 ? "" : ` (${textOf(cause.reasons.map((reason) => reason._tag).join(", "))})`
    world.log(`${logLevel.toLowerCase()} ${parts.join(" ")}${why}`, thread.name)
  })
