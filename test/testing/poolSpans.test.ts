/** What spans say of jobs, in simulations, whose clock makes the time in the queue exact. */
import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import { type Pool, PoolThread } from "shared-nothing"
import { Fault, Invariant } from "shared-nothing/testing"
import { Jobs, JobsLive } from "../fixtures/jobs.ts"
import { type Options, poolOf, simulated } from "../support/pooled.ts"

/** All spans of a run, of whatever thread, in the order of their begin. */
let spans: Array<Tracer.Span> = []
let stolen = 0
/** What the attributes of a span throw. */
let spoilt: Error | undefined

const tracer = Tracer.make({
  span: (options) => {
    const span = new Tracer.NativeSpan(options)
    spans.push(span)
    if (options.kind !== "client") return span
    const attribute = span.attribute.bind(span)
    span.attribute = (key, value) => {
      if (spoilt !== undefined && key.startsWith("pool.")) throw spoilt
      attribute(key, value)
    }
    return span
  }
})
const Traced = Layer.succeed(Tracer.Tracer, tracer)

const forever = { timeout: "Infinity" } as const

type JobsRef = Effect.Success<ReturnType<typeof made>>
const made = (options: Partial<Pool.PoolOptions>) => poolOf(Jobs, options)

const check = simulated(() => PoolThread.launch(JobsLive.pipe(Layer.provide(Traced))))

/** A test of a pool under a tracer that remembers. */
const traced = (
  name: string,
  body: (jobs: JobsRef) => Effect.Effect<unknown, unknown>,
  pool: Partial<Pool.PoolOptions> = {},
  options?: Options
) =>
  check(name, () =>
    Effect.gen(function*() {
      spans = []
      spoilt = undefined
      const jobs = yield* made(pool)
      yield* Effect.provide(body(jobs), Traced)
    }), options)

/** A span as `name kind < parent's name and kind`. */
const lineOf = (span: Tracer.Span): string => {
  const id = Option.getOrUndefined(span.parent)?.spanId
  const above = spans.find((one) => one.spanId === id)
  return `${span.name} ${span.kind} < ${above === undefined ? "nothing" : `${above.name} ${above.kind}`}`
}

/** What spans of a kind say of a message. */
const said = (tag: string, kind: Tracer.SpanKind) =>
  spans.filter((span) => span.name === `Jobs.${tag}` && span.kind === kind).map(({ attributes }) =>
    Object.fromEntries(attributes)
  )

const endOf = (tag: string, kind: Tracer.SpanKind): string => {
  const [span] = spans.filter((one) => one.name === `Jobs.${tag}` && one.kind === kind)
  if (span?.status._tag !== "Ended") return "open"
  return Exit.isSuccess(span.status.exit) ? "done" : Exit.hasInterrupts(span.status.exit) ? "interrupted" : "failed"
}

const below = <A, E>(effect: Effect.Effect<A, E>) => Effect.withSpan(effect, "root")

