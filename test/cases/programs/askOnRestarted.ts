/**
 * Who is told that an actor was restarted can ask it.
 *
 * Output:
 *
 *     ActorRestarted: 0
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { ActorSystem } from "shared-nothing"
import { Probe, probeLive } from "./probe.ts"
import { outcome, runLocal, until } from "./support.ts"

const program = Effect.gen(function*() {
  const probe = yield* Probe.spawn("probe")
  let isTold = false
  yield* Effect.forkScoped(Stream.runForEach(
    // The crash is told before, when there is nobody to ask.
    Stream.filter(ActorSystem.events, (event) => event._tag !== "ActorCrashed"),
    (event) =>
      Effect.map(outcome(probe.ask.Count()), (answer) => {
        console.log(`${event._tag}: ${answer}`)
        isTold = true
      })
  ))
  yield* Effect.yieldNow
  yield* probe.tell.Crash({ afterMillis: 10 })
  yield* until(Effect.sync(() => isTold))
})
await runLocal(probeLive(), program)
