/** Each fault at a chosen moment: what the main thread sees of it, and that the thread comes back. */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as PubSub from "effect/PubSub"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { Actor, ActorSystem, ActorThread } from "shared-nothing"
import { Fault, Simulation, StandIn } from "shared-nothing/testing"

const Timer = Actor.make("Timer", [
  Rpc.make("Now", { success: Schema.Number }),
  Rpc.make("Nap", { payload: { millis: Schema.Int }, success: Schema.Int })
])

const TimerLive = Timer.toLayer(Effect.succeed(Timer.of({
  Now: () => Clock.currentTimeMillis,
  Nap: ({ millis }) => Effect.as(Effect.sleep(millis), millis)
})))

const worker = () => ActorThread.launch(TimerLive)

const Threads = ActorSystem.layerThreads({
  spawn: () => {
    throw new Error("no real thread is started in a simulation")
  },
  threads: 1,
  readyTimeout: "2 seconds",
  intensity: { restarts: 10, within: "1 minute" },
  ring: { capacityBytes: 4096 }
})

const within = <A, E>(
  body: (timer: Actor.Ref<typeof Timer>) => Effect.Effect<A, E, ActorSystem.ActorSystem | Scope.Scope>
) => Effect.flatMap(Timer.spawn("t"), body).pipe(Effect.scoped, Effect.provide(Threads))

/** Why the thread has ended, once it has. */
const down = Effect.gen(function*() {
  const system = yield* ActorSystem.ActorSystem
  const events = yield* PubSub.subscribe(system.events)
  return Effect.gen(function*() {
    while (true) {
      const event = yield* PubSub.take(events)
      if (event._tag === "ThreadEnded") return event.reason
    }
  })
})

