/** A system whose threads die in every way there is: what they held fails once, and everything else goes on. */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { type ActorError, ActorSystem, Tree } from "shared-nothing"
import * as System from "../fixtures/system.ts"
import { seeded } from "../memory/seeded.ts"
import { watching } from "../support/events.ts"
import { elapse, until, untilEffect } from "../support/until.ts"
import { crew, threads, untilStarted, within } from "../system/threads.ts"

const { Fragile, Narrow, Once, Probe, Relay } = System

const at = (thread: number) => ({ placement: { thread } }) as const

/** As many restarts as a test likes, whoever has had the thread when it died. */
const tireless = { strikeOff: false, intensity: { restarts: 10_000, within: "1 minute" } } as const

/** Asks until the actor answers, which is when its thread is up again. */
const whenUp = <A, E>(ask: Effect.Effect<A, E>): Effect.Effect<A> =>
  Effect.gen(function*() {
    const deadline = performance.now() + 60_000
    while (true) {
      const exit = yield* Effect.exit(ask)
      if (Exit.isSuccess(exit)) return exit.value
      if (performance.now() > deadline) assert.fail(`never up again: ${String(exit)}`)
      yield* Effect.sleep(2)
    }
  })

const tagOf = (exit: Exit.Exit<unknown, unknown>): string => {
  if (Exit.isSuccess(exit)) return "Success"
  const error = Cause.squash(exit.cause)
  return typeof error === "object" && error !== null && "_tag" in error ? String(error._tag) : String(error)
}

