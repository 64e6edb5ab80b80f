/** How many workers a pool has, by what it has to do: the rule, and a script on a clock of its own. */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { JobMeters } from "../../src/memory/JobMeters.ts"
import { numberOf } from "../../src/memory/JobTable.ts"
import { Gauge } from "../../src/pool/internal/gauge.ts"
import { createMemory, HOST_OWNER, openMemory } from "../../src/pool/internal/memory.ts"
import { decide, type Decision, everyMillis, follow, type Rules } from "../../src/pool/internal/sizing.ts"
import type { SizeSignal } from "../../src/pool/PoolEvent.ts"
import { thread } from "../../src/thread/kernel/CurrentThread.ts"

const rules: Rules = {
  min: 1,
  max: 8,
  idleMillis: 30_000,
  waitMillis: 20,
  cooldownMillis: 1000,
  memory: 0.75,
  concurrency: 1
}
const memory = { memoryBytes: 750, memoryLimitBytes: 1000 }
const busy: SizeSignal = {
  size: 2,
  waiting: 50,
  waitMillis: 100,
  utilisation: 1,
  elsewhere: 0,
  loopUtilisation: 1,
  occupied: 1,
  idleMillis: 0,
  blocked: 0,
  ...memory
}
const nothing = { utilisation: 0, loopUtilisation: 0, occupied: 0 }
const quiet: SizeSignal = { ...busy, ...nothing, size: 4, waiting: 0, waitMillis: undefined, idleMillis: 30_000 }

