/** More messages than rings and mailboxes hold: senders wait, nothing is lost or reordered, and control goes on. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { performance } from "node:perf_hooks"
import { ActorSystem } from "shared-nothing"
import * as System from "../fixtures/system.ts"
import { elapse, until, untilEffect } from "../support/until.ts"
import { threads, untilStarted, within } from "./threads.ts"

const { Endless, Narrow, Newest, Oldest, Probe, Relay, Strict } = System

const at = (thread: number) => ({ placement: { thread } }) as const

/** The least ring: about two hundred notes. */
const small = { ring: { capacityBytes: 4096 } } as const

const numbers = (count: number, from = 0): ReadonlyArray<number> => Array.from({ length: count }, (_, i) => from + i)

/** All credit is back once everything was handled: at most what is owed until the receiver rests. */
const untilIdle = (ref: { readonly depth: Effect.Effect<number> }) =>
  untilEffect(Effect.map(ref.depth, (depth) => depth === 0), ref.depth, 3_000)

describe("a ring smaller than the burst", () => {
  it.live("makes the sender wait and keeps the order", () =>
    within(
      threads(small),
      Effect.gen(function*() {
        const probe = yield* Probe.spawn("a")
        for (const n of numbers(5_000)) yield* probe.tell.Note({ n })
        assert.strictEqual(yield* probe.ask.Count(), 5_000)
        const other = yield* Probe.spawn("b")
        for (let round = 0; round < 10; round++) {
          yield* probe.tell.Block({ millis: 5 })
          for (const _ of numbers(300)) yield* probe.tell.Note({ n: 0 })
          for (const n of numbers(10, round * 10)) yield* other.tell.Note({ n })
        }
        assert.deepStrictEqual(yield* other.ask.Notes(), numbers(100))
        yield* untilIdle(probe)
        yield* untilIdle(other)
      })
    ))

  it.live("says to tellUnsafe that there is no room, and takes again when there is", () =>
    within(
      threads(small),
      Effect.gen(function*() {
        const probe = yield* Endless.spawn("a")
        yield* untilStarted(probe.tell.Block({ millis: 150 }))
        let taken = 0
        while (taken < 10_000 && probe.tellUnsafe.Note({ n: taken })) taken++
        assert.isAbove(taken, 100)
        assert.isBelow(taken, 1_000)
        yield* untilEffect(Effect.sync(() => probe.tellUnsafe.Note({ n: taken })), probe.depth)
        assert.strictEqual(yield* probe.ask.Count(), taken + 1)
        yield* untilIdle(probe)
      })
    ))

  it.live("carries replies that found the ring full, each to its asker", () =>
    within(
      threads(small),
      Effect.gen(function*() {
        const probe = yield* Probe.spawn("a")
        for (let round = 0; round < 5; round++) {
          const asks = yield* Effect.forEach(numbers(100), (i) =>
            Effect.forkChild(
              Effect.map(probe.ask.Repeat({ times: 300 + i }), (text) => text.length),
              {
                startImmediately: true
              }
            ))
          assert.deepStrictEqual(yield* Effect.forEach(asks, Fiber.join), numbers(100, 300))
        }
        yield* untilIdle(probe)
      })
    ))

  it.live("opens the way to an actor before its first message, whatever the ring has room for", () =>
    within(
      threads(small),
      Effect.gen(function*() {
        const busy = yield* Endless.spawn("busy")
        for (let round = 0; round < 10; round++) {
          const fresh = yield* Strict.spawn(`fresh ${round}`)
          const dropping = yield* Newest.spawn(`dropping ${round}`)
          yield* busy.tell.Block({ millis: 20 })
          while (busy.tellUnsafe.Note({ n: 1 }));
          // First contact while the link is blocked: nothing may overtake the record that opens the slot.
          const asked = yield* Effect.forkChild(Effect.exit(dropping.ask.Count(undefined, { timeout: "5 seconds" })), {
            startImmediately: true
          })
          let taken = 0
          const deadline = performance.now() + 3_000
          while (taken < 3 && performance.now() < deadline) {
            if (fresh.tellUnsafe.Note({ n: taken })) taken++
            else yield* Effect.yieldNow
          }
          assert.deepStrictEqual(yield* fresh.ask.Notes(), [0, 1, 2])
          const exit = yield* Fiber.join(asked)
          assert.match(String(exit), /Success\(0\)|MailboxFull/)
        }
      })
    ))

  it.live("lets the sender sleep while the receiver is stuck", () =>
    within(
      threads(small),
      Effect.gen(function*() {
        const probe = yield* Endless.spawn("a")
        yield* untilStarted(probe.tell.Block({ millis: 600 }))
        while (probe.tellUnsafe.Note({ n: 1 }));
        const waiting = yield* Effect.forkChild(probe.tell.Note({ n: 2 }), { startImmediately: true })
        yield* elapse(20)
        const before = performance.eventLoopUtilization()
        yield* elapse(300)
        const { utilization } = performance.eventLoopUtilization(before)
        assert.isUndefined(waiting.pollUnsafe())
        assert.isBelow(utilization, 0.5)
        yield* Fiber.join(waiting)
      })
    ))
})

