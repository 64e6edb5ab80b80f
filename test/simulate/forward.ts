/** Messages that are handed on, while the threads of all three die: who asks has its own answer, once, or is told why not, and nothing is left at work for nobody. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { ActorControl, ActorError, ActorThread } from "shared-nothing"
import { Invariant, Simulation } from "shared-nothing/testing"
import { Behaviours, Desk, Front } from "../fixtures/forward.ts"
import { at, onThreads, type Scenario } from "./scenario.ts"

const brief = { timeout: "1 second" } as const

const setUp = Effect.gen(function*() {
  const desks = yield* Effect.forEach([0, 1], (i) => Desk.spawn(`d${i}`, at(i)))
  const fronts = yield* Effect.forEach([0, 1], (i) => Front.spawn(`f${i}`, at(i)))
  for (const front of fronts) yield* front.ask.Use({ desk: desks[1]! })
  return { desks, fronts }
})

const program = Effect.fnUntraced(function*({ desks, fronts }: Effect.Success<typeof setUp>) {
  const outcomes = new Set<string>()
  let asked = 0
  const client = Effect.gen(function*() {
    for (let left = yield* Simulation.draw(14); left > 0; left--) {
      const front = fronts[yield* Simulation.draw(2)]!
      switch (yield* Simulation.draw(6)) {
        case 0:
          yield* Effect.exit(front.ask.Use({ desk: desks[yield* Simulation.draw(2)]! }, brief))
          break
        case 1: {
          const asking = yield* Effect.forkChild(front.ask.Block(brief))
          yield* Effect.sleep(yield* Simulation.draw(20))
          yield* Fiber.interrupt(asking)
          break
        }
        default: {
          const key = `k${++asked}`
          const ask = (yield* Simulation.draw(2)) === 0
            ? front.ask.Find({ key }, brief)
            : front.ask.Later({ key }, brief)
          const exit = yield* Effect.exit(ask)
          if (Exit.isSuccess(exit) && exit.value !== `found ${key}`) {
            return yield* Effect.die(new Error(`${key} was answered with ${exit.value}`))
          }
          const [reason] = Exit.isSuccess(exit) ? [] : exit.cause.reasons
          if (reason?._tag !== "Fail") outcomes.add(Exit.isSuccess(exit) ? "answered" : "died")
          else if (!ActorError.isActorError(reason.error)) return yield* Effect.die(reason.error)
          else outcomes.add(reason.error.actor.startsWith("Desk") ? "desk" : "front")
        }
      }
    }
  })
  yield* Effect.all(Array.from({ length: 1 + (yield* Simulation.draw(3)) }, () => client), { concurrency: "unbounded" })
  yield* Simulation.converge()
  yield* Effect.sleep("1 minute")
  for (const actor of [...desks, ...fronts]) {
    const { status } = yield* ActorControl.ping(actor)
    if (status !== "idle") return yield* Effect.die(new Error(`${actor.toString()} is ${status} for nobody`))
  }
  for (const [i, front] of fronts.entries()) {
    yield* front.ask.Use({ desk: desks[1 - i]! })
    const text = yield* front.ask.Find({ key: "last" })
    if (text !== "found last") return yield* Effect.die(new Error(`${front.toString()} answers ${text}`))
  }
  yield* Invariant.sometimes("who asks is answered", outcomes.has("answered"))
  yield* Invariant.sometimes("the one in between is lost", outcomes.has("front"))
  yield* Invariant.sometimes("the other one is lost", outcomes.has("desk"))
})

export const forward: Scenario = {
  name: "forward",
  worker: () => ActorThread.launch(Behaviours),
  program: onThreads(2, setUp, program)
}
