/**
 * Has the turn of a thread say whose fiber runs: also of a handler that has waited for something, and goes on where nobody has given
 * its actor a turn.
 */
import * as Context from "effect/Context"
import type * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Scheduler from "effect/Scheduler"
import type { Turn } from "../../runtime/Turn.ts"
import { CurrentActor } from "../kernel/Behaviour.ts"
import type { Living } from "../kernel/Living.ts"
import { RunningCell } from "../kernel/RunningCell.ts"

type AnyFiber = Fiber.Fiber<unknown, unknown>

// Asked before each step of a fiber, and costs a comparison there: a fiber goes on with its first step, or after another one.
class OwningScheduler implements Scheduler.Scheduler {
  declare readonly executionMode: "sync" | "async"
  declare private readonly base: Scheduler.Scheduler
  declare private readonly turn: Turn
  declare private last: AnyFiber | undefined
  constructor(base: Scheduler.Scheduler, turn: Turn) {
    this.executionMode = base.executionMode
    this.base = base
    this.turn = turn
    this.last = undefined
  }

  shouldYield(fiber: AnyFiber): boolean {
    if (fiber !== this.last || fiber.currentOpCount === 1) this.goesOn(fiber)
    return this.base.shouldYield(fiber)
  }

  private goesOn(fiber: AnyFiber): void {
    this.last = fiber
    // It is over when the event loop has its next turn.
    this.turn.enter()
    this.turn.handOver(ownerOf(fiber)?.number ?? 0)
  }

  makeDispatcher(): Scheduler.SchedulerDispatcher {
    return this.base.makeDispatcher()
  }
}

const ownerOf = (fiber: AnyFiber): Living | undefined =>
  (fiber.getRef(RunningCell) ?? Option.getOrUndefined(Context.getOption(fiber.context, CurrentActor))?.recipient) as
    | Living
    | undefined

/** Services for the handlers and builds of a behaviour; the same ones where no other thread looks. */
export const owning = (services: Context.Context<never>, turn: Turn): Context.Context<never> =>
  turn.isShown
    ? Context.add(services, Scheduler.Scheduler, new OwningScheduler(Context.get(services, Scheduler.Scheduler), turn))
    : services
