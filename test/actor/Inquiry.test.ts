import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import type { Answer, Awaited } from "../../src/actor/kernel/Command.ts"
import { Deadlines } from "../../src/actor/kernel/Deadlines.ts"
import { type Found, Inquiries, PATIENCE_MILLIS, patienceMillis } from "../../src/actor/kernel/Inquiry.ts"
import { ThreadContext } from "../../src/runtime/ThreadContext.ts"
import { runtime } from "../../src/thread/ThreadRuntime.ts"

const make = Effect.gen(function*() {
  const context = yield* Effect.context<never>()
  const deadlines = new Deadlines(context, yield* Clock.Clock, new ThreadContext(runtime), () => {})
  yield* Effect.addFinalizer(() => Effect.sync(() => deadlines.close()))
  return { deadlines, inquiries: new Inquiries(deadlines) }
})

/** Actors that say whom they wait for: at once, when they are let, or never. */
const actors = (waits: Record<string, ReadonlyArray<string> | "later" | "lost" | "ended">) => {
  const open = new Map<string, (answer: Answer) => void>()
  const asked: Array<string> = []
  const forgotten: Array<string> = []
  const of = (name: string): Awaited => ({
    name,
    whom: {
      command: (_command, answered) => {
        asked.push(name)
        const said = waits[name]!
        if (said === "later") open.set(name, answered)
        else if (said === "lost") answered({ _tag: "Lost", thread: "t", reason: "r" })
        else if (said === "ended") answered({ _tag: "Ended", reason: { _tag: "Forgotten" } as never })
        else answered(all(said))
        return () => void forgotten.push(name)
      }
    }
  })
  const all = (names: ReadonlyArray<string>): Answer => ({ _tag: "Waits", waits: names.map(of) })
  const says = (name: string, names: ReadonlyArray<string>) => open.get(name)!(all(names))
  return { of, says, asked, forgotten }
}

const heard = () => {
  const told: Array<Found> = []
  return { told, tell: (found: Found) => void told.push(found) }
}

/** The time of the asks, of which half is longer than an inquiry takes. */
const MILLIS = 1_000

describe("Inquiry", () => {
  it.effect("is over at once where everybody answers at once", () =>
    Effect.gen(function*() {
      const { inquiries } = yield* make
      const found = (asker: string | undefined, first: string, waits: Parameters<typeof actors>[0]) => {
        const { told, tell } = heard()
        assert.isUndefined(inquiries.begin(asker, actors(waits).of(first), MILLIS, tell))
        assert.strictEqual(told.length, 1)
        return told[0]!
      }
      assert.deepStrictEqual(found("A", "B", { B: [] }), {})
      assert.deepStrictEqual(found("A", "A", {}), { chain: ["A", "A"] })
      assert.deepStrictEqual(found("A", "B", { B: ["C"], C: [] }), { chain: ["A", "B", "C"] })
      assert.deepStrictEqual(found(undefined, "B", { B: ["C"], C: ["B"] }), { chain: ["B", "C", "B"] })
      // The way back to who asks, whoever else is waited for.
      const many = { B: ["D", "C"], C: ["A"], D: ["E"], E: [] }
      assert.deepStrictEqual(found("A", "B", many), { chain: ["A", "B", "C", "A"] })
      assert.deepStrictEqual(found("A", "B", { B: ["C"], C: "lost" }), { chain: ["A", "B", "C"], isChainCut: true })
      assert.deepStrictEqual(found("A", "B", { B: ["C"], C: "ended" }), { chain: ["A", "B", "C"] })
      assert.deepStrictEqual(found("A", "B", { B: "lost" }), {})
    }))

  it.effect("waits for other threads no longer than they are given, and says that the chain is cut", () =>
    Effect.gen(function*() {
      const { deadlines, inquiries } = yield* make
      const { asked, forgotten, of, says } = actors({ B: ["C"], C: "later", D: "later", E: [] })
      const { told, tell } = heard()
      assert.isDefined(inquiries.begin("A", of("B"), MILLIS, tell))
      yield* TestClock.adjust(PATIENCE_MILLIS - 1)
      says("C", ["D"])
      assert.deepStrictEqual(told, [])
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(told, [{ chain: ["A", "B", "C", "D"], isChainCut: true }])
      assert.include(forgotten, "D")
      says("D", ["E"])
      assert.strictEqual(told.length, 1)
      assert.notInclude(asked, "E")
      assert.deepStrictEqual({ open: inquiries.open, watched: deadlines.size }, { open: 0, watched: 0 })
    }))

  it.effect("is over as soon as it has found who asks, whoever else has not answered", () =>
    Effect.gen(function*() {
      const { inquiries } = yield* make
      const { of, says } = actors({ B: ["C", "D"], C: "later", D: "later" })
      const { told, tell } = heard()
      inquiries.begin("A", of("B"), MILLIS, tell)
      says("D", ["A"])
      assert.deepStrictEqual(told, [{ chain: ["A", "B", "D", "A"] }])
      assert.strictEqual(inquiries.open, 0)
    }))

  it.effect("tells nothing once it was given up, and is given up twice", () =>
    Effect.gen(function*() {
      const { deadlines, inquiries } = yield* make
      const { forgotten, of, says } = actors({ B: "later" })
      const { told, tell } = heard()
      const giveUp = inquiries.begin("A", of("B"), MILLIS, tell)!
      giveUp()
      giveUp()
      says("B", ["A"])
      yield* TestClock.adjust(PATIENCE_MILLIS)
      assert.deepStrictEqual(told, [])
      assert.deepStrictEqual(forgotten, ["B"])
      assert.deepStrictEqual({ open: inquiries.open, watched: deadlines.size }, { open: 0, watched: 0 })
    }))

  it.effect("asks nobody twice, and so many at most", () =>
    Effect.gen(function*() {
      const { inquiries } = yield* make
      const names = Array.from({ length: 200 }, (_, i) => `n${i}`)
      const waits = Object.fromEntries(names.map((name, i) => [name, [`n${i + 1}`, name]]))
      const { asked, of } = actors(waits)
      const { told, tell } = heard()
      inquiries.begin("A", of("n0"), MILLIS, tell)
      assert.strictEqual(new Set(asked).size, asked.length)
      assert.strictEqual(asked.length, 64)
      assert.isTrue(told[0]!.isChainCut)
      assert.strictEqual(told[0]!.chain?.length, 66)
    }))

  it.effect("does not wait where too many of its thread do", () =>
    Effect.gen(function*() {
      const { inquiries } = yield* make
      const { of } = actors({ B: ["C"], C: "later" })
      for (let i = 0; i < 64; i++) assert.isDefined(inquiries.begin(undefined, of("B"), MILLIS, () => {}))
      const { told, tell } = heard()
      assert.isUndefined(inquiries.begin("A", of("B"), MILLIS, tell))
      assert.deepStrictEqual(told, [{ chain: ["A", "B", "C"], isChainCut: true }])
      assert.strictEqual(inquiries.open, 64)
    }))

  it("takes half as long again as the ask at most, and a tenth of a second", () => {
    assert.deepStrictEqual([1, 20, 200, 5_000].map(patienceMillis), [0.5, 10, PATIENCE_MILLIS, PATIENCE_MILLIS])
  })
})
