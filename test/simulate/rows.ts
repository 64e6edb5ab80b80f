/**
 * Streams of a pool whose workers come and go, with readers that go too: in order, each element once, none behind the end, and in the end nothing is held
 * for a reader that has gone.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { Pool } from "shared-nothing"
import { Fault, Invariant, Simulation } from "shared-nothing/testing"
import { reset, Rows } from "../fixtures/rows.ts"
import { noThread, type Scenario } from "./scenario.ts"

const forever = { timeout: "Infinity" } as const

const program = Effect.scoped(Effect.gen(function*() {
  reset()
  const threads = 1 + (yield* Simulation.draw(3))
  const rows = yield* Fault.calm(Pool.make(Rows, {
    spawn: noThread,
    threads,
    queue: { capacity: yield* Simulation.pick([16, 1, 3]) },
    arena: { capacityBytes: 65_536 },
    grace: "50 millis",
    intensity: { restarts: 1_000_000, within: "1 minute" }
  }))
  let isLost = false
  let isWhole = false
  const wrong = (what: string) => Effect.die(new Error(what))

  const read = (to: number, most: number) =>
    Effect.gen(function*() {
      let next = 1
      const chunk = 1 + (yield* Simulation.draw(5))
      const bufferSize = 1 + (yield* Simulation.draw(6))
      const taken = Stream.take(rows.ask.Count({ to, chunk }, { bufferSize, ...forever }), most)
      const exit = yield* Effect.exit(Stream.runForEach(taken, (n) =>
        Effect.gen(function*() {
          if (n !== next++) return yield* wrong(`the element ${n} has come where ${next - 1} was due`)
          if ((yield* Simulation.draw(8)) === 7) yield* Effect.sleep(yield* Simulation.draw(30))
        })))
      if (Exit.isFailure(exit)) {
        const [reason] = exit.cause.reasons
        if (reason?._tag === "Fail" && /^(ThreadLost|StreamBroken)$/.test(reason.error._tag)) isLost = true
        else return yield* exit
      } else if (next !== Math.min(to, most) + 1) return yield* wrong(`a stream has ended in front of ${next}`)
      else isWhole = true
    })

  const client = Effect.gen(function*() {
    for (let left = 6; left > 0; left--) {
      const to = yield* Simulation.draw(30)
      switch (yield* Simulation.draw(6)) {
        case 0: {
          const fiber = yield* Effect.forkChild(Effect.exit(Stream.runDrain(rows.ask.Tick({ millis: 4 }, forever))))
          yield* Effect.sleep(yield* Simulation.draw(20))
          yield* Fiber.interrupt(fiber)
          break
        }
        case 1:
          yield* read(to, yield* Simulation.draw(10))
          break
        case 2:
          yield* Effect.exit(rows.ask.Crash(forever))
          break
        case 3:
          yield* Effect.exit(rows.ask.Sum({ to }, forever))
          break
        default:
          yield* read(to, to)
      }
    }
  })

  yield* Effect.all([client, client, client], { concurrency: "unbounded" })
  yield* Simulation.converge()
  while ((yield* rows.depth) > 0) yield* Effect.sleep(10)
  yield* read(20, 20)
  if (!isWhole) return yield* wrong("no stream has come to its end")
  yield* Invariant.sometimes("a stream is lost with its worker", isLost)
}))

export const rows: Scenario = {
  name: "rows",
  worker: () => import("../fixtures/rows.worker.ts"),
  program
}
