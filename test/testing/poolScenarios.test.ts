/** Scenarios of the schedulers of Tokio, Rayon, Java and piscina, for pools in simulations. */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import { Actor, type ActorError, Pool, PoolThread } from "shared-nothing"
import { Simulation } from "shared-nothing/testing"
import * as StealDeque from "../../src/memory/StealDeque.ts"
import { messageOf } from "../../src/runtime/Text.ts"
import { seeded } from "../memory/seeded.ts"
import { poolOf, simulated } from "../support/pooled.ts"

class Refused extends Schema.TaggedError<Refused>("test/ported/Refused")("Refused", { by: Schema.String }) {}

const Tasks = Actor.make("Tasks", [
  Rpc.make("Rest", { payload: { millis: Schema.Int }, success: Schema.Int }),
  /** Fails after a time. */
  Rpc.make("Fail", { payload: { by: Schema.String, millis: Schema.Int }, error: Refused }),
  /** One long job and many short ones, all of its own: how long the short ones took. */
  Rpc.make("Mixed", { payload: { long: Schema.Int, short: Schema.Int, count: Schema.Int }, success: Schema.Int }),
  /** Submits itself until it is told to stop. */
  Rpc.make("Feed"),
  /** Two jobs that fail after so long, or never for 0. */
  Rpc.make("Join", { payload: { first: Schema.Int, second: Schema.Int }, error: Refused }),
  /** A tree of jobs, one of whose leaves fails. */
  Rpc.make("Tree", { payload: { depth: Schema.Int, bad: Schema.Int }, success: Schema.Int, error: Refused })
])

const forever = { timeout: "Infinity" } as const

// Of all threads of a simulation, which share this module.
let isFed = false
const handlers = { running: 0 }

const held = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.acquireUseRelease(
    Effect.sync(() => handlers.running++),
    () => effect,
    () => Effect.sync(() => handlers.running--)
  )

const declared = <A, R>(asking: Effect.Effect<A, Refused | ActorError.AskError, R>) =>
  asking.pipe(Effect.catch((error) => error instanceof Refused ? Effect.fail(error) : Effect.die(error)))

const TasksLive = Tasks.toLayer(Effect.gen(function*() {
  const tasks = yield* Pool.ref(Tasks)
  const rest = (millis: number) => Effect.orDie(tasks.ask.Rest({ millis }, forever))
  return Tasks.of({
    Rest: ({ millis }) => held(Effect.as(Effect.sleep(millis), millis)),
    Fail: ({ by, millis }) =>
      held(millis === 0 ? Effect.never : Effect.andThen(Effect.sleep(millis), new Refused({ by }))),
    Mixed: ({ count, long, short }) =>
      Effect.gen(function*() {
        const before = yield* Clock.currentTimeMillis
        const one = yield* Effect.forkChild(rest(long), { startImmediately: true })
        yield* Effect.forEach(Array.from({ length: count }), () => rest(short), { concurrency: "unbounded" })
        const took = (yield* Clock.currentTimeMillis) - before
        yield* Fiber.join(one)
        return took
      }),
    Feed: () => Effect.suspend(() => isFed ? Effect.void : Effect.orDie(tasks.tell.Feed())),
    Join: ({ first, second }) =>
      declared(Effect.all([
        tasks.ask.Fail({ by: "first", millis: first }, forever),
        tasks.ask.Fail({ by: "second", millis: second }, forever)
      ], { concurrency: "unbounded", discard: true })),
    Tree: ({ bad, depth }) =>
      depth === 0
        ? bad === 0 ? Effect.fail(new Refused({ by: "leaf" })) : held(Effect.as(Effect.sleep(5), 1))
        : declared(Effect.map(
          Effect.forEach([0, 1], (side) =>
            tasks.ask.Tree({ depth: depth - 1, bad: bad - side * 2 ** (depth - 1) }, forever), {
            concurrency: "unbounded"
          }),
          ([left, right]) =>
            left! + right!
        ))
  })
}))

type TasksRef = Actor.Ref<typeof Tasks>

const check = simulated(() => PoolThread.launch(TasksLive))

const pooled = (
  name: string,
  body: (tasks: TasksRef) => Effect.Effect<unknown, unknown, Scope.Scope>,
  options: Partial<Pool.PoolOptions> = {}
) =>
  check(name, () => {
    isFed = false
    handlers.running = 0
    return Effect.flatMap(poolOf(Tasks, options), body)
  })

/** Waits until no handler runs, and nothing is under way. */
const settled = (tasks: TasksRef) =>
  Effect.gen(function*() {
    for (let left = 1000; handlers.running > 0 || (yield* tasks.depth) > 0; left--) {
      if (left === 0) assert.fail(`${handlers.running} handlers run, and ${yield* tasks.depth} jobs are under way`)
      yield* Effect.sleep(5)
    }
  })

