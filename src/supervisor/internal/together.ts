/**
 * Stops children together that are left alone while they are up: they are told one after the other, in turns that stay short, and
 * waited for by one timer for all that have the same shutdown time. No fiber waits for one of them.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import { force, type How, isDown } from "./down.ts"
import type { Batch, ChildState, SupervisorState } from "./state.ts"

/** How many children are told to end before others have their turn. */
const SLICE = 64

/** Whether a child that is to be stopped can be one of many. */
export const isLeftAlone = ({ fiber, isInRound, renewal, running, spec, stop }: ChildState): boolean =>
  fiber === undefined && running !== undefined && renewal?.unattended !== undefined && stop === undefined &&
  !isInRound && spec.shutdownMillis > 0

/** Stops these children, in this order, and waits until all are down or given up on. */
export const stopTogether = (self: SupervisorState, children: ReadonlyArray<ChildState>): Effect.Effect<void> =>
  Effect.suspend(() => children.length === 0 ? Effect.void : new Together(self, children).stop)

/** Children that have the same time to end. */
interface Group {
  readonly left: Set<ChildState>
  timer: Fiber.Fiber<void> | undefined
}

class Together implements Batch {
  declare private readonly self: SupervisorState
  declare private readonly children: ReadonlyArray<ChildState>
  declare private readonly groups: Map<number, Group>
  declare private readonly over: Deferred.Deferred<void>
  declare private left: number
  constructor(self: SupervisorState, children: ReadonlyArray<ChildState>) {
    this.self = self
    this.children = children
    this.groups = new Map()
    this.over = Deferred.makeUnsafe()
    this.left = children.length
    for (const child of children) {
      child.isTerminated = true
      child.status = "stopping"
      child.stop = Deferred.makeUnsafe()
      child.batch = this
      this.groupOf(child).left.add(child)
    }
  }

  private groupOf({ spec: { shutdownMillis } }: ChildState): Group {
    const known = this.groups.get(shutdownMillis)
    if (known !== undefined) return known
    const group: Group = { left: new Set(), timer: undefined }
    this.groups.set(shutdownMillis, group)
    return group
  }

  get stop(): Effect.Effect<void> {
    for (const [millis, group] of this.groups) {
      if (millis !== Infinity) group.timer = this.fork(Effect.delay(Effect.sync(() => this.timeIsOver(group)), millis))
    }
    return Effect.andThen(this.tell, Deferred.await(this.over))
  }

  private fork<A>(effect: Effect.Effect<A>): Fiber.Fiber<A> {
    return Effect.runForkWith(this.self.context)(effect)
  }

  private get tell(): Effect.Effect<void> {
    let next = 0
    return Effect.whileLoop({
      while: () => next < this.children.length,
      body: () => {
        const end = Math.min(next + SLICE, this.children.length)
        while (next < end) this.end(this.children[next++]!)
        return Effect.yieldNow
      },
      step: () => {}
    })
  }

  private end(child: ChildState): void {
    // It may have ended by itself meanwhile, or its time may be over.
    if (child.batch !== this || child.running === undefined) return
    try {
      child.renewal?.unattended?.end()
    } catch {
      this.force(child)
    }
  }

  private timeIsOver(group: Group): void {
    group.timer = undefined
    for (const child of Array.from(group.left)) this.force(child)
  }

  private force(child: ChildState): void {
    child.batch = undefined
    this.fork(Effect.flatMap(force(this.self, child), (how) => this.conclude(child, how)))
  }

  down(child: ChildState): void {
    // One that is not given up on has nothing to be logged.
    void this.conclude(child, "stopped")
  }

  private conclude(child: ChildState, how: How): Effect.Effect<void> {
    const group = this.groupOf(child)
    group.left.delete(child)
    if (group.left.size === 0) group.timer?.interruptUnsafe()
    const { stop } = child
    const logs = isDown(this.self, child, how)
    if (stop !== undefined) Deferred.doneUnsafe(stop, Exit.void)
    if (--this.left === 0) Deferred.doneUnsafe(this.over, Exit.void)
    return logs
  }
}
