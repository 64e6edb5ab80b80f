/** A group of threads over scripted workers, under TestClock. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { availableParallelism } from "node:os"
import * as Protocol from "../../src/thread/internal/protocol.ts"
import * as ThreadGroup from "../../src/thread/kernel/ThreadGroup.ts"
import { type FakeScript, FakeWorker } from "../support/fakeWorker.ts"

/** Lets the microtasks of the workers run. */
const microtasks = Effect.promise(() => new Promise<void>((resolve) => setImmediate(resolve)))

/** A group that is about to start, the workers that it has spawned, and what it told, in order. */
const staged = (
  count: number,
  scriptOf: (spawned: number) => FakeScript = () => ({}),
  extra: Partial<ThreadGroup.ThreadsOptions> = {}
) => {
  const members = Array.from({ length: count }, (_, i) => new ThreadGroup.Member<string>(i + 1, `t${i + 1}`))
  const workers: Array<FakeWorker> = []
  const log: Array<string> = []
  const make = ThreadGroup.make<string, ThreadGroup.Member<string>>({
    name: "threads",
    members,
    maxSpins: 0,
    spawn: () => {
      const worker = new FakeWorker(scriptOf(workers.length))
      workers.push(worker)
      return worker
    },
    data: (member) => ({ for: member.name }),
    onMessage: (member, message) => log.push(`${member.name} says ${String(message)}`),
    onStarting: (member) => log.push(`${member.name} starts ${member.starts}`),
    onReady: (member, ready) => log.push(`${member.name} is up: ${String(ready)}`),
    onEnded: (member, reason) => log.push(`${member.name} ended: ${reason._tag}, up ${member.isUp}`),
    below: () => Effect.undefined,
    ...extra
  })
  return { members, workers, log, make }
}

