/** Scenarios of OTP's servers: `gen_server_SUITE` and `sys_SUITE` of erlang/otp, `lib/stdlib/test`. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { Actor, ActorControl, ActorError } from "shared-nothing"
import { eventually, settle } from "../contract/eventually.ts"
import { watching } from "../support/events.ts"
import { forkNow, Player, staged } from "./actors.ts"

describe("gen_server", () => {
  it.effect("G01 start: an init that takes too long, fails or has nothing to do is the answer, and leaves nothing", () =>
    staged((stage) =>
      Effect.gen(function*() {
        const events = yield* watching
        stage.build = () => Effect.never
        const spawning = yield* forkNow(Effect.flip(Player.spawn("a")))
        yield* TestClock.adjust("1 second")
        const slow = yield* Fiber.join(spawning)
        assert.instanceOf(slow, ActorError.SpawnFailed)
        assert.include(slow.message, "within 1000 ms")
        stage.build = () => Effect.fail("no disk")
        assert.deepInclude(yield* Effect.flip(Player.spawn("a")), { _tag: "SpawnFailed", cause: "no disk" })
        stage.build = () => Actor.ignore
        assert.strictEqual((yield* Effect.flip(Player.spawn("a")))._tag, "SpawnFailed")
        stage.build = () => Effect.void
        const a = yield* Player.spawn("a")
        assert.instanceOf(yield* Effect.flip(Player.spawn("a")), ActorError.NameTaken)
        yield* a.tell.Note({ n: 1 })
        yield* settle
        assert.deepStrictEqual(stage.log, ["a 1 in 1"])
        assert.deepStrictEqual(events, [])
        assert.deepStrictEqual(stage.lines, [])
      }), { initTimeout: "1 second" }))

  it.effect("G03 crash: an end that was asked for logs nothing, and a crash that is one is logged once, with its cause", () =>
    staged((stage) =>
      Effect.gen(function*() {
        stage.acts["stop itself"] = ({ self }) => ActorControl.stop(self)
        stage.acts["crash"] = () => Effect.die(new Error("out of ink"))
        yield* Effect.flatMap(Player.spawn("stopped"), ActorControl.stop)
        yield* Effect.flatMap(Player.spawn("killed"), ActorControl.kill)
        yield* Effect.scoped(Player.spawn("closed"))
        const itself = yield* Player.spawn("itself")
        yield* itself.ask.Do({ what: "stop itself" })
        yield* itself.down
        assert.deepStrictEqual(stage.lines, [])
        const crashed = yield* Player.spawn("crashed")
        yield* Effect.exit(crashed.ask.Do({ what: "crash" }))
        yield* crashed.down
        yield* settle
        assert.strictEqual(stage.lines.length, 1)
        assert.match(stage.lines[0]!, /^Error: .*Player\/crashed.*\(1\)$/)
      }), { supervision: { restart: "temporary" } }))

  it.effect("G04 call_with_huge_message_queue: an answer passes by all that waits for its asker", () =>
    staged((stage) =>
      Effect.gen(function*() {
        const gate = yield* Deferred.make<void>()
        const other = yield* Player.spawn("other")
        stage.acts["answer"] = () => Effect.as(Deferred.await(gate), 7)
        stage.acts["ask"] = () => other.ask.Do({ what: "answer" })
        const asker = yield* Player.spawn("asker")
        const asked = yield* forkNow(asker.ask.Do({ what: "ask" }))
        for (let n = 0; n < 10_000; n++) asker.tellUnsafe.Note({ n })
        yield* Deferred.succeed(gate, undefined)
        assert.strictEqual(yield* Fiber.join(asked), 7)
        assert.deepStrictEqual(stage.log, [])
        yield* eventually(Effect.sync(() => stage.log.length), (length) => length === 10_000, "all are handled")
      }), { mailbox: { capacity: "unbounded" } }))
})

describe("sys", () => {
  it.effect("G06 suspend: twice is once, and so is resume; what came meanwhile is handled then", () =>
    staged((stage) =>
      Effect.gen(function*() {
        stage.acts["answer"] = () => Effect.succeed(7)
        const a = yield* Player.spawn("a")
        yield* ActorControl.resume(a)
        yield* ActorControl.pause(a)
        yield* ActorControl.pause(a)
        const asked = yield* forkNow(Effect.flip(a.ask.Do({ what: "answer" }, { timeout: "1 second" })))
        yield* a.tell.Note({ n: 1 })
        yield* settle
        assert.deepInclude(yield* ActorControl.ping(a), { status: "paused", waiting: 2 })
        assert.isUndefined(asked.pollUnsafe())
        // A pause does not hold up the deadline of whoever asks.
        yield* TestClock.adjust("1 second")
        assert.strictEqual((yield* Fiber.join(asked))._tag, "AskTimeout")
        yield* ActorControl.resume(a)
        yield* ActorControl.resume(a)
        yield* settle
        assert.deepStrictEqual(stage.log, ["a 1 in 1"])
        assert.strictEqual(yield* a.ask.Do({ what: "answer" }), 7)
      })
    ))

  it.effect("G06 suspend: an actor that rests is ended like any other", () =>
    staged((stage) =>
      Effect.gen(function*() {
        stage.build = () => Effect.addFinalizer(() => Effect.sync(() => void stage.log.push("closed")))
        const life = yield* Scope.make()
        const a = yield* Scope.provide(Player.spawn("a"), life)
        yield* ActorControl.pause(a)
        yield* a.tell.Note({ n: 1 })
        const closing = yield* forkNow(Scope.close(life, Exit.void))
        yield* Fiber.join(closing)
        assert.deepStrictEqual(stage.log, ["a 1 in 1", "closed"])
      })
    ))
})
