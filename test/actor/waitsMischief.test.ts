/** Chains of asks at their worst: a thousand links, names that are long or no text, actors that go meanwhile, and two systems whose actors ask each other. */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { Actor, ActorControl, ActorError, ActorSystem } from "shared-nothing"
import { eventually, settle } from "../contract/eventually.ts"
import { Hop, HopLive } from "../fixtures/waits.ts"

const Local = HopLive.pipe(Layer.provideMerge(ActorSystem.layer))

const HOUR = 3_600_000

/** What an ask along a path fails with, whose time is a second, and is over. */
const late = Effect.fnUntraced(function*(from: Actor.Ref<typeof Hop>, path: ReadonlyArray<string>) {
  const asking = yield* Effect.forkChild(Effect.exit(from.ask.Go({ path, millis: 1000 })), { startImmediately: true })
  yield* settle
  yield* TestClock.adjust(1000)
  yield* settle
  yield* TestClock.adjust(1000)
  const exit = yield* Fiber.join(asking)
  const error = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
  return error instanceof ActorError.AskTimeout ? error : assert.fail(String(exit))
})

const run = <A, E>(effect: Effect.Effect<A, E, ActorSystem.ActorSystem | Scope.Scope>) =>
  effect.pipe(Effect.scoped, Effect.provide(Layer.fresh(Local)))

describe("a chain of asks", () => {
  it.effect("of a thousand links is told as far as it is looked at, and says that it is cut", () =>
    run(Effect.gen(function*() {
      const keys = Array.from({ length: 1000 }, (_, n) => `k${n}`)
      const hops = yield* Effect.forEach(keys, (key) => Hop.spawn(key))
      const { chain, isChainCut } = yield* late(hops[0]!, keys.slice(1))
      assert.isTrue(isChainCut)
      assert.strictEqual(chain!.length, 66)
      assert.deepStrictEqual(chain!.slice(0, 3), ["Hop/k0", "Hop/k1", "Hop/k2"])
    })))

  it.effect("tells names apart that are longer than what is said of them", () =>
    run(Effect.gen(function*() {
      const long = (middle: string) => `${"a".repeat(5000)}${middle}${"z".repeat(5000)}`
      const [one] = yield* Effect.forEach(["one", "two", "six"], (key) => Hop.spawn(long(key)))
      // Who is asked waits for nobody.
      assert.isUndefined((yield* late(one!, [long("two")])).chain)
      yield* Hop.spawn("b")
      const circle = yield* Hop.spawn(long("ten"))
      const { chain } = yield* late(circle, ["b", long("ten")])
      assert.strictEqual(chain!.length, 3)
      assert.strictEqual(chain![0], chain![2])
      assert.isBelow(chain![0]!.length, 520)
    })))

  it.effect("has names that are no text", () =>
    run(Effect.gen(function*() {
      const keys = ["\ud800", "\0", "\u202e", "💥".repeat(300)]
      const hops = yield* Effect.forEach(keys, (key) => Hop.spawn(key))
      const { chain, message } = yield* late(hops[0]!, [...keys.slice(1), keys[0]!])
      assert.strictEqual(chain!.length, 5)
      assert.strictEqual(chain![0], chain![4])
      assert.include(message, "a cycle of asks never ends")
    })))

  it.effect("loses those who go meanwhile: killed, stopped, or with their scope", () =>
    run(Effect.gen(function*() {
      const a = yield* Hop.spawn("a")
      const b = yield* Hop.spawn("b")
      yield* Hop.spawn("c")
      const asking = yield* Effect.forkChild(Effect.exit(a.ask.Go({ path: ["b", "c", "a"], millis: 1000 })), {
        startImmediately: true
      })
      yield* settle
      yield* ActorControl.kill(b)
      yield* settle
      const exit = yield* Fiber.join(asking)
      assert.include(String(exit), "another error than of time")
      const again = yield* Hop.spawn("b")
      assert.strictEqual(yield* again.ask.Echo(), "echo")
      const { chain } = yield* late(again, ["c"])
      assert.isUndefined(chain)
    })))

  it.effect("is that of one system: an actor of the same name in another is another one", () =>
    Effect.gen(function*() {
      const Node = Actor.make("Node", [
        Rpc.make("Go", { payload: { depth: Schema.Int }, success: Schema.Int, error: ActorError.AskTimeout })
      ])
      const refs: Array<Actor.Ref<typeof Node>> = []
      const NodeLive = (at: number) =>
        Node.toLayer(
          Effect.succeed(Node.of({
            Go: ({ depth }) =>
              depth === 0
                ? Effect.never
                : Effect.mapError(
                  refs[1 - at]!.ask.Go({ depth: depth - 1 }, { timeout: depth > 1 ? 1000 : HOUR }),
                  (why) => why instanceof ActorError.AskTimeout ? why : assert.fail(String(why))
                )
          })),
          { shutdown: "brutalKill" }
        ).pipe(Layer.provideMerge(ActorSystem.layer))
      for (const at of [0, 1]) {
        const context = yield* Layer.build(Layer.fresh(NodeLive(at)))
        refs.push(yield* Effect.provideContext(Node.spawn("a"), context))
      }
      const ask = Effect.fnUntraced(function*(depth: number) {
        const asking = yield* Effect.forkChild(Effect.exit(refs[0]!.ask.Go({ depth }, { timeout: 3000 })), {
          startImmediately: true
        })
        yield* settle
        yield* TestClock.adjust(1000)
        yield* settle
        yield* TestClock.adjust(5000)
        yield* settle
        const exit = yield* Fiber.join(asking)
        const error = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
        return error instanceof ActorError.AskTimeout ? error : assert.fail(String(exit))
      })
      const one = yield* ask(1)
      assert.deepStrictEqual(one.chain, ["Node/a", "Node/a of another system"])
      // And a circle through both is one.
      assert.deepStrictEqual((yield* ask(2)).chain, ["Node/a", "Node/a of another system", "Node/a"])
    }).pipe(Effect.scoped))
})

