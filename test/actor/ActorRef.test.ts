import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import { inspect } from "node:util"
import { Actor, ActorError, ActorRef, ActorSystem } from "shared-nothing"
import { settle } from "../contract/eventually.ts"

class Money extends Schema.Class<Money>("test/Money")({ cents: Schema.Int }) {}

const Purse = Actor.make("Purse", [
  Rpc.make("Put", { payload: Money }),
  Rpc.make("Cents", { success: Schema.Int }),
  Rpc.make("Wait"),
  /** Tags that are also names of the machinery. */
  Rpc.make("recipient", { payload: { n: Schema.Int }, success: Schema.Int }),
  Rpc.make("constructor", { success: Schema.Int }),
  Rpc.make("hasOwnProperty", { success: Schema.Int })
])

const gate = Deferred.makeUnsafe<void>()
const PurseLive = Purse.toLayer(Effect.sync(() => {
  let cents = 0
  return Purse.of({
    Put: (money) => Effect.sync(() => void (cents += money instanceof Money ? money.cents : NaN)),
    Cents: () => Effect.sync(() => cents),
    Wait: () => Deferred.await(gate),
    recipient: ({ n }) => Effect.succeed(n),
    constructor: () => Effect.succeed(1),
    hasOwnProperty: () => Effect.succeed(2)
  })
}))
const Other = Actor.make("Other", [Rpc.make("Cents")])
const OtherLive = Other.toLayer(Effect.succeed(Other.of({ Cents: () => Effect.void })))
const Local = Layer.mergeAll(PurseLive, OtherLive).pipe(Layer.provideMerge(ActorSystem.layer))

const failure = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.exit(effect), (exit) => Exit.isFailure(exit) ? Cause.squash(exit.cause) : assert.fail("succeeded"))

describe("ActorRef", () => {
  it.layer(Local)((it) => {
    it.effect("sends nothing before its effect is run, and once for each time it is run", () =>
      Effect.gen(function*() {
        const purse = yield* Purse.spawn("lazy")
        const put = purse.tell.Put({ cents: 5 })
        yield* settle
        assert.strictEqual(yield* purse.ask.Cents(), 0)
        yield* put
        assert.strictEqual(yield* purse.ask.Cents(), 5)
        yield* put
        yield* put
        assert.strictEqual(yield* purse.ask.Cents(), 15)
        const ask = purse.ask.Cents()
        assert.strictEqual(yield* ask, 15)
        yield* put
        assert.strictEqual(yield* ask, 20)
      }))

    it.effect("constructs a class payload from its fields, and takes an instance as it is", () =>
      Effect.gen(function*() {
        const purse = yield* Purse.spawn("class")
        yield* purse.tell.Put({ cents: 1 })
        yield* purse.tell.Put(new Money({ cents: 2 }))
        yield* purse.ask.Put({ cents: 4 })
        assert.isTrue(purse.tellUnsafe.Put({ cents: 8 }))
        assert.strictEqual(yield* purse.ask.Cents(), 15)
        const refused = yield* failure(purse.tell.Put({ cents: 0.5 }))
        assert.instanceOf(refused, ActorError.InvalidPayload)
        assert.deepStrictEqual(refused.undelivered, { tag: "Put", payload: { cents: 0.5 } })
      }))

    it.effect("knows its name and key, prints as an address, and is recognised", () =>
      Effect.gen(function*() {
        const purse = yield* Purse.spawn("named")
        assert.deepStrictEqual([purse.name, purse.key], ["Purse", "named"])
        const printable: { readonly toString: () => string } = purse
        assert.strictEqual(printable.toString(), "ActorRef(Purse/named)")
        assert.deepStrictEqual(JSON.parse(JSON.stringify(purse)), { _id: "ActorRef", name: "Purse", key: "named" })
        assert.isTrue(ActorRef.isActorRef(purse))
        for (const other of [null, undefined, {}, "Purse/named", 1]) assert.isFalse(ActorRef.isActorRef(other))
      }))

    it.effect("reaches messages whatever their tag", () =>
      Effect.gen(function*() {
        const purse = yield* Purse.spawn("tags")
        assert.strictEqual(yield* purse.ask.recipient({ n: 7 }), 7)
        assert.strictEqual(yield* purse.ask.constructor(), 1)
        assert.strictEqual(yield* purse.ask.hasOwnProperty(), 2)
        yield* purse.tell.recipient({ n: 7 })
        assert.isTrue(purse.tellUnsafe.recipient({ n: 7 }))
      }))

    it.effect("takes its deadline from the call, else from DefaultAskTimeout, else 5 seconds", () =>
      Effect.gen(function*() {
        const purse = yield* Purse.spawn("deadlines")
        const after = Effect.fnUntraced(function*(ask: Effect.Effect<void, unknown>, millis: number) {
          const asker = yield* Effect.forkChild(failure(ask), { startImmediately: true })
          yield* TestClock.adjust(millis - 1)
          assert.isUndefined(asker.pollUnsafe())
          yield* TestClock.adjust(1)
          const error = yield* Fiber.join(asker)
          assert.instanceOf(error, ActorError.AskTimeout)
          assert.strictEqual(error.timeoutMillis, millis)
          assert.strictEqual(error.actor, "Purse/deadlines")
        })
        yield* after(purse.ask.Wait(), 5000)
        yield* after(purse.ask.Wait(undefined, { timeout: 250 }), 250)
        // A message without payload takes its options alone.
        yield* after(purse.ask.Wait({ timeout: 250 }), 250)
        yield* after(purse.ask.Wait({}), 5000)
        yield* after(Effect.provideService(purse.ask.Wait(), ActorRef.DefaultAskTimeout, "1 second"), 1000)
        yield* after(
          Effect.provideService(purse.ask.Wait(undefined, { timeout: 250 }), ActorRef.DefaultAskTimeout, "1 second"),
          250
        )
        const patient = yield* Effect.forkChild(purse.ask.Wait(undefined, { timeout: "Infinity" }), {
          startImmediately: true
        })
        yield* TestClock.adjust("100 days")
        assert.isUndefined(patient.pollUnsafe())
        yield* Fiber.interrupt(patient)
      }))

    it.effect("askUnsafe calls back once with the outcome, and not after it was withdrawn", () =>
      Effect.gen(function*() {
        const purse = yield* Purse.spawn("unsafe")
        const exits: Array<Exit.Exit<unknown, unknown>> = []
        purse.askUnsafe.Cents(undefined, (exit) => exits.push(exit))
        yield* settle
        assert.deepStrictEqual(exits, [Exit.succeed(0)])
        const withdraw = purse.askUnsafe.Wait((exit) => exits.push(exit))
        withdraw()
        withdraw()
        yield* settle
        assert.strictEqual(exits.length, 1)
        assert.strictEqual(yield* purse.depth, 0)
        purse.askUnsafe.Wait((exit) => exits.push(exit), { timeout: 100 })
        yield* TestClock.adjust(100)
        assert.strictEqual(exits.length, 2)
        // What the compiler would not let through.
        const untyped = purse.askUnsafe as unknown as Record<"Wait" | "Put", (...args: ReadonlyArray<unknown>) => void>
        for (
          const ask of [() => untyped.Wait(), () => untyped.Put({ cents: 1 }), () => untyped.Put({ cents: 1 }, {})]
        ) {
          assert.throws(ask, /InvalidOptions|onExit/)
        }
        assert.strictEqual(yield* purse.depth, 0)
        purse.askUnsafe.Put({ cents: 0.5 }, (exit) => exits.push(exit))
        assert.instanceOf(Exit.isFailure(exits[2]!) && Cause.squash(exits[2].cause), ActorError.InvalidPayload)
      }))

    it.effect("an askUnsafe callback that throws harms neither the actor nor what is queued behind", () =>
      Effect.gen(function*() {
        const purse = yield* Purse.spawn("throws")
        const replies: Array<unknown> = []
        for (const first of [purse.tell.Put({ cents: 1 }), purse.tell.recipient({ n: 1 })]) {
          yield* first
          purse.askUnsafe.Cents(undefined, () => {
            throw new Error("callback")
          })
          purse.askUnsafe.recipient({ n: 1 }, () => {
            throw new Error("callback")
          })
          purse.askUnsafe.Cents(undefined, (exit) => replies.push(exit))
          yield* settle
        }
        assert.deepStrictEqual(replies, [Exit.succeed(1), Exit.succeed(1)])
        assert.strictEqual(yield* purse.depth, 0)
        assert.strictEqual(yield* purse.ask.Cents(), 1)
      }))
  })
})

