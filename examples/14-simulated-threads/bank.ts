/** The program: it knows nothing of simulations, and runs on real threads as it is. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Worker } from "node:worker_threads"
import { ActorSystem } from "shared-nothing"
import { Ledger } from "./protocol.ts"

/** The books remember the numbers of transfers, so that one that is sent again is not made again. */
const booksThat = (remember: boolean) =>
  Ledger.toLayer(() => {
    const balances = new Map([["ada", 100], ["bob", 100]])
    const booked = new Map<number, boolean>()
    const book = (from: string, to: string, amount: number): boolean => {
      if (balances.get(from)! < amount) return false
      balances.set(from, balances.get(from)! - amount)
      balances.set(to, balances.get(to)! + amount)
      return true
    }
    return Ledger.of({
      Book: ({ amount, from, id, to }) =>
        Effect.sync(() => {
          const isDone = remember ? booked.get(id) ?? book(from, to, amount) : book(from, to, amount)
          booked.set(id, isDone)
          return isDone
        }),
      Balance: ({ account }) => Effect.sync(() => balances.get(account)!)
    })
  })

const Threads = ActorSystem.layerThreads({
  spawn: () => new Worker(new URL("./worker.ts", import.meta.url)),
  threads: 1,
  ring: { capacityBytes: 4096 },
  intensity: { restarts: 1000, within: "1 minute" }
})

export const Bank = booksThat(true).pipe(Layer.provideMerge(Threads))

/** The mistake that the simulation finds. */
export const ForgetfulBank = booksThat(false).pipe(Layer.provideMerge(Threads))
