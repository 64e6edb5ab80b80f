/**
 * A bank on threads, tested in simulations: a thread is killed at a chosen moment, and no transfer is lost or doubled whatever goes
 * wrong. Books that forget double one, which is found by its seed and replayed.
 *
 * Output:
 *
 *     ada has 90, although the thread was killed once
 *     200 seeds: no transfer is lost or doubled
 *     found: Program: ada has 80, and 90 is right
 *     replayed: the same
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { Fault, Simulation } from "shared-nothing/testing"
import { Bank, ForgetfulBank } from "./bank.ts"
import { Ledger, Teller } from "./protocol.ts"

const worker = () => import("./worker.ts")

/** Sends a transfer again until there is an answer. */
const transfer = Effect.gen(function*() {
  const ledger = yield* Ledger.spawn("books", { placement: "here" })
  const teller = yield* Effect.retry(Teller.spawn("window"), Schedule.spaced("100 millis"))
  const order = { id: 1, from: "ada", to: "bob", amount: 10, ledger }
  yield* Effect.retry(teller.ask.Accept(order, { timeout: "1 second" }), Schedule.spaced("100 millis"))
  return yield* ledger.ask.Balance({ account: "ada" })
})

const exact = Effect.flatMap(
  transfer,
  (balance) => balance === 90 ? Effect.void : Effect.fail(`ada has ${balance}, and 90 is right`)
)

const killed = Effect.gen(function*() {
  const killing = Effect.andThen(Effect.sleep(1), Fault.kill("worker-0"))
  const [balance] = yield* Effect.all([transfer, killing], { concurrency: "unbounded" })
  return balance
}).pipe(Effect.scoped, Effect.provide(Bank))

const faults = { kill: 100, portDelay: 5 }

const neverTwice = Simulation.check(
  { name: "transfers", seeds: 200, faults, worker },
  exact.pipe(Effect.scoped, Effect.provide(Fault.calmly(Bank)))
)

const main = Effect.gen(function*() {
  const { value } = yield* Simulation.run({ worker }, killed)
  yield* Console.log(`ada has ${value}, although the thread was killed once`)

  const { seeds } = yield* neverTwice
  yield* Console.log(`${seeds} seeds: no transfer is lost or doubled`)

  const forgetful = exact.pipe(Effect.scoped, Effect.provide(Fault.calmly(ForgetfulBank)))
  const found = yield* Effect.flip(Simulation.check({ seeds: 1000, faults, worker }, forgetful))
  if (found._tag !== "SimulationFailed") return yield* found
  yield* Console.log(`found: ${found.kind}`)
  const again = yield* Effect.flip(Simulation.run({ faults, worker, replay: found.recording }, forgetful))
  yield* Console.log(`replayed: ${again._tag === "SimulationFailed" && again.steps === found.steps ? "the same" : "?"}`)
})

await Effect.runPromise(main)
