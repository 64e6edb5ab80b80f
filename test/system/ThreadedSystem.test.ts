/** A system with worker threads, met with everything that a user can get wrong. */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Rpc from "effect/rpc/Rpc"
import { Worker } from "node:worker_threads"
import { Actor, ActorSystem } from "shared-nothing"
import * as Layouts from "../fixtures/system-layout.ts"
import * as System from "../fixtures/system.ts"
import { untilEffect } from "../support/until.ts"
import { crew, fixture, quiet, threads, within } from "./threads.ts"

const { Order, Probe, Relay } = System

/** The least ring: one record may take a quarter of it. */
const small = { ring: { capacityBytes: 4096 } } as const

describe("ThreadedSystem options", () => {
  const cases: ReadonlyArray<readonly [string, Partial<ActorSystem.ThreadsOptions>, RegExp]> = [
    ["no thread at all", { threads: 0 }, /threads is 0, expected an integer from 1 to 1024/],
    ["half a thread", { threads: 1.5 }, /threads is 1.5/],
    ["a number of threads that is none", { threads: NaN }, /threads is NaN/],
    ["a ring of capacity zero", { ring: { capacityBytes: 0 } }, /ring.capacityBytes is 0, expected a power of two/],
    ["a ring that is not a power of two", { ring: { capacityBytes: 5000 } }, /ring.capacityBytes is 5000/],
    ["a ring of a negative size", { ring: { capacityBytes: -4096 } }, /ring.capacityBytes is -4096/],
    ["a ring that is too small", { ring: { capacityBytes: 2048 } }, /ring.capacityBytes is 2048.*from 4096/],
    ["a ring that is too large", { ring: { capacityBytes: 2 ** 30 } }, /is 1073741824.*to 536870912/],
    ["a ring beyond 32 bits", { ring: { capacityBytes: 2 ** 32 } }, /is 4294967296/],
    ["a start without time", { readyTimeout: 0 }, /readyTimeout is 0, expected a duration above zero/],
    ["a reserve that is no number", { standby: -1 }, /standby is -1, expected an integer from 0 to 1024/],
    ["a stop without time", { stopTimeout: "0 millis" }, /stopTimeout is "0 millis", expected a duration above zero/],
    ["a heartbeat too short", { heartbeat: { interval: 0 } }, /heartbeat.interval is 0, expected a finite duration/],
    ["a heartbeat that misses", { heartbeat: { timeout: 300 } }, /heartbeat.timeout is 300, expected at least twice/]
  ]
  for (const [title, options, text] of cases) {
    it.live(`refuses ${title}, and starts nothing`, () =>
      Effect.gen(function*() {
        const { spawn, workers } = crew()
        const error = yield* Effect.flip(within(threads({ spawn, ...options }), Effect.void))
        assert.strictEqual(error._tag, "InvalidOptions")
        assert.match(error.message, text)
        assert.deepStrictEqual(workers, [])
      }))
  }

  it.live("refuses an intensity that makes no sense", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(
        within(threads({ intensity: { restarts: -1, within: "1 second" } }), Effect.void)
      )
      assert.strictEqual(error._tag, "InvalidSupervision")
    }))
})

describe("workers that do not come up", () => {
  const cases: ReadonlyArray<readonly [string, string, string, RegExp]> = [
    ["throws at load", "thread-throws-at-load", "ThreadCrashed", /worker-0.*this module throws/],
    ["does not exist", "does-not-exist", "ThreadSpawnFailed", /worker-0.*does-not-exist/],
    ["never calls launch", "thread-never-calls-entry", "ThreadNotReady", /worker-0.*not ready after/],
    ["drains without calling launch", "thread-drains", "ThreadExited", /worker-0/],
    ["has a layer that fails", "system-layer-fails", "ThreadSetupFailed", /worker-0.*port 8080 is taken/]
  ]
  for (const [title, name, tag, text] of cases) {
    it.live(`fails the layer with a typed reason when the worker's file ${title}`, () =>
      Effect.gen(function*() {
        const { spawn, workers } = crew(name)
        // Only the one that never answers is waited for until the end; the others may be slow to load.
        const readyTimeout = tag === "ThreadNotReady" ? 1_500 : 30_000
        const error = yield* Effect.flip(within(threads({ spawn, readyTimeout }), Effect.void))
        assert.strictEqual(error._tag, tag)
        assert.match(error.message, text)
        assert.lengthOf(workers, 1)
        assert.strictEqual(workers[0]!.threadId, -1)
      }))
  }

  it.live("fails the layer when spawn itself throws", () =>
    Effect.gen(function*() {
      const spawn = () => {
        throw new Error("no such factory")
      }
      const error = yield* Effect.flip(within(threads({ spawn }), Effect.void))
      assert.strictEqual(error._tag, "ThreadSpawnFailed")
      assert.match(error.message, /no such factory/)
    }))

  it.live("ends the workers that did come up when another does not", () =>
    Effect.gen(function*() {
      const { spawn: good, workers } = crew()
      const { spawn: bad } = crew("thread-throws-at-load")
      let turn = 0
      const spawn = () => turn++ === 1 ? bad() : good()
      const error = yield* Effect.flip(within(threads({ spawn, threads: 3 }), Effect.void))
      assert.strictEqual(error._tag, "ThreadCrashed")
      assert.isNotEmpty(workers)
      assert.deepStrictEqual(workers.filter((worker) => worker.threadId !== -1), [])
    }))
})

