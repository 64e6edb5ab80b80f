/** A pool that gives up ends its program, or is built again by the supervisor whose child it is; unless somebody has asked. */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { Actor, Child, Pool, PoolThread, Supervisor } from "shared-nothing"
import { Simulation } from "shared-nothing/testing"
import { noThread } from "../simulate/scenario.ts"
import { tries } from "../support/effort.ts"

const Mill = Actor.make("Mill", [
  Rpc.make("Grind", { success: Schema.Int }),
  Rpc.make("Stone").annotate(Pool.Attempts, 3)
])
const MillLive = Mill.toLayer(Effect.succeed(Mill.of({
  Grind: () => Effect.succeed(1),
  Stone: () => Effect.sync(() => process.exit(3))
})))

const options: Pool.PoolOptions = { spawn: noThread, threads: 2 }
const forever = { timeout: "Infinity" } as const

/** Two jobs of three attempts each are more than the three restarts that a pool has unless told. */
const ruin = (mill: Actor.Ref<typeof Mill>) =>
  Effect.forEach([1, 2], () => Effect.exit(mill.ask.Stone(forever)), { discard: true })

const isUpAgain = (child: Effect.Effect<Supervisor.ChildInfo, unknown>): Effect.Effect<void, unknown> =>
  Effect.flatMap(child, ({ restarts, status }) =>
    restarts > 0 && status === "running"
      ? Effect.void
      : Effect.andThen(Effect.sleep("10 millis"), isUpAgain(child)))

const simulated = (name: string, body: Effect.Effect<unknown, unknown, Scope.Scope>) =>
  it.effect(name, () =>
    Simulation.check(
      { name, seeds: tries(8), worker: () => PoolThread.launch(MillLive) },
      Effect.scoped(body)
    ))

const assertGaveUp = (exit: Exit.Exit<unknown, unknown>) => {
  if (Exit.isSuccess(exit)) return assert.fail("the program goes on")
  const [defect] = exit.cause.reasons.flatMap((reason) => Cause.isDieReason(reason) ? [reason.defect] : [])
  assert.instanceOf(defect, Pool.PoolGaveUp)
  assert.deepStrictEqual([defect.pool, defect.reason._tag], ["Mill/pool", "SupervisorGaveUp"])
  assert.match(defect.message, /^Mill\/pool has given up: .*more than 3 restarts within 5000 ms/)
}

const logging = () => {
  const logged: Array<string> = []
  const logger = Logger.make(({ logLevel, message }) => void logged.push(`${logLevel}: ${String(message)}`))
  return { logged, layer: Logger.layer([logger]) }
}

