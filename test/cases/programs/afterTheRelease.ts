/**
 * A system is released while one of its threads waits out its backoff: tells that wait, tells that come later and asks all
 * settle.
 *
 * Output:
 *
 *     the tell that waited: ActorStopped
 *     a tell after the release: ActorStopped
 *     an ask after the release: ActorStopped
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Rpc from "effect/rpc/Rpc"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import { isMainThread } from "node:worker_threads"
import { Actor, ActorThread } from "shared-nothing"
import { outcome, outcomeSoon, runIn, threads } from "./support.ts"

const Diary = Actor.make("Diary", [
  Rpc.make("Write", { payload: { text: Schema.String } }),
  Rpc.make("Exit"),
  Rpc.make("Pages", { success: Schema.Int })
])
const DiaryLive = Diary.toLayer(Effect.succeed(Diary.of({
  Write: () => Effect.void,
  Exit: () => Effect.sync(() => process.exit(1)),
  Pages: () => Effect.succeed(0)
})))

if (!isMainThread) ActorThread.launch(DiaryLive)
else {
  const program = Effect.gen(function*() {
    const scope = yield* Scope.make()
    const system = yield* Layer.buildWithScope(
      threads(import.meta.url, { backoff: Schedule.spaced("1 minute") }),
      scope
    )
    const diary = yield* Effect.provide(Diary.spawn("diary"), system)
    yield* outcome(diary.ask.Exit())
    const write = diary.tell.Write({ text: "dear diary" })
    const waiting = yield* Effect.forkDetach(outcomeSoon(write), { startImmediately: true })
    yield* Scope.close(scope, Exit.void)
    console.log("the tell that waited:", yield* Fiber.join(waiting))
    console.log("a tell after the release:", yield* outcomeSoon(write))
    console.log("an ask after the release:", yield* outcomeSoon(diary.ask.Pages()))
  })
  await runIn(Layer.empty, program)
}
