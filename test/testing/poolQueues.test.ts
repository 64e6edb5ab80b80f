/** In what order a pool begins what waits in it, and what it gives up when it is full. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import { Actor, ActorError, Interceptor, Pool, PoolThread } from "shared-nothing"
import { Fault, Simulation } from "shared-nothing/testing"
import { PASSES } from "../../src/actor/kernel/Ageing.ts"
import { noThread } from "../simulate/scenario.ts"
import { tries } from "../support/effort.ts"

const Numbered = { n: Schema.Int }

const Ward = Actor.make("Ward", [
  Rpc.make("Emergency", { payload: Numbered, success: Schema.Int }).annotate(Actor.Priority, "high"),
  Rpc.make("Visit", { payload: Numbered, success: Schema.Int }),
  Rpc.make("Paperwork", { payload: Numbered, success: Schema.Int }).annotate(Actor.Priority, "low"),
  Rpc.make("Scan", { payload: { image: Schema.Uint8Array }, success: Schema.Int }),
  Rpc.make("Hold"),
  Rpc.make("Retry", { payload: Numbered, success: Schema.Int }).annotate(Pool.Attempts, 2)
])

/** What has been begun, and what holds the worker: one for each simulation. */
interface Ledger {
  readonly begun: Array<string>
  readonly held: Deferred.Deferred<void>
  readonly free: Deferred.Deferred<void>
}

let ledger: Ledger

const WardLive = Ward.toLayer(Effect.gen(function*() {
  const done = (kind: string) => ({ n }: { readonly n: number }) =>
    Effect.sync(() => {
      ledger.begun.push(`${kind}${n}`)
      return n
    })
  return Ward.of({
    Emergency: done("e"),
    Visit: done("v"),
    Paperwork: done("p"),
    Retry: ({ n }) =>
      ledger.begun.push(`r${n}`) === 1
        ? Effect.andThen(Deferred.succeed(ledger.held, undefined), Effect.never)
        : Effect.succeed(n),
    Scan: ({ image }) => Effect.succeed(image.length),
    Hold: () => Effect.andThen(Deferred.succeed(ledger.held, undefined), Deferred.await(ledger.free))
  })
}))

type WardRef = Pool.Ref<typeof Ward>

const simulated = (name: string, body: () => Effect.Effect<unknown, unknown, Scope.Scope>) =>
  it.effect(name, () =>
    Simulation.check(
      { name, seeds: tries(8), faults: { portDelay: 2, lateWake: 10 }, worker: () => PoolThread.launch(WardLive) },
      Effect.scoped(Effect.gen(function*() {
        ledger = { begun: [], held: yield* Deferred.make<void>(), free: yield* Deferred.make<void>() }
        yield* body()
      }))
    ))

const opened = (options: Partial<Pool.PoolOptions>) =>
  Fault.calm(Pool.make(Ward, { spawn: noThread, threads: 1, ...options }))

const warded = (
  name: string,
  options: Partial<Pool.PoolOptions>,
  body: (ward: WardRef) => Effect.Effect<unknown, unknown, Scope.Scope>
) => simulated(name, () => Effect.flatMap(opened(options), body))

/** Asks one after the other while the worker is held, does `meanwhile`, lets it go, and answers what each got. */
const behind = <A, E>(
  ward: WardRef,
  asks: ReadonlyArray<Effect.Effect<A, E>>,
  meanwhile: Effect.Effect<void> = Effect.void
) =>
  Effect.gen(function*() {
    const holding = yield* Effect.forkChild(ward.ask.Hold({ timeout: "Infinity" }), { startImmediately: true })
    yield* Deferred.await(ledger.held)
    const fibers = []
    for (const ask of asks) fibers.push(yield* Effect.forkChild(Effect.exit(ask), { startImmediately: true }))
    yield* meanwhile
    yield* Deferred.succeed(ledger.free, undefined)
    yield* Fiber.join(holding)
    return yield* Effect.forEach(fibers, (fiber) => Fiber.join(fiber))
  })