describe("a pool that gives up", () => {
  simulated(
    "ends the program that has made it, with the defect that says why, and closes what that holds",
    Effect.gen(function*() {
      const { layer, logged } = logging()
      const closed: Array<string> = []
      const program = Effect.gen(function*() {
        yield* Effect.addFinalizer(() => Effect.sync(() => void closed.push("other")))
        yield* ruin(yield* Pool.make(Mill, options))
        return yield* Effect.never
      })
      const fiber = yield* Effect.forkChild(Effect.provide(Effect.scoped(program), layer))
      assertGaveUp(yield* Fiber.await(fiber))
      assert.deepStrictEqual(closed, ["other"])
      const fatal = logged.filter((line) => line.startsWith("Fatal"))
      assert.strictEqual(fatal.length, 1)
      assert.match(
        fatal[0]!,
        /^Fatal: Mill\/pool has given up: .*; nobody has asked for Pool\.escalation, so the program ends$/s
      )
    })
  )

  simulated(
    "is what a program ends with that comes to its own end by that",
    Effect.gen(function*() {
      const program = Effect.flatMap(Pool.make(Mill, options), ruin)
      assertGaveUp(yield* Fiber.await(yield* Effect.forkChild(Effect.scoped(program))))
    })
  )

  simulated(
    "ends one that its layer is launched for",
    Effect.gen(function*() {
      const Ruin = Layer.effectDiscard(Effect.flatMap(Pool.ref(Mill), ruin))
      const launched = Layer.launch(Ruin.pipe(Layer.provideMerge(Pool.layer(Mill, options))))
      const fiber = yield* Effect.forkChild(launched)
      assertGaveUp(yield* Fiber.await(fiber))
    })
  )

  simulated(
    "leaves it to whoever has asked",
    Effect.gen(function*() {
      const { layer, logged } = logging()
      const program = Effect.gen(function*() {
        const mill = yield* Pool.make(Mill, options)
        const asker = yield* Effect.forkChild(Pool.escalation(mill), { startImmediately: true })
        yield* ruin(mill)
        const { pool } = yield* Fiber.join(asker)
        yield* Effect.sleep("1 minute")
        return [pool, (yield* Effect.flip(mill.ask.Grind()))._tag]
      })
      const fiber = yield* Effect.forkChild(Effect.provide(Effect.scoped(program), layer))
      assert.deepStrictEqual(yield* Fiber.join(fiber), ["Mill/pool", "ActorStopped"])
      assert.isFalse(logged.some((line) => line.startsWith("Fatal")))
    })
  )

  simulated(
    "goes without a word where that was said",
    Effect.gen(function*() {
      const program = Effect.gen(function*() {
        const mill = yield* Pool.make(Mill, options)
        yield* ruin(mill)
        yield* Effect.sleep("1 minute")
        return (yield* mill.down).reason._tag
      })
      const fiber = yield* Effect.forkChild(Effect.provideService(Effect.scoped(program), Pool.EndsProgram, false))
      assert.strictEqual(yield* Fiber.join(fiber), "SupervisorGaveUp")
    })
  )

  simulated(
    "is no pool whose scope ends: nobody is told then",
    Effect.gen(function*() {
      const asker = yield* Effect.scoped(Effect.gen(function*() {
        const mill = yield* Pool.make(Mill, options)
        assert.strictEqual(yield* mill.ask.Grind(forever), 1)
        return yield* Effect.forkDetach(Pool.escalation(mill), { startImmediately: true })
      }))
      yield* Effect.sleep("1 minute")
      assert.isUndefined(asker.pollUnsafe())
      yield* Fiber.interrupt(asker)
    })
  )

  simulated(
    "is built again below a supervisor, as often as that allows; then that gives up, and says why",
    Effect.gen(function*() {
      const Mills = Child.layer("mill", Pool.layer(Mill, options))
      const top = yield* Supervisor.make("top", {
        strategy: "one-for-one",
        intensity: { restarts: 1, within: "1 hour" },
        children: [Mills, Child.effect("beside", Effect.never)]
      })
      const first = yield* Effect.provideContext(Pool.ref(Mill), yield* top.get(Mills))
      const events = yield* Effect.forkChild(Stream.runCollect(Pool.events(first)))
      yield* ruin(first)
      yield* Fiber.join(events)
      yield* isUpAgain(top.child("mill"))
      const second = yield* Effect.provideContext(Pool.ref(Mill), yield* top.get(Mills))
      assert.strictEqual(yield* second.ask.Grind(forever), 1)
      assert.strictEqual((yield* Effect.flip(first.ask.Grind()))._tag, "ActorStopped")
      assert.strictEqual((yield* top.child("beside")).restarts, 0)
      yield* ruin(second)
      assert.match(String(yield* top.exit), /PoolGaveUp: Mill\/pool has given up/)
    })
  )

  simulated(
    "is built again with all of its child, however deep in the layer of that it stands",
    Effect.gen(function*() {
      const Mills = Child.layer("mills", Layer.mergeAll(Pool.layer(Mill, options), Layer.empty))
      const top = yield* Supervisor.make("top", { strategy: "one-for-one", children: [Mills] })
      yield* ruin(yield* Effect.provideContext(Pool.ref(Mill), yield* top.get(Mills)))
      yield* isUpAgain(top.child("mills"))
      const next = yield* Effect.provideContext(Pool.ref(Mill), yield* top.get(Mills))
      assert.strictEqual(yield* next.ask.Grind(forever), 1)
    })
  )
})
