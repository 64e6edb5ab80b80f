/** A worker: it tells of each invoice the how manieth it was. */
import * as Effect from "effect/Effect"
import { PoolThread } from "shared-nothing"
import { Invoices } from "./protocol.ts"

PoolThread.launch(Invoices.toLayer(() => {
  let done = 0
  return Invoices.of({
    Warm: () => Effect.sleep("1 second"),
    Render: ({ customer, invoice }) => Effect.sync(() => `${customer}, invoice ${invoice}: number ${++done}`)
  })
}))
