/** All scenarios, by what they look at. */
import * as Effect from "effect/Effect"
import { adapters } from "./adapters.ts"
import { bank } from "./bank.ts"
import { builds } from "./builds.ts"
import { capabilities } from "./capabilities.ts"
import { channels } from "./channels.ts"
import { clients } from "./clients.ts"
import { control } from "./control.ts"
import { ends } from "./ends.ts"
import { forward } from "./forward.ts"
import { groups } from "./groups.ts"
import { jobs } from "./jobs.ts"
import { keyed } from "./keyed.ts"
import { letters } from "./letters.ts"
import { lifecycle } from "./lifecycle.ts"
import { link } from "./link.ts"
import { loads } from "./loads.ts"
import { names } from "./names.ts"
import { orders } from "./orders.ts"
import { pool } from "./pool.ts"
import { routes } from "./routes.ts"
import { rows } from "./rows.ts"
import type { Scenario } from "./scenario.ts"
import { sheds } from "./sheds.ts"
import { sizes } from "./sizes.ts"
import { stash } from "./stash.ts"
import { storm } from "./storm.ts"
import { streams } from "./streams.ts"
import { supervision } from "./supervision.ts"
import { survive } from "./survive.ts"
import { traffic } from "./traffic.ts"
import { waits } from "./waits.ts"
import { watch } from "./watch.ts"

/** A balance that two fibers read and write: what the gate has to catch. */
export const planted: ReadonlyArray<Scenario> = [{
  name: "planted",
  isPlanted: true,
  program: Effect.gen(function*() {
    let balance = 0
    const deposit = Effect.gen(function*() {
      const read = balance
      yield* Effect.yieldNow
      balance = read + 1
    })
    yield* Effect.all([deposit, deposit], { concurrency: "unbounded" })
    if (balance !== 2) return yield* Effect.die(new Error("an update was lost"))
  })
}]

export const scenarios: ReadonlyArray<Scenario> = [
  adapters,
  bank,
  builds,
  capabilities,
  channels,
  clients,
  ends,
  control,
  forward,
  groups,
  jobs,
  rows,
  keyed,
  letters,
  lifecycle,
  link,
  loads,
  names,
  orders,
  pool,
  routes,
  sheds,
  sizes,
  stash,
  storm,
  streams,
  supervision,
  survive,
  traffic,
  waits,
  watch
]
