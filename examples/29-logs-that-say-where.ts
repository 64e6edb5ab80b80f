/**
 * Each line that an actor logs says which actor it was, and on which thread: they stand among its annotations.
 *
 * Output:
 *
 *     main Door/front built
 *     main Door/front opened for ann
 *     main Door/back built
 *     main Door/back opened for bob
 *     main Door/back closed
 *     main Door/front closed
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import { CurrentLogAnnotations } from "effect/References"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor, ActorSystem } from "shared-nothing"

const Door = Actor.make("Door", [Rpc.make("Open", { payload: { visitor: Schema.String }, success: Schema.Void })])
const DoorLive = Door.toLayer(Effect.gen(function*() {
  yield* Effect.log("built")
  yield* Effect.addFinalizer(() => Effect.log("closed"))
  return Door.of({ Open: ({ visitor }) => Effect.log(`opened for ${visitor}`) })
}))

// Effect's own loggers print all annotations; this one prints nothing else.
const brief = Logger.make<unknown, void>(({ fiber, message }) => {
  const { actor, thread } = fiber.getRef(CurrentLogAnnotations)
  console.log([thread, actor, message].join(" "))
})

const program = Effect.gen(function*() {
  const front = yield* Door.spawn("front")
  yield* front.ask.Open({ visitor: "ann" })
  const back = yield* Door.spawn("back")
  yield* back.ask.Open({ visitor: "bob" })
})

await Effect.runPromise(program.pipe(
  Effect.scoped,
  Effect.provide(DoorLive.pipe(Layer.provideMerge(ActorSystem.layer), Layer.provideMerge(Logger.layer([brief]))))
))
