import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Child from "../../src/supervisor/Child.ts"
import { defaultIntensity } from "../../src/supervisor/Intensity.ts"
import { check } from "../../src/supervisor/internal/spec.ts"
import type { RestartType } from "../../src/supervisor/Restart.ts"
import { ChildStartFailed, InvalidSupervision } from "../../src/supervisor/SupervisorError.ts"

describe("Child", () => {
  it("fills in what is left out", () => {
    const { body: _, ...spec } = Child.effect("a", Effect.never)
    assert.deepStrictEqual(spec, {
      id: "a",
      kind: "effect",
      restart: "permanent",
      shutdownMillis: 5_000,
      decide: undefined,
      backoff: undefined,
      intensity: undefined,
      significant: false
    })
    assert.strictEqual(Child.supervisor("s", { strategy: "one-for-one" }).shutdownMillis, Infinity)
    const policy = check("s", { strategy: "one-for-one" })
    assert.deepStrictEqual(policy.intensity, defaultIntensity)
    assert.isUndefined(policy.backoff)
    assert.strictEqual(policy.decide(Cause.die("bug")), "restart")
  })

  it("turns every shutdown into milliseconds", () => {
    const millis = (shutdown: Child.Shutdown) => Child.effect("a", Effect.never, { shutdown }).shutdownMillis
    assert.deepStrictEqual(["2 seconds" as const, 30, "brutalKill" as const, "infinity" as const].map(millis), [
      2_000,
      30,
      0,
      Infinity
    ])
    assert.strictEqual(Child.supervisor("s", { strategy: "one-for-one" }, { shutdown: 30 }).shutdownMillis, 30)
  })

  it.each<[field: string, make: () => unknown]>([
    ["id", () => Child.effect("", Effect.never)],
    ["restart", () => Child.effect("a", Effect.never, { restart: "always" as RestartType })],
    ["shutdown", () => Child.effect("a", Effect.never, { shutdown: 0 })],
    ["shutdown", () => Child.effect("a", Effect.never, { shutdown: "later" as "infinity" })],
    ["decide", () => Child.effect("a", Effect.never, { decide: "restart" as never })],
    ["backoff", () => Child.effect("a", Effect.never, { backoff: "1 second" as never })],
    [
      "backoff.resetAfter",
      () => Child.effect("a", Effect.never, { backoff: { schedule: Schedule.forever, resetAfter: -1 } })
    ],
    ["intensity.restarts", () => Child.effect("a", Effect.never, { intensity: { restarts: -1, within: 1 } })],
    ["significant", () => Child.effect("a", Effect.never, { restart: "transient", significant: 1 as never })],
    ["significant", () => Child.effect("a", Effect.never, { significant: true })],
    [
      "intensity",
      () => Child.effect("a", Effect.never, { restart: "temporary", intensity: { restarts: 1, within: 1 } })
    ],
    ["strategy", () => Child.supervisor("s", { strategy: "all-for-all" as "one-for-one" })],
    ["autoShutdown", () => Child.supervisor("s", { strategy: "one-for-one", autoShutdown: "always" as "never" })],
    ["autoShutdown", () =>
      Child.supervisor("s", {
        strategy: "one-for-one",
        children: [Child.effect("a", Effect.never, { restart: "transient", significant: true })]
      })],
    ["maxChildren", () => Child.dynamic("s", { maxChildren: 1.5 })],
    ["maxChildren", () => Child.dynamic("s", { maxChildren: "many" as "unbounded" })],
    ["partitions", () => Child.partitioned("s", { partitions: 0 })],
    ["partitions", () => Child.partitioned("s", { partitions: 1025 })],
    ["children", () => Child.supervisor("s", { strategy: "one-for-one", children: [{}] as never })],
    ["children", () =>
      Child.supervisor("s", {
        strategy: "one-for-one",
        children: [Child.effect("a", Effect.never), Child.effect("a", Effect.void)]
      })]
  ])("throws at once for a wrong %s", (field, make) => {
    try {
      make()
    } catch (error) {
      assert.instanceOf(error, InvalidSupervision)
      assert.strictEqual(error.option, field)
      return
    }
    assert.fail("nothing was thrown")
  })
})

describe("SupervisorError", () => {
  it.effect("survives being encoded and decoded, its cause included", () =>
    Effect.gen(function*() {
      const codec = Schema.toCodecJson(ChildStartFailed)
      const error = new ChildStartFailed({ supervisor: "s", child: "a", cause: Cause.die(new Error("bug")) })
      const json = JSON.stringify(yield* Schema.encodeEffect(codec)(error))
      const back = yield* Schema.decodeUnknownEffect(codec)(JSON.parse(json))
      assert.instanceOf(back, ChildStartFailed)
      assert.strictEqual(back.message, `supervisor "s": child "a" did not start: bug`)
    }))
})
