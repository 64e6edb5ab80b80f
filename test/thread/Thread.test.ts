/** The parent's side of a thread against a scripted worker, under TestClock. */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import * as inspector from "node:inspector"
import * as Protocol from "../../src/thread/internal/protocol.ts"
import * as Thread from "../../src/thread/Thread.ts"
import type { ThreadDown } from "../../src/thread/ThreadError.ts"
import { FakeWorker } from "../support/fakeWorker.ts"
import type { FakeScript } from "../support/fakeWorker.ts"

const optionsFor = (worker: FakeWorker, extra: Partial<Thread.Options> = {}): Thread.Options => ({
  name: "t",
  index: 2,
  epoch: 7,
  spawn: () => worker,
  data: { seed: 1 },
  onMessage: () => {},
  ...extra
})

/** A ready thread over a scripted worker, with what it told its `onMessage`. */
const start = Effect.fnUntraced(function*(script: FakeScript = {}, extra: Partial<Thread.Options> = {}) {
  const worker = new FakeWorker(script)
  const messages: Array<unknown> = []
  const thread = yield* Thread.make(optionsFor(worker, { onMessage: (m) => messages.push(m), ...extra }))
  return { worker, thread, messages }
})

/** Starts a thread that does not become ready, and returns the fiber that waits for it. */
const startFailing = Effect.fnUntraced(function*(script: FakeScript, extra: Partial<Thread.Options> = {}) {
  const worker = new FakeWorker(script)
  const fiber = yield* Effect.forkChild(Effect.flip(Effect.scoped(Thread.make(optionsFor(worker, extra)))), {
    startImmediately: true
  })
  yield* microtasks
  return { worker, fiber }
})

/** Lets the fake's microtasks run. */
const microtasks = Effect.promise(() => new Promise<void>((resolve) => setImmediate(resolve)))

/** Advances the clock by checks of 250 ms; the worker beats before each one when it is alive. */
const checks = Effect.fnUntraced(function*(worker: FakeWorker, count: number, alive: boolean) {
  for (let i = 0; i < count; i++) {
    if (alive) worker.beat()
    yield* TestClock.adjust(250)
  }
})

const tagOf = (down: ThreadDown | undefined): string => down === undefined ? "running" : down._tag

