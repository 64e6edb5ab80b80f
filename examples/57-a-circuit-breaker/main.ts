/**
 * Jobs that need a service which is down: after two failures nobody is asked for a while, and no worker has to find out again that it is.
 *
 * Output:
 *
 *     tea: ShopIsDown, Closed
 *     tea: ShopIsDown, Open
 *     tea: CircuitOpen, Open
 *     milk: CircuitOpen, Open
 *     the pool has done 2 jobs
 *     tea: ShopIsDown, Open
 *     tea: 3, Closed
 *     coffee: NotSold, Closed
 *     coffee: NotSold, Closed
 *     milk: 2, Closed
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as CircuitBreaker from "effect/persistence/CircuitBreaker"
import * as Result from "effect/Result"
import { Worker } from "node:worker_threads"
import { type ActorError, Pool } from "shared-nothing"
import { type NotSold, Prices, type ShopIsDown } from "./protocol.ts"

type PriceError = ShopIsDown | NotSold | ActorError.AskError

// That something is not sold is an answer like any other. What else goes wrong speaks against the shop: that it is down, and that no answer came in time.
const classify = (exit: Exit.Exit<number, PriceError>): CircuitBreaker.Outcome =>
  Exit.isSuccess(exit) || Option.getOrUndefined(Exit.findErrorOption(exit))?._tag === "NotSold"
    ? CircuitBreaker.success
    : CircuitBreaker.failure()

const program = Effect.gen(function*() {
  const prices = yield* Pool.ref(Prices)
  const breaker = yield* CircuitBreaker.CircuitBreaker
  const price = (item: string) =>
    prices.ask.Price({ item }, { timeout: "5 seconds" }).pipe(breaker.execute({ key: "shop", classify }))

  const show = (item: string) =>
    Effect.gen(function*() {
      const answer = Result.match(yield* Effect.result(price(item)), {
        onSuccess: String,
        onFailure: (error) => error._tag === "CircuitBreakerError" ? error.reason._tag : error._tag
      })
      const { _tag } = yield* breaker.state("shop")
      yield* Console.log(`${item}: ${answer}, ${_tag}`)
    })
  const untilProbe = Effect.gen(function*() {
    const state = yield* breaker.state("shop")
    if (state._tag === "Open") yield* Effect.sleep(state.retryAfter)
  })

  yield* show("tea")
  yield* show("tea")
  // Nothing of this comes to a worker.
  yield* show("tea")
  yield* show("milk")
  const { jobs } = yield* Pool.stats(prices)
  yield* Console.log(`the pool has done ${jobs} jobs`)
  // One ask is let through, to see: it fails, and the next one does not.
  yield* untilProbe
  yield* show("tea")
  yield* untilProbe
  yield* show("tea")
  yield* Effect.forEach(["coffee", "coffee", "milk"], show)
})

const PricesPool = Pool.layer(Prices, {
  spawn: () => new Worker(new URL("./worker.ts", import.meta.url)),
  threads: 1
})
const Breaker = CircuitBreaker.layer({ tripPolicy: CircuitBreaker.consecutive(2), openDuration: "1 second" }).pipe(
  Layer.provide(CircuitBreaker.layerStoreMemory())
)

await Effect.runPromise(program.pipe(Effect.provide([PricesPool, Breaker])))
