/** What may happen to one message: constructed, refused, answered with nonsense, withdrawn, sent to oneself. */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { Actor, ActorError, ActorSystem } from "shared-nothing"
import { recipientOf } from "../../src/actor/ActorRef.ts"
import type { Cell } from "../../src/actor/kernel/Cell.ts"
import { settle } from "../contract/eventually.ts"

let checks = 0
let onCheck: (check: number) => void = () => {}
const Counted = Schema.Int.check(Schema.makeFilter((n: number) => {
  checks++
  onCheck(checks)
  return n >= 0
}))

class Money extends Schema.Class<Money>("test/Money")({
  cents: Schema.Int,
  currency: Schema.String.pipe(Schema.withConstructorDefault(Effect.succeed("EUR")))
}) {}

class Refused extends Schema.TaggedError<Refused>("test/Refused")("Refused", { why: Schema.String }) {}

const Till = Actor.make("Till", [
  Rpc.make("Pay", { payload: Money }),
  Rpc.make("Count", { payload: { n: Counted } }),
  Rpc.make("Answer", { payload: { how: Schema.String }, success: Schema.Int, error: Refused }),
  Rpc.make("Block", { success: Schema.Int }),
  Rpc.make("Itself", { payload: { times: Schema.Int }, success: Schema.Array(Schema.String) }),
  Rpc.make("Fork", { success: Schema.Int })
])

interface Stage {
  readonly gate: Deferred.Deferred<void>
  readonly paid: Array<unknown>
  readonly log: Array<string>
}

// No types keep a user from it.
const forged = { reasons: "none" } as unknown as Cause.Cause<never>

const answers: Record<string, () => unknown> = {
  "a number": () => Effect.succeed(1),
  "a text": () => Effect.succeed("one"),
  "a text later": () => Effect.as(Effect.yieldNow, "one"),
  "an undeclared error": () => Effect.fail("no"),
  "an undeclared error later": () => Effect.andThen(Effect.yieldNow, Effect.fail("no")),
  "a declared error": () => Effect.fail(new Refused({ why: "closed" })),
  "nothing": () => undefined,
  "null": () => null,
  "a promise": () => Promise.resolve(1),
  "a forged cause": () => Effect.failCause(forged),
  "a forged cause later": () => Effect.andThen(Effect.yieldNow, Effect.failCause(forged)),
  "a revoked proxy": () => {
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    return proxy
  }
}

const layerOf = ({ gate, log, paid }: Stage, options?: Actor.BehaviourOptions) =>
  Till.toLayer(
    Effect.gen(function*() {
      const self = yield* Till.self
      return Till.of({
        Pay: (money) => Effect.sync(() => void paid.push(money)),
        Count: () => Effect.void,
        Answer: ({ how }) => answers[how]!() as Effect.Effect<number, Refused>,
        Block: () => Effect.as(Deferred.await(gate), 1),
        Itself: ({ times }) =>
          Effect.forEach(Array.from({ length: times }), () =>
            Effect.match(self.tell.Count({ n: 1 }), { onFailure: ({ _tag }) => _tag, onSuccess: () => "taken" })),
        Fork: () =>
          Effect.gen(function*() {
            yield* Effect.forkChild(
              Effect.onInterrupt(Effect.never, () =>
                Effect.sync(() => log.push("child ends"))),
              {
                startImmediately: true
              }
            )
            log.push("handler ends")
            return 1
          })
      })
    }),
    { shutdown: "brutalKill", ...options }
  ).pipe(Layer.provideMerge(ActorSystem.layer))

const staged = <A, E>(
  body: (stage: Stage) => Effect.Effect<A, E, ActorSystem.ActorSystem | Scope.Scope>,
  options?: Actor.BehaviourOptions
) =>
  Effect.suspend(() => {
    const stage: Stage = { gate: Deferred.makeUnsafe<void>(), paid: [], log: [] }
    return Effect.scoped(body(stage)).pipe(Effect.provide(layerOf(stage, options)))
  })
const forkNow = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.forkChild(effect, { startImmediately: true })
const open = ({ gate }: Stage) => Deferred.succeed(gate, undefined)

