/** The supervisor of a layer that gives up ends its program, unless somebody waits for its exit. */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import { Child, Supervisor, SupervisorError } from "shared-nothing"
import { settle } from "../contract/eventually.ts"

const make = () => {
  const gate = Deferred.makeUnsafe<void>()
  const closed: Array<string> = []
  const Services = Supervisor.layer("services", {
    strategy: "one-for-one",
    intensity: { restarts: 0, within: "1 minute" },
    children: [
      Child.layer("log", Layer.effectDiscard(Effect.addFinalizer(() => Effect.sync(() => void closed.push("log"))))),
      Child.effect("sync", Effect.andThen(Deferred.await(gate), Effect.die(new Error("no disk"))))
    ]
  })
  return { closed, fail: Deferred.succeed(gate, undefined), Services }
}

const defectOf = (exit: Exit.Exit<unknown, unknown>): unknown =>
  Exit.isSuccess(exit) ? undefined : exit.cause.reasons.find(Cause.isDieReason)?.defect

describe("the supervisor of a layer that gives up", () => {
  const ends = (run: (services: ReturnType<typeof make>["Services"]) => Effect.Effect<never, unknown>) =>
    Effect.gen(function*() {
      const { Services, closed, fail } = make()
      const program = yield* Effect.forkChild(run(Services), { startImmediately: true })
      yield* settle
      yield* fail
      const defect = defectOf(yield* Fiber.await(program))
      assert.instanceOf(defect, SupervisorError.SupervisorGaveUp)
      assert.match(defect.message, /^supervisor "services" has given up: .* child "sync": .*no disk$/)
      assert.instanceOf(defect.cause, SupervisorError.RestartLimitReached)
      assert.deepStrictEqual(closed, ["log"])
    })

  it.effect("ends a program that is launched, and is what that fails with", () => ends(Layer.launch))

  it.effect("ends a program that it is provided to", () => ends((services) => Effect.provide(Effect.never, services)))

  it.effect("leaves it to whoever waits for its exit", () =>
    Effect.gen(function*() {
      const { Services, fail } = make()
      const program = Effect.gen(function*() {
        const { exit } = yield* Supervisor.Supervisor
        const waiting = yield* Effect.forkChild(exit, { startImmediately: true })
        yield* fail
        return yield* Fiber.join(waiting)
      })
      const exit = yield* Effect.provide(program, Services)
      assert.strictEqual(exit._tag, "Failure")
    }))

  it.effect("does not, where that was said, or when it was stopped", () =>
    Effect.gen(function*() {
      const { Services, fail } = make()
      const goesOn = Effect.andThen(Effect.andThen(fail, settle), Effect.succeed("goes on"))
      const told = Effect.provideService(Effect.provide(goesOn, Services), Supervisor.EndsProgram, false)
      assert.strictEqual(yield* told, "goes on")
      const stopped = Effect.gen(function*() {
        yield* (yield* Supervisor.Supervisor).stop
        yield* settle
        return "goes on"
      })
      assert.strictEqual(yield* Effect.provide(stopped, make().Services), "goes on")
    }))
})
