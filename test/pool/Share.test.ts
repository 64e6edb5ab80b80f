/** What a batch inside of a job has under way, as far as others leave it room. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scheduler from "effect/Scheduler"
import type { Recipient } from "../../src/actor/kernel/Recipient.ts"
import { Share } from "../../src/pool/internal/share.ts"
import { seeded } from "../memory/seeded.ts"

const made = (most: number) => {
  const room = { depth: 0 }
  const recipient = { depth: () => room.depth } as unknown as Recipient
  const batches = { underWay: 0, most }
  return { batches, room, share: () => new Share(recipient, batches) }
}

const fork = <A, E>(effect: Effect.Effect<A, E>) => Effect.forkChild(effect, { startImmediately: true })

/** Has a fiber give way at its next step. */
class Reluctant extends Scheduler.MixedScheduler {
  isArmed = false

  override shouldYield(fiber: Fiber.Fiber<unknown, unknown>): boolean {
    if (!this.isArmed) return super.shouldYield(fiber)
    this.isArmed = false
    return true
  }
}

describe("a batch in a job", () => {
  it.effect("has something under way whatever others have, and more only while there is room, in order", () =>
    Effect.gen(function*() {
      const { batches, room, share } = made(3)
      const one = share()
      const begun: Array<string> = []
      const item = (of: Share, name: string, gate: Deferred.Deferred<void>) =>
        of.within(Effect.andThen(Effect.sync(() => begun.push(name)), Deferred.await(gate)))
      const gates = [0, 1, 2, 3, 4].map(() => Deferred.makeUnsafe<void>())
      const fibers = []
      for (const [n, gate] of gates.entries()) fibers.push(yield* fork(item(one, `a${n}`, gate)))
      assert.deepStrictEqual(begun, ["a0", "a1", "a2"])
      // All that there should be is under way, and another batch begins all the same.
      const [first, second] = [Deferred.makeUnsafe<void>(), Deferred.makeUnsafe<void>()]
      const other = share()
      fibers.push(yield* fork(item(other, "b0", first)), yield* fork(item(other, "b1", second)))
      assert.deepStrictEqual(begun.splice(0), ["a0", "a1", "a2", "b0"])
      yield* Deferred.succeed(gates[1]!, undefined)
      yield* Fiber.join(fibers[1]!)
      // There are three.
      assert.deepStrictEqual(begun, [])
      yield* Deferred.succeed(gates[0]!, undefined)
      yield* Fiber.join(fibers[0]!)
      assert.deepStrictEqual(begun.splice(0), ["a3"])
      room.depth = 9
      yield* Deferred.succeed(gates[2]!, undefined)
      yield* Fiber.join(fibers[2]!)
      assert.deepStrictEqual(begun, [])
      yield* Deferred.succeed(gates[3]!, undefined)
      yield* Deferred.succeed(gates[4]!, undefined)
      yield* Deferred.succeed(first, undefined)
      yield* Deferred.succeed(second, undefined)
      yield* Fiber.joinAll(fibers)
      assert.deepStrictEqual([begun, batches.underWay], [["a4", "b1"], 0])
    }))

  it.effect("has its account closed by one that is interrupted just when it is let in", () =>
    Effect.gen(function*() {
      const { batches, share } = made(1)
      const one = share()
      const gate = Deferred.makeUnsafe<void>()
      const first = yield* fork(one.within(Deferred.await(gate)))
      let hasBegun = false
      // It gives way once, when it is armed.
      const scheduler = new Reluctant()
      const steps = Effect.provideService(
        one.within(Effect.sync(() => void (hasBegun = true))),
        Scheduler.Scheduler,
        scheduler
      )
      const second = yield* fork(steps)
      // Its turn comes with the end of the first, and it has not gone on by then.
      first.addObserver(() => second.interruptUnsafe())
      scheduler.isArmed = true
      yield* Deferred.succeed(gate, undefined)
      assert.isTrue(Exit.hasInterrupts(yield* Fiber.await(second)))
      assert.deepStrictEqual([hasBegun, batches.underWay], [false, 0])
      assert.strictEqual(yield* one.within(Effect.succeed(1)), 1)
    }))

  it.effect("has its account closed however its items end, and lets in whoever waits", () =>
    Effect.gen(function*() {
      for (let seed = 1; seed <= 30; seed++) {
        const below = seeded(seed)
        const { batches, share } = made(1 + below(3))
        const shares = [share(), share(), share()]
        const fibers: Array<Fiber.Fiber<unknown, unknown>> = []
        for (let step = 0; step < 60; step++) {
          if (below(3) > 0) {
            const kinds = [Effect.yieldNow, Effect.die("torn"), Effect.fail("no"), Effect.interrupt, Effect.void]
            const item = Effect.andThen(Effect.yieldNow, kinds[below(kinds.length)]!)
            fibers.push(yield* fork(Effect.exit(shares[below(3)]!.within(item as Effect.Effect<unknown, string>))))
          } else if (fibers.length > 0) fibers[below(fibers.length)]!.interruptUnsafe()
          if (below(4) === 0) yield* Effect.yieldNow
        }
        for (const fiber of fibers) yield* Fiber.await(fiber)
        assert.strictEqual(batches.underWay, 0)
      }
    }))
})