describe("ThreadGroup", () => {
  it.effect("is up when all of its threads are, each at a place of its own", () =>
    Effect.gen(function*() {
      const { log, make, members, workers } = staged(2, (spawned) => ({ ready: `worker ${spawned}` }))
      yield* make
      assert.deepStrictEqual(members.map(({ index, isUp, starts }) => [index, isUp, starts]), [
        [1, true, 1],
        [2, true, 1]
      ])
      assert.deepStrictEqual(workers.map(({ bootstrap }) => [bootstrap?.name, bootstrap?.index, bootstrap?.epoch]), [
        ["t1", 1, 1],
        ["t2", 2, 1]
      ])
      assert.deepStrictEqual(workers.map(({ bootstrap }) => bootstrap?.data), [{ for: "t1" }, { for: "t2" }])
      assert.sameMembers(log, ["t1 starts 1", "t2 starts 1", "t1 is up: worker 0", "t2 is up: worker 1"])
    }).pipe(Effect.scoped))

  it.effect("loads as many threads at once as there are cores; a setup holds none", () =>
    Effect.gen(function*() {
      const cores = availableParallelism()
      const { make, members, workers } = staged(cores + 2, () => ({ start: "neverCalled" }), { readyTimeout: 1_000 })
      const making = yield* Effect.forkChild(make, { startImmediately: true })
      yield* microtasks
      assert.lengthOf(workers, cores)
      // What waits for a core is not late.
      yield* TestClock.adjust(900)
      workers[0]!.send(Protocol.begun)
      yield* microtasks
      assert.lengthOf(workers, cores + 1)
      workers[0]!.send(Protocol.ready(undefined))
      yield* microtasks
      assert.lengthOf(workers, cores + 1)
      for (let i = 1; i < cores + 2; i++) {
        yield* microtasks
        workers[i]!.send(Protocol.ready(undefined))
      }
      yield* Fiber.join(making)
      assert.isTrue(members.every(({ isUp }) => isUp))
    }).pipe(Effect.scoped))

  it.effect("tells the end of an incarnation before the next one starts, and gives its questions up", () =>
    Effect.gen(function*() {
      const { log, make, members, workers } = staged(1)
      yield* make
      const [member] = members
      const asking = yield* Effect.forkChild(member!.request((request) => ({ request })), { startImmediately: true })
      workers[0]!.crash(new Error("gone"))
      assert.isFalse(member!.isUp)
      assert.strictEqual(member!.down?._tag, "ThreadCrashed")
      assert.isUndefined(yield* Fiber.join(asking))
      // Between two incarnations there is nobody to ask.
      const posted = workers[0]!.log.length
      assert.isUndefined(yield* member!.request((request) => ({ request })))
      assert.lengthOf(workers[0]!.log, posted)
      while (workers.length < 2 || !member!.isUp) {
        yield* TestClock.adjust(100)
        yield* microtasks
      }
      assert.deepStrictEqual([member!.starts, workers[1]!.bootstrap?.epoch], [2, 2])
      assert.deepStrictEqual(log, [
        "t1 starts 1",
        "t1 is up: undefined",
        "t1 ended: ThreadCrashed, up false",
        "t1 starts 2",
        "t1 is up: undefined"
      ])
    }).pipe(Effect.scoped))

  it.effect("asks the incarnation that is here, and hears it also before it is ready", () =>
    Effect.gen(function*() {
      const { log, make, members, workers } = staged(1, () => ({ start: "setupHangs" }))
      const making = yield* Effect.forkChild(make, { startImmediately: true })
      yield* microtasks
      workers[0]!.say("early")
      const asking = yield* Effect.forkChild(members[0]!.request((request) => ({ request })), {
        startImmediately: true
      })
      yield* microtasks
      const [question] = workers[0]!.received as [{ readonly request: number }]
      members[0]!.requests.answer(question.request, "forty-two")
      assert.strictEqual(yield* Fiber.join(asking), "forty-two")
      workers[0]!.send(Protocol.ready("now"))
      yield* Fiber.join(making)
      assert.deepStrictEqual(log, ["t1 starts 1", "t1 says early", "t1 is up: now"])
    }).pipe(Effect.scoped))

  it.effect("stops its threads at the same time: as long as one takes", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const { make, workers } = staged(3, () => ({ stop: "ignores" }), { stopTimeout: 1_000 })
      yield* Scope.provide(make, scope)
      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void), { startImmediately: true })
      yield* microtasks
      assert.isTrue(workers.every(({ log }) => log.includes("post stop")))
      // The wait is cut into four.
      for (let slice = 0; slice < 4; slice++) {
        assert.isTrue(workers.every(({ gone }) => !gone))
        yield* TestClock.adjust(250)
        yield* microtasks
      }
      assert.isTrue(workers.every(({ gone }) => gone))
      yield* Fiber.join(closing)
    }))

  it.effect("fails with the reason of the first thread that does not come up, and leaves none", () =>
    Effect.gen(function*() {
      const { log, make, workers } = staged(2, (spawned) => spawned === 1 ? { start: "setupHangs" } : {})
      const making = yield* Effect.forkChild(Effect.flip(Effect.scoped(make)), { startImmediately: true })
      yield* microtasks
      workers[1]!.exit(3)
      const reason = yield* Fiber.join(making)
      assert.strictEqual(reason._tag, "ThreadExited")
      assert.isTrue(workers.every(({ gone }) => gone))
      assert.isFalse(log.includes("t2 is up: undefined"))
    }))

  it.effect("a thread that dies while it loads lets go of its core", () =>
    Effect.gen(function*() {
      const cores = availableParallelism()
      const { make, members, workers } = staged(
        cores,
        (spawned) => spawned >= cores && spawned < 3 * cores ? { start: "neverCalled" } : {},
        { readyTimeout: 1_000, intensity: { restarts: 100, within: 1_000 } }
      )
      yield* make
      for (const worker of workers.slice()) worker.exit(1)
      // Two rounds in which none gets further than its file.
      for (let rounds = 0; rounds < 400 && !members.every(({ isUp }) => isUp); rounds++) {
        yield* TestClock.adjust(100)
        yield* microtasks
      }
      assert.isTrue(members.every(({ isUp }) => isUp))
    }).pipe(Effect.scoped))
})
