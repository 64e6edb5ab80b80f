/** Threads in reserve over scripted workers, under TestClock. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Logger from "effect/Logger"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import * as Tree from "../../src/supervisor/Tree.ts"
import * as ThreadGroup from "../../src/thread/kernel/ThreadGroup.ts"
import { type FakeScript, FakeWorker } from "../support/fakeWorker.ts"

const microtasks = Effect.promise(() => new Promise<void>((resolve) => setImmediate(resolve)))

/** Goes on until something holds. */
const until = (holds: () => boolean) =>
  Effect.gen(function*() {
    for (let round = 0; round < 200 && !holds(); round++) {
      yield* TestClock.adjust(10)
      yield* microtasks
    }
    assert.isTrue(holds())
  })

/** A group with a reserve, the workers that it has spawned, and what it told. */
const staged = (
  scriptOf: (spawned: number) => FakeScript = () => ({}),
  extra: Partial<ThreadGroup.ThreadsOptions> = {}
) => {
  const member = new ThreadGroup.Member<string>(1, "t1")
  const workers: Array<FakeWorker> = []
  const log: Array<string> = []
  const make = ThreadGroup.make<string, ThreadGroup.Member<string>>({
    name: "threads",
    members: [member],
    maxSpins: 0,
    standby: 1,
    spawn: () => {
      const worker = new FakeWorker(scriptOf(workers.length))
      workers.push(worker)
      return worker
    },
    data: () => ({}),
    onMessage: (_, message) => log.push(`says ${String(message)}`),
    onStarting: ({ starts }) => log.push(`starts ${starts}`),
    onReady: ({ isFromStandby, starts }) => log.push(`up ${starts}${isFromStandby ? " from standby" : ""}`),
    onEnded: (_, reason) => log.push(`ended: ${reason._tag}`),
    onStandby: (name) => log.push(`${name} stands by`),
    onStandbyEnded: (name, reason) => log.push(`${name} ended: ${reason._tag} ${reason.thread}`),
    below: () => Effect.undefined,
    ...extra
  })
  const posts = (worker: number) => workers[worker]!.log.filter((line) => line.startsWith("post"))
  return { member, workers, log, make, posts, stands: () => log.includes("standby-0 stands by") }
}

const quiet = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.provide(Effect.scoped(effect), Logger.layer([]))

describe("a reserve of threads", () => {
  it.effect("has a thread loaded, and nothing of it begun", () =>
    quiet(Effect.gen(function*() {
      const { log, make, posts, stands, workers } = staged()
      yield* make
      yield* until(stands)
      assert.deepStrictEqual(log, ["starts 1", "up 1", "standby-0 stands by"])
      assert.lengthOf(workers, 2)
      assert.deepStrictEqual(posts(1), ["post prepare"])
    })))

  it.effect("gives it the place of a thread that ends, and what it says to who has that; then the next one loads", () =>
    quiet(Effect.gen(function*() {
      const { log, make, member, posts, stands, workers } = staged((spawned) =>
        spawned === 1 ? { start: "setupHangs" } : {}
      )
      yield* make
      yield* until(stands)
      workers[0]!.crash(new Error("gone"))
      yield* until(() => workers[1]!.bootstrap !== undefined)
      assert.deepStrictEqual(posts(1), ["post prepare", "post bootstrap"])
      const { epoch, index, name } = workers[1]!.bootstrap!
      assert.deepStrictEqual([name, index, epoch], ["t1", 1, 2])
      workers[1]!.say("hello")
      // What is being waited for shares no core with its successor.
      yield* microtasks
      assert.lengthOf(workers, 2)
      workers[1]!.send({ "~shared-nothing/thread": 1, type: "ready", data: undefined })
      yield* until(() => workers.length === 3 && member.isUp)
      assert.deepStrictEqual(log.slice(3), [
        "ended: ThreadCrashed",
        "starts 2",
        "says hello",
        "up 2 from standby",
        "standby-0 stands by"
      ])
      // Its end is that of its place now.
      workers[1]!.crash(new Error("again"))
      yield* until(() => log.includes("up 3 from standby"))
      assert.strictEqual(member.down?.thread, "t1")
    })))

  it.effect("does not give away one that is about to end", () =>
    quiet(Effect.gen(function*() {
      const { log, make, stands, workers } = staged()
      yield* make
      yield* until(stands)
      workers[1]!.error(new Error("its exit follows"))
      workers[0]!.crash(new Error("gone"))
      yield* until(() => log.includes("up 2"))
      assert.lengthOf(workers, 3)
      assert.isUndefined(workers[1]!.bootstrap)
      workers[1]!.exit(1)
      yield* until(() => workers.length === 4)
      assert.include(log, "standby-0 ended: ThreadCrashed standby-0")
    })))

  it.effect("replaces one that ends in reserve, or does not load, within the limits of the group; then there is none", () =>
    quiet(Effect.gen(function*() {
      const { log, make, member, workers } = staged((spawned) => spawned === 0 ? {} : { load: "hangs" }, {
        readyTimeout: 100,
        heartbeat: { timeout: "1 hour" },
        intensity: { restarts: 2, within: "1 minute" }
      })
      const group = yield* make
      yield* until(() => log.filter((line) => line === "standby-0 ended: ThreadNotReady standby-0").length === 3)
      yield* TestClock.adjust("10 seconds")
      yield* microtasks
      assert.lengthOf(workers, 4)
      assert.isTrue(workers.slice(1).every(({ gone }) => gone))
      assert.isTrue(member.isUp)
      assert.notInclude(Tree.render(yield* group.tree), "standby")
      // The group has lost none of its own restarts by that.
      for (const restarts of [1, 2]) {
        workers[workers.length - (restarts === 1 ? 4 : 1)]!.crash(new Error("gone"))
        yield* until(() => log.includes(`up ${restarts + 1}`))
      }
    })))

  it.effect("is in the tree, and ends with the group, at once", () =>
    quiet(Effect.gen(function*() {
      const scope = yield* Scope.make()
      const { make, posts, stands, workers } = staged()
      const group = yield* Scope.provide(make, scope)
      yield* until(stands)
      assert.include(Tree.render(yield* group.tree), "standby-0")
      yield* Scope.close(scope, Exit.void)
      assert.isTrue(workers.every(({ gone }) => gone))
      // It has nothing to release.
      assert.deepStrictEqual(posts(1), ["post prepare"])
    })))
})
