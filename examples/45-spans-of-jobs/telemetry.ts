/** Each thread keeps its own spans here, and hands them out; a service would give the same layers an OTLP exporter. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import type { Span } from "./protocol.ts"

const kept: Array<Tracer.NativeSpan> = []

const tracer = Tracer.make({
  span: (options) => {
    const span = new Tracer.NativeSpan(options)
    kept.push(span)
    return span
  }
})

export const Telemetry = Layer.succeed(Tracer.Tracer, tracer)

export const spans = Effect.sync((): ReadonlyArray<typeof Span.Type> =>
  kept.map(({ attributes, kind, name, parent, spanId }) => ({
    id: spanId,
    parent: Option.getOrUndefined(parent)?.spanId,
    name,
    kind,
    // What this library says is texts and numbers, and whether it is so.
    attributes: Object.fromEntries(attributes) as Record<string, string | number | boolean>
  }))
)
