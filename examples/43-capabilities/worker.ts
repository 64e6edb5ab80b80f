/** Mixes on a thread of its own: the samples where they are, the profile where it is. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { ActorThread, Tag, ThreadVals } from "shared-nothing"
import { Profile, ProfileTag, Studio } from "./protocol.ts"

const StudioLive = Studio.toLayer(Effect.gen(function*() {
  const scope = yield* Effect.scope
  const opened = (tag: typeof ProfileTag.Type) =>
    Tag.open(tag).pipe(Effect.catchTag("TagClosed", (closed) => Effect.die(closed)))
  return Studio.of({
    Open: () => Scope.provide(Tag.make(ProfileTag, new Profile()), scope),
    Mix: ({ gains, profile, samples }) =>
      Effect.map(opened(profile), (known) => {
        const { value } = samples
        for (let i = 0; i < value.length; i++) value[i]! *= gains.get("voice") ?? 1
        known.loudest = Math.max(known.loudest, ...value)
        return samples
      }),
    Loudest: ({ profile }) => Effect.map(opened(profile), ({ loudest }) => loudest)
  })
}))

ActorThread.launch(Layer.merge(StudioLive, ThreadVals.layer))
