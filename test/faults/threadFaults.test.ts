/** Every way in which a real thread can fail to start, die or refuse to end, and the one typed reason for each. */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import { once } from "node:events"
import { Worker } from "node:worker_threads"
import { whereabouts } from "../../src/thread/internal/whereabouts.ts"
import * as Thread from "../../src/thread/Thread.ts"
import type { ThreadDown, WorkerFailure } from "../../src/thread/ThreadError.ts"
import type { CommandedData } from "../fixtures/thread-commanded.worker.ts"

const fixture = (name: string): URL => new URL(`../fixtures/thread-${name}.worker.ts`, import.meta.url)

/** What the fixtures print is not the output of the test run. */
const quiet = { stdout: true, stderr: true } as const

const optionsFor = (name: string, extra: Partial<Thread.Options> = {}): Thread.Options => ({
  name,
  index: 0,
  epoch: 0,
  spawn: () => new Worker(fixture(name), quiet),
  data: undefined,
  onMessage: () => {},
  ...extra
})

/** Starts the commanded fixture and keeps what it left behind. */
const commanded = Effect.fnUntraced(function*(
  data: Omit<CommandedData, "traces"> = {},
  extra: Partial<Thread.Options> = {}
) {
  const traces = new Int32Array(new SharedArrayBuffer(8))
  const messages: Array<unknown> = []
  const make = Thread.make(optionsFor("commanded", {
    data: { ...data, traces: traces.buffer },
    onMessage: (message) => messages.push(message),
    ...extra
  }))
  return { traces, messages, make }
})

const running = Effect.fnUntraced(function*(
  data: Omit<CommandedData, "traces"> = {},
  extra: Partial<Thread.Options> = {}
) {
  const { make, messages, traces } = yield* commanded(data, extra)
  const thread = yield* make
  return { traces, messages, thread }
})

const until = (condition: () => boolean, state: () => unknown): Effect.Effect<void> =>
  Effect.gen(function*() {
    const deadline = performance.now() + 60_000
    while (!condition()) {
      if (performance.now() > deadline) assert.fail(`not reached: ${JSON.stringify(state())}`)
      yield* Effect.sleep(2)
    }
  })

/** Lets the event loop of this thread go round once. */
const turn = Effect.promise(() => new Promise<void>((resolve) => setImmediate(resolve)))

/** Blocks the parent at the point of its event loop after which timers run before messages and exit events. */
const blockParent = (millis: number): Effect.Effect<void> =>
  Effect.promise(() =>
    new Promise<void>((resolve) => {
      setImmediate(() => {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, millis)
        resolve()
      })
    })
  )

const tagOfFailure = (down: ThreadDown): string | undefined => {
  const failure = down._tag === "ThreadSetupFailed"
    ? down.cause
    : down._tag === "ThreadCrashed"
    ? down.error as WorkerFailure
    : undefined
  return failure?.tag
}

