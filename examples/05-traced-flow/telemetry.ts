/**
 * Each thread exports its own spans. Here they stay in memory and a recorder hands them out; a service would give the
 * same layer an OTLP exporter.
 */
import * as NodeSdk from "@effect/opentelemetry/NodeSdk"
import { SpanKind } from "@opentelemetry/api"
import { InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base"
import * as Effect from "effect/Effect"
import { threadId } from "node:worker_threads"
import { Recorder } from "./protocol.ts"

const exporter = new InMemorySpanExporter()

export const Telemetry = NodeSdk.layer(() => ({
  resource: { serviceName: "shop" },
  spanProcessor: new SimpleSpanProcessor(exporter)
}))

export const RecorderLive = Recorder.toLayer(Effect.succeed(Recorder.of({
  Spans: () =>
    Effect.sync(() =>
      exporter.getFinishedSpans().map((span) => ({
        traceId: span.spanContext().traceId,
        id: span.spanContext().spanId,
        parent: span.parentSpanContext?.spanId,
        name: span.name,
        kind: SpanKind[span.kind].toLowerCase(),
        thread: threadId
      }))
    )
})))
