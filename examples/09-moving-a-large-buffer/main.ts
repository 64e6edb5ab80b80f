/**
 * A picture of 4 MiB lies in an arena. It moves to a worker, which changes it where it is, and comes back; then two workers
 * read it at the same time. No byte is copied, and at each moment it is clear whose the picture is.
 *
 * Output:
 *
 *     sent; here it is moved
 *     back, inverted, at the same place: true
 *     two workers read it: 534773760
 *     bytes in use: 4194304, then 0
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { Worker } from "node:worker_threads"
import { Parcel, SharedChannel, ThreadArenas } from "shared-nothing"
import * as Arena from "shared-nothing/memory/Arena"
import { usage } from "shared-nothing/memory/ArenaUsage"
import { Painter, Reply, Request } from "./protocol.ts"

const BYTES = 4 * 1024 * 1024

const startPainter = Effect.fn(function*(arena: Arena.ArenaEnd) {
  const requests = yield* SharedChannel.make(Request, { kind: "spsc" })
  const replies = yield* SharedChannel.make(Reply, { kind: "spsc" })
  yield* Painter.start({
    spawn: () => new Worker(new URL("./worker.ts", import.meta.url)),
    arenas: [arena],
    ends: { requests: requests.receiver, replies: replies.sender }
  })
  return { send: (request: typeof Request.Type) => requests.sender.send(request), receive: replies.receiver.receive }
})

const program = Effect.gen(function*() {
  // What an arena may take is fixed when it is made: the resourceLimits of a thread do not cover such memory.
  const arena = yield* ThreadArenas.open(Arena.create({ capacityBytes: 4 * BYTES }), 1)
  const first = yield* startPainter(arena)
  const second = yield* startPainter(arena)

  const picture = yield* Parcel.allocate(arena, BYTES)
  for (let i = 0; i < BYTES; i++) picture.bytes[i] = i
  const place = picture.bytes.byteOffset

  yield* first.send({ _tag: "Invert", pixels: picture })
  yield* Console.log(`sent; here it is ${picture.isHeld ? "still held" : "moved"}`)

  const reply = yield* first.receive
  if (reply._tag !== "Inverted") return yield* Effect.die(`unexpected ${reply._tag}`)
  const inverted = reply.pixels
  const isRight = inverted.bytes.every((byte, i) => byte === (~i & 0xff))
  yield* Console.log(`back, inverted, at the same place: ${isRight && inverted.bytes.byteOffset === place}`)

  // From here on nobody writes to it. Each worker gets a reference of its own, and the last one that is released frees the picture.
  const shared = inverted.share()
  yield* first.send({ _tag: "Sum", pixels: shared.clone(), from: 0, to: BYTES / 2 })
  yield* second.send({ _tag: "Sum", pixels: shared.clone(), from: BYTES / 2, to: BYTES })
  const sums = [yield* first.receive, yield* second.receive].map((sum) => sum._tag === "Summed" ? sum.sum : NaN)
  yield* Console.log(`two workers read it: ${sums[0]! + sums[1]!}`)

  const before = usage(arena.buffer).usedBytes
  shared.release()
  yield* Console.log(`bytes in use: ${before}, then ${usage(arena.buffer).usedBytes}`)
})

await Effect.runPromise(Effect.scoped(program))
