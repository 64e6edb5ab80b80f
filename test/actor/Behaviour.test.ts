import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Rpc from "effect/rpc/Rpc"
import { Actor, ActorSystem, Parcel } from "shared-nothing"
import { InvalidOptions } from "../../src/actor/ActorError.ts"
import { textOf } from "../../src/runtime/Text.ts"
import { InvalidSupervision } from "../../src/supervisor/SupervisorError.ts"
import { oddValues } from "../support/oddValues.ts"

const Idle = Actor.make("Idle", [Rpc.make("Nothing")])
const live = (options: unknown) =>
  Idle.toLayer(Effect.succeed(Idle.of({ Nothing: () => Effect.void })), options as Actor.BehaviourOptions)

const refused = (options: unknown): unknown => {
  try {
    live(options)
  } catch (error) {
    return error
  }
  return assert.fail(`accepted ${JSON.stringify(options)}`)
}

describe("the options of a behaviour", () => {
  for (const capacity of [0, -1, 1.5, NaN, Infinity, "many"]) {
    it(`refuses the mailbox capacity ${capacity} and names it`, () => {
      const error = refused({ mailbox: { capacity } })
      assert.instanceOf(error, InvalidOptions)
      assert.strictEqual(error.option, "mailbox.capacity")
      assert.strictEqual(error.value, typeof capacity === "string" ? `"${capacity}"` : String(capacity))
      assert.include(error.message, "Idle")
      assert.include(error.message, "at least 1")
    })
  }

  for (const overflow of ["drop", "", "Suspend", "constructor"]) {
    it(`refuses the overflow ${JSON.stringify(overflow)} and names the policies`, () => {
      const error = refused({ mailbox: { overflow } })
      assert.instanceOf(error, InvalidOptions)
      assert.strictEqual(error.option, "mailbox.overflow")
      assert.strictEqual(error.value, JSON.stringify(overflow))
      assert.include(error.message, "dropOldest")
    })
  }

  for (
    const intensity of [
      { restarts: -1, within: "1 second" },
      { restarts: 1.5, within: "1 second" },
      { restarts: NaN, within: "1 second" },
      { restarts: 1, within: 0 },
      { restarts: 1, within: "Infinity" },
      { restarts: 1, within: "1 second", per: "thread" }
    ]
  ) {
    it(`refuses the intensity ${JSON.stringify(intensity)}`, () => {
      const error = refused({ supervision: { intensity } })
      assert.instanceOf(error, InvalidSupervision)
      assert.include(error.message, "intensity.")
    })
  }

  it("refuses an unknown restart type and names it", () => {
    const error = refused({ supervision: { restart: "sometimes" } })
    assert.instanceOf(error, InvalidOptions)
    assert.strictEqual(error.option, "supervision.restart")
    assert.strictEqual(error.value, "\"sometimes\"")
  })

  for (const [name, make] of Object.entries(oddValues)) {
    if (make() === undefined) continue
    for (
      const [option, options] of [
        ["mailbox.capacity", (value: unknown) => ({ mailbox: { capacity: value } })],
        ["mailbox.overflow", (value: unknown) => ({ mailbox: { overflow: value } })],
        ["supervision.restart", (value: unknown) => ({ supervision: { restart: value } })],
        ["initTimeout", (value: unknown) => ({ initTimeout: value })]
      ] as const
    ) {
      // A bigint is a duration in nanoseconds, a map and the like are none.
      if (option === "initTimeout" && typeof make() === "bigint") continue
      it(`refuses ${name} as ${option}`, () => {
        const error = refused(options(make()))
        assert.instanceOf(error, InvalidOptions)
        assert.strictEqual(error.option, option)
      })
    }
  }

  it("refuses a backoff that is no schedule", () => {
    assert.instanceOf(refused({ supervision: { backoff: "1 second" } }), InvalidSupervision)
  })

  for (const initTimeout of [0, -1, NaN]) {
    it(`refuses the initTimeout ${initTimeout}`, () => {
      const error = refused({ initTimeout })
      assert.instanceOf(error, InvalidOptions)
      assert.strictEqual(error.option, "initTimeout")
    })
  }

  const moving = Actor.make("Painter", [Rpc.make("Paint", { payload: { pixels: Parcel.Unique } })])
  const capacities = [
    "yes",
    null,
    5,
    {},
    ...[0, 4095, 6000, 2 ** 40, NaN, 8192n, "8192", Symbol("8192")]
      .map((capacityBytes) => ({ capacityBytes }))
  ]
  for (const survives of capacities) {
    it(`refuses a mailbox that survives in ${textOf(survives)}`, () => {
      const error = refused({ mailbox: { survives } })
      assert.instanceOf(error, InvalidOptions)
      assert.strictEqual(error.option, "mailbox.survives.capacityBytes")
      assert.include(error.message, "a power of two from 4096")
    })
  }

  it("refuses to drop what a mailbox that survives has accepted", () => {
    const error = refused({ mailbox: { survives: true, overflow: "dropOldest" } })
    assert.instanceOf(error, InvalidOptions)
    assert.strictEqual(error.option, "mailbox.overflow")
  })

  it("refuses a mailbox that survives for messages that something moves with", () => {
    assert.throws(
      () => moving.toLayer(Effect.succeed({} as never), { mailbox: { survives: true } }),
      /Painter: mailbox\.survives is true, expected false.* for the message Paint/
    )
  })

  for (const idle of [0, -1, NaN, "soon", null, Symbol("soon")]) {
    it(`refuses the idle time ${textOf(idle)}`, () => {
      const error = refused({ idle })
      assert.instanceOf(error, InvalidOptions)
      assert.strictEqual(error.option, "idle")
    })
  }

  it("accepts no options, empty ones and explicitly undefined ones", () => {
    for (
      const options of [
        undefined,
        {},
        { mailbox: {}, supervision: {} },
        {
          mailbox: { capacity: undefined, overflow: undefined },
          supervision: { restart: undefined, intensity: undefined, backoff: undefined, decide: undefined },
          initTimeout: undefined
        },
        { mailbox: { capacity: 1 } },
        { mailbox: { capacity: "unbounded" }, initTimeout: "Infinity" }
      ]
    ) {
      assert.isTrue(Layer.isLayer(live(options)))
    }
  })
})

