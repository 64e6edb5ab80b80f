/** Jobs that say that they block: somebody stands in for their worker. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { Actor, Pool, PoolThread } from "shared-nothing"
import { Fault } from "shared-nothing/testing"
import { poolOf, simulated } from "../support/pooled.ts"

class Torn extends Schema.TaggedError<Torn>("test/poolBlocking/Torn")("Torn", {}) {}

const Files = Actor.make("Files", [
  /** Blocks so long, so often inside of itself. */
  Rpc.make("Read", { payload: { millis: Schema.Int, depth: Schema.Int }, success: Schema.String, error: Torn }),
  Rpc.make("Twice", { payload: { millis: Schema.Int } }),
  /** Blocks when it has gone on for so long. */
  Rpc.make("Late", { payload: { after: Schema.Int, millis: Schema.Int } }),
  Rpc.make("Tear", { payload: { how: Schema.Literals(["fails", "dies"]) }, error: Torn }),
  Rpc.make("Where", { success: Schema.String })
])

const blocked = (millis: number, depth: number): Effect.Effect<void> =>
  depth === 0 ? Effect.sleep(millis) : Pool.blocking(blocked(millis, depth - 1))

const FilesLive = Files.toLayer(Effect.gen(function*() {
  const name = (yield* Pool.CurrentWorker)!.name
  // No job: nobody stands in for that.
  yield* Pool.blocking(Effect.sleep(1))
  return Files.of({
    Read: ({ depth, millis }) => Effect.as(blocked(millis, depth), name),
    Twice: ({ millis }) =>
      Effect.andThen(
        Pool.blocking(Effect.sleep(1)),
        Effect.all([blocked(millis, 1), blocked(2 * millis, 1)], { concurrency: 2, discard: true })
      ),
    Late: ({ after, millis }) => Effect.andThen(Effect.sleep(after), blocked(millis, 1)),
    Tear: ({ how }) => Pool.blocking(how === "fails" ? Effect.fail(new Torn()) : Effect.die(new Error("torn"))),
    Where: () => Effect.succeed(name)
  })
}))

type FilesRef = Pool.Ref<typeof Files>

const run = simulated(() => PoolThread.launch(FilesLive))

const forever = { timeout: "Infinity" } as const
const threads = { min: 1, max: 3, idle: "1 hour", adapt: { wait: "1 hour", cooldown: "50 millis" } } as const

interface Heard {
  readonly files: FilesRef
  readonly events: Array<Pool.Resized>
  readonly size: Effect.Effect<number>
}

const filed = (
  name: string,
  body: (heard: Heard) => Effect.Effect<unknown, unknown, Scope.Scope>,
  options: Partial<Pool.PoolOptions> = {}
) =>
  run(name, () =>
    Effect.gen(function*() {
      const files = yield* poolOf(Files, { threads, ...options })
      const events: Array<Pool.Resized> = []
      yield* Effect.forkScoped(
        Stream.runForEach(Pool.events(files), (event) =>
          Effect.sync(() => {
            if (event._tag === "Resized") events.push(event)
          })),
        { startImmediately: true }
      )
      const size = Effect.map(Pool.stats(files), (stats) => stats.size)
      yield* body({ files, events, size })
    }))

const ask = (files: FilesRef, millis: number, depth = 1) =>
  Effect.forkChild(files.ask.Read({ millis, depth }, forever), { startImmediately: true })

const become = (size: Effect.Effect<number>, wanted: number) =>
  Effect.gen(function*() {
    while ((yield* size) !== wanted) yield* Effect.sleep(1)
  })

const told = (events: ReadonlyArray<Pool.Resized>) => events.map(({ from, to, why }) => `${from} ${to} ${why}`)

