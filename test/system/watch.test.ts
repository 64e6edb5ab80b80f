/** Ends of actors on worker threads that die, as the main thread and another worker hear of them. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Scope from "effect/Scope"
import { ExitReason } from "shared-nothing"
import * as System from "../fixtures/system.ts"
import { untilEffect } from "../support/until.ts"
import { threads, within } from "./threads.ts"

const { Once, Probe, Relay } = System
const at = (thread: number) => ({ placement: { thread } }) as const

describe("the end of an actor on a thread that dies", () => {
  it.live("is an error in the log where it was not asked for", () =>
    Effect.gen(function*() {
      const lines: Array<string> = []
      const logger = Logger.make(({ cause, logLevel, message }) =>
        void lines.push(`${logLevel}: ${String(message)} (${cause.reasons.length})`)
      )
      yield* Effect.scoped(Effect.gen(function*() {
        const once = yield* Once.spawn("once", at(0))
        yield* Effect.exit(once.ask.Exit({ code: 3 }))
        yield* once.down
      })).pipe(Effect.provide(Layer.provideMerge(
        threads({ threads: 1, intensity: { restarts: 10, within: "1 minute" } }),
        Logger.layer([logger])
      )))
      const [line, ...others] = lines.filter((line) => line.includes("Once/once has ended"))
      assert.match(line!, /^Error: Once\/once has ended: its thread worker-0 was lost: .*code 3.* \(1\)$/)
      assert.deepStrictEqual(others, [])
    }))

  it.live("is told of one that does not come back with it, and of one that does when it ends", () =>
    within(
      threads({ threads: 2, intensity: { restarts: 10, within: "1 minute" } }),
      Effect.gen(function*() {
        const life = yield* Scope.make()
        const once = yield* Once.spawn("once", at(0))
        const stays = yield* Scope.provide(Probe.spawn("stays", at(0)), life)
        const relay = yield* Relay.spawn("relay", at(1))
        const far = yield* Effect.forkChild(relay.ask.AwaitEnd({ of: stays }, { timeout: "1 minute" }))
        const both = yield* Effect.forkChild(
          Effect.forEach([once.down, stays.down], Effect.map(({ reason }) => reason), { concurrency: "unbounded" }),
          { startImmediately: true }
        )
        yield* Effect.exit(stays.ask.Exit({ code: 3 }))
        assert.strictEqual((yield* once.down).reason._tag, "ThreadLost")
        const isUp = Effect.map(Effect.exit(stays.ask.Count()), Exit.isSuccess)
        yield* untilEffect(isUp, Effect.succeed("it has not come back"))
        assert.isUndefined(both.pollUnsafe())
        assert.isUndefined(far.pollUnsafe())
        yield* Scope.close(life, Exit.void)
        const [first, second] = yield* Fiber.join(both)
        assert.strictEqual(first!._tag, "ThreadLost")
        assert.deepStrictEqual(second, ExitReason.scopeClosed)
        assert.strictEqual(yield* Fiber.join(far), "its scope was closed")
        // Whoever asks later, and elsewhere, is told at once.
        assert.isString(yield* relay.ask.AwaitEnd({ of: stays }))
      })
    ))
})
