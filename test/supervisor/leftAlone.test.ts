/** Children that no fiber waits for while they are up, and how many of them are stopped together. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Child from "../../src/supervisor/Child.ts"
import { Identity } from "../../src/supervisor/kernel/Identity.ts"
import * as Supervisor from "../../src/supervisor/Supervisor.ts"
import type { SupervisorEvent } from "../../src/supervisor/SupervisorEvent.ts"
import { settle } from "./stage.ts"

/** Something that lives until it says so; `log` has who was told to end, in order. */
class Tenant extends Identity<string> {
  readonly value: string
  readonly log: Array<string>
  /** How often a fiber has begun to wait for its end. */
  waited = 0
  starts = 0
  /** What being told to end does; nothing, unless this says more. */
  onEnd: () => void = () => {}
  isGone = false
  constructor(value: string, log: Array<string>) {
    super()
    this.value = value
    this.log = log
  }

  override get exit(): Effect.Effect<Exit.Exit<unknown, unknown>> {
    const exit = super.exit
    return Effect.suspend(() => {
      this.waited++
      return exit
    })
  }

  get up(): Effect.Effect<Tenant> {
    return Effect.sync(() => {
      this.starts++
      this.renewed()
      return this
    })
  }

  isPossible(): boolean {
    return !this.isGone
  }

  down(): Effect.Effect<void> {
    return Effect.sync(() => this.crash(Exit.interrupt()))
  }

  end(): Effect.Effect<void> | undefined {
    this.log.push(this.value)
    this.onEnd()
    return undefined
  }

  crash(exit: Exit.Exit<unknown, unknown>): void {
    this.over(exit, undefined)
  }

  leave(): void {
    this.isGone = true
    this.over(Exit.void, undefined)
  }
}

const childOf = (tenant: Tenant, options?: Child.ChildOptions) =>
  Child.make(tenant.value, { ...options, start: Effect.sync(() => tenant) })

const listen = Effect.fnUntraced(function*(supervisor: Supervisor.Supervisor["Service"]) {
  const events: Array<SupervisorEvent> = []
  yield* Effect.forkScoped(Stream.runForEach(supervisor.events, (event) => Effect.sync(() => events.push(event))))
  yield* settle
  return events
})

const stopsIn = (events: ReadonlyArray<SupervisorEvent>) =>
  events.flatMap((event) => event._tag === "ChildStopped" ? [`${event.child} ${event.how}`] : [])

describe("a child that can be left alone", () => {
  it.effect("has no fiber that waits for it while it is up, over its restarts", () =>
    Effect.scoped(Effect.gen(function*() {
      const tenant = new Tenant("a", [])
      const supervisor = yield* Supervisor.dynamic("s")
      yield* supervisor.startChild(childOf(tenant))
      tenant.crash(Exit.die("bug"))
      yield* settle
      assert.deepStrictEqual([tenant.starts, tenant.waited], [1, 0])
      assert.strictEqual((yield* supervisor.child("a")).restarts, 1)
      tenant.onEnd = () => tenant.leave()
      yield* supervisor.stop
      assert.strictEqual(tenant.waited, 0)
    })))

  it.effect("is terminated like any other: told, and ended by force when its time is over", () =>
    Effect.scoped(Effect.gen(function*() {
      const tenant = new Tenant("a", [])
      const supervisor = yield* Supervisor.make("s", { strategy: "one-for-one", children: [childOf(tenant)] })
      const events = yield* listen(supervisor)
      const terminating = yield* Effect.forkChild(supervisor.terminateChild("a"), { startImmediately: true })
      assert.deepStrictEqual(tenant.log, ["a"])
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.join(terminating)
      assert.deepStrictEqual(stopsIn(events), ["a forced"])
      yield* supervisor.restartChild("a")
      assert.strictEqual((yield* supervisor.child("a")).status, "running")
      tenant.onEnd = () => tenant.leave()
    })))

  it.effect("that is told to stop by whoever hears that it is up is stopped", () =>
    Effect.scoped(Effect.gen(function*() {
      const tenant = new Tenant("a", [])
      tenant.onEnd = () => tenant.leave()
      const supervisor = yield* Supervisor.dynamic("s")
      yield* Effect.forkScoped(
        Stream.runForEach(
          supervisor.events,
          ({ _tag }) => _tag === "ChildStarted" ? Effect.exit(supervisor.terminateChild("a")) : Effect.void
        )
      )
      yield* settle
      yield* supervisor.startChild(childOf(tenant))
      yield* settle
      assert.strictEqual((yield* supervisor.count).specs, 0)
      assert.isTrue(tenant.isGone)
    })))
})

