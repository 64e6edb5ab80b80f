/**
 * A dispatcher that watches its workers: the end of one is a message of its own protocol, with the reason. To its journal it is
 * linked: it ends when that fails.
 *
 * Output:
 *
 *     hired: ada, grace, joan
 *     lost ada: crashed: Error: the disk is full
 *     grace has left, and nobody is told
 *     joan has ended: its scope was closed
 *     on duty: nobody
 *     the dispatcher has ended: Journal/main, which it was linked to, has ended: crashed: Error: no room
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as References from "effect/References"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import { Actor, ActorSystem, ExitReason } from "shared-nothing"

const Worker = Actor.make("Worker", [Rpc.make("Fail")])
const WorkerLive = Worker.toLayer(
  Effect.succeed(Worker.of({ Fail: () => Effect.die(new Error("the disk is full")) })),
  { supervision: { restart: "temporary" } }
)

const Journal = Actor.make("Journal", [Rpc.make("Fail")])
const JournalLive = Journal.toLayer(
  Effect.succeed(Journal.of({ Fail: () => Effect.die(new Error("no room")) })),
  { supervision: { restart: "temporary" } }
)

const Dispatcher = Actor.make("Dispatcher", [
  Rpc.make("Use", { payload: { journal: Journal.ref } }),
  Rpc.make("Hire", { payload: { worker: Worker.ref } }),
  Rpc.make("Release", { payload: { worker: Worker.ref } }),
  Rpc.make("OnDuty", { success: Schema.Array(Schema.String) }),
  // What it is told of an end: whatever it wants to know of that.
  Rpc.make("Gone", { payload: { name: Schema.String, reason: ExitReason.ExitReason } })
])
const DispatcherLive = Dispatcher.toLayer(Effect.gen(function*() {
  const { link, unwatch, watch } = yield* Dispatcher.watcher
  const onDuty = new Map<string, Actor.Ref<typeof Worker>>()
  return Dispatcher.of({
    Use: ({ journal }) => link(journal),
    Hire: ({ worker }) => {
      onDuty.set(worker.key, worker)
      return watch.Gone(worker, ({ reason, ref }) => ({ name: ref.key, reason }))
    },
    Release: ({ worker }) => {
      onDuty.delete(worker.key)
      return unwatch(worker)
    },
    OnDuty: () => Effect.sync(() => Array.from(onDuty.keys())),
    Gone: ({ name, reason }) => {
      onDuty.delete(name)
      return ExitReason.isFailure(reason)
        ? Console.log(`lost ${name}: ${ExitReason.render(reason)}`)
        : Console.log(`${name} has ended: ${ExitReason.render(reason)}`)
    }
  })
}))

const program = Effect.gen(function*() {
  const dispatcher = yield* Dispatcher.spawn("main")
  const [adas, graces, joans] = [yield* Scope.make(), yield* Scope.make(), yield* Scope.make()]
  const ada = yield* Scope.provide(Worker.spawn("ada"), adas)
  const grace = yield* Scope.provide(Worker.spawn("grace"), graces)
  const joan = yield* Scope.provide(Worker.spawn("joan"), joans)
  for (const worker of [ada, grace, joan]) yield* dispatcher.ask.Hire({ worker })
  yield* Console.log(`hired: ${(yield* dispatcher.ask.OnDuty()).join(", ")}`)

  yield* ada.tell.Fail()
  // Whoever is no actor waits for an end.
  yield* ada.down
  yield* dispatcher.ask.OnDuty()

  yield* dispatcher.ask.Release({ worker: grace })
  yield* Scope.close(graces, Exit.void)
  yield* Console.log("grace has left, and nobody is told")

  yield* Scope.close(joans, Exit.void)
  const left = yield* dispatcher.ask.OnDuty()
  yield* Console.log(`on duty: ${left.length === 0 ? "nobody" : left.join(", ")}`)

  const journal = yield* Journal.spawn("main")
  yield* dispatcher.ask.Use({ journal })
  yield* journal.tell.Fail()
  const { reason } = yield* dispatcher.down
  yield* Console.log(`the dispatcher has ended: ${ExitReason.render(reason)}`)
})

const Local = Layer.mergeAll(WorkerLive, JournalLive, DispatcherLive).pipe(Layer.provideMerge(ActorSystem.layer))
await Effect.runPromise(program.pipe(
  Effect.scoped,
  Effect.provide(Local),
  // That ada has ended by a crash is logged, as an error.
  Effect.provideService(References.MinimumLogLevel, "Fatal")
))
