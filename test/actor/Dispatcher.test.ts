import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Rpc from "effect/rpc/Rpc"
import type * as Scheduler from "effect/Scheduler"
import * as Schema from "effect/Schema"
import { Actor, ActorSystem } from "shared-nothing"
import { Dispatcher, type Runnable, THROUGHPUT } from "../../src/actor/kernel/Dispatcher.ts"

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

describe("Dispatcher", () => {
  it("runs those that are ready once each, in order, with a bounded budget", () => {
    const { scheduler, tasks, turn } = manual()
    const dispatcher = new Dispatcher(scheduler)
    const log: Array<string> = []
    const runnable = (name: string): Runnable => ({ run: (budget) => void log.push(`${name} ${budget}`) })
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
    const dispatcher = new Dispatcher(scheduler)
    const log: Array<string> = []
    const late: Runnable = { run: () => void log.push("late") }
    dispatcher.enqueue({
      run: () => {
        log.push("early")
        dispatcher.enqueue(late)
      }
    })
    turn()
    assert.deepStrictEqual(log, ["early"])
    assert.strictEqual(tasks.length, 1)
    turn()
    assert.deepStrictEqual(log, ["early", "late"])
  })

  it("leaves the turn that is scheduled nothing to do when it was drained by hand", () => {
    const { scheduler, turn } = manual()
    const dispatcher = new Dispatcher(scheduler)
    let runs = 0
    dispatcher.enqueue({ run: () => void runs++ })
    dispatcher.drain()
    assert.strictEqual(runs, 1)
    turn()
    assert.strictEqual(runs, 1)
    dispatcher.enqueue({ run: () => void runs++ })
    turn()
    assert.strictEqual(runs, 2)
  })

  it.effect("lets an actor handle THROUGHPUT messages before the next one has its turn", () => {
    const order: Array<string> = []
    const Busy = Actor.make("Busy", [Rpc.make("Work", { payload: { n: Schema.Int } })])
    const live = Busy.toLayer(
      Effect.map(Actor.CurrentActor, ({ key }) =>
        Busy.of({
          Work: () => {
            order.push(key)
            return Effect.void
          }
        })),
      { mailbox: { capacity: "unbounded" } }
    )
    return Effect.gen(function*() {
      const a = yield* Busy.spawn("a")
      const b = yield* Busy.spawn("b")
      for (let n = 0; n < 3 * THROUGHPUT; n++) a.tellUnsafe.Work({ n })
      b.tellUnsafe.Work({ n: 0 })
      assert.deepStrictEqual(order, [])
      while ((yield* a.depth) > 0) yield* Effect.yieldNow
      assert.strictEqual(order.length, 3 * THROUGHPUT + 1)
      assert.strictEqual(order.indexOf("b"), THROUGHPUT)
    }).pipe(Effect.scoped, Effect.provide(live.pipe(Layer.provideMerge(ActorSystem.layer))))
  })
})
