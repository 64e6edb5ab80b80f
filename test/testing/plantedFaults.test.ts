/** Six mistakes as people make them, each of which a check has to find, replay, and make simple. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import { Actor, ActorSystem, ActorThread } from "shared-nothing"
import { Fault, type Faults, Invariant, Simulation, type SimulationError } from "shared-nothing/testing"

const onThreads = <A, E>(program: Effect.Effect<A, E, Scope.Scope | ActorSystem.ActorSystem>) => {
  const Threads = ActorSystem.layerThreads({
    spawn: () => {
      throw new Error("no real thread is started in a simulation")
    },
    threads: 2,
    ring: { capacityBytes: 4096 },
    intensity: { restarts: 1_000, within: "1 second" }
  })
  return Effect.scoped(Effect.gen(function*() {
    const context = yield* Fault.calm(Layer.build(Threads))
    return yield* Effect.provideContext(program, context)
  }))
}

const at = (thread: number) => ({ placement: { thread } }) as const

/** Finds it within 200 seeds, and runs what is left of it once more. */
const found = <A, E>(
  worker: Simulation.WorkerProgram,
  faults: Faults.FaultsInput,
  program: Effect.Effect<A, E, Scope.Scope>
) =>
  Effect.gen(function*() {
    const options = { worker, faults, seeds: 200 } as const
    const error = yield* Effect.flip(Simulation.check(options, program))
    assert.strictEqual(error._tag, "SimulationFailed")
    const failed = error as SimulationError.SimulationFailed
    assert.isBelow(failed.decisions, 20, failed.report)
    const again = yield* Effect.flip(Simulation.run({ worker, faults, replay: failed.recording }, program))
    assert.strictEqual((again as SimulationError.SimulationFailed).report.split("\n")[0], failed.report.split("\n")[0])
    return failed.kind
  })