describe("a full mailbox on another thread", () => {
  it.live("with room for one hands message after message over, in order, from three senders", () =>
    within(
      threads({ threads: 2, ...small }),
      Effect.gen(function*() {
        const narrow = yield* Narrow.spawn("n", at(0))
        const relays = yield* Effect.forEach([0, 1], (i) => Relay.spawn(`r${i}`, at(i)))
        const floods = yield* Effect.forEach(relays, (relay, i) =>
          Effect.forkChild(relay.ask.FloodNarrow({ to: narrow, from: (i + 1) * 1_000, messages: 40 }), {
            startImmediately: true
          }))
        for (const n of numbers(40)) {
          yield* narrow.tell.Note({ n })
        }
        yield* Effect.forEach(floods, Fiber.join)
        // What a worker has sent may still be on its way when its own reply is here.
        yield* untilEffect(
          Effect.map(narrow.ask.Count(), (count) =>
            count === 120),
          narrow.ask.Count()
        )
        const notes = yield* narrow.ask.Notes()
        for (const from of [0, 1_000, 2_000]) {
          assert.deepStrictEqual(
            notes.filter((n) =>
              n >= from && n < from + 1_000
            ),
            numbers(40, from)
          )
        }
        yield* untilIdle(narrow)
      })
    ))

  it.live("refuses what it cannot take with \"fail\", and takes exactly its capacity", () =>
    within(
      threads(),
      Effect.gen(function*() {
        const strict = yield* Strict.spawn("s")
        yield* strict.tell.Block({ millis: 100 })
        const exits = yield* Effect.forEach(numbers(10), (n) => Effect.exit(strict.tell.Note({ n })))
        assert.strictEqual(exits.filter(Exit.isSuccess).length, 3)
        const refused = exits.find(Exit.isFailure)
        assert.match(String(refused), /MailboxFull.*Strict\/s is full \(4 messages\): Note was not enqueued/)
        yield* untilEffect(Effect.map(Effect.option(strict.ask.Notes()), (o) => o._tag === "Some"), strict.depth)
        assert.deepStrictEqual(yield* strict.ask.Notes(), [0, 1, 2])
        yield* untilIdle(strict)
      })
    ))

  it.live("keeps the oldest with \"dropNewest\" and the newest with \"dropOldest\", and never drops an ask", () =>
    within(
      threads(),
      Effect.gen(function*() {
        for (const [actor, kept] of [[Newest, [0, 1, 2, 3]], [Oldest, [16, 17, 18, 19]]] as const) {
          const ref = yield* (actor as typeof Newest).spawn("d")
          yield* untilStarted(ref.tell.Block({ millis: 100 }))
          for (const n of numbers(20)) yield* ref.tell.Note({ n })
          const asked = yield* Effect.exit(ref.ask.Count())
          assert.match(String(asked), /Success|MailboxFull/)
          yield* untilEffect(Effect.map(Effect.option(ref.ask.Notes()), (o) => o._tag === "Some"), ref.depth)
          assert.deepStrictEqual(yield* ref.ask.Notes(), kept)
          yield* untilIdle(ref)
        }
      })
    ))

  it.live("gives the credit of everything back: tells, asks, withdrawn asks, crashes, late messages", () =>
    within(
      threads(small),
      Effect.gen(function*() {
        const probe = yield* Probe.spawn("a")
        for (let round = 0; round < 3; round++) {
          for (const n of numbers(300)) yield* probe.tell.Note({ n })
          yield* Effect.forEach(numbers(300), () => probe.ask.Count(), { concurrency: 50 })
          yield* Effect.forEach(numbers(50), () => Effect.exit(Effect.timeout(probe.ask.Hang(), 3)), {
            concurrency: 25
          })
          yield* Effect.forEach(numbers(20), () => Effect.exit(probe.ask.Hang(undefined, { timeout: 2 })), {
            concurrency: 20
          })
          yield* probe.tell.Fail({ why: "nobody asked" })
        }
        yield* Effect.exit(probe.ask.Boom({ why: "once" }))
        for (const n of numbers(10)) yield* probe.tell.Note({ n })
        yield* untilEffect(
          Effect.map(Effect.option(probe.ask.Count()), (count) => count._tag === "Some" && count.value === 10),
          probe.depth
        )
        yield* untilIdle(probe)
      })
    ))

  it.live("takes a sender that was interrupted while it waited off the queue, with its message", () =>
    within(
      threads(),
      Effect.gen(function*() {
        const narrow = yield* Narrow.spawn("n")
        yield* narrow.tell.Block({ millis: 100 })
        const tells = yield* Effect.forEach(numbers(6), (n) =>
          Effect.forkChild(narrow.tell.Note({ n }), { startImmediately: true }))
        yield* Fiber.interrupt(tells[2]!)
        yield* Fiber.interrupt(tells[4]!)
        for (const i of [0, 1, 3, 5]) {
          yield* Fiber.join(tells[i]!)
        }
        assert.deepStrictEqual(yield* narrow.ask.Notes(), [0, 1, 3, 5])
        yield* untilIdle(narrow)
      })
    ))
})

