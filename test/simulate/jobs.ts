/**
 * A pool whose workers come and go: every ask settles once, nothing that was answered was done by nobody, what may be begun again is, and in the end
 * nothing is under way.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { Pool } from "shared-nothing"
import { Fault, Invariant, Simulation } from "shared-nothing/testing"
import { Jobs } from "../fixtures/jobs.ts"
import { noThread, type Scenario } from "./scenario.ts"

const program = Effect.scoped(Effect.gen(function*() {
  const capacity = yield* Simulation.pick([16, 1, 3])
  const threads = 1 + (yield* Simulation.draw(3))
  const jobs = yield* Fault.calm(Pool.make(Jobs, {
    spawn: noThread,
    threads,
    concurrency: 1 + (yield* Simulation.draw(2)),
    queue: { capacity },
    arena: { capacityBytes: 65_536 },
    grace: "50 millis",
    intensity: { restarts: 1_000_000, within: "1 minute" }
  }))
  const seen = { lost: false, again: false, late: false, nested: false, stubborn: false, overrun: false, waited: false }
  const forever = { timeout: "Infinity" } as const
  const limited = { ...forever, runTimeout: "8 millis" } as const
  const expect = <A>(what: string, found: A, wanted: A) =>
    found === wanted ? Effect.void : Effect.die(new Error(`${what}: ${String(found)}, not ${String(wanted)}`))

  const one = (n: number) =>
    Effect.gen(function*() {
      switch (yield* Simulation.draw(11)) {
        case 0:
          return yield* Effect.flatMap(jobs.ask.Echo({ n }, forever), (found) => expect("an echo", found, n))
        case 1: {
          const found = yield* jobs.ask.Wait({ millis: 5 }, { timeout: "8 millis" })
          return yield* expect("a wait", found, 5)
        }
        case 2: {
          const found = yield* jobs.ask.WaitAgain({ millis: 20 }, forever)
          return yield* expect("a wait that may be begun again", found, 20)
        }
        case 3: {
          const found = yield* jobs.ask.Leaves({ depth: 3 }, forever)
          seen.nested = true
          return yield* expect("leaves", found, 8)
        }
        case 4: {
          const bytes = Uint8Array.from({ length: 5000 }, (_, i) => i + n)
          const found = yield* jobs.ask.Reverse({ bytes }, forever)
          return yield* expect("a reply that is large", found.join(), bytes.slice().reverse().join())
        }
        case 5: {
          const waiting = yield* Effect.forkChild(jobs.ask.Wait({ millis: 1000 }, forever))
          yield* Effect.sleep(yield* Simulation.draw(5))
          return yield* Fiber.interrupt(waiting)
        }
        case 6: {
          // Ends within its grace, at its end, or long after it.
          const millis = yield* Simulation.pick([30, 58, 600_000])
          seen.stubborn ||= millis === 600_000
          return yield* jobs.ask.Stubborn({ millis }, { timeout: "8 millis" })
        }
        case 7: {
          // Long enough for its worker to die in it.
          const found = yield* jobs.ask.Wait({ millis: 100 }, forever)
          return yield* expect("a long wait", found, 100)
        }
        case 8: {
          const millis = yield* Simulation.pick([2, 8, 20])
          const again = (yield* Simulation.draw(2)) === 1
          const since = yield* Clock.currentTimeMillis
          const found = again
            ? yield* jobs.ask.WaitAgain({ millis }, limited)
            : yield* jobs.ask.Wait({ millis }, limited)
          if (millis === 2 && (yield* Clock.currentTimeMillis) - since > 12) seen.waited = true
          return yield* expect("a wait with a limit", found, millis)
        }
        case 9:
          // Nobody hears of it: it is gone in the end all the same.
          return yield* jobs.tell.Stubborn({ millis: yield* Simulation.pick([5, 600_000]) }, limited)
        default:
          return yield* jobs.tell.Note({ n })
      }
    })

  const client = (first: number) =>
    Effect.gen(function*() {
      for (let n = first; n < first + 8; n++) {
        const exit = yield* Effect.exit(one(n))
        if (Exit.isSuccess(exit)) continue
        const [reason] = exit.cause.reasons
        // Of what it waits for inside of a job an asker learns as of a crash of that.
        if (reason?._tag === "Die" && !/ThreadLost|MailboxFull/.test(String(reason.defect))) return yield* exit
        if (reason?._tag !== "Fail") continue
        const tag = reason.error._tag
        if (tag === "ThreadLost") seen.lost = true
        else if (tag === "AskTimeout") {
          const { run, timeoutMillis } = reason.error
          if (run === undefined) seen.late = true
          else {
            seen.overrun = true
            yield* expect(
              "whether a run was over that is",
              run.ranMillis >= timeoutMillis && run.waitedMillis >= 0,
              true
            )
          }
        } else return yield* exit
      }
    })

  yield* Effect.forEach([0, 100, 200], client, { concurrency: "unbounded" })
  yield* Simulation.converge()
  while ((yield* jobs.depth) > 0) yield* Effect.sleep(10)
  const again = yield* Effect.forEach([1, 2, 3, 4], (n) => jobs.ask.Echo({ n }, forever), { concurrency: "unbounded" })
  yield* expect("what works in the end", again.join(), "1,2,3,4")
  yield* Invariant.sometimes("a job is lost with its worker", seen.lost)
  yield* Invariant.sometimes("a job is late", seen.late)
  yield* Invariant.sometimes("a job runs for longer than it may", seen.overrun)
  yield* Invariant.sometimes("a job is done that has waited for longer than it may run", seen.waited)
  yield* Invariant.sometimes("jobs of jobs are done", seen.nested)
  yield* Invariant.sometimes("a job would never end by itself", seen.stubborn)
}))

export const jobs: Scenario = {
  name: "jobs",
  worker: () => import("../fixtures/jobs.worker.ts"),
  program
}
