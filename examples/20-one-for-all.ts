/**
 * A connection that two actors share: when one of them finds it broken, all three go down together and come up on a new one.
 *
 * Output:
 *
 *     connection 1 opened
 *     the reader is on 1, the writer on 1
 *     the writer finds it broken
 *     connection 1 closed
 *     connection 2 opened
 *     the reader is on 2, the writer on 2
 *     connection 2 closed
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as References from "effect/References"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor, ActorSystem, Child, Supervisor } from "shared-nothing"

let opened = 0
let current = 0

const Connection = Layer.effectDiscard(Effect.acquireRelease(
  Effect.suspend(() => {
    current = ++opened
    return Effect.as(Console.log(`connection ${current} opened`), current)
  }),
  (connection) => Console.log(`connection ${connection} closed`)
))

const messages = [Rpc.make("Which", { success: Schema.Int }), Rpc.make("Break")] as const
const Reader = Actor.make("Reader", messages)
const Writer = Actor.make("Writer", messages)

// Each incarnation takes the connection that is open when it is built.
const handlers = Effect.sync(() => {
  const connection = current
  return { Which: () => Effect.succeed(connection), Break: () => Effect.die(new Error("broken pipe")) }
})

const TheReader = Child.actor(Reader, "main")
const TheWriter = Child.actor(Writer, "main")

// Closed from the last to the first, built again from the first to the last.
const Store = Supervisor.layer("store", {
  strategy: "one-for-all",
  intensity: { restarts: 3, within: "1 minute" },
  children: [Child.layer("connection", Connection), TheReader, TheWriter]
})

const show = Effect.gen(function*() {
  const store = yield* Supervisor.Supervisor
  const reader = yield* store.get(TheReader)
  const writer = yield* store.get(TheWriter)
  yield* Console.log(`the reader is on ${yield* reader.ask.Which()}, the writer on ${yield* writer.ask.Which()}`)
  return writer
})

const program = Effect.gen(function*() {
  const store = yield* Supervisor.Supervisor
  const writer = yield* show
  yield* Console.log("the writer finds it broken")
  yield* writer.tell.Break()
  const isUpAgain = Effect.map(store.child("connection"), ({ restarts }) => restarts === 1)
  yield* Effect.repeat(Effect.andThen(Effect.sleep("5 millis"), isUpAgain), { until: (isUp) => isUp })
  yield* Effect.retry(show, { while: () => Effect.as(Effect.sleep("5 millis"), true) })
})

const Behaviours = Layer.mergeAll(
  Reader.toLayer(Effect.map(handlers, Reader.of)),
  Writer.toLayer(Effect.map(handlers, Writer.of))
)
const System = Behaviours.pipe(Layer.provideMerge(ActorSystem.layer))
await Effect.runPromise(program.pipe(
  Effect.provide(Store.pipe(Layer.provideMerge(System))),
  Effect.provideService(References.MinimumLogLevel, "None")
))
