/** Systems that come up and go down at any moment, whatever dies meanwhile: everything that waits ends, and nothing is left. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor, ActorSystem, ActorThread } from "shared-nothing"
import { Fault, Invariant, Simulation } from "shared-nothing/testing"
import { noThread, type Scenario } from "./scenario.ts"

const Clerk = Actor.make("Clerk", [
  Rpc.make("File", { payload: { n: Schema.Int } }),
  Rpc.make("Find", { payload: { n: Schema.Int, millis: Schema.Int }, success: Schema.Int })
])

const ClerkLive = Clerk.toLayer(
  Effect.gen(function*() {
    if ((yield* Simulation.draw(5)) === 4) yield* Effect.sleep(50)
    if ((yield* Simulation.draw(12)) === 11) return yield* Effect.fail("no pencil")
    yield* Effect.addFinalizer(() =>
      Effect.flatMap(Simulation.draw(4), (n) => n === 3 ? Effect.sleep(20) : Effect.void)
    )
    return Clerk.of({
      File: () => Fault.buggify("Clerk.File"),
      Find: ({ millis, n }) => Effect.as(Effect.sleep(millis), n)
    })
  }),
  { mailbox: { capacity: 2 }, supervision: { intensity: { restarts: 2, within: "1 second" } } }
)

// A thread may come up late, or not at all.
const Behaviours = Layer.unwrap(Effect.gen(function*() {
  if ((yield* Simulation.draw(6)) === 5) yield* Effect.sleep(30)
  if ((yield* Simulation.draw(20)) === 19) return yield* Effect.die(new Error("no chair"))
  return ClerkLive
}))

const office = Effect.gen(function*() {
  const counts = { begun: 0, ended: 0 }
  const counted = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.suspend(() => {
      counts.begun++
      return Effect.ensuring(effect, Effect.sync(() => void counts.ended++))
    })
  const visitor = Effect.gen(function*() {
    for (let left = yield* Simulation.draw(6); left > 0; left--) {
      yield* Effect.exit(Effect.scoped(Effect.gen(function*() {
        const clerk = yield* Clerk.spawn(`c${yield* Simulation.draw(4)}`)
        for (let asks = yield* Simulation.draw(4); asks > 0; asks--) {
          if ((yield* Simulation.draw(2)) === 0) yield* counted(clerk.tell.File({ n: asks }))
          else {
            const answer = yield* counted(
              clerk.ask.Find({ n: asks, millis: yield* Simulation.draw(30) }, { timeout: "200 millis" })
            )
            if (answer !== asks) return yield* Effect.die(new Error(`asked for ${asks}, and given ${answer}`))
          }
        }
      })))
    }
  })
  yield* Effect.all(Array.from({ length: 1 + (yield* Simulation.draw(4)) }, () => visitor), {
    concurrency: "unbounded"
  })
  if (counts.begun !== counts.ended) return yield* Effect.die(new Error(`${counts.begun} begun, ${counts.ended} ended`))
})

export const lifecycle: Scenario = {
  name: "lifecycle",
  worker: () => ActorThread.launch(Behaviours),
  program: Effect.gen(function*() {
    const system = ActorSystem.layerThreads({
      spawn: noThread,
      threads: 1 + (yield* Simulation.draw(3)),
      ring: { capacityBytes: 4096 },
      readyTimeout: "1 second",
      stopTimeout: "100 millis",
      intensity: { restarts: 2, within: "1 second" }
    })
    // Threads that come up seldom, or not at all, use up their restarts: then the office closes with its system.
    const gone = ActorSystem.escalation
    const open = yield* Effect.scoped(Effect.provide(Effect.raceFirst(office, gone), system)).pipe(
      // They may be used up before the office asks.
      Effect.provideService(ActorSystem.EndsProgram, false),
      Effect.forkChild
    )
    const hours = yield* Simulation.draw(400)
    let closed = false
    // Closed in the middle of it, or when the last visitor has gone.
    const closing = hours === 0 ? Effect.never : Effect.andThen(
      Effect.sleep(hours),
      Effect.suspend(() => {
        closed = true
        return Fiber.interrupt(open)
      })
    )
    yield* Effect.raceFirst(Fiber.await(open), closing)
    const exit = yield* Fiber.await(open)
    yield* Invariant.sometimes("the office is closed in the middle of it", closed)
    yield* Invariant.sometimes("the office does not open", Exit.isFailure(exit) && !closed)
    if (Exit.isFailure(exit) && exit.cause.reasons.some((reason) => Cause.isDieReason(reason))) {
      return yield* Effect.failCause(exit.cause)
    }
  })
}
