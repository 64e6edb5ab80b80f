/**
 * The spans of messages: one trace from the asker to the handler and on to whatever the handler asks.
 *
 * An ask is a `client` span with the handler's `server` span below it, also when the handler runs on another thread; a
 * tell makes no span of its own, and its handler's `consumer` span is below the span the sender was in. Spans are made
 * only below a sampled span: without one nothing is made, read or sent, and a span that is sampled out costs one look.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import { TracerTimingEnabled } from "effect/References"
import * as Stream from "effect/Stream"
import type * as Tracer from "effect/Tracer"

/** The span that messages of this fiber belong to; `undefined` when there is none or it is not sampled. */
export const sampledSpan = (fiber: Fiber.Fiber<unknown, unknown>): Tracer.AnySpan | undefined => {
  const { span, tracerEnabled } = fiber.cache
  return span !== undefined && span.sampled && tracerEnabled ? span : undefined
}

/**
 * Begins a client span and hands it to an ask, to send along. Who waits for the outcome of that ends it, in the step in which the asker goes on: an effect around the ask would be
 * steps in which an asker that has its reply may be interrupted.
 */
export const ask = (
  name: string,
  key: string,
  fiber: Fiber.Fiber<unknown, unknown>,
  run: (span: Tracer.AnySpan | undefined) => Effect.Effect<unknown, unknown>
): Effect.Effect<unknown, unknown> => {
  const made = Effect.makeSpan(name, { kind: "client", attributes: { "actor.key": key } })
  const span = Effect.runSyncWith(fiber.context)(made)
  if (!span.sampled) {
    end(span, Exit.void, fiber)
    return run(undefined)
  }
  try {
    const waits = run(span)
    // It is not waited for.
    if (Exit.isExit(waits)) end(span, waits, fiber)
    return waits
  } catch (thrown) {
    end(span, Exit.die(thrown), fiber)
    throw thrown
  }
}

/** Ends a span with an outcome, once. */
export const end = (
  span: Tracer.AnySpan,
  exit: Exit.Exit<unknown, unknown>,
  fiber: Fiber.Fiber<unknown, unknown>
): void => {
  if (span._tag === "ExternalSpan" || span.status._tag === "Ended") return
  span.end(fiber.getRef(TracerTimingEnabled) ? fiber.getRef(Clock.Clock).currentTimeNanosUnsafe() : 0n, exit)
}

/** Runs a stream that answers an ask in a client span. */
export const stream = <A, E>(name: string, key: string, elements: Stream.Stream<A, E>): Stream.Stream<A, E> =>
  Stream.withSpan(elements, name, { kind: "client", attributes: { "actor.key": key }, captureStackTrace: false })

/** What the span of a handler says of its message. */
export interface Handled {
  readonly kind: "server" | "consumer"
  readonly attributes: Readonly<Record<string, unknown>>
}

/** Of a message that an actor handles, which somebody has asked or told it. */
export const handledBy = (key: string, kind: Handled["kind"]): Handled => ({ kind, attributes: { "actor.key": key } })

/** Runs a handler in a span below that of its sender. */
export const handler = (
  run: () => Effect.Effect<unknown, unknown, unknown>,
  name: string,
  parent: Tracer.AnySpan,
  { attributes, kind }: Handled
): Effect.Effect<unknown, unknown, unknown> =>
  Effect.withSpan(Effect.suspend(run), name, { parent, kind, attributes, captureStackTrace: false })
