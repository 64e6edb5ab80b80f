/** Works on the pictures it is sent, where they are. */
import * as Stream from "effect/Stream"
import { Painter } from "./protocol.ts"

Painter.launch(({ replies, requests }) =>
  Stream.runForEach(requests.stream, (request) => {
    const { bytes } = request.pixels
    if (request._tag === "Invert") {
      for (let i = 0; i < bytes.length; i++) bytes[i]! ^= 0xff
      return replies.send({ _tag: "Inverted", pixels: request.pixels })
    }
    let sum = 0
    for (let i = request.from; i < request.to; i++) sum += bytes[i]!
    request.pixels.release()
    return replies.send({ _tag: "Summed", sum })
  })
)
