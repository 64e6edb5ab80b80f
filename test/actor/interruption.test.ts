/**
 * Interruption at any single operation: wherever a spawn, a stop or a crash is cut, no name stays taken, no finalizer is
 * skipped and no two incarnations live at once.
 *
 * Fibers yield after every second operation and more; with one alone Effect makes no progress.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Rpc from "effect/rpc/Rpc"
import * as Scheduler from "effect/Scheduler"
import * as Scope from "effect/Scope"
import { Actor, ActorSystem } from "shared-nothing"
import { settle } from "../contract/eventually.ts"

const Busy = Actor.make("Busy", [Rpc.make("Work"), Rpc.make("Crash")])

interface Count {
  built: number
  closed: number
}

const liveOf = (count: Count, build: Effect.Effect<void>, close: Effect.Effect<void>) =>
  Busy.toLayer(
    Effect.gen(function*() {
      yield* Effect.acquireRelease(
        Effect.sync(() => {
          count.built++
          assert.isAtMost(count.built - count.closed, 1, "incarnations at once")
        }),
        () => Effect.andThen(close, Effect.sync(() => count.closed++))
      )
      yield* build
      return Busy.of({ Work: () => Effect.never, Crash: () => Effect.die("crash") })
    }),
    { shutdown: "brutalKill" }
  ).pipe(Layer.provideMerge(ActorSystem.layer))

const pauses: ReadonlyArray<readonly [string, Effect.Effect<void>]> = [
  ["at once", Effect.void],
  ["in steps", Effect.asVoid(Effect.repeat(Effect.yieldNow, { times: 3 }))]
]

const acts: Readonly<
  Record<string, (scope: Scope.Scope) => Effect.Effect<unknown, unknown, ActorSystem.ActorSystem>>
> = {
  "a spawn": (scope) => Scope.provide(Busy.spawn("a"), scope),
  "a spawn and a crash": (scope) =>
    Scope.provide(Effect.andThen(Busy.spawn("a"), (busy) => Effect.exit(busy.ask.Crash())), scope),
  "a spawn, work and a stop": () =>
    Effect.scoped(Effect.andThen(Busy.spawn("a"), (busy) => Effect.andThen(busy.tell.Work(), Effect.yieldNow)))
}

describe("interruption", () => {
  for (const [act, run] of Object.entries(acts)) {
    for (const [how, pause] of pauses) {
      it.effect(`at any step of ${act} leaves nothing behind: built and closed ${how}`, () =>
        Effect.gen(function*() {
          // With 1, Effect yields before each operation and runs none, whatever the program.
          for (const ops of [2, 3, 5, 8]) {
            for (const turns of [0, 1, 2, 3, 4, 6, 9]) {
              const count: Count = { built: 0, closed: 0 }
              yield* Effect.gen(function*() {
                const scope = yield* Scope.make()
                const fiber = yield* Effect.forkChild(
                  Effect.provideService(run(scope), Scheduler.MaxOpsBeforeYield, ops),
                  { startImmediately: true }
                )
                for (let i = 0; i < turns; i++) yield* Effect.yieldNow
                yield* Fiber.interrupt(fiber)
                yield* settle
                yield* Scope.close(scope, Exit.void)
                yield* settle
                yield* Effect.scoped(Busy.spawn("a"))
                assert.strictEqual(count.closed, count.built, `${ops} operations at a time, after ${turns} turns`)
              }).pipe(
                Effect.provide([liveOf(count, pause, pause), Logger.layer([])])
              )
            }
          }
        }), 60_000)
    }
  }
})
