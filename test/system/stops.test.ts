/** Stops of actors on other threads, as messages: what is asked for in one go is one of them. */
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type { Cell } from "../../src/actor/kernel/Cell.ts"
import type { Node } from "../../src/link/kernel/Node.ts"
import type { Runtime } from "../../src/runtime/Runtime.ts"
import type * as Control from "../../src/system/internal/control.ts"
import { Endings, Stops } from "../../src/system/internal/stops.ts"

const stage = () => {
  const tasks: Array<() => void> = []
  const log: Array<unknown> = []
  const runtime = { microtask: (run: () => void) => void tasks.push(run) } as unknown as Runtime
  const after = { add: (run: () => void) => run(), run: () => {} }
  const node = {
    home: { host: { after } },
    isFlushed: true,
    flush: () => void log.push("flush"),
    mark: () => () => true
  } as unknown as Node
  const place = (hasEnded: boolean) => ({
    hasEnded,
    post: ({ _tag, ...message }: Control.ToWorker) => void log.push(message)
  })
  return {
    log,
    node,
    runtime,
    place,
    run: Effect.runForkWith(Context.empty()),
    endOfTask: () => {
      for (const task of tasks.splice(0)) task()
    }
  }
}

describe("the stops that the main thread asks for", () => {
  const stopsOn = () => {
    const { log, node, run, runtime, ...rest } = stage()
    const over: Array<number> = []
    const stops = new Stops(node, runtime, run)
    const tell = (actor: number, workplace: ReturnType<typeof rest.place>, elapsedMillis = 0) =>
      stops.tell({ actor, workplace, over: () => void over.push(actor) }, elapsedMillis)
    return { log, over, stops, tell, ...rest }
  }

  it("are one message to each thread, behind what was told before, and one for those whose time has begun to go", () => {
    const { endOfTask, log, place, tell } = stopsOn()
    const [one, two] = [place(false), place(false)]
    for (const actor of [1, 2]) tell(actor, one)
    tell(3, two)
    tell(4, one, 7)
    endOfTask()
    assert.deepStrictEqual(log, [
      "flush",
      { actors: [1, 2], elapsedMillis: 0 },
      "flush",
      { actors: [3], elapsedMillis: 0 },
      "flush",
      { actors: [4], elapsedMillis: 7 }
    ])
  })

  it("are over once each: when that is answered, or the thread has gone, also before it was told", () => {
    const { endOfTask, log, over, place, stops, tell } = stopsOn()
    const [one, two, gone] = [place(false), place(false), place(true)]
    for (const actor of [1, 2, 3]) tell(actor, one)
    tell(4, two)
    tell(5, gone)
    assert.deepStrictEqual(over, [5])
    stops.lost(two)
    assert.deepStrictEqual(over, [5, 4])
    endOfTask()
    assert.deepStrictEqual(log, ["flush", { actors: [1, 2, 3], elapsedMillis: 0 }])
    stops.answered([2, 4, 9])
    stops.lost(one)
    stops.lost(one)
    assert.deepStrictEqual(over, [5, 4, 2, 1, 3])
  })
})

describe("the stops that a worker is told of", () => {
  it.effect("are answered in one message for all that are over in one go", () =>
    Effect.gen(function*() {
      const { endOfTask, log, node, run, runtime } = stage()
      const endings = new Endings(node, runtime, run, ({ _tag, ...message }) => void log.push(message))
      const stopped: Array<string> = []
      const cellOf = (key: string, ending?: Effect.Effect<void>) =>
        ({
          shutdownMillis: 1_000,
          stop: () => {
            stopped.push(key)
            return ending
          }
        }) as unknown as Cell
      let finish = () => {}
      const slow = Effect.callback<void>((resume) => {
        finish = () => resume(Effect.void)
      })
      const here = new Map([[1, cellOf("a")], [2, cellOf("b", slow)], [3, cellOf("c")]])
      const starting = new Map<number, Fiber.Fiber<void>>()
      // One that is still being started has ended when that is interrupted.
      const fiber = run(Effect.never as Effect.Effect<void>)
      fiber.addObserver(() => starting.delete(4))
      starting.set(4, fiber)
      endings.begin({ _tag: "Stop", actors: [1, 2, 3, 4, 5], elapsedMillis: 0 }, here, starting)
      assert.deepStrictEqual(stopped, ["a", "b", "c"])
      assert.isTrue(endings.has(2))
      yield* Fiber.await(fiber)
      endOfTask()
      assert.deepStrictEqual(log, ["flush", { actors: [4, 5, 1, 3] }])
      finish()
      endOfTask()
      assert.deepStrictEqual(log.slice(2), ["flush", { actors: [2] }])
      assert.isFalse(endings.has(2))
    }))
})
