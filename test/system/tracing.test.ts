/** One trace over three threads, each with an OpenTelemetry SDK of its own. */
import * as NodeSdk from "@effect/opentelemetry/NodeSdk"
import { assert, describe, it } from "@effect/vitest"
import { SpanKind, SpanStatusCode } from "@opentelemetry/api"
import { InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base"
import * as Effect from "effect/Effect"
import * as Tracer from "effect/Tracer"
import { Branch, type FinishedSpan, Leaf, Recorder } from "../fixtures/tracing.ts"
import { crew, threads, within } from "./threads.ts"

type Span = typeof FinishedSpan.Type

const at = (thread: number) => ({ placement: { thread } }) as const

const stage = <A, E>(
  program: (parts: {
    readonly branch: Effect.Success<ReturnType<typeof Branch.spawn>>
    readonly leaf: Effect.Success<ReturnType<typeof Leaf.spawn>>
    readonly spans: Effect.Effect<ReadonlyArray<Span>>
    readonly here: () => ReadonlyArray<Span>
  }) => Effect.Effect<A, E>
) => {
  const exporter = new InMemorySpanExporter()
  const here = (): ReadonlyArray<Span> =>
    exporter.getFinishedSpans().map((span) => ({
      traceId: span.spanContext().traceId,
      id: span.spanContext().spanId,
      parent: span.parentSpanContext?.spanId,
      name: span.name,
      kind: SpanKind[span.kind],
      key: span.attributes["actor.key"] as string | undefined,
      failed: span.status.code === SpanStatusCode.ERROR,
      threadId: 0
    }))
  const sdk = NodeSdk.layer(() => ({
    resource: { serviceName: "main" },
    spanProcessor: new SimpleSpanProcessor(exporter)
  }))
  return within(
    threads({ spawn: crew("tracing").spawn, threads: 2 }),
    Effect.gen(function*() {
      const branch = yield* Branch.spawn("b", at(0))
      const leaf = yield* Leaf.spawn("l", at(1))
      const recorders = [yield* Recorder.spawn("r0", at(0)), yield* Recorder.spawn("r1", at(1))]
      const spans = Effect.map(
        Effect.forEach(recorders, (recorder) => Effect.withTracerEnabled(Effect.orDie(recorder.ask.Spans()), false)),
        (all) => [...here(), ...all.flat()]
      )
      return yield* Effect.provide(program({ branch, leaf, spans, here }), sdk)
    })
  )
}

/** The spans once there are that many: the end of a span may come after the reply. */
const settled = (spans: Effect.Effect<ReadonlyArray<Span>>, count: number) =>
  Effect.gen(function*() {
    const deadline = performance.now() + 3_000
    let seen = yield* spans
    while (seen.length < count && performance.now() < deadline) {
      yield* Effect.sleep(5)
      seen = yield* spans
    }
    return seen
  })

const line = (spans: ReadonlyArray<Span>, leafmost: Span): ReadonlyArray<string> => {
  const parent = spans.find((span) => span.id === leafmost.parent)
  return [
    ...(parent === undefined ? [] : line(spans, parent)),
    `${leafmost.kind} ${leafmost.name} ${leafmost.key ?? ""}`
  ]
}

const unsampled = Tracer.externalSpan({ traceId: "a".repeat(32), spanId: "b".repeat(16), sampled: false })

describe("tracing", () => {
  it.live("joins the spans of a chain of asks over three threads", () =>
    stage(({ branch, leaf, spans }) =>
      Effect.gen(function*() {
        assert.strictEqual(yield* Effect.withSpan(branch.ask.Ask({ leaf }), "request"), 7)
        const all = yield* settled(spans, 5)
        assert.lengthOf(all, 5)
        assert.strictEqual(new Set(all.map((span) => span.traceId)).size, 1)
        assert.strictEqual(new Set(all.map((span) => span.threadId)).size, 3)
        assert.deepStrictEqual(line(all, all.find((span) => span.name === "Leaf.Get" && span.kind === "SERVER")!), [
          "INTERNAL request ",
          "CLIENT Branch.Ask b",
          "SERVER Branch.Ask b",
          "CLIENT Leaf.Get l",
          "SERVER Leaf.Get l"
        ])
      })
    ))

  it.live("puts the handler of a tell below the span of its sender, and what the handler does below that", () =>
    stage(({ branch, leaf, spans }) =>
      Effect.gen(function*() {
        yield* Effect.withSpan(branch.tell.Tell({ leaf }), "request")
        const all = yield* settled(spans, 4)
        assert.lengthOf(all, 4)
        assert.strictEqual(new Set(all.map((span) => span.traceId)).size, 1)
        assert.deepStrictEqual(line(all, all.find((span) => span.name === "inside of Note")!), [
          "INTERNAL request ",
          "CONSUMER Branch.Tell b",
          "CONSUMER Leaf.Note l",
          "INTERNAL inside of Note "
        ])
      })
    ))

  it.live("marks both ends of an ask that dies as failed", () =>
    stage(({ leaf, spans }) =>
      Effect.gen(function*() {
        yield* Effect.exit(Effect.withSpan(leaf.ask.Boom(), "request"))
        const all = yield* settled(spans, 3)
        assert.sameDeepMembers(all.map(({ failed, kind, name }) => [name, kind, failed]), [
          ["Leaf.Boom", "CLIENT", true],
          ["Leaf.Boom", "SERVER", true],
          ["request", "INTERNAL", true]
        ])
      })
    ))

  it.live("makes no span without a sampled one above it", () =>
    stage(({ branch, here, leaf, spans }) =>
      Effect.gen(function*() {
        yield* branch.ask.Ask({ leaf })
        yield* branch.tell.Tell({ leaf })
        yield* Effect.withParentSpan(branch.ask.Ask({ leaf }), unsampled)
        yield* Effect.withTracerEnabled(Effect.withSpan(branch.ask.Ask({ leaf }), "disabled"), false)
        assert.deepStrictEqual(here(), [])
        const all = yield* spans
        // What a handler does on its own account is its own trace.
        assert.deepStrictEqual(all.map((span) => [span.name, span.parent]), [["inside of Note", undefined]])
      })
    ))
})
