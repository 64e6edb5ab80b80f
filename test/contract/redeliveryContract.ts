/** What every system promises about tells that are handed out again after a crash, and about those that are set aside. */
import { assert, layer as describeWith } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fixture from "../fixtures/actors.ts"
import { watching } from "../support/events.ts"
import { type ContractOptions, itemsOf, patient, stage, there } from "./actorContract.ts"
import { eventually } from "./eventually.ts"

const { definition } = Fixture.ProbeAgain

export const redeliveryContract = (name: string, options: ContractOptions): void => {
  const { live } = options
  const { suite = describeWith(options.layer, { excludeTestServices: live, timeout: "30 seconds" }) } = options
  suite(name, (it) => {
    it.effect("a tell that was being handled at a crash is handled again, in front of what came later", () =>
      Effect.gen(function*() {
        const actor = yield* definition.spawn((yield* stage).key, there)
        yield* actor.tell.Add({ n: 1 })
        yield* actor.tell.DieUpTo({ incarnation: 2, n: 2 })
        yield* actor.tell.Add({ n: 3 })
        yield* actor.tell.Add({ n: 4 })
        assert.deepStrictEqual(yield* itemsOf(actor, 3), [2, 3, 4])
        assert.strictEqual(yield* actor.ask.Incarnation(), 3)
      }))

    it.effect("each message has attempts of its own", () =>
      Effect.gen(function*() {
        const actor = yield* definition.spawn((yield* stage).key, there)
        yield* actor.tell.DieUpTo({ incarnation: 2, n: 1 })
        yield* actor.tell.DieUpTo({ incarnation: 4, n: 2 })
        yield* actor.tell.Add({ n: 3 })
        assert.deepStrictEqual(yield* itemsOf(actor, 2), [2, 3])
        assert.strictEqual(yield* actor.ask.Incarnation(), 5)
      }))

    for (const later of [false, true]) {
      it.effect(`one that ends ${later ? "a handler that is not done at once" : "every incarnation"} is set aside, and the rest goes on`, () =>
        Effect.gen(function*() {
          const on = yield* stage
          const events = yield* watching
          const actor = yield* definition.spawn(on.key, there)
          yield* actor.tell.Die({ text: "poison", later })
          yield* actor.tell.Add({ n: 1 })
          assert.deepStrictEqual(yield* itemsOf(actor, 1), [1])
          assert.strictEqual(yield* actor.ask.Incarnation(), 4)
          const [letter, ...others] = yield* eventually(
            Effect.sync(() =>
              events.filter((event) => event._tag === "MessageSetAside" && event.actor.endsWith(on.key))
            ),
            (letters) => letters.length > 0,
            "there is a dead letter"
          )
          assert.deepStrictEqual(others, [])
          if (letter?._tag !== "MessageSetAside") return assert.fail("no letter")
          const { actor: who, attempts, cause, message, payload } = letter
          assert.deepStrictEqual(
            { who, message, attempts, payload },
            { who: `ProbeAgain/${on.key}`, message: "Die", attempts: 3, payload: { text: "poison", later } }
          )
          assert.include(Cause.pretty(cause), "poison")
        }))
    }

    it.effect("an ask that was being handled at a crash is answered with that, and not handed out again", () =>
      Effect.gen(function*() {
        const actor = yield* definition.spawn((yield* stage).key, there)
        const exit = yield* Effect.exit(actor.ask.Die({ text: "asked", later: true }))
        assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
        assert.strictEqual(yield* patient(actor.ask.Incarnation()), 2)
      }))
  })
}