describe("threads that do not start", () => {
  const cases: ReadonlyArray<readonly [string, string, object, RegExp]> = [
    ["throws at load (W09)", "throws-at-load", { _tag: "ThreadCrashed", phase: "loading" }, /this module throws/],
    ["does not exist", "does-not-exist", { _tag: "ThreadSpawnFailed" }, /Cannot find module.*does-not-exist/],
    ["drains without calling the entry", "drains", { _tag: "ThreadExited", code: 0, phase: "loading" }, /call launch/],
    ["calls the entry twice", "calls-entry-twice", { _tag: "ThreadCrashed", phase: "loading" }, /called twice/]
  ]
  for (const [title, name, expected, text] of cases) {
    it.live(`gives a typed reason for a file that ${title}`, () =>
      Effect.gen(function*() {
        const down = yield* Effect.flip(Thread.make(optionsFor(name)))
        assert.deepInclude(down, { ...expected, thread: name })
        assert.match(down.message, text)
      }))
  }

  it.live("says that a file does not exist, also where a hook of the program loads modules", () =>
    Effect.gen(function*() {
      const hook =
        "import { registerHooks } from 'node:module'; registerHooks({ load: (url, context, next) => next(url, context) })"
      const execArgv = ["--import", `data:text/javascript,${encodeURIComponent(hook)}`]
      const spawn = () => new Worker(fixture("does-not-exist"), { ...quiet, execArgv })
      const down = yield* Effect.flip(Thread.make(optionsFor("hooked", { spawn })))
      assert.deepInclude(down, { _tag: "ThreadSpawnFailed", thread: "hooked" })
    }))

  it.live("gives up a file that never calls the entry", () =>
    Effect.gen(function*() {
      const down = yield* Effect.flip(Thread.make(optionsFor("never-calls-entry", { readyTimeout: 300 })))
      assert.deepInclude(down, { _tag: "ThreadNotReady", phase: "loading" })
    }))

  it.live("gives up a setup that hangs", () =>
    Effect.gen(function*() {
      const { make } = yield* commanded({ setup: "hangs" }, { readyTimeout: 2_000 })
      assert.deepInclude(yield* Effect.flip(make), { _tag: "ThreadNotReady", phase: "setup" })
    }))

  const setups = [
    ["fails", "NoPort", /the setup of thread "commanded" failed \(NoPort: port 8080 is taken\)/],
    ["dies", "RangeError", /failed \(RangeError: defect in setup\)/],
    ["answersFunction", "DataCloneError", /could not be cloned/]
  ] as const
  for (const [setup, tag, text] of setups) {
    it.live(`reports a setup that ${setup} with the tag, text and stack of the worker, after its finalizers`, () =>
      Effect.gen(function*() {
        const { make, traces } = yield* commanded({ setup })
        const down = yield* Effect.flip(make)
        assert.strictEqual(down._tag, "ThreadSetupFailed")
        assert.strictEqual(tagOfFailure(down), tag)
        assert.match(down.message, text)
        assert.match((down as { cause: WorkerFailure }).cause.stackText ?? "", /\n\s+at /)
        assert.strictEqual(Atomics.load(traces, 0), 1)
      }))
  }

  it.live("tells process.exit in the setup from a failure of it (W02)", () =>
    Effect.gen(function*() {
      const { make } = yield* commanded({ setup: "exits" })
      assert.deepInclude(yield* Effect.flip(make), { _tag: "ThreadExited", code: 7, phase: "setup" })
    }))

  it.live("interrupts a setup, and runs its finalizers, when the waiting parent is interrupted (W16)", () =>
    Effect.gen(function*() {
      let thread: Thread.StartingThread | undefined
      const { make, messages, traces } = yield* commanded({ setup: "hangs" }, {
        beforeReady: (starting) => {
          thread = starting
        }
      })
      const fiber = yield* Effect.forkChild(Effect.scoped(make), { startImmediately: true })
      yield* until(() => messages.length === 1, () => thread?.exitUnsafe())
      yield* Fiber.interrupt(fiber)
      assert.deepInclude(thread?.exitUnsafe(), { _tag: "ThreadStopped", clean: true })
      assert.deepStrictEqual(Array.from(traces), [1, 1])
    }))

  it.live("does not count a blocked parent as a late worker (W10)", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(Thread.make(optionsFor("bare", { readyTimeout: 1_200, epoch: 5 })), {
        startImmediately: true
      })
      yield* turn
      yield* blockParent(1_500)
      assert.strictEqual((yield* Fiber.join(fiber)).ready, 5)
    }))
})

