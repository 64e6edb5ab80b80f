/**
 * What every system promises about the ends of actors: to those that watch them, and to whoever waits for them.
 */
import { assert, layer as describeWith } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import { type Actor, ActorControl, ActorError, ExitReason } from "shared-nothing"
import * as Fixture from "../fixtures/actors.ts"
import { type ContractOptions, patient, stage, there } from "./actorContract.ts"
import { eventually, settle } from "./eventually.ts"

const Probe = Fixture.Probe.definition

type Guard = Actor.Ref<typeof Fixture.Guard>

export const watchContract = (name: string, options: ContractOptions): void => {
  const heard = (guard: Guard, length: number) =>
    eventually(guard.ask.Heard(), (lines) => lines.length >= length, `it has heard of ${length} ends`)

  // What comes after everything that was under way.
  const heardSoFar = (guard: Guard) =>
    Effect.gen(function*() {
      yield* settle
      return yield* guard.ask.Heard()
    })

  // An actor that this test watches, and the scope that ends it.
  const watched = Effect.gen(function*() {
    const on = yield* stage
    const life = yield* Scope.make()
    const actor = yield* Scope.provide(Probe.spawn(on.key, there), life)
    const guard = yield* Fixture.Guard.spawn(on.key, there)
    const end = Scope.close(life, Exit.void)
    yield* Effect.addFinalizer(() => end)
    return { on, actor, guard, end }
  })

  const { live } = options
  const { suite = describeWith(options.layer, { excludeTestServices: live, timeout: "30 seconds" }) } = options
  suite(name, (it) => {
    it.effect("a watcher is told of an end once, with its reason, when what the actor held is released", () =>
      Effect.gen(function*() {
        const { actor, end, guard, on } = yield* watched
        yield* on.control.ask.HoldClosing({ key: on.key, gate: on.gate })
        yield* guard.ask.Watch({ who: actor, as: "Down" })
        const down = yield* Effect.forkChild(actor.down, { startImmediately: true })
        const ending = yield* Effect.forkChild(end)
        yield* on.sees("closing 1")
        assert.deepStrictEqual(yield* heardSoFar(guard), [])
        assert.isUndefined(down.pollUnsafe())
        yield* on.open()
        yield* Fiber.join(ending)
        assert.deepStrictEqual(yield* heard(guard, 1), [`${on.key}: its scope was closed`])
        const { reason, ref } = yield* Fiber.join(down)
        assert.strictEqual(ref, actor)
        assert.deepStrictEqual(reason, ExitReason.scopeClosed)
        assert.lengthOf(yield* heardSoFar(guard), 1)
      }))

    it.effect("one that has ended already is down at once, for everybody who asks", () =>
      Effect.gen(function*() {
        const { actor, end, guard, on } = yield* watched
        yield* end
        assert.strictEqual((yield* actor.down).ref, actor)
        yield* guard.ask.Watch({ who: actor, as: "Down" })
        const [line] = yield* heard(guard, 1)
        assert.match(line!, new RegExp(`^${on.key}: (its scope was closed|it is not known to its thread any more)$`))
        yield* actor.down
      }))

    it.effect("a restart is no end", () =>
      Effect.gen(function*() {
        const { actor, end, guard, on } = yield* watched
        yield* guard.ask.Watch({ who: actor, as: "Down" })
        const down = yield* Effect.forkChild(actor.down, { startImmediately: true })
        yield* actor.tell.Die({ text: "crash", later: false })
        yield* on.sees("build 2")
        assert.deepStrictEqual(yield* heardSoFar(guard), [])
        assert.isUndefined(down.pollUnsafe())
        yield* end
        yield* Fiber.join(down)
        assert.deepStrictEqual(yield* heard(guard, 1), [`${on.key}: its scope was closed`])
      }))

    it.effect("an end is told of with the crash that was its cause", () =>
      Effect.gen(function*() {
        const on = yield* stage
        const actor = yield* Fixture.ProbeTemporary.definition.spawn(on.key, there)
        const guard = yield* Fixture.Guard.spawn(on.key, there)
        yield* guard.ask.WatchTemporary({ who: actor })
        yield* actor.tell.Die({ text: "out of fuel", later: true })
        const { reason } = yield* actor.down
        assert.strictEqual(reason._tag, "Crashed")
        assert.strictEqual(ExitReason.render(reason), "crashed: Error: out of fuel")
        assert.deepStrictEqual(yield* heard(guard, 1), [`${on.key}: crashed: Error: out of fuel`])
      }))

    it.effect("after unwatch nothing is told of an end, not even what waits in the mailbox", () =>
      Effect.gen(function*() {
        const { actor, end, guard, on } = yield* watched
        yield* guard.ask.Watch({ who: actor, as: "Down" })
        yield* guard.tell.Block({ gate: on.gate })
        yield* guard.tell.Unwatch({ who: actor })
        yield* on.sees("blocked")
        yield* end
        yield* actor.down
        yield* on.open()
        assert.deepStrictEqual(yield* heardSoFar(guard), [])
        // Whom nobody watches is unwatched by anybody.
        yield* guard.tell.Unwatch({ who: actor })
        assert.deepStrictEqual(yield* guard.ask.Heard(), [])
      }))

    it.effect("who is watched twice is told of once, as it was said last", () =>
      Effect.gen(function*() {
        const { actor, end, guard } = yield* watched
        yield* guard.ask.Watch({ who: actor, as: "Down" })
        yield* guard.ask.Watch({ who: actor, as: "Gone" })
        yield* end
        assert.deepStrictEqual(yield* heard(guard, 1), ["gone"])
        assert.deepStrictEqual(yield* heardSoFar(guard), ["gone"])
        // That watch is over: this one is another.
        yield* guard.ask.Watch({ who: actor, as: "Gone" })
        assert.deepStrictEqual(yield* heard(guard, 2), ["gone", "gone"])
      }))

    it.effect("there is room for the news of an end in a mailbox that is full", () =>
      Effect.gen(function*() {
        const { actor, end, guard, on } = yield* watched
        yield* guard.ask.Watch({ who: actor, as: "Gone" })
        yield* guard.tell.Block({ gate: on.gate })
        yield* on.sees("blocked")
        let told = 0
        while (told < 100 && guard.tellUnsafe.Note({ line: `${told}` })) told++
        yield* end
        yield* actor.down
        yield* on.open()
        const lines = yield* eventually(
          Effect.exit(guard.ask.Heard()),
          (exit) => Exit.isSuccess(exit) && exit.value.length > told,
          "all is handled"
        ).pipe(Effect.flatten)
        // What comes from elsewhere is in no order with the end.
        assert.deepStrictEqual(lines.toSorted(), [...Array.from({ length: told }, (_, i) => `${i}`), "gone"].toSorted())
      }))

    it.effect("a watch ends with the incarnation that made it", () =>
      Effect.gen(function*() {
        const { actor, end, guard, on } = yield* watched
        yield* guard.ask.Watch({ who: actor, as: "Down" })
        yield* Effect.exit(guard.ask.Die())
        yield* eventually(Effect.exit(guard.ask.Heard()), Exit.isSuccess, "it is up again")
        yield* end
        yield* actor.down
        assert.deepStrictEqual(yield* heardSoFar(guard), [])
        yield* guard.ask.Watch({ who: actor, as: "Gone" })
        assert.deepStrictEqual(yield* heard(guard, 1), ["gone"])
        assert.lengthOf(yield* on.journal(), 2)
      }))

    it.effect("what cannot be said of an end is a crash of the watcher, and of nobody else", () =>
      Effect.gen(function*() {
        const { actor, end, guard, on } = yield* watched
        const other = yield* Fixture.Guard.spawn(`${on.key}-other`, there)
        yield* guard.ask.Watch({ who: actor, as: "Fell" })
        yield* other.ask.Watch({ who: actor, as: "Gone" })
        yield* guard.ask.Note({ line: "before" })
        yield* end
        assert.deepStrictEqual(yield* heard(other, 1), ["gone"])
        const fresh = yield* eventually(
          Effect.exit(guard.ask.Heard()),
          (exit) => Exit.isSuccess(exit) && exit.value.length === 0,
          "it is another incarnation"
        ).pipe(Effect.flatten)
        assert.deepStrictEqual(fresh, [])
      }))

    it.effect("who watches itself is not told, and ends like any other", () =>
      Effect.gen(function*() {
        const on = yield* stage
        const life = yield* Scope.make()
        const guard = yield* Scope.provide(Fixture.Guard.spawn(on.key, there), life)
        yield* guard.ask.WatchItself()
        yield* Scope.close(life, Exit.void)
        assert.deepStrictEqual((yield* guard.down).reason, ExitReason.scopeClosed)
        assert.instanceOf(yield* Effect.flip(guard.ask.Heard()), ActorError.ActorStopped)
      }))

    it.effect("a link ends an actor with the failure of the other, in the middle of what it does", () =>
      Effect.gen(function*() {
        const on = yield* stage
        const actor = yield* Fixture.ProbeTemporary.definition.spawn(on.key, there)
        const guard = yield* Fixture.Guard.spawn(on.key, there)
        yield* guard.ask.LinkTemporary({ who: actor })
        yield* guard.tell.Block({ gate: on.gate })
        yield* on.sees("blocked")
        yield* actor.tell.Die({ text: "out of fuel", later: true })
        const { reason } = yield* guard.down
        assert.strictEqual(
          ExitReason.render(reason),
          `ProbeTemporary/${on.key}, which it was linked to, has ended: crashed: Error: out of fuel`
        )
        assert.isTrue(ExitReason.isFailure(reason))
        // The name is free as after any other end.
        const again = yield* eventually(
          Effect.exit(Fixture.Guard.spawn(on.key, there)),
          Exit.isSuccess,
          "the name is free"
        ).pipe(Effect.flatten)
        // What has ended before ends it as well.
        yield* Effect.exit(again.ask.LinkTemporary({ who: actor }))
        assert.strictEqual((yield* again.down).reason._tag, "Linked")
      }))

    it.effect("a link bears an end that was asked for, a restart, and what comes after unwatch", () =>
      Effect.gen(function*() {
        const { actor, end, guard, on } = yield* watched
        yield* guard.ask.Link({ who: actor })
        yield* actor.tell.Die({ text: "crash", later: false })
        yield* on.sees("build 2")
        yield* end
        yield* actor.down
        assert.deepStrictEqual(yield* heardSoFar(guard), [])
        const other = yield* Probe.spawn(`${on.key}-other`, there)
        yield* guard.ask.Link({ who: other })
        yield* guard.ask.Unwatch({ who: other })
        yield* ActorControl.kill(other)
        assert.deepStrictEqual(yield* heardSoFar(guard), [])
        // To watch instead is to be told.
        const third = yield* Probe.spawn(`${on.key}-third`, there)
        yield* guard.ask.Link({ who: third })
        yield* guard.ask.Watch({ who: third, as: "Gone" })
        yield* ActorControl.kill(third)
        assert.deepStrictEqual(yield* heard(guard, 1), ["gone"])
      }))

    it.effect("a link ends the other with the failure of the actor that has made it, and of no other end", () =>
      Effect.gen(function*() {
        const { actor, on } = yield* watched
        const linked = Effect.fnUntraced(function*(name: string, life?: Scope.Scope) {
          const spawn = Fixture.Guard.spawn(`${on.key}-${name}`, there)
          const guard = yield* life === undefined ? spawn : Scope.provide(spawn, life)
          yield* guard.ask.Link({ who: actor })
          return guard
        })
        const life = yield* Scope.make()
        yield* linked("stopped", life)
        yield* Scope.close(life, Exit.void)
        const parted = yield* linked("parted")
        yield* parted.ask.Unwatch({ who: actor })
        yield* ActorControl.kill(parted)
        // Who comes up again is linked to nobody.
        const before = yield* linked("before")
        yield* actor.tell.Die({ text: "crash", later: false })
        yield* on.sees("build 2")
        yield* ActorControl.kill(before)
        const restarted = yield* linked("restarted")
        yield* Effect.exit(restarted.ask.Die())
        yield* patient(restarted.ask.Heard())
        yield* patient(actor.ask.Incarnation())
        yield* ActorControl.kill(restarted)
        const { reason } = yield* actor.down
        assert.strictEqual(
          ExitReason.render(reason),
          `Guard/${on.key}-restarted, which it was linked to, has ended: it was killed`
        )
      }))

    it.effect("whoever stops waiting for an end is forgotten", () =>
      Effect.gen(function*() {
        const { actor, end } = yield* watched
        const waiting = yield* Effect.forEach([1, 2, 3], () => Effect.forkChild(actor.down, { startImmediately: true }))
        yield* Fiber.interrupt(waiting[1]!)
        yield* end
        yield* Fiber.join(waiting[0]!)
        yield* Fiber.join(waiting[2]!)
      }))
  })
}
