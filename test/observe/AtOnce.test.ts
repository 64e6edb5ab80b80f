import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scheduler from "effect/Scheduler"
import { type Answers, begin, isService } from "../../src/observe/kernel/AtOnce.ts"

class Size extends Context.Service<Size, number>()("test/Size") {}
class Missing extends Context.Service<Missing, number>()("test/Missing") {}
const Shade = Context.Reference<string>("test/Shade", { defaultValue: () => "grey" })

const services = Context.make(Size, 7)

const answers: Answers<Context.Context<never>> = (asked, context) =>
  isService(asked) ? Exit.succeed(Context.getUnsafe(context as Context.Context<unknown>, asked)) : undefined

const begun = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  begin(effect, answers, services as Context.Context<never>)

/** What an effect comes to without a fiber. Any two effects are deeply equal, so it is asked first whether it is an outcome. */
const exitOf = <A, E, R>(effect: Effect.Effect<A, E, R>): Exit.Exit<A, E> => {
  const left = begun(effect)
  if (Exit.isExit(left)) return left as Exit.Exit<A, E>
  throw new Error("something is left that needs a fiber")
}

describe("begin", () => {
  it("answers what is known already, and what a call answers or throws", () => {
    let calls = 0
    assert.deepStrictEqual(exitOf(Effect.succeed(1)), Exit.succeed(1))
    assert.deepStrictEqual(exitOf(Effect.fail("no")), Exit.fail("no"))
    assert.deepStrictEqual(exitOf(Effect.sync(() => ++calls)), Exit.succeed(1))
    assert.deepStrictEqual(exitOf(Size), Exit.succeed(7))
    const thrown = new Error("thrown")
    const failing = Effect.sync(() => {
      throw thrown
    })
    assert.deepStrictEqual(exitOf(failing), Exit.die(thrown))
    assert.strictEqual(calls, 1)
  })

  it("leaves what needs a fiber as it is, and nothing of that has run", () => {
    let steps = 0
    const step = Effect.sync(() => ++steps)
    const others: ReadonlyArray<Effect.Effect<unknown>> = [
      Effect.map(step, () => 1),
      Effect.asVoid(step),
      Effect.uninterruptible(step),
      Effect.provideService(step, Scheduler.MaxOpsBeforeYield, 1),
      Effect.withFiber(() => step),
      Effect.promise(() => Promise.resolve(++steps)),
      Effect.yieldNow
    ]
    for (const other of others) assert.strictEqual(begun(other), other)
    assert.strictEqual(steps, 0)
  })

  it("knows generators, services and what is suspended, in this version of effect", () => {
    const fibers: Array<unknown> = []
    const look = Effect.sync(() => void fibers.push(Fiber.getCurrent()))
    const generator = Effect.gen(function*() {
      const size = yield* Size
      const shade = yield* Shade
      yield* look
      yield* Effect.void
      return `${size} ${shade}`
    })
    assert.deepStrictEqual(exitOf(generator), Exit.succeed("7 grey"))
    assert.deepStrictEqual(exitOf(Effect.suspend(() => look)), Exit.void)
    const withSelf = Effect.gen({ self: fibers }, function*() {
      return this.push(yield* Effect.succeed(undefined))
    })
    assert.deepStrictEqual(exitOf(withSelf), Exit.succeed(3))
    assert.deepStrictEqual(fibers, [undefined, undefined, undefined])
  })

  it("leaves the fiber alone that is asking", () =>
    Effect.runPromise(Effect.gen(function*() {
      const before = yield* Effect.sync(() => exitOf(Effect.sync(() => 2)))
      assert.deepStrictEqual(before, Exit.succeed(2))
    })))

  it("leaves a generator to a fiber that goes on for ever", () => {
    let steps = 0
    const left = begun(Effect.gen(function*() {
      while (true) yield* Effect.sync(() => ++steps)
    }))
    assert.isFalse(Exit.isExit(left))
    const fiber = Effect.runFork(left)
    assert.isAbove(steps, 1_000)
    assert.isUndefined(fiber.pollUnsafe())
    fiber.interruptUnsafe()
  })

  it("does not count outcomes, as a fiber does not", () => {
    const many = Effect.gen(function*() {
      let sum = 0
      for (let i = 0; i < 10_000; i++) sum += yield* Effect.succeed(1)
      return sum
    })
    assert.deepStrictEqual(exitOf(many), Exit.succeed(10_000))
  })
})

type Log = Array<unknown>
type Step = (log: Log) => unknown

/** What a generator may hand out, or do. */
const kinds: Record<string, Step> = {
  succeed: () => Effect.succeed(1),
  fail: () => Effect.fail("failed"),
  call: (log) => Effect.sync(() => log.push("called")),
  callThrows: () =>
    Effect.sync(() => {
      throw new Error("thrown in a call")
    }),
  throws: () => {
    throw new Error("thrown in the generator")
  },
  service: () => Size,
  reference: () => Shade,
  missing: () => Missing,
  suspended: (log) => Effect.suspend(() => Effect.sync(() => log.push("suspended"))),
  mapped: (log) => Effect.map(Size, (size) => log.push(size)),
  yields: () => Effect.yieldNow,
  waits: (log) => Effect.promise(() => Promise.resolve(log.push("waited"))),
  nested: (log) =>
    Effect.gen(function*() {
      log.push(yield* Size)
      yield* Effect.yieldNow
      return log.push("nested")
    }),
  nothing: () => undefined,
  noEffect: () => 5
}

const program = (names: ReadonlyArray<string>, log: Log): Effect.Effect<unknown, unknown, Size | Missing> =>
  Effect.gen(
    function*() {
      for (const name of names) {
        log.push(`${name}?`)
        // What is no effect is handed out by programs that the types do not see.
        const step = kinds[name]!(log) as Effect.Effect<unknown, unknown, Size | Missing>
        log.push(yield step)
      }
      return "done"
    } as () => Generator<Effect.Effect<unknown, unknown, Size | Missing>, string>
  )

const endOf = (exit: Exit.Exit<unknown, unknown>): string =>
  Exit.isSuccess(exit) ?
    JSON.stringify(exit.value) :
    exit.cause.reasons.map((reason) =>
      reason._tag === "Die" ? `died: ${(reason.defect as Error).message}` : JSON.stringify(reason)
    ).join()

const run = Effect.runPromiseExitWith(services as Context.Context<any>)

/** How a generator ends and what it does meanwhile, in a fiber from the beginning, and begun without one. */
const both = async (names: ReadonlyArray<string>) => {
  const inFiber: Log = []
  const atOnce: Log = []
  const expected = endOf(await run(program(names, inFiber)))
  const actual = endOf(await run(begun(program(names, atOnce))))
  return { actual: { names, end: actual, log: atOnce }, expected: { names, end: expected, log: inFiber } }
}

describe("an effect that is begun", () => {
  it("does what it does in a fiber, in the same order and once: all generators of up to three steps", async () => {
    const all = Object.keys(kinds)
    const two = all.flatMap((a) => all.map((b) => [a, b]))
    const programs = [[], ...all.map((a) => [a]), ...two, ...two.flatMap((names) => all.map((c) => [...names, c]))]
    for (const names of programs) {
      const { actual, expected } = await both(names)
      assert.deepStrictEqual(actual, expected)
    }
  })
})
