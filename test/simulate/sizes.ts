/**
 * A pool whose number of workers changes all the time, used by several senders, from inside of its jobs too, while workers die and are made anew: the jobs of a key are
 * begun in the order of their sender, one at a time; every ask settles, nothing that was told by who lives is lost or done twice, and in the end no row, key or
 * place has anything left.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { Pool } from "shared-nothing"
import { Fault, Invariant, Simulation } from "shared-nothing/testing"
import { begun, Routed, starts } from "../fixtures/routed.ts"
import { noThread, type Scenario } from "./scenario.ts"

const KEYS = 3
const EACH = 6
const MAX = 4
const forever = { timeout: "Infinity" } as const

const wrong = (text: string) => Effect.die(new Error(text))

/** Numbers say who has sent them: the sender, the key, and which one it is. */
const numberOf = (sender: number, key: number, i: number) => 1000 * sender + 100 * key + i
const keyIn = (n: number) => Math.floor(n / 100) % 10

const program = Effect.scoped(Effect.gen(function*() {
  begun.length = 0
  starts.clear()
  const tag = yield* Simulation.pick(["Step", "Sticky", "Remainder"] as const)
  const routed = yield* Fault.calm(Pool.make(Routed, {
    spawn: noThread,
    name: "sizes",
    threads: {
      min: 1,
      max: MAX,
      idle: "20 millis",
      adapt: (yield* Simulation.draw(2)) === 0 ? false : { wait: 0, cooldown: 0 }
    },
    clients: 2,
    recycle: (yield* Simulation.draw(2)) === 0 ? undefined : { jobs: 3 + (yield* Simulation.draw(20)) },
    standby: yield* Simulation.draw(2),
    concurrency: 1 + (yield* Simulation.draw(3)),
    queue: {
      capacity: yield* Simulation.pick([32, 3, 8]),
      allowance: yield* Simulation.pick([undefined, { low: 1 }, { low: 2, normal: 1 }])
    },
    intensity: { restarts: 1_000_000, within: "1 minute" }
  }))
  const joined = yield* Fault.calm(
    Effect.forEach([0, 1], () => Pool.join(Routed, { name: "sizes", timeout: "1 minute" }))
  )
  const senders = [routed, ...joined]
  const isLevelled = (yield* Simulation.draw(2)) === 0
  const done = new Set<number>()
  let lost = 0

  const priorities = [undefined, "high", "normal", "low"] as const
  const send = (pool: Pool.Ref<typeof Routed>, sender: number) => (key: number) =>
    Effect.gen(function*() {
      const sent: Array<Fiber.Fiber<string, unknown>> = []
      for (let i = 0; i < EACH; i++) {
        const n = numberOf(sender, key, i)
        const job = { key: `k${key}`, n, millis: yield* Simulation.draw(6) }
        const priority = isLevelled ? yield* Simulation.pick(priorities) : undefined
        const asked = Effect.tap(pool.ask[tag](job, { ...forever, priority }), () => Effect.sync(() => done.add(n)))
        sent.push(yield* Effect.forkChild(asked, { startImmediately: true }))
        if ((yield* Simulation.draw(3)) === 0) yield* Effect.sleep(yield* Simulation.draw(5))
      }
      for (const fiber of sent) {
        const exit = yield* Fiber.await(fiber)
        if (Exit.isSuccess(exit)) continue
        if (!String(exit.cause).includes("ThreadLost")) return yield* Effect.failCause(exit.cause)
        lost++
      }
    })

  const inside = Effect.ignore(routed.ask.Send({ key: "k0", from: 90, count: 8 }, forever))

  let isSmaller = false
  let isLarger = false
  const sizes = Effect.gen(function*() {
    for (let round = 0; round < 4; round++) {
      yield* Effect.sleep(yield* Simulation.draw(12))
      const before = (yield* Pool.stats(routed)).size
      const size = 1 + (yield* Simulation.draw(MAX))
      // A worker that dies while it starts fails the change.
      const exit = yield* Effect.exit(Pool.resize(routed, size))
      if (Exit.isFailure(exit) && !String(exit.cause).includes("Thread")) return yield* Effect.failCause(exit.cause)
      isSmaller ||= size < before
      isLarger ||= size > before && Exit.isSuccess(exit)
      if ((yield* Simulation.draw(4)) === 0) yield* Pool.reload(routed)
    }
  })

  const watching = yield* Effect.forkChild(Effect.forever(Effect.gen(function*() {
    const { workers } = yield* Pool.stats(routed)
    const isThere = (worker: string, start: number) =>
      starts.get(worker) === start && !["vacant", "down"].includes(workers[Number(worker.slice(-1))]!.state)
    const keys = begun.filter(({ ended, start, worker }) => !ended && isThere(worker, start)).map(({ n }) => keyIn(n))
    if (new Set(keys).size < keys.length) return yield* wrong(`of the keys ${keys.join()} two jobs run at once`)
    yield* Effect.sleep(3)
  })))

  const all = senders.map((pool, sender) => Effect.forEach([0, 1, 2], send(pool, sender), { concurrency: KEYS }))
  const held = Effect.forEach([0, 1, 2, 3], () =>
    Effect.gen(function*() {
      yield* Effect.sleep(yield* Simulation.draw(20))
      yield* Effect.ignore(routed.ask.Held({ millis: yield* Simulation.draw(20) }, forever))
    }), { concurrency: 2 })
  yield* Effect.all([...all, inside, sizes, held], { concurrency: "unbounded", discard: true })
  yield* Fiber.interrupt(watching)
  yield* Simulation.converge()
  for (const pool of senders) while ((yield* pool.depth) > 0) yield* Effect.sleep(5)

  // All that there may be are there, and whatever was held is free.
  yield* Pool.resize(routed, MAX)
  for (const worker of Pool.workers(routed)) {
    // What jobs have told nobody waits for.
    for (let tries = 2000; (yield* worker.depth) > 0; tries--) {
      if (tries === 0) return yield* wrong(`${yield* worker.depth} jobs are left for a worker`)
      yield* Effect.sleep(1)
    }
  }
  for (let sender = 0; sender < senders.length; sender++) {
    for (let key = 0; key < KEYS; key++) {
      const numbers = begun.map(({ n }) => n).filter((n) => Math.floor(n / 100) === 10 * sender + key)
      for (let i = 1; i < numbers.length; i++) {
        if (numbers[i]! < numbers[i - 1]!) return yield* wrong(`${sender} has sent, and begun was ${numbers.join()}`)
      }
    }
  }
  const within = begun.map(({ n }) => n).filter((n) => n >= 9000)
  for (let i = 1; i < within.length; i++) {
    if (within[i]! < within[i - 1]!) return yield* wrong(`a job has sent, and begun was ${within.join()}`)
  }
  if (done.size + lost !== senders.length * KEYS * EACH) return yield* wrong(`${done.size} are done, ${lost} lost`)
  for (const n of done) if (!begun.some((one) => one.n === n)) return yield* wrong(`${n} was never begun`)
  yield* Effect.forEach([0, 1, 2], (key) => routed.ask[tag]({ key: `k${key}`, n: 8000, millis: 0 }, forever))
  yield* Invariant.sometimes("a pool becomes smaller while keys are busy", isSmaller)
  yield* Invariant.sometimes("a pool becomes larger while keys are busy", isLarger)
  yield* Invariant.sometimes("a job is lost with its worker", lost > 0)
}))

export const sizes: Scenario = {
  name: "sizes",
  // Its threads may stand still for seconds, while the size is looked at all the time.
  maxSteps: 500_000,
  worker: () => import("../fixtures/routed.worker.ts"),
  program
}
