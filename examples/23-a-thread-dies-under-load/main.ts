/**
 * A thread dies while four clients ask an actor on it: it comes back under the same reference, the actor on the other thread notices nothing, and
 * what was lost with the thread is asked again.
 *
 * Output:
 *
 *     4000 asked, 4000 answered
 *     worker-0 was started again, worker-1 was not
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as References from "effect/References"
import * as Schedule from "effect/Schedule"
import { Worker } from "node:worker_threads"
import { ActorSystem } from "shared-nothing"
import { Parser } from "./protocol.ts"

const EACH = 1000

const program = Effect.gen(function*() {
  const parsers = [
    yield* Parser.spawn("a", { placement: { thread: 0 } }),
    yield* Parser.spawn("b", { placement: { thread: 1 } })
  ] as const
  let answered = 0

  const client = (n: number) =>
    Effect.forEach(Array.from({ length: EACH }, (_, i) => i), (i) => {
      const [a, b] = parsers
      const parser = i % 2 === 0 ? a : b
      // Nothing happens twice that does harm, so what may have been handled is asked again as well, and not only what was not.
      return Effect.retry(parser.ask.Length({ text: "x".repeat(i % 10) }), {
        while: ({ _tag }) => _tag === "ThreadLost" || _tag === "ActorRestarting",
        schedule: Schedule.spaced("10 millis")
      }).pipe(
        Effect.andThen(Effect.sync(() => answered++)),
        Effect.andThen(n === 0 && i === EACH / 2 ? a.tell.Exit() : Effect.void)
      )
    }, { discard: true })

  yield* Effect.forEach([0, 1, 2, 3], client, { concurrency: "unbounded", discard: true })
  yield* Console.log(`${4 * EACH} asked, ${answered} answered`)

  const [threads] = (yield* ActorSystem.tree).children
  const [first, second] = threads!.children.map(({ restarts }) => restarts)
  yield* Console.log(
    `worker-0 was ${first === 1 ? "started again" : "not started again"}, worker-1 was ${second === 0 ? "not" : "too"}`
  )
})

const Threads = ActorSystem.layerThreads({
  spawn: () => new Worker(new URL("./worker.ts", import.meta.url)),
  threads: 2
})

await Effect.runPromise(program.pipe(
  Effect.scoped,
  Effect.provide(Threads),
  Effect.provideService(References.MinimumLogLevel, "None")
))
