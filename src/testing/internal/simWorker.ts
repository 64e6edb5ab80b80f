/**
 * A worker that is a {@link SimThread}: the same entry, the same control messages, the same ways to end as a real one.
 */
import * as Effect from "effect/Effect"
import type { Transferable } from "node:worker_threads"
import { textOf } from "../../runtime/Text.ts"
import * as Entry from "../../thread/kernel/Entry.ts"
import type { Ground } from "../../thread/kernel/Ground.ts"
import type { Place, SpawnedWorker } from "../../thread/SpawnedWorker.ts"
import { Lane } from "./lane.ts"
import { Way } from "./simPort.ts"
import type { SimThread } from "./simThread.ts"

// As Node types the listeners of a worker.
type Listener = (value: any) => void

/** Listeners by event, as Node's emitters have them. */
class Listeners {
  declare private readonly all: Map<string, Array<Listener>>
  constructor() {
    this.all = new Map()
  }
  on(event: string, listener: Listener): void {
    this.all.set(event, [...this.all.get(event) ?? [], listener])
  }
  off(event: string, listener: Listener): void {
    this.all.set(event, (this.all.get(event) ?? []).filter((other) => other !== listener))
  }
  emit(event: string, value: unknown): void {
    for (const listener of this.all.get(event) ?? []) listener(value)
  }
}

/** What chance has to say about a worker. */
export interface Luck {
  readonly portDelay: () => number
  readonly startDelay: () => number
  /** How many of so many messages that a dying thread has posted are lost. */
  readonly lost: (pending: number) => number
}

/** How it is started. */
export interface WorkerOptions {
  readonly parent: SimThread
  readonly place: Place
  readonly thread: SimThread
  readonly threadId: number
  readonly setup: Entry.Setup
  readonly luck: Luck
  readonly isNeverReady: boolean
  /** Called when its parent has heard that it stands by, or that its setup is done. */
  readonly ready: () => void
  /** Called when nothing of it runs any more. */
  readonly died: () => void
}

/** What Node says of a worker whose heap is full. */
const outOfMemoryError = () =>
  Object.assign(new Error("Worker terminated due to reaching memory limit: JS heap out of memory"), {
    code: "ERR_WORKER_OUT_OF_MEMORY"
  })

const cloned = (error: unknown): unknown => {
  try {
    return structuredClone(error)
  } catch {
    return new Error(textOf(error))
  }
}

/** See the module. */
export class SimWorker implements SpawnedWorker {
  declare threadId: number
  declare readonly thread: SimThread
  declare readonly parent: SimThread
  declare readonly place: Place
  declare private readonly options: WorkerOptions
  declare private readonly outside: Listeners
  declare private readonly inside: Listeners
  declare private readonly toParent: Way
  declare private readonly toChild: Way
  declare private early: Array<unknown> | undefined
  declare private heard: (error: unknown) => void
  declare private exits: () => void
  constructor(options: WorkerOptions) {
    const { luck, parent, place, thread, threadId } = options
    const { world } = thread
    this.threadId = threadId
    this.thread = thread
    this.parent = parent
    this.place = place
    this.options = options
    this.outside = new Listeners()
    this.inside = new Listeners()
    this.early = []
    this.heard = () => {}
    this.exits = () => {}
    this.toParent = new Way(
      world,
      parent,
      `port from ${thread.name}`,
      luck.portDelay,
      (message) => this.outside.emit("message", message)
    )
    this.toChild = new Way(world, thread, "port", luck.portDelay, (message) => {
      if (this.early === undefined) this.inside.emit("message", message)
      else this.early.push(message)
    })
    thread.uncaught = (error) => this.crash(error)
    const start = new Lane(thread, "start")
    if (!options.isNeverReady) {
      world.at(world.now + luck.startDelay(), "start", thread, () => world.add(start, () => this.start()))
    }
  }

  // ---- the parent's side

  on(event: string, listener: Listener): this {
    this.outside.on(event, listener)
    return this
  }

  postMessage(message: unknown, transfer?: ReadonlyArray<Transferable>): void {
    this.toChild.post(message, transfer)
  }

  terminate(): Promise<number> {
    const { world } = this.thread
    world.log("is terminated", this.thread.name)
    // Soon: it may do some more until then, unless it is stuck.
    world.add(new Lane(this.parent, "terminate"), () => this.die(1))
    return Promise.resolve(1)
  }

  // ---- the thread's side

  private start(): void {
    const { setup, thread } = this.options
    thread.world.log("starts", thread.name)
    const early = this.early ?? []
    this.early = undefined
    Entry.enter(this.ground(), setup)
    for (const message of early) this.inside.emit("message", message)
  }

  private ground(): Ground {
    const { ready, thread } = this.options
    const { world } = thread
    const leaving = new Lane(thread, "exit")
    const beats = new Lane(thread, "heartbeat", true)
    const every = (run: () => void, millis: number) => {
      world.at(world.now + millis, "heartbeat", thread, () => {
        world.add(beats, run)
        every(run, millis)
      }, true)
    }
    return {
      thread: thread.context,
      port: {
        on: (event, listener) => this.inside.on(event, listener),
        off: (event, listener) => this.inside.off(event, listener),
        postMessage: (message, transfer) => this.toParent.post(message, transfer),
        close: () => this.toChild.close()
      },
      fork: (effect) => void Effect.runForkWith(thread.services)(effect),
      every,
      onUncaught: (heard) => {
        this.heard = heard
      },
      onExit: (heard) => {
        this.exits = heard
      },
      onLoaded: () => {
        world.log("stands by", thread.name)
        this.toParent.send(ready)
      },
      onReady: () => {
        world.log("is ready", thread.name)
        // When the parent has heard of it.
        this.toParent.send(ready)
      },
      leave: (code) => world.add(leaving, () => this.die(code, false))
    }
  }

  /** An error that nobody has caught. */
  crash(error: unknown): void {
    if (this.thread.isDead) return
    this.thread.world.log(`crashes: ${textOf(error)}`, this.thread.name)
    try {
      this.heard(error)
    } catch {
      // What Node does with a listener that throws is the end of the thread too.
    }
    this.endBy(cloned(error))
  }

  /** What runs on it calls `process.exit`. */
  exit(code: number): void {
    if (this.thread.isDead) return
    this.exits()
    this.die(code)
  }

  outOfMemory(): void {
    if (!this.thread.isDead) this.endBy(outOfMemoryError())
  }

  private endBy(error: unknown): void {
    this.toParent.send(() => this.outside.emit("error", error))
    this.die(1, false)
  }

  /** The thread is gone, now: none of its finalizers runs. */
  die(code: number, loses = true): void {
    const { died, luck, thread } = this.options
    if (thread.isDead) return
    thread.isDead = true
    // What is on the stack goes on, unlike on a thread that is gone.
    thread.context.turn.hide()
    thread.world.log(`has ended with code ${code}`, thread.name)
    thread.world.drop(thread)
    this.toChild.close()
    if (loses) this.toParent.lose(luck.lost(this.toParent.pending))
    this.toParent.send(() => {
      this.threadId = -1
      this.outside.emit("exit", code)
    })
    this.toParent.close()
    died()
  }

  /** Nothing that is posted arrives before this time, in either direction. */
  holdPort(untilMillis: number): void {
    this.toParent.hold(untilMillis)
    this.toChild.hold(untilMillis)
  }
}
