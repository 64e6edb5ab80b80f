/**
 * What every system promises about commands to its actors, wherever they live; see `ActorControl`.
 */
import { assert, layer as describeWith } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as PubSub from "effect/PubSub"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { ActorControl, ActorError, ActorSystem, Child, ExitReason, Supervisor } from "shared-nothing"
import * as Fixture from "../fixtures/actors.ts"
import { block, type ContractOptions, failure, forkNow, itemsOf, patient, stage } from "./actorContract.ts"
import { eventually, settle } from "./eventually.ts"

const there = { placement: { thread: 0 } } as const
const inOrder = { ...there, shutdown: "1 minute" } as const

const { Probe } = Fixture

/** Spawns in a scope of its own, so that a test can end it twice. */
const spawned = Effect.fnUntraced(function*(key: string, options: ActorSystem.SpawnOptions = inOrder) {
  return yield* Probe.definition.spawn(key, options)
})

/** The stage of a test and an actor on it. */
const free = Effect.gen(function*() {
  const on = yield* stage
  return { on, actor: yield* spawned(on.key) }
})

/** The same, and its handler waits at the gate. */
const busy = Effect.tap(free, ({ actor, on }) => block(on, actor))

/** The tag of the error that an effect fails with. */
const tagOf = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.map(failure(effect), (error) => (error as { readonly _tag: string })._tag)

