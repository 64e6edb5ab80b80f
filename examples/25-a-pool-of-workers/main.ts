/**
 * One protocol, two hosts: a pool of worker threads, then an actor on this thread. The program that asks is the same.
 *
 * Output:
 *
 *     tea: 327b7036
 *     64 of 64 are right
 *     refused: at most 100000 rounds
 *     tea: 327b7036
 *     64 of 64 are right
 *     refused: at most 100000 rounds
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Worker } from "node:worker_threads"
import { type Actor, ActorSystem, Pool } from "shared-nothing"
import { HashingLive } from "./hashing.ts"
import { Hashing } from "./protocol.ts"

const use = Effect.fn(function*(hashing: Actor.Ref<typeof Hashing>) {
  const tea = yield* hashing.ask.Sha256({ text: "tea", rounds: 100 })
  yield* Console.log(`tea: ${tea.slice(0, 8)}`)

  const texts = Array.from({ length: 64 }, () => "tea")
  const digests = yield* Effect.forEach(texts, (text) => hashing.ask.Sha256({ text, rounds: 100 }), {
    concurrency: "unbounded"
  })
  yield* Console.log(`${digests.filter((digest) => digest === tea).length} of ${texts.length} are right`)

  yield* hashing.ask.Sha256({ text: "tea", rounds: 1_000_000 }).pipe(
    Effect.catchTag("TooManyRounds", ({ most }) => Console.log(`refused: at most ${most} rounds`))
  )
})

const HashingPool = Pool.layer(Hashing, { spawn: () => new Worker(new URL("./worker.ts", import.meta.url)) })

await Effect.runPromise(Effect.flatMap(Pool.ref(Hashing), use).pipe(Effect.provide(HashingPool)))

const Local = HashingLive.pipe(Layer.provideMerge(ActorSystem.layer))

await Effect.runPromise(Effect.flatMap(Hashing.spawn("a"), use).pipe(Effect.scoped, Effect.provide(Local)))
