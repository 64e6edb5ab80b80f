/**
 * An actor for every key, without a spawn: the first message has it made on the thread where its key has its place, and when nobody
 * needs it any more it ends, until the next message. All threads mean the same actor by a key.
 *
 * Output:
 *
 *     ada has 70, bob has 30
 *     ActorRef(Account/ada) was found
 *     nobody is here any more
 *     ada has 75
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { Worker } from "node:worker_threads"
import { ActorSystem } from "shared-nothing"
import { Account, Desk } from "./accounts.ts"

/** Waits until the actors of these keys have ended, as idle ones do. */
const idle = (keys: ReadonlyArray<string>) =>
  ActorSystem.events.pipe(
    Stream.filter((event) => event._tag === "ActorEnded" && keys.some((key) => event.actor === `Account/${key}`)),
    Stream.take(keys.length),
    Stream.runDrain
  )

const program = Effect.gen(function*() {
  const accounts = yield* Account.keyed({ idle: "100 millis" })
  const [ada, bob] = [accounts.ref("ada"), accounts.ref("bob")]
  const leaving = yield* Effect.forkChild(idle(["ada", "bob"]), { startImmediately: true })
  yield* ada.tell.Deposit({ amount: 100 })
  const desk = yield* Desk.spawn("front")
  yield* desk.ask.Move({ from: "ada", to: "bob", amount: 30 })
  // What the desk has sent comes from another thread, and is only known to have been sent.
  while ((yield* bob.ask.Balance()) === 0) yield* Effect.sleep("1 millis")
  yield* Console.log(`ada has ${yield* ada.ask.Balance()}, bob has ${yield* bob.ask.Balance()}`)
  yield* Console.log(`${Option.getOrThrow(yield* Account.lookup("ada")).toString()} was found`)
  yield* Fiber.join(leaving)
  yield* Console.log("nobody is here any more")
  yield* ada.tell.Deposit({ amount: 5 })
  yield* Console.log(`ada has ${yield* ada.ask.Balance()}`)
})

await Effect.runPromise(program.pipe(
  Effect.scoped,
  Effect.provide(
    ActorSystem.layerThreads({ spawn: () => new Worker(new URL("./worker.ts", import.meta.url)), threads: 2 })
  )
))