describe("the spans of a job", () => {
  traced("say how long a job has waited that is waited for for ever", (jobs) =>
    Effect.gen(function*() {
      const holding = yield* Effect.forkChild(jobs.ask.Wait({ millis: 300 }, forever))
      yield* Effect.sleep(100)
      yield* below(jobs.ask.Wait({ millis: 20 }, forever))
      yield* Fiber.join(holding)
      const [{ "pool.queue_time_ms": waited }] = said("Wait", "server") as [Record<string, unknown>]
      assert.isAtLeast(Number(waited), 190)
    }), { threads: 1 })

  traced(
    "are a client span, and below it the handler's with its worker, its attempt and its time in the queue",
    (jobs) =>
      Effect.gen(function*() {
        const holding = yield* Effect.forkChild(jobs.ask.Wait({ millis: 300 }, forever))
        yield* Effect.sleep(100)
        const asked = yield* Effect.forkChild(below(jobs.ask.Wait({ millis: 20 })))
        const told = yield* Effect.forkChild(below(jobs.tell.Note({ n: 1 })))
        yield* Fiber.join(asked)
        yield* Fiber.join(told)
        yield* Fiber.join(holding)
        while ((yield* jobs.depth) > 0) yield* Effect.sleep(1)
        assert.sameMembers(spans.map(lineOf), [
          "root internal < nothing",
          "root internal < nothing",
          "Jobs.Wait client < root internal",
          "Jobs.Wait server < Jobs.Wait client",
          "Jobs.Note consumer < root internal"
        ])
        assert.deepStrictEqual(said("Wait", "client"), [
          { "actor.key": "pool", "pool.attempts": 1, "pool.worker": "worker-0" }
        ])
        for (const handled of [...said("Wait", "server"), ...said("Note", "consumer")]) {
          const { "pool.queue_time_ms": waited, ...rest } = handled
          assert.deepStrictEqual(rest, { "actor.key": "pool", "pool.worker": "worker-0", "pool.attempt": 1 })
          assert.isAtLeast(Number(waited), 190)
          assert.isAtMost(Number(waited), 320)
        }
        for (const span of spans) assert.strictEqual(span.status._tag, "Ended")
      }),
    { threads: 1 }
  )

  traced("are one trace over jobs of jobs, which say which worker has stolen them", (jobs) =>
    Effect.gen(function*() {
      assert.strictEqual(yield* below(jobs.ask.Leaves({ depth: 3 }, forever)), 8)
      assert.strictEqual(new Set(spans.map(({ traceId }) => traceId)).size, 1)
      const asked = said("Leaves", "client")
      const handled = said("Leaves", "server")
      assert.deepStrictEqual([asked.length, handled.length, spans.length], [15, 15, 31])
      for (const span of spans) {
        if (span.kind !== "server") continue
        const client = spans.find(({ spanId }) => spanId === Option.getOrThrow(span.parent).spanId)!
        assert.strictEqual(client.kind, "client")
        for (const key of ["pool.worker", "pool.stolen"]) {
          assert.strictEqual(span.attributes.get(key), client.attributes.get(key))
        }
        const outer = spans.find(({ spanId }) => spanId === Option.getOrThrow(client.parent).spanId)!
        const home = outer.attributes.get("pool.worker")
        const isStolen = home !== undefined && home !== span.attributes.get("pool.worker")
        assert.strictEqual(span.attributes.get("pool.stolen"), isStolen ? true : undefined)
        stolen += isStolen ? 1 : 0
      }
      yield* Invariant.sometimes("a job is stolen", stolen > 0)
    }), { threads: 3 })

  traced("say of one that was given up whether a worker had begun it", (jobs) =>
    Effect.gen(function*() {
      const running = yield* Effect.forkChild(below(jobs.ask.Wait({ millis: 60_000 }, forever)))
      yield* Effect.sleep(100)
      const waiting = yield* Effect.forkChild(below(jobs.ask.Echo({ n: 1 }, forever)))
      const late = yield* Effect.forkChild(Effect.exit(below(jobs.ask.Reverse({ bytes: new Uint8Array(5000) }))))
      yield* Effect.sleep(100)
      yield* Fiber.interrupt(waiting)
      yield* Fiber.join(late)
      yield* Fiber.interrupt(running)
      while ((yield* jobs.depth) > 0) yield* Effect.sleep(1)
      assert.deepStrictEqual(said("Echo", "client"), [{ "actor.key": "pool", "pool.attempts": 0 }])
      assert.deepStrictEqual(said("Reverse", "client"), [{ "actor.key": "pool", "pool.attempts": 0 }])
      assert.deepStrictEqual(said("Wait", "client"), [{ "actor.key": "pool", "pool.worker": "worker-0" }])
      assert.deepStrictEqual([said("Echo", "server"), said("Reverse", "server")], [[], []])
      assert.deepStrictEqual(
        [endOf("Echo", "client"), endOf("Reverse", "client"), endOf("Wait", "client"), endOf("Wait", "server")],
        ["interrupted", "failed", "interrupted", "interrupted"]
      )
    }), { threads: 1 })

  traced(
    "say of one that waits for room, or had to give its own up, that no worker has begun it",
    (jobs) =>
      Effect.gen(function*() {
        const running = yield* Effect.forkChild(jobs.ask.Wait({ millis: 500 }, forever))
        yield* Effect.sleep(100)
        const oldest = yield* Effect.forkChild(Effect.exit(below(jobs.ask.Echo({ n: 1 }, forever))))
        yield* Effect.sleep(10)
        const newest = yield* Effect.forkChild(below(jobs.tell.Note({ n: 1 })))
        yield* Fiber.join(oldest)
        yield* Fiber.join(newest)
        yield* Fiber.join(running)
        while ((yield* jobs.depth) > 0) yield* Effect.sleep(1)
        assert.deepStrictEqual(said("Echo", "client"), [{ "actor.key": "pool", "pool.attempts": 0 }])
        // What was told in the place of the other is in its sender's trace although it had to wait.
        assert.strictEqual(said("Note", "consumer").length, 1)
      }),
    { threads: 1, queue: { capacity: 2, overflow: "dropOldest" } }
  )

  traced(
    "count the times that it was begun, and name the worker with which it was lost",
    (jobs) =>
      Effect.gen(function*() {
        const again = yield* Effect.forkChild(below(jobs.ask.WaitAgain({ millis: 1000 }, forever)))
        const once = yield* Effect.forkChild(Effect.exit(below(jobs.ask.Wait({ millis: 1000 }, forever))))
        yield* Effect.sleep(200)
        yield* Fault.kill("worker-0")
        assert.strictEqual(yield* Fiber.join(again), 1000)
        yield* Fiber.join(once)
        assert.deepStrictEqual(said("Wait", "client"), [
          { "actor.key": "pool", "pool.attempts": 1, "pool.worker": "worker-0" }
        ])
        assert.strictEqual(endOf("Wait", "client"), "failed")
        assert.deepStrictEqual(said("WaitAgain", "client"), [
          { "actor.key": "pool", "pool.attempts": 2, "pool.worker": "worker-0" }
        ])
        const attempts = said("WaitAgain", "server").map((handled) => handled["pool.attempt"])
        assert.deepStrictEqual(attempts, [1, 2])
        assert.strictEqual(new Set(spans.filter(({ name }) => name === "Jobs.WaitAgain").map((s) => s.traceId)).size, 1)
      }),
    { threads: 1, concurrency: 2 }
  )

  traced("are there whatever the size of the payload, which arrives as it was", (jobs) =>
    Effect.gen(function*() {
      for (const size of [0, 380, 400, 410, 415, 420, 424, 430, 440, 448, 456, 470, 5000]) {
        const bytes = Uint8Array.from({ length: size }, (_, i) => i + size)
        spans = []
        assert.deepStrictEqual(yield* below(jobs.ask.Reverse({ bytes })), bytes.slice().reverse())
        assert.strictEqual(lineOf(spans[2]!), "Jobs.Reverse server < Jobs.Reverse client")
      }
    }))

  traced("are not made without a sampled span above, and nothing is sent", (jobs) =>
    Effect.gen(function*() {
      const all = Effect.andThen(jobs.ask.Leaves({ depth: 2 }, forever), jobs.tell.Note({ n: 1 }))
      yield* all
      yield* Effect.withSpan(all, "unsampled", { sampled: false })
      yield* Effect.withTracerEnabled(Effect.withSpan(all, "off"), false)
      while ((yield* jobs.depth) > 0) yield* Effect.sleep(1)
      assert.deepStrictEqual(spans.map(({ name }) => name), ["unsampled"])
    }))

  traced("harm no job when a span throws", (jobs) =>
    Effect.gen(function*() {
      spoilt = new Error("no attributes")
      assert.strictEqual(yield* below(jobs.ask.Echo({ n: 7 })), 7)
      const waiting = yield* Effect.forkChild(below(jobs.ask.Wait({ millis: 60_000 }, forever)))
      yield* Effect.sleep(100)
      yield* Fiber.interrupt(waiting)
      while ((yield* jobs.depth) > 0) yield* Effect.sleep(1)
      assert.strictEqual(endOf("Wait", "client"), "interrupted")
      assert.strictEqual(yield* jobs.ask.Echo({ n: 8 }), 8)
    }))
})
