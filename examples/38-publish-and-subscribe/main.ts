/**
 * Publish and subscribe over threads: a topic is the actor of its key, following it is a stream, and whoever stops reading has left.
 *
 * Output:
 *
 *     nobody was there to hear of the weather
 *     2 hear of the news, 1 of sport
 *     ada has heard: rain
 *     bob has heard: rain, goal
 *     1 hears of the news now
 *     bob has heard: rain, goal, sun
 */
import * as Console from "effect/Console"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { Worker } from "node:worker_threads"
import { ActorSystem } from "shared-nothing"
import { Topic } from "./topic.ts"

const program = Effect.gen(function*() {
  const topics = yield* Topic.keyed({ idle: "1 minute" })
  const [news, sport, weather] = [topics.ref("news"), topics.ref("sport"), topics.ref("weather")]

  /** Follows a topic, and is there once that has begun. */
  const follow = Effect.fn(function*(topic: typeof news, heard: Array<string>) {
    const joined = yield* Deferred.make<void>()
    const reading = topic.ask.Follow({ timeout: "Infinity" }).pipe(
      Stream.runForEach((said) =>
        typeof said === "number" ? Deferred.succeed(joined, undefined) : Effect.sync(() => void heard.push(said))
      )
    )
    // It leaves with the scope, before the topics end: they would wait for whoever still reads.
    const member = yield* Effect.forkScoped(reading)
    yield* Deferred.await(joined)
    return member
  })

  const publish = (topic: typeof news, text: string) => topic.ask.Publish({ text })
  const [ada, bob]: [Array<string>, Array<string>] = [[], []]
  const until = (heard: Array<string>, count: number) =>
    Effect.sleep("1 millis").pipe(Effect.repeat({ while: () => heard.length < count }))

  if ((yield* publish(weather, "storm")) === 0) yield* Console.log("nobody was there to hear of the weather")

  const adasNews = yield* follow(news, ada)
  yield* follow(news, bob)
  yield* follow(sport, bob)
  const hearing = yield* publish(news, "rain")
  yield* until(bob, 1)
  yield* Console.log(`${hearing} hear of the news, ${yield* publish(sport, "goal")} of sport`)
  yield* until(ada, 1)
  yield* until(bob, 2)
  yield* Console.log(`ada has heard: ${ada.join(", ")}`)
  yield* Console.log(`bob has heard: ${bob.join(", ")}`)

  yield* Fiber.interrupt(adasNews)
  const left = yield* publish(news, "sun")
  yield* until(bob, 3)
  yield* Console.log(`${left} hears of the news now`)
  yield* Console.log(`bob has heard: ${bob.join(", ")}`)
})

const Threads = ActorSystem.layerThreads({
  spawn: ({ name }) => new Worker(new URL("./worker.ts", import.meta.url), { name }),
  threads: 2
})

await Effect.runPromise(program.pipe(Effect.scoped, Effect.provide(Threads)))