describe("spawns that cannot be", () => {
  it.live("names a behaviour that no thread has, and what there is", () =>
    within(
      threads(),
      Effect.gen(function*() {
        const Unknown = Actor.make("Unknown", [Rpc.make("Ping")])
        const error = yield* Effect.flip(Unknown.spawn("a"))
        assert.strictEqual(error._tag, "BehaviourNotFound")
        assert.match(error.message, /"Unknown".*known:.*Probe/)
        const explicit = yield* Effect.flip(Unknown.spawn("a", { placement: { thread: 0 } }))
        assert.match(explicit.message, /"Unknown".*known:.*Probe/)
        const here = yield* Effect.flip(Probe.spawn("a", { placement: "here" }))
        assert.strictEqual(here._tag, "BehaviourNotFound")
        assert.match(
          here.message,
          /"Probe" is registered on this thread, but on worker-0: spawn it without placement "here"/
        )
        assert.strictEqual(yield* (yield* Probe.spawn("a")).ask.Count(), 0)
      })
    ))

  it.live("refuses a name that is taken, wherever its actor lives, and frees it when the actor has ended", () =>
    within(
      System.Behaviours.pipe(Layer.provideMerge(threads({ threads: 2 }))),
      Effect.gen(function*() {
        yield* Effect.scoped(Effect.gen(function*() {
          yield* Probe.spawn("remote")
          yield* Probe.spawn("here", { placement: "here" })
          for (const key of ["remote", "here"]) {
            for (const placement of ["here", { thread: 0 }, { thread: 1 }] as const) {
              const error = yield* Effect.flip(Probe.spawn(key, { placement }))
              assert.strictEqual(error._tag, "NameTaken", `${key} at ${JSON.stringify(placement)}`)
              assert.match(error.message, new RegExp(`Probe/${key} exists already`))
            }
          }
        }))
        for (const key of ["remote", "here"]) {
          for (const placement of ["here", { thread: 0 }, { thread: 1 }] as const) {
            yield* Effect.scoped(Probe.spawn(key, { placement }))
          }
        }
      })
    ))

  it.live("keeps a name taken until the actor on its thread has stopped", () =>
    within(
      threads({ threads: 2 }),
      Effect.gen(function*() {
        for (let i = 0; i < 20; i++) {
          const where = yield* Effect.scoped(Effect.flatMap(Probe.spawn("again"), (probe) => probe.ask.Where()))
          assert.strictEqual(where.incarnation, 1)
        }
      })
    ))

  it.live("reports a behaviour that cannot be built, and its name is free again", () =>
    within(
      threads(),
      Effect.gen(function*() {
        for (let i = 0; i < 2; i++) {
          const error = yield* Effect.flip(Probe.spawn("unbuildable"))
          assert.strictEqual(error._tag, "SpawnFailed")
          assert.match(error.message, /Probe\/unbuildable could not start.*no such resource/)
        }
        assert.strictEqual(yield* (yield* Probe.spawn("fine")).ask.Count(), 0)
      })
    ))

  it.live("leaves nothing behind on the worker when a spawn is interrupted", () =>
    within(
      threads(),
      Effect.gen(function*() {
        assert.isTrue(Exit.isFailure(yield* Effect.exit(Effect.timeout(Probe.spawn("slow"), 50))))
        const probe = yield* Probe.spawn("slow")
        assert.strictEqual((yield* probe.ask.Where()).incarnation, 1)
        const tree = JSON.stringify(yield* ActorSystem.tree)
        assert.lengthOf(tree.match(/"name":"slow"/g) ?? [], 1)
      })
    ))

  it.live("places actors by a thread number of any size", () =>
    within(
      threads({ threads: 2 }),
      Effect.gen(function*() {
        const threadIds: Array<number> = []
        for (const thread of [0, 1, 2, -1, 7]) {
          const probe = yield* Probe.spawn(`at ${thread}`, { placement: { thread } })
          threadIds.push((yield* probe.ask.Where()).threadId)
        }
        const [zero, one, two, minusOne, seven] = threadIds
        assert.deepStrictEqual([two, minusOne, seven], [zero, one, one])
      })
    ))
})