describe("errors", () => {
  it("of actors are told from others, and those from after which a later try may succeed", () => {
    const undelivered = { tag: "Cents", payload: undefined }
    const actor = "Purse/a"
    const full = new ActorError.MailboxFull({ actor, capacity: 1, undelivered })
    const restarting = new ActorError.ActorRestarting({ actor, undelivered })
    const late = new ActorError.AskTimeout({ actor, tag: "Cents", timeoutMillis: 1 })
    const missing = new ActorError.BehaviourNotFound({ behaviour: "Purse", known: [], elsewhere: [] })
    for (const error of [full, restarting, late, missing]) assert.isTrue(ActorError.isActorError(error))
    // What crossed between realms is what its fields say.
    assert.isTrue(ActorError.isActorError({ ...full }))
    for (const other of [new Money({ cents: 1 }), { _tag: "AskTimeout" }, new Error("full"), "MailboxFull", null]) {
      assert.isFalse(ActorError.isActorError(other))
    }
    assert.deepStrictEqual([full, restarting, late, missing, null].map(ActorError.isRetryable), [
      true,
      true,
      false,
      false,
      false
    ])
  })
})

describe("a reference", () => {
  it.layer(Local)((it) => {
    it.effect("prints as itself", () =>
      Effect.gen(function*() {
        const purse = yield* Purse.spawn("printed")
        assert.strictEqual(inspect(purse), "ActorRef(Purse/printed)")
        assert.strictEqual(inspect({ purse }), "{ purse: ActorRef(Purse/printed) }")
      }))
  })
})

describe("references in schemas", () => {
  it.layer(Local)((it) => {
    it.effect("are valid where the schema of their definition is asked for, and nowhere else", () =>
      Effect.gen(function*() {
        const purse = yield* Purse.spawn("schema")
        const other = yield* Other.spawn("schema")
        const isPurse = Schema.is(Schema.toType(Purse.ref))
        assert.isTrue(isPurse(purse))
        assert.isFalse(isPurse(other))
        assert.isFalse(isPurse({ name: "Purse", key: "schema" }))
      }))

    it.effect("can neither be encoded nor decoded outside of a message, and the failure says so", () =>
      Effect.gen(function*() {
        const purse = yield* Purse.spawn("outside")
        const encoded = yield* failure(Schema.encodeEffect(Purse.ref)(purse))
        assert.include(String(encoded), "only be encoded inside of a message")
        const address = {
          system: 1,
          node: 0,
          thread: 0,
          epoch: 0,
          actor: 1,
          capacity: 0,
          overflow: "suspend" as const,
          laneBytes: 0,
          layoutHash: Purse.protocol.layoutHash,
          key: "outside",
          isKeyed: false
        }
        const decoded = yield* failure(Schema.decodeEffect(Purse.ref)(address))
        assert.include(String(decoded), "inside of a message")
      }))
  })
})
