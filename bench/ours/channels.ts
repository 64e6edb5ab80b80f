/**
 * Channels of this library between two fibers of one thread.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Channel } from "shared-nothing"
import { width } from "../../src/wire/Codec.ts"
import type { Measured, Params } from "../runner/Case.ts"
import * as Sampling from "../runner/Sampling.ts"

const u32 = width("u32")(Schema.Int)
const Message = Schema.Struct({ id: u32, a: u32, b: Schema.Number })

const between = (
  params: Params,
  send: (sender: Channel.Sender<Sampling.Message>, count: number) => Effect.Effect<void, unknown>,
  receive: (
    receiver: Channel.Receiver<Sampling.Message>,
    count: number,
    counter: Sampling.TallyCounter
  ) => Effect.Effect<void, unknown>
): Promise<Measured> =>
  Sampling.measureMessages(params, (count, counter) =>
    Effect.runPromise(Effect.scoped(Effect.gen(function*() {
      const { receiver, sender } = yield* Channel.make(Message, { kind: "spsc", capacity: Sampling.channelCapacity })
      yield* Effect.forkChild(send(sender, count))
      yield* receive(receiver, count, counter)
    }))))

/** Message by message. */
export const oneWay = (params: Params): Promise<Measured> =>
  between(
    params,
    Effect.fnUntraced(function*(sender, count) {
      for (let id = 0; id < count; id++) yield* sender.send(Sampling.message(id))
    }),
    Effect.fnUntraced(function*(receiver, count, counter) {
      for (let id = 0; id < count; id++) counter.add(yield* receiver.receive)
    })
  )

/** In batches. */
export const oneWayBatched = (params: Params): Promise<Measured> =>
  between(
    params,
    Effect.fnUntraced(function*(sender, count) {
      for (let from = 0; from < count; from += Sampling.batchSize) {
        yield* sender.sendAll(Sampling.messages(from, Math.min(count, from + Sampling.batchSize)))
      }
    }),
    Effect.fnUntraced(function*(receiver, count, counter) {
      for (let got = 0; got < count;) {
        const batch = yield* receiver.receiveBatch(Sampling.channelCapacity)
        for (const message of batch) counter.add(message)
        got += batch.length
      }
    })
  )
