/** The promises of actors, held by actors on simulated threads, each by several seeds and with ports, wake-ups and turns as they come. */
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { ActorSystem } from "shared-nothing"
import { Simulation } from "shared-nothing/testing"
import { actorContract, Serial, type Tests } from "../contract/actorContract.ts"
import { inSimulation } from "../contract/eventually.ts"
import { tries } from "../support/effort.ts"
import { noThread } from "./scenario.ts"

const layer = ActorSystem.layerThreads({ spawn: noThread, threads: 1 })

const simulated: Tests = {
  effect: (name, test) =>
    it.effect(name, () =>
      Simulation.check(
        {
          name,
          maxSteps: 1_000_000,
          seeds: tries(10),
          faults: { portDelay: 2, lateWake: 10, spuriousWake: 20 },
          worker: () => import("../fixtures/actors.worker.ts")
        },
        Effect.suspend(() =>
          test().pipe(
            Effect.scoped,
            Effect.provide(layer),
            inSimulation,
            Effect.provideService(Serial, { last: 0 })
          )
        )
      ))
}

actorContract("actors on simulated threads", {
  layer,
  live: true,
  suite: (name, define) =>
    describe(name, () => {
      define(simulated)
    })
})
