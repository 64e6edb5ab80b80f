/** Scenarios of kameo (`tqwewe/kameo`, `tests`) and of CAF (`request_timeout.test`). */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import { ActorControl, ActorSystem } from "shared-nothing"
import { settle } from "../contract/eventually.ts"
import { forkNow, Player, staged } from "./actors.ts"

describe("kameo", () => {
  it.effect("K04 K06 undelivered is not called when the mailbox is empty, nor on a restart", () =>
    staged((stage) =>
      Effect.gen(function*() {
        const letters = yield* ActorSystem.deadLetters
        const gate = yield* Deferred.make<void>()
        stage.acts["crash"] = () => Effect.andThen(Deferred.await(gate), Effect.die("torn"))
        const a = yield* Player.spawn("a")
        yield* a.tell.Do({ what: "crash" })
        for (let n = 1; n <= 3; n++) yield* a.tell.Note({ n })
        yield* Deferred.succeed(gate, undefined)
        yield* settle
        assert.deepStrictEqual(stage.log, ["a 1 in 2", "a 2 in 2", "a 3 in 2"])
        yield* ActorControl.kill(a)
        yield* settle
        assert.deepStrictEqual(yield* letters.all, [])
        assert.strictEqual(yield* ActorSystem.droppedMessages, 0)
      })
    ))
})

describe("CAF request_timeout", () => {
  it.effect("F04 nested and multiplexed: each ask has its own time, and the one that is over first ends what it has asked", () =>
    staged((stage) =>
      Effect.gen(function*() {
        const back = yield* Player.spawn("back")
        stage.acts["never"] = () => Effect.onInterrupt(Effect.never, () => Effect.sync(() => stage.log.push("let go")))
        stage.acts["patient"] = () => Effect.flip(back.ask.Do({ what: "never" }, { timeout: "10 seconds" }))
        stage.acts["hasty"] = () =>
          Effect.map(Effect.flip(back.ask.Do({ what: "never" }, { timeout: "1 second" })), ({ _tag }) => _tag)
        const front = yield* Player.spawn("front")
        const side = yield* Player.spawn("side")
        const outer = yield* forkNow(Effect.flip(front.ask.Do({ what: "patient" }, { timeout: "3 seconds" })))
        const inner = yield* forkNow(side.ask.Do({ what: "hasty" }, { timeout: "20 seconds" }))
        yield* TestClock.adjust("1 second")
        yield* settle
        // It was behind the other one, and is over all the same.
        assert.strictEqual(yield* Fiber.join(inner), "AskTimeout")
        assert.isUndefined(outer.pollUnsafe())
        yield* TestClock.adjust("2 seconds")
        yield* settle
        assert.strictEqual((yield* Fiber.join(outer))._tag, "AskTimeout")
        assert.deepStrictEqual(stage.log, ["let go"])
        assert.strictEqual(yield* back.depth, 0)
      })
    ))
})
