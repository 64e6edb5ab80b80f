import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import { Actor, ActorSystem, ActorThread } from "shared-nothing"
import { Fault, Invariant, Simulation } from "shared-nothing/testing"

const Counter = Actor.make("Counter", [
  Rpc.make("Add", { payload: { amount: Schema.Int } }),
  Rpc.make("Get", { success: Schema.Int })
])

const Threads = ActorSystem.layerThreads({
  spawn: () => {
    throw new Error("no real thread is started in a simulation")
  },
  threads: 2,
  ring: { capacityBytes: 4096 },
  intensity: { restarts: 100, within: "1 second" }
})

describe("simulated threads", () => {
  it.effect("run the same program, and the finalizers of a thread that is stopped but not of one that is killed", () =>
    Effect.gen(function*() {
      let built = 0
      let released = 0
      const CounterLive = Counter.toLayer(Effect.gen(function*() {
        let count = 0
        built++
        yield* Effect.addFinalizer(() => Effect.sync(() => void released++))
        return Counter.of({
          Add: ({ amount }) => Effect.sync(() => void (count += amount)),
          Get: () => Effect.sync(() => count)
        })
      }))
      const program = Effect.gen(function*() {
        const counter = yield* Counter.spawn("a", { placement: { thread: 0 } })
        yield* counter.tell.Add({ amount: 3 })
        assert.strictEqual(yield* counter.ask.Get(), 3)
        yield* Fault.kill("worker-0")
        const asked = yield* Effect.exit(counter.ask.Get())
        yield* Invariant.sometimes("the ask is lost with its thread", asked._tag === "Failure")
        yield* Effect.sleep("1 second")
        // Another incarnation, with its state of the beginning.
        assert.strictEqual(yield* counter.ask.Get(), 0)
        assert.deepStrictEqual([built, released], [2, 0])
      }).pipe(Effect.scoped, Effect.provide(Threads))
      yield* Simulation.check(
        { seeds: 50, worker: () => ActorThread.launch(CounterLive) },
        Effect.suspend(() => {
          built = released = 0
          return Effect.andThen(program, Effect.sync(() => assert.deepStrictEqual([built, released], [2, 1])))
        })
      )
    }))

  it.effect("each have a build of the layer, a context and a name of their own", () =>
    Effect.gen(function*() {
      const Named = Actor.make("Named", [Rpc.make("Where", { success: Schema.Int })])
      let builds = 0
      const NamedLive = Layer.unwrap(Effect.sync(() => {
        const build = ++builds
        return Named.toLayer(Effect.succeed(Named.of({ Where: () => Effect.succeed(build) })))
      }))
      const program = Effect.gen(function*() {
        builds = 0
        const answers = yield* Effect.scoped(
          Effect.forEach([0, 1], (thread) =>
            Effect.flatMap(Named.spawn(`n${thread}`, { placement: { thread } }), (named) => named.ask.Where()))
        ).pipe(Effect.provide(Threads))
        assert.deepStrictEqual(new Set(answers), new Set([1, 2]))
      })
      yield* Simulation.check({
        seeds: 20,
        worker: () =>
          ActorThread.launch(NamedLive)
      }, program)
    }))

  it.effect("run what their name says, and a name that nothing is said of is refused", () =>
    Effect.gen(function*() {
      const live = (n: number) =>
        Counter.toLayer(Effect.succeed(Counter.of({ Add: () => Effect.void, Get: () => Effect.succeed(n) })))
      const program = Effect.gen(function*() {
        const counters = yield* Effect.forEach(
          [0, 1],
          (thread) => Counter.spawn(`c${thread}`, { placement: { thread } })
        )
        return yield* Effect.forEach(counters, (counter) => counter.ask.Get())
      }).pipe(Effect.scoped, Effect.provide(Threads))
      const first = () => ActorThread.launch(live(10))
      const second = () => ActorThread.launch(live(20))
      const { value } = yield* Simulation.run({ worker: { "worker-0": first, "worker-1": second } }, program)
      assert.deepStrictEqual(value, [10, 20])
      const refused = yield* Effect.flip(Simulation.run({ worker: { "worker-0": first } }, program))
      assert.include(
        refused.message,
        "the program starts a worker \"worker-1\", and `worker` does not say what it runs"
      )
      const empty = yield* Effect.flip(Simulation.run({ worker: () => {} }, program))
      assert.include(empty.message, "launches nothing")
    }))

  it.effect("end by process.exit as threads do, and the program does not", () =>
    Effect.gen(function*() {
      const Leaver = Actor.make("Leaver", [Rpc.make("Leave")])
      const LeaverLive = Leaver.toLayer(Effect.succeed(Leaver.of({ Leave: () => Effect.sync(() => process.exit(3)) })))
      const program = Effect.gen(function*() {
        const leaver = yield* Leaver.spawn("l")
        const error = yield* Effect.flip(leaver.ask.Leave())
        assert.include(error.message, "exited with code 3")
      }).pipe(Effect.scoped, Effect.provide(Threads))
      yield* Simulation.check({ seeds: 20, worker: () => ActorThread.launch(LeaverLive) }, program)
      const exit = yield* Effect.flip(Simulation.run({}, Effect.sync(() => process.exit(3))))
      assert.include(exit.message, "process.exit was called")
    }))

  it.effect("tell which actors wait for each other", () =>
    Effect.gen(function*() {
      const forEver = { timeout: "Infinity" } as const
      const Second = Actor.make("Second", [Rpc.make("Back")])
      const First = Actor.make("First", [Rpc.make("Go"), Rpc.make("Echo")])
      const program = Effect.gen(function*() {
        let first: Actor.Ref<typeof First> | undefined
        const SecondLive = Second.toLayer(Effect.succeed(Second.of({
          Back: () => Effect.suspend(() => Effect.orDie(first!.ask.Echo(undefined, forEver)))
        })))
        const FirstLive = First.toLayer(Effect.gen(function*() {
          const scope = yield* Effect.scope
          return First.of({
            // Nobody answers while it waits for the second one, which asks it.
            Go: () =>
              Effect.provideService(Second.spawn("b"), Scope.Scope, scope).pipe(
                Effect.flatMap((second) => second.ask.Back(undefined, forEver)),
                Effect.orDie
              ),
            Echo: () => Effect.void
          })
        }))
        yield* Effect.gen(function*() {
          first = yield* First.spawn("a")
          yield* first.ask.Go(undefined, forEver)
        }).pipe(
          Effect.scoped,
          Effect.provide(Layer.mergeAll(FirstLive, SecondLive).pipe(Layer.provideMerge(ActorSystem.layer)))
        )
      })
      const error = yield* Effect.flip(Simulation.check({ seeds: 1, shrink: { runs: 10 } }, program))
      assert.include(error.message, "Deadlock")
      assert.include(error.message, "fiber of First/a, for which 1 more messages wait")
      assert.include(error.message, "fiber of Second/b")
    }))
})
