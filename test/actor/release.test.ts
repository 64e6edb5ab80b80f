/** An incarnation that crashes and whose finalizers do not come to their end. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { Actor, ActorSystem, ExitReason } from "shared-nothing"
import { settle } from "../contract/eventually.ts"

const Lock = Actor.make("Lock", [Rpc.make("Crash"), Rpc.make("Held", { success: Schema.Int })])

const staged = <A, E>(
  body: (gate: Deferred.Deferred<void>) => Effect.Effect<A, E, ActorSystem.ActorSystem | Scope.Scope>
) =>
  Effect.gen(function*() {
    const gate = yield* Deferred.make<void>()
    let held = 0
    const live = Lock.toLayer(Effect.gen(function*() {
      yield* Effect.acquireRelease(Effect.sync(() => held++), () =>
        Effect.andThen(Deferred.await(gate), Effect.sync(() => held--)))
      return Lock.of({
        Crash: () =>
          Effect.die(new Error("boom")),
        Held: () => Effect.sync(() => held)
      })
    }))
    return yield* Effect.scoped(Effect.ensuring(body(gate), Deferred.succeed(gate, undefined))).pipe(
      Effect.provide(live.pipe(Layer.provideMerge(ActorSystem.layer), Layer.provideMerge(Logger.layer([]))))
    )
  })

describe("a crash whose finalizer", () => {
  it.effect("takes its time is followed by the next incarnation, once what was held is free", () =>
    staged((gate) =>
      Effect.gen(function*() {
        const lock = yield* Lock.spawn("a")
        yield* Effect.exit(lock.ask.Crash())
        yield* TestClock.adjust("4 seconds")
        assert.strictEqual((yield* Effect.flip(lock.ask.Held()))._tag, "ActorRestarting")
        yield* Deferred.succeed(gate, undefined)
        yield* settle
        yield* TestClock.adjust("1 minute")
        assert.strictEqual(yield* lock.ask.Held(), 1)
      })
    ))

  it.effect("never ends ends the actor: who waits is told why, and the name stays taken", () =>
    staged((gate) =>
      Effect.gen(function*() {
        const scope = yield* Scope.make()
        const lock = yield* Effect.provideService(Lock.spawn("a"), Scope.Scope, scope)
        yield* Effect.exit(lock.ask.Crash())
        yield* TestClock.adjust("4 seconds")
        assert.strictEqual((yield* Effect.flip(lock.ask.Held()))._tag, "ActorRestarting")
        yield* TestClock.adjust("1 second")
        const error = yield* Effect.flip(lock.ask.Held())
        assert.strictEqual(error._tag, "ActorStopped")
        assert.match(
          error._tag === "ActorStopped" ? ExitReason.render(error.reason) : "",
          /^crashed: Error: boom; and what it held could not be released$/
        )
        assert.strictEqual((yield* Effect.flip(Effect.scoped(Lock.spawn("a"))))._tag, "NameTaken")
        const closing = yield* Effect.forkChild(Scope.close(scope, yield* Effect.exit(Effect.void)), {
          startImmediately: true
        })
        yield* TestClock.adjust("5 seconds")
        yield* Fiber.join(closing)
        yield* Deferred.succeed(gate, undefined)
        yield* settle
        yield* Effect.scoped(Lock.spawn("a"))
      })
    ))
})
