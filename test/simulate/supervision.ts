/** Actors that crash, on threads that die: one incarnation at a time, none of which serves after the next one was built. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor, ActorThread } from "shared-nothing"
import { Invariant, Simulation } from "shared-nothing/testing"
import { at, onThreads, type Scenario } from "./scenario.ts"

const Fragile = Actor.make("Fragile", [
  Rpc.make("Work", { payload: { millis: Schema.Int }, success: Schema.Int }),
  Rpc.make("Die")
])

/** One incarnation, of one incarnation of its thread. */
interface Life {
  readonly thread: object
  readonly number: number
  isOver: boolean
}

const living = new Map<string, Life>()
let builds = 0
let wrong = ""

const FragileLive = Layer.unwrap(Effect.sync(() => {
  const thread = {}
  return Fragile.toLayer(
    Effect.gen(function*() {
      const { key } = yield* Actor.CurrentActor
      const before = living.get(key)
      if (before?.thread === thread && !before.isOver) {
        wrong = `${key} was built while incarnation ${before.number} lives`
      }
      const life: Life = { thread, number: ++builds, isOver: false }
      living.set(key, life)
      yield* Effect.addFinalizer(() =>
        Effect.sync(() => {
          life.isOver = true
        })
      )
      if ((yield* Simulation.draw(6)) === 5) yield* Effect.sleep(20)
      const serve = Effect.sync(() => {
        if (life.isOver) wrong = `${key} serves in incarnation ${life.number}, which is over`
        if (living.get(key) !== life) wrong = `${key} serves in incarnation ${life.number}, and there is another`
        return life.number
      })
      return Fragile.of({
        Work: ({ millis }) => Effect.andThen(serve, Effect.andThen(Effect.sleep(millis), serve)),
        Die: () => Effect.andThen(serve, Effect.die(new Error("it was told to")))
      })
    }),
    { supervision: { intensity: { restarts: 1_000_000, within: "1 minute" } } }
  )
}))

const setUp = Effect.gen(function*() {
  living.clear()
  builds = 0
  wrong = ""
  yield* Invariant.always("never two incarnations", () => wrong === "")
  return yield* Effect.forEach([0, 1, 2], (i) => Fragile.spawn(`f${i}`, at(i % 2)))
})

const program = Effect.fnUntraced(function*(refs: Effect.Success<typeof setUp>) {
  const client = Effect.gen(function*() {
    for (let left = yield* Simulation.draw(10); left > 0; left--) {
      const ref = refs[yield* Simulation.draw(refs.length)]!
      if ((yield* Simulation.draw(3)) === 2) yield* Effect.exit(ref.tell.Die())
      else yield* Effect.exit(ref.ask.Work({ millis: yield* Simulation.draw(30) }, { timeout: "1 second" }))
    }
  })
  yield* Effect.all(Array.from({ length: 1 + (yield* Simulation.draw(4)) }, () => client), { concurrency: "unbounded" })
  yield* Simulation.converge()
  // They come back, each with its place.
  for (const ref of refs) {
    yield* Effect.retry(ref.ask.Work({ millis: 0 }, { timeout: "1 second" }), {
      times: 600,
      while: () => Effect.as(Effect.sleep("100 millis"), true)
    })
  }
  yield* Invariant.sometimes("an actor is built again", builds > refs.length)
})

export const supervision: Scenario = {
  name: "supervision",
  worker: () => ActorThread.launch(FragileLive),
  program: onThreads(2, setUp, program)
}