const infinite = { timeout: "Infinity" } as const
const emergency = (ward: WardRef, n: number) => ward.ask.Emergency({ n }, infinite)
const visit = (ward: WardRef, n: number) => ward.ask.Visit({ n }, infinite)
const paperwork = (ward: WardRef, n: number) => ward.ask.Paperwork({ n }, infinite)
/** Room for the one that runs and three that wait. */
const drops = (overflow: "dropOldest" | "dropNewest") => ({ queue: { capacity: 4, overflow } })
const upTo = (count: number) => Array.from({ length: count }, (_, n) => n)

describe("the priority of a job", () => {
  warded("says what is begun first of what waits, in order within a level", {}, (ward) =>
    Effect.gen(function*() {
      yield* behind(ward, [
        ...upTo(3).map((n) => paperwork(ward, n)),
        ...upTo(3).map((n) => visit(ward, n)),
        ...upTo(3).map((n) => emergency(ward, n))
      ])
      assert.deepStrictEqual(ledger.begun, ["e0", "e1", "e2", "v0", "v1", "v2", "p0", "p1", "p2"])
    }))

  warded("lets a lower one wait for 16 at most", {}, (ward) =>
    Effect.gen(function*() {
      yield* behind(ward, [paperwork(ward, 0), visit(ward, 0), ...upTo(60).map((n) => emergency(ward, n))])
      const { begun } = ledger
      assert.strictEqual(begun.length, 62)
      assert.isAtMost(begun.indexOf("v0"), PASSES + 1)
      assert.isAtMost(begun.indexOf("p0"), PASSES + 1)
      assert.isAtLeast(begun.indexOf("p0"), PASSES)
    }))

  warded(
    "says who is let in first when there is room again",
    { queue: { capacity: 2 } },
    (ward) =>
      Effect.gen(function*() {
        yield* behind(ward, [
          paperwork(ward, 0),
          paperwork(ward, 1),
          visit(ward, 0),
          visit(ward, 1),
          emergency(ward, 0),
          emergency(ward, 1)
        ])
        // The first one had its place before the others came, and may be begun before or after the next one comes.
        assert.deepStrictEqual(ledger.begun.filter((one) => one !== "p0"), ["e0", "e1", "v0", "v1", "p1"])
      })
  )

  warded(
    "passes over one that has given up while it waited for room",
    { queue: { capacity: 2 } },
    (ward) =>
      Effect.gen(function*() {
        const impatient = (n: number) => ward.ask.Emergency({ n }, { timeout: "10 millis" })
        yield* behind(
          ward,
          [visit(ward, 0), visit(ward, 1), impatient(0), paperwork(ward, 0)],
          Effect.sleep("20 millis")
        )
        assert.deepStrictEqual(ledger.begun, ["v0", "v1", "p0"])
      })
  )
})

