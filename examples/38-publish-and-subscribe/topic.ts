/** A topic: whoever follows it is given what is published from then on. There is one for every key, on the thread of that key. */
import * as Effect from "effect/Effect"
import * as PubSub from "effect/PubSub"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { Actor } from "shared-nothing"

export const Topic = Actor.make("Topic", [
  /** Begins with how many follow it now, and is a membership for as long as it is read. */
  Rpc.make("Follow", { success: Schema.Union([Schema.Int, Schema.String]), stream: true }),
  /** Answers how many there were to hear it. */
  Rpc.make("Publish", { payload: { text: Schema.String }, success: Schema.Int })
])

export const TopicLive = Topic.toLayer(Effect.gen(function*() {
  // Who reads more slowly than others publish misses the oldest; a bounded one would have them wait.
  const published = yield* PubSub.sliding<string>(1024)
  let members = 0
  const member = Effect.acquireRelease(
    Effect.sync(() => ++members),
    () => Effect.sync(() => members--)
  )
  return Topic.of({
    Follow: () =>
      Stream.unwrap(Effect.gen(function*() {
        const texts = yield* PubSub.subscribe(published)
        return Stream.concat(Stream.make(yield* member), Stream.fromSubscription(texts))
      })),
    Publish: ({ text }) => Effect.as(PubSub.publish(published, text), members)
  })
}))
