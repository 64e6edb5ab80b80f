/** Actors at rest: who lets them come to rest, who waits for that, and who lets them go on. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { Actor, ActorControl, ActorSystem, Child, Supervisor } from "shared-nothing"
import { settle } from "../contract/eventually.ts"

const Clerk = Actor.make("Clerk", [
  Rpc.make("Work", { payload: { n: Schema.Int } }),
  Rpc.make("Wait"),
  Rpc.make("Rest"),
  Rpc.make("Provoke"),
  Rpc.make("Crash", { success: Schema.Void })
])

interface Office {
  readonly log: Array<string>
  readonly gate: Deferred.Deferred<void>
  /** What `Provoke` does while its handler is on the stack. */
  provoke: () => void
}

const inOffice = <A, E>(body: (office: Office) => Effect.Effect<A, E, ActorSystem.ActorSystem | Scope.Scope>) =>
  Effect.suspend(() => {
    const office: Office = { log: [], gate: Deferred.makeUnsafe(), provoke: () => {} }
    const { gate, log } = office
    const live = Clerk.toLayer(Effect.gen(function*() {
      const { incarnation, key } = yield* Actor.CurrentActor
      const self = yield* Clerk.self
      const note = (what: string) => Effect.sync(() => log.push(`${key}${incarnation} ${what}`))
      yield* Effect.addFinalizer(() => note("released"))
      return Clerk.of({
        Work: ({ n }) => {
          log.push(`${key}${incarnation} worked ${n}`)
          return Effect.void
        },
        Wait: () =>
          Effect.ensuring(
            Effect.andThen(Deferred.await(gate), note("waited")),
            note("let go")
          ),
        Rest: () => {
          Effect.runFork(ActorControl.pause(self))
          return Effect.void
        },
        Provoke: () => {
          office.provoke()
          return Effect.void
        },
        Crash: () => Effect.die("crash")
      })
    }))
    return Effect.scoped(body(office)).pipe(Effect.provide(live.pipe(Layer.provideMerge(ActorSystem.layer))))
  })

const group = (shutdown: Child.ChildOptions["shutdown"]) =>
  Effect.gen(function*() {
    const A = Child.actor(Clerk, "a", { shutdown })
    const B = Child.actor(Clerk, "b")
    const supervisor = yield* Supervisor.make("s", { strategy: "one-for-all", children: [A, B] })
    return [yield* supervisor.get(A), yield* supervisor.get(B)] as const
  })

describe("an actor that is to rest", () => {
  it.effect("tells all who wait for that, however many they are", () =>
    inOffice(({ gate }) =>
      Effect.gen(function*() {
        const clerk = yield* Clerk.spawn("a", { shutdown: "brutalKill" })
        yield* clerk.tell.Wait()
        yield* settle
        const waiting = yield* Effect.forEach(
          Array.from({ length: 20_000 }),
          () => Effect.forkChild(ActorControl.pause(clerk), { startImmediately: true })
        )
        yield* Deferred.succeed(gate, undefined)
        yield* Fiber.joinAll(waiting)
        assert.strictEqual((yield* ActorControl.ping(clerk)).status, "paused")
      })
    ))

  it.effect("takes no message after the one that it is told in, but those that it handles at once", () =>
    inOffice(({ gate, log }) =>
      Effect.gen(function*() {
        const clerk = yield* Clerk.spawn("a", { shutdown: "brutalKill" })
        yield* Deferred.succeed(gate, undefined)
        yield* clerk.tell.Rest()
        for (let n = 0; n < 3; n++) yield* clerk.tell.Wait()
        yield* settle
        assert.deepStrictEqual(log, ["a1 waited", "a1 let go"])
        assert.deepInclude(yield* ActorControl.ping(clerk), { status: "paused", waiting: 2, restarts: 0 })
      })
    ))
})

describe("an actor that goes down for the sake of a sibling", () => {
  it.effect("finishes its message first, also when somebody lets it go on meanwhile", () =>
    inOffice(({ gate, log }) =>
      Effect.gen(function*() {
        const [a, b] = yield* group("2 seconds")
        yield* a.tell.Wait()
        yield* settle
        yield* b.tell.Crash()
        yield* settle
        yield* ActorControl.resume(a)
        yield* settle
        assert.deepStrictEqual(log, ["b1 released"])
        yield* Deferred.succeed(gate, undefined)
        yield* settle
        assert.deepStrictEqual(log, ["b1 released", "a1 waited", "a1 let go", "a1 released"])
        yield* a.tell.Work({ n: 1 })
        yield* settle
        assert.strictEqual(log.at(-1), "a2 worked 1")
      })
    ))

  for (const shutdown of ["brutalKill", "2 seconds"] as const) {
    it.effect(`has its handler let go before what that uses is released, with ${shutdown}`, () =>
      inOffice(({ log }) =>
        Effect.gen(function*() {
          const [a, b] = yield* group(shutdown)
          yield* a.tell.Wait()
          yield* settle
          yield* b.tell.Crash()
          yield* settle
          yield* TestClock.adjust("2 seconds")
          yield* settle
          assert.deepStrictEqual(log, ["b1 released", "a1 let go", "a1 released"])
        })
      ))
  }

  it.effect("leaves what waits to the next incarnation, also when it went down in its own handler", () =>
    inOffice((office) =>
      Effect.gen(function*() {
        const [a, b] = yield* group("brutalKill")
        office.provoke = () => b.askUnsafe.Crash(undefined, () => {})
        yield* a.tell.Provoke()
        yield* a.tell.Work({ n: 1 })
        yield* Deferred.succeed(office.gate, undefined)
        yield* a.tell.Wait()
        yield* settle
        assert.deepStrictEqual(office.log, ["b1 released", "a1 released", "a2 worked 1", "a2 waited", "a2 let go"])
      })
    ))
})
