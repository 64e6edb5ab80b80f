/** Scenarios of ractor's actors: `slawlor/ractor`, `ractor/src/actor/tests`. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import { ActorControl, ExitReason } from "shared-nothing"
import { settle } from "../contract/eventually.ts"
import { forkNow, Player, staged } from "./actors.ts"
import type { Tools } from "./actors.ts"

describe("ractor: lifecycle", () => {
  it.effect("A01 stop_higher_priority_over_messages: a kill lets none of ten that wait be handled", () =>
    staged((stage) =>
      Effect.gen(function*() {
        const gate = yield* Deferred.make<void>()
        stage.acts["wait"] = () => Effect.ensuring(Deferred.await(gate), Effect.sync(() => stage.log.push("let go")))
        const a = yield* Player.spawn("a")
        yield* a.tell.Do({ what: "wait" })
        for (let n = 1; n <= 10; n++) yield* a.tell.Note({ n })
        yield* settle
        assert.deepStrictEqual(yield* ActorControl.kill(a), ExitReason.killed)
        yield* Deferred.succeed(gate, undefined)
        yield* settle
        assert.deepStrictEqual(stage.log, ["let go"])
      })
    ))

  it.effect("A02 kill_interrupts_lifecycle_hooks: a build is interrupted, the first one and one of a restart", () =>
    staged((stage) =>
      Effect.gen(function*() {
        const given = yield* Deferred.make<Tools["self"]>()
        const hangs = ({ self }: Tools) =>
          Deferred.succeed(given, self).pipe(
            Effect.andThen(Effect.never),
            Effect.onInterrupt(() => Effect.sync(() => stage.log.push("interrupted")))
          )
        stage.build = hangs
        const spawning = yield* forkNow(Effect.flip(Player.spawn("a")))
        assert.deepStrictEqual(yield* ActorControl.kill(yield* Deferred.await(given)), ExitReason.killed)
        assert.strictEqual((yield* Fiber.join(spawning))._tag, "SpawnFailed")
        stage.build = () => Effect.void
        stage.acts["crash"] = () => Effect.die("ink")
        const a = yield* Player.spawn("a")
        stage.build = hangs
        yield* Effect.exit(a.ask.Do({ what: "crash" }))
        yield* settle
        assert.deepStrictEqual(yield* ActorControl.kill(a), ExitReason.killed)
        assert.deepStrictEqual(stage.log, ["interrupted", "interrupted"])
      })
    ))

  it.effect("A05 concurrent_shutdown_transitions_elect_cleanup_once: whoever ends it is told the same, and it is released once", () =>
    staged((stage) =>
      Effect.gen(function*() {
        stage.build = ({ self }) =>
          Effect.addFinalizer(() => {
            stage.log.push("closed")
            return ActorControl.kill(self)
          })
        stage.acts["never"] = () => Effect.never
        const life = yield* Scope.make()
        const a = yield* Scope.provide(Player.spawn("a"), life)
        yield* a.tell.Do({ what: "never" })
        const ends = yield* Effect.forEach(
          [ActorControl.drain(a), ActorControl.stop(a), ActorControl.kill(a), ActorControl.kill(a)],
          forkNow
        )
        const reasons = yield* Effect.forEach(ends, Fiber.join)
        yield* Scope.close(life, yield* Effect.exit(Effect.void))
        assert.strictEqual(new Set(reasons.map(ExitReason.render)).size, 1)
        assert.deepStrictEqual((yield* a.down).reason, reasons[0])
        assert.deepStrictEqual(stage.log, ["closed"])
      })
    ))
})

describe("ractor: supervision", () => {
  it.effect("A06 terminating_a_deep_supervision_tree_is_iterative: a thousand levels build each other, and end each other", () =>
    staged((stage) =>
      Effect.gen(function*() {
        const levels = 1000
        const ended: Array<number> = []
        stage.build = ({ key }) =>
          Effect.gen(function*() {
            const level = Number(key)
            yield* Effect.addFinalizer(() => Effect.sync(() => ended.push(level)))
            if (level < levels) yield* Player.spawn(String(level + 1))
          })
        const top = yield* Player.spawn("0")
        assert.strictEqual((yield* Player.lookup(String(levels)))._tag, "Some")
        yield* ActorControl.kill(top)
        assert.deepStrictEqual(ended, Array.from({ length: levels + 1 }, (_, i) => levels - i))
        assert.strictEqual((yield* Player.lookup(String(levels)))._tag, "None")
      })
    ))
})