describe("messages that cannot be", () => {
  const wrong: ReadonlyArray<readonly [string, unknown]> = [
    ["nothing", undefined],
    ["null", null],
    ["a string", "n"],
    ["another type", { n: "1" }],
    ["no field", {}],
    ["half a number", { n: 1.5 }],
    ["an endless number", { n: Infinity }]
  ]
  it.live("refuses a payload that breaks its schema, names it, and sends nothing", () =>
    within(
      threads(),
      Effect.gen(function*() {
        const probe = yield* Probe.spawn("a")
        for (const [title, payload] of wrong) {
          for (const send of [probe.tell.Note(payload as never), probe.ask.Note(payload as never)]) {
            const exit = yield* Effect.exit(send)
            assert.isTrue(Exit.isFailure(exit), title)
            const error = Cause.squash((exit as Exit.Failure<void, unknown>).cause) as Error & { _tag: string }
            assert.strictEqual(error._tag, "InvalidPayload", `${title}: ${String(error)}`)
            assert.match(error.message, /the payload of Note to Probe\/a breaks its schema/)
          }
          assert.isFalse(probe.tellUnsafe.Note(payload as never), title)
        }
        yield* probe.tell.Note({ n: 1 })
        assert.deepStrictEqual(yield* probe.ask.Notes(), [1])
        yield* untilIdle(probe)
      })
    ))

  it.live("makes what a payload throws while it is read a defect of the send, and goes on", () =>
    within(
      threads(),
      Effect.gen(function*() {
        const probe = yield* Probe.spawn("a")
        const trap = {
          get n(): number {
            throw new Error("trap")
          }
        }
        for (const send of [probe.tell.Note(trap), probe.ask.Note(trap)]) {
          const exit = yield* Effect.exit(send)
          assert.match(String(Exit.isFailure(exit) ? Cause.squash(exit.cause) : exit), /trap/)
        }
        yield* probe.tell.Note({ n: 1 })
        assert.deepStrictEqual(yield* probe.ask.Notes(), [1])
      })
    ))

  it.live("constructs a class payload that is given as its fields, as on one thread", () =>
    within(
      threads(),
      Effect.gen(function*() {
        const probe = yield* Probe.spawn("a")
        assert.strictEqual(yield* probe.ask.Order(new Order({ item: "tea", count: 3 })), "3 x tea")
        assert.strictEqual(yield* probe.ask.Order({ item: "tea", count: 2 }), "2 x tea")
        assert.strictEqual(yield* probe.ask.Order({ item: "tea" }), "1 x tea")
        yield* probe.tell.Order({ item: "tea" })
        assert.isTrue(probe.tellUnsafe.Order({ item: "tea" }))
        const error = yield* Effect.flip(probe.ask.Order({ item: 3 } as never))
        assert.strictEqual(error._tag, "InvalidPayload")
      })
    ))

  it.live("refuses a message that the ring can never hold, names its size, and goes on", () =>
    within(
      threads(small),
      Effect.gen(function*() {
        const probe = yield* Probe.spawn("a")
        const text = "x".repeat(2000)
        const told = yield* Effect.flip(probe.tell.Echo({ text }))
        assert.deepInclude(told, { _tag: "MessageTooLarge", limitBytes: 1024, actor: "Probe/a" })
        assert.isAtLeast((told as unknown as { sizeBytes: number }).sizeBytes, 2000)
        const asked = yield* Effect.flip(probe.ask.Echo({ text }))
        assert.strictEqual(asked._tag, "MessageTooLarge")
        assert.isFalse(probe.tellUnsafe.Echo({ text }))
        assert.strictEqual(yield* probe.ask.Echo({ text: "short" }), "short")
      })
    ))

  it.live("sends every message that fits, whatever its bound says, and no other", () =>
    within(
      threads(small),
      Effect.gen(function*() {
        const probe = yield* Probe.spawn("a")
        const sent: Array<number> = []
        for (let length = 300; length <= 1040; length += 4) {
          const exit = yield* Effect.exit(probe.ask.Echo({ text: "x".repeat(length) }))
          if (Exit.isSuccess(exit)) {
            assert.lengthOf(exit.value, length)
            sent.push(length)
          } else {
            const error = Cause.squash(exit.cause) as { _tag: string; sizeBytes: number; limitBytes: number }
            assert.strictEqual(error._tag, "MessageTooLarge", `${length}: ${error._tag}`)
            // What is refused is too large indeed, also by its own account.
            assert.isAbove(error.sizeBytes, error.limitBytes)
          }
          // A tell has a shorter prefix; its text is written in place where there is room for the most that it may take.
          const told = yield* Effect.exit(probe.tell.Echo({ text: "x".repeat(length) }))
          assert.isTrue(Exit.isSuccess(told) || length > 990, `${length}`)
        }
        assert.isAtLeast(Math.max(...sent), 990)
        assert.deepStrictEqual(sent, sent.map((_, i) => 300 + 4 * i))
      })
    ))

  it.live("makes a reply that is too large a defect of the ask, which names it", () =>
    within(
      threads(small),
      Effect.gen(function*() {
        const probe = yield* Probe.spawn("a")
        const exit = yield* Effect.exit(probe.ask.Repeat({ times: 5_000 }))
        assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
        assert.match(
          String(Cause.squash((exit as Exit.Failure<never, never>).cause)),
          /Probe\/a.*Repeat.*50\d\d bytes.*1024/
        )
        assert.lengthOf(yield* probe.ask.Repeat({ times: 900 }), 900)
        assert.strictEqual((yield* probe.ask.Where()).incarnation, 1)
      })
    ))

  it.live("makes a reply that breaks its schema a defect of the ask, which names it", () =>
    within(
      threads(),
      Effect.gen(function*() {
        const probe = yield* Probe.spawn("a")
        const exit = yield* Effect.exit(probe.ask.BadReply())
        assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
        assert.match(String(Cause.squash((exit as Exit.Failure<never, never>).cause)), /BadReply breaks its schema/)
        assert.strictEqual(yield* probe.ask.Count(), 0)
      })
    ))

  it.live("carries declared errors, defects and restarts across threads", () =>
    within(
      threads(),
      Effect.gen(function*() {
        const probe = yield* Probe.spawn("a")
        assert.deepInclude(yield* Effect.flip(probe.ask.Fail({ why: "closed" })), { _tag: "Refused", why: "closed" })
        assert.strictEqual((yield* probe.ask.Where()).incarnation, 1)
        const exit = yield* Effect.exit(probe.ask.Boom({ why: "bang" }))
        assert.match(String(Exit.isFailure(exit) ? Cause.squash(exit.cause) : exit), /bang/)
        yield* untilEffect(
          Effect.map(
            Effect.option(probe.ask.Where()),
            (where) => where._tag === "Some" && where.value.incarnation === 2
          ),
          Effect.succeed("incarnation 2")
        )
      })
    ))

  it.live("answers every kind of send to an actor that has stopped", () =>
    within(
      threads({ threads: 2 }),
      Effect.gen(function*() {
        const probe = yield* Effect.scoped(Probe.spawn("a", { placement: { thread: 0 } }))
        for (const send of [probe.tell.Note({ n: 1 }), probe.ask.Note({ n: 1 })]) {
          const error = yield* Effect.flip(send)
          assert.deepInclude(error, { _tag: "ActorStopped", actor: "Probe/a" })
          assert.deepStrictEqual((error as { undelivered?: unknown }).undelivered, { tag: "Note", payload: { n: 1 } })
        }
        assert.isFalse(probe.tellUnsafe.Note({ n: 1 }))
        // From another worker, for which the reference is new.
        const relay = yield* Relay.spawn("r", { placement: { thread: 1 } })
        assert.include(["ActorStopped", "taken"], yield* relay.ask.Tell({ to: probe, n: 1 }))
        yield* untilEffect(
          Effect.map(relay.ask.Tell({ to: probe, n: 1 }), (answer) => answer === "ActorStopped"),
          Effect.succeed("ActorStopped")
        )
      })
    ))
})