describe("Fault", () => {
  it.effect.each(
    [
      ["kill", Fault.kill("worker-0"), "exited with code 1"],
      ["exit", Fault.exit("worker-0", 7), "exited with code 7"],
      ["crash", Fault.crash("worker-0", new Error("no ink")), "no ink"],
      ["outOfMemory", Fault.outOfMemory("worker-0"), "ran out of heap"],
      ["stall", Fault.stall("worker-0", "1 minute"), "made no progress"]
    ] as const
  )("%s ends the thread for its own reason, and it comes back", ([, fault, reason]) =>
    Simulation.check(
      { seeds: 10, worker },
      within((timer) =>
        Effect.gen(function*() {
          const ended = yield* down
          const asking = yield* Effect.forkChild(
            Effect.exit(timer.ask.Nap({ millis: 100_000 }, { timeout: "2 minutes" })),
            {
              startImmediately: true
            }
          )
          yield* Effect.sleep(10)
          yield* fault
          assert.include(yield* ended, reason)
          assert.isTrue(Exit.isFailure(yield* Fiber.join(asking)))
          yield* Effect.sleep("1 second")
          assert.strictEqual(yield* timer.ask.Nap({ millis: 1 }), 1)
        })
      )
    ))

  it.effect("stall holds a thread for a while, and no longer", () =>
    Simulation.check(
      { seeds: 10, worker },
      within((timer) =>
        Effect.gen(function*() {
          yield* Fault.stall("worker-0", "3 seconds")
          const before = yield* Clock.currentTimeMillis
          assert.isAtLeast(yield* timer.ask.Now(), before + 3_000)
        })
      )
    ))

  it.effect("skewClock moves the wall clock of one thread", () =>
    Simulation.check(
      { seeds: 5, worker },
      within((timer) =>
        Effect.gen(function*() {
          yield* Fault.skewClock("worker-0", 5_000)
          const here = yield* Clock.currentTimeMillis
          assert.isAtLeast(yield* timer.ask.Now(), here + 5_000)
        })
      )
    ))

  it.effect("neverReady keeps the next incarnation from coming up, until the run is healed", () =>
    Simulation.check(
      { seeds: 5, worker },
      within((timer) =>
        Effect.gen(function*() {
          yield* Fault.neverReady("worker-0")
          yield* Fault.kill("worker-0")
          yield* Effect.sleep("1 second")
          assert.isTrue(Exit.isFailure(yield* Effect.exit(timer.ask.Now(undefined, { timeout: "1 second" }))))
          yield* Fault.heal
          yield* Effect.sleep("10 seconds")
          yield* timer.ask.Now()
        })
      )
    ))

  it.effect("holdPort delays control and not messages", () =>
    Simulation.check(
      { seeds: 5, worker },
      within((timer) =>
        Effect.gen(function*() {
          // The first message to a thread has its rings handed over, by the port.
          yield* timer.ask.Now()
          yield* Fault.holdPort("worker-0", "4 seconds")
          const before = yield* Clock.currentTimeMillis
          yield* timer.ask.Now()
          assert.isBelow((yield* Clock.currentTimeMillis) - before, 1_000)
          // A spawn travels on the port.
          yield* Effect.scoped(Timer.spawn("u"))
          assert.isAtLeast((yield* Clock.currentTimeMillis) - before, 4_000)
        })
      )
    ))

  it.effect("holdRings fills rings and mailboxes, and what was sent arrives when they are read again", () =>
    Effect.asVoid(Simulation.check(
      { seeds: 20, worker },
      within((timer) =>
        Effect.gen(function*() {
          yield* timer.ask.Now()
          yield* Fault.holdRings("worker-0", "1 second")
          let sent = 0
          while (timer.tellUnsafe.Nap({ millis: 0 })) sent++
          // A ring of 4 KiB is full long before a mailbox of 1,024.
          assert.isTrue(sent > 10 && sent < 500, `${sent} sent`)
          yield* timer.tell.Nap({ millis: 0 })
          assert.isAtLeast(yield* Clock.currentTimeMillis, 1000)
          yield* timer.ask.Now()
          assert.isAtMost(yield* timer.depth, 1)
        })
      )
    )))

  it.effect("slow ends the turns of a thread sooner, and loses nothing", () =>
    Effect.asVoid(Simulation.check(
      { seeds: 20, worker },
      within((timer) =>
        Effect.gen(function*() {
          yield* Fault.slow("worker-0", 3)
          // Each look at the clock moves that of the thread alone: by it any other time may be over.
          const naps = Effect.forEach([1, 2, 3, 4, 5], (millis) => timer.ask.Nap({ millis }, { timeout: "Infinity" }), {
            concurrency: "unbounded"
          })
          assert.deepStrictEqual(yield* naps, [1, 2, 3, 4, 5])
        })
      )
    )))

  it.effect("late fibers go on when more has happened, each in its order, and none where the program asks for calm", () =>
    Effect.gen(function*() {
      const told: Array<string> = []
      const walk = (name: string) =>
        Effect.forEach([1, 2, 3], (n) => Effect.andThen(Effect.yieldNow, Effect.sync(() => told.push(`${name}${n}`))), {
          discard: true
        })
      const took = Effect.gen(function*() {
        const before = yield* Clock.currentTimeMillis
        yield* Effect.all([walk("a"), walk("b")], { concurrency: "unbounded" })
        return (yield* Clock.currentTimeMillis) - before
      })
      const inOrder = (name: string) => told.splice(0).filter((step) => step.startsWith(name)).join(" ")
      assert.strictEqual((yield* Simulation.run({}, took)).value, 0)
      assert.strictEqual(inOrder("a"), "a1 a2 a3")
      const late = (yield* Simulation.run({ faults: { lateFiber: 1 } }, took)).value
      assert.isAtLeast(late, 3)
      assert.strictEqual(inOrder("b"), "b1 b2 b3")
      let calm = -1
      const start = Layer.effectDiscard(Effect.map(took, (millis) => void (calm = millis)))
      yield* Simulation.run({ faults: { lateFiber: 1 } }, Effect.provide(Effect.void, Fault.calmly(start)))
      assert.strictEqual(calm, 0)
    }))

  it.effect("late timers fire later than they should, and not in the order in which they are due", () =>
    Effect.gen(function*() {
      const told: Array<string> = []
      const nap = (name: string, millis: number) =>
        Effect.andThen(Effect.sleep(millis), Effect.sync(() => told.push(name)))
      const naps = Effect.all([nap("short", 10), nap("long", 20)], { concurrency: "unbounded" })
      const took = Effect.andThen(naps, Clock.currentTimeMillis)
      assert.strictEqual((yield* Simulation.run({}, took)).value, 20)
      assert.deepStrictEqual(told.splice(0), ["short", "long"])
      const orders = new Set<string>()
      for (let seed = 0; seed < 20; seed++) {
        assert.isAbove((yield* Simulation.run({ seed, faults: { lateTimer: 1 } }, took)).value, 20)
        orders.add(told.splice(0).join(" "))
      }
      assert.deepStrictEqual(orders, new Set(["short long", "long short"]))
    }))

  it.effect("buggify dies as often as the faults of the run say, and never elsewhere", () =>
    Effect.gen(function*() {
      const risky = Effect.exit(
        Effect.forEach(Array.from({ length: 40 }), () => Fault.buggify("here"), { discard: true })
      )
      assert.isTrue(Exit.isSuccess(yield* risky))
      const { value } = yield* Simulation.run({ faults: { defect: 4 } }, risky)
      assert.include(String(value), "the simulation has here die")
      assert.isTrue(Exit.isSuccess((yield* Simulation.run({}, risky)).value))
    }))

  it.effect("defective behaviours are restarted by their rules", () =>
    Simulation.check(
      { seeds: 10, faults: { defect: 3 }, worker: () => ActorThread.launch(StandIn.defective(TimerLive)) },
      within((timer) =>
        Effect.gen(function*() {
          for (let i = 0; i < 5; i++) yield* Effect.exit(timer.ask.Nap({ millis: 1 }))
          yield* Simulation.converge()
          yield* Effect.sleep("10 seconds")
          yield* Effect.exit(timer.ask.Now())
        })
      )
    ))
})