describe("the priority of one job", () => {
  warded(
    "lets those of a key in in order when there is room, and forgets who gives up",
    { queue: { capacity: 2 } },
    (ward) =>
      Effect.gen(function*() {
        const keyed = (n: number, key: string, priority: Actor.Level, timeout: Duration.Input = "Infinity") =>
          ward.ask.Visit({ n }, { key, priority, timeout })
        yield* behind(ward, [
          keyed(0, "ada", "low"),
          keyed(1, "ada", "low"),
          keyed(2, "ada", "high"),
          keyed(3, "bob", "normal"),
          keyed(4, "eve", "low", "10 millis"),
          Effect.andThen(Effect.sleep("20 millis"), keyed(5, "eve", "high"))
        ], Effect.sleep("30 millis"))
        const { begun } = ledger
        assert.deepStrictEqual(begun.filter((one) => ["v0", "v1", "v2"].includes(one)), ["v0", "v1", "v2"])
        assert.deepStrictEqual(begun.filter((one) => ["v5", "v3", "v1"].includes(one)), ["v5", "v3", "v1"])
        assert.notInclude(begun, "v4")
      })
  )

  warded(
    "stands above that of its message, of what is asked and of what is told",
    {},
    (ward) =>
      Effect.gen(function*() {
        yield* behind(ward, [
          ward.ask.Emergency({ n: 0 }, { ...infinite, priority: "low" }),
          visit(ward, 0),
          ward.ask.Paperwork({ n: 0 }, { ...infinite, priority: "high" }),
          ward.tell.Visit({ n: 1 }, { priority: "high" }),
          Effect.sync(() => assert.isTrue(ward.tellUnsafe.Visit({ n: 2 }, { priority: "low" })))
        ])
        while (ledger.begun.length < 5) yield* Effect.sleep(1)
        assert.deepStrictEqual(ledger.begun, ["p0", "v1", "v0", "e0", "v2"])
      })
  )

  warded(
    "is that of a job also where something is around its reference, whatever way it is sent",
    {},
    (ward) =>
      Effect.gen(function*() {
        const seen: Array<string> = []
        const around = Interceptor.sending(ward, ({ tag }, next) => {
          seen.push(tag)
          return next
        })
        const answers: Array<Exit.Exit<number, unknown>> = []
        yield* behind(ward, [
          around.ask.Emergency({ n: 0 }, { ...infinite, priority: "low" }),
          visit(ward, 0),
          around.tell.Visit({ n: 1 }, { priority: "high" }),
          Effect.sync(() => assert.isTrue(around.tellUnsafe.Visit({ n: 2 }, { priority: "low" }))),
          Effect.sync(() =>
            around.askUnsafe.Paperwork({ n: 3 }, (exit) => void answers.push(exit), { ...infinite, priority: "high" })
          )
        ])
        while (ledger.begun.length < 5 || answers.length === 0) yield* Effect.sleep(1)
        assert.deepStrictEqual(ledger.begun, ["v1", "p3", "v0", "e0", "v2"])
        assert.deepStrictEqual(answers, [Exit.succeed(3)])
        assert.deepStrictEqual(seen, ["Emergency", "Visit", "Visit", "Paperwork"])
        // It is the pool for all that is done with one.
        assert.deepStrictEqual(yield* Pool.forEach(around, upTo(3), (n) => around.ask.Visit({ n }, infinite)), upTo(3))
        assert.strictEqual((yield* Pool.stats(around)).jobs, (yield* Pool.stats(ward)).jobs)
        const wrong = { ...infinite, priority: "urgent" as never }
        assert.throws(() => around.tellUnsafe.Visit({ n: 0 }, wrong), /urgent/)
        assert.throws(() => around.askUnsafe.Visit({ n: 0 }, () => {}, wrong), /urgent/)
      })
  )

  warded("decides among keys, and leaves the jobs of one in order", {}, (ward) =>
    Effect.gen(function*() {
      const keyed = (n: number, key: string, priority?: Actor.Level) =>
        ward.ask.Visit({ n }, { ...infinite, key, priority })
      yield* behind(ward, [
        keyed(0, "ada", "low"),
        keyed(1, "ada", "high"),
        keyed(2, "ada"),
        keyed(3, "bob"),
        keyed(4, "eve", "high"),
        keyed(5, "bob", "high")
      ])
      const { begun } = ledger
      assert.deepStrictEqual(begun.slice(0, 2), ["v4", "v3"])
      const of = (...wanted: ReadonlyArray<string>) => begun.filter((one) => wanted.includes(one))
      assert.deepStrictEqual(of("v0", "v1", "v2"), ["v0", "v1", "v2"])
      assert.deepStrictEqual(of("v3", "v5"), ["v3", "v5"])
      assert.strictEqual(begun.length, 6)
    }))

  warded("J36 lets a lower one wait for 16 at most, also where each has a key", {}, (ward) =>
    Effect.gen(function*() {
      const keyed = (kind: "Emergency" | "Visit" | "Paperwork", n: number) =>
        ward.ask[kind]({ n }, { ...infinite, key: `${kind}${n}` })
      yield* behind(ward, [
        keyed("Paperwork", 0),
        keyed("Visit", 0),
        ...upTo(60).map((n) => keyed("Emergency", n))
      ])
      const { begun } = ledger
      assert.strictEqual(begun.length, 62)
      assert.isAtMost(begun.indexOf("v0"), PASSES + 1)
      assert.isAtMost(begun.indexOf("p0"), PASSES + 1)
      assert.isAtLeast(begun.indexOf("p0"), PASSES)
    }))

  warded(
    "is one of what it is told to, or the send dies; a key that is none is not routed",
    {},
    (ward) =>
      Effect.gen(function*() {
        const wrong = { ...infinite, priority: "urgent" as never }
        const sends: Array<Effect.Effect<unknown, unknown>> = [
          ward.ask.Visit({ n: 0 }, wrong),
          ward.tell.Visit({ n: 0 }, wrong)
        ]
        for (const send of sends) {
          const defect = Result.getOrThrow(Exit.findDefect(yield* Effect.exit(send)))
          assert.instanceOf(defect, ActorError.InvalidOptions)
          assert.include(String(defect), "urgent")
        }
        assert.throws(() => ward.tellUnsafe.Visit({ n: 0 }, wrong), /urgent/)
        assert.throws(() => ward.askUnsafe.Visit({ n: 0 }, () => {}, wrong), /urgent/)
        for (const [key, text] of [["", "0 characters"], [7 as never, "7"], [null as never, "null"]] as const) {
          const refused = yield* Effect.flip(ward.ask.Visit({ n: 0 }, { ...infinite, key }))
          assert.strictEqual(refused._tag, "NotRouted")
          assert.include(refused.message, text)
          assert.isFalse(ward.tellUnsafe.Visit({ n: 0 }, { key }))
        }
        assert.deepStrictEqual(ledger.begun, [])
        assert.strictEqual(yield* ward.depth, 0)
      })
  )

  warded("says what is given up first when there is no room", drops("dropOldest"), (ward) =>
    Effect.gen(function*() {
      const exits = yield* behind(ward, [
        ward.ask.Emergency({ n: 0 }, { ...infinite, priority: "low" }),
        visit(ward, 0),
        paperwork(ward, 0),
        // Nothing is as low as that but the first.
        ward.ask.Emergency({ n: 1 }, { ...infinite, priority: "low" }),
        ward.ask.Paperwork({ n: 1 }, { ...infinite, priority: "high" })
      ])
      assert.deepStrictEqual(texts(exits), ["MailboxFull", "0", "MailboxFull", "1", "1"])
    }))
})

