import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import { Actor, ActorControl, ActorError, type ActorRef, ActorSystem, ExitReason } from "shared-nothing"
import { recipientOf } from "../../src/actor/ActorRef.ts"
import type { Cell } from "../../src/actor/kernel/Cell.ts"
import { eventually, settle } from "../contract/eventually.ts"

const Peer = Actor.make("Peer", [
  Rpc.make("Watch"),
  Rpc.make("Unwatch"),
  Rpc.make("Link"),
  Rpc.make("Crash"),
  Rpc.make("Over", { payload: { key: Schema.String, size: Schema.Int } })
])
type PeerRef = Actor.Ref<typeof Peer>

/** Peers that watch whom the test says, and note whose end they were told of. */
const make = (options?: Actor.BehaviourOptions) => {
  const whom = new Map<string, ReadonlyArray<ActorRef.Any>>()
  const told: Array<string> = []
  let size = 1
  const live = Peer.toLayer(
    Effect.gen(function*() {
      const { key } = yield* Actor.CurrentActor
      const { link, unwatch, watch } = yield* Peer.watcher
      return Peer.of({
        Watch: () =>
          Effect.forEach(whom.get(key) ?? [], (ref) => watch.Over(ref, ({ ref }) => ({ key: ref.key, size })), {
            discard: true
          }),
        Link: () => Effect.forEach(whom.get(key) ?? [], link, { discard: true }),
        Unwatch: () => Effect.forEach(whom.get(key) ?? [], unwatch, { discard: true }),
        Crash: () => Effect.die(new Error("crash")),
        Over: ({ key: other }) => Effect.sync(() => void told.push(`${key}: ${other}`))
      })
    }),
    options
  )
  return {
    whom,
    told,
    /** What they would say of an end has no schema. */
    spoil: () => {
      size = 0.5
    },
    System: live.pipe(Layer.provideMerge(ActorSystem.layer), Layer.provideMerge(Logger.layer([])))
  }
}

const listeners = (ref: ActorRef.Any): number => (recipientOf(ref) as Cell).rare?.onStop?.size ?? 0

