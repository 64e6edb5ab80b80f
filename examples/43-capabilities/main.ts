/**
 * What a value may do in messages stands in its type: an `Iso` moves, a `Val` is read by all, a `Tag` names what stays where it is, and a `Ref` is in no
 * message, which would not compile.
 *
 * Output:
 *
 *     mixed: 0.5 1 1.5, in place: true
 *     the sender has it no longer: moved
 *     sent again: InvalidPayload
 *     the table is frozen: TypeError
 *     opened here: TagElsewhere
 *     opened at home: 1.5
 *     bytes in use: 0
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { Worker } from "node:worker_threads"
import { ActorSystem, Iso, ParcelError, Tag, ThreadArenas, ThreadVals } from "shared-nothing"
import * as Arena from "shared-nothing/memory/Arena"
import { usage } from "shared-nothing/memory/ArenaUsage"
import { Studio } from "./protocol.ts"

const thrownBy = (run: () => unknown): unknown => {
  try {
    return run()
  } catch (error) {
    return error
  }
}

const program = Effect.fnUntraced(function*(arena: Arena.ArenaEnd) {
  const studio = yield* Studio.spawn("a", { placement: { thread: 0 } })
  const profile = yield* studio.ask.Open()
  const gains = new Map([["voice", 0.5]])

  const samples = yield* Iso.allocate(arena, Float64Array, 3)
  samples.value.set([1, 2, 3])
  const place = samples.value.byteOffset
  const mixed = yield* Effect.flatMap(studio.ask.Mix({ samples, gains, profile }), Iso.scoped)
  yield* Console.log(`mixed: ${mixed.value.join(" ")}, in place: ${mixed.value.byteOffset === place}`)

  const gone = thrownBy(() => samples.value)
  yield* Console.log(
    `the sender has it no longer: ${gone instanceof ParcelError.ParcelGone ? gone.happened : "it has"}`
  )
  const again = yield* Effect.flip(studio.ask.Mix({ samples, gains, profile }))
  yield* Console.log(`sent again: ${again._tag}`)
  // Says so to the compiler: from here on `samples.value` does not compile.
  Iso.moved(samples)

  const spoilt = thrownBy(() => gains.set("voice", 2))
  yield* Console.log(`the table is frozen: ${spoilt instanceof TypeError ? "TypeError" : "no"}`)

  const elsewhere = yield* Effect.flip(Tag.open(profile))
  yield* Console.log(`opened here: ${elsewhere._tag}`)
  yield* Console.log(`opened at home: ${yield* studio.ask.Loudest({ profile })}`)
}, Effect.scoped)

const main = Effect.gen(function*() {
  const arena = yield* ThreadArenas.open(Arena.create({ capacityBytes: 1 << 20 }), 1)
  yield* ThreadVals.freeze
  const System = ActorSystem.layerThreads({
    spawn: () => new Worker(new URL("./worker.ts", import.meta.url)),
    threads: 1,
    arenas: [arena]
  })
  yield* Effect.provide(program(arena), System)
  yield* Console.log(`bytes in use: ${usage(arena.buffer).usedBytes}`)
})

await Effect.runPromise(Effect.scoped(main))
