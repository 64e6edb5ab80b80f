/** Parcels do not travel from actor to actor between threads: who sends one is told so, and keeps it. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor, Parcel, ThreadArenas } from "shared-nothing"
import { REFUSED, TAKEN } from "../../src/actor/kernel/Recipient.ts"
import * as Arena from "../../src/memory/Arena.ts"
import { usage } from "../../src/memory/ArenaUsage.ts"
import { stage } from "./stage.ts"

const arena = Effect.suspend(() => ThreadArenas.open(Arena.create({ capacityBytes: 64 * 4096, blockBytes: 4096 }), 1))

const Porter = Actor.make("Porter", [
  Rpc.make("Carry", { payload: { load: Parcel.Unique } }),
  Rpc.make("Perhaps", { payload: { load: Schema.Option(Parcel.Unique) }, success: Schema.Int }),
  Rpc.make("Fetch", { success: Parcel.Unique }),
  Rpc.make("Count", { success: Schema.Int })
])

const [carry, perhaps, fetch, count] = [0, 1, 2, 3]

/** A porter on thread 1, seen from thread 0, and a parcel of thread 0. */
const setUp = Effect.gen(function*() {
  const end = yield* arena
  const load = yield* Parcel.allocate(end, 5000)
  let carried = 0
  const behaviours = Porter.toLayer(Effect.succeed(Porter.of({
    Carry: () => Effect.sync(() => void carried++),
    Perhaps: () => Effect.sync(() => ++carried),
    Fetch: () => Effect.succeed(load),
    Count: () => Effect.sync(() => carried)
  })))
  const on = yield* stage({ behaviours: behaviours })
  const { seenFrom } = yield* on.spawn(1, Porter.protocol, "porter")
  const far = seenFrom(0)
  const ask = (index: number, payload: unknown) => {
    const exits: Array<Exit.Exit<unknown, unknown>> = []
    far.askUnsafe(index, payload, 10_000, (exit) => void exits.push(exit))
    on.steps.settle()
    assert.strictEqual(exits.length, 1)
    return exits[0]!
  }
  return { ask, end, far, load, on, carried: () => carried }
})

describe("a parcel", () => {
  it.effect("in a tell is refused at its sender, who keeps it; the other messages go on", () =>
    Effect.scoped(Effect.gen(function*() {
      const { ask, carried, end, far, load, on } = yield* setUp
      assert.deepStrictEqual(ask(count, undefined), Exit.succeed(0))
      const before = usage(end.buffer).usedBytes
      for (let n = 0; n < 3; n++) {
        const outcome = far.tell(carry, { load }, undefined)
        assert.strictEqual(outcome, REFUSED)
        const refusal = far.refusal(carry, { load })
        assert.strictEqual(refusal._tag, "InvalidPayload")
        assert.match(refusal.message, /Carry to Porter\/porter .* a parcel does not travel .* SharedChannel/)
      }
      on.steps.settle()
      assert.strictEqual(carried(), 0)
      assert.strictEqual(usage(end.buffer).usedBytes, before)
      // Still its sender's.
      load.bytes[0] = 7
      assert.strictEqual(load.bytes[0], 7)
      assert.deepStrictEqual(ask(count, undefined), Exit.succeed(0))
    })))

  it.effect("that may be in an ask is refused too, and leaves the ask settled once", () =>
    Effect.scoped(Effect.gen(function*() {
      const { ask } = yield* setUp
      const exit = ask(perhaps, { load: Option.none() })
      assert.match(String(Exit.isFailure(exit) && exit.cause), /InvalidPayload.*a parcel does not travel/s)
    })))

  it.effect("in a reply is a defect of the ask that says so", () =>
    Effect.scoped(Effect.gen(function*() {
      const { ask } = yield* setUp
      const exit = ask(fetch, undefined)
      assert.match(String(Exit.isFailure(exit) && exit.cause), /the reply to Fetch can hold a parcel/)
    })))

  it.effect("goes to an actor of its own thread as it is", () =>
    Effect.scoped(Effect.gen(function*() {
      const { carried, load, on } = yield* setUp
      const { cell } = yield* on.spawn(1, Porter.protocol, "beside")
      assert.strictEqual(cell.tell(carry, { load }, undefined), TAKEN)
      on.steps.settle()
      assert.strictEqual(carried(), 1)
    })))
})
