/** What a thread does in one turn of its event loop: what it reads and its actors have one budget of time together. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Rpc from "effect/rpc/Rpc"
import * as Scheduler from "effect/Scheduler"
import * as Schema from "effect/Schema"
import { Actor } from "shared-nothing"
import { Dispatcher } from "../../src/actor/kernel/Dispatcher.ts"
import { Loop } from "../../src/link/internal/loop.ts"
import * as Doorbell from "../../src/memory/Doorbell.ts"
import type { Runtime } from "../../src/runtime/Runtime.ts"
import { BUDGET_MILLIS, Turn } from "../../src/runtime/Turn.ts"
import { runtime } from "../../src/thread/ThreadRuntime.ts"
import { type Stage, stage } from "./stage.ts"

/** Takes so long. */
const Slow = Actor.make("Slow", [Rpc.make("Work", { payload: { whose: Schema.String, millis: Schema.Int } })])

const MESSAGES = 200

const busy = Effect.gen(function*() {
  const worked: Record<string, number> = {}
  let steps: Stage["steps"] | undefined = undefined
  const SlowLive = Slow.toLayer(Effect.succeed(Slow.of({
    Work: ({ millis, whose }) => {
      worked[whose] = (worked[whose] ?? 0) + 1
      steps!.now += millis
      return Effect.void
    }
  })))
  const made = yield* stage({ behaviours: SlowLive, ringBytes: 65_536 })
  steps = made.steps
  const spawn = (key: string) => made.spawn(0, Slow.protocol, key)
  /** Floods an actor from its own thread. */
  const fill = (
    { cell }: { readonly cell: { tell: (index: number, payload: unknown, span: undefined) => unknown } },
    whose: string
  ) => {
    for (let n = 0; n < MESSAGES; n++) cell.tell(0, { whose, millis: 1 }, undefined)
  }
  return { ...made, fill, spawn, steps, worked }
})

describe("a turn of the event loop", () => {
  it.effect("is one budget of time for links and actors, as long as the thread looks at its links", () =>
    Effect.scoped(Effect.gen(function*() {
      const { fill, spawn, steps, worked } = yield* busy
      const [a, b] = [yield* spawn("a"), yield* spawn("b")]
      a.seenFrom(1).tell(0, { whose: "opened", millis: 1 }, undefined)
      steps.settle()
      fill(a, "a")
      fill(b, "b")
      a.seenFrom(1).tell(0, { whose: "remote", millis: 1 }, undefined)
      const took: Array<number> = []
      while ((worked["a"] ?? 0) + (worked["b"] ?? 0) < 2 * MESSAGES) {
        steps.round(1)
        took.push(steps.round(0))
      }
      // The one that was under way when the time was up, and what had been scheduled before the loop was there.
      assert.isAtMost(Math.max(...took.slice(2)), BUDGET_MILLIS + 1)
      steps.settle()
      assert.deepStrictEqual(worked, { opened: 1, remote: 1, a: MESSAGES, b: MESSAGES })
    })))

  it.effect("has time for what is read and for actors, whichever could use up all of it", () =>
    Effect.scoped(Effect.gen(function*() {
      const { fill, spawn, steps, worked } = yield* busy
      const [near, far] = [yield* spawn("near"), yield* spawn("far")]
      const remote = far.seenFrom(1)
      remote.tell(0, { whose: "far", millis: 1 }, undefined)
      steps.settle()
      fill(near, "near")
      const seen: Array<readonly [number, number]> = []
      for (let rounds = 0; rounds < 20; rounds++) {
        // Its actor has nothing else to do: it is handled while it is read, and the turn is over.
        remote.tell(0, { whose: "far", millis: BUDGET_MILLIS + 1 }, undefined)
        steps.round(1)
        const [before, farBefore] = [worked["near"] ?? 0, worked["far"]!]
        steps.round(0)
        seen.push([(worked["near"] ?? 0) - before, worked["far"]! - farBefore])
      }
      // What was scheduled before is done by then.
      for (let i = 4; i < seen.length; i++) {
        for (const which of [0, 1]) {
          const inThree = seen.slice(i - 2, i + 1).reduce((sum, one) => sum + one[which]!, 0)
          assert.isAbove(inThree, 0, `${which}: ${JSON.stringify(seen)}`)
        }
      }
    })))

  it.effect("runs actors also when the links rest, and when they are closed", () =>
    Effect.scoped(Effect.gen(function*() {
      const { fill, nodes, spawn, steps, worked } = yield* busy
      const a = yield* spawn("a")
      steps.settle()
      fill(a, "a")
      steps.settle()
      assert.strictEqual(worked["a"], MESSAGES)
      a.seenFrom(1).tell(0, { whose: "remote", millis: 1 }, undefined)
      steps.step(1)
      // The loop is about to have a turn, and has none.
      nodes[0]!.home.signals.expect()
      fill(a, "a")
      nodes[0]!.close()
      steps.settle()
      assert.strictEqual(worked["a"], 2 * MESSAGES)
    })))

  it("is an actor's own when it becomes ready while the loop parks", () => {
    const tasks: Array<() => void> = []
    let now = 0
    const threaded: Runtime = {
      ...runtime,
      nowMillis: () => now += 0.1,
      immediate: (task) => void tasks.push(task),
      waitAsync: () => true
    }
    const turn = new Turn(threaded)
    const dispatcher = new Dispatcher(new Scheduler.MixedScheduler(), threaded, turn)
    let runs = 0
    const loop = new Loop(
      {
        pass: () => 0,
        rest: () => dispatcher.enqueue({ run: () => void runs++, failed: () => {} }),
        isQuiet: () => true,
        maySpin: () => false,
        isFar: () => false,
        parked: () => dispatcher.resume(),
        failed: () => {}
      },
      new Doorbell.Doorbell(Doorbell.create(1), 0),
      0,
      threaded,
      turn
    )
    dispatcher.driveBy(loop)
    for (let left = 100; left > 0 && tasks.length > 0; left--) tasks.shift()!()
    assert.deepStrictEqual([runs, tasks.length, loop.isComing], [1, 0, false])
  })
})
