/**
 * The actors that the cases of this library measure, hosted in this thread or on others by the same layers.
 */
import * as Effect from "effect/Effect"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor } from "shared-nothing"
import { width } from "../../src/wire/Codec.ts"
import { type Message, streamed, TallyCounter } from "../runner/Sampling.ts"

const u32 = width("u32")(Schema.Int)

/** How many messages a stream has, and whether each of them is an effect. */
const Streamed = Schema.Struct({ count: u32, oneByOne: Schema.Boolean })

const Noted = Schema.Struct({ id: u32, a: u32, b: Schema.Number })

/** A message that an actor takes: two 32-bit numbers and a double. */
export const note = Rpc.make("Note", { payload: Noted })

/** Adds messages up, answers what came, and answers a value with the next. */
export const Receiver = Actor.make("Receiver", [
  note,
  Rpc.make("Tally", { success: Schema.Struct({ count: Schema.Number, checksum: Schema.Number }) }),
  Rpc.make("Add", { payload: { value: u32 }, success: u32 }),
  Rpc.make("Crash")
])

/** How the handler of `Note` does its work; `"survives"` as `"answers"`, from a mailbox that survives its thread. */
export type Handler = "answers" | "sync" | "suspends" | "survives"

/** A receiver whose mailbox is larger than a group of paced messages, and which may crash as often as a case wants. */
export const receiverLive = (handler: Handler, capacity = 8192) =>
  Receiver.toLayer(
    Effect.sync(() => {
      const counter = new TallyCounter()
      const answers = (message: Message) => {
        counter.add(message)
        return Effect.void
      }
      const note: { readonly [handler in Handler]: (message: Message) => Effect.Effect<void> } = {
        answers,
        survives: answers,
        sync: (message) => Effect.sync(() => counter.add(message)),
        suspends: (message) => Effect.andThen(Effect.yieldNow, Effect.sync(() => counter.add(message)))
      }
      return Receiver.of({
        Note: note[handler],
        Tally: () => Effect.succeed(counter.tally),
        Add: ({ value }) => Effect.succeed(value + 1),
        Crash: () => Effect.die("crash")
      })
    }),
    {
      mailbox: {
        capacity,
        overflow: "suspend",
        survives: handler === "survives" ? { capacityBytes: 1 << 20 } : false
      },
      supervision: { intensity: { restarts: 1_000_000, within: "1 second", per: "child" } }
    }
  )

/** Answers with a stream of messages: of a protocol of its own, since no stream comes from a mailbox that survives. */
export const Streamer = Actor.make("Streamer", [
  Rpc.make("Stream", { payload: Streamed, success: Noted, stream: true })
])

/** See {@link Streamer}. */
export const streamerLive = Streamer.toLayer(
  Effect.succeed(Streamer.of({ Stream: ({ count, oneByOne }) => streamed(count, oneByOne) }))
)

/** Waits with one number of state, and reports it when it is told to. */
export const Idle = Actor.make("Idle", [Rpc.make("Report")])

/** Whether an idle actor asks for its key while it is built, in a generator, or is built by a function that is told it. */
export type Build = "asks" | "function"

/** Idle actors of this thread, each of which has its key as a number, and `answer` takes it. */
export const idleLive = (answer: (id: number) => void, build: Build) => {
  const reporting = (id: number) =>
    Idle.of({
      Report: () => {
        answer(id)
        return Effect.void
      }
    })
  return build === "function"
    ? Idle.toLayer(({ key }) => reporting(Number(key)))
    : Idle.toLayer(Effect.gen(function*() {
      return reporting(Number((yield* Actor.CurrentActor).key))
    }))
}