describe("a message", () => {
  it.effect("that has to wait is delivered constructed, like any other", () =>
    staged((stage) =>
      Effect.gen(function*() {
        const till = yield* Till.spawn("t")
        yield* forkNow(till.ask.Block())
        yield* till.tell.Pay({ cents: 1 })
        const waiting = yield* forkNow(till.tell.Pay({ cents: 2 }))
        yield* settle
        assert.isUndefined(waiting.pollUnsafe())
        yield* open(stage)
        yield* Fiber.join(waiting)
        yield* till.ask.Answer({ how: "a number" })
        assert.deepStrictEqual(stage.paid, [new Money({ cents: 1 }), new Money({ cents: 2 })])
        assert.isTrue(stage.paid.every((money) => money instanceof Money))
      }), { mailbox: { capacity: 1 } }))

  const turnsOfFate = {
    "ends the actor": (_gate: Stage["gate"], life: Scope.Closeable) =>
      void Effect.runFork(Scope.close(life, Exit.void)),
    "makes room": (gate: Stage["gate"]) => Deferred.doneUnsafe(gate, Exit.void)
  }
  for (const [what, happens] of Object.entries(turnsOfFate)) {
    for (const at of [1, 2, 3]) {
      it.effect(`leaves no sender waiting when its check ${what}, the ${at}. time that it is made`, () =>
        staged(({ gate }) =>
          Effect.gen(function*() {
            const life = yield* Scope.make()
            const till = yield* Scope.provide(Till.spawn("t"), life)
            yield* forkNow(Effect.exit(till.ask.Block()))
            yield* till.tell.Count({ n: 1 })
            checks = 0
            onCheck = (check) => check === at ? happens(gate, life) : undefined
            const waiting = yield* forkNow(Effect.exit(till.tell.Count({ n: 2 })))
            onCheck = () => {}
            if (checks < at) happens(gate, life)
            yield* settle
            const exit = waiting.pollUnsafe()
            assert.isTrue(exit !== undefined && Exit.isSuccess(exit))
            assert.strictEqual((recipientOf(till) as Cell).rare!.waiters.length, 0)
          }), { mailbox: { capacity: 1 } }))
    }
  }

  it.effect("is looked at once when it is taken, and by its codec and for the reason when it is refused", () =>
    staged(() =>
      Effect.gen(function*() {
        const till = yield* Till.spawn("t")
        checks = 0
        yield* till.tell.Count({ n: 1 })
        assert.strictEqual(checks, 1)
        checks = 0
        const error = yield* Effect.flip(till.tell.Count({ n: -1 }))
        assert.strictEqual(error._tag, "InvalidPayload")
        // `explain` runs the schema twice: it looks for the path first.
        assert.strictEqual(checks, 3)
        checks = 0
        assert.isFalse(till.tellUnsafe.Count({ n: -1 }))
        assert.strictEqual(checks, 1)
      })
    ))
})

describe("a reply", () => {
  const outcomes: ReadonlyArray<readonly [string, RegExp]> = [
    ["a text", /Till\/t: the reply to Answer breaks its schema: Expected number/],
    ["a text later", /Till\/t: the reply to Answer breaks its schema: Expected number/],
    ["an undeclared error", /Till\/t: the reply to Answer breaks its schema: Expected test/],
    ["an undeclared error later", /Till\/t: the reply to Answer breaks its schema: Expected test/],
    ["nothing", /the handler of Answer answered undefined, which is no Effect/],
    ["null", /the handler of Answer answered null, which is no Effect/],
    ["a promise", /the handler of Answer answered .*Promise.*, which is no Effect/],
    ["a forged cause", /a handler failed with .*, which is no Cause/],
    ["a forged cause later", /a handler failed with .*, which is no Cause/],
    ["a revoked proxy", /on a proxy that has been revoked/]
  ]
  for (const [how, text] of outcomes) {
    it.effect(`that is ${how} is a defect of the ask, which says so, and the actor goes on`, () =>
      staged(() =>
        Effect.gen(function*() {
          const till = yield* Till.spawn("t")
          const direct = yield* Effect.exit(till.ask.Answer({ how }))
          // Behind another message, so that it goes through the mailbox.
          yield* till.tell.Count({ n: 1 })
          const queued = yield* Effect.exit(till.ask.Answer({ how }))
          const unsafe: Array<Exit.Exit<number, unknown>> = []
          till.askUnsafe.Answer({ how }, (exit) => unsafe.push(exit))
          yield* settle
          for (const exit of [direct, queued, ...unsafe]) {
            if (Exit.isSuccess(exit)) return assert.fail("it succeeded")
            if (Cause.hasDies(exit.cause)) assert.match(String(Cause.squash(exit.cause)), text)
            else assert.strictEqual((Cause.squash(exit.cause) as Error & { _tag: string })._tag, "ActorRestarting")
          }
          assert.isTrue(
            Exit.isFailure(direct) && Cause.hasDies(direct.cause) ||
              Exit.isFailure(queued) && Cause.hasDies(queued.cause)
          )
          assert.strictEqual(yield* till.ask.Answer({ how: "a number" }), 1)
          assert.strictEqual(yield* till.depth, 0)
        }), { supervision: { intensity: { restarts: 10, within: "1 second" } } }))
  }

  it.effect("for which a program without types has no handler is a defect that names it", () =>
    Effect.gen(function*() {
      const Bare = Actor.make("Bare", [Rpc.make("Known"), Rpc.make("Missing")])
      const live = Bare.toLayer(Effect.succeed({ Known: () => Effect.void } as never))
      const crash = yield* Effect.scoped(Effect.gen(function*() {
        const bare = yield* Bare.spawn("b")
        yield* bare.ask.Known()
        return yield* Effect.exit(bare.ask.Missing())
      })).pipe(Effect.provide(Layer.provideMerge(live, ActorSystem.layer)))
      assert.include(String(crash), "there is no handler of Missing")
    }))

  it.effect("that is a declared error arrives as it is", () =>
    staged(() =>
      Effect.gen(function*() {
        const till = yield* Till.spawn("t")
        assert.instanceOf(yield* Effect.flip(till.ask.Answer({ how: "a declared error" })), Refused)
      })
    ))
})

