/** What the log says of children that end. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import { Child, Supervisor } from "shared-nothing"
import { settle } from "../contract/eventually.ts"

describe("the log of a supervisor", () => {
  it.effect("has an error, with its cause, for a child that crashes and stays down; a warning for one that is restarted", () => {
    const lines: Array<string> = []
    const logger = Logger.make(({ cause, logLevel, message }) =>
      void lines.push(`${logLevel}: ${String(message)} (${cause.reasons.length})`)
    )
    return Effect.gen(function*() {
      const gate = yield* Deferred.make<void>()
      const crash = Effect.andThen(Deferred.await(gate), Effect.die(new Error("crash")))
      let runs = 0
      yield* Supervisor.make("s", {
        strategy: "one-for-one",
        children: [
          Child.effect("down", crash, { restart: "temporary" }),
          Child.effect("up", Effect.suspend(() => ++runs === 1 ? crash : Effect.never)),
          Child.effect("done", Deferred.await(gate), { restart: "transient" })
        ]
      })
      yield* Deferred.succeed(gate, undefined)
      yield* settle
      assert.deepStrictEqual(lines.toSorted(), [
        "Error: child \"down\" of supervisor \"s\" ended and stays down (1)",
        "Warn: child \"up\" of supervisor \"s\" ended; restarting (1)"
      ])
    }).pipe(Effect.scoped, Effect.provide(Logger.layer([logger])))
  })
})
