/**
 * Faults at a chosen moment: each is an effect that makes one thing go wrong, and returns.
 *
 * **Errors** Each dies with {@link SimulationMisused} outside of a simulation, and for a thread that is not there.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { SimWorker } from "./internal/simWorker.ts"
import { CurrentStage, type Stage } from "./internal/stage.ts"
import { SimulationMisused } from "./SimulationError.ts"

/** A worker: its name, or its number among the threads (the main thread is 0). */
export type ThreadName = string | number

const inStage = <A>(what: string, run: (stage: Stage) => A): Effect.Effect<A> =>
  Effect.flatMap(CurrentStage, (stage) =>
    stage === undefined
      ? Effect.die(new SimulationMisused({ problem: `${what} was used outside of a simulation` }))
      : Effect.sync(() => run(stage)))

const onWorker = (what: string, thread: ThreadName, run: (stage: Stage, worker: SimWorker) => void) =>
  inStage(what, (stage) => {
    const worker = stage.worker(thread)
    if (worker !== undefined) return run(stage, worker)
    const there = Array.from(stage.workers, ({ place }) => place.name).join(", ")
    throw new SimulationMisused({
      problem: `${what}: there is no thread ${JSON.stringify(thread)} now; there ${
        there === "" ? "is none" : `are: ${there}`
      }`
    })
  })

/** The thread is gone at once; no finalizer runs, and the last of what it posted may be lost. */
export const kill = (thread: ThreadName): Effect.Effect<void> =>
  onWorker("Fault.kill", thread, (stage, worker) => stage.end(worker, "kill"))

/** The thread throws `error` where nobody catches it. */
export const crash = (thread: ThreadName, error?: unknown): Effect.Effect<void> =>
  onWorker("Fault.crash", thread, (stage, worker) => stage.end(worker, "crash", error))

/** The thread calls `process.exit`. */
export const exit = (thread: ThreadName, code = 1): Effect.Effect<void> =>
  onWorker("Fault.exit", thread, (stage, worker) => stage.end(worker, "exit", undefined, code))

/** The thread reaches the limit of its heap. */
export const outOfMemory = (thread: ThreadName): Effect.Effect<void> =>
  onWorker("Fault.outOfMemory", thread, (stage, worker) => stage.end(worker, "outOfMemory"))

/** The thread does nothing for so long, signs of life included. */
export const stall = (thread: ThreadName, duration: Duration.Input): Effect.Effect<void> =>
  onWorker(
    "Fault.stall",
    thread,
    (stage, worker) => stage.stall(worker.thread, Duration.toMillis(Duration.fromInputUnsafe(duration)))
  )

/** Nothing that is posted on the port of the thread arrives for so long, in either direction; its order stays. */
export const holdPort = (thread: ThreadName, duration: Duration.Input): Effect.Effect<void> =>
  onWorker("Fault.holdPort", thread, (stage, worker) => {
    stage.world.log("FAULT port is held", worker.thread.name)
    worker.holdPort(stage.world.now + Duration.toMillis(Duration.fromInputUnsafe(duration)))
  })

/**
 * The thread reads nothing that others write into shared memory for so long: rings to it fill up, senders run out of room in its
 * mailboxes, and what it is owed arrives late. Its fibers, timers and port go on.
 */
export const holdRings = (thread: ThreadName, duration: Duration.Input): Effect.Effect<void> =>
  onWorker("Fault.holdRings", thread, (stage, { thread }) => {
    stage.world.log("FAULT rings are held", thread.name)
    thread.readsFrom = stage.world.now + Duration.toMillis(Duration.fromInputUnsafe(duration))
  })

/** From now on each look at the time takes the thread so long: after a message or two its turn is over. Until the run is healed. */
export const slow = (thread: ThreadName, millis: number): Effect.Effect<void> =>
  onWorker("Fault.slow", thread, (_, { thread }) => {
    thread.slowMillis = millis
  })

/** The wall clock of the thread is off by so much from now on; its monotonic time is not. */
export const skewClock = (thread: ThreadName, millis: number): Effect.Effect<void> =>
  onWorker("Fault.skewClock", thread, (_, worker) => {
    worker.thread.clock.skewMillis = millis
  })

/** Incarnations of the thread that are spawned from now on never come up, until the run is healed. */
export const neverReady = (thread: string): Effect.Effect<void> =>
  inStage("Fault.neverReady", (stage) => void stage.neverReady.add(thread))

/** Who sleeps on shared memory wakes up without having been notified. */
export const wakeAll: Effect.Effect<void> = inStage("Fault.wakeAll", ({ world }) => {
  for (const waiter of world.waits.all.slice()) if (world.waits.remove(waiter)) waiter.woken()
})

/** No faults from here on, not even those that come by themselves: whoever was stalled goes on. */
export const heal: Effect.Effect<void> = inStage("Fault.heal", (stage) => stage.heal())

/** While the effect runs no thread ends, stalls or is woken for nothing by itself: for a set-up that is not what is looked at. */
export const calm = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.flatMap(CurrentStage, (stage) => {
    if (stage === undefined) return effect
    return Effect.acquireUseRelease(
      Effect.sync(() => void stage.calm++),
      () => effect,
      () => Effect.sync(() => void stage.calm--)
    )
  })

/** A layer that is built in {@link calm}: threads that come up undisturbed, for programs whose start is not what is looked at. */
export const calmly = <A, E, R>(layer: Layer.Layer<A, E, R>): Layer.Layer<A, E, R> =>
  Layer.effectContext(calm(Layer.build(layer)))

/** A place in a program at which it may die, when the run says so; elsewhere it does nothing. */
export const buggify = (name: string): Effect.Effect<void> =>
  Effect.flatMap(CurrentStage, (stage) => {
    if (stage === undefined || !stage.oracle.onceIn("defect", stage.faults.defect ?? 0)) return Effect.void
    stage.world.log(`FAULT defect at ${name}`)
    return Effect.die(new Error(`the simulation has ${name} die`))
  })
