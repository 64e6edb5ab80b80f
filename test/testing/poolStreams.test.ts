/** Streams that answer the messages of a pool, in simulations. */
import { assert, describe } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Tracer from "effect/Tracer"
import { type Actor, ActorError, Interceptor, Pool, PoolThread } from "shared-nothing"
import { Fault } from "shared-nothing/testing"
import { account, Limit, reset, Rows, RowsLive } from "../fixtures/rows.ts"
import { poolOf, simulated } from "../support/pooled.ts"

type RowsRef = Actor.Ref<typeof Rows>

const check = simulated(() => PoolThread.launch(RowsLive))

const pooled = (
  name: string,
  body: (rows: RowsRef) => Effect.Effect<unknown, unknown, Scope.Scope>,
  options: Partial<Pool.PoolOptions> = {}
) =>
  check(name, () => {
    reset()
    return Effect.flatMap(poolOf(Rows, options), body)
  })

const spans: Array<Tracer.Span> = []
const seen: Array<string> = []

const tracer = Tracer.make({
  span: (options) => {
    const span = new Tracer.NativeSpan(options)
    spans.push(span)
    return span
  }
})

const noting = Interceptor.layer(({ tag }, next) => Effect.andThen(Effect.sync(() => void seen.push(tag)), next))

const underTracer = simulated(() =>
  PoolThread.launch(RowsLive.pipe(Layer.provide([noting, Layer.succeed(Tracer.Tracer, tracer)])))
)

const traced = (name: string, body: (rows: RowsRef) => Effect.Effect<unknown, unknown, Scope.Scope>) =>
  underTracer(name, () => {
    reset()
    return Effect.flatMap(poolOf(Rows), body)
  })

const forever = { timeout: "Infinity" } as const
const upTo = (n: number): Array<number> => Array.from({ length: n }, (_, i) => i + 1)
const failure = <A, E>(effect: Effect.Effect<A, E>) => Effect.flip(effect)

/** Waits until each stream that was made has let go, and nothing is under way. */
const settled = (rows: RowsRef) =>
  Effect.gen(function*() {
    // Long before anybody finds that it is not read.
    for (let left = 800; account()[0] !== account()[1]; left--) {
      if (left === 0) assert.fail(`of ${account()[0]} streams ${account()[1]} have let go`)
      yield* Effect.sleep(5)
    }
    while ((yield* rows.depth) > 0) yield* Effect.sleep(1)
  })

/** What has been read, and how it ends. */
const reading = <A, E>(stream: Stream.Stream<A, E>) =>
  Effect.gen(function*() {
    const read: Array<A> = []
    const exit = yield* Effect.exit(Stream.runForEach(stream, (element) => Effect.sync(() => void read.push(element))))
    return { read, exit, error: Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined }
  })