/** Fills a queue that drops, and has so many given up that who comes next waits in the line. */
const filling = (ward: WardRef) => upTo(7).map((n) => paperwork(ward, n))

describe("what waits for room behind a job of its key and of another priority", () => {
  const keyed = (ward: WardRef, n: number, key: string, priority: Actor.Level) =>
    ward.ask.Visit({ n }, { ...infinite, key, priority })

  warded(
    "is not given up as that one: it is as urgent as it says",
    drops("dropOldest"),
    (ward) =>
      Effect.gen(function*() {
        const exits = yield* behind(ward, [
          ...filling(ward),
          keyed(ward, 0, "ada", "low"),
          keyed(ward, 1, "ada", "high"),
          visit(ward, 2),
          // The low one of them has to go, then the oldest that is not urgent, and nothing for what is low.
          visit(ward, 3),
          visit(ward, 4),
          paperwork(ward, 5)
        ])
        const full = "MailboxFull"
        assert.deepStrictEqual(texts(exits).slice(7), [full, "1", full, "3", "4", full])
        assert.strictEqual(yield* ward.depth, 0)
      })
  )

  warded(
    "is given up before what is above it, also behind what is urgent",
    drops("dropOldest"),
    (ward) =>
      Effect.gen(function*() {
        const exits = yield* behind(ward, [
          ...filling(ward),
          keyed(ward, 0, "bob", "high"),
          keyed(ward, 1, "bob", "low"),
          visit(ward, 2),
          visit(ward, 3)
        ])
        assert.deepStrictEqual(texts(exits).slice(7), ["0", "MailboxFull", "2", "3"])
        assert.strictEqual(yield* ward.depth, 0)
      })
  )
})

