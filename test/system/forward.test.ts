/** A message that is handed on over real threads; all that is promised of that is held in simulations (`test/simulate/contract.test.ts`, `test/simulate/forward.ts`). */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { eventually } from "../contract/eventually.ts"
import { Desk, Front, NotThere, Window } from "../fixtures/forward.ts"
import { crew, threads, within } from "./threads.ts"

describe("a message that is handed on from one thread to another", () => {
  it.live("is answered, failed and interrupted there", () =>
    within(
      threads({ spawn: crew("forward").spawn, threads: 2 }),
      Effect.gen(function*() {
        const front = yield* Front.spawn("a", { placement: { thread: 0 } })
        const window = yield* Window.spawn("a", { placement: { thread: 1 } })
        yield* front.ask.Use({ desk: yield* Desk.spawn("a", { placement: { thread: 1 } }) })
        assert.strictEqual(yield* front.ask.Find({ key: "a" }), "found a")
        assert.instanceOf(yield* Effect.flip(front.ask.Find({ key: "" })), NotThere)
        const asking = yield* Effect.forkChild(front.ask.Block({ timeout: "Infinity" }), { startImmediately: true })
        yield* eventually(window.ask.Begun(), (n) => n === 1, "it is at the desk")
        yield* Fiber.interrupt(asking)
        yield* eventually(window.ask.Interrupted(), (n) => n === 1, "it is interrupted there")
        const late = yield* Effect.flip(front.ask.Brief())
        assert.deepInclude(late, { _tag: "AskTimeout", actor: "Desk/a" })
      })
    ))
})
