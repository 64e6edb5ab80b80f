/** What comes with a reply is its asker's when that goes on, and nobody's before: askers that are interrupted at each of their steps. */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import { Actor, ActorSystem, ActorThread, Iso, ThreadArenas } from "shared-nothing"
import { Fault, Simulation } from "shared-nothing/testing"
import * as Arena from "../../src/memory/Arena.ts"
import { usage } from "../../src/memory/ArenaUsage.ts"
import { at, noThread } from "../simulate/scenario.ts"
import { tries } from "../support/effort.ts"
import { interruptedAt } from "../support/pausing.ts"

const Numbers = Iso.of(Int32Array)

type Numbers = typeof Numbers.Type

const load = { numbers: Numbers, millis: Schema.Int }

/** By what givers are asked under another name. */
const Lender = Actor.make("Lender", [Rpc.make("Give", { payload: { millis: Schema.Int }, success: Numbers })])

const Giver = Actor.make("Giver", [
  Rpc.make("Back", { payload: load, success: Numbers }),
  Rpc.make("Refund", { payload: load, error: Schema.Struct({ numbers: Numbers }) }),
  Rpc.make("Pass", { payload: load, success: Numbers }),
  Rpc.make("Make", { payload: { millis: Schema.Int }, success: Numbers }),
  Rpc.make("Adapted", { success: Lender.ref })
])

type Giver = Actor.Ref<typeof Giver>

const forever = { timeout: "Infinity" } as const
const idly = (millis: number) => millis > 0 ? Effect.sleep(millis) : Effect.void

const GiverLive = Giver.toLayer(
  Effect.gen(function*() {
    const self = yield* Giver.self
    const adapter = yield* Giver.adapter
    const adapted = yield* adapter(Lender, { Give: { Make: (payload) => payload } })
    const scope = yield* Effect.scope
    const [arena] = yield* ThreadArenas.all
    return Giver.of({
      Back: ({ millis, numbers }) => Effect.as(idly(millis), numbers),
      Refund: ({ millis, numbers }) => Effect.andThen(idly(millis), Effect.fail({ numbers })),
      Pass: ({ millis, numbers }) => Actor.forward(self.ask.Back({ numbers, millis })),
      Make: ({ millis }) =>
        Effect.andThen(idly(millis), Scope.provide(Effect.orDie(Iso.allocate(arena!, Int32Array, 2)), scope)),
      Adapted: () => Effect.succeed(adapted)
    })
  })
)

const released = (numbers: Numbers) => Iso.release(numbers)

/** Who has the reply releases it in the step in which it goes on. */
const ways: Record<string, (to: Giver, numbers: Numbers, millis: number) => Effect.Effect<unknown, unknown>> = {
  "a reply": (to, numbers, millis) => Effect.map(to.ask.Back({ numbers, millis }, forever), released),
  "an error": (to, numbers, millis) =>
    Effect.match(to.ask.Refund({ numbers, millis }, forever), {
      onSuccess: () => {},
      onFailure: (error) => "numbers" in error ? released(error.numbers) : undefined
    }),
  "a reply of an actor that the message was handed on to": (to, numbers, millis) =>
    Effect.map(to.ask.Pass({ numbers, millis }, forever), released),
  "a reply to what was asked by an adapter, made over there": (to, _, millis) =>
    Effect.flatMap(to.ask.Adapted(forever), (lender) => Effect.map(lender.ask.Give({ millis }, forever), released)),
  "a reply with the time that it has taken": (to, numbers, millis) =>
    Effect.map(to.askTimed.Back({ numbers, millis }, forever), ({ reply }) => released(reply))
}

const everywhere = (name: string, of: (ask: Effect.Effect<unknown, unknown>) => Effect.Effect<unknown, unknown>) => {
  for (const [what, way] of Object.entries(ways)) {
    it.effect(`${name}: ${what}`, () =>
      Simulation.check(
        {
          name: `${name}: ${what}`,
          seeds: tries(4),
          maxSteps: 1_000_000,
          faults: { portDelay: 2, lateWake: 10 },
          worker: () => ActorThread.launch(GiverLive)
        },
        Effect.scoped(Effect.gen(function*() {
          const arena = yield* ThreadArenas.open(Arena.create({ capacityBytes: 16 * 4096, blockBytes: 4096, id: 1 }), 1)
          const system = ActorSystem.layerThreads({ spawn: noThread, threads: 1, arenas: [arena] })
          const context = yield* Fault.calm(Layer.build(Layer.provideMerge(GiverLive, system)))
          const spawn = Effect.all([Giver.spawn("here", { placement: "here" }), Giver.spawn("there", at(0))])
          const [here, there] = yield* Effect.provideContext(spawn, context)
          const free = Effect.gen(function*() {
            for (let left = 100; usage(arena.buffer).usedBytes > 0; left--) {
              if (left === 0) assert.fail("what has come with a reply is nobody's")
              yield* Effect.sleep(1)
            }
          })
          let steps = 0
          for (const to of [here, there]) {
            for (const millis of [0, 2]) {
              for (let n = 1;; n++) {
                const isReached = yield* Effect.scoped(Effect.gen(function*() {
                  const numbers = yield* Iso.allocate(arena, Int32Array, 2)
                  return (yield* interruptedAt(of(way(to, numbers, millis)), n)) !== undefined
                }))
                yield* free
                if (!isReached) break
                steps++
              }
            }
          }
          assert.isAbove(steps, 8)
        }))
      ))
  }
}

describe("an asker that is interrupted at any of its steps leaves nothing behind", () => {
  everywhere("asks", (ask) => ask)
  everywhere("asks below a span", (ask) => Effect.withSpan(ask, "test"))
})

describe("a handler on the thread of its asker", () => {
  it.effect("may interrupt that and answer at once: nobody has what comes with the answer", () =>
    Effect.scoped(Effect.gen(function*() {
      const arena = yield* ThreadArenas.open(Arena.create({ capacityBytes: 4 * 4096, blockBytes: 4096 }), 1)
      let asker: Fiber.Fiber<unknown, unknown> | undefined
      const live = Giver.toLayer(Effect.succeed(Giver.of({
        Back: ({ numbers }) => {
          asker?.interruptUnsafe()
          return Effect.succeed(numbers)
        },
        Refund: ({ numbers }) => {
          asker?.interruptUnsafe()
          return Effect.fail({ numbers })
        },
        Pass: ({ numbers }) => Effect.succeed(numbers),
        Make: () => Effect.die("never"),
        Adapted: () => Effect.die("never")
      }))).pipe(Layer.provideMerge(ActorSystem.layer))
      yield* Effect.gen(function*() {
        const giver = yield* Giver.spawn("spiteful")
        const asks = [
          (numbers: Numbers) => giver.ask.Back({ numbers, millis: 0 }),
          (numbers: Numbers) => giver.ask.Refund({ numbers, millis: 0 })
        ]
        for (const ask of asks) {
          const numbers = yield* Iso.allocate(arena, Int32Array, 2)
          const asking = Effect.withFiber<unknown, unknown>((fiber) => {
            asker = fiber
            return ask(numbers)
          })
          const exit = yield* Fiber.await(yield* Effect.forkChild(asking, { startImmediately: true }))
          assert.isTrue(Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause))
          assert.isFalse(numbers.isHeld)
          assert.strictEqual(usage(arena.buffer).usedBytes, 0)
        }
        asker = undefined
        const kept = yield* giver.ask.Back({ numbers: yield* Iso.allocate(arena, Int32Array, 2), millis: 0 })
        Iso.release(kept)
      }).pipe(Effect.scoped, Effect.provide(live))
    })))
})
