/**
 * Ends of actors on workers that the main thread has asked for: both sides of them.
 *
 * What is asked for in one go is one message, and is answered as it is over, what is over in one go in one message. So a hundred thousand
 * actors of one supervisor are stopped in a few thousand messages, without a fiber for each, and each within its own time.
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as ExitReason from "../../actor/ExitReason.ts"
import type { Cell } from "../../actor/kernel/Cell.ts"
import type { Node } from "../../link/kernel/Node.ts"
import type { Runtime } from "../../runtime/Runtime.ts"
import type * as Control from "./control.ts"
import { ORDER_LIMIT_MILLIS, readUp, writeOut } from "./order.ts"

type Run = (effect: Effect.Effect<void>) => unknown

// ---- the main thread

/** A worker, as it is told. */
export interface Reachable {
  readonly hasEnded: boolean
  post(message: Control.ToWorker): void
}

/** An actor, or a shard, that is to end. */
interface Told {
  readonly workplace: Reachable
  readonly actor: number
  /** It has ended. */
  over(): void
}

interface Batch {
  readonly actors: Array<number>
  readonly elapsedMillis: number
}

/** Stops on their way to workers. */
export class Stops {
  declare private readonly node: Node
  declare private readonly run: Run
  declare private readonly runtime: Runtime
  /** Those that are told, or about to be. */
  declare private readonly told: Map<number, Told>
  declare private readonly batches: Map<Reachable, Batch>
  constructor(node: Node, runtime: Runtime, run: Run) {
    this.node = node
    this.runtime = runtime
    this.run = run
    this.told = new Map()
    this.batches = new Map()
  }

  /** Has an actor end in order, some of its time for that having gone. */
  tell(told: Told, elapsedMillis: number): void {
    const { actor, workplace } = told
    if (workplace.hasEnded) return this.end([told])
    this.told.set(actor, told)
    const batch = this.batches.get(workplace)
    if (batch?.elapsedMillis === elapsedMillis) return void batch.actors.push(actor)
    if (batch !== undefined) this.post(workplace, batch)
    const next: Batch = { actors: [actor], elapsedMillis }
    this.batches.set(workplace, next)
    this.runtime.microtask(() => this.post(workplace, next))
  }

  private post(workplace: Reachable, batch: Batch): void {
    if (this.batches.get(workplace) !== batch) return
    this.batches.delete(workplace)
    // What they were told before this comes before it.
    this.node.flush()
    workplace.post({ _tag: "Stop", ...batch })
  }

  /** A worker says that actors have ended. */
  answered(actors: ReadonlyArray<number>): void {
    this.end(actors.map((actor) => this.told.get(actor)).filter((told) => told !== undefined))
  }

  /** A worker has gone, and all that were to end there with it. */
  lost(workplace: Reachable): void {
    this.batches.delete(workplace)
    this.end(Array.from(this.told.values()).filter((told) => told.workplace === workplace))
  }

  // What they have told comes before their end.
  private end(ended: ReadonlyArray<Told>): void {
    if (ended.length === 0) return
    for (const { actor } of ended) this.told.delete(actor)
    const { after } = this.node.home.host
    const over = Effect.sync(() => {
      for (const told of ended) after.add(() => told.over())
      after.run()
    })
    this.run(Effect.andThen(readUp(this.node, ORDER_LIMIT_MILLIS), over))
  }
}

// ---- a worker

/** The actors and shards of a worker, by number. */
type Here = ReadonlyMap<number, Pick<Cell, "stop" | "shutdownMillis">>

/** How many actors are told to end before others have their turn. */
const SLICE = 64

/** Actors here that the main thread has told to end. */
export class Endings {
  declare private readonly node: Node
  declare private readonly run: Run
  declare private readonly runtime: Runtime
  declare private readonly post: (message: Control.ToMain) => void
  /** Those that have not ended. */
  declare private readonly told: Set<number>
  /** Those that have, and the main thread has not heard of it. */
  declare private over: Array<number>
  declare private limitMillis: number
  constructor(node: Node, runtime: Runtime, run: Run, post: (message: Control.ToMain) => void) {
    this.node = node
    this.run = run
    this.runtime = runtime
    this.post = post
    this.told = new Set()
    this.over = []
    this.limitMillis = 0
  }

  /** Whether the main thread knows that an actor ends. */
  has(actor: number): boolean {
    return this.told.has(actor)
  }

  /** Ends actors in order. Those that are still being started are interrupted, and may be there in spite of that. */
  begin(
    { actors, elapsedMillis }: Extract<Control.ToWorker, { _tag: "Stop" }>,
    here: Here,
    starting: ReadonlyMap<number, Fiber.Fiber<void>>
  ): void {
    const groups = new Map<number, Array<number>>()
    for (const actor of actors) {
      this.told.add(actor)
      const fiber = starting.get(actor)
      const cell = here.get(actor)
      if (fiber !== undefined) {
        const again = Effect.sync(() => this.begin({ _tag: "Stop", actors: [actor], elapsedMillis }, here, starting))
        this.run(Effect.andThen(Fiber.interrupt(fiber), again))
      } else if (cell === undefined) this.ended(actor, 0)
      else {
        const leftMillis = cell.shutdownMillis - elapsedMillis
        const group = groups.get(leftMillis)
        if (group === undefined) groups.set(leftMillis, [actor])
        else group.push(actor)
      }
    }
    for (const [leftMillis, group] of groups) this.run(this.stopAll(group, here, leftMillis, elapsedMillis))
  }

  private stopAll(
    actors: ReadonlyArray<number>,
    here: Here,
    leftMillis: number,
    elapsedMillis: number
  ): Effect.Effect<void> {
    // Those who are stopped after them have less time left: a thread that does not read holds up all of them together once.
    const limitMillis = Math.min(leftMillis, ORDER_LIMIT_MILLIS)
    const stop = (actor: number, elapsedMillis: number): void => {
      const ending = here.get(actor)?.stop(ExitReason.scopeClosed, elapsedMillis)
      if (ending === undefined) this.ended(actor, limitMillis)
      else this.run(Effect.ensuring(ending, Effect.sync(() => this.ended(actor, limitMillis))))
    }
    const { node } = this
    return Effect.gen(function*() {
      const elapsed = elapsedMillis + (yield* readUp(node, leftMillis))
      for (let i = 0; i < actors.length; i++) {
        if (i % SLICE === SLICE - 1) yield* Effect.yieldNow
        stop(actors[i]!, elapsed)
      }
    })
  }

  // The main thread hears of it when what they have told can be read there.
  private ended(actor: number, limitMillis: number): void {
    this.told.delete(actor)
    this.over.push(actor)
    this.limitMillis = Math.max(this.limitMillis, limitMillis)
    if (this.over.length === 1) this.runtime.microtask(() => this.tell())
  }

  private tell(): void {
    const { limitMillis, node, over: actors } = this
    this.over = []
    this.limitMillis = 0
    const tell = Effect.sync(() => {
      node.flush()
      this.post({ _tag: "Stopped", actors })
    })
    this.run(Effect.andThen(writeOut(node, limitMillis), tell))
  }
}
