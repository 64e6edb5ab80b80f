/** One name, one living actor, on whatever thread: claimed from two workers at once, freed by ends and by threads that die. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import { Actor, ActorThread } from "shared-nothing"
import { Invariant, Simulation } from "shared-nothing/testing"
import type { SimThread } from "../../src/testing/internal/simThread.ts"
import { CurrentStage } from "../../src/testing/internal/stage.ts"
import { at, onThreads, type Scenario } from "./scenario.ts"

const Named = Actor.make("Named", [Rpc.make("Where", { success: Schema.Int })])

/** Spawns actors on its own thread, and ends them. */
const Owner = Actor.make("Owner", [
  Rpc.make("Spawn", { payload: { key: Schema.String }, success: Schema.Literals(["spawned", "taken", "lost"]) }),
  Rpc.make("Stop", { payload: { key: Schema.String } })
])

/** On which threads an actor of a name lives. */
const living = new Map<string, Set<SimThread>>()
let wrong = ""

const Behaviours = Layer.unwrap(Effect.map(CurrentStage, (stage) => {
  const thread = stage!.current
  const NamedLive = Named.toLayer(Effect.gen(function*() {
    const { key } = yield* Actor.CurrentActor
    const threads = living.get(key) ?? new Set()
    living.set(key, threads)
    // In one step with its finalizer: who is interrupted in between would live for ever.
    yield* Effect.acquireRelease(
      Effect.sync(() => {
        if (Array.from(threads).some(({ isDead }) => !isDead)) wrong = `${key} lives already`
        threads.add(thread)
      }),
      () => Effect.sync(() => threads.delete(thread))
    )
    return Named.of({ Where: () => Effect.succeed(1) })
  }))
  const OwnerLive = Owner.toLayer(Effect.gen(function*() {
    const scope = yield* Effect.scope
    const scopes = new Map<string, Scope.Closeable>()
    return Owner.of({
      Spawn: ({ key }) =>
        // An ask that is given up leaves no actor behind that nobody knows.
        Effect.uninterruptibleMask((restore) =>
          Effect.gen(function*() {
            const own = yield* Scope.fork(scope)
            const exit = yield* Effect.exit(restore(Scope.provide(Named.spawn(key), own)))
            if (Exit.isSuccess(exit)) {
              scopes.set(key, own)
              return "spawned"
            }
            yield* Scope.close(own, Exit.void)
            return String(exit).includes("NameTaken") ? "taken" : "lost"
          })
        ),
      Stop: ({ key }) =>
        Effect.suspend(() => {
          const own = scopes.get(key)
          scopes.delete(key)
          return own === undefined ? Effect.void : Scope.close(own, Exit.void)
        })
    })
  }))
  return Layer.mergeAll(NamedLive, OwnerLive)
}))

const setUp = Effect.gen(function*() {
  living.clear()
  wrong = ""
  yield* Invariant.always("one name, one living actor", () => wrong === "")
  return yield* Effect.forEach([0, 1], (i) => Owner.spawn(`o${i}`, at(i)))
})

const program = Effect.fnUntraced(function*(owners: Effect.Success<typeof setUp>) {
  const outcomes: Record<string, number> = {}
  const client = Effect.gen(function*() {
    for (let left = yield* Simulation.draw(12); left > 0; left--) {
      const owner = owners[yield* Simulation.draw(2)]!
      const key = yield* Simulation.pick(["a", "b"])
      if ((yield* Simulation.draw(3)) === 2) yield* Effect.exit(owner.ask.Stop({ key }, { timeout: "1 second" }))
      else {
        // The owner may be lost with its thread, and comes back without what it owned.
        const spawn = owner.ask.Spawn({ key }, { timeout: "1 second" })
        const outcome = yield* Effect.catchCause(spawn, () => Effect.succeed("lost"))
        outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
      }
    }
  })
  yield* Effect.all(Array.from({ length: 1 + (yield* Simulation.draw(3)) }, () => client), { concurrency: "unbounded" })
  yield* Simulation.converge()
  yield* Invariant.sometimes("a name is taken", outcomes["taken"] !== undefined)
  yield* Invariant.sometimes("a name is free", outcomes["spawned"] !== undefined)
  yield* Invariant.sometimes("an owner is lost", outcomes["lost"] !== undefined)
  yield* Effect.sleep("10 seconds")
  // Every name can be had again when its actor has ended.
  for (const key of ["a", "b"]) {
    for (const owner of owners) yield* owner.ask.Stop({ key }, { timeout: "1 second" })
    // A worker tells the main thread of an end on its port: whoever has heard of it by a message may be a moment too early.
    let again = ""
    for (let i = 0; i < 100 && again !== "spawned"; i++) {
      again = yield* owners[0]!.ask.Spawn({ key }, { timeout: "1 second" })
      yield* Effect.sleep(10)
    }
    if (again !== "spawned") return yield* Effect.die(new Error(`${key} is ${again} after its end`))
    yield* owners[0]!.ask.Stop({ key }, { timeout: "1 second" })
  }
})

export const names: Scenario = {
  name: "names",
  worker: () => ActorThread.launch(Behaviours),
  program: onThreads(2, setUp, program)
}
