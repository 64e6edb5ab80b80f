/** A parser of which one input ends the thread that it runs on. */
import * as Effect from "effect/Effect"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor } from "shared-nothing"

export const Parser = Actor.make("Parser", [
  Rpc.make("Length", { payload: { text: Schema.String }, success: Schema.Int }),
  Rpc.make("Exit")
])

export const ParserLive = Parser.toLayer(Effect.succeed(Parser.of({
  Length: ({ text }) => Effect.succeed(text.length),
  Exit: () => Effect.sync(() => process.exit(1))
})))