describe("two workers that flood each other", () => {
  it.live("make progress with full rings in both directions", () =>
    within(
      threads({ threads: 2, ...small }),
      Effect.gen(function*() {
        const probes = [yield* Probe.spawn("p0", at(0)), yield* Probe.spawn("p1", at(1))] as const
        const relays = [yield* Relay.spawn("r0", at(0)), yield* Relay.spawn("r1", at(1))] as const
        const more = [yield* Relay.spawn("s0", at(0)), yield* Relay.spawn("s1", at(1))] as const
        const floods = yield* Effect.forEach([...relays, ...more], (relay, i) =>
          Effect.forkChild(
            relay.ask.Flood({ to: probes[1 - i % 2]!, from: 0, messages: 3_000 }, { timeout: "20 seconds" }),
            {
              startImmediately: true
            }
          ))
        // The main thread floods both meanwhile.
        for (const n of numbers(2_000)) {
          yield* probes[0].tell.Note({ n })
          yield* probes[1].tell.Note({ n })
        }
        yield* Effect.forEach(floods, Fiber.join)
        for (const probe of probes) {
          yield* untilEffect(
            Effect.map(probe.ask.Count(), (count) => count === 8_000),
            probe.ask.Count()
          )
          yield* untilIdle(probe)
        }
        for (const [i, relay] of relays.entries()) {
          yield* untilEffect(
            Effect.map(relay.ask.Depth({ to: probes[1 - i]! }), (depth) => depth === 0),
            relay.ask.Depth({ to: probes[1 - i]! })
          )
        }
      })
    ))

  it.live("may ask each other in a ring of asks with full mailboxes", () =>
    within(
      threads({ threads: 2, ...small }),
      Effect.gen(function*() {
        const probe = yield* Probe.spawn("p", at(0))
        const relays = yield* Effect.forEach(numbers(4), (i) => Relay.spawn(`r${i}`, at(i % 2)))
        const counts = yield* Effect.forEach(numbers(400), (i) => relays[i % 4]!.ask.AskCount({ to: probe }), {
          concurrency: 200
        })
        assert.deepStrictEqual(counts, new Array(400).fill(0))
      })
    ))
})

