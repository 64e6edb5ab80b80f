import { assert, it as effectIt } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { Actor } from "shared-nothing"
import { It, Simulation, TestSystem } from "shared-nothing/testing"

const Timer = Actor.make("Timer", [Rpc.make("Wait", { payload: { minutes: Schema.Int }, success: Schema.Int })])
const TimerLive = Timer.toLayer(Effect.succeed(Timer.of({
  Wait: ({ minutes }) => Effect.as(Effect.sleep(`${minutes} minutes`), minutes)
})))

const it = It.withActors(effectIt)

it("has what it had", () => assert.isFunction(it.each))

it.actors("runs on a system with these behaviours", TimerLive, () =>
  Effect.gen(function*() {
    const timer = yield* Timer.spawn("egg", { shutdown: "brutalKill" })
    yield* timer.tell.Wait({ minutes: 3 })
    const system = yield* TestSystem.TestSystem
    assert.deepStrictEqual(yield* system.logs, [])
  }))

it.simulated("runs a program by its seeds", { seeds: 20, marks: "require" }, () =>
  Effect.gen(function*() {
    const many = yield* Simulation.draw(3)
    yield* Effect.sleep(`${many} days`)
  }))

type Test = (context: unknown) => Effect.Effect<unknown, unknown, Scope.Scope>

/** An `it` that runs nothing and remembers what it was given. */
const recording = () => {
  const added: Array<readonly [how: string, name: string, test: Test]> = []
  const by = (how: string): It.EffectTest => (name, test) => void added.push([how, name, test])
  return { added, it: { effect: Object.assign(by("effect"), { only: by("only"), skip: by("skip") }) } }
}

effectIt("adds the only test, and one that is skipped", () => {
  const { added, it } = recording()
  const { actors, simulated } = It.withActors(it)
  actors.only("a", TimerLive, () => Effect.void)
  actors.skip("b", TimerLive, () => Effect.void)
  simulated.only("c", {}, () => Effect.void)
  simulated.skip("d", {}, () => Effect.void)
  assert.deepStrictEqual(added.map(([how, name]) => `${how} ${name}`), ["only a", "skip b", "only c", "skip d"])
})

// A failing check carries the name of its test, which is what it is run again by.
effectIt.effect("gives a check the name of its test", () =>
  Effect.gen(function*() {
    const { added, it } = recording()
    const wrong = () => Effect.die(new Error("they are not"))
    It.withActors(it).simulated("the books are right", { seeds: 1 }, wrong)
    const failure = yield* Effect.flip(added[0]![2](undefined))
    assert.include(String(failure), "npx vitest run -t \"the books are right\"")
  }))
