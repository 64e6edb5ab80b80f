/** The promises of actors and channels, held in simulations: each by several seeds, with ports, wake-ups and turns as they come. */
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { ActorSystem, type Channel, SharedChannel } from "shared-nothing"
import { Simulation } from "shared-nothing/testing"
import { actorContract, type ContractOptions, Serial } from "../contract/actorContract.ts"
import { adapterContract } from "../contract/adapterContract.ts"
import { channelContract } from "../contract/channelContract.ts"
import { controlContract } from "../contract/controlContract.ts"
import { inSimulation } from "../contract/eventually.ts"
import { forwardContract } from "../contract/forwardContract.ts"
import { groupContract } from "../contract/groupContract.ts"
import { redeliveryContract } from "../contract/redeliveryContract.ts"
import { stashContract } from "../contract/stashContract.ts"
import { statsContract } from "../contract/statsContract.ts"
import { streamContract } from "../contract/streamContract.ts"
import { waitsContract } from "../contract/waitsContract.ts"
import { watchContract } from "../contract/watchContract.ts"
import { tries } from "../support/effort.ts"
import { noThread } from "./scenario.ts"

const testOn =
  (worker: Simulation.Options["worker"], seeds = 4) =>
  (name: string, body: () => Effect.Effect<unknown, unknown, Scope.Scope>) =>
    it.effect(name, () =>
      Simulation.check({
        name,
        maxSteps: 1_000_000,
        seeds: tries(seeds),
        // No spurious wake-ups: they would hide those that are lost.
        faults: { portDelay: 2, lateWake: 10 },
        worker
      }, Effect.suspend(() => inSimulation(Effect.scoped(body())))))

const test = testOn(() => import("../fixtures/actors.worker.ts"))
const layerOf = (threads: number) => ActorSystem.layerThreads({ spawn: noThread, threads })
const layer = layerOf(1)

const simulatedOn = (test: ReturnType<typeof testOn>, threads = 1): ContractOptions => ({
  layer,
  live: true,
  suite: (name, define) =>
    describe(name, () => {
      define({
        effect: (name, body) =>
          test(name, () => Effect.provideService(Effect.provide(body(), layerOf(threads)), Serial, { last: 0 }))
      })
    })
})

const simulated = simulatedOn(test)

actorContract("actors on simulated threads", simulated)
const surviving = { ...simulatedOn(testOn(() => import("../fixtures/survivors.worker.ts"))), isLasting: true }
actorContract("actors on simulated threads, with mailboxes that survive", surviving)
redeliveryContract("redelivery on simulated threads, with mailboxes that survive", surviving)
controlContract("commands to actors on simulated threads", simulated)
redeliveryContract("redelivery on simulated threads", simulated)
watchContract("ends of actors on simulated threads", simulated)
stashContract("messages that actors on simulated threads put off", simulated)
streamContract("streams from simulated threads", simulated)
statsContract("what actors on simulated threads count", simulated)
statsContract("what actors on simulated threads count, with mailboxes that survive", surviving)
forwardContract(
  "messages handed on over simulated threads",
  simulatedOn(testOn(() => import("../fixtures/forward.worker.ts"), 2), 2)
)
waitsContract(
  "asks whose actors wait for each other, over simulated threads",
  simulatedOn(testOn(() => import("../fixtures/waits.worker.ts"), 2), 2)
)
adapterContract(
  "adapters over simulated threads",
  simulatedOn(testOn(() => import("../fixtures/adapters.worker.ts"), 2), 2)
)
groupContract("groups over simulated threads", simulatedOn(testOn(() => import("../fixtures/groups.worker.ts"), 2), 2))

/** Capacities that every kind can have; what is no capacity at all stays as it is. */
const powerOfTwo = (capacity: Channel.Options["capacity"]): Channel.Options["capacity"] =>
  typeof capacity === "number" && Number.isInteger(capacity) && capacity > 0 && capacity <= 2 ** 24
    ? Math.max(2, 2 ** Math.ceil(Math.log2(capacity)))
    : capacity

channelContract("simulated channels between threads, with both ends on one", {
  make: (schema, options) =>
    SharedChannel.make(
      schema,
      options.kind === "mpmc" ? { ...options, capacity: powerOfTwo(options.capacity) } : options
    ),
  kinds: ["spsc", "mpsc", "mpmc", "broadcast"],
  exactCapacity: false,
  dropsOldest: ["mpmc"],
  byReference: false,
  live: true,
  test,
  receiverElsewhere: false
})