describe("a thread that dies", () => {
  const deaths = [
    ["process.exit in a handler (W02)", (p: Ref) => p.ask.Exit({ code: 3 }), /exited with code 3/, {}],
    ["an error that nobody catches (W01)", (p: Ref) => p.ask.Throw(), /nobody catches this/, {}],
    ["an endless loop (W03)", (p: Ref) => p.ask.Loop({ timeout: "1 minute" }), /made no progress/, {
      heartbeat: { interval: 20, timeout: 2_000 }
    }],
    ["a full heap (W05)", (p: Ref) => p.ask.Devour({ timeout: "1 minute" }), /ran out of heap/, {
      heartbeat: { timeout: "20 seconds" }
    }]
  ] as const
  type Ref = Effect.Success<ReturnType<typeof Probe.spawn>>
  for (const [title, die, reason, options] of deaths) {
    it.live(`by ${title} loses what was in flight there once, and nothing else`, () => {
      const { spawn } = crew("system", { resourceLimits: { maxOldGenerationSizeMb: 32 } })
      return within(
        threads({ spawn, threads: 2, ...options }),
        Effect.gen(function*() {
          const events = yield* watching
          const dying = yield* Probe.spawn("dying", at(0))
          const beside = yield* Probe.spawn("beside", at(0))
          const other = yield* Probe.spawn("other", at(1))
          const hanging = yield* Effect.forkChild(Effect.exit(beside.ask.Hang(undefined, { timeout: "30 seconds" })), {
            startImmediately: true
          })
          const elsewhere = yield* Effect.forkChild(Effect.exit(other.ask.Hang(undefined, { timeout: "30 seconds" })), {
            startImmediately: true
          })
          yield* beside.tell.Note({ n: 1 })
          const lost = yield* Effect.flip(die(dying))
          assert.strictEqual(lost._tag, "ThreadLost")
          assert.match(lost.message, reason)
          assert.strictEqual(tagOf(yield* Fiber.join(hanging)), "ThreadLost")
          // Down means down at once: an ask says so, a tell waits.
          assert.strictEqual((yield* Effect.flip(dying.ask.Count()))._tag, "ActorRestarting")
          assert.isFalse(dying.tellUnsafe.Note({ n: 0 }))
          yield* dying.tell.Note({ n: 1 })
          assert.deepStrictEqual(yield* whenUp(dying.ask.Notes()), [1])
          assert.deepStrictEqual(yield* whenUp(beside.ask.Notes()), [])
          assert.strictEqual(
            (yield* other.ask.Echo({ text: "alive" }).pipe(Effect.timeout(200), Effect.exit))._tag,
            "Failure"
          )
          assert.isUndefined(elsewhere.pollUnsafe())
          yield* Fiber.interrupt(elsewhere)
          assert.strictEqual(yield* other.ask.Interrupted(), 1)
          yield* until(() => events.length >= 2, () => events)
          assert.deepStrictEqual(events.map((event) => event._tag), ["ThreadEnded", "ThreadRestarted"])
          assert.deepInclude(events[1], { thread: "worker-0", restarts: 1, actors: 2 })
        })
      )
    })
  }

  it.live("is replaced by one that stands by, and the reserve is filled up again", () => {
    const { spawn, workers } = crew()
    return within(
      threads({ spawn, standby: 1, ...tireless }),
      Effect.gen(function*() {
        const events = yield* watching
        const system = yield* ActorSystem.ActorSystem
        const stands = (times: number) =>
          until(() => events.filter(({ _tag }) => _tag === "ThreadStandsBy").length === times, () => events)
        const probe = yield* Probe.spawn("a")
        yield* stands(1)
        assert.include(Tree.render(yield* system.tree), "standby-0 (thread) running")
        yield* Effect.flip(probe.ask.Exit({ code: 3 }))
        assert.strictEqual(yield* whenUp(probe.ask.Echo({ text: "again" })), "again")
        // Of the three that were started the second answers.
        assert.isTrue(workers[1]!.threadId > 0)
        yield* stands(2)
        yield* Effect.promise(() => workers[2]!.terminate())
        yield* stands(3)
        assert.deepStrictEqual(
          events.map((event) => "thread" in event ? `${event._tag} ${event.thread}` : event._tag),
          [
            "ThreadStandsBy standby-0",
            "ThreadEnded worker-0",
            "ThreadRestarted worker-0",
            "ThreadStandsBy standby-0",
            "ThreadEnded standby-0",
            "ThreadStandsBy standby-0"
          ]
        )
        assert.deepInclude(events[2], { isFromStandby: true })
        assert.strictEqual(yield* probe.ask.Echo({ text: "still" }), "still")
      })
    )
  })

  it.live("hands what its askers send in the same breath to the next incarnation", () =>
    within(
      threads(tireless),
      Effect.gen(function*() {
        const probe = yield* Probe.spawn("a")
        const beside = yield* Probe.spawn("b")
        for (let round = 1; round <= 3; round++) {
          // The continuation of a lost ask runs while the link is being taken down.
          const asker = yield* Effect.forkChild(
            Effect.andThen(
              Effect.flip(probe.ask.Hang(undefined, { timeout: "20 seconds" })),
              probe.tell.Note({ n: round })
            ),
            { startImmediately: true }
          )
          yield* Effect.flip(beside.ask.Exit({ code: 1 }))
          yield* Fiber.join(asker)
          assert.deepStrictEqual(yield* whenUp(probe.ask.Notes()), [round])
        }
      })
    ))

  it.live("counts what it had not read", () =>
    within(
      threads({ heartbeat: { interval: 20, timeout: 2_000 } }),
      Effect.gen(function*() {
        const events = yield* watching
        const probe = yield* Probe.spawn("a")
        yield* untilStarted(probe.tell.Loop())
        for (let n = 0; n < 100; n++) yield* probe.tell.Note({ n })
        yield* until(() => events.length === 2, () => events)
        assert.deepInclude(events[0], { _tag: "ThreadEnded", thread: "worker-0" })
        const { unread } = events[0] as ActorSystem.SystemEvent & { readonly _tag: "ThreadEnded" }
        // The message that killed it was read, and may never have been released.
        assert.isTrue(unread === 100 || unread === 101, String(unread))
        assert.strictEqual(yield* probe.ask.Count(), 0)
      })
    ))

  it.live("delivers what is told while it is down, in order, before what is told later", () =>
    within(
      threads(tireless),
      Effect.gen(function*() {
        const probe = yield* Probe.spawn("a")
        const narrow = yield* Narrow.spawn("n")
        for (let round = 0; round < 5; round++) {
          yield* Effect.flip(probe.ask.Exit({ code: 1 }))
          const tells = yield* Effect.forEach(
            Array.from({ length: 50 }, (_, n) => n),
            (n) =>
              Effect.forkChild(Effect.andThen(narrow.tell.Note({ n }), probe.tell.Note({ n })), {
                startImmediately: true
              })
          )
          yield* Effect.forEach(tells, Fiber.join)
          const all = Array.from({ length: 50 }, (_, n) => n)
          assert.deepStrictEqual(yield* narrow.ask.Notes(), all)
          assert.deepStrictEqual([...(yield* probe.ask.Notes())].sort((a, b) => a - b), all)
        }
      })
    ))

  it.live("gets its actors back in their order, under their names, and those that ended stay away", () =>
    within(
      threads(tireless),
      Effect.gen(function*() {
        const keys = Array.from({ length: 20 }, (_, i) => `k${i}`)
        const refs = yield* Effect.forEach(keys, (key) => Probe.spawn(key))
        const gone = yield* Effect.scoped(Probe.spawn("gone"))
        yield* Effect.flip(refs[0]!.ask.Exit({ code: 1 }))
        yield* whenUp(refs[19]!.ask.Count())
        const born = yield* Effect.forEach(refs, (ref) => Effect.map(ref.ask.Where(), (where) => where.born))
        assert.deepStrictEqual(born, [...born].sort((a, b) => a - b))
        assert.strictEqual((yield* Effect.flip(gone.ask.Count()))._tag, "ActorStopped")
        assert.strictEqual((yield* Effect.flip(Probe.spawn("k3")))._tag, "NameTaken")
        const rendered = Tree.render(yield* ActorSystem.tree)
        assert.match(rendered, /worker-0.*1 restart/s)
        assert.notMatch(rendered, /gone/)
      })
    ))

  it.live("ends an actor that cannot be built again by its own rules, says so, and keeps the others", () => {
    return within(
      threads(tireless),
      Effect.gen(function*() {
        const events = yield* watching
        const first = yield* Probe.spawn("first")
        const unlucky = yield* Probe.spawn("second-time-unlucky")
        const last = yield* Probe.spawn("last")
        yield* Effect.flip(first.ask.Exit({ code: 1 }))
        yield* first.tell.Note({ n: 1 })
        yield* until(() => events.some((event) => event._tag === "ActorEnded"), () => events)
        const refused = yield* Effect.flip(unlucky.tell.Note({ n: 1 }))
        assert.strictEqual(refused._tag, "ActorStopped")
        assert.match(refused.message, /more than 3 restarts within 5000 ms; the last after Refused: worn out/)
        assert.strictEqual(yield* whenUp(last.ask.Count()), 0)
        assert.deepStrictEqual(yield* first.ask.Notes(), [1])
        assert.deepInclude(events.find((event) => event._tag === "ActorEnded"), { actor: "Probe/second-time-unlucky" })
      })
    )
  })

  it.live("keeps its actors when it dies again while they are being started", () => {
    // The second incarnation is ended while the slow actor is being built there.
    const { spawn, workers } = crew()
    return within(
      threads({ spawn, ...tireless }),
      Effect.gen(function*() {
        const quick = yield* Probe.spawn("quick")
        const slow = yield* Probe.spawn("slow")
        // What starts next is the build of the slow actor in the second incarnation.
        yield* untilStarted(Effect.flip(quick.ask.Exit({ code: 1 })))
        // It has its mailbox while it is being built, and its neighbour waits for nobody.
        yield* slow.tell.Note({ n: 1 })
        assert.strictEqual((yield* Effect.flip(slow.ask.Notes()))._tag, "ActorRestarting")
        assert.strictEqual(yield* whenUp(quick.ask.Count()), 0)
        yield* Effect.promise(() => workers[1]!.terminate())
        yield* slow.tell.Note({ n: 2 })
        assert.deepStrictEqual(yield* whenUp(slow.ask.Notes()), [2])
        assert.strictEqual(yield* quick.ask.Count(), 0)
        assert.lengthOf(workers, 3)
      })
    )
  })

  it.live("starts an actor that is spawned while its thread restarts once, or says why not", () =>
    within(
      threads({ threads: 1, ...tireless }),
      Effect.gen(function*() {
        const killer = yield* Probe.spawn("killer")
        let spawned = 0
        let refused = 0
        for (let round = 0; round < 4; round++) {
          yield* Effect.flip(killer.ask.Exit({ code: 1 }))
          const deadline = performance.now() + 5_000
          for (let i = 0; performance.now() < deadline; i++) {
            const key = `round ${round} attempt ${i}`
            const exit = yield* Effect.exit(i % 2 === 0 ? Probe.spawn(key) : Probe.spawn(key, at(0)))
            if (Exit.isSuccess(exit)) {
              spawned++
              assert.strictEqual((yield* whenUp(exit.value.ask.Where())).key, key)
              break
            }
            refused++
            assert.strictEqual(tagOf(exit), "SpawnLost", String(exit))
            yield* elapse(5)
          }
        }
        assert.strictEqual(spawned, 4)
        assert.isAbove(refused, 0)
      })
    ))

  it.live("does not bring back an actor whose scope closed while its thread was down or starting", () =>
    within(
      threads({ ...tireless }),
      Effect.gen(function*() {
        const killer = yield* Probe.spawn("killer")
        for (const delay of [0, 50, 150, 250, 400]) {
          const scope = yield* Scope.make()
          yield* Scope.provide(Probe.spawn("slow brief"), scope)
          yield* Effect.flip(killer.ask.Exit({ code: 1 }))
          yield* elapse(delay)
          yield* Scope.close(scope, Exit.void)
          yield* whenUp(killer.ask.Count())
          assert.notMatch(Tree.render(yield* ActorSystem.tree), /slow brief/)
        }
        yield* Probe.spawn("slow brief")
      })
    ))
})

