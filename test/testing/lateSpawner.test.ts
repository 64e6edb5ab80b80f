/** Who spawns an actor on a thread and goes on late: what has happened to the actor by then is known of it. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Rpc from "effect/rpc/Rpc"
import * as Scheduler from "effect/Scheduler"
import * as Schema from "effect/Schema"
import { Actor, ActorControl, ActorSystem, ActorThread } from "shared-nothing"
import { Fault, Simulation } from "shared-nothing/testing"

const Worker = Actor.make("Worker", [Rpc.make("Count", { success: Schema.Int })])

const Threads = ActorSystem.layerThreads({
  spawn: () => {
    throw new Error("no real thread is started in a simulation")
  },
  threads: 1
})

/** Lets a fiber go on at once, or, while it is closed, not at all. */
class Gate implements Scheduler.Scheduler {
  readonly executionMode = "async"
  private isClosed = false
  private readonly tasks: Array<() => void> = []

  shouldYield(): boolean {
    return this.isClosed
  }

  makeDispatcher() {
    return {
      scheduleTask: (task: () => void) => {
        if (this.isClosed) this.tasks.push(task)
        else queueMicrotask(task)
      },
      flush: () => {}
    }
  }

  close(): void {
    this.isClosed = true
  }

  open(): void {
    this.isClosed = false
    for (const task of this.tasks.splice(0)) task()
  }
}

let gate = new Gate()
let builds = 0
/** Whether it ends by itself, a while after it has come up. */
let leaves = false

const WorkerLive = Worker.toLayer(Effect.gen(function*() {
  const self = yield* Worker.self
  builds++
  gate.close()
  if (leaves) yield* Effect.forkDetach(Effect.andThen(Effect.sleep("100 millis"), ActorControl.kill(self)))
  return Worker.of({ Count: () => Effect.succeed(builds) })
}))

/** Spawns an actor whose spawner goes on when `meanwhile` is over. */
const spawnedLate = <A, E, R>(meanwhile: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const spawning = yield* Effect.forkChild(
      Effect.provideService(Worker.spawn("late", { placement: { thread: 0 } }), Scheduler.Scheduler, gate),
      { startImmediately: true }
    )
    // It is up, and has said so.
    yield* Effect.sleep("1 second")
    assert.strictEqual(spawning.pollUnsafe(), undefined)
    yield* meanwhile
    yield* Effect.sleep("1 second")
    gate.open()
    return yield* Fiber.join(spawning)
  })

const check = (program: Effect.Effect<void, unknown, ActorSystem.ActorSystem>) =>
  Simulation.check(
    { seeds: 20, worker: () => ActorThread.launch(WorkerLive) },
    Effect.suspend(() => {
      builds = 0
      leaves = false
      gate = new Gate()
      return Effect.scoped(Effect.provide(program, Threads))
    })
  )

describe("an actor whose spawner goes on late", () => {
  it.effect("comes back with its thread when that has died by then", () =>
    check(Effect.scoped(Effect.gen(function*() {
      const late = yield* spawnedLate(Fault.kill("worker-0"))
      assert.strictEqual(yield* late.ask.Count(), 2)
      assert.strictEqual((yield* ActorControl.stop(late))._tag, "Stopped")
      // Its name is free.
      yield* Worker.spawn("late", { placement: { thread: 0 } })
    }))))

  it.effect("has ended by its reason when that was by then, and its name is free", () =>
    check(Effect.scoped(Effect.gen(function*() {
      leaves = true
      const late = yield* spawnedLate(Effect.void)
      const error = yield* Effect.flip(late.tell.Count())
      assert.strictEqual(error._tag === "ActorStopped" ? error.reason._tag : error._tag, "Killed")
      leaves = false
      const next = yield* Worker.spawn("late", { placement: { thread: 0 } })
      assert.strictEqual(yield* next.ask.Count(), 2)
    }))))
})
