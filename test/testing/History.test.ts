import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { History, Simulation } from "shared-nothing/testing"

type Register = { readonly write: number } | "read"

const register = () =>
  History.make<Register, number, number>({
    initial: 0,
    step: (state, input) => input === "read" ? [state, state] : [input.write, input.write]
  })

describe("History", () => {
  it.effect("accepts calls that could have been made one after the other, in every schedule", () =>
    Effect.gen(function*() {
      const program = Effect.gen(function*() {
        const history = register()
        let value = 0
        const write = (to: number) =>
          history.call(
            { write: to },
            Effect.gen(function*() {
              yield* Effect.yieldNow
              value = to
              yield* Effect.yieldNow
              return to
            })
          )
        const read = history.call("read", Effect.andThen(Effect.yieldNow, Effect.sync(() => value)))
        yield* Effect.all([write(1), read, write(2), read], { concurrency: "unbounded" })
        yield* history.check
      })
      yield* Simulation.check({ seeds: 100 }, program)
    }))

  it.effect("refuses a read that was over before the write began", () =>
    Effect.gen(function*() {
      const history = register()
      yield* history.call("read", Effect.succeed(1))
      yield* history.call({ write: 1 }, Effect.succeed(1))
      const error = yield* Effect.flip(history.check)
      assert.strictEqual(error.ordered, 0)
      assert.include(error.message, "read → 1")
    }))

  it.effect("lets a call that nobody has heard of take place late, or never", () =>
    Effect.gen(function*() {
      for (const seen of [0, 5]) {
        const history = register()
        yield* Effect.exit(history.call({ write: 5 }, Effect.fail("lost")))
        yield* history.call("read", Effect.succeed(0))
        yield* history.call("read", Effect.succeed(seen))
        yield* history.check
      }
    }))

  it.effect("finds a stale read by searching the schedules that part least from the plain one", () =>
    Effect.gen(function*() {
      const program = Effect.gen(function*() {
        const history = register()
        let value = 0
        let cached = 0
        const write = history.call(
          { write: 1 },
          Effect.gen(function*() {
            value = 1
            yield* Effect.yieldNow
            return 1
          })
        )
        const refresh = Effect.andThen(
          Effect.yieldNow,
          Effect.sync(() => {
            cached = value
          })
        )
        const reads = Effect.gen(function*() {
          yield* write
          yield* history.call("read", Effect.sync(() => cached))
        })
        yield* Effect.all([refresh, reads], { concurrency: "unbounded" })
        yield* history.check
      })
      const error = yield* Effect.flip(Simulation.check({ search: 1, seeds: 500 }, program))
      assert.include(error.message, "NotLinearizable")
    }))

  it.effect("searches to the end where there is nothing to find", () =>
    Effect.gen(function*() {
      const orders = new Set<string>()
      const program = Effect.gen(function*() {
        const order: Array<number> = []
        yield* Effect.all([1, 2, 3].map((n) => Effect.andThen(Effect.yieldNow, Effect.sync(() => order.push(n)))), {
          concurrency: "unbounded"
        })
        orders.add(order.join(""))
      })
      const checked = yield* Simulation.check({ search: 3, seeds: 10_000 }, program)
      assert.isTrue(checked.isExhausted)
      assert.strictEqual(orders.size, 6)
    }))
})
