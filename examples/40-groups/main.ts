/**
 * Groups over threads: publish to whoever is interested, see who comes and goes, and never mind who restarts.
 *
 * Output:
 *
 *     nobody was there to hear of the weather
 *     ada joined, bob joined, eve joined
 *     3 hear of the news, 2 of sport
 *     ada has heard: rain
 *     bob has heard: rain, goal
 *     bob left, and 2 hear of the news now
 *     eve has come back, and heard: storm
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Queue from "effect/Queue"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { Worker } from "node:worker_threads"
import { type Actor, ActorError, ActorSystem } from "shared-nothing"
import { news, Reader, sport, weather } from "./readers.ts"

const program = Effect.gen(function*() {
  const fog = yield* weather.publish.Said({ text: "fog" })
  if (fog.reached === 0) yield* Console.log("nobody was there to hear of the weather")

  // Who is there, and then who comes and goes.
  const changes = yield* Queue.unbounded<string>()
  yield* Effect.forkScoped(
    Stream.runForEach(news.monitor, ({ _tag, ref }) => Queue.offer(changes, `${ref.key} ${_tag.toLowerCase()}`))
  )

  const ofBob = yield* Scope.make()
  const ada = yield* Reader.spawn("ada", { placement: { thread: 0 } })
  const bob = yield* Scope.provide(Reader.spawn("bob", { placement: { thread: 1 } }), ofBob)
  const eve = yield* Reader.spawn("eve", { placement: { thread: 1 } })
  yield* Console.log((yield* Queue.takeN(changes, 3)).toSorted().join(", "))

  const rain = yield* news.publish.Said({ text: "rain" })
  const goal = yield* sport.publish.Said({ text: "goal" })
  yield* Console.log(`${rain.reached} hear of the news, ${goal.reached} of sport`)
  // An ask comes behind what was published before.
  const heard = (reader: Actor.Ref<typeof Reader>) => Effect.map(reader.ask.Heard(), (texts) => texts.join(", "))
  yield* Console.log(`ada has heard: ${yield* heard(ada)}`)
  yield* Console.log(`bob has heard: ${yield* heard(bob)}`)

  yield* Scope.close(ofBob, Exit.void)
  const left = yield* Queue.take(changes)
  const sun = yield* news.publish.Said({ text: "sun" })
  yield* Console.log(`${left}, and ${sun.reached} hear of the news now`)

  // Who was joined by somebody else stays a member over its restarts.
  yield* weather.join(eve)
  yield* eve.tell.Crash()
  yield* weather.publish.Said({ text: "storm" })
  const again = yield* Effect.retry(heard(eve), { while: ActorError.isRetryable, times: 10 })
  yield* Console.log(`eve has come back, and heard: ${again}`)
})

const Threads = ActorSystem.layerThreads({
  spawn: ({ name }) => new Worker(new URL("./worker.ts", import.meta.url), { name }),
  threads: 2
})

await Effect.runPromise(program.pipe(Effect.scoped, Effect.provide(Threads)))
