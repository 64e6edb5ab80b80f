/**
 * The spans of messages on one thread: against a tracer that remembers, and through the OpenTelemetry SDK.
 */
import * as NodeSdk from "@effect/opentelemetry/NodeSdk"
import { assert, describe, it } from "@effect/vitest"
import { SpanKind, SpanStatusCode } from "@opentelemetry/api"
import { InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import * as Tracer from "effect/Tracer"
import { Actor, ActorSystem } from "shared-nothing"
import { settle } from "../contract/eventually.ts"

const Leaf = Actor.make("Leaf", [
  Rpc.make("Get", { success: Schema.Int }),
  Rpc.make("Note"),
  Rpc.make("Fail", { error: Schema.String }),
  Rpc.make("Wait"),
  Rpc.make("Slow", { success: Schema.Int })
])
const Branch = Actor.make("Branch", [
  Rpc.make("Get", { payload: { leaf: Leaf.ref }, success: Schema.Int }),
  Rpc.make("Pass", { payload: { leaf: Leaf.ref } })
])

const Live = Layer.mergeAll(
  Leaf.toLayer(Effect.succeed(Leaf.of({
    Get: () => Effect.succeed(1),
    Note: () => Effect.void,
    Fail: () => Effect.fail("no"),
    Wait: () => Effect.never,
    Slow: () => Effect.withSpan(Effect.as(Effect.yieldNow, 2), "inside")
  }))),
  Branch.toLayer(Effect.succeed(Branch.of({
    Get: ({ leaf }) => Effect.orDie(leaf.ask.Get()),
    Pass: ({ leaf }) => Effect.orDie(leaf.tell.Note())
  })))
).pipe(Layer.provideMerge(ActorSystem.layer))

/** A span as `name kind < parent's name and kind`. */
const lineOf = (span: Tracer.Span): string => {
  const parent = Option.getOrUndefined(span.parent)
  const above = parent === undefined ? "nothing" : parent._tag === "Span" ? `${parent.name} ${parent.kind}` : "external"
  return `${span.name} ${span.kind} < ${above}`
}

/** Runs a body with a system under a tracer that remembers the spans it makes. */
const traced = <A, E>(
  body: (spans: Array<Tracer.Span>) => Effect.Effect<A, E, ActorSystem.ActorSystem>
): Effect.Effect<A, E> =>
  Effect.suspend(() => {
    const spans: Array<Tracer.Span> = []
    const tracer = Tracer.make({
      span: (options) => {
        const span = new Tracer.NativeSpan(options)
        spans.push(span)
        return span
      }
    })
    return body(spans).pipe(Effect.provide(Live), Effect.provideService(Tracer.Tracer, tracer))
  })

const spawnBoth = Effect.all([Leaf.spawn("l"), Branch.spawn("b")])

describe("Trace", () => {
  it.effect("an ask is a client span, its handler a server span below it, and both end", () =>
    traced((spans) =>
      Effect.scoped(Effect.gen(function*() {
        const [leaf] = yield* spawnBoth
        yield* Effect.withSpan(leaf.ask.Get(), "root")
        assert.deepStrictEqual(spans.map(lineOf), [
          "root internal < nothing",
          "Leaf.Get client < root internal",
          "Leaf.Get server < Leaf.Get client"
        ])
        assert.strictEqual(new Set(spans.map((span) => span.traceId)).size, 1)
        for (const span of spans) assert.strictEqual(span.status._tag, "Ended")
        for (const span of spans.slice(1)) assert.strictEqual(span.attributes.get("actor.key"), "l")
      }))
    ))

  it.effect("a tell makes only its handler's consumer span, below the span of the sender", () =>
    traced((spans) =>
      Effect.scoped(Effect.gen(function*() {
        const [leaf] = yield* spawnBoth
        yield* Effect.withSpan(leaf.tell.Note(), "root")
        yield* settle
        assert.deepStrictEqual(spans.map(lineOf), ["root internal < nothing", "Leaf.Note consumer < root internal"])
        assert.strictEqual(spans[1]!.traceId, spans[0]!.traceId)
      }))
    ))

  it.effect("what a handler asks and tells is in the same trace, also after it was suspended", () =>
    traced((spans) =>
      Effect.scoped(Effect.gen(function*() {
        const [leaf, branch] = yield* spawnBoth
        yield* Effect.withSpan(
          Effect.all([branch.ask.Get({ leaf }), branch.ask.Pass({ leaf }), leaf.ask.Slow()]),
          "root"
        )
        yield* settle
        const lines = spans.map(lineOf)
        assert.deepStrictEqual(lines.slice(0, 5), [
          "root internal < nothing",
          "Branch.Get client < root internal",
          "Branch.Get server < Branch.Get client",
          "Leaf.Get client < Branch.Get server",
          "Leaf.Get server < Leaf.Get client"
        ])
        assert.sameMembers(lines.slice(5), [
          "Branch.Pass client < root internal",
          "Branch.Pass server < Branch.Pass client",
          "Leaf.Note consumer < Branch.Pass server",
          "Leaf.Slow client < root internal",
          "Leaf.Slow server < Leaf.Slow client",
          "inside internal < Leaf.Slow server"
        ])
        assert.strictEqual(new Set(spans.map((span) => span.traceId)).size, 1)
      }))
    ))

  it.effect("nothing is made without a span, also when the layer was built inside of one", () =>
    traced((spans) =>
      Effect.scoped(Effect.gen(function*() {
        const [leaf, branch] = yield* spawnBoth
        yield* leaf.ask.Get()
        yield* leaf.tell.Note()
        yield* branch.ask.Get({ leaf })
        yield* branch.tell.Pass({ leaf })
        yield* settle
        assert.deepStrictEqual(spans, [])
      }))
    ).pipe(Effect.andThen(traced((spans) =>
      Effect.scoped(Effect.gen(function*() {
        const services = yield* Effect.withSpan(Layer.build(Live), "start")
        const [leaf, branch] = yield* spawnBoth.pipe(Effect.provideContext(services))
        spans.length = 0
        yield* branch.ask.Get({ leaf })
        yield* branch.tell.Pass({ leaf })
        yield* settle
        assert.deepStrictEqual(spans.map(lineOf), [])
      }))
    ))))

  it.effect("nothing is made below a span that is not sampled, or while tracing is switched off", () =>
    traced((spans) =>
      Effect.scoped(Effect.gen(function*() {
        const [leaf, branch] = yield* spawnBoth
        const all = Effect.all([
          branch.ask.Get({ leaf }),
          leaf.ask.Get(),
          leaf.tell.Note(),
          branch.tell.Pass({ leaf })
        ])
        yield* Effect.withSpan(Effect.withTracerEnabled(all, false), "off")
        yield* settle
        assert.deepStrictEqual(spans.map(lineOf), ["off internal < nothing"])
        spans.length = 0
        yield* Effect.withSpan(all, "unsampled", { sampled: false })
        yield* settle
        assert.deepStrictEqual(spans.map((span) => span.name), ["unsampled"])
      }))
    ))

  it.effect("a message that no handler takes leaves no handler's span, and the ask's own span ends with its failure", () =>
    traced((spans) =>
      Effect.gen(function*() {
        const leaf = yield* Effect.scoped(Leaf.spawn("l"))
        yield* Effect.withSpan(Effect.exit(leaf.ask.Get()), "root")
        yield* Effect.withSpan(Effect.exit(leaf.tell.Note()), "root")
        assert.deepStrictEqual(spans.map(lineOf), [
          "root internal < nothing",
          "Leaf.Get client < root internal",
          "root internal < nothing"
        ])
        const { status } = spans[1]!
        assert.isTrue(status._tag === "Ended" && Exit.isFailure(status.exit))
      })
    ))

  it.effect("a failure ends both spans with its cause; a timeout ends the handler's, too", () =>
    traced((spans) =>
      Effect.scoped(Effect.gen(function*() {
        const [leaf] = yield* spawnBoth
        yield* Effect.withSpan(Effect.exit(leaf.ask.Fail()), "root")
        const asker = yield* Effect.forkChild(
          Effect.withSpan(Effect.exit(leaf.ask.Wait(undefined, { timeout: 100 })), "root"),
          { startImmediately: true }
        )
        yield* settle
        yield* TestClock.adjust(100)
        yield* Fiber.join(asker)
        yield* settle
        const ends = spans.filter(({ name }) => name !== "root").map(({ kind, name, status }) =>
          `${name} ${kind} ${status._tag === "Ended" ? status.exit._tag : "open"}`
        )
        assert.deepStrictEqual(ends, [
          "Leaf.Fail client Failure",
          "Leaf.Fail server Failure",
          "Leaf.Wait client Failure",
          "Leaf.Wait server Failure"
        ])
      }))
    ))

  it.effect("every span of many concurrent asks is below its own asker's", () =>
    traced((spans) =>
      Effect.scoped(Effect.gen(function*() {
        const [leaf, branch] = yield* spawnBoth
        yield* Effect.forEach(
          Array.from({ length: 50 }, (_, n) => n),
          (n) => Effect.withSpan(n % 2 === 0 ? leaf.ask.Slow() : branch.ask.Get({ leaf }), `root ${n}`),
          { concurrency: "unbounded", discard: true }
        )
        const traces = Map.groupBy(spans, (span) => span.traceId)
        assert.strictEqual(traces.size, 50)
        for (const trace of traces.values()) {
          const [root] = trace
          const slow = Number(root!.name.slice(5)) % 2 === 0
          assert.deepStrictEqual(
            trace.map(({ name }) => name).slice(1),
            slow
              ? ["Leaf.Slow", "Leaf.Slow", "inside"]
              : ["Branch.Get", "Branch.Get", "Leaf.Get", "Leaf.Get"]
          )
        }
      }))
    ))
})

describe("Trace through the OpenTelemetry SDK", () => {
  it.effect("exports a connected trace with kinds, attributes and status", () =>
    Effect.gen(function*() {
      const exporter = new InMemorySpanExporter()
      const Telemetry = NodeSdk.layer(() => ({
        resource: { serviceName: "test" },
        spanProcessor: new SimpleSpanProcessor(exporter)
      }))
      const spans = yield* Effect.gen(function*() {
        const [leaf, branch] = yield* spawnBoth
        yield* Effect.withSpan(branch.ask.Get({ leaf }), "ok")
        yield* Effect.withSpan(Effect.exit(leaf.ask.Fail()), "bad")
        yield* settle
        return exporter.getFinishedSpans()
      }).pipe(Effect.scoped, Effect.provide(Live.pipe(Layer.provideMerge(Telemetry))))
      const byId = new Map(spans.map((span) => [span.spanContext().spanId, span]))
      const lines = spans.map((span) => {
        const parent = byId.get(span.parentSpanContext?.spanId ?? "")
        const sameTrace = parent === undefined || parent.spanContext().traceId === span.spanContext().traceId
        return `${span.name} ${SpanKind[span.kind]} < ${parent?.name ?? "nothing"} ${
          sameTrace ? "" : "in another trace"
        }`.trim()
      })
      assert.sameMembers(lines, [
        "ok INTERNAL < nothing",
        "Branch.Get CLIENT < ok",
        "Branch.Get SERVER < Branch.Get",
        "Leaf.Get CLIENT < Branch.Get",
        "Leaf.Get SERVER < Leaf.Get",
        "bad INTERNAL < nothing",
        "Leaf.Fail CLIENT < bad",
        "Leaf.Fail SERVER < Leaf.Fail"
      ])
      for (const span of spans) {
        const expected = span.name === "Leaf.Fail" ? SpanStatusCode.ERROR : SpanStatusCode.OK
        assert.strictEqual(span.status.code, expected, span.name)
        if (span.name.includes(".")) assert.isString(span.attributes["actor.key"])
      }
    }))
})
