/** Actors on worker threads below a supervisor of the main thread. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Child, Supervisor } from "shared-nothing"
import * as System from "../fixtures/system.ts"
import { goesOn } from "../support/goesOn.ts"
import { untilEffect } from "../support/until.ts"
import { threads, within } from "./threads.ts"

const { Probe } = System
const at = (thread: number) => ({ placement: { thread } }) as const

const On0 = Child.actor(Probe, "on-0", at(0))
const On1 = Child.actor(Probe, "on-1", at(1))
const Here = Child.effect("here", Effect.never)

describe("a supervisor of actors on other threads", () => {
  it.live("brings up again what was on a thread that died, with its siblings elsewhere, at no cost", () =>
    within(
      threads({ threads: 2, intensity: { restarts: 10, within: "1 minute" } }),
      Effect.gen(function*() {
        const supervisor = yield* Supervisor.make("s", {
          strategy: "one-for-all",
          intensity: { restarts: 0, within: "1 minute" },
          children: [Here, On0, On1]
        })
        const on0 = yield* supervisor.get(On0)
        const on1 = yield* supervisor.get(On1)
        const before = (yield* on1.ask.Where()).incarnation
        yield* Effect.exit(on0.ask.Throw())
        yield* on0.tell.Note({ n: 1 })
        yield* untilEffect(
          Effect.map(Effect.exit(on0.ask.Notes()), (exit) => exit._tag === "Success" && exit.value.length === 1),
          Effect.succeed("it is not up again, or has lost what it was told meanwhile")
        )
        yield* untilEffect(
          Effect.map(supervisor.count, ({ active }) => active === 3),
          Effect.map(supervisor.children, (children) => children)
        )
        assert.isAbove((yield* on1.ask.Where()).incarnation, before)
        assert.deepStrictEqual((yield* supervisor.children).map(({ restarts }) => restarts), [1, 1, 1])
        yield* supervisor.stop
        assert.strictEqual((yield* Effect.flip(on1.ask.Count()))._tag, "ActorStopped")
        yield* Effect.scoped(Probe.spawn("on-0", at(1)))
      })
    ), 120_000)

  it.live("gives up on actors whose threads have given up", () =>
    within(
      Layer.provide(threads({ threads: 1, intensity: { restarts: 0, within: "1 minute" } }), goesOn),
      Effect.gen(function*() {
        const Only = Child.actor(Probe, "only", at(0))
        const supervisor = yield* Supervisor.make("s", { strategy: "one-for-one", children: [Only] })
        const only = yield* supervisor.get(Only)
        yield* Effect.exit(only.ask.Throw())
        const exit = yield* supervisor.exit
        assert.strictEqual(exit._tag, "Failure")
        assert.strictEqual((yield* Effect.flip(only.ask.Count()))._tag, "ActorStopped")
      })
    ), 120_000)
})
