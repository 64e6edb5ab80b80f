/**
 * Behaviours that are built by nothing but the call of a function: they have neither a fiber nor services, and are as good as any.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import { Actor, ActorSystem } from "shared-nothing"
import { SpawnFailed } from "../../src/actor/ActorError.ts"
import { recipientOf } from "../../src/actor/ActorRef.ts"
import type { Cell } from "../../src/actor/kernel/Cell.ts"
import { settle } from "../contract/eventually.ts"
import { until } from "../support/until.ts"

const Plain = Actor.make("Plain", [Rpc.make("Count", { success: Schema.Int }), Rpc.make("Crash")])

type Handlers = Actor.Handlers<typeof Plain>

const counting = (): Handlers => {
  let count = 0
  return Plain.of({ Count: () => Effect.sync(() => ++count), Crash: () => Effect.die("crash") })
}

const within = (build: Effect.Effect<Handlers, unknown>) =>
  Effect.provide(
    Layer.provideMerge(Plain.toLayer(build, { supervision: { intensity: { restarts: 2, within: "1 minute" } } }), [
      ActorSystem.layer,
      Logger.layer([])
    ])
  )

const cellOf = (ref: typeof Plain.ref.Type) => recipientOf(ref) as Cell

describe("a behaviour that is built by a call", () => {
  it.effect("is built on the stack of its spawner, anew for each incarnation", () => {
    const builders: Array<unknown> = []
    return Effect.gen(function*() {
      const actor = yield* Plain.spawn("a")
      assert.deepStrictEqual(builders, [Fiber.getCurrent()])
      assert.isUndefined(cellOf(actor).scope)
      assert.strictEqual(yield* actor.ask.Count(), 1)
      yield* Effect.exit(actor.ask.Crash())
      yield* settle
      assert.strictEqual(yield* actor.ask.Count(), 1)
      assert.strictEqual(builders.length, 2)
    }).pipe(
      Effect.scoped,
      within(Effect.sync(() => {
        builders.push(Fiber.getCurrent())
        return counting()
      }))
    )
  })

  it.effect("fails its spawn with what it throws, or without handlers, and leaves its name free", () => {
    const thrown = new Error("not today")
    const builds: Array<() => unknown> = [
      () => {
        throw thrown
      },
      () => undefined,
      counting
    ]
    return Effect.gen(function*() {
      const failed = yield* Effect.flip(Plain.spawn("a"))
      assert.instanceOf(failed, SpawnFailed)
      assert.strictEqual(failed.cause, thrown)
      const empty = yield* Effect.flip(Plain.spawn("a"))
      assert.instanceOf(empty, SpawnFailed)
      assert.include(String(empty.cause), "no handlers")
      assert.strictEqual(yield* (yield* Plain.spawn("a")).ask.Count(), 1)
    }).pipe(Effect.scoped, within(Effect.sync(() => builds.shift()!() as Handlers)))
  })

  it.effect("counts as a failure when it throws for the next incarnation", () => {
    let builds = 0
    return Effect.gen(function*() {
      const actor = yield* Plain.spawn("a")
      yield* Effect.exit(actor.ask.Crash())
      assert.strictEqual((yield* actor.down).reason._tag, "Crashed")
      assert.strictEqual(builds, 3)
    }).pipe(
      Effect.scoped,
      within(Effect.sync(() => {
        if (++builds > 1) throw new Error("not again")
        return counting()
      }))
    )
  })

  it.effect("has ended at once when its owner ends in it", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      let builds = 0
      yield* Effect.gen(function*() {
        const actor = yield* Scope.provide(Plain.spawn("a"), scope)
        assert.strictEqual((yield* actor.down).reason._tag, "Stopped")
        assert.strictEqual(yield* (yield* Plain.spawn("a")).ask.Count(), 1)
      }).pipe(
        Effect.scoped,
        within(Effect.sync(() => {
          if (++builds === 1) Effect.runFork(Scope.close(scope, Exit.void))
          return counting()
        }))
      )
    }))

  it.live("may spawn another that is built like that, however many levels", () => {
    const levels = 2_000
    const world = { built: 0, spawn: () => {} }
    return Effect.gen(function*() {
      const services = yield* Effect.context<ActorSystem.ActorSystem | Scope.Scope>()
      world.spawn = () => {
        if (world.built < levels) Effect.runForkWith(services)(Plain.spawn(String(world.built)))
      }
      yield* Plain.spawn("root")
      yield* until(() => world.built === levels, () => world.built)
    }).pipe(
      Effect.scoped,
      within(Effect.sync(() => {
        world.built++
        world.spawn()
        return counting()
      }))
    )
  })
})
