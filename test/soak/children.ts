/**
 * Many actors under one dynamic supervisor: what starting them costs, in time and bytes, what the death of their thread does, and how long a graceful
 * stop takes. `node --conditions=source --expose-gc test/soak/children.ts --children 100000`, with `--local` on this thread alone.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import { parseArgs } from "node:util"
import { isMainThread, Worker } from "node:worker_threads"
import { Actor, ActorSystem, ActorThread, Child, Supervisor } from "shared-nothing"

const Session = Actor.make("Session", [
  Rpc.make("Count", { success: Schema.Int }),
  Rpc.make("Exit")
])

const SessionLive = Session.toLayer(Effect.sync(() => {
  let count = 0
  return Session.of({ Count: () => Effect.sync(() => ++count), Exit: () => Effect.sync(() => process.exit(1)) })
}))

const { values } = parseArgs({
  options: { children: { type: "string", default: "100000" }, local: { type: "boolean", default: false } }
})
const many = Number(values.children)

const say = (what: string, began: number, more = "") =>
  console.log(`${what.padEnd(34)} ${((performance.now() - began) / 1000).toFixed(2).padStart(7)} s ${more}`)

const bytes = (): number => {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed
}

const each = Effect.fnUntraced(
  function*(
    what: string,
    start: (key: string) => Effect.Effect<unknown, unknown, Scope.Scope | ActorSystem.ActorSystem>
  ) {
    const before = bytes()
    const began = performance.now()
    yield* Effect.forEach(Array.from({ length: many }, (_, i) => `${what}${i}`), start, {
      discard: true,
      concurrency: values.local ? 1 : 64
    })
    const micros = (performance.now() - began) * 1000 / many
    say(
      `${many} ${what} started`,
      began,
      `${micros.toFixed(1)} µs and ${((bytes() - before) / many).toFixed(0)} bytes each on this thread`
    )
  }
)

const program = Effect.gen(function*() {
  const plain = yield* Scope.make()
  yield* Scope.provide(each("actors", (key) => Session.spawn(key)), plain)
  let began = performance.now()
  yield* Scope.close(plain, Exit.void)
  say("their scope closed", began)

  const life = yield* Scope.make()
  const supervisor = yield* Scope.provide(
    Supervisor.dynamic("sessions", { intensity: { restarts: 1_000_000, within: "1 minute" } }),
    life
  )
  yield* each("children", (key) => supervisor.startChild(Child.actor(Session, key)))
  if (!values.local) {
    const first = Child.actor(Session, "children0")
    began = performance.now()
    yield* Effect.exit((yield* supervisor.get(first)).ask.Exit())
    say("a thread was killed", began)
    // Its children are on two threads in turn, and the death of theirs is a restart of each.
    const again = Effect.map(
      supervisor.children,
      (children) => children.filter(({ restarts, status }) => restarts === 1 && status === "running").length
    )
    // To look at all of them takes time that they need.
    while ((yield* again) < many / 2) yield* Effect.sleep("500 millis")
    say("its children are up again", began)
  }
  began = performance.now()
  yield* Scope.close(life, Exit.void)
  say("the supervisor stopped gracefully", began)
})

if (!isMainThread) ActorThread.launch(Layer.provideMerge(SessionLive, Logger.layer([])))
else {
  const system = values.local
    ? SessionLive.pipe(Layer.provideMerge(ActorSystem.layer))
    : ActorSystem.layerThreads({ spawn: () => new Worker(new URL(import.meta.url)), threads: 2 })
  await Effect.runPromise(Effect.scoped(program).pipe(Effect.provide(Layer.provideMerge(system, Logger.layer([])))))
}
