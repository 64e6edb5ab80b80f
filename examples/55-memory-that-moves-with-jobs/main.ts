/**
 * Frames of 1 MiB lie in an arena and move with the jobs of a pool, to whatever worker is idle and back: no byte is copied, and at each moment it is clear whose
 * a frame is. An actor has the same protocol and the same handlers, and the program that asks is the same.
 *
 * Output:
 *
 *     8 of 8 frames are inverted where they were
 *     out of focus, and the frame is gone
 *     bytes in use: 0
 *     8 of 8 frames are inverted where they were
 *     out of focus, and the frame is gone
 *     bytes in use: 0
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Worker } from "node:worker_threads"
import { type Actor, ActorSystem, Iso, Pool, ThreadArenas } from "shared-nothing"
import * as Arena from "shared-nothing/memory/Arena"
import { usage } from "shared-nothing/memory/ArenaUsage"
import { LabLive } from "./lab.ts"
import { Lab } from "./protocol.ts"

const BYTES = 1024 * 1024

const use = Effect.fnUntraced(function*(lab: Actor.Ref<typeof Lab>, arena: Arena.ArenaEnd) {
  const invert = Effect.fnUntraced(function*() {
    const frame = yield* Iso.allocate(arena, Uint8Array, BYTES)
    frame.value.fill(0x0f)
    const place = frame.value.byteOffset
    const inverted = yield* Effect.flatMap(lab.ask.Invert({ frame }), Iso.scoped)
    Iso.moved(frame)
    return inverted.value.byteOffset === place && inverted.value.every((pixel) => pixel === 0xf0)
  }, Effect.scoped)
  const all = yield* Effect.forEach(Array.from({ length: 8 }), invert, { concurrency: 4 })
  yield* Console.log(`${all.filter((isRight) => isRight).length} of 8 frames are inverted where they were`)

  // What a handler has not used when it fails is the arena's again before anybody hears of that.
  const frame = yield* Iso.allocate(arena, Uint8Array, BYTES)
  const error = yield* Effect.flip(lab.ask.Judge({ frame }))
  if (error !== "out of focus") return yield* error
  yield* Console.log(`${error}, and the frame is ${frame.isHeld ? "still here" : "gone"}`)
  yield* Console.log(`bytes in use: ${usage(arena.buffer).usedBytes}`)
})

const program = Effect.gen(function*() {
  const arena = yield* ThreadArenas.open(Arena.create({ capacityBytes: 16 * BYTES }), 1)
  const spawn = () => new Worker(new URL("./worker.ts", import.meta.url))
  const LabPool = Pool.layer(Lab, { spawn, arenas: [arena] })
  yield* Effect.flatMap(Pool.ref(Lab), (lab) => use(lab, arena)).pipe(Effect.scoped, Effect.provide(LabPool))

  const Local = LabLive.pipe(Layer.provideMerge(ActorSystem.layer))
  yield* Effect.flatMap(Lab.spawn("a"), (lab) => use(lab, arena)).pipe(Effect.scoped, Effect.provide(Local))
})

await Effect.runPromise(Effect.scoped(program))
