/**
 * A crash costs an actor its private state and nothing else: the next incarnation finds the messages that waited, in
 * order. One crash more than the intensity allows ends it for good.
 *
 * Output:
 *
 *     incarnation 1 counts 2
 *     the asker got the defect: out of fuel
 *     incarnation 2 counts 10
 *     the asker got the defect: out of fuel
 *     incarnation 3 counts 0
 *     system (supervisor) running
 *     └─ Counter (supervisor) running, 2 restarts
 *        └─ a (actor) running, 2 restarts
 *     the asker got the defect: out of fuel
 *     ActorStopped: more than 2 restarts within 5000 ms; the last after Error: out of fuel
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as References from "effect/References"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor, ActorSystem, ExitReason, Tree } from "shared-nothing"

const Counter = Actor.make("Counter", [
  Rpc.make("Increment", { payload: { by: Schema.Int } }),
  Rpc.make("Get", { success: Schema.Struct({ incarnation: Schema.Int, count: Schema.Int }) }),
  Rpc.make("Crash")
])

const CounterLive = Counter.toLayer(
  ({ incarnation }) => {
    let count = 0
    return Counter.of({
      Increment: ({ by }) => Effect.sync(() => void (count += by)),
      Get: () => Effect.sync(() => ({ incarnation, count })),
      Crash: () => Effect.andThen(Effect.yieldNow, Effect.die(new Error("out of fuel")))
    })
  },
  { supervision: { intensity: { restarts: 2, within: "5 seconds" } } }
)

type CounterRef = typeof Counter.ref.Type

const report = Effect.fnUntraced(function*(counter: CounterRef) {
  const { count, incarnation } = yield* counter.ask.Get()
  yield* Console.log(`incarnation ${incarnation} counts ${count}`)
})

const crash = (counter: CounterRef) =>
  Effect.catchDefect(
    counter.ask.Crash(),
    (defect) => Console.log(`the asker got the defect: ${(defect as Error).message}`)
  )

const program = Effect.gen(function*() {
  const counter = yield* Counter.spawn("a")
  yield* counter.tell.Increment({ by: 2 })
  yield* report(counter)

  const crashing = yield* Effect.forkChild(crash(counter), { startImmediately: true })
  yield* counter.tell.Increment({ by: 10 }) // waits in the mailbox while the actor crashes
  yield* Effect.andThen(Fiber.join(crashing), report(counter))

  yield* Effect.andThen(crash(counter), report(counter))
  yield* Console.log(Tree.render(yield* ActorSystem.tree))

  yield* crash(counter)
  yield* Effect.catchTag(
    report(counter),
    "ActorStopped",
    ({ _tag, reason }) => Console.log(`${_tag}: ${ExitReason.render(reason)}`)
  )
})

await Effect.runPromise(program.pipe(
  Effect.scoped,
  Effect.provide(CounterLive.pipe(Layer.provideMerge(ActorSystem.layer))),
  // The system logs each restart as a warning and the end as an error, with their causes; here the output tells of them.
  Effect.provideService(References.MinimumLogLevel, "None")
))
