/** How long a thread that waits for another one looks at its rings before it rests. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { Doorbell } from "../../src/memory/Doorbell.ts"
import * as System from "../fixtures/system.ts"
import { accounts, stage, ZERO } from "./stage.ts"

const [count, note] = ["Count", "Note"].map((tag) => System.Probe.protocol.tags.indexOf(tag)) as [number, number]

const TURNS = 10
const LONG = 2

// Time stands still: who looks on without traffic does so for as long as it is let.
const probed = Effect.gen(function*() {
  const { nodes, spawn, steps } = yield* stage({ ringBytes: 65_536 })
  const { seenFrom } = yield* spawn(0, System.Probe.protocol, "p")
  const remote = seenFrom(1)
  let answered = 0
  const ask = () => void remote.askUnsafe(count, undefined, Infinity, () => answered++)
  // The first record opens the link and the slot of the actor.
  ask()
  steps.settle()
  const { bells } = nodes[1] as unknown as { readonly bells: ReadonlyArray<Doorbell> }
  /** Whether the thread that asks has rested in one of so many turns. */
  const hasRested = (turns: number): boolean =>
    Array.from({ length: turns }, () => {
      steps.step(1)
      return bells[1]!.isParked()
    }).includes(true)
  const settled = (asks: number) => {
    steps.settle()
    assert.strictEqual(answered, asks)
    for (const node of nodes) assert.deepStrictEqual(accounts(node), ZERO)
  }
  /** The thread that asks has been asleep for so long. */
  const sleep = (millis: number) => void (steps.now += millis)
  return { ask, hasRested, sleep, remote, settled, steps }
})

describe("a thread that has asked another one", () => {
  it.effect("rests at once when that was asleep: it may need the core", () =>
    Effect.scoped(Effect.gen(function*() {
      const { ask, hasRested, settled, sleep } = yield* probed
      sleep(LONG)
      ask()
      assert.isTrue(hasRested(1))
      settled(2)
    })))

  it.effect("looks for the reply when both have slept for a moment: they would never be awake together again", () =>
    Effect.scoped(Effect.gen(function*() {
      const { ask, hasRested, settled } = yield* probed
      ask()
      assert.isFalse(hasRested(TURNS))
      settled(2)
    })))

  it.effect("looks for the reply when that is awake", () =>
    Effect.scoped(Effect.gen(function*() {
      const { ask, hasRested, settled, sleep, steps } = yield* probed
      sleep(LONG)
      ask()
      steps.step(1)
      steps.step(0)
      sleep(LONG)
      ask()
      assert.isFalse(hasRested(TURNS))
      settled(3)
    })))

  it.effect("looks for the reply when it has only told a third one that was asleep", () =>
    Effect.scoped(Effect.gen(function*() {
      const { ask, hasRested, remote, settled, sleep, steps } = yield* probed
      sleep(LONG)
      remote.tell(note, { n: 1 }, undefined)
      steps.step(1)
      ask()
      assert.isFalse(hasRested(TURNS))
      settled(2)
    })))
})
