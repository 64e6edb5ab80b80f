/**
 * A behaviour is provided twice, and the younger one is released: the older, still provided, serves.
 *
 * Output:
 *
 *     outer
 *     inner
 *     outer
 */
import * as Effect from "effect/Effect"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor } from "shared-nothing"
import { outcome, runLocal } from "./support.ts"

const Hello = Actor.make("Hello", [Rpc.make("Name", { success: Schema.String })])
const live = (name: string) => Hello.toLayer(Effect.succeed(Hello.of({ Name: () => Effect.succeed(name) })))
const use = (key: string) => outcome(Effect.scoped(Effect.flatMap(Hello.spawn(key), (hello) => hello.ask.Name())))
const program = Effect.gen(function*() {
  console.log(yield* use("a"))
  console.log(yield* Effect.provide(use("b"), live("inner")))
  console.log(yield* use("c"))
})
await runLocal(live("outer"), program)
