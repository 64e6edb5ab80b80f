import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import { ActorSystem } from "shared-nothing"
import { Handover } from "../../src/actor/kernel/Forwarded.ts"
import { Ask } from "../../src/actor/kernel/Word.ts"
import { settle } from "../contract/eventually.ts"
import { forwardContract } from "../contract/forwardContract.ts"
import { Behaviours, Desk, Front, Window } from "../fixtures/forward.ts"

const Local = Behaviours.pipe(Layer.provideMerge(ActorSystem.layer))

forwardContract("messages handed on, on one thread", { layer: Local, live: false })

describe("the time of a message that is handed on", () => {
  it.effect("is that of who asks, and no other", () =>
    Effect.gen(function*() {
      const window = yield* Window.spawn("a")
      const front = yield* Front.spawn("a")
      yield* front.ask.Use({ desk: yield* Desk.spawn("a") })
      const asking = yield* Effect.forkChild(Effect.flip(front.ask.Block({ timeout: "10 seconds" })), {
        startImmediately: true
      })
      yield* settle
      yield* TestClock.adjust("9 seconds")
      assert.isUndefined(asking.pollUnsafe())
      assert.strictEqual(yield* window.ask.Interrupted(), 0)
      yield* TestClock.adjust("1 second")
      yield* settle
      const late = { _tag: "AskTimeout", actor: "Front/a", timeoutMillis: 10_000 } as const
      assert.deepInclude(yield* Fiber.join(asking), late)
      assert.strictEqual(yield* window.ask.Interrupted(), 1)
    }).pipe(Effect.scoped, Effect.provide(Layer.fresh(Local))))
})

describe("a message that only this actor can answer", () => {
  it("is not handed on, which its asker is told", () => {
    class Own extends Ask {
      exit: unknown
      settle(exit: unknown): void {
        this.exit = exit
      }
      restarting(): void {}
      stopped(): void {}
    }
    const ask = new Own(0, undefined)
    ask.forward(new Handover("Desk/a", Effect.void, Effect.void))
    assert.include(String(ask.exit), "its message cannot be handed on to Desk/a")
  })
})