describe("the size of a pool", () => {
  const table: ReadonlyArray<readonly [string, SizeSignal, number, Decision | undefined]> = [
    ["is more when jobs wait for too long", busy, 1000, { size: 3, why: "waiting" }],
    ["is half as many again at most", { ...busy, size: 4 }, 1000, { size: 6, why: "waiting" }],
    ["is more by no more than wait", { ...busy, size: 4, waiting: 1 }, 1000, { size: 5, why: "waiting" }],
    ["is the largest at most", { ...busy, size: 7 }, 1000, { size: 8, why: "waiting" }],
    ["is the largest already", { ...busy, size: 8 }, 1000, undefined],
    ["is the same soon after a change", busy, 999, undefined],
    ["is the same when jobs wait no longer than they may", { ...busy, waitMillis: 20 }, 1000, undefined],
    ["is the same when the workers are not used up", { ...busy, utilisation: 0.79 }, 1000, undefined],
    ["is the same when nothing waits", { ...busy, waiting: 0 }, 1000, undefined],
    ["is more when nobody knows how long jobs wait that do", { ...busy, waitMillis: undefined }, 1000, {
      size: 3,
      why: "waiting"
    }],
    ["is one less when the last worker has nothing to do", quiet, 1000, { size: 3, why: "idle" }],
    ["is the same when it had something to do", { ...quiet, idleMillis: 29_999 }, 1000, undefined],
    ["is the same when jobs wait", { ...quiet, waiting: 1 }, 1000, undefined],
    ["is the smallest at least", { ...quiet, size: 1 }, 1000, undefined],
    ["is the same when the others would be used up", { ...quiet, utilisation: 0.61 }, 1000, undefined],
    ["is one less when the others can do what there is", { ...quiet, utilisation: 0.59 }, 1000, {
      size: 3,
      why: "idle"
    }],
    ["is the same soon after a change, too", quiet, 999, undefined],
    ["would be more, and is held where there is no memory for it", { ...busy, memoryBytes: 751 }, 1000, {
      size: 3,
      why: "waiting",
      isHeld: true
    }],
    ["is more when something else has the event loops", { ...busy, utilisation: 0.2, elsewhere: 0.7 }, 1000, {
      size: 3,
      why: "waiting"
    }],
    ["is the same when the event loops are busy with looking for jobs", { ...busy, utilisation: 0.1 }, 1000, undefined],
    ["is the same when something else would have those of the others", { ...quiet, elsewhere: 0.61 }, 1000, undefined],
    ["is one less whatever memory there is", { ...quiet, memoryBytes: 999 }, 1000, { size: 3, why: "idle" }]
  ]
  for (const [title, signal, sinceChange, decision] of table) {
    it(title, () => assert.deepStrictEqual(decide(signal, rules, sinceChange), decision))
  }

  const several: Rules = { ...rules, concurrency: 8 }
  const waits: SizeSignal = { ...busy, occupied: 0.2, loopUtilisation: 0.1 }
  const rests: SizeSignal = { ...quiet, utilisation: 0.75, occupied: 0.1, loopUtilisation: 0.1 }
  const tableOfSeveral: ReadonlyArray<readonly [string, SizeSignal, Decision | undefined]> = [
    ["is more when each has as many as it may", { ...waits, occupied: 0.9 }, { size: 3, why: "waiting" }],
    ["is more when their event loops are busy", { ...waits, loopUtilisation: 0.9 }, { size: 3, why: "waiting" }],
    ["is the same when each has some, and could have more: what waits, waits for something else", waits, undefined],
    ["is one less when the others could have what there is", rests, { size: 3, why: "idle" }],
    ["is the same when the others would have as many as they may", { ...rests, occupied: 0.7 }, undefined],
    ["is the same when their event loops would be busy", { ...rests, loopUtilisation: 0.7 }, undefined],
    [
      "is the same where nobody knows of event loops, and each has some",
      { ...rests, loopUtilisation: undefined },
      undefined
    ]
  ]
  for (const [title, signal, decision] of tableOfSeveral) {
    it(`with several jobs at once ${title}`, () => assert.deepStrictEqual(decide(signal, several, 1000), decision))
  }

  it("is never both too small and too large for the same load", () => {
    for (let size = 2; size <= 8; size++) {
      for (let load = 0; load <= 8; load += 0.1) {
        const shrunk = decide({ ...quiet, size, utilisation: Math.min(1, load / size) }, rules, 1000)
        if (shrunk === undefined) continue
        const signal = { ...busy, size: shrunk.size, utilisation: Math.min(1, load / shrunk.size) }
        assert.isUndefined(decide(signal, rules, 1000), `${load} of ${size} workers`)
      }
    }
  })

  it("is neither for what else has the event loops", () => {
    for (let size = 2; size <= 8; size++) {
      for (let elsewhere = 0; elsewhere <= 1; elsewhere += 0.05) {
        const shrunk = decide({ ...quiet, size, elsewhere }, rules, 1000)
        if (shrunk === undefined) continue
        assert.isUndefined(
          decide({ ...busy, size: shrunk.size, utilisation: 0, elsewhere }, rules, 1000),
          `${elsewhere}`
        )
      }
    }
  })

  it("is looked at twice in the time after which a worker leaves", () => {
    assert.deepStrictEqual([30_000, 500, 1, Infinity].map((idleMillis) => everyMillis({ ...rules, idleMillis })), [
      500,
      250,
      10,
      500
    ])
  })

  it.effect("J39 follows a script: a burst, a start that fails, nothing to do, and no memory for what there is to do", () =>
    Effect.gen(function*() {
      const clock = yield* Clock.Clock
      const now = () => Number(clock.monotonicTimeNanosUnsafe()) / 1e6
      const told: Array<readonly [number, number]> = []
      const held: Array<readonly [number, number]> = []
      let size = 1
      let script: Omit<SizeSignal, "size"> = quiet
      let isBroken = false
      yield* Effect.forkScoped(
        follow({
          compensated: () => 0,
          rules,
          now,
          look: () => ({ ...script, size }),
          change: (decision, signal) =>
            Effect.sync(() => {
              assert.strictEqual(signal.size, size)
              if (!isBroken) size = decision.size
              told.push([now(), size])
              return !isBroken
            }),
          held: (decision) => held.push([now(), decision.size])
        }),
        { startImmediately: true }
      )
      const pass = (seconds: number) => TestClock.adjust(1000 * seconds)
      script = busy
      yield* pass(4)
      // At once, and then after each cooldown.
      assert.deepStrictEqual(told.splice(0), [[500, 2], [1500, 3], [2500, 4], [3500, 6]])
      isBroken = true
      yield* pass(16)
      assert.deepStrictEqual(told.splice(0).map(([at]) => at), [4500, 6500, 10_500, 18_500])
      isBroken = false
      yield* pass(20)
      assert.deepStrictEqual(told.splice(0), [[34_500, 8]])
      script = quiet
      yield* pass(10)
      assert.strictEqual(told.length, 7)
      yield* pass(60)
      assert.deepStrictEqual(told.splice(0).map(([, now]) => now), [7, 6, 5, 4, 3, 2, 1])
      // There is no memory: it stays, and that is told once for as long as more are wanted.
      script = { ...busy, memoryBytes: 800 }
      yield* pass(10)
      script = quiet
      yield* pass(1)
      script = { ...busy, memoryBytes: 800 }
      yield* pass(5)
      assert.deepStrictEqual([told, held.map(([, wanted]) => wanted), size], [[], [2, 2], 1])
      script = busy
      yield* pass(1)
      assert.deepStrictEqual(told.splice(0).map(([, now]) => now), [2])
      // Jobs wait behind something else that has the event loops, and then for something that no worker mends.
      script = { ...busy, utilisation: 0.1, elsewhere: 0.8 }
      yield* pass(1)
      script = { ...busy, utilisation: 0.1 }
      yield* pass(10)
      assert.deepStrictEqual(told.map(([, now]) => now), [3])
    }).pipe(Effect.scoped))
})