describe("many deaths", () => {
  it.live("settles every ask once and keeps every reference when threads are terminated at random under load", () => {
    const { spawn, workers } = crew()
    const random = seeded(20261120)
    return within(
      // Who had a thread that somebody else has terminated is not to blame.
      threads({ spawn, threads: 2, ...tireless, strikeOff: true }),
      Effect.gen(function*() {
        const refs = yield* Effect.forEach([0, 1, 2, 3], (i) => Probe.spawn(`p${i}`, at(i % 2)))
        const outcomes = new Map<string, number>()
        let asked = 0
        let settled = 0
        const load = { isOver: false }
        const asking = (ref: typeof refs[number]) =>
          Effect.gen(function*() {
            while (!load.isOver) {
              asked++
              const tag = tagOf(
                yield* Effect.exit(ref.ask.Echo({ text: "x".repeat(asked % 100) }, { timeout: "20 seconds" }))
              )
              settled++
              outcomes.set(tag, (outcomes.get(tag) ?? 0) + 1)
              if (tag === "ActorRestarting") yield* elapse(1)
            }
          })
        const fibers = yield* Effect.forEach([...refs, ...refs, ...refs], (ref) => Effect.forkChild(asking(ref)))
        for (let round = 0; round < 20; round++) {
          yield* whenUp(refs[round % 2]!.ask.Count())
          const wait = performance.now() + random(3_000) / 1_000
          yield* until(() => performance.now() > wait, () => wait)
          const living = workers.filter((worker) => worker.threadId !== -1)
          if (living.length > 0) void living[random(living.length)]!.terminate()
        }
        for (const ref of refs) yield* whenUp(ref.ask.Count())
        load.isOver = true
        yield* Effect.forEach(fibers, Fiber.join)
        assert.strictEqual(settled, asked)
        const tags = [...outcomes.keys()].sort()
        assert.isTrue(tags.every((tag) => ["ActorRestarting", "Success", "ThreadLost"].includes(tag)), String(tags))
        assert.isAtLeast(workers.length, 15)
        for (const ref of refs) assert.isAtMost(yield* ref.depth, 512)
      })
    )
  })

  it.live("leaves no thread, handle or listener behind after 20 restarts (W17)", () => {
    const { spawn, workers } = crew()
    const handles = () =>
      process.getActiveResourcesInfo().filter((kind) => kind === "MessagePort" || kind === "Worker").length
    return Effect.gen(function*() {
      const before = handles()
      yield* within(
        threads({ spawn, ...tireless }),
        Effect.gen(function*() {
          const probe = yield* Probe.spawn("a")
          const during = handles()
          for (let round = 0; round < 20; round++) {
            yield* Effect.flip(probe.ask.Exit({ code: 1 }))
            yield* probe.tell.Note({ n: round })
            assert.deepStrictEqual(yield* whenUp(probe.ask.Notes()), [round])
          }
          yield* until(() => handles() <= during, () => ({ during, now: handles() }))
          assert.lengthOf(workers.filter((worker) => worker.threadId !== -1), 1)
        })
      )
      assert.lengthOf(workers, 21)
      yield* until(() => handles() <= before, () => ({ before, now: handles() }))
      assert.deepStrictEqual(workers.filter((worker) => worker.threadId !== -1), [])
    })
  })

  it.live("gives up when the threads restart too often: every ask, tell and reference settles, and the program hears of it", () =>
    within(
      threads({ threads: 2, strikeOff: false, intensity: { restarts: 1, within: "30 seconds" } }),
      Effect.gen(function*() {
        const dying = yield* Probe.spawn("dying", at(0))
        const other = yield* Probe.spawn("other", at(1))
        const escalation = yield* Effect.forkChild(ActorSystem.escalation, { startImmediately: true })
        const hanging = yield* Effect.forkChild(Effect.exit(other.ask.Hang(undefined, { timeout: "30 seconds" })), {
          startImmediately: true
        })
        yield* Effect.flip(dying.ask.Exit({ code: 1 }))
        yield* whenUp(dying.ask.Count())
        yield* Effect.flip(dying.ask.Exit({ code: 2 }))
        const waiting = yield* Effect.forkChild(Effect.exit(dying.tell.Note({ n: 1 })), { startImmediately: true })
        const { cause, name } = yield* Fiber.join(escalation)
        assert.strictEqual(name, "threads")
        assert.match(Cause.pretty(cause), /worker-0/)
        assert.include(["ThreadLost", "ActorStopped"], tagOf(yield* Fiber.join(hanging)))
        assert.include(["ThreadLost", "ActorStopped"], tagOf(yield* Fiber.join(waiting)))
        for (const ref of [dying, other]) {
          assert.include(["ThreadLost", "ActorStopped"], tagOf(yield* Effect.exit(ref.tell.Note({ n: 1 }))))
          assert.include(["ThreadLost", "ActorStopped"], tagOf(yield* Effect.exit(ref.ask.Count())))
          assert.isFalse(ref.tellUnsafe.Note({ n: 1 }))
        }
        assert.strictEqual(tagOf(yield* Effect.exit(Probe.spawn("late"))), "SpawnLost")
        assert.match(
          String(yield* Effect.exit(Probe.spawn("later"))),
          /the threads have given up: .*more than 1 restarts/
        )
      })
    ))

  it.live("strikes off the actor in whose hands the thread dies each time, and goes on", () =>
    within(
      threads({ intensity: { restarts: 1, within: "1 minute" } }),
      Effect.gen(function*() {
        const bad = yield* Probe.spawn("bad")
        const good = yield* Probe.spawn("good")
        for (let death = 1; death <= 4; death++) {
          yield* whenUp(bad.ask.Count())
          yield* Effect.exit(bad.ask.Exit({ code: 1 }))
        }
        const { reason } = yield* bad.down
        assert.strictEqual(reason._tag === "Crashed" && reason.rule, "thread")
        assert.strictEqual(yield* whenUp(good.ask.Count()), 0)
      })
    ))

  it.live("restarts the thread of a behaviour that gives up as a whole", () =>
    within(
      threads(tireless),
      Effect.gen(function*() {
        const events = yield* watching
        const fragile = yield* Fragile.spawn("f")
        const beside = yield* Probe.spawn("beside")
        yield* Effect.exit(fragile.ask.Boom({ why: "first" }))
        yield* whenUp(fragile.ask.Count())
        const sibling = yield* Fragile.spawn("sibling")
        const hanging = yield* Effect.forEach([sibling, beside], (actor) =>
          Effect.forkChild(Effect.exit(actor.ask.Hang(undefined, { timeout: "1 minute" })), { startImmediately: true }))
        yield* Effect.exit(fragile.ask.Boom({ why: "second" }))
        // They have not ended for good: they come back with their thread.
        for (const asker of hanging) {
          assert.strictEqual(tagOf(yield* Fiber.join(asker)), "ThreadLost")
        }
        yield* until(() =>
          events.some((event) =>
            event._tag === "ThreadRestarted"
          ), () => events)
        assert.strictEqual(yield* whenUp(fragile.ask.Count()), 0)
        assert.strictEqual(yield* whenUp(beside.ask.Count()), 0)
        assert.match(JSON.stringify(events.find((event) => event._tag === "ThreadEnded")), /second/)
      })
    ))
})

