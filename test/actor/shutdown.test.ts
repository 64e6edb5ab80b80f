/** The end in order, where something else happens at the same time; the plain rules are in the contract of actors. */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Rpc from "effect/rpc/Rpc"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { Actor, ActorError, ActorSystem } from "shared-nothing"
import { settle } from "../contract/eventually.ts"

const Clerk = Actor.make("Clerk", [
  Rpc.make("File", { payload: { n: Schema.Int } }),
  Rpc.make("Wait"),
  Rpc.make("Crash"),
  Rpc.make("Filed", { success: Schema.Array(Schema.Int) })
])

interface Desk {
  readonly filed: Array<string>
  readonly log: Array<string>
  readonly gate: Deferred.Deferred<void>
}

const layerOf = (desk: Desk, options?: Actor.BehaviourOptions) =>
  Clerk.toLayer(
    Effect.gen(function*() {
      const { key } = yield* Actor.CurrentActor
      const own: Array<number> = []
      return Clerk.of({
        File: ({ n }) => Effect.sync(() => void (own.push(n), desk.filed.push(`${key}${n}`))),
        Wait: () => Deferred.await(desk.gate),
        Crash: () => Effect.die("crash"),
        Filed: () => Effect.succeed(own)
      })
    }),
    options
  ).pipe(
    Layer.provideMerge(ActorSystem.layer),
    Layer.provideMerge(Logger.layer([Logger.make(({ message }) => void desk.log.push(String(message)))]))
  )

const atDesk = <A, E>(
  body: (desk: Desk) => Effect.Effect<A, E, ActorSystem.ActorSystem | Scope.Scope>,
  options?: Actor.BehaviourOptions
) =>
  Effect.suspend(() => {
    const desk: Desk = { filed: [], log: [], gate: Deferred.makeUnsafe() }
    return Effect.scoped(body(desk)).pipe(Effect.provide(layerOf(desk, options)))
  })

const closingOf = (life: Scope.Closeable) => Effect.forkChild(Scope.close(life, Exit.void), { startImmediately: true })
const spawnIn = (life: Scope.Scope, key: string, options?: ActorSystem.SpawnOptions) =>
  Scope.provide(Clerk.spawn(key, options), life)