describe("what a pool has to do", () => {
  const made = () => {
    const memory = createMemory({ workers: 3, least: 2, clients: 0, capacity: 4, arenaBytes: 65_536 })
    const access = openMemory(thread, memory, HOST_OWNER)
    const gauge = new Gauge(access, 2, () => 0, () => ({ usedBytes: 3, limitBytes: 4 }))
    gauge.look(1000)
    return { gauge, meters: new JobMeters(memory.meters), table: access.table }
  }

  it("is what has come since it was looked at last", () => {
    const { gauge, meters, table } = made()
    for (const slot of [0, 1, 2]) table.enqueue(slot, 0, 0, Infinity)
    table.begin(2, numberOf(0, 1))
    meters.begun(0, 1000, 40)
    assert.deepStrictEqual(gauge.look(1100), {
      size: 2,
      waiting: 2,
      waitMillis: 40.959,
      utilisation: 0.5,
      elsewhere: 0,
      loopUtilisation: undefined,
      occupied: 0.25,
      idleMillis: 100,
      blocked: 0,
      memoryBytes: 3,
      memoryLimitBytes: 4
    })
    // Nothing has begun since, and the same job runs.
    const { utilisation, waitMillis } = gauge.look(1200)
    assert.deepStrictEqual([utilisation, waitMillis], [0.5, undefined])
  })

  it("is also what else has the event loops of its workers, and no more than there is time", () => {
    const { gauge, meters } = made()
    meters.loopRan(0, 90)
    meters.wasElsewhere(0, 40)
    meters.loopRan(1, 30)
    const { elsewhere, loopUtilisation } = gauge.look(1100)
    assert.deepStrictEqual([elsewhere, loopUtilisation], [0.2, 0.6])
    // What was long is said when it is over.
    meters.loopRan(1, 10_000)
    meters.wasElsewhere(1, 10_000)
    const late = gauge.look(1200)
    assert.deepStrictEqual([late.elsewhere, late.loopUtilisation], [0.5, 0.5])
    // Somebody else is there by then: what it has said before is not of this time.
    assert.deepStrictEqual([gauge.look(1300).elsewhere, gauge.look(1300).loopUtilisation], [0, 0])
  })

  it("keeps the last worker that has some, or has had, and counts anew when it is another one", () => {
    const { gauge, meters, table } = made()
    assert.strictEqual(gauge.look(1500).idleMillis, 500)
    meters.begun(1, 1500, NaN)
    assert.strictEqual(gauge.look(1600).idleMillis, 0)
    meters.ended(1)
    meters.idle(1, 110)
    assert.strictEqual(gauge.look(1700).idleMillis, 0)
    assert.strictEqual(gauge.look(1800).idleMillis, 100)
    // It came and went in between.
    meters.begun(1, 1810, NaN)
    meters.ended(1)
    meters.idle(1, 1)
    assert.strictEqual(gauge.look(1900).idleMillis, 0)
    table.resize(3)
    assert.deepStrictEqual([gauge.look(2000).idleMillis, gauge.look(2100).idleMillis], [0, 100])
    table.resize(1)
    assert.strictEqual(gauge.look(2200).idleMillis, 0)
  })
})