describe("actors of a thread that is started again", () => {
  it.live("a temporary one ends, for a reason that names its thread", () =>
    within(
      threads(tireless),
      Effect.gen(function*() {
        const events = yield* watching
        const once = yield* Once.spawn("once")
        const stays = yield* Probe.spawn("stays")
        yield* Effect.flip(stays.ask.Exit({ code: 5 }))
        const refused = yield* Effect.flip(once.tell.Note({ n: 1 }))
        assert.strictEqual(refused._tag, "ActorStopped")
        assert.match(refused.message, /its thread worker-0 was lost: .*exited with code 5/)
        assert.strictEqual(yield* whenUp(stays.ask.Count()), 0)
        const ended = events.find((event) => event._tag === "ActorEnded")
        assert.strictEqual(ended?.actor, "Once/once")
        assert.strictEqual(ended?._tag === "ActorEnded" && ended.reason._tag, "ThreadLost")
        // Its name is free again, and it is not in the account any more.
        assert.strictEqual(yield* (yield* Once.spawn("once")).ask.Count(), 0)
        assert.deepInclude(events.find((event) => event._tag === "ThreadRestarted"), { actors: 1 })
      })
    ))

  it.live("a build that fails is tried again by the rules of its actor", () =>
    within(
      threads(tireless),
      Effect.gen(function*() {
        const events = yield* watching
        const stubborn = yield* Probe.spawn("third-time-lucky")
        yield* Effect.flip(stubborn.ask.Exit({ code: 1 }))
        assert.strictEqual(yield* whenUp(stubborn.ask.Count()), 0)
        yield* until(() => events.some((event) => event._tag === "ActorRestarted"), () => events)
        assert.deepInclude(events.find((event) => event._tag === "ActorRestarted"), {
          actor: "Probe/third-time-lucky",
          restarts: 2
        })
      })
    ))

  it.live("what a thread that died had counted stays", () =>
    within(
      threads(tireless),
      Effect.gen(function*() {
        const killer = yield* Probe.spawn("killer")
        yield* Effect.scoped(Effect.gen(function*() {
          const brief = yield* Probe.spawn("brief")
          yield* brief.tell.Hang()
          for (let n = 0; n < 10; n++) yield* brief.tell.Note({ n })
          // An answer from its thread: what was told before is there.
          yield* killer.ask.Count()
        }))
        const dropped = ActorSystem.droppedMessages
        yield* untilEffect(Effect.map(dropped, (count) => count === 10), dropped)
        yield* Effect.flip(killer.ask.Exit({ code: 1 }))
        assert.strictEqual(yield* dropped, 10)
      })
    ))
})