describe("control", () => {
  it.live("goes on while the ring and the mailboxes of a thread are full: inspect, interrupt, stop", () =>
    within(
      threads(small),
      Effect.gen(function*() {
        const probe = yield* Probe.spawn("a")
        const hanging = yield* Effect.forkChild(Effect.exit(probe.ask.Hang(undefined, { timeout: "30 seconds" })), {
          startImmediately: true
        })
        const doomed = yield* Effect.forkChild(Effect.scoped(Effect.gen(function*() {
          const stuck = yield* Probe.spawn("doomed")
          yield* Effect.forEach(numbers(500), (n) => Effect.forkChild(Effect.exit(stuck.tell.Note({ n }))))
          return yield* Effect.exit(Effect.timeout(stuck.ask.Hang(undefined, { timeout: "30 seconds" }), 50))
        })))
        const full = yield* Effect.forkChild(
          Effect.forEach(numbers(3_000), (n) => probe.tell.Note({ n }), { discard: true }),
          { startImmediately: true }
        )
        assert.match(JSON.stringify(yield* ActorSystem.tree), /"name":"a","kind":"actor"/)
        assert.isTrue(Exit.isFailure(yield* Fiber.join(doomed)))
        assert.notMatch(JSON.stringify(yield* ActorSystem.tree), /doomed/)
        assert.isUndefined(full.pollUnsafe())
        yield* Fiber.interrupt(hanging)
        yield* Fiber.join(full)
        assert.strictEqual(yield* probe.ask.Interrupted(), 1)
        assert.strictEqual(yield* probe.ask.Count(), 3_000)
      })
    ))
})

describe("rest", () => {
  it.live("loses no wake-up: single messages with pauses from both sides are all answered", () =>
    within(
      threads({ threads: 2 }),
      Effect.gen(function*() {
        const probe = yield* Probe.spawn("a", at(0))
        const relay = yield* Relay.spawn("r", at(1))
        for (let i = 0; i < 3_000; i++) {
          const exit = yield* Effect.exit(probe.ask.Count(undefined, { timeout: "3 seconds" }))
          assert.isTrue(Exit.isSuccess(exit), `ask ${i}: ${String(exit)}`)
          // From no pause at all to longer than a thread looks around before it parks.
          if (i % 3 === 0) yield* Effect.yieldNow
          if (i % 7 === 0) yield* until(() => true, () => i)
          if (i % 10 === 0) yield* elapse(i % 4)
          if (i % 50 === 0) assert.strictEqual(yield* relay.ask.AskCount({ to: probe }, { timeout: "3 seconds" }), 0)
        }
      })
    ))

  it.live("costs next to nothing", () =>
    within(
      threads({ threads: 4 }),
      Effect.gen(function*() {
        const probes = yield* Effect.forEach(numbers(4), (i) => Probe.spawn(`p${i}`, at(i)))
        for (const probe of probes) yield* probe.ask.Count()
        yield* elapse(300)
        // The best of three: other test files share the machine, and not this process.
        let least = Infinity
        for (let i = 0; i < 3; i++) {
          const before = process.cpuUsage()
          yield* elapse(400)
          const { system, user } = process.cpuUsage(before)
          least = Math.min(least, (system + user) / 400_000)
        }
        assert.isBelow(least, 0.15)
        for (const probe of probes) assert.strictEqual(yield* probe.ask.Count(), 0)
      })
    ))
})
