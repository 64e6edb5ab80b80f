/**
 * Actors that are commanded while their threads die: every command is answered, who has ended stays so, its name is free when that is
 * answered, and a paused actor handles nothing.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor, ActorControl, ActorThread } from "shared-nothing"
import { Invariant, Simulation } from "shared-nothing/testing"
import { at, onThreads, type Scenario } from "./scenario.ts"

const Clerk = Actor.make("Clerk", [
  Rpc.make("File", { payload: { millis: Schema.Int } }),
  Rpc.make("Crash")
])

/** Handlers that have begun, by key. */
const begun = new Map<string, number>()

const ClerkLive = Clerk.toLayer(
  Effect.gen(function*() {
    const { key } = yield* Actor.CurrentActor
    if ((yield* Simulation.draw(6)) === 5) yield* Effect.sleep(20)
    yield* Effect.addFinalizer(() =>
      Effect.flatMap(Simulation.draw(4), (n) => n === 3 ? Effect.sleep(10) : Effect.void)
    )
    return Clerk.of({
      File: ({ millis }) =>
        Effect.suspend(() => {
          begun.set(key, (begun.get(key) ?? 0) + 1)
          return Effect.sleep(millis)
        }),
      Crash: () => Effect.die(new Error("it was told to"))
    })
  }),
  { mailbox: { capacity: 4 }, supervision: { intensity: { restarts: 1_000_000, within: "1 minute" } } }
)

/** After this an end is answered also when the actor has not let go of its name: its thread may stand still for longer. */
const STOP_LIMIT_MILLIS = 5_000

/** Spawns until the thread is up; a name that is taken says that an end was answered too early, unless that took as long as it may. */
const spawned = (key: string, thread: number, endMillis: number) =>
  Effect.retry(Clerk.spawn(key, { ...at(thread), shutdown: "200 millis" }), {
    times: 600,
    while: (error) =>
      error._tag === "NameTaken" && endMillis < STOP_LIMIT_MILLIS
        ? Effect.die(new Error(`${key} was to have ended, and its name is taken`))
        : Effect.as(Effect.sleep("100 millis"), true)
  })

const manager = Effect.fnUntraced(function*(key: string, thread: number) {
  let endMillis = 0
  for (let lives = 1 + (yield* Simulation.draw(3)); lives > 0; lives--) {
    const clerk = yield* spawned(key, thread, endMillis)
    for (let left = yield* Simulation.draw(8); left > 0; left--) {
      switch (yield* Simulation.draw(5)) {
        case 0:
          yield* Effect.exit(ActorControl.ping(clerk, { timeout: "1 second" }))
          break
        case 1:
          yield* Effect.exit(Effect.timeout(clerk.tell.Crash(), "1 second"))
          break
        case 2: {
          const paused = yield* Effect.exit(ActorControl.pause(clerk, { timeout: "1 second" }))
          const before = begun.get(key)
          yield* Effect.sleep(yield* Simulation.draw(20))
          // A thread that has died since has taken the pause with it.
          const pong = yield* Effect.exit(ActorControl.ping(clerk, { timeout: "1 second" }))
          if (Exit.isSuccess(paused) && Exit.isSuccess(pong) && pong.value.status === "paused") {
            yield* Invariant.sometimes("an actor is paused", true)
            if (begun.get(key) !== before) return yield* Effect.die(new Error(`${key} works while it is paused`))
          }
          yield* Effect.exit(ActorControl.resume(clerk, { timeout: "1 second" }))
          break
        }
        default:
          yield* Effect.exit(Effect.timeout(clerk.tell.File({ millis: yield* Simulation.draw(20) }), "1 second"))
      }
    }
    const ends = [ActorControl.stop(clerk), ActorControl.drain(clerk), ActorControl.kill(clerk)] as const
    const first = ends[yield* Simulation.draw(3)]!
    const second = ends[yield* Simulation.draw(3)]!
    const ending = Effect.all([first, second], { concurrency: (yield* Simulation.draw(2)) + 1 })
    const [took, [reason]] = yield* Effect.timed(ending)
    endMillis = Duration.toMillis(took)
    yield* Invariant.sometimes("it ends as it was told", reason._tag === "Stopped")
    const error = yield* Effect.flip(clerk.tell.Crash())
    if (error._tag === "ActorStopped") continue
    // Told to a thread that is down just now: nobody will take it.
    if (error._tag !== "ThreadLost") return yield* Effect.die(error)
  }
})

export const control: Scenario = {
  name: "control",
  worker: () => ActorThread.launch(ClerkLive),
  program: onThreads(2, Effect.sync(() => begun.clear()), () =>
    Effect.gen(function*() {
      const managers = Array.from({ length: 1 + (yield* Simulation.draw(4)) }, (_, i) => manager(`c${i}`, i % 2))
      yield* Effect.all(managers, { concurrency: "unbounded" })
      yield* Simulation.converge()
    }))
}
