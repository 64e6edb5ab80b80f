/**
 * What waits in this library waits on real time: neither timers that are fake for a moment nor the way in which a layer
 * was built decide whether it ends.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Rpc from "effect/rpc/Rpc"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import { Actor, ActorSystem, Channel } from "shared-nothing"
import { vi } from "vitest"
import { runtime } from "../../src/thread/ThreadRuntime.ts"
import { eventually } from "../contract/eventually.ts"

const Busy = Actor.make("Busy", [
  Rpc.make("Ping", { success: Schema.Int }),
  Rpc.make("Hang"),
  Rpc.make("Crash"),
  Rpc.make("Yield"),
  Rpc.make("Turns", { success: Schema.Boolean })
])

const BusyLive = Busy.toLayer(
  Effect.sync(() =>
    Busy.of({
      Ping: () => Effect.succeed(1),
      Hang: () => Effect.never,
      Crash: () => Effect.die("crash"),
      Yield: () => Effect.yieldNow,
      Turns: () =>
        Effect.suspend(() => {
          let hadTurn = false
          runtime.immediate(() => {
            hadTurn = true
          })
          const turn = Effect.andThen(Effect.yieldNow, Effect.sync(() => hadTurn))
          return Effect.repeat(turn, { until: (had) => had, times: 100_000 })
        })
    })
  ),
  { supervision: { backoff: Schedule.spaced("5 millis") } }
).pipe(Layer.provideMerge(ActorSystem.layer))

const turn = Effect.callback<void>((resume) => runtime.immediate(() => resume(Effect.void)))

/** Runs an act, and some turns of the event loop, while all timers are fake. */
const whileFake = (act: () => void) =>
  Effect.gen(function*() {
    vi.useFakeTimers({
      toFake: ["setTimeout", "clearTimeout", "setImmediate", "clearImmediate", "performance", "Date"]
    })
    act()
    for (let turns = 0; turns < 5; turns++) yield* turn
  }).pipe(Effect.ensuring(Effect.sync(() => vi.useRealTimers())))

const pinged = (busy: Effect.Success<ReturnType<typeof Busy.spawn>>) =>
  eventually(Effect.exit(busy.ask.Ping(undefined, { timeout: "1 second" })), Exit.isSuccess, "the actor answers")

describe("timers that are fake for a moment", () => {
  it.live("end no ask's time", () =>
    Effect.gen(function*() {
      const busy = yield* Busy.spawn("a")
      const other = yield* Busy.spawn("b")
      const ends: Array<string> = []
      const ask = (who: typeof busy, name: string) =>
        who.askUnsafe.Hang(undefined, (exit) => ends.push(`${name} ${exit._tag}`), { timeout: 5 })
      yield* whileFake(() => void ask(busy, "meanwhile"))
      yield* eventually(Effect.sync(() => ends.length), (n) => n === 1, "the first is over")
      ask(other, "afterwards")
      yield* eventually(Effect.sync(() => ends.length), (n) => n === 2, "the second is over")
      assert.deepStrictEqual(ends, ["meanwhile Failure", "afterwards Failure"])
    }).pipe(Effect.provide(BusyLive)))

  for (const message of ["Yield", "Crash"] as const) {
    it.live(`lose no actor that ${message === "Yield" ? "pauses" : "waits out its backoff"} meanwhile`, () =>
      Effect.gen(function*() {
        const busy = yield* Busy.spawn("a")
        yield* whileFake(() => void busy.tellUnsafe[message]())
        yield* pinged(busy)
      }).pipe(Effect.provide(BusyLive)))
  }

  it.live("hold up no receiver whose time is over", () =>
    Effect.gen(function*() {
      const { receiver } = yield* Channel.make(Schema.Int, { capacity: 1 })
      let waiting: Fiber.Fiber<unknown, unknown> | undefined
      yield* whileFake(() => {
        waiting = Effect.runFork(Effect.exit(receiver.receiveWithin("5 millis")))
      })
      yield* Fiber.join(waiting!)
    }))

  it("stop no clock", () => {
    vi.spyOn(performance, "now").mockReturnValue(0)
    try {
      const before = runtime.nowMillis()
      for (let looks = 0; looks < 1e7 && runtime.nowMillis() === before; looks++);
      assert.isAbove(runtime.nowMillis(), before)
    } finally {
      vi.restoreAllMocks()
    }
  })
})

describe("a system whose layer was built synchronously", () => {
  it("leaves the event loop its turns", async () => {
    const scope = Scope.makeUnsafe()
    const services = Effect.runSync(Layer.buildWithScope(BusyLive, scope))
    const busy = Effect.runSync(Busy.spawn("a").pipe(Scope.provide(scope), Effect.provideContext(services)))
    assert.isTrue(await Effect.runPromise(busy.ask.Turns(undefined, { timeout: "1 minute" })))
    await Effect.runPromise(Scope.close(scope, Exit.void))
  })
})