describe("Thread", () => {
  describe("start", () => {
    it.effect("attaches every listener before it posts anything (W11)", () =>
      Effect.gen(function*() {
        const { worker } = yield* start()
        assert.deepStrictEqual(worker.log.slice(0, 5), [
          "on error",
          "on exit",
          "on messageerror",
          "on message",
          "post bootstrap"
        ])
      }))

    it.effect("passes its place, its data and a heartbeat word to the worker and returns the worker's answer", () =>
      Effect.gen(function*() {
        const { thread, worker } = yield* start({ ready: { actors: 3 } })
        assert.deepStrictEqual(thread.ready, { actors: 3 })
        assert.deepStrictEqual([thread.name, thread.index, thread.epoch], ["t", 2, 7])
        assert.strictEqual(thread.threadId, worker.threadId)
        assert.deepStrictEqual(worker.bootstrap?.data, { seed: 1 })
        assert.deepStrictEqual([worker.bootstrap?.index, worker.bootstrap?.epoch], [2, 7])
        assert.strictEqual(worker.bootstrap?.heartbeatIntervalMillis, 250)
        assert.isUndefined(thread.exitUnsafe())
      }))

    it.effect("says when its file is loaded, which is before it is ready", () =>
      Effect.gen(function*() {
        let starting: Thread.StartingThread | undefined
        const beforeReady = (thread: Thread.StartingThread) => {
          starting = thread
        }
        const { fiber, worker } = yield* startFailing({ start: "setupHangs" }, { beforeReady })
        yield* starting!.loaded
        assert.isUndefined(fiber.pollUnsafe())
        worker.exit(1)
        const early = yield* startFailing({ start: "neverCalled" }, { beforeReady })
        const waiting = yield* Effect.forkChild(starting!.loaded, { startImmediately: true })
        assert.isUndefined(waiting.pollUnsafe())
        early.worker.exit(1)
        yield* Fiber.join(waiting)
      }))

    it.effect("exchanges messages with the worker in order and ignores foreign ones", () =>
      Effect.gen(function*() {
        const { messages, thread, worker } = yield* start({ onMessage: (m, w) => w.say({ echo: m }) })
        worker.send("foreign")
        worker.send({ type: "user", message: "untagged" })
        worker.send({ "~shared-nothing/thread": 999, type: "user", message: "of another version" })
        thread.post(1)
        thread.post(2)
        yield* microtasks
        assert.deepStrictEqual(worker.received, [1, 2])
        assert.deepStrictEqual(messages, [{ echo: 1 }, { echo: 2 }])
      }))

    it.effect("hands the thread to beforeReady, and delivers messages posted during the setup", () =>
      Effect.gen(function*() {
        const worker = new FakeWorker({ start: "setupHangs" })
        const seen: Array<unknown> = []
        const fiber = yield* Effect.forkChild(
          Effect.scoped(Thread.make(optionsFor(worker, {
            onMessage: (m) => seen.push(m),
            beforeReady: (thread) => {
              seen.push("before")
              thread.onExit((reason) => seen.push(reason._tag))
            }
          }))),
          { startImmediately: true }
        )
        yield* microtasks
        worker.say("hello")
        worker.exit(4)
        yield* Fiber.await(fiber)
        assert.deepStrictEqual(seen, ["before", "hello", "ThreadExited"])
      }))

    it.effect("fails with ThreadSpawnFailed when spawn throws", () =>
      Effect.gen(function*() {
        const broken = new Error("ERR_WORKER_PATH")
        const options = optionsFor(new FakeWorker(), {
          spawn: () => {
            throw broken
          }
        })
        const down = yield* Effect.flip(Thread.make(options))
        assert.strictEqual(down._tag, "ThreadSpawnFailed")
        assert.strictEqual(down._tag === "ThreadSpawnFailed" && down.cause, broken)
        assert.match(down.message, /thread "t" could not be started \(Error: ERR_WORKER_PATH\): check/)
      }))

    it.effect("fails with ThreadSpawnFailed and ends the worker when the data cannot be cloned (W13)", () =>
      Effect.gen(function*() {
        const worker = new FakeWorker()
        const down = yield* Effect.flip(Thread.make(optionsFor(worker, { data: () => 1 })))
        assert.strictEqual(down._tag, "ThreadSpawnFailed")
        assert.isTrue(worker.gone)
      }))

    for (const option of ["readyTimeout", "stopTimeout", "terminateTimeout"] as const) {
      it.effect(`refuses a ${option} that is no duration, and names it`, () =>
        Effect.gen(function*() {
          const worker = new FakeWorker()
          const exit = yield* Effect.exit(Thread.make(optionsFor(worker, { [option]: "soon" as unknown as number })))
          const defect = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
          assert.propertyVal(defect, "_tag", "InvalidThreadOptions")
          assert.propertyVal(defect, "option", option)
          assert.propertyVal(defect, "value", "\"soon\"")
          assert.deepStrictEqual(worker.log, [])
        }))
    }

    for (
      const heartbeat of [{ interval: "soon" as unknown as number }, { interval: 0 }, { interval: Infinity }, {
        interval: 300,
        timeout: 599
      }]
    ) {
      it.effect(`refuses a heartbeat of ${JSON.stringify(heartbeat)} before it spawns`, () =>
        Effect.gen(function*() {
          const worker = new FakeWorker()
          const exit = yield* Effect.exit(Thread.make(optionsFor(worker, { heartbeat })))
          const defect = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
          assert.propertyVal(defect, "_tag", "InvalidThreadOptions")
          assert.deepStrictEqual(worker.log, [])
        }))
    }
  })

  describe("ready timeout", () => {
    for (const [start, phase] of [["neverCalled", "loading"], ["setupHangs", "setup"]] as const) {
      it.effect(`terminates a thread that is still in ${phase} after the timeout`, () =>
        Effect.gen(function*() {
          const { fiber, worker } = yield* startFailing({ start }, { readyTimeout: "3 seconds" })
          yield* TestClock.adjust(2_999)
          assert.isUndefined(fiber.pollUnsafe())
          yield* TestClock.adjust(1)
          const down = yield* Fiber.join(fiber)
          assert.deepInclude(down, { _tag: "ThreadNotReady", thread: "t", waitedMillis: 3_000, phase })
          assert.isTrue(worker.gone)
        }))
    }

    it.effect("fails at once when the thread dies before it is ready", () =>
      Effect.gen(function*() {
        const { fiber, worker } = yield* startFailing({ start: "neverCalled" })
        worker.crash(new Error("bad module"))
        const down = yield* Fiber.join(fiber)
        assert.deepInclude(down, { _tag: "ThreadCrashed", phase: "loading" })
        assert.match(
          down.message,
          /crashed while its file was loading \(Error: bad module\): the file that spawn names/
        )
      }))

    it.effect("ends the thread when it is interrupted while it waits", () =>
      Effect.gen(function*() {
        const { fiber, worker } = yield* startFailing({ start: "setupHangs" })
        yield* Fiber.interrupt(fiber)
        assert.isTrue(worker.gone)
        assert.include(worker.log, "post stop")
        assert.notInclude(worker.log, "terminate")
      }))

    it.effect("does not ask a thread whose entry never ran, but terminates it", () =>
      Effect.gen(function*() {
        const { fiber, worker } = yield* startFailing({ start: "neverCalled" })
        yield* Fiber.interrupt(fiber)
        assert.isTrue(worker.gone)
        assert.notInclude(worker.log, "post stop")
      }))
  })

  describe("heartbeat", () => {
    it.effect("terminates a thread whose word stands still, and says for how long", () =>
      Effect.gen(function*() {
        const { thread, worker } = yield* start({}, { heartbeat: { interval: 250, timeout: "1 second" } })
        yield* checks(worker, 8, true)
        yield* checks(worker, 3, false)
        assert.notInclude(worker.log, "terminate")
        yield* checks(worker, 1, false)
        const down = yield* thread.exit
        assert.deepInclude(down, { _tag: "ThreadUnresponsive", silentMillis: 1_000, isInTurn: false })
        assert.isTrue(worker.gone)
      }))

    it.effect("takes a thread whose turns go on for alive, although its timers get nowhere", () =>
      Effect.gen(function*() {
        const { thread, worker } = yield* start({}, { heartbeat: { interval: 250, timeout: "1 second" } })
        for (let n = 1; n <= 12; n++) {
          worker.turn(n << 1 | 1)
          yield* checks(worker, 1, false)
        }
        assert.isUndefined(thread.exitUnsafe())
        yield* checks(worker, 4, false)
        assert.deepInclude(yield* thread.exit, { _tag: "ThreadUnresponsive", isInTurn: true })
        assert.match(thread.exitUnsafe()!.message, /one turn of its actors or channels lasted all that time; a handler/)
      }))

    it.effect("ends no thread for its silence while the inspector listens, and says so once", () => {
      const warnings: Array<string> = []
      const logger = Logger.make(({ message }) => warnings.push(String(message)))
      return Effect.gen(function*() {
        const { thread, worker } = yield* start({}, { heartbeat: { interval: 250, timeout: "1 second" } })
        yield* Effect.acquireUseRelease(
          Effect.sync(() => inspector.open(0, "127.0.0.1", false)),
          () => checks(worker, 12, false),
          () => Effect.sync(() => inspector.close())
        )
        assert.isUndefined(thread.exitUnsafe())
        assert.lengthOf(warnings, 1)
        assert.match(
          warnings[0]!,
          /thread "t" has made no progress for 1000 ms; it is not ended, because the inspector/
        )
        yield* checks(worker, 1, false)
        assert.deepInclude(yield* thread.exit, { _tag: "ThreadUnresponsive", silentMillis: 3_250 })
      }).pipe(Effect.provide(Logger.layer([logger])))
    })

    it.effect("asks one for beats whose rest it sees, and only while it sees none, nor a turn", () =>
      Effect.gen(function*() {
        let rested = 0
        const { thread, worker } = yield* start({ rested: () => rested }, {
          heartbeat: { interval: 250, timeout: "2 seconds" }
        })
        const probes = (): number => worker.log.filter((entry) => entry === "post probe").length
        assert.strictEqual(worker.bootstrap?.heartbeatIntervalMillis, 0)
        for (let n = 0; n < 8; n++) {
          rested += 250
          yield* TestClock.adjust(250)
        }
        worker.turn(2)
        yield* TestClock.adjust(500)
        assert.strictEqual(probes(), 0)
        for (let n = 1; n <= 12; n++) {
          yield* checks(worker, 1, false)
          assert.strictEqual(probes(), n)
          yield* checks(worker, 1, true)
        }
        assert.isUndefined(thread.exitUnsafe())
        yield* checks(worker, 8, false)
        assert.deepInclude(yield* thread.exit, { _tag: "ThreadUnresponsive", silentMillis: 2_000 })
      }))

    it.effect("looks less often at one that rests, and finds what it gets stuck in that much later", () =>
      Effect.gen(function*() {
        let rested = 0
        let looks = 0
        const seen = () => {
          looks++
          return rested
        }
        const { thread, worker } = yield* start({ rested: seen }, {
          heartbeat: { interval: 100, timeout: "4 seconds" }
        })
        yield* TestClock.adjust(100)
        looks = 0
        for (let n = 0; n < 100; n++) {
          rested += 100
          yield* TestClock.adjust(100)
        }
        assert.isAtMost(looks, 11)
        yield* TestClock.adjust(5_000 + 100)
        assert.deepInclude(yield* thread.exit, { _tag: "ThreadUnresponsive" })
        assert.isTrue(worker.gone)
      }))

    it.effect("starts counting anew at every beat", () =>
      Effect.gen(function*() {
        const { thread, worker } = yield* start({}, { heartbeat: { interval: 250, timeout: "1 second" } })
        for (let round = 0; round < 5; round++) {
          yield* checks(worker, 3, false)
          yield* checks(worker, 1, true)
        }
        assert.isUndefined(thread.exitUnsafe())
      }))

    it.effect("keeps a thread whose word wraps around", () =>
      Effect.gen(function*() {
        const { thread, worker } = yield* start({}, { heartbeat: { interval: 250, timeout: "1 second" } })
        Atomics.store(new Int32Array(worker.bootstrap!.heartbeat), 0, 2 ** 31 - 1)
        yield* checks(worker, 8, true)
        assert.isUndefined(thread.exitUnsafe())
      }))

    it.effect("leaves a thread that was asked to stop to the stop timeout", () =>
      Effect.gen(function*() {
        const { thread, worker } = yield* start({ stop: "ignores" }, {
          heartbeat: { interval: 250, timeout: "1 second" },
          stopTimeout: "4 seconds"
        })
        const fiber = yield* Effect.forkChild(thread.stop, { startImmediately: true })
        yield* TestClock.adjust(3_999)
        assert.notInclude(worker.log, "terminate")
        yield* TestClock.adjust(1)
        yield* Fiber.join(fiber)
        assert.deepInclude(yield* thread.exit, { _tag: "ThreadStopped", clean: false })
      }))
  })

  describe("stop", () => {
    it.effect("asks, waits for the exit, and reports a clean stop", () =>
      Effect.gen(function*() {
        const { thread, worker } = yield* start()
        yield* thread.stop
        yield* microtasks
        assert.deepInclude(thread.exitUnsafe(), { _tag: "ThreadStopped", clean: true })
        assert.isTrue(thread.exitSeenUnsafe())
        assert.notInclude(worker.log, "terminate")
      }))

    it.effect("is the same when the scope closes, and once only", () =>
      Effect.gen(function*() {
        const scope = yield* Scope.make()
        const { thread, worker } = yield* Scope.provide(start(), scope)
        yield* thread.stop
        yield* thread.stop
        yield* Scope.close(scope, Exit.void)
        assert.deepStrictEqual(worker.log.filter((entry) => entry === "post stop"), ["post stop"])
      }))

    it.effect("asks once and terminates once, however many stop it at the same time", () =>
      Effect.gen(function*() {
        const { thread, worker } = yield* start({ stop: "ignores", terminate: "hangs" }, { stopTimeout: 800 })
        const stopping = [thread.stop, thread.stop, thread.kill, thread.kill]
        for (const stop of stopping) yield* Effect.forkChild(stop, { startImmediately: true })
        yield* TestClock.adjust(1_000)
        assert.deepStrictEqual(worker.log.filter((entry) => entry === "post stop" || entry === "terminate"), [
          "post stop",
          "terminate"
        ])
        worker.exit(1)
      }))

    it.effect("terminates a thread that ignores the request, at the timeout", () =>
      Effect.gen(function*() {
        const scope = yield* Scope.make()
        const { thread, worker } = yield* Scope.provide(start({ stop: "ignores" }, { stopTimeout: 800 }), scope)
        const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void), { startImmediately: true })
        yield* TestClock.adjust(799)
        assert.notInclude(worker.log, "terminate")
        yield* TestClock.adjust(1)
        yield* Fiber.join(closing)
        assert.deepInclude(thread.exitUnsafe(), { _tag: "ThreadStopped", clean: false })
      }))

    it.effect("gives up a thread that not even terminate ends, marks that its exit was not seen, and says so", () => {
      const errors: Array<string> = []
      const logger = Logger.make(({ message }) => errors.push(String(message)))
      return Effect.gen(function*() {
        const { thread, worker } = yield* start(
          { stop: "ignores", terminate: "hangs" },
          { stopTimeout: 400, terminateTimeout: 600 }
        )
        const calls: Array<[string, boolean]> = []
        thread.onExit((reason, exitSeen) => calls.push([reason._tag, exitSeen]))
        const stopping = yield* Effect.forkChild(thread.stop, { startImmediately: true })
        yield* TestClock.adjust(999)
        assert.deepStrictEqual(calls, [])
        yield* TestClock.adjust(1)
        yield* Fiber.join(stopping)
        assert.deepStrictEqual(calls, [["ThreadStopped", false]])
        assert.isFalse(thread.exitSeenUnsafe())
        worker.exit(1)
        assert.deepStrictEqual(calls, [["ThreadStopped", false]])
        assert.isTrue(thread.exitSeenUnsafe())
        assert.match(errors.join(), /^thread "t" has not ended 600 ms after it was terminated; it may still run/)
      }).pipe(Effect.provide(Logger.layer([logger])))
    })

    it.effect("goes on when terminate itself throws", () =>
      Effect.gen(function*() {
        const { thread, worker } = yield* start()
        worker.terminate = () => {
          throw new Error("no such thread")
        }
        const killing = yield* Effect.forkChild(thread.kill, { startImmediately: true })
        yield* TestClock.adjust("5 seconds")
        yield* Fiber.join(killing)
        assert.isFalse(thread.exitSeenUnsafe())
      }))

    it.effect("kills without asking", () =>
      Effect.gen(function*() {
        const { thread, worker } = yield* start()
        yield* thread.kill
        assert.deepInclude(thread.exitUnsafe(), { _tag: "ThreadStopped", clean: false })
        assert.notInclude(worker.log, "post stop")
      }))

    it.effect("reports a crash during the stop as a crash", () =>
      Effect.gen(function*() {
        const { thread, worker } = yield* start({ stop: "ignores" })
        const stopping = yield* Effect.forkChild(thread.stop, { startImmediately: true })
        worker.crash(new Error("finalizer"))
        yield* Fiber.join(stopping)
        assert.strictEqual(tagOf(thread.exitUnsafe()), "ThreadCrashed")
      }))
  })

  describe("reasons", () => {
    const oom = Object.assign(new Error("heap"), { code: "ERR_WORKER_OUT_OF_MEMORY" })
    const missing = Object.assign(new Error("Cannot find module '/x.ts'"), { code: "MODULE_NOT_FOUND" })
    const cases: ReadonlyArray<readonly [string, (worker: FakeWorker) => void, object]> = [
      ["process.exit(0) is not a stop (W02)", (w) => w.exit(0), { _tag: "ThreadExited", code: 0, phase: "running" }],
      ["process.exit(3) keeps its code (W02)", (w) => w.exit(3), { _tag: "ThreadExited", code: 3 }],
      ["an uncaught error is one crash (W01)", (w) => w.crash("text"), { _tag: "ThreadCrashed", error: "text" }],
      ["an uncaught undefined is a crash", (w) => w.crash(undefined), { _tag: "ThreadCrashed", error: undefined }],
      ["a full heap is told from a crash (W05)", (w) => w.crash(oom), { _tag: "ThreadOutOfMemory" }],
      ["a missing module later on is a crash", (w) => w.crash(missing), { _tag: "ThreadCrashed", error: missing }],
      ["a message that cannot be read ends the thread", (w) => w.messageError("m"), { _tag: "ThreadCrashed" }]
    ]
    for (const [title, act, expected] of cases) {
      it.effect(title, () =>
        Effect.gen(function*() {
          const { thread, worker } = yield* start()
          act(worker)
          assert.deepInclude(yield* thread.exit, expected)
          assert.isTrue(worker.gone)
        }))
    }

    it.effect("tells a file that does not exist from a module that it misses", () =>
      Effect.gen(function*() {
        for (
          const [requireStack, expected] of [[[], "ThreadSpawnFailed"], [["/a.cjs"], "ThreadCrashed"]] as const
        ) {
          const { fiber, worker } = yield* startFailing({ start: "neverCalled" })
          worker.crash(Object.assign(new Error(missing.message), { code: missing.code, requireStack }))
          assert.strictEqual(tagOf(yield* Fiber.join(fiber)), expected)
        }
      }))

    const described = Protocol.uncaught({ tag: "NoPort", text: "taken", stackText: undefined })
    for (const order of ["before", "after"] as const) {
      it.effect(`prefers the worker's description, ${order} the error event, to a value that lost its class`, () =>
        Effect.gen(function*() {
          const { thread, worker } = yield* start()
          if (order === "before") worker.send(described)
          worker.error({ port: 80 })
          if (order === "after") worker.send(described)
          worker.exit(1)
          const down = yield* thread.exit
          assert.match(down.message, /crashed while it was running \(NoPort: taken\)/)
        }))
    }

    it.effect("does not end a thread whose own code survives an uncaught error", () =>
      Effect.gen(function*() {
        const { thread, worker } = yield* start({ stop: "leaves" })
        worker.send(described)
        yield* microtasks
        assert.isUndefined(thread.exitUnsafe())
        yield* thread.stop
        assert.strictEqual(tagOf(thread.exitUnsafe()), "ThreadStopped")
      }))

    it.effect("gives a thread that reported its failure the stop timeout for its finalizers", () =>
      Effect.gen(function*() {
        const { thread, worker } = yield* start({}, { stopTimeout: 500, heartbeat: { timeout: "1 hour" } })
        worker.send(Protocol.failed({ tag: "NoPort", text: "taken", stackText: undefined }))
        yield* TestClock.adjust(499)
        assert.notInclude(worker.log, "terminate")
        yield* TestClock.adjust(1)
        assert.strictEqual(tagOf(yield* thread.exit), "ThreadCrashed")
      }))

    it.effect("keeps the first reason when the worker dies while it is being killed", () =>
      Effect.gen(function*() {
        const { thread, worker } = yield* start({ terminate: "hangs" })
        const killing = yield* Effect.forkChild(thread.kill, { startImmediately: true })
        worker.crash(new Error("too late"))
        yield* Fiber.join(killing)
        assert.strictEqual(tagOf(thread.exitUnsafe()), "ThreadStopped")
      }))
  })

  describe("exit", () => {
    it.effect("calls each onExit once, at the exit event, before those who wait, with late messages delivered", () =>
      Effect.gen(function*() {
        const order: Array<string> = []
        const { thread, worker } = yield* start({}, { onMessage: (m) => order.push(`message ${String(m)}`) })
        thread.onExit((reason) => order.push(`first ${reason._tag}`))
        thread.onExit(() => order.push("second"))
        const waiting = yield* Effect.forkChild(
          Effect.map(thread.exit, () => order.push("waiter")),
          { startImmediately: true }
        )
        worker.say("last words")
        worker.exit(0)
        yield* thread.kill
        yield* Fiber.join(waiting)
        assert.deepStrictEqual(order, ["message last words", "first ThreadExited", "second", "waiter"])
      }))

    it.effect("does not call onExit between the error and the exit event", () =>
      Effect.gen(function*() {
        const { thread, worker } = yield* start({ terminate: "hangs" })
        let calls = 0
        thread.onExit(() => calls++)
        worker.messageError("m")
        yield* microtasks
        assert.strictEqual(calls, 0)
        worker.exit(1)
        assert.strictEqual(calls, 1)
      }))

    it.effect("tells a late listener at once, and many waiters the same reason", () =>
      Effect.gen(function*() {
        const { thread, worker } = yield* start()
        const waiters = yield* Effect.forkChild(
          Effect.all([thread.exit, thread.exit, thread.exit], { concurrency: "unbounded" }),
          { startImmediately: true }
        )
        worker.exit(9)
        const reasons = yield* Fiber.join(waiters)
        let late: ThreadDown | undefined
        thread.onExit((reason) => {
          late = reason
        })
        assert.deepStrictEqual(new Set([...reasons, late, thread.exitUnsafe()]).size, 1)
      }))

    it.effect("calls the other listeners when one throws", () =>
      Effect.gen(function*() {
        const { thread, worker } = yield* start()
        let called = false
        thread.onExit(() => {
          throw new Error("listener")
        })
        thread.onExit(() => {
          called = true
        })
        worker.exit(0)
        assert.isTrue(called)
      }))

    it.effect("survives an onMessage that throws", () =>
      Effect.gen(function*() {
        const { thread, worker } = yield* start({}, {
          onMessage: () => {
            throw new Error("onMessage")
          }
        })
        worker.say(1)
        assert.isUndefined(thread.exitUnsafe())
      }))

    it.effect("ignores messages to a dead thread, and refuses one that cannot be cloned to a live one (W13)", () =>
      Effect.gen(function*() {
        const { thread, worker } = yield* start()
        assert.throws(() => thread.post(() => 1), /message to or from thread "t" was not sent/)
        worker.exit(0)
        thread.post(() => 1)
      }))

    it.effect("goes on when a waiter is interrupted (W16)", () =>
      Effect.gen(function*() {
        const { thread, worker } = yield* start()
        const gate = yield* Deferred.make<void>()
        const waiter = yield* Effect.forkChild(
          Effect.onInterrupt(thread.exit, () => Deferred.succeed(gate, undefined)),
          { startImmediately: true }
        )
        yield* Fiber.interrupt(waiter)
        yield* Deferred.await(gate)
        assert.isFalse(worker.gone)
        assert.isUndefined(thread.exitUnsafe())
      }))
  })
})
