/**
 * A test fakes the timers for a moment. What is asked and received after that moment is answered.
 *
 * Output:
 *
 *     one thread: 1, after the moment: 1 1
 *     a worker: 1, after the moment: 1 1
 *     channel: 7, after the moment: 7 7
 */
import * as Effect from "effect/Effect"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { mock } from "node:test"
import { isMainThread } from "node:worker_threads"
import { Actor, ActorThread, SharedChannel } from "shared-nothing"
import { outcomeSoon, runIn, runLocal, threads } from "./support.ts"

const Echo = Actor.make("Echo", [Rpc.make("Ping", { success: Schema.Int }), Rpc.make("Note")])
const EchoLive = Echo.toLayer(Effect.succeed(Echo.of({
  Ping: () => Effect.as(Effect.yieldNow, 1),
  Note: () => Effect.void
})))

if (!isMainThread) ActorThread.launch(EchoLive)
else {
  const moment = (act: () => void) =>
    Effect.promise(async () => {
      mock.timers.enable({ apis: ["setTimeout", "setImmediate", "Date"] })
      act()
      await Promise.resolve()
      mock.timers.reset()
    })
  const asking = (where: string) =>
    Effect.gen(function*() {
      const echo = yield* Echo.spawn("echo")
      const ask = outcomeSoon(echo.ask.Ping(undefined, { timeout: "5 seconds" }))
      const before = yield* ask
      yield* moment(() => void echo.tellUnsafe.Note())
      console.log(`${where}: ${before}, after the moment: ${yield* ask} ${yield* ask}`)
    })
  const receive = outcomeSoon(Effect.scoped(Effect.gen(function*() {
    const channel = yield* SharedChannel.make(Schema.Int, { kind: "spsc", capacity: 4 })
    yield* Effect.forkChild(Effect.andThen(Effect.sleep("50 millis"), channel.sender.send(7)))
    return yield* channel.receiver.receive
  })))
  await runLocal(EchoLive, asking("one thread"))
  await runIn(threads(import.meta.url), asking("a worker"))
  const before = await Effect.runPromise(receive)
  await Effect.runPromise(moment(() => void Effect.runPromise(receive)))
  console.log(
    `channel: ${before}, after the moment: ${await Effect.runPromise(receive)} ${await Effect.runPromise(receive)}`
  )
  process.exit(0)
}
