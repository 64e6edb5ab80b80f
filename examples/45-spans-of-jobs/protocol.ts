/** A shop whose total is a job that asks for prices, which are jobs for the other worker. */
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor, Route } from "shared-nothing"

export const Span = Schema.Struct({
  id: Schema.String,
  parent: Schema.UndefinedOr(Schema.String),
  name: Schema.String,
  kind: Schema.String,
  attributes: Schema.Record(Schema.String, Schema.Union([Schema.String, Schema.Number, Schema.Boolean]))
})

export const Shop = Actor.make("Shop", [
  Rpc.make("Total", { payload: { items: Schema.Array(Schema.String) }, success: Schema.Int })
    .pipe(Route.toWorker(() => 0)),
  Rpc.make("Price", { payload: { item: Schema.String }, success: Schema.Int }).pipe(Route.toWorker(() => 1)),
  /** Goes on until its asker has gone. */
  Rpc.make("CountStock").pipe(Route.toWorker(() => 1)),
  /** The spans that have ended on a worker. */
  Rpc.make("Spans", { success: Schema.Array(Span) })
])
