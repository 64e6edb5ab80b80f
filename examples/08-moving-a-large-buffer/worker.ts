/** Works on the pictures it is sent, where they are. */
import { workerData } from "node:worker_threads"
import * as Parcel from "shared-nothing/wire/Parcel"
import { receiver, sender } from "./lane.ts"
import { Reply, Request, type Start } from "./protocol.ts"

const start = workerData as Start
Parcel.open(start.arena, start.owner)
const receive = receiver(Request, start.requests)
const reply = sender(Reply, start.replies)

for (let request = receive(); request._tag !== "Stop"; request = receive()) {
  const { bytes } = request.pixels
  if (request._tag === "Invert") {
    for (let i = 0; i < bytes.length; i++) bytes[i]! ^= 0xff
    reply({ _tag: "Inverted", pixels: request.pixels })
  } else {
    let sum = 0
    for (let i = request.from; i < request.to; i++) sum += bytes[i]!
    request.pixels.release()
    reply({ _tag: "Summed", sum })
  }
}
