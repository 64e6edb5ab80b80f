import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scheduler from "effect/Scheduler"
import { Requests } from "../../src/thread/kernel/Requests.ts"

/** Questions on a wire that the test answers. */
const staged = () => {
  const requests = new Requests<string>()
  const posted: Array<number> = []
  const ask = Effect.forkChild(requests.send((request) => void posted.push(request)), { startImmediately: true })
  const waiting = (requests as unknown as { readonly waiting: ReadonlyMap<number, unknown> }).waiting
  return { requests, posted, ask, waiting }
}

describe("Requests", () => {
  it.effect("hand each answer to who asked for it, in whatever order they come", () =>
    Effect.gen(function*() {
      const { ask, posted, requests, waiting } = staged()
      const [first, second] = [yield* ask, yield* ask]
      const [one, two] = posted as [number, number]
      assert.notStrictEqual(one, two)
      requests.answer(two, "second")
      requests.answer(one, "first")
      assert.deepStrictEqual([yield* Fiber.join(first), yield* Fiber.join(second)], ["first", "second"])
      assert.strictEqual(waiting.size, 0)
    }))

  it.effect("take an answer that comes during the question, and only the first one", () =>
    Effect.gen(function*() {
      const { requests, waiting } = staged()
      const answer = yield* requests.send((request) => {
        requests.answer(request, "at once")
        requests.answer(request, "once more")
      })
      assert.strictEqual(answer, "at once")
      assert.strictEqual(waiting.size, 0)
    }))

  it.effect("forget who has gone, and what its answer says afterwards", () =>
    Effect.gen(function*() {
      const { ask, posted, requests, waiting } = staged()
      yield* Fiber.interrupt(yield* ask)
      assert.strictEqual(waiting.size, 0)
      const next = yield* ask
      requests.answer(posted[0]!, "for the one who has gone")
      requests.answer(99, "for nobody")
      requests.answer(posted[1]!, "for the next")
      assert.strictEqual(yield* Fiber.join(next), "for the next")
    }))

  it.effect("are all given up at once, and asked again afterwards", () =>
    Effect.gen(function*() {
      const { ask, posted, requests, waiting } = staged()
      const fibers = [yield* ask, yield* ask, yield* ask]
      requests.answer(posted[0]!, "in time")
      requests.giveUp()
      requests.answer(posted[1]!, "too late")
      assert.deepStrictEqual(yield* Effect.forEach(fibers, Fiber.join), ["in time", undefined, undefined])
      assert.strictEqual(waiting.size, 0)
      const again = yield* ask
      requests.answer(posted[3]!, "again")
      assert.strictEqual(yield* Fiber.join(again), "again")
    }))

  it.effect("change what an answer changes in the step in which it comes, before who asks goes on", () =>
    Effect.gen(function*() {
      const { requests } = staged()
      const story: Array<string> = []
      const asked: Array<number> = []
      const ask = requests.send((request) => void asked.push(request), undefined, (answer) => story.push(answer)).pipe(
        Effect.tap(() => Effect.sync(() => story.push("goes on"))),
        Effect.forkChild({ startImmediately: true })
      )
      yield* ask
      requests.answer(asked[0]!, "first")
      requests.answer(asked[0]!, "once more")
      assert.deepStrictEqual(story, ["first", "goes on"])
      yield* Fiber.interrupt(yield* ask)
      requests.answer(asked[1]!, "for the one who has gone")
      yield* ask
      requests.giveUp()
      requests.answer(asked[2]!, "too late")
      assert.deepStrictEqual(story, ["first", "goes on", "goes on"])
    }))

  it.effect("that cannot be posted are not waited for", () =>
    Effect.gen(function*() {
      const { requests, waiting } = staged()
      const exit = yield* Effect.exit(requests.send(() => {
        throw new Error("refused")
      }))
      assert.include(String(exit), "refused")
      assert.strictEqual(waiting.size, 0)
    }))

  it("are given up whenever the other side ends, between any two steps of who asks", () => {
    for (let endsAfter = 0; endsAfter < 12; endsAfter++) {
      const requests = new Requests<string>()
      const tasks: Array<() => void> = []
      let hasEnded = false
      // A fiber that lets others go on as often as it can.
      const scheduler: Scheduler.Scheduler = {
        executionMode: "async",
        shouldYield: (fiber) => fiber.currentOpCount >= 3,
        makeDispatcher: () => ({ scheduleTask: (task) => void tasks.push(task), flush: () => {} })
      }
      const asking = Effect.runFork(
        Effect.andThen(Effect.yieldNow, requests.send(() => {}, () => hasEnded)).pipe(
          Effect.provideService(Scheduler.Scheduler, scheduler)
        ),
        { scheduler }
      )
      for (let step = 0; step < 40; step++) {
        if (step === endsAfter) {
          hasEnded = true
          requests.giveUp()
        }
        tasks.shift()?.()
      }
      assert.deepStrictEqual(asking.pollUnsafe(), Exit.succeed(undefined), `ended after ${endsAfter} steps`)
    }
  })
})
