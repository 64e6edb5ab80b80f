/**
 * The fibers of a simulated thread: each has a lane of its own, and lets others go on when the run says so.
 */
import type * as Fiber from "effect/Fiber"
import type * as Scheduler from "effect/Scheduler"
import { Lane, type Strand } from "./lane.ts"
import type { Late, World } from "./world.ts"

/** A fiber that has run, and when it did so last. */
export interface Seen {
  readonly fiber: Fiber.Fiber<unknown, unknown>
  readonly strand: Strand
  step: number
}

/** See the module. */
export class SimScheduler implements Scheduler.Scheduler {
  readonly executionMode = "async"
  declare private readonly world: World
  declare private readonly strand: Strand
  declare private readonly maxOps: number
  declare private readonly late: Late
  declare private readonly fibers: Map<Fiber.Fiber<unknown, unknown>, Seen>
  declare private last: Seen | undefined
  constructor(
    world: World,
    strand: Strand,
    maxOps: number,
    late: Late,
    fibers: Map<Fiber.Fiber<unknown, unknown>, Seen>
  ) {
    this.world = world
    this.strand = strand
    this.maxOps = maxOps
    this.late = late
    this.fibers = fibers
    this.last = undefined
  }

  shouldYield(fiber: Fiber.Fiber<unknown, unknown>): boolean {
    if (fiber !== this.last?.fiber) this.see(fiber)
    else this.last.step = this.world.steps
    // What a promise wakes on a thread that has died comes no further than here.
    return this.strand.isDead || fiber.currentOpCount >= this.maxOps
  }

  private see(fiber: Fiber.Fiber<unknown, unknown>): void {
    const seen = this.fibers.get(fiber) ?? { fiber, strand: this.strand, step: 0 }
    seen.step = this.world.steps
    this.fibers.set(fiber, seen)
    this.last = seen
  }

  makeDispatcher(): Scheduler.SchedulerDispatcher {
    const { world } = this
    const lane = new Lane(this.strand, "fiber")
    return {
      // One fiber, one order: what a priority says counts between fibers, and they have none here.
      scheduleTask: (task) => {
        const millis = this.late("lateFiber")
        if (millis > 0) world.hold(lane, world.now + millis)
        world.add(lane, task)
      },
      flush: () => world.flush(lane)
    }
  }
}
