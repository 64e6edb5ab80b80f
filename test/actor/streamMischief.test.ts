/** Streams that are ended by their own code, or before they have begun, and readers that come and go. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import { MaxOpsBeforeYield } from "effect/References"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { Actor, ActorControl, ActorSystem } from "shared-nothing"
import { recipientOf } from "../../src/actor/ActorRef.ts"
import type { Cell } from "../../src/actor/kernel/Cell.ts"
import { settle } from "../contract/eventually.ts"

interface Item {
  readonly n: number
}

const Source = Actor.make("Source", [
  Rpc.make("Flow", { success: Schema.Struct({ n: Schema.Int }), stream: true }),
  /** Does what the test says. */
  Rpc.make("Do")
])

class World {
  begun = 0
  running = 0
  items: Stream.Stream<Item> = Stream.empty
  does: () => void = () => {}
  before: () => void = () => {}
}

const liveOf = (world: World) =>
  Source.toLayer(
    Effect.succeed(Source.of({
      Flow: () =>
        Effect.sync(() => {
          world.before()
          return Stream.unwrap(Effect.sync(() => {
            world.begun++
            world.running++
            return Stream.ensuring(world.items, Effect.sync(() => void world.running--))
          }))
        }),
      Do: () => Effect.sync(() => world.does())
    })),
    { shutdown: "brutalKill" }
  ).pipe(Layer.provideMerge(ActorSystem.layer), Layer.provideMerge(Logger.layer([])))

const inWorld = <A, E>(
  body: (source: typeof Source.ref.Type, world: World) => Effect.Effect<A, E, ActorSystem.ActorSystem | Scope.Scope>
) =>
  Effect.suspend(() => {
    const world = new World()
    return Effect.flatMap(Source.spawn("s"), (source) => body(source, world)).pipe(
      Effect.scoped,
      Effect.provide(liveOf(world))
    )
  })

const streamsOf = (source: typeof Source.ref.Type) => (recipientOf(source) as Cell).rare?.streams?.size ?? 0

const forkNow = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.forkChild(effect, { startImmediately: true })

describe("a stream", () => {
  it.effect("whose reader goes before it has begun is not begun, and its actor does not wait for it", () =>
    inWorld((source, world) =>
      Effect.gen(function*() {
        world.items = Stream.never
        // Where the thread is slow a turn may be over in between.
        for (let tries = 0; tries < 50 && world.begun === tries; tries++) {
          const reader = yield* forkNow(Stream.runDrain(source.ask.Flow()))
          // In the turn in which the handler has answered.
          world.does = () => reader.interruptUnsafe()
          yield* source.tell.Do()
          yield* settle
          assert.deepStrictEqual([world.running, streamsOf(source)], [0, 0])
        }
        assert.isBelow(world.begun, 50)
        yield* ActorControl.stop(source, { within: "1 hour" })
        assert.strictEqual((yield* source.down).reason._tag, "Stopped")
      })
    ))

  for (const what of ["its reader", "its actor"] as const) {
    it.effect(`that ends ${what} in its first step is interrupted behind it`, () =>
      inWorld((source, world) =>
        Effect.gen(function*() {
          const end = () => {
            if (what === "its reader") reader.interruptUnsafe()
            else Effect.runFork(ActorControl.kill(source))
          }
          world.items = Stream.concat(Stream.drain(Stream.sync(end)), Stream.never)
          const reader: Fiber.Fiber<void, unknown> = yield* forkNow(Stream.runDrain(source.ask.Flow()))
          yield* settle
          assert.isDefined(reader.pollUnsafe())
          assert.deepStrictEqual([world.begun, world.running, streamsOf(source)], [1, 0, 0])
        })
      ))
  }

  it.effect("whose handler has ended its actor is not begun, and its reader is told of that end", () =>
    inWorld((source, world) =>
      Effect.gen(function*() {
        world.before = () => void Effect.runFork(ActorControl.kill(source))
        const failure = yield* Effect.flip(Stream.runDrain(source.ask.Flow()))
        assert.strictEqual(failure._tag, "ActorStopped")
        yield* settle
        assert.deepStrictEqual([world.begun, streamsOf(source)], [0, 0])
      })
    ))

  it.effect("keeps what has come for who waits next, when who has waited is gone", () =>
    inWorld((source, world) =>
      Effect.gen(function*() {
        let waiting: Fiber.Fiber<unknown, unknown> | undefined
        const last = {
          get n() {
            // The element before it has come, and nobody has been told so far.
            waiting?.interruptUnsafe()
            return 2
          }
        }
        world.items = Stream.concat(Stream.make({ n: 1 }, last), Stream.never)
        const pull = yield* Stream.toPull(source.ask.Flow())
        waiting = yield* forkNow(pull)
        yield* settle
        assert.isDefined(waiting.pollUnsafe())
        waiting = undefined
        assert.deepStrictEqual((yield* pull).map(({ n }) => n), [1, 2])
      })
    ))

  it.effect("loses nothing when both its fibers give way at every step", () =>
    inWorld((source, world) =>
      Effect.gen(function*() {
        const all = Array.from({ length: 40 }, (_, n) => ({ n }))
        for (const steps of [3, 4, 5, 6, 7]) {
          const slowly = Stream.provideService(MaxOpsBeforeYield, steps)
          world.items = slowly(Stream.rechunk(Stream.fromArray(all), 3))
          for (const bufferSize of [1, 2, 7]) {
            assert.deepStrictEqual(yield* Stream.runCollect(slowly(source.ask.Flow({ bufferSize }))), all)
          }
        }
      })
    ))
})