const Relay = Actor.make("Relay", [
  Rpc.make("Ask", { payload: { left: Schema.Int }, success: Schema.Int }),
  Rpc.make("Pass", { payload: { left: Schema.Int }, success: Schema.Int }),
  Rpc.make("Flow", { payload: { left: Schema.Int }, success: Schema.Int, stream: true })
])

describe("a chain of two thousand that nobody waits for any more", () => {
  const LINKS = 2000
  const staged = Effect.fnUntraced(function*(
    ask: (first: Actor.Ref<typeof Relay>) => Effect.Effect<unknown, unknown>
  ) {
    const refs: Array<Actor.Ref<typeof Relay>> = []
    let begun = 0
    let ended = 0
    const last = Effect.andThen(
      Effect.sync(() => begun++),
      Effect.ensuring(Effect.never, Effect.sync(() => ended++))
    )
    const live = Relay.toLayer(
      Effect.succeed(Relay.of({
        Ask: ({ left }) =>
          left === 0 ? last : Effect.orDie(refs[left - 1]!.ask.Ask({ left: left - 1 }, { timeout: "Infinity" })),
        Pass: ({ left }) => left === 0 ? last : Actor.forward(refs[left - 1]!.ask.Pass({ left: left - 1 })),
        Flow: ({ left }) =>
          left === 0
            ? Stream.fromEffect(last)
            : Stream.orDie(refs[left - 1]!.ask.Flow({ left: left - 1 }, { timeout: "Infinity" }))
      })),
      { shutdown: "brutalKill" }
    )
    yield* Effect.gen(function*() {
      for (let n = 0; n < LINKS; n++) refs.push(yield* Relay.spawn(`r${n}`))
      const asking = yield* Effect.forkChild(ask(refs[LINKS - 1]!), { startImmediately: true })
      yield* eventually(Effect.sync(() => begun), (begun) => begun === 1, "the last one has begun")
      yield* Fiber.interrupt(asking)
      yield* eventually(Effect.sync(() => ended), (ended) => ended === 1, "the last one is interrupted", 5000)
      const statuses = yield* Effect.forEach(refs, (ref) => Effect.map(ActorControl.ping(ref), ({ status }) => status))
      assert.deepStrictEqual(new Set(statuses), new Set(["idle"]))
    }).pipe(Effect.scoped, Effect.provide(live.pipe(Layer.provideMerge(ActorSystem.layer))))
  })

  const left = LINKS - 1
  it.effect("is interrupted to its end: asks", () =>
    staged((first) => first.ask.Ask({ left }, { timeout: "Infinity" })))

  it.effect("is interrupted to its end: messages that are handed on", () =>
    staged((first) => first.ask.Pass({ left }, { timeout: "Infinity" })))

  it.effect("is interrupted to its end: streams of streams", () =>
    staged((first) => Stream.runDrain(first.ask.Flow({ left }, { timeout: "Infinity" }))))
})