describe("a stream of a pool", () => {
  pooled(
    "has its elements in order, each once, and then its end, whatever room there is",
    (rows) =>
      Effect.gen(function*() {
        for (const bufferSize of [1, 2, 7, 256]) {
          for (const chunk of [1, 5, 100]) {
            const all = yield* Stream.runCollect(rows.ask.Count({ to: 60, chunk }, { bufferSize, ...forever }))
            assert.deepStrictEqual(all, upTo(60))
          }
        }
        assert.deepStrictEqual(yield* Stream.runCollect(rows.ask.Ends({ how: "nothing" })), [])
        const both = Stream.concat(rows.ask.Count({ to: 3, chunk: 2 }), rows.ask.Count({ to: 2, chunk: 2 }))
        assert.deepStrictEqual(yield* Stream.runCollect(both), [1, 2, 3, 1, 2])
        yield* settled(rows)
      })
  )

  pooled("is made no further than its reader has room for", (rows) =>
    Effect.gen(function*() {
      const life = yield* Scope.make()
      const pull = yield* Scope.provide(
        Stream.toPull(rows.ask.Tick({ millis: 1 }, { bufferSize: 8, ...forever })),
        life
      )
      assert.deepStrictEqual(yield* pull, [1])
      yield* Effect.sleep(200)
      const next = yield* pull
      assert.isAtMost(next.length, 8)
      // Others are served meanwhile, on both workers and more than once.
      const asks = yield* Effect.forEach(upTo(20), (n) => rows.ask.Echo({ n }), { concurrency: "unbounded" })
      assert.deepStrictEqual(asks, upTo(20))
      yield* Scope.close(life, Exit.void)
      yield* settled(rows)
    }))

  pooled("keeps no worker from others while it has nothing, however many there are", (rows) =>
    Effect.gen(function*() {
      const silent = yield* Effect.forEach(upTo(6), () =>
        Effect.forkChild(Stream.runDrain(rows.ask.Tick({ millis: 60_000 }, forever))))
      yield* Effect.sleep(100)
      for (const n of upTo(10)) {
        assert.strictEqual(yield* rows.ask.Echo({ n }, { timeout: "5 seconds" }), n)
      }
      yield* Fiber.interruptAll(silent)
      yield* settled(rows)
    }), { threads: 1 })

  pooled("is interrupted when its reader reads no further, or goes", (rows) =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* Stream.runCollect(Stream.take(rows.ask.Count({ to: 1e9, chunk: 3 }), 4)), upTo(4))
      yield* settled(rows)
      for (const wait of [0, 1, 30, 100]) {
        const fiber = yield* Effect.forkChild(Stream.runDrain(rows.ask.Tick({ millis: 7 }, forever)))
        yield* Effect.sleep(wait)
        yield* Fiber.interrupt(fiber)
        yield* settled(rows)
      }
      // Just when the first element is on its way.
      for (let millis = 0; millis < 24; millis++) {
        const fiber = yield* Effect.forkChild(Stream.runDrain(rows.ask.Late({ millis: millis % 8 }, forever)))
        yield* Effect.sleep(millis % 8)
        yield* Fiber.interrupt(fiber)
        yield* settled(rows)
      }
      const late = yield* Effect.forkChild(Stream.runDrain(rows.ask.Late({ millis: 60_000 }, forever)))
      yield* Effect.sleep(50)
      yield* Fiber.interrupt(late)
      yield* settled(rows)
    }))

  pooled(
    "fails with its declared error and dies with its defect, behind its elements; what made it goes on",
    (rows) =>
      Effect.gen(function*() {
        const refused = yield* reading(rows.ask.Ends({ how: "refuse" }))
        assert.deepStrictEqual([refused.read, refused.error], [[], new Limit({ limit: 1 })])
        const failed = yield* reading(rows.ask.Ends({ how: "fail" }))
        assert.deepStrictEqual([failed.read, failed.error], [[1], new Limit({ limit: 2 })])
        const died = yield* reading(rows.ask.Ends({ how: "die" }))
        assert.deepStrictEqual(died.read, [1])
        assert.include(String(died.error), "in the stream")
        const interrupted = yield* reading(rows.ask.Ends({ how: "interrupt" }))
        assert.isTrue(Exit.isFailure(interrupted.exit) && Cause.hasInterruptsOnly(interrupted.exit.cause))
        const boom = yield* reading(rows.ask.Ends({ how: "boom" }))
        assert.include(String(boom.error), "in the handler")
        yield* settled(rows)
        assert.strictEqual(yield* rows.ask.Echo({ n: 1 }), 1)
      })
  )

  for (const joins of [false, true]) {
    check(
      `is read to its end when its pool ends meanwhile${joins ? ", on another thread too" : ""}`,
      () =>
        Effect.gen(function*() {
          reset()
          const scope = yield* Scope.make()
          const made = yield* Scope.provide(poolOf(Rows, { shutdown: "1 minute" }), scope)
          const rows = joins ? yield* Pool.join(Rows) : made
          const read: Array<number> = []
          const slowly = Stream.runForEach(
            rows.ask.Count({ to: 60, chunk: 5 }, { bufferSize: 2, ...forever }),
            (n) => Effect.andThen(Effect.sync(() => void read.push(n)), Effect.sleep(n % 3))
          )
          const reading = yield* Effect.forkChild(slowly, { startImmediately: true })
          const other = yield* Effect.forkChild(Stream.runDrain(rows.ask.Tick({ millis: 7 }, forever)))
          while (read.length < 3) yield* Effect.sleep(1)
          const ending = yield* Effect.forkChild(Scope.close(scope, Exit.void), { startImmediately: true })
          yield* Effect.sleep(20)
          assert.strictEqual((yield* failure(rows.ask.Echo({ n: 1 })))._tag, "ActorStopped")
          // Who reads no further is not waited for.
          yield* Fiber.interrupt(other)
          yield* Fiber.join(reading)
          assert.deepStrictEqual(read, upTo(60))
          assert.isDefined(yield* Effect.timeout(Effect.as(Fiber.join(ending), true), "2 seconds"))
          assert.deepStrictEqual(account(), [2, 2])
        })
    )
  }

  check("has as long as its pool has to end, and no longer", () =>
    Effect.gen(function*() {
      reset()
      const scope = yield* Scope.make()
      const rows = yield* Scope.provide(poolOf(Rows, { shutdown: "100 millis" }), scope)
      const endless = yield* Effect.forkChild(failure(Stream.runDrain(rows.ask.Tick({ millis: 7 }, forever))))
      while ((yield* Pool.stats(rows)).running === 0) yield* Effect.sleep(1)
      yield* Effect.timeout(Scope.close(scope, Exit.void), "2 seconds")
      assert.strictEqual((yield* Fiber.join(endless))._tag, "ActorStopped")
    }))

  pooled("ends in front of an element that cannot be sent, and says why", (rows) =>
    Effect.gen(function*() {
      for (const throws of [false, true]) {
        const { error, read } = yield* reading(rows.ask.Spoilt({ throws }))
        assert.deepStrictEqual(read, [{ row: 1 }, { row: 2 }])
        assert.instanceOf(error, ActorError.InvalidElement)
        assert.match(error.issue, throws ? /^cannot be encoded: no number$/ : /^breaks its schema: /)
      }
      const large = yield* reading(rows.ask.Texts({ lengths: [3, 2_000_000] }))
      assert.deepStrictEqual(large.read, ["xxx"])
      assert.include(String(large.error), "takes ")
      const texts = yield* reading(rows.ask.Texts({ lengths: [1, 0, 100_000, 7, 200_000, 50_000] }))
      assert.deepStrictEqual(texts.read.map(({ length }) => length), [1, 0, 100_000, 7, 200_000, 50_000])
      assert.strictEqual(
        (yield* failure(Stream.runDrain(rows.ask.Count({ to: 0.5, chunk: 1 }))))._tag,
        "InvalidPayload"
      )
      yield* settled(rows)
    }), { arena: { capacityBytes: 1_048_576 } })

  pooled("has its first element in time, and each behind it, or fails and lets go", (rows) =>
    Effect.gen(function*() {
      const late = yield* reading(rows.ask.Late({ millis: 60_000 }, { timeout: "1 second" }))
      assert.instanceOf(late.error, ActorError.AskTimeout)
      const stalled = yield* reading(
        rows.ask.Tick({ millis: 5_000 }, { timeout: "1 minute", elementTimeout: "1 second" })
      )
      assert.instanceOf(stalled.error, ActorError.StreamStalled)
      assert.deepStrictEqual(stalled.read, [1])
      yield* settled(rows)
    }))

  pooled(
    "fails with ThreadLost when its worker dies, in the middle of an element or between two",
    (rows) =>
      Effect.gen(function*() {
        const waiting = yield* Effect.forkChild(reading(rows.ask.Tick({ millis: 400 }, forever)))
        yield* Effect.sleep(1000)
        yield* Fault.kill("worker-0")
        const lost = yield* Fiber.join(waiting)
        assert.instanceOf(lost.error, ActorError.ThreadLost)
        assert.deepStrictEqual(lost.error.undelivered, { tag: "Tick", payload: { millis: 400 } })
        assert.isAtLeast(lost.read.length, 1)
        const life = yield* Scope.make()
        const slow = rows.ask.Count({ to: 100, chunk: 1 }, { bufferSize: 1, ...forever })
        const pull = yield* Scope.provide(Stream.toPull(slow), life)
        assert.deepStrictEqual(yield* pull, [1])
        yield* Effect.sleep(100)
        yield* Fault.kill("worker-0")
        yield* Effect.sleep(1000)
        // The next incarnation has streams too, and none of them is the one of the last.
        const other = yield* Scope.provide(Stream.toPull(slow), life)
        assert.deepStrictEqual(yield* other, [1])
        const rest = yield* Effect.exit(Effect.forever(pull))
        assert.instanceOf(Exit.isFailure(rest) && Cause.squash(rest.cause), ActorError.ThreadLost)
        yield* Scope.close(life, Exit.void)
        assert.deepStrictEqual(yield* Stream.runCollect(rows.ask.Count({ to: 3, chunk: 1 }, forever)), upTo(3))
      }),
    { threads: 1 }
  )

  pooled("ends with the incarnation whose handler has made it", (rows) =>
    Effect.gen(function*() {
      const life = yield* Scope.make()
      const slow = rows.ask.Count({ to: 100, chunk: 1 }, { bufferSize: 1, ...forever })
      const pull = yield* Scope.provide(Stream.toPull(slow), life)
      assert.deepStrictEqual(yield* pull, [1])
      yield* Effect.sleep(100)
      yield* Effect.exit(rows.ask.Crash())
      yield* settled(rows)
      const rest = yield* Effect.exit(Effect.forever(pull))
      const error = Exit.isFailure(rest) && Cause.squash(rest.cause)
      assert.isTrue(error instanceof ActorError.StreamBroken && error.reason === "restarted")
      yield* Scope.close(life, Exit.void)
    }), { threads: 1 })

  pooled("is ended when nobody reads it for too long", (rows) =>
    Effect.gen(function*() {
      const life = yield* Scope.make()
      const slow = rows.ask.Count({ to: 100, chunk: 1 }, { bufferSize: 1, ...forever })
      const pull = yield* Scope.provide(Stream.toPull(slow), life)
      assert.deepStrictEqual(yield* pull, [1])
      yield* Effect.sleep("30 seconds")
      yield* settled(rows)
      const rest = yield* Effect.exit(Effect.forever(pull))
      const error = Exit.isFailure(rest) && Cause.squash(rest.cause)
      assert.isTrue(error instanceof ActorError.StreamBroken && error.reason === "unread")
      yield* Scope.close(life, Exit.void)
    }))

  pooled("is read to its end before its worker is made anew", (rows) =>
    Effect.gen(function*() {
      const slow = rows.ask.Count({ to: 20, chunk: 1 }, { bufferSize: 1, ...forever })
      const read = yield* Effect.forkChild(
        Stream.runCollect(Stream.mapEffect(slow, (n) => Effect.as(Effect.sleep(20), n)))
      )
      yield* Effect.sleep(50)
      yield* Pool.reload(rows)
      assert.deepStrictEqual(yield* Fiber.join(read), upTo(20))
    }))

  pooled("is read to its end before its worker leaves", (rows) =>
    Effect.gen(function*() {
      yield* Pool.resize(rows, 2)
      const last = Pool.workers(rows)[1]!
      const slow = last.ask.Count({ to: 20, chunk: 1 }, { bufferSize: 1, ...forever })
      const read = yield* Effect.forkChild(
        Stream.runCollect(Stream.mapEffect(slow, (n) => Effect.as(Effect.sleep(20), n)))
      )
      yield* Effect.sleep(50)
      yield* Pool.resize(rows, 1)
      assert.deepStrictEqual(yield* Fiber.join(read), upTo(20))
      yield* settled(rows)
    }), { threads: { min: 1, max: 2, adapt: false } })

  pooled("keeps no worker that leaves when nobody reads it, and its reader is told", (rows) =>
    Effect.gen(function*() {
      const life = yield* Scope.make()
      yield* Pool.resize(rows, 2)
      const last = Pool.workers(rows)[1]!
      const slow = last.ask.Count({ to: 100, chunk: 1 }, { bufferSize: 1, ...forever })
      const pull = yield* Scope.provide(Stream.toPull(slow), life)
      assert.deepStrictEqual(yield* pull, [1])
      yield* Pool.resize(rows, 1)
      const rest = yield* Effect.exit(Effect.forever(pull))
      const error = Exit.isFailure(rest) && Cause.squash(rest.cause)
      assert.isTrue(error instanceof ActorError.ThreadLost && error.thread === "worker-1")
      yield* Scope.close(life, Exit.void)
      yield* settled(rows)
    }), { threads: { min: 1, max: 2, adapt: false } })

  pooled("is read inside of jobs too, however deep, by as many workers as there are", (rows) =>
    Effect.gen(function*() {
      assert.strictEqual(yield* rows.ask.Sum({ to: 20 }, forever), 210)
      assert.deepStrictEqual(yield* Stream.runCollect(rows.ask.Nested({ depth: 3 }, forever)), [1, 1, 1, 1, 1, 1, 1, 1])
      yield* settled(rows)
    }), { threads: 1 })

  pooled("comes from the worker that its route says", (rows) =>
    Effect.gen(function*() {
      for (const worker of [0, 1, 2]) {
        const places = yield* Stream.runCollect(rows.ask.OnWorker({ worker }))
        assert.deepStrictEqual(places, Array.from({ length: 10 }, () => worker))
      }
    }), { threads: 3 })

  traced(
    "is one trace, with what its elements ask for, however many batches they come in",
    (rows) =>
      Effect.gen(function*() {
        spans.length = 0
        const all = rows.ask.Nested({ depth: 1 }, forever).pipe(Stream.runCollect, Effect.withSpan("reader"))
        assert.deepStrictEqual(yield* Effect.provideService(all, Tracer.Tracer, tracer), [1, 1])
        yield* settled(rows)
        assert.strictEqual(new Set(spans.map(({ traceId }) => traceId)).size, 1)
        const handled = spans.filter(({ kind }) => kind === "server")
        assert.deepStrictEqual(handled.map(({ name }) => name), ["Rows.Nested", "Rows.Nested", "Rows.Nested"])
        for (const { attributes } of handled) assert.strictEqual(attributes.get("pool.attempt"), 1)
        // What is around handlers sees the message, and none of those in between.
        assert.deepStrictEqual(new Set(seen), new Set(["Nested"]))
      })
  )

  pooled("lets its reader wait for room like any job", (rows) =>
    Effect.gen(function*() {
      const streams = upTo(5).map((to) =>
        Stream.runCollect(rows.ask.Count({ to, chunk: 1 }, { bufferSize: 2, ...forever }))
      )
      const all = yield* Effect.all(streams, { concurrency: "unbounded" })
      assert.deepStrictEqual(all, upTo(5).map(upTo))
      yield* settled(rows)
    }), { queue: { capacity: 1 } })
})
