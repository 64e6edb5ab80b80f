/**
 * The actors of the play: each counts in shared memory how often it has handled which message, so that what it did is known also when
 * its thread is gone.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor } from "shared-nothing"

/** How a thread is made to end from inside. */
export const Ending = Schema.Literals(["exit", "throw", "loop", "heap"])

const messages = [
  Rpc.make("Note", { payload: { id: Schema.Int, millis: Schema.Int } }),
  Rpc.make("Ask", { payload: { id: Schema.Int, millis: Schema.Int }, success: Schema.Int }),
  /** Has its handler die each time. */
  Rpc.make("Poison", { payload: { id: Schema.Int } }),
  Rpc.make("End", { payload: { how: Ending } }),
  Rpc.make("Ping", { success: Schema.Boolean })
] as const

/** A message is handled at most once. */
export const Once = Actor.make("Once", messages)
/** The same with a small mailbox that says no when it is full. */
export const Narrow = Actor.make("Narrow", messages)
/** A tell that crashed its handler is handled again, three times at most. */
export const Again = Actor.make("Again", messages)
/** Its mailbox survives its thread: what it has accepted is handled at least once. */
export const Lasting = Actor.make("Lasting", messages)

/** Of the same messages. */
export type Player = Actor.Ref<typeof Once>

export const ATTEMPTS = 3

const fill = (): never => {
  const kept: Array<Array<number>> = []
  for (;;) kept.push(new Array<number>(1e6).fill(kept.length))
}

const end = (how: typeof Ending.Type): Effect.Effect<void> =>
  Effect.sync(() => {
    switch (how) {
      case "exit":
        return process.exit(1)
      case "throw":
        return void setTimeout(() => {
          throw new Error("nobody catches this")
        })
      case "heap":
        return fill()
      case "loop":
        for (;;);
    }
  })

/** What a worker serves; how often each message was handled stands in `handled`. */
export const live = (handled: Int32Array) => {
  const note = (id: number) => Effect.sync(() => void Atomics.add(handled, id, 1))
  // Only some take any time: the others are handled as they are read.
  const after = (millis: number, effect: Effect.Effect<void>) =>
    millis === 0 ? effect : Effect.andThen(Effect.sleep(millis), effect)
  const handlers = {
    Note: ({ id, millis }: { readonly id: number; readonly millis: number }) => after(millis, note(id)),
    Ask: ({ id, millis }: { readonly id: number; readonly millis: number }) => Effect.as(after(millis, note(id)), id),
    Poison: ({ id }: { readonly id: number }) => Effect.andThen(note(id), Effect.die(new Error("poison"))),
    End: ({ how }: { readonly how: typeof Ending.Type }) => end(how),
    Ping: () => Effect.succeed(true)
  }
  const supervision = { intensity: { restarts: 1_000_000, within: "1 minute" } } as const
  return Layer.mergeAll(
    Once.toLayer(Effect.succeed(Once.of(handlers)), { supervision }),
    Narrow.toLayer(Effect.succeed(Narrow.of(handlers)), { supervision, mailbox: { capacity: 4, overflow: "fail" } }),
    Again.toLayer(Effect.succeed(Again.of(handlers)), {
      supervision: { ...supervision, redeliver: { attempts: ATTEMPTS } }
    }),
    Lasting.toLayer(Effect.succeed(Lasting.of(handlers)), { supervision, mailbox: { survives: true } })
  )
}