describe("Watcher", () => {
  it.effect("two that watch each other and end in the same moment are told of by everybody else", () => {
    const { System, told, whom } = make()
    return Effect.gen(function*() {
      const life = yield* Scope.make()
      const third = yield* Peer.spawn("third")
      const [a, b] = yield* Scope.provide(Effect.all([Peer.spawn("a"), Peer.spawn("b")]), life)
      whom.set("a", [b]).set("b", [a]).set("third", [a, b])
      for (const ref of [a, b, third]) yield* ref.ask.Watch()
      yield* Scope.close(life, Exit.void)
      yield* settle
      // The younger ends first, and the other is told of that while it lives.
      assert.deepStrictEqual(told.toSorted(), ["a: b", "third: a", "third: b"])
      assert.deepStrictEqual([listeners(a), listeners(b)], [0, 0])
    }).pipe(Effect.scoped, Effect.provide(System))
  })

  it.effect("two that are linked to each other, and who is linked to them, end with the one that was killed", () => {
    const { System, whom } = make()
    return Effect.gen(function*() {
      const [a, b, c, d] = yield* Effect.all([Peer.spawn("a"), Peer.spawn("b"), Peer.spawn("c"), Peer.spawn("d")])
      whom.set("a", [b, a]).set("b", [a]).set("c", [b]).set("d", [d])
      for (const ref of [a, b, c, d]) yield* ref.ask.Link()
      yield* ActorControl.kill(a)
      for (const ref of [b, c]) {
        assert.deepStrictEqual((yield* ref.down).reason, ExitReason.linked("Peer/a", ExitReason.killed))
      }
      assert.deepStrictEqual([a, b, c].map(listeners), [0, 0, 0])
      yield* d.ask.Unwatch()
      yield* ActorControl.kill(d)
      assert.deepStrictEqual((yield* d.down).reason, ExitReason.killed)
    }).pipe(Effect.scoped, Effect.provide(System))
  })

  it.effect("who watches the one that is linked to it is told of its end, and bears it", () => {
    const { System, told, whom } = make()
    return Effect.gen(function*() {
      const [a, b, c] = yield* Effect.all([Peer.spawn("a"), Peer.spawn("b"), Peer.spawn("c")])
      whom.set("a", [b, c]).set("b", [a]).set("c", [a])
      yield* b.ask.Watch()
      yield* a.ask.Link()
      yield* c.ask.Watch()
      yield* ActorControl.kill(a)
      yield* settle
      assert.deepStrictEqual(told.toSorted(), ["b: a", "c: a"])
      yield* b.ask.Unwatch()
      yield* c.ask.Unwatch()
      assert.deepStrictEqual([a, b, c].map(listeners), [0, 0, 0])
    }).pipe(Effect.scoped, Effect.provide(System))
  })

  it.effect("one call links both, once, and one takes it back", () => {
    const { System, whom } = make()
    return Effect.gen(function*() {
      const [a, b, c] = yield* Effect.all([Peer.spawn("a"), Peer.spawn("b"), Peer.spawn("c")])
      whom.set("a", [b]).set("c", [b])
      yield* a.ask.Link()
      yield* a.ask.Link()
      yield* c.ask.Link()
      assert.deepStrictEqual([a, b, c].map(listeners), [1, 2, 1])
      yield* c.ask.Unwatch()
      assert.deepStrictEqual([a, b, c].map(listeners), [1, 1, 0])
      yield* ActorControl.kill(a)
      assert.deepStrictEqual((yield* b.down).reason, ExitReason.linked("Peer/a", ExitReason.killed))
      yield* c.ask.Unwatch()
      assert.deepStrictEqual([a, b, c].map(listeners), [0, 0, 0])
    }).pipe(Effect.scoped, Effect.provide(System))
  })

  it.effect("a watcher that ends, or crashes, leaves no row with those that it has watched", () => {
    const { System, told, whom } = make()
    return Effect.gen(function*() {
      const target = yield* Peer.spawn("target")
      const stays = yield* Peer.spawn("stays")
      whom.set("stays", [target]).set("ends", [target])
      yield* Effect.scoped(Effect.flatMap(Peer.spawn("ends"), (ends) => ends.ask.Watch()))
      assert.strictEqual(listeners(target), 0)
      yield* stays.ask.Watch()
      yield* stays.ask.Watch()
      assert.strictEqual(listeners(target), 1)
      yield* Effect.exit(stays.ask.Crash())
      yield* settle
      assert.strictEqual(listeners(target), 0)
      yield* stays.ask.Watch()
      yield* stays.ask.Unwatch()
      assert.strictEqual(listeners(target), 0)
      assert.deepStrictEqual(told, [])
    }).pipe(Effect.scoped, Effect.provide(System))
  })

  it.effect("whoever waits for an end and is interrupted leaves no row either", () => {
    const { System } = make()
    return Effect.gen(function*() {
      const target = yield* Peer.spawn("target")
      const waiting = yield* Effect.forkChild(target.down, { startImmediately: true })
      assert.strictEqual(listeners(target), 1)
      yield* Fiber.interrupt(waiting)
      assert.strictEqual(listeners(target), 0)
    }).pipe(Effect.scoped, Effect.provide(System))
  })

  it.effect("watches actors of other systems on the same thread", () => {
    const here = make()
    const there = make()
    return Effect.gen(function*() {
      const peer = yield* Peer.spawn("peer")
      yield* Effect.gen(function*() {
        const foreign = yield* Effect.scoped(Effect.gen(function*() {
          const foreign = yield* Peer.spawn("foreign")
          here.whom.set("peer", [foreign])
          yield* peer.ask.Watch()
          return foreign
        }))
        yield* settle
        assert.deepStrictEqual(here.told, ["peer: foreign"])
        assert.deepStrictEqual((yield* foreign.down).reason, ExitReason.scopeClosed)
      }).pipe(Effect.provide(there.System, { local: true }))
    }).pipe(Effect.scoped, Effect.provide(here.System))
  })

  it.effect("10,000 that watch one actor are each told once, in a time that grows with their number", () => {
    const { System, told, whom } = make()
    return Effect.gen(function*() {
      const millis = (count: number) =>
        Effect.gen(function*() {
          told.length = 0
          const target = yield* Scope.make()
          const ref = yield* Scope.provide(Peer.spawn(`target-${count}`), target)
          yield* Effect.scoped(Effect.gen(function*() {
            for (let i = 0; i < count; i++) {
              whom.set(`${count}-${i}`, [ref])
              yield* (yield* Peer.spawn(`${count}-${i}`)).ask.Watch()
            }
            const began = process.cpuUsage()
            yield* Scope.close(target, Exit.void)
            yield* eventually(Effect.sync(() => told.length), (length) => length === count, "all are told")
            const { system, user } = process.cpuUsage(began)
            yield* Effect.sync(() => whom.clear())
            return void spent.set(count, (system + user) / 1000)
          }))
        })
      const spent = new Map<number, number>()
      yield* millis(1_000)
      yield* millis(10_000)
      // Ten times as many; a hundred times as long is what a list would take.
      assert.isBelow(spent.get(10_000)!, 40 * Math.max(10, spent.get(1_000)!))
    }).pipe(Effect.scoped, Effect.provide(System))
  }, 60_000)

  it.effect("one that watches very many is linked to by them as fast as one that watches nobody", () => {
    const { System, whom } = make()
    return Effect.gen(function*() {
      const millis = (isWatching: boolean) =>
        Effect.scoped(Effect.gen(function*() {
          const hub = yield* Peer.spawn("hub")
          const others = yield* Effect.forEach(
            Array.from({ length: 5_000 }, (_, i) => `${i}`),
            (key) => Peer.spawn(key)
          )
          whom.set("hub", isWatching ? others : [])
          yield* hub.ask.Watch()
          for (const { key } of others) whom.set(key, [hub])
          const began = process.cpuUsage()
          for (const other of others) yield* other.ask.Link()
          const { system, user } = process.cpuUsage(began)
          return (system + user) / 1000
        }))
      const nobody = yield* millis(false)
      const all = yield* millis(true)
      // Twenty times as long is what looking through all of them takes.
      assert.isBelow(all, 5 * nobody)
    }).pipe(Effect.scoped, Effect.provide(System))
  }, 60_000)

  it.effect("a message that does not say what its schema wants is a crash of the watcher that names the message", () => {
    const crashes: Array<unknown> = []
    const { System, spoil, whom } = make({
      supervision: {
        decide: (cause) => {
          crashes.push(...cause.reasons)
          return "resume"
        }
      }
    })
    return Effect.gen(function*() {
      const life = yield* Scope.make()
      const peer: PeerRef = yield* Peer.spawn("peer")
      whom.set("peer", [yield* Scope.provide(Peer.spawn("target"), life)])
      yield* peer.ask.Watch()
      spoil()
      yield* Scope.close(life, Exit.void)
      yield* settle
      const [reason] = crashes as ReadonlyArray<{ readonly defect: unknown }>
      assert.instanceOf(reason!.defect, ActorError.InvalidPayload)
      assert.lengthOf(crashes, 1)
    }).pipe(Effect.scoped, Effect.provide(System))
  })
})