describe("the end of an actor in order", () => {
  it.effect("is the default: no tell that was accepted is lost", () =>
    atDesk((desk) =>
      Effect.gen(function*() {
        const life = yield* Scope.make()
        const clerk = yield* spawnIn(life, "a")
        yield* clerk.tell.Wait()
        for (let n = 0; n < 10; n++) yield* clerk.tell.File({ n })
        const closing = yield* closingOf(life)
        yield* Deferred.succeed(desk.gate, undefined)
        yield* Fiber.join(closing)
        assert.strictEqual(desk.filed.length, 10)
        assert.deepStrictEqual(desk.log, [])
      })
    ))

  it.effect("takes as long as the slowest of a scope, counted from the first, and tells once of what was dropped", () =>
    atDesk((desk) =>
      Effect.gen(function*() {
        const life = yield* Scope.make()
        for (let n = 0; n < 10; n++) {
          const clerk = yield* spawnIn(life, `c${n}`)
          yield* clerk.tell.Wait()
          yield* clerk.tell.File({ n })
          yield* clerk.tell.File({ n })
        }
        yield* settle
        const closing = yield* closingOf(life)
        yield* TestClock.adjust("4999 millis")
        assert.isUndefined(closing.pollUnsafe())
        yield* TestClock.adjust("1 millis")
        yield* Fiber.join(closing)
        assert.strictEqual(desk.log.filter((line) => line.startsWith("2 messages were dropped")).length, 10)
        assert.strictEqual(yield* ActorSystem.droppedMessages, 20)
      })
    ))

  it.effect("waits for the restart of one that has something left, and not for that of one that has not", () =>
    atDesk((desk) =>
      Effect.gen(function*() {
        const lives = [yield* Scope.make(), yield* Scope.make()] as const
        const busy = yield* spawnIn(lives[0], "busy")
        const idle = yield* spawnIn(lives[1], "idle")
        yield* Effect.forEach([busy, idle], (clerk) => clerk.tell.Crash())
        yield* settle
        yield* busy.tell.File({ n: 1 })
        yield* Scope.close(lives[1], Exit.void)
        const closing = yield* closingOf(lives[0])
        yield* TestClock.adjust("1 second")
        yield* Fiber.join(closing)
        assert.deepStrictEqual(desk.filed, ["busy1"])
      }), { supervision: { backoff: Schedule.spaced("1 second") } }))

  it.effect("refuses senders that wait for room at once, and asks too", () =>
    atDesk((desk) =>
      Effect.gen(function*() {
        const life = yield* Scope.make()
        const clerk = yield* spawnIn(life, "a")
        yield* clerk.tell.Wait()
        yield* settle
        yield* clerk.tell.File({ n: 1 })
        const waiting = yield* Effect.forkChild(Effect.exit(clerk.tell.File({ n: 2 })), { startImmediately: true })
        const closing = yield* closingOf(life)
        const late = yield* Effect.exit(clerk.ask.Filed())
        for (const exit of [Exit.asVoid(yield* Fiber.join(waiting)), Exit.asVoid(late)]) {
          assert.instanceOf(Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined, ActorError.ActorStopped)
        }
        assert.isUndefined(closing.pollUnsafe())
        yield* Deferred.succeed(desk.gate, undefined)
        yield* Fiber.join(closing)
        assert.deepStrictEqual(desk.filed, ["a1"])
      }), { mailbox: { capacity: 1 } }))

  it.effect("is the same with every overflow policy: what comes later is refused, and evicts nothing", () =>
    Effect.forEach(
      ["suspend", "fail", "dropNewest", "dropOldest"] as const,
      (overflow) =>
        atDesk((desk) =>
          Effect.gen(function*() {
            const life = yield* Scope.make()
            const clerk = yield* spawnIn(life, "a")
            yield* clerk.tell.Wait()
            yield* settle
            yield* clerk.tell.File({ n: 1 })
            const closing = yield* closingOf(life)
            const error = yield* Effect.flip(clerk.tell.File({ n: 2 }))
            assert.instanceOf(error, ActorError.ActorStopped, overflow)
            yield* Deferred.succeed(desk.gate, undefined)
            yield* Fiber.join(closing)
            assert.deepStrictEqual(desk.filed, ["a1"], overflow)
          }), { mailbox: { capacity: 1, overflow } })
    ))

  it.effect("is over at once when whoever is answered ends the actor on its stack", () =>
    atDesk(() =>
      Effect.gen(function*() {
        const life = yield* Scope.make()
        const clerk = yield* spawnIn(life, "a")
        // So that the question waits for its turn.
        yield* clerk.tell.Filed()
        assert.deepStrictEqual(yield* clerk.ask.Filed(), [])
        yield* Scope.close(life, Exit.void)
      })
    ))

  it.effect("releases a behaviour and a system in order, too", () =>
    Effect.gen(function*() {
      const desk: Desk = { filed: [], log: [], gate: Deferred.makeUnsafe() }
      const life = yield* Scope.make()
      yield* Effect.gen(function*() {
        const clerk = yield* spawnIn(life, "a")
        yield* clerk.tell.File({ n: 1 })
      }).pipe(Effect.provide(layerOf(desk)))
      assert.deepStrictEqual(desk.filed, ["a1"])
    }))

  it.effect("refuses a shutdown that is none, with its value", () =>
    atDesk(() =>
      Effect.gen(function*() {
        const exit = yield* Effect.exit(Clerk.spawn("a", { shutdown: "soon" as "infinity" }))
        const defect = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
        assert.instanceOf(defect, ActorError.InvalidOptions)
        assert.strictEqual(defect.option, "shutdown")
        assert.throws(() => layerOf({} as Desk, { shutdown: -1 }), ActorError.InvalidOptions)
      })
    ))
})