describe("asks that nobody waits for", () => {
  it.effect("hold no room: neither those that were interrupted nor those whose time is over", () =>
    staged((stage) =>
      Effect.gen(function*() {
        const till = yield* Till.spawn("t")
        yield* forkNow(till.ask.Block(undefined, { timeout: "1 hour" }))
        const asks = yield* Effect.forEach([1, 2], () => forkNow(till.ask.Answer({ how: "a number" })))
        yield* Effect.forEach([1, 2], () =>
          forkNow(Effect.exit(till.ask.Answer({ how: "a number" }, { timeout: "1 second" }))))
        assert.strictEqual(yield* till.depth, 5)
        assert.strictEqual((yield* Effect.flip(till.tell.Count({ n: 1 })))._tag, "MailboxFull")
        yield* Fiber.interrupt(asks[0]!)
        yield* TestClock.adjust("1 second")
        assert.strictEqual(yield* till.depth, 2)
        for (let n = 0; n < 3; n++) {
          yield* till.tell.Count({ n })
        }
        assert.strictEqual((yield* Effect.flip(till.tell.Count({ n: 1 })))._tag, "MailboxFull")
        yield* open(stage)
        assert.strictEqual(yield* Fiber.join(asks[1]!), 1)
        yield* settle
        assert.strictEqual(yield* till.depth, 0)
      }), { mailbox: { capacity: 4, overflow: "fail" } }))

  it.effect("let in who waits for room", () =>
    staged(() =>
      Effect.gen(function*() {
        const till = yield* Till.spawn("t")
        yield* forkNow(till.ask.Block())
        const ask = yield* forkNow(till.ask.Answer({ how: "a number" }))
        const waiting = yield* forkNow(till.tell.Count({ n: 1 }))
        yield* settle
        assert.isUndefined(waiting.pollUnsafe())
        yield* Fiber.interrupt(ask)
        yield* Fiber.join(waiting)
      }), { mailbox: { capacity: 1 } }))

  it.effect("are not withdrawn a second time when they have been settled", () =>
    staged(() =>
      Effect.gen(function*() {
        const till = yield* Till.spawn("t")
        const gate = yield* forkNow(till.ask.Block())
        yield* till.tell.Count({ n: 1 })
        const exits: Array<Exit.Exit<number, unknown>> = []
        const withdraw = till.askUnsafe.Answer({ how: "a number" }, (exit) => exits.push(exit), { timeout: "1 second" })
        yield* TestClock.adjust("1 second")
        assert.lengthOf(exits, 1)
        withdraw()
        const waiting = yield* forkNow(till.tell.Count({ n: 2 }))
        yield* Fiber.interrupt(gate)
        yield* Fiber.join(waiting)
        yield* settle
        assert.strictEqual(yield* till.depth, 0)
      }), { mailbox: { capacity: 1 } }))
})

describe("a handler", () => {
  it.effect("that tells itself more than fits is refused, for it would wait for itself", () =>
    staged(() =>
      Effect.gen(function*() {
        const till = yield* Till.spawn("t")
        assert.deepStrictEqual(yield* till.ask.Itself({ times: 3 }), ["taken", "taken", "MailboxFull"])
        yield* till.tell.Itself({ times: 3 })
        yield* settle
        assert.strictEqual(yield* till.depth, 0)
      }), { mailbox: { capacity: 2 } }))

  it.effect("takes the fibers it has forked with it, however many messages wait behind it", () =>
    staged((stage) =>
      Effect.gen(function*() {
        const till = yield* Till.spawn("t")
        const blocked = yield* forkNow(till.ask.Block())
        const asks = yield* Effect.forEach([1, 2], () => forkNow(till.ask.Fork()))
        yield* open(stage)
        yield* Fiber.join(blocked)
        for (const ask of asks) yield* Fiber.join(ask)
        yield* settle
        assert.deepStrictEqual(stage.log, ["handler ends", "child ends", "handler ends", "child ends"])
      })
    ))
})

describe("an actor that is stopped", () => {
  it.effect("hands back the message whose handler it interrupted", () =>
    staged(() =>
      Effect.gen(function*() {
        const asking = yield* Effect.scoped(Effect.gen(function*() {
          const till = yield* Till.spawn("t")
          const inline = yield* forkNow(Effect.flip(till.ask.Block()))
          return inline
        }))
        const error = yield* Fiber.join(asking)
        assert.instanceOf(error, ActorError.ActorStopped)
        assert.deepStrictEqual(error.undelivered, { tag: "Block", payload: undefined })
        const till = yield* Till.spawn("u")
        void till
      })
    ))
})
