/** References between threads: sent, asked through, passed on, and what they answer when their actor has gone. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as System from "../fixtures/system.ts"
import { untilEffect } from "../support/until.ts"
import { threads, untilStarted, within } from "../system/threads.ts"

const { Probe, Relay } = System

const at = (thread: number) => ({ placement: { thread } }) as const

const everyOther = (workers: number, round = "first") =>
  Effect.gen(function*() {
    const all = Array.from({ length: workers }, (_, worker) => worker)
    const probes = yield* Effect.forEach(all, (i) => Probe.spawn(`${round}-p${i}`, at(i)))
    const relays = yield* Effect.forEach(all, (i) => Relay.spawn(`${round}-r${i}`, at(i)))
    const ids = yield* Effect.forEach(probes, (probe) => Effect.map(probe.ask.Where(), (where) => where.threadId))
    assert.strictEqual(new Set(ids).size, workers)
    for (const relay of relays) {
      for (const [i, to] of probes.entries()) {
        assert.strictEqual((yield* relay.ask.AskWhere({ to }, { timeout: "3 seconds" })).threadId, ids[i])
      }
    }
  })

describe("references between threads", () => {
  it.live("are asked through from every worker to every other, on first contact", () =>
    within(threads({ threads: 3 }), everyOther(3)))

  it.live(
    "are asked through among many workers, each of which looks only where there is something, and by one that has come back",
    () =>
      within(
        threads({ threads: 9, intensity: { restarts: 10, within: "1 minute" } }),
        Effect.gen(function*() {
          yield* everyOther(9)
          const killer = yield* Probe.spawn("killer", at(4))
          yield* Effect.flip(killer.ask.Exit({ code: 1 }))
          yield* untilEffect(Effect.map(Effect.exit(killer.ask.Count()), Exit.isSuccess), Effect.succeed("up"))
          yield* everyOther(9, "again")
        })
      ),
    60_000
  )

  it.live("come back as what they are: the same reference, also of an actor of the main thread", () =>
    within(
      System.Behaviours.pipe(Layer.provideMerge(threads({ threads: 2 }))),
      Effect.gen(function*() {
        const here = yield* Probe.spawn("here", { placement: "here" })
        const remote = yield* Probe.spawn("remote", at(0))
        const relay = yield* Relay.spawn("r", at(1))
        for (const ref of [here, remote]) {
          const back = yield* relay.ask.Pass({ to: ref })
          assert.strictEqual(back.key, ref.key)
          yield* back.tell.Note({ n: 1 })
          assert.deepStrictEqual(yield* ref.ask.Notes(), [1])
          assert.strictEqual(yield* relay.ask.AskCount({ to: ref }), 1)
          yield* relay.ask.Flood({ to: ref, from: 2, messages: 300 })
          yield* untilEffect(Effect.map(ref.ask.Count(), (count) => count === 301), ref.ask.Count())
        }
      })
    ))

  it.live("reach an actor that a worker has spawned, from everywhere, until it ends", () =>
    within(
      threads({ threads: 2, intensity: { restarts: 10, within: "1 minute" } }),
      Effect.gen(function*() {
        const owner = yield* Relay.spawn("owner", at(0))
        const relay = yield* Relay.spawn("r", at(1))
        const killer = yield* Probe.spawn("killer", at(0))
        const child = yield* owner.ask.Child({ key: "child" })
        assert.strictEqual((yield* child.ask.Where()).key, "owner-child")
        yield* child.tell.Note({ n: 1 })
        assert.strictEqual(yield* relay.ask.AskCount({ to: child }), 1)
        // Its thread dies, and it with it: the next incarnation may reuse every number.
        yield* Effect.flip(killer.ask.Exit({ code: 1 }))
        yield* untilEffect(Effect.map(Effect.exit(killer.ask.Count()), Exit.isSuccess), Effect.succeed("up"))
        const reborn = yield* owner.ask.Child({ key: "reborn" })
        assert.strictEqual((yield* reborn.ask.Where()).key, "owner-reborn")
        yield* untilEffect(
          Effect.map(Effect.exit(child.ask.Where()), (exit) => String(exit).includes("ActorStopped")),
          Effect.map(Effect.exit(child.ask.Where()), String)
        )
        assert.strictEqual((yield* Effect.flip(child.tell.Note({ n: 2 })))._tag, "ActorStopped")
        yield* untilEffect(
          Effect.map(relay.ask.Tell({ to: child, n: 2 }), (answer) => answer === "ActorStopped"),
          relay.ask.Tell({ to: child, n: 2 })
        )
        assert.strictEqual(yield* reborn.ask.Count(), 0)
      })
    ))

  it.live("of a worker that died fail the asks of other workers once, and work again after its restart", () =>
    within(
      threads({ threads: 2, intensity: { restarts: 10, within: "1 minute" } }),
      Effect.gen(function*() {
        const probe = yield* Probe.spawn("p", at(0))
        const killer = yield* Probe.spawn("k", at(0))
        const relay = yield* Relay.spawn("r", at(1))
        const other = yield* Relay.spawn("s", at(1))
        for (let round = 0; round < 4; round++) {
          const hanging = yield* untilStarted(
            Effect.forkChild(relay.ask.AskHang({ to: probe }, { timeout: "30 seconds" }), { startImmediately: true })
          )
          yield* Effect.flip(killer.ask.Exit({ code: 1 }))
          assert.strictEqual(yield* Fiber.join(hanging), "ThreadLost")
          // A tell from the other worker waits for the thread, and is the first that the new incarnation sees.
          assert.strictEqual(yield* other.ask.Tell({ to: probe, n: round }, { timeout: "10 seconds" }), "taken")
          yield* untilEffect(
            Effect.map(Effect.option(probe.ask.Count()), (count) => count._tag === "Some" && count.value === 1),
            Effect.succeed("one note")
          )
        }
      })
    ))

  it.live("interrupt a handler two threads away when the asker goes", () =>
    within(
      threads({ threads: 2 }),
      Effect.gen(function*() {
        const probe = yield* Probe.spawn("p", at(0))
        const relay = yield* Relay.spawn("r", at(1))
        const asking = yield* untilStarted(
          Effect.forkChild(relay.ask.AskHang({ to: probe }), { startImmediately: true })
        )
        yield* Fiber.interrupt(asking)
        assert.strictEqual(yield* probe.ask.Interrupted(), 1)
        assert.isTrue(Exit.isFailure(yield* Effect.exit(relay.ask.AskHang({ to: probe }, { timeout: 20 }))))
        assert.strictEqual(yield* probe.ask.Interrupted(), 2)
      })
    ))
})