describe("threads that die", () => {
  const cases: ReadonlyArray<readonly [string, string, object, RegExp]> = [
    ["throws later (W01)", "throw", { _tag: "ThreadCrashed", phase: "running" }, /TypeError: thrown later/],
    ["rejects a promise nobody handles (fault 2)", "reject", { _tag: "ThreadCrashed" }, /NoPort: port 80 is taken/],
    ["calls process.exit (W02)", "exit", { _tag: "ThreadExited", code: 3, phase: "running" }, /process\.exit/]
  ]
  for (const [title, command, expected, text] of cases) {
    it.live(`reports a thread that ${title}`, () =>
      Effect.gen(function*() {
        const { thread } = yield* running()
        thread.post(command)
        const down = yield* thread.exit
        assert.deepInclude(down, expected)
        assert.match(down.message, text)
        assert.isTrue(thread.exitSeenUnsafe())
      }))
  }

  it.live("closes the scope of a thread that reports a failure, and keeps the first one", () =>
    Effect.gen(function*() {
      const { thread, traces } = yield* running()
      thread.post("fail")
      const down = yield* thread.exit
      assert.strictEqual(down._tag, "ThreadCrashed")
      assert.strictEqual(tagOfFailure(down), "NoPort")
      assert.strictEqual(Atomics.load(traces, 0), 1)
    }))

  for (const [command, tag] of [["throwInHandler", "TypeError"], ["overflowStack", "RangeError"]] as const) {
    it.live(`ends a thread with a typed failure when its message handler does ${command}`, () =>
      Effect.gen(function*() {
        const { thread, traces } = yield* running()
        thread.post(command)
        assert.strictEqual(tagOfFailure(yield* thread.exit), tag)
        assert.strictEqual(Atomics.load(traces, 0), 1)
      }))
  }

  it.live("delivers what was posted before process.exit, then the end (W02)", () =>
    Effect.gen(function*() {
      const { messages, thread } = yield* running()
      let seenAtExit = -1
      thread.onExit(() => {
        seenAtExit = messages.length
      })
      thread.post("lastWordsAndExit")
      assert.deepInclude(yield* thread.exit, { _tag: "ThreadExited", code: 0 })
      assert.strictEqual(seenAtExit, 100)
    }))

  it.live("tells a full heap from a crash, and the process goes on (W05)", () =>
    Effect.gen(function*() {
      const spawn = () => new Worker(fixture("commanded"), { ...quiet, resourceLimits: { maxOldGenerationSizeMb: 24 } })
      const { thread } = yield* running({}, { spawn, heartbeat: { timeout: "20 seconds" } })
      thread.post("outOfMemory")
      assert.deepInclude(yield* thread.exit, { _tag: "ThreadOutOfMemory", phase: "running" })
    }))

  for (const [command, id] of [["spin", "W03"], ["park", "W04"]] as const) {
    it.live(`finds and ends a thread that does ${command} by its heartbeat (${id})`, () =>
      Effect.gen(function*() {
        const { thread } = yield* running({}, { heartbeat: { interval: 20, timeout: 300 } })
        thread.post(command)
        const down = yield* thread.exit
        assert.strictEqual(down._tag, "ThreadUnresponsive")
        assert.isAtLeast(down._tag === "ThreadUnresponsive" ? down.silentMillis : 0, 290)
        assert.match(down.message, /, in .+ \(.*thread-commanded\.worker\.ts:\d+\)/)
        assert.isTrue(thread.exitSeenUnsafe())
      }))
  }

  it.live("ends a thread that answers too late where it is", () =>
    Effect.gen(function*() {
      const clock = { ...(yield* Clock.Clock), sleep: () => Effect.yieldNow }
      // It depends on the moment in which it is stopped.
      for (let times = 0; times < 5; times++) {
        const worker = new Worker("for (;;);", { eval: true })
        yield* Effect.promise(() => once(worker, "online"))
        assert.isUndefined(yield* whereabouts(worker, clock))
        yield* Effect.promise(() => worker.terminate())
      }
    }))

  it.live("keeps a live thread when the parent itself was blocked for longer than the timeout (W10)", () =>
    Effect.gen(function*() {
      const { messages, thread } = yield* running({}, { heartbeat: { interval: 20, timeout: 400 } })
      for (let i = 0; i < 3; i++) {
        yield* blockParent(600)
        yield* turn
      }
      thread.post("echo")
      yield* until(() => messages.length === 1, () => thread.exitUnsafe())
      assert.deepStrictEqual(messages, [{ index: 0, epoch: 0, name: "commanded" }])
    }))

  it.live("attributes a death that came while the parent was blocked (W10)", () =>
    Effect.gen(function*() {
      const { thread } = yield* running({}, { heartbeat: { interval: 20, timeout: 200 } })
      thread.post("exit")
      yield* blockParent(600)
      assert.deepInclude(yield* thread.exit, { _tag: "ThreadExited", code: 3 })
    }))

  it.live("stays alive when a waitAsync is all it waits for (W12)", () =>
    Effect.gen(function*() {
      const { messages, thread } = yield* running()
      thread.post("holdLoopWithWaitAsync")
      thread.post("echo")
      yield* until(() => messages.length === 1, () => thread.exitUnsafe())
      assert.isUndefined(thread.exitUnsafe())
    }))

  it.live("refuses in the worker a message that cannot be cloned, and lives on (W13)", () =>
    Effect.gen(function*() {
      const { messages, thread } = yield* running()
      thread.post("postFunction")
      yield* until(() => messages.length === 1, () => thread.exitUnsafe())
      assert.deepStrictEqual(messages, ["ThreadMessageRefused"])
    }))
})

