/**
 * One program, two hosts: two worker threads, then this thread alone. Only the layer differs.
 *
 * Output:
 *
 *     refused: 70 is all there is
 *     ada has 70, bob has 30
 *     system (supervisor) running
 *     └─ threads (supervisor) running
 *        ├─ worker-0 (thread) running
 *        │  ├─ Account (supervisor) running
 *        │  │  └─ ada (actor) running
 *        │  └─ Teller (supervisor) running
 *        │     └─ t (actor) running
 *        └─ worker-1 (thread) running
 *           ├─ Account (supervisor) running
 *           │  └─ bob (actor) running
 *           └─ Teller (supervisor) running
 *     refused: 70 is all there is
 *     ada has 70, bob has 30
 *     system (supervisor) running
 *     ├─ Account (supervisor) running
 *     │  ├─ ada (actor) running
 *     │  └─ bob (actor) running
 *     └─ Teller (supervisor) running
 *        └─ t (actor) running
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Worker } from "node:worker_threads"
import { ActorSystem, Tree } from "shared-nothing"
import { Bank } from "./bank.ts"
import { Account, Teller } from "./protocol.ts"

const program = Effect.gen(function*() {
  const ada = yield* Account.spawn("ada")
  const bob = yield* Account.spawn("bob")
  const teller = yield* Teller.spawn("t")

  yield* ada.tell.Deposit({ amount: 100 })
  yield* teller.ask.Transfer({ from: ada, to: bob, amount: 30 })
  yield* teller.ask.Transfer({ from: ada, to: bob, amount: 500 }).pipe(
    Effect.catchTag("InsufficientFunds", ({ balance }) => Console.log(`refused: ${balance} is all there is`))
  )
  yield* Console.log(`ada has ${yield* ada.ask.Balance()}, bob has ${yield* bob.ask.Balance()}`)
  yield* Console.log(Tree.render(yield* ActorSystem.tree))
})

const Threads = ActorSystem.layerThreads({
  spawn: () => new Worker(new URL("./worker.ts", import.meta.url)),
  threads: 2
})

const Local = Bank.pipe(Layer.provideMerge(ActorSystem.layer))

await Effect.runPromise(program.pipe(Effect.scoped, Effect.provide(Threads)))
await Effect.runPromise(program.pipe(Effect.scoped, Effect.provide(Local)))
