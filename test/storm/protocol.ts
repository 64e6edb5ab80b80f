/** The actors of the storm: they count, wait, fail, kill their thread and ask one another as they are told to. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor } from "shared-nothing"
import { accountsBy, open, type Remote } from "./accounts.ts"

/** Echoes what it is asked; others ask it in the middle of their own messages. */
export const Echo = Actor.make("Echo", [Rpc.make("Say", { payload: { text: Schema.String }, success: Schema.String })])

export const messages = [
  Rpc.make("Note", { payload: { bytes: Schema.String } }),
  Rpc.make("Nap", { payload: { millis: Schema.Number }, success: Schema.Void }),
  Rpc.make("Say", { payload: { text: Schema.String }, success: Schema.String }),
  Rpc.make("Pass", { payload: { to: Echo.ref, text: Schema.String }, success: Schema.String }),
  Rpc.make("Crash"),
  Rpc.make("Exit"),
  Rpc.make("Open", { payload: { beside: Echo.ref }, success: Schema.String })
] as const

/** Senders wait when it is full. */
export const Patient = Actor.make("Patient", messages)
/** Drops the oldest when it is full. */
export const Sliding = Actor.make("Sliding", messages)

/** Words shared by all threads: messages that were handled. */
export const HANDLED = 0

export const behaviours = (words: Int32Array) => {
  let snapshot = "not looked yet"
  const handlers = (exits: () => void) => ({
    Note: () => Effect.sync(() => void Atomics.add(words, HANDLED, 1)),
    Nap: ({ millis }: { readonly millis: number }) => Effect.sleep(millis),
    Say: ({ text }: { readonly text: string }) => Effect.succeed(text),
    Pass: ({ text, to }: { readonly text: string; readonly to: Actor.Ref<typeof Echo> }) =>
      Effect.catchCause(to.ask.Say({ text }, { timeout: "1 second" }), (cause) => Effect.succeed(Cause.pretty(cause))),
    Crash: () => Effect.die(new Error("a storm")),
    Exit: () => Effect.sync(exits),
    // What was open when nobody was being answered: looked at after this answer has gone.
    Open: ({ beside }: { readonly beside: Actor.Ref<typeof Echo> }) =>
      Effect.sync(() => {
        setImmediate(() => {
          snapshot = JSON.stringify(open(accountsBy(beside as unknown as Remote)))
        })
        return snapshot
      })
  })
  const supervision = { intensity: { restarts: 1_000_000, within: "1 minute" } } as const
  const exit = () => process.exit(1)
  return Layer.mergeAll(
    Echo.toLayer(Effect.succeed(Echo.of({ Say: ({ text }) => Effect.succeed(text) })), { supervision }),
    Patient.toLayer(Effect.succeed(Patient.of(handlers(exit))), { mailbox: { capacity: 16 }, supervision }),
    Sliding.toLayer(Effect.succeed(Sliding.of(handlers(exit))), {
      mailbox: { capacity: 16, overflow: "dropOldest" },
      supervision
    })
  )
}
