/** Actors that are spoken to by adapters, from other threads, while all of these die: who asks has its own answer or is told why not, and nothing is left at work for nobody. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import { type Actor, ActorControl, ActorError, ActorThread } from "shared-nothing"
import { Invariant, Simulation } from "shared-nothing/testing"
import { Behaviours, Job, Printer, type Printing, Refused } from "../fixtures/adapters.ts"
import { at, onThreads, type Scenario } from "./scenario.ts"

const brief = { timeout: "1 second" } as const

const setUp = Effect.gen(function*() {
  const jobs = yield* Effect.forEach([0, 1], (i) => Job.spawn(`j${i}`, at(i)))
  const printers = yield* Effect.forEach([0, 1], (i) => Printer.spawn(`p${i}`, at(1 - i)))
  return { jobs, printers }
})

const program = Effect.fnUntraced(function*({ jobs, printers }: Effect.Success<typeof setUp>) {
  const seen = { answered: false, refused: false, ended: false, lost: false, printed: false }
  /** The last adapter that each of them has given away, of whatever incarnation. */
  const given: Array<Actor.Ref<typeof Printing> | undefined> = [undefined, undefined]

  const look = (exit: Exit.Exit<number, unknown>, page: number) =>
    Effect.suspend(() => {
      if (Exit.isSuccess(exit)) {
        seen.answered = true
        return exit.value === page + 1 ? Effect.void : Effect.die(new Error(`${page} was answered with ${exit.value}`))
      }
      const [reason] = exit.cause.reasons
      if (reason?._tag !== "Fail") return Effect.void
      const { error } = reason
      seen.refused ||= error instanceof Refused
      seen.ended ||= error instanceof ActorError.ActorStopped
      seen.lost ||= error instanceof ActorError.ThreadLost
      return error instanceof Refused || ActorError.isActorError(error) ? Effect.void : Effect.die(error)
    })

  const client = Effect.gen(function*() {
    for (let left = 2 + (yield* Simulation.draw(12)); left > 0; left--) {
      const which = yield* Simulation.draw(2)
      const job = jobs[which]!
      const printer = printers[yield* Simulation.draw(2)]!
      if (given[which] === undefined || (yield* Simulation.draw(3)) === 0) {
        const handed = yield* Effect.option(job.ask.Hand(brief))
        if (Option.isSome(handed)) given[which] = handed.value
      }
      const by = given[which]
      if (by === undefined) continue
      const page = yield* Simulation.pick([0, 1, 2, 3, 13, -1])
      switch (yield* Simulation.draw(4)) {
        case 0:
          yield* look(yield* Effect.exit(by.ask.More({ page }, brief)), page)
          break
        case 1:
          yield* look(yield* Effect.exit(printer.ask.Ask({ page, by }, brief)), page)
          break
        case 2: {
          const asking = yield* Effect.forkChild(Effect.exit(by.ask.More({ page }, brief)))
          yield* Effect.sleep(yield* Simulation.draw(20))
          yield* Fiber.interrupt(asking)
          break
        }
        default: {
          const exit = yield* Effect.exit(printer.ask.Print({ pages: 1 + (yield* Simulation.draw(5)), by, job }, brief))
          seen.printed ||= Exit.isSuccess(exit)
        }
      }
    }
  })
  yield* Effect.all(Array.from({ length: 1 + (yield* Simulation.draw(3)) }, () => client), { concurrency: "unbounded" })
  yield* Simulation.converge()
  yield* Effect.sleep("1 minute")
  for (const [i, job] of jobs.entries()) {
    const { status } = yield* ActorControl.ping(job)
    if (status !== "idle") return yield* Effect.die(new Error(`${job.toString()} is ${status} for nobody`))
    const by = yield* job.ask.Hand()
    const more = yield* by.ask.More({ page: 40 + i })
    if (more !== 41 + i) return yield* Effect.die(new Error(`${job.toString()} answers ${more}`))
  }
  yield* Invariant.sometimes("who asks by an adapter is answered", seen.answered)
  yield* Invariant.sometimes("who asks by an adapter has the declared error", seen.refused)
  yield* Invariant.sometimes("an adapter has ended with its incarnation", seen.ended)
  yield* Invariant.sometimes("an adapter is lost with its thread", seen.lost)
  yield* Invariant.sometimes("a printer tells by an adapter of another thread", seen.printed)
})

export const adapters: Scenario = {
  name: "adapters",
  worker: () => ActorThread.launch(Behaviours),
  program: onThreads(2, setUp, program)
}
