/**
 * One tree over a layer, actors and a supervisor of sessions: what is built on something that fails goes down and comes up with it.
 *
 * Output:
 *
 *     bank (supervisor) running
 *     ├─ journal (layer) running
 *     ├─ Registry/main (actor) running
 *     ├─ partitions (supervisor) running
 *     │  ├─ Partition/p0 (actor) running
 *     │  └─ Partition/p1 (actor) running
 *     └─ sessions (supervisor) running
 *        └─ ada (effect) running
 *     the registry crashes
 *     p0 is a new one, and empty
 *     sessions: 0
 *     stopped in order: registry closed, journal closed
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as References from "effect/References"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor, ActorSystem, Child, Supervisor, Tree } from "shared-nothing"

const closed: Array<string> = []
const onClose = (name: string) => Effect.addFinalizer(() => Effect.sync(() => closed.push(`${name} closed`)))

const Registry = Actor.make("Registry", [Rpc.make("Crash")])
const RegistryLive = Registry.toLayer(
  Effect.as(onClose("registry"), Registry.of({ Crash: () => Effect.die("out of luck") }))
)

const Partition = Actor.make("Partition", [
  Rpc.make("Put", { payload: { key: Schema.String } }),
  Rpc.make("Size", { success: Schema.Int })
])
const PartitionLive = Partition.toLayer(() => {
  const keys = new Set<string>()
  return Partition.of({
    Put: ({ key }) => Effect.sync(() => void keys.add(key)),
    Size: () => Effect.succeed(keys.size)
  })
})

const P0 = Child.actor(Partition, "p0")
const Main = Child.actor(Registry, "main")
const Partitions = Child.supervisor("partitions", {
  strategy: "one-for-one",
  children: [P0, Child.actor(Partition, "p1")]
})
const Sessions = Child.dynamic("sessions", { maxChildren: 10_000 })

// Each is built on what stands above it: when the registry fails, partitions and sessions go down and come up with it.
const Bank = Supervisor.layer("bank", {
  strategy: "rest-for-one",
  intensity: { restarts: 5, within: "1 minute" },
  children: [Child.layer("journal", Layer.effectDiscard(onClose("journal"))), Main, Partitions, Sessions]
})

const program = Effect.gen(function*() {
  const bank = yield* Supervisor.Supervisor
  const sessions = yield* bank.get(Sessions)
  yield* sessions.startChild(Child.effect("ada", Effect.never, { restart: "temporary" }))
  yield* Console.log(Tree.render(yield* bank.tree))

  const p0 = yield* Effect.flatMap(bank.get(Partitions), (partitions) => partitions.get(P0))
  yield* p0.tell.Put({ key: "a" })
  const registry = yield* bank.get(Main)
  yield* Console.log("the registry crashes")
  yield* registry.tell.Crash()
  const isUpAgain = Effect.map(bank.child("sessions"), ({ restarts, status }) => restarts === 1 && status === "running")
  yield* Effect.repeat(Effect.andThen(Effect.sleep("5 millis"), isUpAgain), { until: (isUp) => isUp })

  const again = yield* Effect.flatMap(bank.get(Partitions), (partitions) => partitions.get(P0))
  yield* Console.log((yield* again.ask.Size()) === 0 ? "p0 is a new one, and empty" : "p0 has kept its state")
  yield* Console.log(`sessions: ${(yield* Effect.flatMap(bank.get(Sessions), ({ count }) => count)).specs}`)
  closed.length = 0
})

const System = Layer.mergeAll(RegistryLive, PartitionLive).pipe(Layer.provideMerge(ActorSystem.layer))
await Effect.runPromise(program.pipe(
  Effect.provide(Bank.pipe(Layer.provideMerge(System))),
  Effect.provideService(References.MinimumLogLevel, "Error")
))
console.log(`stopped in order: ${closed.join(", ")}`)
