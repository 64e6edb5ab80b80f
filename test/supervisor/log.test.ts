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

  it.effect("has what is known of an end beside its cause, and hides what was meant; not a start that fails after that", () => {
    const lines: Array<string> = []
    const logger = Logger.make(({ logLevel, message }) => void lines.push(`${logLevel}: ${String(message)}`))
    return Effect.gen(function*() {
      let starts = 0
      const gates = [yield* Deferred.make<void>(), yield* Deferred.make<void>()] as const
      const end = (gate: Deferred.Deferred<void>) =>
        Effect.exit(Effect.andThen(Deferred.await(gate), Effect.fail("ended")))
      yield* Supervisor.make("s", {
        strategy: "one-for-one",
        children: [Child.make("c", {
          start: Effect.suspend((): Effect.Effect<Child.Running, string> => {
            starts++
            if (starts === 1) return Effect.succeed({ exit: end(gates[0]), why: () => "it was late" })
            if (starts === 2) {
              return Effect.succeed({
                exit: end(gates[1]),
                why: () => "it was told",
                isPlanned: () => true
              })
            }
            return starts === 3 ? Effect.fail("broken") : Effect.succeed({ exit: Effect.never })
          })
        })]
      })
      for (const gate of gates) {
        yield* Deferred.succeed(gate, undefined)
        yield* settle
      }
      assert.strictEqual(starts, 4)
      assert.deepStrictEqual(lines, [
        "Warn: child \"c\" of supervisor \"s\" ended (it was late); restarting",
        "Warn: child \"c\" of supervisor \"s\" ended; restarting"
      ])
    }).pipe(Effect.scoped, Effect.provide(Logger.layer([logger])))
  })
})
