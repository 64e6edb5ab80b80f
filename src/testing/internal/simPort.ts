/**
 * The two ports between a simulated thread and its parent: each in order, each as late as the run says.
 *
 * What is posted is cloned as a real port does it; shared memory stays shared.
 */
import type { Transferable } from "node:worker_threads"
import { Lane, type Strand } from "./lane.ts"
import type { World } from "./world.ts"

/** One direction of a port. */
export class Way {
  declare private readonly world: World
  declare private readonly lane: Lane
  declare private readonly delay: () => number
  declare private readonly arrived: (message: unknown) => void
  /** What is under way, the oldest first. */
  declare private inFlight: Array<() => void>
  declare private lastAt: number
  /** Nothing arrives before that. */
  declare private heldUntil: number
  declare private isOpen: boolean
  constructor(world: World, to: Strand, what: string, delay: () => number, arrived: (message: unknown) => void) {
    this.world = world
    this.lane = new Lane(to, what)
    this.delay = delay
    this.arrived = arrived
    this.inFlight = []
    this.lastAt = 0
    this.heldUntil = 0
    this.isOpen = true
  }

  /** Posts a clone; throws where it cannot be cloned. */
  post(message: unknown, transfer: ReadonlyArray<Transferable> = []): void {
    const clone: unknown = structuredClone(message, { transfer: transfer as Array<ArrayBuffer> })
    this.send(() => this.arrived(clone))
  }

  /** Has `event` happen on the other side after all that was posted. */
  send(event: () => void): void {
    if (!this.isOpen) return
    const { world } = this
    const at = Math.max(this.lastAt, this.heldUntil, world.now + this.delay())
    this.lastAt = at
    if (at <= world.now && this.inFlight.length === 0) return world.add(this.lane, event)
    this.inFlight.push(event)
    // Cut for good: it stays on its way.
    if (at === Infinity) return
    world.at(at, "port", this.lane.strand, () => this.arrive(event))
  }

  private arrive(event: () => void): void {
    const at = this.inFlight.indexOf(event)
    if (at < 0) return
    this.inFlight.splice(at, 1)
    this.world.add(this.lane, event)
  }

  /** Nothing arrives before this time. */
  hold(untilMillis: number): void {
    this.heldUntil = untilMillis
  }

  /** How many messages have not been read. */
  get pending(): number {
    return this.inFlight.length + this.lane.tasks.length
  }

  /** Loses the last of what was posted and not read. */
  lose(count: number): void {
    for (let i = 0; i < count; i++) if (this.inFlight.pop() === undefined) this.lane.tasks.pop()
  }

  /** Nothing more is taken. */
  close(): void {
    this.isOpen = false
  }
}
