/**
 * Who waits for room, in the order in which they came: a line for each level of priority, and a single one where no message has any.
 */
import { Ageing, HIGH, type Levels, LOW, NORMAL } from "../../actor/kernel/Ageing.ts"
import { Waiters } from "../../actor/kernel/Waiters.ts"
import { queuesOf } from "../kernel/Injectors.ts"
import type { JobWaiter } from "./waiter.ts"

/** See the module. */
export class Line {
  private readonly levels: Levels
  private readonly lines: ReadonlyArray<Waiters>
  private readonly ageing = new Ageing()
  constructor(levels: Levels) {
    this.levels = levels
    this.lines = Array.from({ length: queuesOf(levels) }, () => new Waiters())
  }

  /** How many wait. */
  get length(): number {
    let length = 0
    for (let i = 0; i < this.lines.length; i++) length += this.lines[i]!.length
    return length
  }

  /** Adds one at the end of its line. */
  push(waiter: JobWaiter): void {
    this.of(waiter).push(waiter)
  }

  /** Who is next and has not given up. */
  first(): JobWaiter | undefined {
    return this.lines[this.next()]!.first()
  }

  /** Removes the one that {@link first} has just answered. */
  shift(waiter: JobWaiter): void {
    if (this.levels !== undefined) this.ageing.took(this.levels[waiter.index]!, this.waits(NORMAL), this.waits(LOW))
    this.of(waiter).shift()
  }

  /** The lowest level that there is. */
  get lowest(): number {
    return this.lines.length - 1
  }

  /** Takes out who waits for longest at a level. */
  shed(level: number): JobWaiter | undefined {
    const waiter = this.lines[level]!.first()
    if (waiter !== undefined) this.lines[level]!.shift()
    return waiter
  }

  private next(): number {
    return this.levels === undefined ? 0 : this.ageing.next(this.waits(HIGH), this.waits(NORMAL), this.waits(LOW))
  }

  /** One gives up. */
  abandon(waiter: JobWaiter): void {
    this.of(waiter).abandon(waiter)
  }

  private of({ index }: JobWaiter): Waiters {
    return this.lines[this.levels === undefined ? 0 : this.levels[index]!]!
  }

  private waits(level: number): boolean {
    return this.lines[level]!.length > 0
  }
}