describe("names of a system", () => {
  it.live("are unique over all threads, also when an actor is spawned on a worker", () =>
    within(
      threads({ threads: 2, ...tireless }),
      Effect.gen(function*() {
        const zero = yield* Relay.spawn("zero", at(0))
        const one = yield* Relay.spawn("one", at(1))
        yield* zero.ask.Child({ key: "x" })
        assert.strictEqual((yield* Effect.flip(Probe.spawn("zero-x")))._tag, "NameTaken")
        assert.strictEqual((yield* Effect.flip(Probe.spawn("zero-x", at(1))))._tag, "NameTaken")
        yield* Probe.spawn("one-y")
        assert.match(String(yield* Effect.exit(one.ask.Child({ key: "y" }))), /Probe\/one-y exists already/)
        // They end with their thread.
        const killer = yield* Probe.spawn("killer", at(0))
        yield* Effect.flip(killer.ask.Exit({ code: 1 }))
        yield* Probe.spawn("zero-x", at(1))
      })
    ))
})

describe("a system that ends", () => {
  it.live("settles what is in flight, and leaves no thread", () => {
    const { spawn, workers } = crew()
    return Effect.gen(function*() {
      const scope = yield* Scope.make()
      const context = yield* Layer.buildWithScope(
        Layer.mergeAll(threads({ spawn, threads: 2 }), Logger.layer([])),
        scope
      )
      const inside = <A, E>(effect: Effect.Effect<A, E, ActorSystem.ActorSystem | Scope.Scope>) =>
        effect.pipe(Effect.provideService(Scope.Scope, scope), Effect.provideContext(context))
      const probe = yield* inside(Probe.spawn("a", at(0)))
      const narrow = yield* inside(Narrow.spawn("n", at(1)))
      const asks = yield* Effect.forEach(
        [probe, narrow],
        (ref) =>
          Effect.forkChild(Effect.exit(ref.ask.Hang(undefined, { timeout: "30 seconds" })), { startImmediately: true })
      )
      const tells = yield* Effect.forEach(
        [1, 2, 3],
        (n) => Effect.forkChild(Effect.exit(narrow.tell.Note({ n })), { startImmediately: true })
      )
      yield* until(() => tells.filter((fiber) => fiber.pollUnsafe() === undefined).length >= 2, () => "two tells wait")
      yield* Scope.close(scope, Exit.void)
      for (const fiber of asks) assert.include(["ThreadLost", "ActorStopped"], tagOf(yield* Fiber.join(fiber)))
      const told = yield* Effect.forEach(tells, Fiber.join)
      assert.deepStrictEqual(told.map(tagOf).filter((tag) => tag !== "Success").length >= 2, true)
      assert.deepStrictEqual(workers.map((worker) => worker.threadId), [-1, -1])
      assert.include(["ThreadLost", "ActorStopped"], tagOf(yield* Effect.exit(probe.tell.Note({ n: 1 }))))
      assert.include(["ThreadLost", "ActorStopped"], tagOf(yield* Effect.exit(probe.ask.Count())))
    })
  })

  it.live("settles what is told and asked while a thread waits out its backoff, and later", () => {
    const warnings: Array<string> = []
    const logger = Logger.make(({ message }) => warnings.push(String(message)))
    return Effect.gen(function*() {
      const scope = yield* Scope.make()
      const context = yield* Layer.buildWithScope(threads({ backoff: Schedule.spaced("1 hour") }), scope)
      const probe = yield* Probe.spawn("a").pipe(
        Effect.provideService(Scope.Scope, scope),
        Effect.provideContext(context)
      )
      yield* Effect.flip(probe.ask.Exit({ code: 1 }))
      const waiting = yield* Effect.forkChild(Effect.exit(probe.tell.Note({ n: 1 })), { startImmediately: true })
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual(tagOf(yield* Fiber.join(waiting)), "ActorStopped")
      for (const late of [probe.tell.Note({ n: 2 }), probe.ask.Count()]) {
        const refused = yield* Effect.flip(late as Effect.Effect<unknown, ActorError.TellError>)
        assert.strictEqual(refused._tag, "ActorStopped")
      }
    }).pipe(Effect.provide(Logger.layer([logger])))
  })

  it.live("stops its threads at the same time, each within its own, and says what was lost", () => {
    const { spawn, workers } = crew("system", { stdout: true, stderr: true })
    const warnings: Array<string> = []
    const logger = Logger.make(({ message }) => warnings.push(String(message)))
    return Effect.gen(function*() {
      const scope = yield* Scope.make()
      const context = yield* Layer.buildWithScope(threads({ spawn, threads: 3, stopTimeout: 700 }), scope)
      for (const thread of [0, 1, 2]) {
        const probe = yield* Probe.spawn(`p${thread}`, at(thread)).pipe(
          Effect.provideService(Scope.Scope, yield* Scope.make()),
          Effect.provideContext(context)
        )
        yield* untilStarted(probe.tell.Loop())
        yield* probe.tell.Note({ n: 1 })
      }
      const before = performance.now()
      yield* Scope.close(scope, Exit.void)
      // One after the other they would need three times the limit.
      assert.isBelow(performance.now() - before, 2 * 700)
      assert.deepStrictEqual(workers.map((worker) => worker.threadId), [-1, -1, -1])
      assert.lengthOf(warnings.filter((text) => /released with \d+ messages that nobody will handle/.test(text)), 1)
      assert.notMatch(warnings.join(), /abandoned/)
    }).pipe(Effect.provide(Logger.layer([logger])))
  })

  it.live("comes up with many more threads than cores, all of them ready in time", () => {
    const { spawn, workers } = crew()
    return within(
      threads({ spawn, threads: 12 }),
      Effect.sync(() => assert.lengthOf(workers, 12))
    )
  })

  it.live("holds no program that forgets it, once its workers are unref'd", () =>
    Effect.gen(function*() {
      const file = fileURLToPath(new URL("../fixtures/undisposed.ts", import.meta.url))
      const { code, printed } = yield* Effect.promise(() =>
        new Promise<{ readonly code: unknown; readonly printed: string }>((resolve) => {
          const args = ["--conditions=source", "--no-warnings", file]
          execFile(process.execPath, args, { timeout: 60_000 }, (error, stdout) =>
            resolve({ code: error === null ? 0 : error.code ?? error.signal, printed: stdout }))
        })
      )
      assert.deepStrictEqual({ code, printed }, { code: 0, printed: "counted 0\n" })
    }))

  it.live("can be closed while its workers start", () =>
    Effect.gen(function*() {
      for (const delay of [0, 5, 60, 150]) {
        const { spawn, workers } = crew()
        const fiber = yield* Effect.forkChild(within(threads({ spawn, threads: 2 }), Effect.never), {
          startImmediately: true
        })
        yield* until(() => workers.length === 2, () => workers.length)
        yield* elapse(delay)
        yield* Fiber.interrupt(fiber)
        assert.deepStrictEqual(workers.map((worker) => worker.threadId), [-1, -1], `after ${delay} ms`)
      }
    }))

  it.live("can be closed while a worker restarts", () =>
    Effect.gen(function*() {
      for (const delay of [0, 30, 120, 250]) {
        const { spawn, workers } = crew()
        yield* within(
          threads({ spawn, ...tireless }),
          Effect.gen(function*() {
            const probe = yield* Probe.spawn("a")
            yield* Effect.flip(probe.ask.Exit({ code: 1 }))
            yield* Effect.forkChild(Effect.exit(probe.tell.Note({ n: 1 })), { startImmediately: true })
            yield* elapse(delay)
          })
        )
        assert.deepStrictEqual(workers.filter((worker) => worker.threadId !== -1), [], `after ${delay} ms`)
      }
    }))
})

describe("the main thread", () => {
  it.live("may be blocked without killing workers (W10)", () => {
    const { spawn, workers } = crew()
    return within(
      threads({ spawn, threads: 2, heartbeat: { interval: 20, timeout: 1_000 } }),
      Effect.gen(function*() {
        const probe = yield* Probe.spawn("a", at(0))
        const relay = yield* Relay.spawn("r", at(1))
        const before = yield* probe.ask.Where()
        for (let i = 0; i < 3; i++) {
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_500)
          yield* elapse(1)
        }
        assert.deepStrictEqual(yield* probe.ask.Where(), before)
        assert.deepStrictEqual(yield* relay.ask.AskWhere({ to: probe }), before)
        assert.lengthOf(workers, 2)
      })
    )
  })
})
