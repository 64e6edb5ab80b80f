/** Readers, wherever they live: each joins the groups of what it is interested in while it is built. */
import * as Effect from "effect/Effect"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor } from "shared-nothing"

export const Reader = Actor.make("Reader", [
  Rpc.make("Said", { payload: { text: Schema.String } }),
  Rpc.make("Heard", { success: Schema.Array(Schema.String) }),
  Rpc.make("Crash")
])

/** A topic is a group of readers: a value that every thread has. */
export const news = Reader.group("news")
export const sport = Reader.group("sport")
export const weather = Reader.group("weather")

export const ReaderLive = Reader.toLayer(Effect.gen(function*() {
  const { key } = yield* Actor.CurrentActor
  const self = yield* Reader.self
  yield* news.join(self)
  if (key !== "ada") yield* sport.join(self)
  const heard: Array<string> = []
  return Reader.of({
    Said: ({ text }) => Effect.sync(() => void heard.push(text)),
    Heard: () => Effect.succeed(heard),
    Crash: () => Effect.die(new Error("it was told to"))
  })
}))