describe("a job that says that it blocks", () => {
  filed(
    "J22 has another worker begin what comes, never more than there may be, and the size is what it was afterwards",
    ({ events, files, size }) =>
      Effect.gen(function*() {
        const first = yield* ask(files, 1000)
        yield* become(size, 2)
        assert.strictEqual(yield* files.ask.Where(forever), "worker-1")
        const others = [yield* ask(files, 1000), yield* ask(files, 1000), yield* ask(files, 1000)]
        yield* become(size, 3)
        yield* Effect.sleep(500)
        // All there may be block.
        assert.strictEqual(yield* size, 3)
        for (const fiber of [first, ...others]) yield* Fiber.join(fiber)
        yield* become(size, 1)
        assert.deepStrictEqual(told(events), ["1 2 blocking", "2 3 blocking", "3 2 unblocked", "2 1 unblocked"])
        assert.deepStrictEqual(events.map(({ signal }) => [signal!.size, signal!.blocked]).slice(0, 2), [[1, 1], [
          2,
          2
        ]])
      })
  )

  filed(
    "counts once, however often it says so, and with the other jobs of its worker",
    ({ events, files, size }) =>
      Effect.gen(function*() {
        const [worker] = Pool.workers(files)
        const both = Effect.all([
          worker!.ask.Read({ millis: 200, depth: 4 }, forever),
          worker!.ask.Twice({ millis: 100 }, forever)
        ], { concurrency: 2 })
        const jobs = yield* Effect.forkChild(both, { startImmediately: true })
        yield* become(size, 2)
        yield* Effect.sleep(120)
        // One of them has blocked no more in between.
        assert.strictEqual(yield* size, 2)
        yield* Fiber.join(jobs)
        yield* become(size, 1)
        assert.deepStrictEqual(told(events), ["1 2 blocking", "2 1 unblocked"])
      }),
    { concurrency: 2 }
  )

  filed("keeps the other worker when it blocks again soon", ({ events, files, size }) =>
    Effect.gen(function*() {
      for (let i = 0; i < 5; i++) {
        yield* Fiber.join(yield* ask(files, 20))
        yield* Effect.sleep(10)
      }
      yield* become(size, 1)
      assert.deepStrictEqual(told(events), ["1 2 blocking", "2 1 unblocked"])
    }))

  filed(
    "and fails, dies, is interrupted or is lost with its worker leaves the size as it was",
    ({ events, files, size }) =>
      Effect.gen(function*() {
        assert.instanceOf(yield* Effect.flip(files.ask.Tear({ how: "fails" }, forever)), Torn)
        assert.isTrue(Exit.hasDies(yield* Effect.exit(files.ask.Tear({ how: "dies" }, forever))))
        yield* Fiber.interrupt(yield* ask(files, 1000))
        const lost = yield* ask(files, 1_000_000)
        yield* become(size, 2)
        const place = (yield* Pool.stats(files)).workers.findIndex(({ state }) => state === "busy")
        yield* Fault.kill(`worker-${place}`)
        assert.isTrue(Exit.isFailure(yield* Fiber.await(lost)))
        yield* become(size, 1)
        assert.strictEqual(events.at(-1)?.why, "unblocked")
        yield* Effect.sleep(1000)
        assert.strictEqual(yield* size, 1)
      })
  )

  filed("leaves a size that was asked for as it was asked for", ({ files, size }) =>
    Effect.gen(function*() {
      const long = yield* ask(files, 1000)
      yield* become(size, 2)
      yield* Pool.resize(files, 2)
      yield* Fiber.join(long)
      yield* Effect.sleep(1000)
      assert.strictEqual(yield* size, 2)
    }))

  filed(
    "has somebody stand in for it while its worker is to be made anew",
    ({ events, files, size }) =>
      Effect.gen(function*() {
        const late = yield* Effect.forkChild(files.ask.Late({ after: 20, millis: 1000 }, forever), {
          startImmediately: true
        })
        yield* Effect.sleep(10)
        const reloading = yield* Effect.forkChild(Pool.reload(files), { startImmediately: true })
        yield* become(size, 2)
        assert.strictEqual(yield* files.ask.Where(forever), "worker-1")
        assert.isUndefined(late.pollUnsafe())
        assert.isUndefined(reloading.pollUnsafe())
        yield* Fiber.join(late)
        yield* Fiber.join(reloading)
        yield* become(size, 1)
        assert.deepStrictEqual(told(events), ["1 2 blocking", "2 1 unblocked"])
        assert.deepStrictEqual((yield* Pool.stats(files)).workers[0]!.restarts, 1)
      })
  )

  filed(
    "ends, and the worker that stood in leaves: whoever waits for that one to be made anew goes on",
    ({ files, size }) =>
      Effect.gen(function*() {
        yield* ask(files, 1000)
        yield* become(size, 2)
        const long = yield* ask(files, 60_000, 0)
        yield* Effect.sleep(100)
        yield* Pool.reload(files)
        assert.isUndefined(long.pollUnsafe())
        assert.strictEqual(yield* size, 1)
        yield* Fiber.join(long)
      })
  )

  for (
    const [name, options] of [
      ["where the number of workers is fixed", { threads: 1 }],
      ["where it is changed by hand alone", { threads: { min: 1, max: 3, adapt: false } }]
    ] as const
  ) {
    filed(`is what it would be without ${name}`, ({ events, files, size }) =>
      Effect.gen(function*() {
        assert.strictEqual(yield* Fiber.join(yield* ask(files, 100, 2)), "worker-0")
        assert.deepStrictEqual([yield* size, events], [1, []])
      }), options)
  }

  it.effect("is what it is where there is no pool", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* Pool.blocking(Effect.succeed(1)), 1)
      assert.strictEqual(yield* Effect.flip(Pool.blocking(Effect.fail("no"))), "no")
    }))
})
