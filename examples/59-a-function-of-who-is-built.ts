/**
 * A behaviour is a function of who is built: its key, its incarnation, the reference of the actor itself. It needs no fiber to be built, so actors come
 * up fastest this way. A service of the program is asked for once, around the layer, and not by each actor.
 *
 * Output:
 *
 *     tea: 3, 2, 1, done
 *     eggs: 5, 4, 3, 2, 1, done
 */
import * as Console from "effect/Console"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor, ActorSystem } from "shared-nothing"

/** How long things take in this kitchen. */
class Recipes extends Context.Service<Recipes, Readonly<Record<string, number>>>()("kitchen/Recipes") {}

const Timer = Actor.make("Timer", [
  Rpc.make("Count"),
  Rpc.make("Counted", { success: Schema.String })
])

const TimerLive = Layer.unwrap(Effect.map(Recipes, (recipes) =>
  Timer.toLayer(({ key, self }) => {
    let left = recipes[key] ?? 0
    let counted = `${key}:`
    return Timer.of({
      Count: () => {
        counted += left === 0 ? " done" : ` ${left},`
        // What an actor tells itself waits in its mailbox, behind what is there.
        return left-- === 0 ? Effect.void : Effect.orDie(self.tell.Count())
      },
      Counted: () => Effect.succeed(counted)
    })
  })))

const count = Effect.fnUntraced(function*(timer: Actor.Ref<typeof Timer>) {
  yield* timer.tell.Count()
  yield* Console.log(yield* Effect.repeat(timer.ask.Counted(), { until: (counted) => counted.endsWith("done") }))
})

const program = Effect.gen(function*() {
  yield* count(yield* Timer.spawn("tea"))
  yield* count(yield* Timer.spawn("eggs"))
})

const Local = TimerLive.pipe(
  Layer.provide(Layer.succeed(Recipes, { tea: 3, eggs: 5 })),
  Layer.provideMerge(ActorSystem.layer)
)

await Effect.runPromise(program.pipe(Effect.scoped, Effect.provide(Local)))