describe("children that are stopped together", () => {
  it.effect("are all told at once, and each has its own time", () =>
    Effect.scoped(Effect.gen(function*() {
      const log: Array<string> = []
      const [a, b, c, d] = ["a", "b", "c", "d"].map((id) => new Tenant(id, log)) as [Tenant, Tenant, Tenant, Tenant]
      d.onEnd = () => d.leave()
      const supervisor = yield* Supervisor.dynamic("s")
      yield* Effect.addFinalizer(() => Effect.sync(() => a.leave()))
      yield* supervisor.startChild(childOf(a, { shutdown: "infinity" }))
      yield* supervisor.startChild(childOf(b, { shutdown: "2 seconds" }))
      yield* supervisor.startChild(childOf(c, { shutdown: "1 second" }))
      yield* supervisor.startChild(childOf(d))
      const events = yield* listen(supervisor)
      const stopping = yield* Effect.forkChild(supervisor.stop, { startImmediately: true })
      assert.deepStrictEqual(log, ["d", "c", "b", "a"])
      assert.deepStrictEqual([a, b, c].map(({ waited }) => waited), [0, 0, 0])
      yield* settle
      assert.deepStrictEqual(stopsIn(events), ["d stopped"])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(stopsIn(events), ["d stopped", "c forced"])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(stopsIn(events), ["d stopped", "c forced", "b forced"])
      yield* TestClock.adjust("1 hour")
      assert.isUndefined(stopping.pollUnsafe())
      a.leave()
      yield* Fiber.join(stopping)
      assert.deepStrictEqual(stopsIn(events), ["d stopped", "c forced", "b forced", "a stopped"])
    })))

  it.effect("go down beside one that throws when it is told, and one that has a fiber", () =>
    Effect.scoped(Effect.gen(function*() {
      const log: Array<string> = []
      const broken = new Tenant("broken", log)
      broken.onEnd = () => {
        broken.onEnd = () => {}
        throw new Error("no")
      }
      const quiet = new Tenant("quiet", log)
      quiet.onEnd = () => quiet.leave()
      const supervisor = yield* Supervisor.dynamic("s")
      yield* supervisor.startChild(childOf(quiet))
      yield* supervisor.startChild(childOf(broken))
      yield* supervisor.startChild(Child.effect("effect", Effect.never))
      const events = yield* listen(supervisor)
      yield* supervisor.stop
      yield* settle
      assert.deepStrictEqual(stopsIn(events).toSorted(), ["broken forced", "effect stopped", "quiet stopped"])
    })))

  it.effect("let others have their turn, however many they are", () =>
    Effect.scoped(Effect.gen(function*() {
      const log: Array<string> = []
      const supervisor = yield* Supervisor.dynamic("s")
      for (let i = 0; i < 1_000; i++) {
        const tenant = new Tenant(`${i}`, log)
        tenant.onEnd = () => tenant.leave()
        yield* supervisor.startChild(childOf(tenant))
      }
      const stopping = yield* Effect.forkChild(supervisor.stop, { startImmediately: true })
      assert.isBelow(log.length, 200)
      yield* Fiber.join(stopping)
      assert.strictEqual(log.length, 1_000)
      assert.strictEqual((yield* supervisor.count).specs, 0)
    })))
})
