/**
 * A worker takes jobs until it is told to stop, and says so when there is nothing to do. It waits at two channels at once
 * and for a time; what it does not take stays where it is.
 *
 * Output:
 *
 *     sweeping the hall
 *     sweeping the stairs
 *     nothing to do for 20 ms
 *     stopped
 *     left in the channel: cellar
 *     ChannelClosed hands back attic
 */
import * as Console from "effect/Console"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { Channel } from "shared-nothing"

const program = Effect.gen(function*() {
  const jobs = yield* Channel.make(Schema.String, { name: "jobs", kind: "mpsc", capacity: 8 })
  const stop = yield* Channel.make(Schema.Null, { name: "stop", kind: "spsc", capacity: 1 })
  const idle = yield* Deferred.make<void>()

  const worker = yield* Effect.forkChild(Effect.gen(function*() {
    while (true) {
      // The first branch that has a message wins: a stop does not wait for the jobs before it.
      const next = yield* Channel.select({ stop: stop.receiver, jobs: jobs.receiver }, { biased: true }).pipe(
        Effect.timeoutOption("20 millis")
      )
      if (Option.isNone(next)) {
        yield* Console.log("nothing to do for 20 ms")
        yield* Deferred.succeed(idle, undefined)
      } else if (next.value.from === "jobs") yield* Console.log(`sweeping the ${next.value.message}`)
      else return yield* Console.log("stopped")
    }
  }))

  yield* jobs.sender.sendAll(["hall", "stairs"])
  yield* Deferred.await(idle)
  yield* stop.sender.send(null)
  yield* jobs.sender.send("cellar")
  yield* Fiber.join(worker)

  yield* jobs.close
  yield* Console.log(`left in the channel: ${yield* jobs.receiver.receive}`)
  yield* jobs.sender.send("attic").pipe(
    Effect.catchTag("ChannelClosed", ({ _tag, undelivered }) => Console.log(`${_tag} hands back ${undelivered}`))
  )
})

await Effect.runPromise(Effect.scoped(program))
