/**
 * A handler closes the scope of its own actor, from a fiber below its own: the actor ends, its name is free, and the release
 * of the system ends.
 *
 * Output:
 *
 *     its name: free
 *     released
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Rpc from "effect/rpc/Rpc"
import * as Scope from "effect/Scope"
import { Actor } from "shared-nothing"
import { outcome, runLocal, until } from "./support.ts"

const Job = Actor.make("Job", [Rpc.make("Finish")])
const scope = Scope.makeUnsafe()
const JobLive = Job.toLayer(Effect.succeed(Job.of({
  Finish: () =>
    Effect.andThen(
      Effect.sleep("10 millis"),
      Effect.ignore(Effect.timeout(Scope.close(scope, Exit.void), "20 seconds"))
    )
})))
const program = Effect.gen(function*() {
  const job = yield* Effect.provideService(Job.spawn("job"), Scope.Scope, scope)
  yield* job.tell.Finish()
  const again = Effect.scoped(Effect.as(Job.spawn("job"), "free"))
  yield* until(Effect.map(outcome(again), (answer) => answer === "free"))
  console.log("its name:", yield* outcome(again))
})
await runLocal(JobLive, program)
console.log("released")
process.exit()
