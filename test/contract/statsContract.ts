/** What every system promises about what its actors count and measure, wherever they live; see `ActorStats`. */
import { assert, layer as describeWith } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import { ActorControl, ActorError, type ActorStats, ActorSystem } from "shared-nothing"
import * as Fixture from "../fixtures/actors.ts"
import { block, type ContractOptions, failure, forkNow, itemsOf, stage, there } from "./actorContract.ts"
import { eventually } from "./eventually.ts"

const { Probe, ProbeDropNewest, ProbeTimed } = Fixture

const counts = ({ dropped, failed, pending, processed, restarts }: ActorStats.Stats) => ({
  processed,
  failed,
  pending,
  dropped,
  restarts
})

export const statsContract = (name: string, options: ContractOptions): void => {
  const { isLasting = false, live } = options
  const passing = (millis: number) => live ? Effect.void : TestClock.adjust(millis)
  const { suite = describeWith(options.layer, { excludeTestServices: live, timeout: "30 seconds" }) } = options
  suite(name, (it) => {
    it.effect("counts what was handled, what has failed, what waits and is in hand, and goes on over restarts", () =>
      Effect.gen(function*() {
        const on = yield* stage
        const actor = yield* Probe.definition.spawn(on.key, there)
        assert.strictEqual((yield* actor.stats).key, on.key)
        yield* block(on, actor)
        for (const n of [1, 2]) yield* actor.tell.Add({ n })
        const busy = yield* eventually(actor.stats, ({ pending }) => pending === 3, "two wait, and one is in hand")
        assert.deepInclude(counts(busy), { processed: 0, failed: 0, restarts: 0 })
        yield* on.open()
        yield* itemsOf(actor, 3)
        yield* failure(actor.ask.Fail({ limit: 1 }))
        const { processed } = yield* actor.stats
        assert.isAtLeast(processed, 5)
        yield* failure(actor.ask.Die({ text: "crash", later: true }))
        const up = yield* eventually(actor.stats, ({ restarts }) => restarts === 1, "it was started again")
        assert.deepStrictEqual(counts(up), { processed: processed + 1, failed: 2, pending: 0, dropped: 0, restarts: 1 })
        assert.deepStrictEqual([up.waitTime, up.handlingTime, up.oldestMillis], [undefined, undefined, undefined])
      }))

    it.effect("has counted a message when its asker has the reply", () =>
      Effect.gen(function*() {
        const on = yield* stage
        const actor = yield* Probe.definition.spawn(on.key, there)
        for (let n = 1; n <= 3; n++) {
          yield* actor.tell.Slow({ n })
          yield* actor.ask.Incarnation()
          assert.deepInclude(counts(yield* actor.stats), { processed: 2 * n, pending: 0 })
        }
      }))

    it.effect("counts what is dropped, and what a definition has done goes on when its actors end", () =>
      Effect.gen(function*() {
        const on = yield* stage
        const before = yield* ProbeDropNewest.definition.stats
        const actor = yield* ProbeDropNewest.definition.spawn(on.key, there)
        yield* block(on, actor)
        for (let n = 1; n <= 6; n++) yield* actor.tell.Add({ n })
        // In a mailbox that survives a message has its room until it is handled.
        const room = isLasting ? 4 : 5
        const full = yield* eventually(actor.stats, ({ pending }) => pending === room, "the mailbox is full")
        const type = yield* eventually(
          ProbeDropNewest.definition.stats,
          ({ dropped }) => dropped === before.dropped + 7 - room,
          "the rest is dropped"
        )
        assert.deepInclude(counts(full), { processed: 0, pending: room })
        assert.deepInclude(type, { name: "ProbeDropNewest", actors: before.actors + 1, missing: [] })
        const each = yield* ProbeDropNewest.definition.statsOfEach
        assert.deepInclude(each.find(({ key }) => key === on.key), { pending: room })
        yield* ActorControl.kill(actor)
        assert.instanceOf(yield* failure(actor.stats), ActorError.ActorStopped)
        const after = yield* eventually(
          ProbeDropNewest.definition.stats,
          ({ dropped }) => dropped >= before.dropped + (isLasting ? 3 : 6),
          "what was left is dropped"
        )
        assert.strictEqual(after.actors, before.actors)
        const types = yield* ActorSystem.stats
        assert.deepInclude(types.find(({ name }) => name === "ProbeDropNewest"), { dropped: after.dropped })
      }))

    it.effect("measures how long messages wait and are handled, where its behaviour says so", () =>
      Effect.gen(function*() {
        const on = yield* stage
        const before = yield* ProbeTimed.definition.stats
        const actor = yield* ProbeTimed.definition.spawn(on.key, there)
        yield* block(on, actor)
        for (const n of [1, 2]) yield* actor.tell.Add({ n })
        yield* eventually(actor.stats, ({ pending }) => pending === 3, "two wait")
        yield* passing(40)
        const { oldestMillis } = yield* actor.stats
        if (!live) assert.strictEqual(oldestMillis, 40)
        else if (!isLasting) assert.isAtLeast(oldestMillis!, 0)
        yield* on.open()
        yield* itemsOf(actor, 3)
        const { handlingTime, processed, waitTime } = yield* actor.stats
        assert.strictEqual(handlingTime!.count, processed)
        if (!live) assert.deepStrictEqual([waitTime!.quantile(1) >= 40, handlingTime!.quantile(1) >= 40], [true, true])
        if (!isLasting) assert.strictEqual(waitTime!.count, processed)
        const all = yield* ProbeTimed.definition.stats
        assert.strictEqual(all.handlingTime!.count - (before.handlingTime?.count ?? 0), processed)
      }))

    it.effect("tells who wants to know how long the handler of a reply has taken", () =>
      Effect.gen(function*() {
        const on = yield* stage
        const actor = yield* Probe.definition.spawn(on.key, there)
        const blocking = yield* forkNow(actor.askTimed.Block({ gate: on.gate, n: 7 }, { timeout: "1 minute" }))
        yield* on.sees("start 7")
        // A timer may fire early by a clock that is read afterwards, so real time is looked at until it has passed.
        const since = yield* Clock.currentTimeNanos
        if (!live) yield* TestClock.adjust(5)
        yield* eventually(Clock.currentTimeNanos, (now) => now - since >= 5_000_000n, "five milliseconds pass")
        yield* on.open()
        const { handlingMillis, reply } = yield* Fiber.join(blocking)
        assert.strictEqual(reply, 7)
        assert.isAtLeast(handlingMillis, 4.9)
        const { reply: items } = yield* actor.askTimed.Items()
        assert.deepStrictEqual(items, [7])
        assert.instanceOf(yield* failure(actor.askTimed.Fail({ limit: 3 })), Fixture.Limit)
        const blocked = yield* forkNow(actor.askTimed.Block({ gate: `${on.key}-shut`, n: 1 }))
        yield* on.sees("start 1")
        yield* Fiber.interrupt(blocked)
        yield* on.sees("interrupted 1")
      }))
  })
}
