/**
 * A bank: accounts on the main thread, tellers on workers that come and go. No accepted transfer is lost or doubled, however often
 * it had to be sent.
 */
import * as Effect from "effect/Effect"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor, ActorThread } from "shared-nothing"
import { Invariant, Simulation, StandIn } from "shared-nothing/testing"
import { at, onThreads, type Scenario } from "./scenario.ts"

const Transfer = { id: Schema.Int, from: Schema.Int, to: Schema.Int, amount: Schema.Int }

/** The books: a transfer that it knows is not made again. */
const Ledger = Actor.make("Ledger", [
  Rpc.make("Book", { payload: Transfer, success: Schema.Boolean }),
  Rpc.make("Balances", { success: Schema.Array(Schema.Int) })
])

/** Passes transfers on to the books, and may die with its thread in the middle of it. */
const Teller = Actor.make("Teller", [
  Rpc.make("Accept", { payload: { ...Transfer, ledger: Ledger.ref }, success: Schema.Boolean })
])

const ACCOUNTS = 3
const START = 100

const LedgerLive = Ledger.toLayer(Effect.sync(() => {
  const balances = Array.from({ length: ACCOUNTS }, () => START)
  const booked = new Map<number, boolean>()
  return Ledger.of({
    Book: ({ amount, from, id, to }) =>
      Effect.sync(() => {
        const known = booked.get(id)
        if (known !== undefined) return known
        const isCovered = balances[from]! >= amount
        if (isCovered) {
          balances[from]! -= amount
          balances[to]! += amount
        }
        booked.set(id, isCovered)
        return isCovered
      }),
    Balances: () => Effect.sync(() => balances.slice())
  })
}))

const TellerLive = Teller.toLayer(
  Effect.succeed(Teller.of({
    Accept: ({ ledger, ...transfer }) => Effect.orDie(ledger.ask.Book(transfer, { timeout: "1 second" }))
  })),
  { supervision: { intensity: { restarts: 1_000_000, within: "1 minute" } } }
)

const opening = Effect.all({
  ledger: Ledger.spawn("l", { placement: "here" }),
  tellers: Effect.forEach([0, 1], (thread) => Teller.spawn(`t${thread}`, at(thread)))
})

const day = Effect.fnUntraced(function*({ ledger, tellers }: Effect.Success<typeof opening>) {
  const expected = Array.from({ length: ACCOUNTS }, () => START)
  let accepted = 0
  let repeated = 0
  let id = 0
  const client = Effect.gen(function*() {
    for (let left = yield* Simulation.draw(10); left > 0; left--) {
      const transfer = {
        id: ++id,
        from: yield* Simulation.draw(ACCOUNTS),
        to: yield* Simulation.draw(ACCOUNTS),
        amount: 1 + (yield* Simulation.draw(60))
      }
      const teller = tellers[yield* Simulation.draw(2)]!
      const attempt = teller.ask.Accept({ ...transfer, ledger }, { timeout: "2 seconds" })
      // Sent again until there is an answer: its number says that it is the same.
      const again = Effect.sandbox(Effect.catchCause(attempt, (cause) =>
        Effect.suspend(() => {
          repeated++
          return Effect.failCause(cause)
        })))
      const isAccepted = yield* Effect.retry(again, {
        while: () => Effect.as(Effect.sleep("50 millis"), true)
      })
      if (!isAccepted) continue
      accepted++
      expected[transfer.from]! -= transfer.amount
      expected[transfer.to]! += transfer.amount
    }
  })
  yield* Effect.all(Array.from({ length: 1 + (yield* Simulation.draw(4)) }, () => client), { concurrency: "unbounded" })
  yield* Simulation.converge()
  const balances = yield* ledger.ask.Balances()
  if (balances.join() !== expected.join()) {
    return yield* Effect.die(new Error(`the books say ${balances.join()}, and the clients ${expected.join()}`))
  }
  yield* Invariant.sometimes("a transfer is accepted", accepted > 0)
  yield* Invariant.sometimes("a transfer is sent again", repeated > 0)
})

export const bank: Scenario = {
  name: "bank",
  worker: () => ActorThread.launch(StandIn.defective(TellerLive)),
  program: onThreads(2, opening, day, LedgerLive)
}
