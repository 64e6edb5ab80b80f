/**
 * See `channelThread.ts`.
 */
import * as Effect from "effect/Effect"
import { TallyCounter } from "../runner/Sampling.ts"
import { Summing } from "./channelThread.ts"

Summing.launch(({ messages, starts, tallies }) =>
  Effect.gen(function*() {
    const { count, oneByOne } = yield* starts.receive
    const counter = new TallyCounter()
    for (let round = 1;; round++) {
      if (oneByOne) {
        for (let i = 0; i < count; i++) counter.add(yield* messages.receive)
      } else {
        while (counter.count < round * count) {
          for (const message of yield* messages.receiveBatch(1024)) counter.add(message)
        }
      }
      yield* tallies.send(counter.tally)
    }
  })
)
