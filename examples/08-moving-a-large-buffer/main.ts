/**
 * A picture of 4 MiB lies in an arena. It moves to a worker, which changes it where it is, and comes back; then two workers read it at the same
 * time. No byte is copied, and at each moment it is clear whose the picture is.
 *
 * Output:
 *
 *     sent; here it is moved
 *     back, inverted, at the same place: true
 *     two workers read it: 534773760
 *     bytes in use: 4194304, then 0
 */
import { Worker } from "node:worker_threads"
import * as Arena from "shared-nothing/memory/Arena"
import { usage } from "shared-nothing/memory/ArenaUsage"
import * as Parcel from "shared-nothing/wire/Parcel"
import { ParcelGone } from "shared-nothing/wire/ParcelError"
import { memory, receiver, sender } from "./lane.ts"
import { Reply, Request, type Start } from "./protocol.ts"

const BYTES = 4 * 1024 * 1024

// What an arena may take is fixed when it is made: the resourceLimits of a thread do not cover such memory.
const arena = Arena.create({ capacityBytes: 4 * BYTES })
const here = Parcel.open(arena, 1)

const startWorker = (owner: number) => {
  const start: Start = { owner, arena, requests: memory(), replies: memory() }
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { workerData: start })
  return { worker, send: sender(Request, start.requests), receive: receiver(Reply, start.replies) }
}
const [first, second] = [startWorker(2), startWorker(3)]

const picture = Parcel.allocateUnsafe(here, BYTES)
for (let i = 0; i < BYTES; i++) picture.bytes[i] = i
const place = picture.bytes.byteOffset

first.send({ _tag: "Invert", pixels: picture })
try {
  picture.bytes.fill(0)
} catch (error) {
  if (error instanceof ParcelGone) console.log(`sent; here it is ${error.happened}`)
}

const reply = first.receive()
if (reply._tag !== "Inverted") throw new Error(`unexpected ${reply._tag}`)
const inverted = reply.pixels
const isRight = inverted.bytes.every((byte, i) => byte === (~i & 0xff))
console.log(`back, inverted, at the same place: ${isRight && inverted.bytes.byteOffset === place}`)

// From here on nobody writes to it. Each worker gets a reference of its own, and the last one that is released frees the picture.
const shared = inverted.share()
first.send({ _tag: "Sum", pixels: shared.clone(), from: 0, to: BYTES / 2 })
second.send({ _tag: "Sum", pixels: shared.clone(), from: BYTES / 2, to: BYTES })
const sums = [first, second].map(({ receive }) => receive()).map((reply) => reply._tag === "Summed" ? reply.sum : NaN)
console.log(`two workers read it: ${sums[0]! + sums[1]!}`)

const before = usage(arena).usedBytes
shared.release()
console.log(`bytes in use: ${before}, then ${usage(arena).usedBytes}`)

for (const { send } of [first, second]) send({ _tag: "Stop" })