describe("a tick", () => {
  const cases: ReadonlyArray<readonly [tag: unknown, every: unknown, option: string]> = [
    ["Nothing", 0, "every"],
    ["Nothing", -1, "every"],
    ["Nothing", "often", "every"],
    ["Nothing", null, "every"],
    ["Something", "1 second", "tag"],
    [Symbol("Nothing"), "1 second", "tag"],
    [undefined, "1 second", "tag"]
  ]
  it.effect.each(cases)(
    "of %s every %s is refused, and its %s named",
    ([tag, every, option]) =>
      Effect.gen(function*() {
        const Ticking = Idle.toLayer(
          Effect.as(Idle.tick(tag as "Nothing", every as number), Idle.of({ Nothing: () => Effect.void }))
        )
        const spawned = Idle.spawn("a").pipe(
          Effect.scoped,
          Effect.provide(Ticking.pipe(Layer.provideMerge(ActorSystem.layer)))
        )
        const error = yield* Effect.flip(spawned)
        const defect = error._tag === "SpawnFailed" ? error.cause : error
        assert.instanceOf(defect, InvalidOptions)
        assert.deepStrictEqual([defect.where, defect.option], ["Idle.tick", option])
      })
  )
})

describe("the options of a spawn", () => {
  const odd = [
    "a symbol",
    "a function",
    "NaN",
    "a map",
    "an object without a prototype",
    "a circle",
    "a text that throws"
  ]
  const nonsense = [
    ...odd.map((name) => oddValues[name]!()),
    { thread: NaN },
    { thread: 0.5 },
    { thread: "0" },
    "everywhere",
    null
  ]
  it.effect("refuse a placement that is none, and name it", () =>
    Effect.gen(function*() {
      for (const placement of nonsense) {
        const exit = yield* Effect.exit(Idle.spawn("a", { placement: placement as "here" }))
        const error = Exit.isFailure(exit) ? Cause.squash(exit.cause) : assert.fail("accepted")
        assert.instanceOf(error, InvalidOptions)
        assert.deepStrictEqual([error.where, error.option], ["Idle/a", "placement"])
      }
      for (const placement of ["here", "spread", { thread: -1 }] as const) {
        yield* Effect.scoped(Idle.spawn("a", { placement }))
      }
    }).pipe(Effect.scoped, Effect.provide(live({}).pipe(Layer.provideMerge(ActorSystem.layer)))))
})
