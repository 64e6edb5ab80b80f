/**
 * Behaviours that are built with a fiber, without one, and with one from some step on: each step of a build comes once and in order, no two incarnations of an actor
 * are there at once, and what they hold is let go, whoever is interrupted, crashes or ends meanwhile.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import { Actor, ActorSystem } from "shared-nothing"
import { Invariant, Simulation } from "shared-nothing/testing"
import type { Scenario } from "./scenario.ts"

const messages = [Rpc.make("Who", { success: Schema.String }), Rpc.make("Crash")] as const
const Called = Actor.make("Called", messages)
const Built = Actor.make("Built", messages)

/** How the next build goes. */
interface Plan {
  /** Before which of its steps it waits. */
  readonly waits: number
  readonly fails: boolean
}

class World {
  plan: Plan = { waits: 0, fails: false }
  wrong = ""
  /** Who holds something, by name. */
  readonly open = new Set<string>()
  readonly seen = { waited: false, failed: false, stopped: false, again: false }

  enter(name: string): void {
    if (this.open.has(name)) this.wrong = `two incarnations of ${name}`
    this.open.add(name)
  }
}

const handlers = (name: string) => ({
  Who: () => Effect.as(Effect.yieldNow, name),
  Crash: () => Effect.die(new Error("crash"))
})

const CalledLive = (world: World) =>
  Called.toLayer(({ incarnation, key }) => {
    if (world.plan.fails) throw new Error("not today")
    world.seen.again ||= incarnation > 1
    return Called.of(handlers(`Called/${key}`))
  })

const BuiltLive = (world: World) =>
  Built.toLayer(Effect.gen(function*() {
    const { fails, waits } = world.plan
    const { key } = yield* Actor.CurrentActor
    const name = `Built/${key}`
    let done = 0
    const step = (n: number) =>
      Effect.sync(() => {
        if (n !== ++done) world.wrong = `step ${n} of ${name} after ${done - 1}`
      })
    yield* step(1)
    if (waits === 1) yield* Effect.sleep(5)
    const scope = yield* Effect.scope
    yield* step(2)
    if (waits === 2) yield* Effect.sleep(5)
    // Without a fiber as long as none of its steps has waited.
    yield* Effect.sync(() => {
      world.enter(name)
      Effect.runSync(Scope.addFinalizer(scope, Effect.sync(() => void world.open.delete(name))))
    })
    yield* step(3)
    if (waits === 3) yield* Effect.sleep(5)
    world.seen.waited ||= waits > 0
    if (fails) return yield* Effect.fail("not today")
    return Built.of(handlers(name))
  }))

const client = (world: World, key: string) =>
  Effect.gen(function*() {
    for (let left = 4; left > 0; left--) {
      world.plan = { waits: yield* Simulation.draw(4), fails: (yield* Simulation.draw(8)) === 7 }
      const kind = yield* Simulation.pick<typeof Called | typeof Built>([Called, Built])
      const millis = yield* Simulation.draw(8)
      yield* Effect.scoped(Effect.gen(function*() {
        const spawned = yield* Effect.exit(Effect.timeoutOption(kind.spawn(key), millis + 1))
        if (Exit.isFailure(spawned)) world.seen.failed = true
        else if (spawned.value._tag === "None") world.seen.stopped = true
        else {
          const actor = spawned.value.value
          const asking = Effect.flatMap(actor.ask.Who(), (name) =>
            name === `${kind.name}/${key}` ? Effect.void : Effect.die(new Error(`${name} answers for ${key}`)))
          yield* Effect.exit(asking)
          if ((yield* Simulation.draw(2)) === 1) {
            yield* Effect.exit(actor.ask.Crash())
          }
          yield* Effect.exit(asking)
        }
      }))
    }
  })

const program = Effect.gen(function*() {
  const world = new World()
  const Local = Layer.provideMerge(Layer.mergeAll(CalledLive(world), BuiltLive(world)), ActorSystem.layer)
  const clients = Effect.forEach(["a", "b", "c"], (key) => client(world, key), { concurrency: "unbounded" })
  yield* Invariant.always("builds go in order, and incarnations one after the other", () => world.wrong === "")
  yield* Effect.provide(clients, Local)
  if (world.open.size > 0) return yield* Effect.die(new Error(`held in the end by ${Array.from(world.open).join()}`))
  const { again, failed, stopped, waited } = world.seen
  yield* Invariant.sometimes("a build waits in the middle", waited)
  yield* Invariant.sometimes("a build fails", failed)
  yield* Invariant.sometimes("a spawn is given up while it builds", stopped)
  yield* Invariant.sometimes("an actor is built again", again)
})

export const builds: Scenario = { name: "builds", program }