export const controlContract = (name: string, options: ContractOptions): void => {
  const { live } = options
  const passing = (millis: number) => live ? Effect.void : TestClock.adjust(millis)
  const { suite = describeWith(options.layer, { excludeTestServices: live, timeout: "30 seconds" }) } = options
  suite(name, (it) => {
    it.effect("stop handles what was accepted, refuses the rest, and answers why once all is released", () =>
      Effect.gen(function*() {
        const { actor, on } = yield* busy
        yield* actor.tell.Block({ gate: on.gate, n: 1 })
        const stopping = yield* forkNow(ActorControl.stop(actor))
        yield* eventually(
          failure(actor.tell.Add({ n: 2 })).pipe(Effect.catchDefect(() => Effect.succeed(undefined))),
          (error) => error instanceof ActorError.ActorStopped,
          "it accepts nothing any more"
        )
        yield* on.open()
        assert.deepStrictEqual(yield* Fiber.join(stopping), ExitReason.asked)
        assert.deepStrictEqual(
          yield* on.journal(),
          ["build 1", "start 0", "end 0", "start 1", "end 1", "closed 1"]
        )
        // The name is free as soon as the answer has come.
        yield* spawned(on.key)
      }))

    it.effect("what its sender told before a stop was accepted", () =>
      Effect.gen(function*() {
        const { actor, on } = yield* free
        for (let n = 0; n < 100; n++) actor.tellUnsafe.Block({ gate: on.gate, n })
        const stopping = yield* forkNow(ActorControl.stop(actor))
        yield* on.open()
        yield* Fiber.join(stopping)
        const lines = yield* on.journal()
        assert.strictEqual(lines.filter((line) => line.startsWith("end")).length, 100)
      }))

    it.effect("stop within a time interrupts the handler when that is over", () =>
      Effect.gen(function*() {
        const { actor, on } = yield* busy
        assert.deepStrictEqual(yield* ActorControl.stop(actor, { within: "brutalKill" }), ExitReason.asked)
        assert.deepStrictEqual(yield* on.journal(), ["build 1", "start 0", "interrupted 0", "closed 1"])
      }))

    it.effect("a stop with less time cuts a drain short, and both answer", () =>
      Effect.gen(function*() {
        const { actor } = yield* busy
        const draining = yield* forkNow(ActorControl.drain(actor))
        yield* settle
        yield* ActorControl.stop(actor, { within: "brutalKill" })
        assert.deepStrictEqual(yield* Fiber.join(draining), ExitReason.asked)
      }))

    it.effect("kill interrupts the handler, drops what waits, releases what it held, and says so", () =>
      Effect.gen(function*() {
        const { actor, on } = yield* busy
        yield* actor.tell.Add({ n: 1 })
        const asking = yield* forkNow(failure(actor.ask.Items()))
        yield* settle
        assert.deepStrictEqual(yield* ActorControl.kill(actor), ExitReason.killed)
        const error = yield* Fiber.join(asking)
        assert.instanceOf(error, ActorError.ActorStopped)
        assert.deepStrictEqual(error.reason, ExitReason.killed)
        assert.deepStrictEqual(yield* on.journal(), ["build 1", "start 0", "interrupted 0", "closed 1"])
      }))

    it.effect("kill comes before a drain that does not end", () =>
      Effect.gen(function*() {
        const { actor } = yield* busy
        const draining = yield* forkNow(ActorControl.drain(actor))
        yield* settle
        assert.deepStrictEqual(yield* ActorControl.kill(actor), ExitReason.killed)
        assert.deepStrictEqual(yield* Fiber.join(draining), ExitReason.killed)
      }))

    it.effect("every command is answered by an actor that has ended", () =>
      Effect.gen(function*() {
        const { actor } = yield* free
        yield* ActorControl.kill(actor)
        for (const end of [ActorControl.stop(actor), ActorControl.drain(actor), ActorControl.kill(actor)]) {
          assert.isTrue(["Killed", "Forgotten"].includes((yield* end)._tag))
        }
        for (const ask of [ActorControl.pause(actor), ActorControl.resume(actor), ActorControl.ping(actor)]) {
          assert.instanceOf(yield* failure<unknown, unknown, never>(ask), ActorError.ActorStopped)
        }
      }))

    it.effect("every command is answered in a crash loop", () =>
      Effect.gen(function*() {
        const on = yield* stage
        yield* on.control.ask.Plan({
          key: on.key,
          builds: ["ok", ...Array.from({ length: 900 }, () => "die" as const)]
        })
        const actor = yield* Fixture.ProbeBackoff.definition.spawn(on.key, inOrder)
        yield* Effect.exit(actor.ask.Die({ text: "crash", later: true }))
        assert.strictEqual((yield* ActorControl.ping(actor)).status, "restarting")
        yield* ActorControl.pause(actor)
        yield* ActorControl.resume(actor)
        assert.deepStrictEqual(yield* ActorControl.stop(actor), ExitReason.asked)
      }))

    it.effect("pause lets the handler end; nothing else is handled until resume", () =>
      Effect.gen(function*() {
        const { actor, on } = yield* busy
        const pausing = yield* forkNow(ActorControl.pause(actor))
        yield* actor.tell.Add({ n: 1 })
        yield* settle
        assert.isUndefined(pausing.pollUnsafe())
        yield* on.open()
        yield* Fiber.join(pausing)
        yield* actor.tell.Add({ n: 2 })
        yield* settle
        const pong = yield* eventually(ActorControl.ping(actor), ({ waiting }) => waiting === 2, "both wait")
        assert.deepInclude(pong, { status: "paused", waiting: 2, restarts: 0 })
        yield* ActorControl.resume(actor)
        assert.deepStrictEqual(yield* itemsOf(actor, 3), [0, 1, 2])
      }))

    it.effect("a pause that is not answered in time fails, and the actor comes to rest all the same", () =>
      Effect.gen(function*() {
        const { actor, on } = yield* busy
        const error = yield* Effect.flip(ActorControl.pause(actor, { timeout: 0 }))
        assert.instanceOf(error, ActorError.AskTimeout)
        yield* on.open()
        yield* eventually(ActorControl.ping(actor), ({ status }) => status === "paused", "it is at rest")
      }))

    it.effect("a resume answers a pause that still waits", () =>
      Effect.gen(function*() {
        const { actor, on } = yield* busy
        const pausing = yield* forkNow(ActorControl.pause(actor))
        yield* settle
        yield* ActorControl.resume(actor)
        yield* Fiber.join(pausing)
        yield* actor.tell.Add({ n: 1 })
        yield* on.open()
        assert.deepStrictEqual(yield* itemsOf(actor, 2), [0, 1])
      }))

    it.effect("a paused actor that is stopped in order goes on for what it has accepted", () =>
      Effect.gen(function*() {
        const { actor, on } = yield* free
        yield* ActorControl.pause(actor)
        yield* actor.tell.Block({ gate: on.gate, n: 1 })
        yield* on.open()
        yield* ActorControl.stop(actor)
        assert.deepStrictEqual(yield* on.journal(), ["build 1", "start 1", "end 1", "closed 1"])
      }))

    it.effect("stays paused over a restart with its siblings", () =>
      Effect.gen(function*() {
        const on = yield* stage
        const One = Child.actor(Probe.definition, on.key, there)
        const Other = Child.actor(Probe.definition, `${on.key}-other`, there)
        const supervisor = yield* Supervisor.make("s", { strategy: "one-for-all", children: [One, Other] })
        const one = yield* supervisor.get(One)
        const other = yield* supervisor.get(Other)
        yield* ActorControl.pause(one)
        yield* one.tell.Add({ n: 1 })
        yield* other.tell.Die({ text: "crash", later: true })
        yield* on.sees("build 2")
        yield* eventually(
          ActorControl.ping(one),
          ({ restarts, status }) => restarts === 1 && status === "paused",
          "it is up again, and paused"
        )
        yield* ActorControl.resume(one)
        assert.deepStrictEqual(yield* itemsOf(one, 1), [1])
      }))

    it.effect("ping is answered while a handler runs, behind a long queue, and counts it", () =>
      Effect.gen(function*() {
        const { actor, on } = yield* free
        assert.deepInclude(yield* ActorControl.ping(actor), { status: "idle", waiting: 0, restarts: 0 })
        yield* block(on, actor)
        for (let n = 0; n < 500; n++) yield* actor.tell.Add({ n })
        const pong = yield* eventually(ActorControl.ping(actor), ({ waiting }) => waiting === 500, "all of them wait")
        assert.strictEqual(pong.status, "running")
        yield* actor.tell.Die({ text: "crash", later: true })
        yield* on.open()
        yield* patient(actor.ask.Incarnation())
        assert.strictEqual((yield* ActorControl.ping(actor)).restarts, 1)
      }))

    it.effect("who gives up waiting takes nothing back: the actor ends", () =>
      Effect.gen(function*() {
        const { actor, on } = yield* busy
        const draining = yield* forkNow(ActorControl.drain(actor))
        yield* settle
        yield* Fiber.interrupt(draining)
        yield* on.open()
        yield* on.sees("closed 1")
      }))

    it.effect("the scope of an actor that was stopped closes, and one that is being drained is stopped with its scope", () =>
      Effect.gen(function*() {
        const on = yield* stage
        const life = yield* Scope.make()
        const actor = yield* Scope.provide(spawned(on.key, { ...there, shutdown: "brutalKill" }), life)
        yield* block(on, actor)
        const draining = yield* forkNow(ActorControl.drain(actor))
        yield* settle
        yield* Scope.close(life, Exit.void)
        yield* Fiber.join(draining)
        assert.deepStrictEqual(yield* on.sees("closed 1"), ["build 1", "start 0", "interrupted 0", "closed 1"])
      }))

    it.effect("below a supervisor a stop is a normal end, and a kill is not", () =>
      Effect.gen(function*() {
        const on = yield* stage
        const One = Child.actor(Probe.definition, on.key, { ...there, restart: "transient" })
        const supervisor = yield* Supervisor.make("s", { strategy: "one-for-one", children: [One] })
        const first = yield* supervisor.get(One)
        yield* ActorControl.kill(first)
        yield* eventually(supervisor.child(One.id), ({ restarts, status }) =>
          restarts === 1 && status === "running", "a kill restarts it")
        yield* ActorControl.stop(yield* supervisor.get(One))
        yield* eventually(supervisor.child(One.id), ({ status }) =>
          status === "stopped", "a stop does not")
      }))

    it.effect("a time that is none dies, with the value", () =>
      Effect.gen(function*() {
        const actor = yield* spawned((yield* stage).key)
        const error = yield* failure(ActorControl.stop(actor, { within: -1 }))
        assert.instanceOf(error, ActorError.InvalidOptions)
        assert.include(error.message, "within is -1")
      }))

    // What an actor does by itself

    it.effect("a tick comes again and again, each so long after the last was handled; never two wait", () =>
      Effect.gen(function*() {
        const on = yield* stage
        const pulse = yield* Fixture.Pulse.definition.spawn(on.key, inOrder)
        yield* passing(100)
        yield* on.sees("beat 1")
        yield* pulse.tell.Next({ does: "wait" })
        yield* passing(100)
        yield* on.sees("beat 2")
        yield* passing(1000)
        yield* settle
        const pong = yield* ActorControl.ping(pulse)
        assert.deepInclude(pong, { status: "running", waiting: 0, restarts: 0 })
        yield* on.open()
        if (!live) {
          yield* passing(99)
          assert.deepStrictEqual(yield* on.journal(), ["beat 1", "beat 2"])
          yield* passing(1)
        }
        yield* on.sees("beat 3")
      }))

    it.effect("a tick that crashes is a crash; the next incarnation has ticks of its own", () =>
      Effect.gen(function*() {
        const on = yield* stage
        const pulse = yield* Fixture.Pulse.definition.spawn(on.key, inOrder)
        yield* pulse.tell.Next({ does: "die" })
        yield* passing(100)
        yield* on.sees("release for a restart")
        yield* eventually(
          ActorControl.ping(pulse),
          ({ restarts, status }) => restarts === 1 && status === "idle",
          "it is up again"
        )
        yield* passing(100)
        yield* eventually(
          on.journal(),
          (lines) => lines.filter((line) => line === "beat 1").length === 2,
          "it beats again"
        )
        yield* ActorControl.stop(pulse)
        const lines = yield* on.journal()
        yield* passing(1000)
        assert.deepStrictEqual(yield* on.journal(), lines)
      }))

    it.effect("a paused actor is told one tick at most", () =>
      Effect.gen(function*() {
        const on = yield* stage
        const pulse = yield* Fixture.Pulse.definition.spawn(on.key, inOrder)
        yield* ActorControl.pause(pulse)
        yield* passing(1000)
        yield* eventually(ActorControl.ping(pulse), ({ waiting }) => waiting === 1, "one waits")
        yield* ActorControl.stop(pulse)
        assert.isAtMost((yield* on.journal()).filter((line) => line.startsWith("beat")).length, 2)
      }))

    it.effect("an actor without messages for its idle time ends normally", () =>
      Effect.gen(function*() {
        const on = yield* stage
        const pulse = yield* Fixture.PulseIdle.definition.spawn(on.key, inOrder)
        if (!live) {
          yield* passing(150)
          yield* pulse.tell.Poke()
          yield* passing(199)
          assert.strictEqual((yield* ActorControl.ping(pulse)).status, "idle")
          yield* passing(1)
        }
        yield* on.sees("release: Normal")
        const error = yield* eventually(
          failure(ActorControl.ping(pulse)).pipe(Effect.catchDefect(() => Effect.undefined)),
          (error) => error instanceof ActorError.ActorStopped,
          "it has ended"
        )
        assert.isTrue(["Normal", "Forgotten"].includes((error as ActorError.ActorStopped).reason._tag))
        yield* Fixture.PulseIdle.definition.spawn(on.key, inOrder)
      }))

    it.effect("an actor is not idle while a handler runs, or while it is paused", () =>
      Effect.gen(function*() {
        const on = yield* stage
        const pulse = yield* Fixture.PulseIdle.definition.spawn(on.key, inOrder)
        yield* ActorControl.pause(pulse)
        yield* passing(1000)
        yield* pulse.tell.Hold({ gate: on.gate })
        yield* ActorControl.resume(pulse)
        // A command may overtake a message.
        yield* eventually(ActorControl.ping(pulse), ({ status }) => status === "running", "the handler has begun")
        yield* passing(1000)
        assert.strictEqual((yield* ActorControl.ping(pulse)).status, "running")
        yield* on.open()
        yield* passing(200)
        yield* on.sees("release: Normal")
      }))

    it.effect("what an incarnation holds learns why it is released", () =>
      Effect.gen(function*() {
        const on = yield* stage
        const pulse = yield* Fixture.Pulse.definition.spawn(on.key, inOrder)
        yield* ActorControl.pause(pulse)
        yield* pulse.tell.Die()
        yield* ActorControl.resume(pulse)
        yield* on.sees("release for a restart")
        yield* eventually(
          ActorControl.ping(pulse),
          ({ restarts, status }) => restarts === 1 && status === "idle",
          "it is up again"
        )
        yield* ActorControl.kill(pulse)
        const releases = (yield* on.journal()).filter((line) => line.startsWith("release"))
        assert.deepStrictEqual(releases, ["release for a restart", "release: Killed"])
      }))

    it.effect("inspect shows what the behaviour gives out, also while a handler runs, and its own mistakes", () =>
      Effect.gen(function*() {
        const on = yield* stage
        const pulse = yield* Fixture.PulseIdle.definition.spawn(on.key, inOrder)
        yield* pulse.tell.Poke()
        yield* pulse.tell.Poke()
        yield* eventually(
          ActorControl.inspect(pulse),
          (seen) => (seen as { pokes: number }).pokes === 2,
          "both are seen"
        )
        yield* pulse.tell.Hold({ gate: on.gate })
        assert.deepStrictEqual(yield* ActorControl.inspect(pulse), { beats: 0, pokes: 2 })
        yield* pulse.tell.HideState()
        yield* on.open()
        yield* eventually(Effect.exit(ActorControl.inspect(pulse)), (exit) => Exit.isFailure(exit), "it is hidden")
        const error = yield* failure(ActorControl.inspect(pulse))
        assert.strictEqual((error as Error).message, "hidden")
        const probe = yield* Probe.definition.spawn(on.key, inOrder)
        assert.isUndefined(yield* ActorControl.inspect(probe))
      }))

    it.effect("a crash is reported: who, which incarnation, what it handled, why, and how many restarts are left", () =>
      Effect.gen(function*() {
        const on = yield* stage
        const system = yield* ActorSystem.ActorSystem
        const events = yield* PubSub.subscribe(system.events)
        const actor = yield* Fixture.ProbeTwice.definition.spawn(on.key, inOrder)
        const reports: Array<string> = []
        const crash = (later: boolean) =>
          Effect.gen(function*() {
            yield* Effect.exit(patient(actor.ask.Die({ text: "crash", later })))
            while (true) {
              const event = yield* PubSub.take(events)
              if (event._tag !== "ActorCrashed" || event.actor !== `ProbeTwice/${on.key}`) continue
              const { directive, incarnation, message, restartsLeft } = event
              const why = (Cause.squash(event.cause) as Error).message
              return reports.push(`${incarnation} ${message} ${why} ${directive} ${restartsLeft}`)
            }
          })
        yield* crash(false)
        yield* patient(actor.ask.Incarnation())
        yield* crash(true)
        yield* patient(actor.ask.Incarnation())
        yield* crash(true)
        assert.deepStrictEqual(reports, [
          "1 Die crash restart 2",
          "2 Die crash restart 1",
          "3 Die crash restart 0"
        ])
      }))

    it.effect("a supervisor suspends, resumes and looks at its actors, and says of others that it cannot", () =>
      Effect.gen(function*() {
        const on = yield* stage
        const One = Child.actor(Fixture.PulseIdle.definition, on.key, { ...there, restart: "transient" })
        const Other = Child.effect("other", Effect.never)
        const supervisor = yield* Supervisor.make("s", { strategy: "one-for-one", children: [One, Other] })
        yield* supervisor.suspendChild(One.id)
        const pulse = yield* supervisor.get(One)
        yield* pulse.tell.Poke()
        yield* settle
        assert.deepStrictEqual(yield* supervisor.childState(One.id), { beats: 0, pokes: 0 })
        yield* supervisor.resumeChild(One.id)
        yield* eventually(
          supervisor.childState(One.id),
          (state) => (state as { pokes: number }).pokes === 1,
          "it goes on"
        )
        const error = yield* failure(supervisor.suspendChild("other"))
        assert.strictEqual(
          (error as Error).message,
          "supervisor \"s\": child \"other\" does not answer \"suspend\": it is of the kind \"effect\""
        )
        assert.strictEqual(yield* supervisor.spec("other"), Other)
        yield* ActorControl.stop(pulse)
        yield* eventually(supervisor.child(One.id), ({ status }) => status === "stopped", "it has ended")
        assert.strictEqual(yield* tagOf(supervisor.childState(One.id)), "ChildNotRunning")
      }))

    it.effect("by hand a child is ended, started and deleted, with an answer each time, also in a crash loop", () =>
      Effect.gen(function*() {
        const on = yield* stage
        const endless = { restarts: 1_000_000, within: "1 minute" } as const
        yield* on.control.ask.Plan({
          key: on.key,
          builds: ["ok", ...Array.from({ length: 10_000 }, () => "die" as const)]
        })
        const One = Child.actor(Probe.definition, on.key, there)
        const Loop = Child.effect("loop", Effect.die("again"))
        const supervisor = yield* Supervisor.make("s", {
          strategy: "one-for-one",
          intensity: endless,
          // Without a pause no time passes in a simulation.
          backoff: Schedule.spaced("1 millis"),
          children: [One, Loop]
        })
        const actor = yield* supervisor.get(One)
        yield* actor.tell.Die({ text: "crash", later: true })
        yield* eventually(
          Effect.andThen(passing(1), supervisor.child(One.id)),
          ({ restarts }) => restarts > 3,
          "it loops"
        )
        for (const id of [One.id, Loop.id]) {
          assert.strictEqual(yield* tagOf(supervisor.deleteChild(id)), "ChildRunning")
          assert.strictEqual(yield* tagOf(supervisor.restartChild(id)), "ChildRunning")
          yield* Effect.exit(supervisor.suspendChild(id))
          yield* supervisor.terminateChild(id)
          assert.strictEqual((yield* supervisor.child(id)).status, "stopped")
        }
        // Its build still fails, and that is the answer.
        assert.strictEqual(
          yield* tagOf(supervisor.restartChild(One.id)),
          "ChildStartFailed"
        )
        yield* on.control.ask.Plan({ key: on.key, builds: [] })
        yield* supervisor.restartChild(One.id)
        assert.strictEqual((yield* supervisor.child(One.id)).status, "running")
        yield* supervisor.terminateChild(One.id)
        for (const id of [One.id, Loop.id]) yield* supervisor.deleteChild(id)
        assert.deepStrictEqual(yield* supervisor.children, [])
      }))
  })
}
