/**
 * A database that is asked before it is connected: what comes too early is put off, the connection is made beside the messages, and from then on the
 * actor has other handlers.
 *
 * Output:
 *
 *     select 3: there are too many who wait
 *     connection 1 failed: no route
 *     connected at attempt 2
 *     select 1: a row
 *     select 2: a row
 *     select 4: a row
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor, ActorSystem } from "shared-nothing"

class Busy extends Schema.TaggedError<Busy>("app/Busy")("Busy", {}) {}

class Unreachable extends Schema.TaggedError<Unreachable>("app/Unreachable")("Unreachable", { why: Schema.String }) {}

const Database = Actor.make("Database", [
  Rpc.make("Query", { payload: { sql: Schema.String }, success: Schema.String, error: Busy }),
  /** How an attempt to connect has ended. */
  Rpc.make("Attempted", {
    payload: { attempt: Schema.Int, exit: Schema.Exit(Schema.Void, Unreachable, Schema.Defect()) }
  })
])

const connect = (attempt: number) =>
  Effect.andThen(Effect.sleep("20 millis"), attempt === 1 ? new Unreachable({ why: "no route" }) : Effect.void)

const DatabaseLive = Database.toLayer(Effect.gen(function*() {
  const stash = yield* Database.stash({ capacity: 2 })
  const pipeToSelf = yield* Database.pipeToSelf
  const become = yield* Database.become

  const attempt = (n: number) => pipeToSelf.Attempted(connect(n), (exit) => ({ attempt: n, exit }))

  const connected: Actor.Handlers<typeof Database> = {
    Query: ({ sql }) => Effect.succeed(`${sql}: a row`),
    Attempted: () => Effect.void
  }

  const connecting: Actor.Handlers<typeof Database> = {
    // Nobody is answered yet. Whoever finds no room is told so, in the terms of the protocol.
    Query: () => Effect.catchTag(stash.put, "StashFull", () => new Busy()),
    Attempted: ({ attempt: n, exit }) =>
      Exit.match(exit, {
        onSuccess: () =>
          Effect.andThen(Console.log(`connected at attempt ${n}`), Effect.andThen(become(connected), stash.unstashAll)),
        onFailure: () => Effect.andThen(Console.log(`connection ${n} failed: no route`), attempt(n + 1))
      })
  }

  yield* attempt(1)
  return connecting
}))

const program = Effect.gen(function*() {
  const database = yield* Database.spawn("main")
  const query = (sql: string) =>
    database.ask.Query({ sql }).pipe(
      Effect.catchTag("Busy", () => Effect.succeed(`${sql}: there are too many who wait`)),
      Effect.flatMap(Console.log)
    )
  const early = yield* Effect.forEach(
    ["select 1", "select 2", "select 3"],
    (sql) => Effect.forkChild(query(sql), { startImmediately: true })
  )
  yield* Effect.forEach(early, Fiber.join)
  yield* query("select 4")
})

await Effect.runPromise(program.pipe(
  Effect.scoped,
  Effect.provide(DatabaseLive.pipe(Layer.provideMerge(ActorSystem.layer)))
))
