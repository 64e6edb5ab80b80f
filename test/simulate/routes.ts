/**
 * A pool whose messages have routes, whose workers come and go, and which is reloaded: the jobs of a key are begun in the order in which they were sent, one at a
 * time and on one worker; a broadcast reaches every worker once; every ask settles, and in the end nothing waits anywhere.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { Pool } from "shared-nothing"
import { Fault, Invariant, Simulation } from "shared-nothing/testing"
import { begun, Routed, starts } from "../fixtures/routed.ts"
import { noThread, type Scenario } from "./scenario.ts"

const KEYS = 4
const EACH = 6
const forever = { timeout: "Infinity" } as const

const program = Effect.scoped(Effect.gen(function*() {
  begun.length = 0
  starts.clear()
  const threads = 1 + (yield* Simulation.draw(3))
  const concurrency = 1 + (yield* Simulation.draw(3))
  const routed = yield* Fault.calm(Pool.make(Routed, {
    spawn: noThread,
    threads,
    concurrency,
    queue: { capacity: yield* Simulation.pick([32, 2, 5]) },
    intensity: { restarts: 1_000_000, within: "1 minute" }
  }))
  const tag = yield* Simulation.pick(["Step", "Put"] as const)
  const wrong = (text: string) => Effect.die(new Error(text))

  const ask = (key: number, n: number, millis: number) => {
    const step = { key: `k${key}`, n: 1000 * key + n, millis }
    // What is sent to a worker has no key: it begins in order, and is in order only where one runs at a time.
    return tag === "Step" ? routed.ask.Step(step, forever) : Pool.workers(routed)[key % threads]!.ask.Put(step, forever)
  }

  const client = (key: number) =>
    Effect.gen(function*() {
      const sent: Array<Fiber.Fiber<string, unknown>> = []
      for (let n = 0; n < EACH; n++) {
        const millis = yield* Simulation.draw(8)
        sent.push(yield* Effect.forkChild(ask(key, n, millis), { startImmediately: true }))
        if ((yield* Simulation.draw(3)) === 0) yield* Effect.sleep(yield* Simulation.draw(4))
      }
      const exits = yield* Effect.forEach(sent, (fiber) => Fiber.await(fiber))
      for (const exit of exits) {
        if (Exit.isFailure(exit) && !String(exit.cause).includes("ThreadLost")) {
          return yield* Effect.failCause(exit.cause)
        }
      }
      return exits.map(Exit.isSuccess)
    })

  let isReloaded = false
  const others = Effect.gen(function*() {
    const all = yield* Pool.broadcast(routed, (worker) => worker.ask.Who(forever))
    for (const [place, exit] of all.entries()) {
      if (Exit.isSuccess(exit) && exit.value !== `worker-${place}`) {
        return yield* wrong(`${exit.value} answered for ${place}`)
      }
    }
    if ((yield* Simulation.draw(2)) === 1) {
      yield* Pool.reload(routed)
      isReloaded = true
    }
  })

  const [of] = yield* Effect.all([Effect.forEach([0, 1, 2, 3], client, { concurrency: "unbounded" }), others], {
    concurrency: 2
  })
  yield* Simulation.converge()
  while ((yield* routed.depth) > 0) yield* Effect.sleep(5)
  let isAgain = false
  for (let key = 0; key < KEYS; key++) {
    const seen = begun.filter(({ n }) => Math.floor(n / 1000) === key)
    const numbers = seen.map(({ n }) => n % 1000)
    if (tag === "Step" || concurrency === 1) {
      for (let i = 1; i < numbers.length; i++) {
        if (numbers[i]! < numbers[i - 1]!) return yield* wrong(`key ${key} was begun as ${numbers.join()}`)
      }
    }
    isAgain ||= new Set(numbers).size < numbers.length
    if (new Set(seen.map(({ worker }) => worker)).size > 1) return yield* wrong(`key ${key} ran on several workers`)
    if (of[key]!.every((isDone) => isDone) && new Set(numbers).size !== EACH) {
      return yield* wrong(`key ${key}: ${numbers.join()}`)
    }
  }
  for (const worker of Pool.workers(routed)) {
    // What a thread that has died was about to give back is counted until the next one is there.
    while ((yield* worker.depth) > 0) yield* Effect.sleep(5)
  }
  yield* Invariant.sometimes("a job is begun again", isAgain)
  yield* Invariant.sometimes("all workers are made anew while keys are busy", isReloaded)
}))

export const routes: Scenario = {
  name: "routes",
  worker: () => import("../fixtures/routed.worker.ts"),
  program
}