describe("threads that stop", () => {
  it.live("runs the finalizers and exits by itself", () =>
    Effect.gen(function*() {
      const { thread, traces } = yield* running()
      yield* thread.stop
      assert.deepInclude(thread.exitUnsafe(), { _tag: "ThreadStopped", clean: true })
      assert.strictEqual(Atomics.load(traces, 0), 1)
    }))

  it.live("runs the finalizers when the scope closes", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const { thread, traces } = yield* Scope.provide(running(), scope)
      yield* Scope.close(scope, Exit.void)
      assert.deepInclude(thread.exitUnsafe(), { _tag: "ThreadStopped", clean: true })
      assert.strictEqual(Atomics.load(traces, 0), 1)
    }))

  it.live("ends a thread whose event loop is still held after its finalizers, well before the stop timeout", () =>
    Effect.gen(function*() {
      const { thread } = yield* running({ onStop: "holdsLoop" }, { stopTimeout: "20 seconds" })
      yield* thread.stop
      assert.deepInclude(thread.exitUnsafe(), { _tag: "ThreadStopped", clean: true })
    }))

  it.live("terminates a thread whose finalizer hangs", () =>
    Effect.gen(function*() {
      const { thread, traces } = yield* running({ onStop: "hangs" }, { stopTimeout: 200 })
      yield* thread.stop
      assert.deepInclude(thread.exitUnsafe(), { _tag: "ThreadStopped", clean: false })
      assert.strictEqual(Atomics.load(traces, 0), 1)
    }))

  it.live("reports a finalizer that dies", () =>
    Effect.gen(function*() {
      const { thread } = yield* running({ onStop: "dies" })
      yield* thread.stop
      const down = thread.exitUnsafe()
      assert.strictEqual(down?._tag, "ThreadCrashed")
      assert.match(down?.message ?? "", /finalizer died/)
    }))

  it.live("terminates a busy thread, whose finalizers then do not run (W03)", () =>
    Effect.gen(function*() {
      const { messages, thread, traces } = yield* running()
      thread.post("spin")
      yield* until(() => messages.length === 1, () => thread.exitUnsafe())
      yield* thread.kill
      assert.deepInclude(thread.exitUnsafe(), { _tag: "ThreadStopped", clean: false })
      assert.isTrue(thread.exitSeenUnsafe())
      assert.strictEqual(Atomics.load(traces, 0), 0)
    }))

  it.live("leaves no thread and no handle behind after 20 starts and stops (W17)", () =>
    Effect.gen(function*() {
      const handles = () => process.getActiveResourcesInfo().filter((kind) => kind !== "Immediate").sort()
      yield* Effect.scoped(Thread.make(optionsFor("bare")))
      yield* turn
      const before = handles()
      const gone: Array<boolean> = []
      for (let epoch = 0; epoch < 20; epoch++) {
        const thread = yield* Effect.scoped(Thread.make(optionsFor("bare", { epoch })))
        assert.strictEqual(thread.ready, epoch)
        gone.push(thread.exitSeenUnsafe())
      }
      assert.deepStrictEqual(gone, new Array(20).fill(true))
      yield* until(() => handles().length <= before.length, () => ({ before, after: handles() }))
    }))
})
