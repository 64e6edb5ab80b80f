import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import type * as Scope from "effect/Scope"
import { Fault, Invariant, Simulation, type SimulationError } from "shared-nothing/testing"

/** What a check says that has to fail. */
const failure = <A, E>(
  options: Simulation.CheckOptions,
  program: Effect.Effect<A, E, Scope.Scope>
): Effect.Effect<SimulationError.SimulationFailed> =>
  Effect.flip(Simulation.check(options, program)).pipe(
    Effect.map((error) => {
      if (error._tag !== "SimulationFailed") throw error
      return error
    }),
    Effect.orDie
  )

/** Two fibers that each add one to what they have read a moment ago. */
const lostUpdate = Effect.gen(function*() {
  let balance = 0
  const deposit = Effect.gen(function*() {
    const read = balance
    yield* Effect.yieldNow
    balance = read + 1
  })
  yield* Effect.all([deposit, deposit], { concurrency: "unbounded" })
  if (balance !== 2) return yield* Effect.die(new Error("an update was lost"))
})

describe("Simulation", () => {
  it.effect("runs the same seed the same way, and other seeds in other ways", () =>
    Effect.gen(function*() {
      const log: Array<string> = []
      const program = Effect.forEach(
        ["a", "b", "c"],
        (name) =>
          Effect.gen(function*() {
            for (let i = 0; i < 3; i++) {
              yield* Effect.sleep("10 millis")
              log.push(name + i)
            }
          }),
        { concurrency: "unbounded", discard: true }
      )
      const orders = new Set<string>()
      for (let seed = 1; seed <= 200; seed++) {
        const once = yield* Simulation.run({ seed }, program)
        const first = log.splice(0).join(" ")
        const again = yield* Simulation.run({ seed }, program)
        assert.strictEqual(log.splice(0).join(" "), first)
        assert.deepStrictEqual(again, once)
        orders.add(first)
      }
      assert.isAbove(orders.size, 50)
    }))

  it.effect("says where real chance or time is used", () =>
    Effect.gen(function*() {
      for (
        const [what, use] of [
          ["Math.random", () => void Math.random()],
          ["Date.now", () => void Date.now()],
          ["new Date", () => void new Date()],
          ["crypto.randomUUID", () => void crypto.randomUUID()],
          ["performance.now", () => void performance.now()],
          ["setTimeout", () => void globalThis.setTimeout(() => {}, 10)],
          ["fetch", () => void fetch("http://localhost").catch(() => {})]
        ] as const
      ) {
        const error = yield* failure({ seeds: 1 }, Effect.sync(use))
        assert.strictEqual(error.kind, `Outside: ${what}`)
        assert.include(error.report, "Simulation.test.ts")
      }
    }))

  it.effect("answers them from the run where they are allowed", () =>
    Effect.gen(function*() {
      const program = Effect.promise(() =>
        new Promise<ReadonlyArray<number>>((resolve) => {
          const random = Math.random()
          globalThis.setTimeout(() => resolve([random, Date.now(), performance.now()]), 5_000)
        })
      )
      const one = yield* Simulation.run({ ambient: "answer" }, program)
      const other = yield* Simulation.run({ ambient: "answer" }, program)
      assert.deepStrictEqual(one.value, other.value)
      assert.deepStrictEqual(one.value.slice(1), [5_000, 5_000])
    }))

  it.effect("runs timers that are due together in every order", () =>
    Effect.gen(function*() {
      const orders = new Set<string>()
      const program = Effect.gen(function*() {
        const order: Array<string> = []
        const timer = (name: string) => Effect.andThen(Effect.sleep("1 second"), Effect.sync(() => order.push(name)))
        yield* Effect.all([timer("a"), timer("b")], { concurrency: "unbounded" })
        orders.add(order.join(""))
      })
      yield* Simulation.check({ seeds: 50 }, program)
      assert.deepStrictEqual([...orders].sort(), ["ab", "ba"])
    }))

  it.effect("finds a lost update, and replays it with as many steps or fewer", () =>
    Effect.gen(function*() {
      const error = yield* failure({ seeds: 20, name: "lost update" }, lostUpdate)
      assert.strictEqual(error.kind, "Program: died: Error: an update was lost")
      assert.match(error.report.split("\n").at(-1) ?? "", /^repro: SIM_REPLAY=.* npx vitest run -t "lost update"$/)
      const again = yield* Effect.flip(Simulation.run({ replay: error.recording }, lostUpdate))
      assert.containSubset(again, { kind: error.kind, steps: error.steps, decisions: error.decisions })
      assert.isBelow(error.decisions, 20)
    }))

  it.effect("tells who waits when nothing can go on", () =>
    Effect.gen(function*() {
      const [one, other] = [Latch.makeUnsafe(), Latch.makeUnsafe()]
      const program = Effect.all([
        Effect.withSpan(Effect.andThen(one.await, other.open), "first waits for second"),
        Effect.withSpan(Effect.andThen(other.await, one.open), "second waits for first")
      ], { concurrency: "unbounded" })
      const error = yield* failure({ seeds: 1 }, program)
      assert.strictEqual(error.kind, "Deadlock")
      assert.include(error.report, "first waits for second")
      assert.include(error.report, "second waits for first")
    }))

  it.effect("ends a run that spins, and says what spins", () =>
    Effect.gen(function*() {
      const spin = Effect.forever(Effect.yieldNow).pipe(Effect.withSpan("spinner"))
      const error = yield* failure({ seeds: 1, maxSteps: 2_000, shrink: { runs: 1 } }, spin)
      assert.strictEqual(error.kind, "Endless")
      assert.include(error.report, "main: fiber")
    }))

  it.effect("passes ten days in less than a second", () =>
    Effect.gen(function*() {
      const { millis } = yield* Simulation.run({}, Effect.sleep("10 days"))
      assert.strictEqual(millis, 10 * 24 * 3_600_000)
    }))

  it.effect("looks at what must always hold after each step", () =>
    Effect.gen(function*() {
      const program = Effect.gen(function*() {
        let open = 0
        const visit = Effect.acquireUseRelease(
          Effect.sync(() => void open++),
          () => Effect.yieldNow,
          () => Effect.sync(() => void open--)
        )
        yield* Invariant.always("never two at once", () => open < 2)
        yield* Effect.all([visit, visit], { concurrency: "unbounded" })
      })
      const error = yield* failure({ seeds: 20 }, program)
      assert.strictEqual(error.kind, "Invariant: never two at once")
    }))

  it.effect("names who does not converge once the faults are over", () =>
    Effect.gen(function*() {
      const program = Effect.gen(function*() {
        yield* Invariant.eventually("everybody is there", () => true)
        yield* Invariant.eventually("the leader is elected", () => false)
        yield* Simulation.converge("1 minute")
      })
      assert.strictEqual((yield* failure({ seeds: 1 }, program)).kind, "Never: the leader is elected")
    }))

  it.effect("fails a check in whose runs a mark was never true", () =>
    Effect.gen(function*() {
      const program = Effect.flatMap(Simulation.draw(4), (n) => Invariant.sometimes("a three is drawn", n === 3))
      const { marks } = yield* Simulation.check({ seeds: 40 }, program)
      assert.strictEqual(marks.get("a three is drawn"), true)
      const error = yield* failure({ seeds: 40 }, Invariant.sometimes("never", false))
      assert.strictEqual(error.kind, "Mark: never")
    }))

  it.effect("notices what survives from run to run", () =>
    Effect.gen(function*() {
      let counter = 0
      const program = Effect.suspend(() =>
        counter++ % 2 === 0 ? Effect.repeat(Effect.yieldNow, { times: 9 }) : Effect.void
      )
      const error = yield* failure({ seeds: 10 }, program)
      assert.strictEqual(error.kind, "Nondeterministic")
      assert.include(error.report, "part in step")
    }))

  it.effect("draws what the program asks for, and makes it smaller where it fails", () =>
    Effect.gen(function*() {
      let last = 0
      const program = Effect.gen(function*() {
        last = yield* Simulation.draw(1_000)
        if (last >= 10) return yield* Effect.die(new Error("too many"))
      })
      yield* failure({ seeds: 100 }, program)
      assert.isBelow(last, 20)
    }))

  it.effect("runs what its programs leave behind to the end, and no further", () =>
    Effect.gen(function*() {
      let ended = false
      const program = Effect.gen(function*() {
        const fiber = yield* Effect.forkDetach(Effect.andThen(
          Effect.sleep("1 second"),
          Effect.sync(() => {
            ended = true
          })
        ))
        yield* Effect.forkDetach(Fiber.await(fiber))
      })
      yield* Simulation.run({}, program)
      const endless = Effect.forkDetach(Effect.forever(Effect.sleep("1 second")))
      assert.strictEqual((yield* failure({ seeds: 1 }, endless)).kind, "Leak: fiber")
      yield* Simulation.run({ leaks: "allow" }, endless)
      assert.strictEqual(ended, true)
    }))

  it.effect("refuses a fault outside of a simulation and on a thread that is not there", () =>
    Effect.gen(function*() {
      assert.include(String(yield* Effect.exit(Fault.kill("worker-0"))), "outside of a simulation")
      const error = yield* failure({ seeds: 1 }, Fault.kill("worker-7"))
      assert.include(error.kind, `there is no thread "worker-7"`)
    }))

  it.effect("refuses a recording of another version", () =>
    Effect.gen(function*() {
      for (
        const [replay, problem] of [
          [`{"version":99}`, "its version is 99"],
          ["no json", "this is no recording of a run"],
          [`{"version":1,"seed":"1","kind":"","choices":{"schedule":"a:b"}}`, `"a:b" is no choice`]
        ] as const
      ) {
        const error = yield* Effect.flip(Simulation.run({ replay }, Effect.void))
        assert.strictEqual(error._tag, "InvalidRecording")
        assert.include(error.message, problem)
      }
    }))
})
