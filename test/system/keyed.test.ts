/** Actors by key, and names looked up, over real threads; what can go wrong meanwhile is run by `test/simulate/keyed.ts`. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import { ActorControl } from "shared-nothing"
import { eventually } from "../contract/eventually.ts"
import { Inner, Relay, Tally } from "../fixtures/keyed.ts"
import { crew, threads, within } from "./threads.ts"

const twoThreads = threads({ spawn: crew("keyed").spawn, threads: 2 })

describe("keyed actors on threads", () => {
  it.live("are the same for every thread, have their place by their key, travel, and live on when their thread dies", () =>
    within(
      twoThreads,
      Effect.gen(function*() {
        const tallies = yield* Tally.keyed({ idle: "1 minute" })
        const relays = yield* Effect.forEach([0, 1], (thread) => Relay.spawn(`r${thread}`, { placement: { thread } }))
        const keys = Array.from({ length: 20 }, (_, i) => `k${i}`)
        for (const key of keys) {
          yield* tallies.ref(key).tell.Add({ n: 1 })
          for (const relay of relays) {
            yield* relay.ask.Add({ key, n: 10 })
            const back = yield* relay.ask.AddTo({ tally: tallies.ref(key), n: 100 })
            assert.strictEqual(back.toString(), `ActorRef(Tally/${key})`)
            yield* back.tell.Add({ n: 1000 })
          }
          yield* eventually(tallies.ref(key).ask.Sum(), (sum) => sum === 2221, `the sum of ${key}`)
        }
        const places = yield* Effect.forEach(keys, (key) => tallies.ref(key).ask.Where())
        assert.strictEqual(new Set(places).size, 2)
        assert.deepStrictEqual(yield* Effect.forEach(keys, (key) => tallies.ref(key).ask.Where()), places)
        assert.include(yield* Effect.flip(Tally.spawn("x")), { _tag: "NameTaken", actor: "Tally/x", by: "keyed" })
        // Commands name the key.
        assert.strictEqual((yield* ActorControl.ping(tallies.ref("k0"))).status, "idle")
        assert.strictEqual((yield* ActorControl.stop(tallies.ref("k0")))._tag, "Stopped")
        assert.strictEqual(yield* tallies.ref("k0").ask.Sum(), 0)
        // What is wrong with a message is said of its key.
        const wrong = yield* Effect.flip(tallies.ref("k1").tell.Add({ n: 0.5 }))
        assert.deepInclude(wrong, {
          _tag: "InvalidPayload",
          actor: "Tally/k1",
          undelivered: { tag: "Add", payload: { n: 0.5 } }
        })
        const refused = yield* Effect.exit(Tally.keyed({ idle: "2 minutes" }))
        assert.include(String(refused), "expected 60000 ms, as it was asked for first")

        yield* tallies.ref("k1").tell.Exit()
        const asking = Effect.exit(tallies.ref("k1").ask.Sum())
        const again = yield* eventually(asking, Exit.isSuccess, "k1 is up again")
        assert.deepStrictEqual(again, Exit.succeed(0))
        const other = keys.find((_, i) => places[i] !== places[1])!
        assert.strictEqual(yield* tallies.ref(other).ask.Sum(), other === "k0" ? 0 : 2221)
      })
    ))

  it.live("are found by their name, and so is one that was spawned, wherever that was", () =>
    within(
      twoThreads,
      Effect.gen(function*() {
        const relays = yield* Effect.forEach([0, 1], (thread) => Relay.spawn(`r${thread}`, { placement: { thread } }))
        assert.isTrue(Option.isNone(yield* Inner.lookup("in")))
        assert.isFalse(yield* relays[1]!.ask.Found({ key: "in" }))
        const where = yield* relays[0]!.ask.SpawnInner()
        const inner = Option.getOrThrow(yield* Inner.lookup("in"))
        assert.strictEqual(yield* inner.ask.Where(), where)
        for (const relay of relays) assert.isTrue(yield* relay.ask.Found({ key: "in" }))
        const found = Option.getOrThrow(yield* Relay.lookup("r1"))
        assert.isTrue(yield* found.ask.Found({ key: "in" }))
        yield* ActorControl.stop(inner)
        assert.isTrue(Option.isNone(yield* Inner.lookup("in")))
        // The workers hold the keys since their layer was built.
        assert.strictEqual(yield* Option.getOrThrow(yield* Tally.lookup("k")).ask.Sum(), 0)
      })
    ))
})