/** The outcomes as short texts: what was answered, or the error. */
const texts = (exits: ReadonlyArray<Exit.Exit<number, { readonly _tag: string; readonly message: string }>>) =>
  exits.map((exit) => Exit.isSuccess(exit) ? String(exit.value) : Option.getOrThrow(Exit.findErrorOption(exit))._tag)

describe("a full queue that drops", () => {
  warded(
    "gives up the oldest that nobody has begun, and it is told so",
    drops("dropOldest"),
    (ward) =>
      Effect.gen(function*() {
        const exits = yield* behind(ward, upTo(6).map((n) => visit(ward, n)))
        assert.deepStrictEqual(texts(exits), ["MailboxFull", "MailboxFull", "MailboxFull", "3", "4", "5"])
        assert.deepStrictEqual(ledger.begun, ["v3", "v4", "v5"])
        assert.strictEqual(yield* ward.depth, 0)
        // It goes on as if nothing had been.
        assert.strictEqual(yield* visit(ward, 7), 7)
      })
  )

  warded(
    "gives up what is lowest first, and nothing for what is lower",
    drops("dropOldest"),
    (ward) =>
      Effect.gen(function*() {
        const exits = yield* behind(ward, [
          paperwork(ward, 0),
          emergency(ward, 0),
          paperwork(ward, 1),
          visit(ward, 0),
          emergency(ward, 1),
          visit(ward, 1),
          paperwork(ward, 2)
        ])
        const full = "MailboxFull"
        assert.deepStrictEqual(texts(exits), [full, "0", full, full, "1", "1", full])
        assert.deepStrictEqual([...ledger.begun].sort(), ["e0", "e1", "v1"])
      })
  )

  warded(
    "drops what was told, counts it, and refuses at once what cannot be sent",
    drops("dropOldest"),
    (ward) =>
      Effect.gen(function*() {
        const told: Array<Effect.Effect<unknown, unknown>> = upTo(5).map((n) => ward.tell.Visit({ n }))
        const exits = yield* behind(ward, [...told, ward.tell.Visit({ n: 1.5 })])
        assert.deepStrictEqual(exits.map(Exit.isSuccess), [true, true, true, true, true, false])
        while (ledger.begun.length < 3) yield* Effect.sleep("1 millis")
        assert.deepStrictEqual(ledger.begun, ["v2", "v3", "v4"])
        assert.strictEqual((yield* Pool.stats(ward)).dropped, 2)
        while ((yield* ward.depth) > 0) yield* Effect.sleep("1 millis")
      })
  )

  warded(
    "never gives up what had been begun before its worker died",
    drops("dropOldest"),
    (ward) =>
      Effect.gen(function*() {
        const retried = yield* Effect.forkChild(ward.ask.Retry({ n: 0 }, infinite), { startImmediately: true })
        yield* Deferred.await(ledger.held)
        yield* Fault.kill("worker-0")
        // It waits again by now, or is about to.
        yield* Effect.sleep("1 millis")
        const asks = yield* Effect.forEach(upTo(8), (n) => Effect.exit(visit(ward, n)), { concurrency: "unbounded" })
        assert.strictEqual(yield* Fiber.join(retried), 0)
        assert.isAtLeast(asks.filter(Exit.isSuccess).length, 3)
      })
  )

  warded("begins what has come first where it drops the newest", drops("dropNewest"), (ward) =>
    Effect.gen(function*() {
      const exits = yield* behind(ward, [
        ...upTo(4).map((n) => visit(ward, n)),
        Effect.as(ward.tell.Visit({ n: 9 }), 9)
      ])
      assert.deepStrictEqual(texts(exits), ["0", "1", "2", "MailboxFull", "9"])
      assert.deepStrictEqual(ledger.begun, ["v0", "v1", "v2"])
      assert.strictEqual((yield* Pool.stats(ward)).dropped, 1)
    }))

  warded(
    "refuses the newest when all has been begun",
    { queue: { capacity: 1, overflow: "dropOldest" } },
    (ward) =>
      Effect.gen(function*() {
        const exits = yield* behind(ward, [visit(ward, 0)])
        assert.deepStrictEqual(texts(exits), ["MailboxFull"])
      })
  )

  warded(
    "holds no more than it has room for, however many come",
    drops("dropOldest"),
    (ward) =>
      Effect.gen(function*() {
        const exits = yield* behind(
          ward,
          upTo(300).map((n) => visit(ward, n)),
          Effect.flatMap(ward.depth, (depth) => Effect.sync(() => assert.strictEqual(depth, 4)))
        )
        assert.deepStrictEqual(texts(exits).slice(-4), ["MailboxFull", "297", "298", "299"])
        assert.strictEqual(yield* ward.depth, 0)
      })
  )

  warded(
    "gives up nothing for what is larger than its memory",
    { ...drops("dropOldest"), arena: { capacityBytes: 8192 } },
    (ward) =>
      Effect.gen(function*() {
        const scan = ward.ask.Scan({ image: new Uint8Array(9000) }, infinite)
        const exits = yield* behind<number, { readonly _tag: string; readonly message: string }>(ward, [
          ...upTo(3).map((n) => visit(ward, n)),
          scan,
          Effect.as(ward.tell.Scan({ image: new Uint8Array(9000) }), 0)
        ])
        assert.deepStrictEqual(texts(exits), ["0", "1", "2", "MessageTooLarge", "MessageTooLarge"])
      })
  )

  simulated(
    "that closes gives up nothing for what it refuses, and does what stands in the place of something else",
    () =>
      Effect.gen(function*() {
        const scope = yield* Scope.make()
        const ward = yield* Scope.provide(opened({ ...drops("dropOldest"), shutdown: "1 minute" }), scope)
        const late: Array<string> = []
        const meanwhile = Effect.gen(function*() {
          assert.strictEqual(yield* ward.depth, 4)
          yield* Effect.forkChild(Scope.close(scope, Exit.void), { startImmediately: true })
          yield* Effect.sleep("1 millis")
          const exits = [
            yield* Effect.exit(visit(ward, 20)),
            yield* Effect.exit(Effect.as(ward.tell.Visit({ n: 21 }), 21))
          ]
          late.push(...texts(exits))
        })
        // The last ones wait for slots by then.
        const exits = yield* behind(ward, upTo(12).map((n) => visit(ward, n)), meanwhile)
        assert.deepStrictEqual(late, ["ActorStopped", "ActorStopped"])
        assert.deepStrictEqual(texts(exits).slice(-4), ["MailboxFull", "9", "10", "11"])
      })
  )

  warded(
    "hands on what re-enters when it is told that it was given up",
    drops("dropOldest"),
    (ward) =>
      Effect.gen(function*() {
        const again = (n: number): Effect.Effect<number, unknown> =>
          visit(ward, n).pipe(Effect.catch(() => n > 50 ? Effect.succeed(-1) : again(n + 10)))
        const answers = yield* behind(ward, upTo(9).map((n) => again(n)))
        assert.strictEqual(answers.length, 9)
        assert.isTrue(answers.every(Exit.isSuccess))
        assert.strictEqual(yield* ward.depth, 0)
      })
  )
})
