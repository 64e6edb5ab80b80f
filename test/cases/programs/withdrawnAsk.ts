/**
 * An ask that waited for room was settled by a restart, and is then withdrawn, as a clean-up does: the next sender that has
 * to wait is let in.
 *
 * Output:
 *
 *     the ask: ActorRestarting
 *     a tell that has to wait: done
 *     handled 3
 */
import * as Effect from "effect/Effect"
import { begun, Probe, probeLive } from "./probe.ts"
import { outcomeSoon, runLocal, tagOf, until, whenUp } from "./support.ts"

const program = Effect.gen(function*() {
  const probe = yield* Probe.spawn("probe")
  let settled: string | undefined
  yield* probe.tell.Crash({ afterMillis: 300 })
  yield* until(Effect.sync(() => begun.count === 1))
  yield* probe.tell.Note({ n: 1 }) // fills the mailbox
  const withdraw = probe.askUnsafe.Count(undefined, (exit) => {
    settled = tagOf(exit)
  })
  yield* until(Effect.sync(() => settled !== undefined))
  console.log("the ask:", settled)
  withdraw()
  yield* whenUp(probe.ask.Count())
  yield* probe.tell.Sleep({ millis: 300 })
  yield* until(Effect.sync(() => begun.count === 2))
  yield* probe.tell.Note({ n: 2 }) // fills the mailbox
  console.log("a tell that has to wait:", yield* outcomeSoon(probe.tell.Note({ n: 3 })))
  console.log("handled", yield* probe.ask.Count())
})
await runLocal(probeLive({ mailbox: { capacity: 1 } }), program)