/** Everything sent is accounted for. */
const untilIdle = (ref: { readonly depth: Effect.Effect<number> }) =>
  untilEffect(Effect.map(ref.depth, (depth) => depth === 0), ref.depth, 3_000)

describe("protocols of two builds", () => {
  const { New, NewCourier, Old, OldCourier } = Layouts
  /** Worker 0 has the old layout, worker 1 the new one. */
  const mixed = (): Layer.Layer<ActorSystem.ActorSystem, unknown> => {
    let turn = 0
    const spawn = () => new Worker(fixture(turn++ === 0 ? "system-old" : "system-new"), quiet)
    return threads({ spawn, threads: 2 })
  }

  it.live("refuses to spawn an actor whose layout differs on its thread", () =>
    within(
      mixed(),
      Effect.gen(function*() {
        const old = yield* Old.spawn("a", { placement: { thread: 0 } })
        assert.strictEqual(yield* old.ask.Get(), 7)
        for (const [actor, thread] of [[Old, 1], [New, 0]] as const) {
          const error = yield* Effect.flip((actor as typeof Old).spawn("b", { placement: { thread } }))
          assert.strictEqual(error._tag, "LayoutMismatch")
          const [here, there] = actor === Old ? ["f64", "text"] : ["text", "f64"]
          assert.strictEqual(
            error.message,
            `Versioned/b is defined otherwise on the other thread: the success of Get is ${here} here and ${there} there; both must load the same protocol`
          )
        }
        assert.strictEqual(yield* old.ask.Get(), 7)
      })
    ))

  it.live("answers an ask whose payload holds a reference of another layout, and takes the next message", () =>
    within(
      mixed(),
      Effect.gen(function*() {
        const old = yield* Old.spawn("a", { placement: { thread: 0 } })
        const courier = yield* OldCourier.spawn("c", { placement: { thread: 1 } })
        const exit = yield* Effect.exit(courier.ask.Take({ ref: old }, { timeout: "5 seconds" }))
        assert.match(
          String(Exit.isFailure(exit) ? Cause.squash(exit.cause) : exit.value),
          /Courier\/c: the payload of Take cannot be read there: malformed record at value\.ref/
        )
        assert.strictEqual(yield* courier.ask.Ask({ of: "still here" }), "still here")
        // A tell is lost with a report, and its credit is not.
        for (let i = 0; i < 5; i++) yield* courier.tell.Take({ ref: old })
        assert.strictEqual(yield* courier.ask.Ask({ of: "still here" }), "still here")
        yield* untilIdle(courier)
      })
    ))

  it.live("settles an ask whose reply holds a reference of another layout", () =>
    within(
      mixed(),
      Effect.gen(function*() {
        const courier = yield* OldCourier.spawn("c", { placement: { thread: 1 } })
        const exit = yield* Effect.exit(courier.ask.Fetch(undefined, { timeout: "5 seconds" }))
        assert.match(
          String(Exit.isFailure(exit) ? Cause.squash(exit.cause) : exit.value),
          /Courier\/c: the reply to Fetch cannot be read: malformed record at value/
        )
        assert.strictEqual(yield* courier.ask.Ask({ of: "still here" }), "still here")
        assert.strictEqual(NewCourier.protocol.layoutHash, OldCourier.protocol.layoutHash)
      })
    ))
})

describe("handlers that hold their thread", () => {
  it.live("restarts the thread of a handler that loops for ever; others are untouched", () =>
    within(
      threads({ threads: 2, heartbeat: { interval: 20, timeout: 400 } }),
      Effect.gen(function*() {
        const looping = yield* Probe.spawn("looping", { placement: { thread: 0 } })
        const other = yield* Probe.spawn("other", { placement: { thread: 1 } })
        const before = yield* other.ask.Where()
        const error = yield* Effect.flip(looping.ask.Loop(undefined, { timeout: "10 seconds" }))
        assert.strictEqual(error._tag, "ThreadLost")
        assert.match(error.message, /worker-0.*made no progress/)
        assert.deepStrictEqual(yield* other.ask.Where(), before)
        yield* looping.tell.Note({ n: 1 })
        yield* untilEffect(
          Effect.map(Effect.option(looping.ask.Count()), (count) => count._tag === "Some" && count.value === 1),
          Effect.succeed("the restarted actor has the note")
        )
      })
    ))
})