describe("a planted fault is found, replayed and made simple:", () => {
  it.effect("an update that is lost", () =>
    Effect.gen(function*() {
      const Account = Actor.make("Account", [
        Rpc.make("Get", { success: Schema.Int }),
        Rpc.make("Set", { payload: { balance: Schema.Int } })
      ])
      const AccountLive = Account.toLayer(Effect.sync(() => {
        let balance = 0
        return Account.of({
          Get: () => Effect.sync(() => balance),
          Set: (message) =>
            Effect.sync(() => {
              balance = message.balance
            })
        })
      }))
      const program = onThreads(Effect.gen(function*() {
        const account = yield* Account.spawn("a")
        // Read here and written there: somebody else may have written in between.
        const deposit = Effect.gen(function*() {
          const balance = yield* account.ask.Get()
          yield* account.ask.Set({ balance: balance + 1 })
        })
        yield* Effect.all([deposit, deposit], { concurrency: "unbounded" })
        if ((yield* account.ask.Get()) !== 2) return yield* Effect.die(new Error("an update was lost"))
      }))
      const kind = yield* found(() => ActorThread.launch(AccountLive), {}, program)
      assert.include(kind, "an update was lost")
    }))

  it.effect("a wake-up that is lost", () =>
    Effect.gen(function*() {
      const words = new Int32Array(new SharedArrayBuffer(8))
      const [full, asleep] = [0, 1]
      // Announced after the look: whoever fills it in between finds nobody to wake.
      const take = Effect.gen(function*() {
        if (Atomics.load(words, full) === 1) return
        yield* Effect.yieldNow
        Atomics.store(words, asleep, 1)
        yield* Effect.callback<void>((resume) => {
          const wait = Atomics.waitAsync(words, asleep, 1)
          if (wait.async) void wait.value.then(() => resume(Effect.void))
          else resume(Effect.void)
        })
      })
      const put = Effect.sync(() => {
        Atomics.store(words, full, 1)
        if (Atomics.compareExchange(words, asleep, 1, 0) === 1) Atomics.notify(words, asleep)
      })
      const program = Effect.gen(function*() {
        words.fill(0)
        yield* Effect.all([take, put], { concurrency: "unbounded" })
      })
      assert.strictEqual(yield* found(() => ActorThread.launch(Layer.empty), {}, program), "Deadlock")
    }))

  it.effect("credit that leaks at a crash", () =>
    Effect.gen(function*() {
      const Worker = Actor.make("Worker", [Rpc.make("Work", { payload: { n: Schema.Int }, success: Schema.Int })])
      const WorkerLive = Worker.toLayer(Effect.succeed(Worker.of({
        Work: ({ n }) => Effect.as(Effect.sleep(1), n)
      })))
      const program = onThreads(Effect.gen(function*() {
        const workers = yield* Fault.calm(Effect.forEach([0, 1], (thread) => Worker.spawn(`w${thread}`, at(thread))))
        let credit = 2
        const job = (n: number) =>
          Effect.gen(function*() {
            if (credit === 0) return
            credit--
            // Not given back when the ask fails.
            yield* workers[n % 2]!.ask.Work({ n })
            credit++
          }).pipe(Effect.exit)
        yield* Invariant.eventually("all credit is back", () => credit === 2)
        yield* Effect.forEach([1, 2, 3, 4, 5, 6], job)
        yield* Simulation.converge("10 seconds")
      }))
      const kind = yield* found(() => ActorThread.launch(WorkerLive), { crash: 200 }, program)
      assert.strictEqual(kind, "Never: all credit is back")
    }))

  it.effect("a restart that keeps two incarnations", () =>
    Effect.gen(function*() {
      let living = 0
      const service = Effect.gen(function*() {
        yield* Effect.acquireRelease(
          Effect.sync(() => void living++),
          () => Effect.andThen(Effect.sleep(5), Effect.sync(() => void living--))
        )
        yield* Effect.sleep((yield* Simulation.draw(3)) === 2 ? 50 : 5)
      }).pipe(Effect.scoped)
      const program = Effect.gen(function*() {
        living = 0
        yield* Invariant.always("never two incarnations", () => living < 2)
        for (let i = 0; i < 3; i++) {
          const fiber = yield* Effect.forkChild(service)
          // Given up, and started again while the first one still lets go.
          yield* Effect.sleep(20)
          fiber.interruptUnsafe()
        }
      })
      const kind = yield* found(() => ActorThread.launch(Layer.empty), {}, program)
      assert.strictEqual(kind, "Invariant: never two incarnations")
    }))

  it.effect("a reply delivered to the next asker", () =>
    Effect.gen(function*() {
      const Oracle = Actor.make("Oracle", [Rpc.make("Twice", { payload: { n: Schema.Int } })])
      const OracleLive = Oracle.toLayer(Effect.succeed(Oracle.of({ Twice: () => Effect.void })))
      const program = onThreads(Effect.gen(function*() {
        // One place for the one who waits: whoever comes next sits down in it.
        let waiting: Deferred.Deferred<number> | undefined
        const oracle = yield* Oracle.spawn("o")
        const twice = (n: number) =>
          Effect.gen(function*() {
            const answer = Deferred.makeUnsafe<number>()
            waiting = answer
            yield* Effect.forkChild(Effect.andThen(
              oracle.ask.Twice({ n }),
              Effect.sync(() => waiting !== undefined && Deferred.doneUnsafe(waiting, Exit.succeed(2 * n)))
            ))
            const got = yield* Effect.timeoutOption(Deferred.await(answer), "1 second")
            if (got._tag === "Some" && got.value !== 2 * n) {
              return yield* Effect.die(new Error("somebody else's answer"))
            }
          })
        yield* Effect.all([twice(1), twice(2)], { concurrency: "unbounded" })
      }))
      const kind = yield* found(() => ActorThread.launch(OracleLive), {}, program)
      assert.include(kind, "somebody else's answer")
    }))

  it.effect("a stop that forgets a child", () =>
    Effect.gen(function*() {
      let running = 0
      const child = Effect.acquireRelease(Effect.sync(() => void running++), () => Effect.sync(() => void running--))
      const program = Effect.gen(function*() {
        running = 0
        const children: Array<Scope.Closeable> = []
        let isStopped = false
        const start = Effect.gen(function*() {
          if (isStopped) return
          const scope = yield* Scope.make()
          yield* Scope.provide(child, scope)
          // Known only once it is up: a stop in between does not see it.
          yield* Effect.yieldNow
          children.push(scope)
        })
        const stop = Effect.gen(function*() {
          isStopped = true
          yield* Effect.forEach(children, (scope) => Scope.close(scope, Exit.void))
        })
        yield* Effect.all([start, start, Effect.andThen(Effect.yieldNow, stop)], { concurrency: "unbounded" })
        if (running > 0) return yield* Effect.die(new Error(`${running} children are left`))
      })
      const kind = yield* found(() => ActorThread.launch(Layer.empty), {}, program)
      assert.include(kind, "children are left")
    }))
})