describe("queues and stealing", () => {
  it("J05 chained steal: whoever takes from whom in whatever turn, each handle is somewhere, once", () => {
    for (let seed = 1; seed <= 200; seed++) {
      const below = seeded(seed)
      const ends = [0, 1, 2].map(() => {
        const sab = StealDeque.create(64, "lifo", 0)
        return { owner: new StealDeque.StealOwner(sab), thief: new StealDeque.StealThief(sab) }
      })
      let pushed = 0
      const taken: Array<number> = []
      const take = (handle: number) => {
        if (handle >= 0) taken.push(handle)
      }
      for (let step = 0; step < 200; step++) {
        const at = below(3)
        // Each takes from the one before it: c from b while b takes from a.
        if (below(2) === 0) take(ends[(at + 2) % 3]!.thief.stealBatch(ends[at]!.owner))
        else if (below(3) === 0) take(ends[at]!.owner.pop())
        else if (ends[at]!.owner.push(pushed)) pushed++
      }
      for (const { owner } of ends) for (let handle = owner.pop(); handle >= 0; handle = owner.pop()) take(handle)
      assert.deepStrictEqual(taken.toSorted((a, b) => a - b), Array.from({ length: pushed }, (_, n) => n))
    }
  })

  pooled("J07 one long job holds up none of the short ones beside it", (tasks) =>
    Effect.gen(function*() {
      assert.isBelow(yield* tasks.ask.Mixed({ long: 5000, short: 1, count: 100 }, forever), 2000)
    }))

  pooled("J10 what comes from outside is done while all workers feed themselves", (tasks) =>
    Effect.gen(function*() {
      yield* Effect.forEach([1, 2, 3, 4], () => tasks.tell.Feed())
      const all = Array.from({ length: 200 }, (_, n) => tasks.ask.Rest({ millis: n % 2 }, { timeout: "10 minutes" }))
      yield* Effect.all(all, { concurrency: "unbounded" })
      isFed = true
      yield* settled(tasks)
    }))
})

/** How often the workers of a pool have gone to sleep, all together. */
const sleepsOf = (tasks: TasksRef) =>
  Effect.map(Pool.stats(tasks), ({ workers }) => workers.reduce((sum, { sleeps }) => sum + sleeps, 0))

/** Waits until all workers sleep. */
const asleep = (tasks: TasksRef) =>
  Effect.gen(function*() {
    for (let left = 1000; left > 0; left--) {
      if ((yield* Pool.stats(tasks)).workers.every(({ state }) => state === "asleep")) return
      yield* Effect.sleep(5)
    }
    assert.fail("a worker does not go to sleep")
  })

describe("sleep and wake", () => {
  pooled("J11 no wake-up is lost, however often all sleep", (tasks) =>
    Effect.gen(function*() {
      for (let n = 0; n < 100; n++) {
        yield* Effect.sleep(5 + (yield* Simulation.draw(20)))
        assert.strictEqual(yield* tasks.ask.Rest({ millis: 0 }, { timeout: "1 second" }), 0)
      }
    }))

  pooled("J14 nothing wakes a worker that has nothing to do, for however long", (tasks) =>
    Effect.gen(function*() {
      yield* Effect.forEach([1, 2, 3], (millis) => tasks.ask.Rest({ millis }, forever), { concurrency: "unbounded" })
      yield* asleep(tasks)
      const before = yield* sleepsOf(tasks)
      yield* Effect.sleep("1 hour")
      assert.strictEqual(yield* sleepsOf(tasks), before)
      assert.strictEqual(yield* tasks.ask.Rest({ millis: 0 }, { timeout: "1 second" }), 0)
    }))

  for (const threads of [2, 4, 8, 16]) {
    pooled(
      `J15 a job wakes as few of ${threads} workers as of two, one by one and many at once`,
      (tasks) =>
        Effect.gen(function*() {
          yield* asleep(tasks)
          const before = yield* sleepsOf(tasks)
          for (let n = 0; n < 20; n++) {
            yield* tasks.ask.Rest({ millis: 0 }, forever)
            yield* asleep(tasks)
          }
          const oneByOne = (yield* sleepsOf(tasks)) - before
          // It sleeps with its thread first, and leaves that to the event loop after a moment.
          assert.isAtMost(oneByOne, 2 * 20)
          const jobs = Array.from({ length: 200 }, () => tasks.ask.Rest({ millis: 0 }, forever))
          yield* Effect.all(jobs, { concurrency: "unbounded" })
          yield* asleep(tasks)
          // Each handler waits for a turn of its event loop; others go to sleep once more at most.
          assert.isAtMost((yield* sleepsOf(tasks)) - before - oneByOne, 200 + 2 * threads)
        }),
      { threads }
    )
  }
})

