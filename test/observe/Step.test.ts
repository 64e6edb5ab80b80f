import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scheduler from "effect/Scheduler"
import { effectClass, inStep } from "../../src/observe/kernel/Step.ts"

interface Noting extends Effect.Effect<number, string> {
  outcome: Effect.Effect<number, string>
  note: () => void
}

class Note extends effectClass<Noting>("Note", function(fiber) {
  this.note()
  return inStep(this.outcome, fiber)
}) {
  constructor(outcome: Effect.Effect<number, string>, note: () => void = () => {}) {
    super()
    this.outcome = outcome
    this.note = note
  }
}

describe("inStep", () => {
  it.effect("hands on what an effect succeeds with, fails with and waits for", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* new Note(Exit.succeed(1)), 1)
      assert.strictEqual(yield* Effect.flip(new Note(Exit.fail("no"))), "no")
      assert.strictEqual(yield* new Note(Effect.callback<number>((resume) => resume(Effect.succeed(2)))), 2)
      assert.strictEqual(yield* Effect.map(new Note(Effect.yieldNow.pipe(Effect.as(3))), (value) => value + 1), 4)
      assert.deepStrictEqual(Effect.runSyncExit(new Note(Exit.succeed(5))), Exit.succeed(5))
    }))

  it.live("lets nothing come between what it does and who gets its outcome", () =>
    Effect.forEach(Array.from({ length: 60 }, (_, index) => index), (place) =>
      Effect.gen(function*() {
        let done = 0
        let told = 0
        const noting = new Note(Exit.succeed(1), () => done++)
        const fiber = yield* Effect.forkChild(
          Effect.provideService(
            Effect.forever(Effect.map(noting, () => told++), { disableYield: true }),
            Scheduler.MaxOpsBeforeYield,
            2 + place % 6
          )
        )
        for (let turn = 0; turn < place % 10; turn++) yield* Effect.yieldNow
        yield* Fiber.interrupt(fiber)
        assert.strictEqual(done, told)
      }), { discard: true }))
})
