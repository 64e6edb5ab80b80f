/**
 * A handler dies with a value that has no text. It is the defect of this ask, on one thread and between threads, the actor
 * is up again, and its neighbour has not noticed.
 *
 * Output:
 *
 *     one thread: Die Die Die Die Die, neighbours: 1 1 1 1 1, restarts: 5
 *     a worker: Die Die Die Die Die, neighbours: 1 1 1 1 1, restarts: 5
 */
import * as Effect from "effect/Effect"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { isMainThread } from "node:worker_threads"
import { Actor, ActorThread } from "shared-nothing"
import { watching } from "../../support/events.ts"
import { outcome, runIn, runLocal, threads, until, whenUp } from "./support.ts"

const values: Record<string, () => unknown> = {
  "plain object": () => ({ code: "E1" }),
  "object without prototype": () => Object.create(null),
  "object whose toString throws": () => ({
    toString: () => {
      throw new Error("no text")
    }
  }),
  "error whose message throws": () =>
    Object.defineProperty(new Error("x"), "message", {
      get: () => {
        throw new Error("no message")
      }
    }),
  "revoked proxy": () => {
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    return proxy
  }
}

const Odd = Actor.make("Odd", [
  Rpc.make("Die", { payload: { how: Schema.String } }),
  Rpc.make("Ping", { success: Schema.Int })
])
const OddLive = Odd.toLayer(Effect.succeed(Odd.of({
  Die: ({ how }) => Effect.suspend(() => Effect.die(values[how]!())),
  Ping: () => Effect.succeed(1)
})))

const program = (where: string) =>
  Effect.gen(function*() {
    const events = yield* watching
    const restarts = () => events.filter((event) => event._tag === "ActorRestarted").length
    const ends: Array<string> = []
    const neighbours: Array<string> = []
    for (const how of Object.keys(values)) {
      const odd = yield* Odd.spawn(how)
      const neighbour = yield* Odd.spawn(`beside ${how}`)
      ends.push(yield* outcome(odd.ask.Die({ how })))
      neighbours.push(yield* outcome(neighbour.ask.Ping()))
      yield* whenUp(odd.ask.Ping())
    }
    yield* until(Effect.sync(() => restarts() >= ends.length))
    console.log(`${where}: ${ends.join(" ")}, neighbours: ${neighbours.join(" ")}, restarts: ${restarts()}`)
  })

if (!isMainThread) ActorThread.launch(OddLive)
else {
  await runLocal(OddLive, program("one thread"))
  await runIn(threads(import.meta.url), program("a worker"))
}
