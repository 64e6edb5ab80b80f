import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Rpc from "effect/rpc/Rpc"
import * as Scheduler from "effect/Scheduler"
import * as Schema from "effect/Schema"
import { AsyncLocalStorage } from "node:async_hooks"
import { Actor, ActorSystem } from "shared-nothing"
import { Dispatcher, PASSES, type Runnable, THROUGHPUT } from "../../src/actor/kernel/Dispatcher.ts"
import { ThreadContext } from "../../src/runtime/ThreadContext.ts"
import { Turn } from "../../src/runtime/Turn.ts"
import { CurrentThread } from "../../src/thread/kernel/CurrentThread.ts"
import { runtime } from "../../src/thread/ThreadRuntime.ts"
import { collector } from "../support/collector.ts"

/** A scheduler whose tasks run when the test says so. */
const manual = () => {
  const tasks: Array<() => void> = []
  const scheduler: Scheduler.Scheduler = {
    executionMode: "async",
    shouldYield: () => false,
    makeDispatcher: () => ({ scheduleTask: (task) => void tasks.push(task), flush: () => {} })
  }
  return { scheduler, tasks, turn: () => tasks.splice(0).forEach((task) => task()) }
}

const dispatcherOf = (scheduler: Scheduler.Scheduler, turn = new Turn(runtime)) =>
  new Dispatcher(scheduler, runtime, turn)
const runnableOf = (run: (budget: number) => void, failed: (defect: unknown) => void = () => {}): Runnable => ({
  run,
  failed
})

