import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import { Actor, ActorSystem, Child, Supervisor } from "shared-nothing"
const Session = Actor.make("Session", [Rpc.make("Count", { success: Schema.Int })])
const SessionLive = Session.toLayer(Effect.sync(() => { let count = 0; return Session.of({ Count: () => Effect.sync(() => ++count) }) }))
const N = 20000
const cpu = () => { const { user, system } = process.cpuUsage(); return user + system }
await Effect.runPromise(Effect.scoped(Effect.gen(function*() {
  for (let round = 0; round < 5; round++) {
    const keys = Array.from({ length: N }, (_, i) => "c" + i)
    const a = yield* Scope.make()
    let began = cpu()
    for (const key of keys) yield* Scope.provide(Session.spawn(key), a)
    const actors = (cpu() - began) / N
    began = cpu()
    yield* Scope.close(a, Exit.void)
    const closed = (cpu() - began) / N
    const b = yield* Scope.make()
    const supervisor = yield* Scope.provide(Supervisor.dynamic("sessions", {}), b)
    began = cpu()
    for (const key of keys) yield* supervisor.startChild(Child.actor(Session, key))
    const children = (cpu() - began) / N
    began = cpu()
    yield* Scope.close(b, Exit.void)
    console.log(`actors ${actors.toFixed(1)} closed ${closed.toFixed(1)} children ${children.toFixed(1)} stopped ${((cpu() - began) / N).toFixed(1)} µs cpu`)
  }
})).pipe(Effect.provide(SessionLive.pipe(Layer.provideMerge(ActorSystem.layer), Layer.provideMerge(Logger.layer([]))))))
