/**
 * A pool that other threads use, which come, leave and die, as do its workers: every job of one that lives ends as it should, no row is lost, and nobody
 * gets what was another's. At last the pool ends while there are clients.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { type Actor, Pool, SharedChannel } from "shared-nothing"
import { Fault, Invariant, Simulation } from "shared-nothing/testing"
import { Jobs } from "../fixtures/jobs.ts"
import { client, Outcome } from "../fixtures/poolClients.ts"
import { noThread, type Scenario } from "./scenario.ts"

const ROUNDS = 3
const EARLY = 98
const LATE = 99

const allowed =
  /^(echo \d+|reverse|20|200|note|leaves 4|interrupted|AskTimeout|ThreadLost|ActorStopped|PoolCrowded|PoolNotFound|.*(ThreadLost|MailboxFull|ActorStopped).*)$/

/** As many as may use the pool, and who has made it: all rows are free again in the end. */
const everybody = (jobs: Actor.Ref<typeof Jobs>, clients: number) =>
  Effect.gen(function*() {
    const join = Pool.join(Jobs, { name: "shared", timeout: "1 minute" })
    const joined = Effect.retry(join, { schedule: Schedule.spaced("1 second"), times: 300 })
    const refs = [
      jobs,
      ...(yield* Effect.all(Array.from({ length: clients }, () => joined), { concurrency: "unbounded" }))
    ]
    for (const ref of refs) {
      const echo = yield* ref.ask.Echo({ n: 7 }, { timeout: "Infinity" })
      if (echo !== 7 || (yield* ref.depth) !== 0) return yield* Effect.die(new Error("something is left in the end"))
    }
  })

const program = Effect.gen(function*() {
  const clients = 1 + (yield* Simulation.draw(2))
  const capacity = yield* Simulation.pick([16, 1, 3])
  const threads = 1 + (yield* Simulation.draw(2))
  const seen = { done: false, lost: false, crowded: false, died: false, stopped: false }

  const outcomes = yield* SharedChannel.make(Outcome, { name: "outcomes", kind: "mpmc", capacity: 64 })
  const got = new Map<string, string>()
  const listening = yield* Effect.forkChild(
    Stream.runForEach(outcomes.receiver.stream, ({ n, outcome, thread }) =>
      Effect.sync(() => {
        const key = `${thread}/${n}`
        if (got.has(key)) throw new Error(`${key} has ended twice`)
        if (!allowed.test(outcome)) throw new Error(`${key} has ended with ${outcome}`)
        if (outcome.startsWith("echo") && outcome !== `echo ${n}`) throw new Error(`${key} has got ${outcome}`)
        got.set(key, outcome)
        seen.done ||= outcome === "reverse"
        seen.lost ||= outcome === "ThreadLost"
        seen.crowded ||= outcome === "PoolCrowded"
        seen.stopped ||= outcome === "ActorStopped"
      }))
  )

  const start = (index: number) =>
    Effect.gen(function*() {
      const end = yield* outcomes.sender.clone
      const started = yield* client(index).start({ spawn: noThread, index, ends: { outcomes: end } })
      if ((yield* Simulation.draw(4)) === 0) {
        yield* Effect.sleep(yield* Simulation.draw(20))
        yield* started.thread.kill
      }
      return yield* started.done
    }).pipe(
      Effect.scoped,
      Effect.exit,
      Effect.map((exit) => {
        seen.died ||= Exit.isFailure(exit)
      })
    )

  // Looks for a pool that is made meanwhile.
  const early = yield* Effect.forkChild(start(EARLY))
  const late = yield* Effect.scoped(Effect.gen(function*() {
    const jobs = yield* Fault.calm(Pool.make(Jobs, {
      spawn: noThread,
      name: "shared",
      threads,
      clients,
      queue: { capacity },
      arena: { capacityBytes: 65_536 },
      grace: "50 millis",
      intensity: { restarts: 1_000_000, within: "1 minute" },
      shutdown: yield* Simulation.pick(["5 seconds", "brutalKill"] as const)
    }))
    for (let round = 0; round < ROUNDS; round++) {
      const here = Array.from({ length: clients + (yield* Simulation.draw(2)) }, (_, i) => 10 * round + i)
      yield* Effect.forEach(here, start, { concurrency: "unbounded" })
    }
    yield* Simulation.converge()
    yield* Effect.scoped(everybody(jobs, clients))
    // The pool ends while this one leaves, and another one comes.
    const last = yield* Effect.forkDetach(start(LATE))
    yield* Effect.sleep(yield* Simulation.draw(30))
    return last
  }))
  yield* Fiber.join(early)
  yield* Fiber.join(late)

  yield* outcomes.sender.close
  yield* Fiber.join(listening)
  yield* Invariant.sometimes("a client has its jobs done", seen.done)
  yield* Invariant.sometimes("a client loses a job with a worker", seen.lost)
  yield* Invariant.sometimes("there are more clients than rows", seen.crowded)
  yield* Invariant.sometimes("a client dies", seen.died)
  yield* Invariant.sometimes("a pool ends while a client waits", seen.stopped)
})

export const clients: Scenario = {
  name: "clients",
  worker: {
    "*": () => import("../fixtures/jobs.worker.ts"),
    ...Object.fromEntries(
      Array.from({ length: 100 }, (_, i) => [`client-${i}`, () => import("../fixtures/pool-client.worker.ts")])
    )
  },
  program: Effect.scoped(program)
}