describe("Dispatcher", () => {
  it("runs those that are ready once each, in order, with a bounded budget", () => {
    const { scheduler, tasks, turn } = manual()
    const dispatcher = dispatcherOf(scheduler)
    const log: Array<string> = []
    const runnable = (name: string) => runnableOf((budget) => void log.push(`${name} ${budget}`))
    dispatcher.enqueue(runnable("a"))
    dispatcher.enqueue(runnable("b"))
    assert.strictEqual(tasks.length, 1)
    assert.isFalse(dispatcher.isIdle)
    assert.deepStrictEqual(log, [])
    turn()
    assert.deepStrictEqual(log, [`a ${THROUGHPUT}`, `b ${THROUGHPUT}`])
    assert.isTrue(dispatcher.isIdle)
    assert.strictEqual(tasks.length, 0)
  })

  it("keeps what becomes ready during a turn for the next one", () => {
    const { scheduler, tasks, turn } = manual()
    const dispatcher = dispatcherOf(scheduler)
    const log: Array<string> = []
    const late = runnableOf(() => void log.push("late"))
    dispatcher.enqueue(runnableOf(() => {
      log.push("early")
      dispatcher.enqueue(late)
    }))
    turn()
    assert.deepStrictEqual(log, ["early"])
    assert.strictEqual(tasks.length, 1)
    turn()
    assert.deepStrictEqual(log, ["early", "late"])
  })

  it("lets messages go a number of hops in a turn of the event loop, and no more", () => {
    const tasks: Array<() => void> = []
    const loop = { ...runtime, immediate: (task: () => void) => void tasks.push(task) }
    const dispatcher = new Dispatcher(new Scheduler.MixedScheduler(), loop, new Turn(loop))
    let hops = 0
    const hop = runnableOf(() => {
      hops++
      dispatcher.enqueue(hop)
    })
    dispatcher.enqueue(hop)
    for (let turn = 1; turn <= 3; turn++) {
      assert.strictEqual(tasks.length, 1)
      tasks.shift()!()
      assert.strictEqual(hops, turn * PASSES)
    }
  })

  it("goes no further when the time of the turn is up", () => {
    const tasks: Array<() => void> = []
    let now = 0
    const loop = { ...runtime, nowMillis: () => now, immediate: (task: () => void) => void tasks.push(task) }
    const dispatcher = new Dispatcher(new Scheduler.MixedScheduler(), loop, new Turn(loop, 5))
    let hops = 0
    const hop = runnableOf(() => {
      hops++
      now += 2
      dispatcher.enqueue(hop)
    })
    dispatcher.enqueue(hop)
    tasks.shift()!()
    assert.strictEqual(hops, 3)
    assert.strictEqual(tasks.length, 1)
  })

  it("leaves the turn that is scheduled nothing to do when it was drained by hand", () => {
    const { scheduler, turn } = manual()
    const dispatcher = dispatcherOf(scheduler)
    let runs = 0
    dispatcher.enqueue(runnableOf(() => void runs++))
    dispatcher.drain()
    assert.strictEqual(runs, 1)
    turn()
    assert.strictEqual(runs, 1)
    dispatcher.enqueue(runnableOf(() => void runs++))
    turn()
    assert.strictEqual(runs, 2)
  })

  it("leaves what is ready to its driver as long as that has a turn, and has one itself when it has none", () => {
    const tasks: Array<() => void> = []
    const loop = { ...runtime, immediate: (task: () => void) => void tasks.push(task) }
    const dispatcher = new Dispatcher(new Scheduler.MixedScheduler(), loop, new Turn({ ...loop, nowMillis: () => 0 }))
    const driver = { isComing: true }
    dispatcher.driveBy(driver)
    const log: Array<string> = []
    const runnable = (name: string) => runnableOf(() => void log.push(name))
    dispatcher.enqueue(runnable("a"))
    assert.strictEqual(tasks.length, 0)
    dispatcher.drain()
    assert.deepStrictEqual(log, ["a"])
    dispatcher.resume()
    assert.strictEqual(tasks.length, 0)
    dispatcher.enqueue(runnable("b"))
    driver.isComing = false
    dispatcher.resume()
    assert.strictEqual(tasks.length, 1)
    dispatcher.enqueue(runnable("c"))
    assert.strictEqual(tasks.length, 1)
    tasks.shift()!()
    assert.deepStrictEqual(log, ["a", "b", "c"])
  })

  it("has a task of a special scheduler for each pass, whoever would drain it", () => {
    const { scheduler, tasks } = manual()
    const dispatcher = dispatcherOf(scheduler)
    dispatcher.driveBy({ isComing: true })
    dispatcher.enqueue(runnableOf(() => {}))
    assert.strictEqual(tasks.length, 1)
  })

  it("ends a turn when its time is up, and begins the next one with those whose turn did not come", () => {
    const { scheduler, turn } = manual()
    let now = 0
    const frozen = { ...runtime, nowMillis: () => now, immediate: () => {} }
    const time = new Turn(frozen, 5)
    const dispatcher = dispatcherOf(scheduler, time)
    const log: Array<string> = []
    const slow = (name: string) =>
      runnableOf(() => {
        log.push(name)
        now += 3
      })
    for (const name of ["a", "b", "c"]) dispatcher.enqueue(slow(name))
    turn()
    assert.deepStrictEqual(log, ["a", "b"])
    dispatcher.enqueue(slow("d"))
    time.end()
    turn()
    assert.deepStrictEqual(log, ["a", "b", "c", "d"])
    time.end()
    turn()
    assert.isTrue(dispatcher.isIdle)
  })

  it("runs those whose turn did not come before what became ready meanwhile, also when nothing more does", () => {
    const { scheduler, tasks, turn } = manual()
    let now = 0
    const time = new Turn({ ...runtime, nowMillis: () => now, immediate: () => {} }, 5)
    const dispatcher = dispatcherOf(scheduler, time)
    const log: Array<string> = []
    const slow = (name: string, meanwhile: () => void = () => {}) =>
      runnableOf(() => {
        log.push(name)
        meanwhile()
        now += 6
      })
    dispatcher.enqueue(slow("a", () => dispatcher.enqueue(slow("late"))))
    dispatcher.enqueue(slow("b"))
    dispatcher.enqueue(slow("c"))
    for (let turns = 0; turns < 4; turns++) {
      assert.strictEqual(tasks.length, 1)
      turn()
      time.end()
    }
    assert.deepStrictEqual(log, ["a", "b", "c", "late"])
    assert.strictEqual(tasks.length, 0)
  })

  it("runs who has had nothing to do before who has had the thread and has more left, and neither keeps the other out", () => {
    const { scheduler, tasks, turn } = manual()
    let now = 0
    const time = new Turn({ ...runtime, nowMillis: () => now, immediate: () => {} }, 5)
    const dispatcher = dispatcherOf(scheduler, time)
    const log: Array<string> = []
    const busy = (name: string) => {
      const runnable = runnableOf(() => {
        log.push(name)
        now += 2
        dispatcher.enqueueAgain(runnable)
      })
      return runnable
    }
    const once = (name: string, millis: number) =>
      runnableOf(() => {
        log.push(name)
        now += millis
      })
    const rounds = (count: number): Array<string> => {
      for (let n = 0; n < count; n++) {
        assert.strictEqual(tasks.length, 1)
        turn()
        time.end()
      }
      return log.splice(0)
    }
    for (const name of ["a", "b", "c", "d"]) dispatcher.enqueue(busy(name))
    assert.deepStrictEqual(rounds(3), ["a", "b", "c", "d", "a", "b", "c", "d", "a"])
    dispatcher.enqueue(once("idle", 1))
    // It comes before four who have waited for longer, and have more left.
    assert.deepStrictEqual(rounds(1), ["idle", "b", "c"])
    // Those who use a turn up are many, and the others have every second one.
    for (const name of ["x", "y", "z"]) dispatcher.enqueue(once(name, 6))
    assert.deepStrictEqual(rounds(5), ["x", "d", "a", "b", "y", "c", "d", "a", "z"])
  })

  it("has who has many messages, and whose turn did not come, wait as if it had come", () => {
    const { scheduler, turn } = manual()
    let now = 0
    const time = new Turn({ ...runtime, nowMillis: () => now, immediate: () => {} }, 5)
    const dispatcher = dispatcherOf(scheduler, time)
    const log: Array<string> = []
    const slow = (name: string, backlog: number): Runnable => ({
      backlog,
      run: () => {
        log.push(name)
        now += 3
      },
      failed: () => {}
    })
    for (const name of ["a", "b", "c", "d", "e"]) dispatcher.enqueue(slow(name, 17))
    dispatcher.enqueue(slow("few", 16))
    turn()
    time.end()
    assert.deepStrictEqual(log.splice(0), ["a", "b"])
    dispatcher.enqueue(slow("idle", 1))
    turn()
    time.end()
    assert.deepStrictEqual(log.splice(0), ["few", "idle"])
    // It has ended among the first.
    turn()
    time.end()
    turn()
    assert.deepStrictEqual(log, ["c", "d", "e"])
    assert.isTrue(dispatcher.isIdle)
  })

  it("gives each of those who wait a part of the turn", () => {
    const { scheduler, turn } = manual()
    let now = 0
    const time = new Turn({ ...runtime, nowMillis: () => now, immediate: () => {} }, 5)
    const dispatcher = dispatcherOf(scheduler, time)
    const log: Array<string> = []
    const slow = (name: string) => {
      const runnable = runnableOf(() => {
        do {
          log.push(name)
          now += 0.5
        } while (!time.isOver())
        dispatcher.enqueueAgain(runnable)
      })
      return runnable
    }
    for (const name of ["a", "b", "c"]) dispatcher.enqueue(slow(name))
    turn()
    assert.deepStrictEqual(log.splice(0), ["a", "a", "b", "b", "c", "c"])
    dispatcher.enqueue(slow("d"))
    turn()
    assert.deepStrictEqual(log, ["d", "d", "a", "a", "b", "b", "c", "c"])
  })

  it("goes on when one of them throws, and tells only that one", () => {
    const { scheduler, turn } = manual()
    const dispatcher = dispatcherOf(scheduler)
    const log: Array<unknown> = []
    dispatcher.enqueue(runnableOf(
      () => {
        throw new Error("mine")
      },
      (defect) => log.push(String(defect))
    ))
    dispatcher.enqueue(runnableOf(() => log.push("next")))
    turn()
    dispatcher.enqueue(runnableOf(() => log.push("later")))
    turn()
    assert.deepStrictEqual(log, ["Error: mine", "next", "later"])
  })

  it("holds nobody who has had a turn", async () => {
    const { scheduler, turn } = manual()
    let now = 0
    const time = new Turn({ ...runtime, nowMillis: () => now, immediate: () => {} }, 5)
    const dispatcher = dispatcherOf(scheduler, time)
    const enqueued = (millis: number): WeakRef<Runnable> => {
      const runnable = runnableOf(() => void (now += millis))
      dispatcher.enqueue(runnable)
      return new WeakRef(runnable)
    }
    // The turns of the others do not come in the first round.
    const all = [6, 0, 0].map(enqueued)
    for (let turns = 0; turns < 2; turns++) {
      turn()
      time.end()
    }
    const collect = await Effect.runPromise(collector)
    await new Promise<void>((resolve) => setImmediate(resolve))
    collect()
    assert.deepStrictEqual(all.map((ref) => ref.deref()), [undefined, undefined, undefined])
    assert.isTrue(dispatcher.isIdle)
  })

  it("runs in the async context of nobody, whoever gives it work", async () => {
    const user = new AsyncLocalStorage<string>()
    const dispatcher = dispatcherOf(new Scheduler.MixedScheduler())
    const seen = await new Promise((resolve) => {
      user.run("ada", () => dispatcher.enqueue(runnableOf(() => resolve(user.getStore()))))
    })
    assert.isUndefined(seen)
  })

  it("is not lost to timers that are fake for a moment", async () => {
    const dispatcher = dispatcherOf(new Scheduler.MixedScheduler())
    const real = globalThis.setImmediate
    const ran = new Promise<string>((resolve) => {
      globalThis.setImmediate = (() => {}) as unknown as typeof real
      try {
        dispatcher.enqueue(runnableOf(() => resolve("ran")))
      } finally {
        globalThis.setImmediate = real
      }
    })
    assert.strictEqual(await ran, "ran")
  })

  const Busy = Actor.make("Busy", [Rpc.make("Work", { payload: { n: Schema.Int } })])
  const busy = (handle: (key: string, n: number) => void) =>
    Busy.toLayer(
      Effect.map(Actor.CurrentActor, ({ key }) =>
        Busy.of({
          Work: ({ n }) => {
            handle(key, n)
            return Effect.void
          }
        })),
      { mailbox: { capacity: "unbounded" } }
    ).pipe(Layer.provideMerge(ActorSystem.layer))
  // A turn that has all the time there is.
  const timeless = new ThreadContext({ ...runtime, nowMillis: () => 0 })

  it.effect("lets an actor handle THROUGHPUT messages before the next one has its turn", () => {
    const order: Array<string> = []
    return Effect.gen(function*() {
      const a = yield* Busy.spawn("a")
      const b = yield* Busy.spawn("b")
      for (let n = 0; n < 3 * THROUGHPUT; n++) a.tellUnsafe.Work({ n })
      b.tellUnsafe.Work({ n: 0 })
      assert.deepStrictEqual(order, [])
      while ((yield* a.depth) > 0) yield* Effect.yieldNow
      assert.strictEqual(order.length, 3 * THROUGHPUT + 1)
      assert.strictEqual(order.indexOf("b"), THROUGHPUT)
    }).pipe(
      Effect.scoped,
      Effect.provide(busy((key) => void order.push(key))),
      Effect.provideService(CurrentThread, timeless)
    )
  })

  it.effect("has an actor that had nothing to do handle its message before those that have more left", () => {
    const order: Array<string> = []
    let meanwhile = () => {}
    const handle = (key: string, n: number) => {
      order.push(key)
      if (key === "b" && n === THROUGHPUT) meanwhile()
    }
    return Effect.gen(function*() {
      const a = yield* Busy.spawn("a")
      const b = yield* Busy.spawn("b")
      const idle = yield* Busy.spawn("idle")
      meanwhile = () => void idle.tellUnsafe.Work({ n: 0 })
      for (const one of [a, b]) for (let n = 0; n < 4 * THROUGHPUT; n++) one.tellUnsafe.Work({ n })
      while ((yield* b.depth) > 0) yield* Effect.yieldNow
      assert.strictEqual(order.length, 8 * THROUGHPUT + 1)
      assert.strictEqual(order.indexOf("idle"), 4 * THROUGHPUT)
    }).pipe(Effect.scoped, Effect.provide(busy(handle)), Effect.provideService(CurrentThread, timeless))
  })
})