describe("fork and join", () => {
  pooled(
    "J19 of two jobs the failure of either is that of both, and the other one ends",
    (tasks) =>
      Effect.gen(function*() {
        const failure = (first: number, second: number) => Effect.flip(tasks.ask.Join({ first, second }, forever))
        assert.deepStrictEqual(yield* failure(5, 0), new Refused({ by: "first" }))
        yield* settled(tasks)
        assert.deepStrictEqual(yield* failure(0, 5), new Refused({ by: "second" }))
        yield* settled(tasks)
        assert.instanceOf(yield* failure(5, 5), Refused)
        yield* settled(tasks)
      })
  )

  pooled(
    "J20 a tree of jobs ends when all of it has, and fails once with what failed first",
    (tasks) =>
      Effect.gen(function*() {
        assert.strictEqual(yield* tasks.ask.Tree({ depth: 5, bad: -1 }, forever), 32)
        assert.strictEqual(handlers.running, 0)
        assert.deepStrictEqual(
          yield* Effect.flip(tasks.ask.Tree({ depth: 5, bad: 21 }, forever)),
          new Refused({ by: "leaf" })
        )
        yield* settled(tasks)
        assert.strictEqual(yield* tasks.ask.Tree({ depth: 2, bad: -1 }, forever), 4)
      })
  )
})

describe("cancellation", () => {
  pooled("J24 of jobs that share a worker one is given up and no other", (tasks) =>
    Effect.gen(function*() {
      const rests = yield* Effect.forEach(
        [300, 301, 302],
        (millis) => Effect.forkChild(tasks.ask.Rest({ millis }, forever), { startImmediately: true })
      )
      yield* Effect.sleep(50)
      yield* Fiber.interrupt(rests[1]!)
      assert.strictEqual(yield* Fiber.join(rests[0]!), 300)
      assert.strictEqual(yield* Fiber.join(rests[2]!), 302)
      yield* settled(tasks)
    }), { threads: 1, concurrency: 4 })

  pooled("J25 all that run are given up at once, and all workers serve again", (tasks) =>
    Effect.gen(function*() {
      for (let round = 0; round < 5; round++) {
        const rests = yield* Effect.forEach(
          Array.from({ length: 12 }),
          () => Effect.forkChild(tasks.ask.Rest({ millis: 600_000 }, forever), { startImmediately: true })
        )
        yield* Effect.sleep(yield* Simulation.draw(20))
        yield* Fiber.interruptAll(rests)
        yield* settled(tasks)
        const two = [tasks.ask.Rest({ millis: 1000 }), tasks.ask.Rest({ millis: 1000 })]
        assert.deepStrictEqual(yield* Effect.all(two, { concurrency: "unbounded" }), [1000, 1000])
      }
    }))
})

describe("the end", () => {
  const closing = (
    state: (tasks: TasksRef) => Effect.Effect<ReadonlyArray<Effect.Effect<unknown, unknown>>>,
    capacity = 4
  ) =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const made = poolOf(Tasks, { queue: { capacity }, shutdown: "50 millis" })
      const tasks = yield* Scope.provide(made, scope)
      const fibers = yield* Effect.forEach(
        yield* state(tasks),
        (asking) => Effect.forkChild(Effect.exit(asking), { startImmediately: true })
      )
      yield* Effect.sleep(yield* Simulation.draw(10))
      yield* Effect.all([Scope.close(scope, Exit.void), Scope.close(scope, Exit.void)], { concurrency: 2 })
      for (const fiber of fibers) {
        const exit = yield* Fiber.join(fiber)
        // A job whose own jobs are told so dies of that.
        const error = Exit.isSuccess(exit) ? undefined : Cause.squash(exit.cause)
        if (error !== undefined) assert.include(messageOf(error), "Tasks/pool has stopped")
      }
      assert.strictEqual((yield* Effect.flip(tasks.ask.Rest({ millis: 0 })))._tag, "ActorStopped")
      for (let left = 1000; handlers.running > 0; left--) {
        if (left === 0) assert.fail(`${handlers.running} handlers run`)
        yield* Effect.sleep(5)
      }
    })

  check("J32 in whatever state it is, all that was asked is settled, also when it is ended twice", () => {
    isFed = false
    handlers.running = 0
    return Effect.gen(function*() {
      yield* closing(() => Effect.succeed([]))
      yield* closing((tasks) =>
        Effect.succeed(Array.from({ length: 20 }, () => tasks.ask.Rest({ millis: 600_000 }, forever)))
      )
      yield* closing((tasks) => Effect.succeed([tasks.ask.Tree({ depth: 3, bad: -1 }, forever)]), 64)
      yield* closing((tasks) => Effect.as(Effect.orDie(tasks.tell.Feed()), []))
    })
  })

  check("J33 what is submitted while it ends is done, or told that it has ended", () => {
    isFed = false
    handlers.running = 0
    return closing((tasks) =>
      Effect.forEach(
        Array.from({ length: 30 }),
        () =>
          Effect.map(Simulation.draw(15), (millis) =>
            Effect.andThen(Effect.sleep(millis), tasks.ask.Rest({ millis: 1 }, forever)))
      )
    )
  })
})
