/** Actors that come up by their key, and names that are looked up: on one thread. Over threads: `test/simulate/keyed.ts`. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { Actor, ActorControl, ActorSystem } from "shared-nothing"
import { recipientOf } from "../../src/actor/ActorRef.ts"
import type { Cell } from "../../src/actor/kernel/Cell.ts"
import { settle } from "../contract/eventually.ts"

const Note = Actor.make("Note", [
  Rpc.make("Write", { payload: { n: Schema.Int } }),
  Rpc.make("Read", { success: Schema.Array(Schema.Int) }),
  Rpc.make("Wait"),
  Rpc.make("StopItself"),
  Rpc.make("Leave"),
  Rpc.make("Crash")
])

interface World {
  /** What happened, in order. */
  readonly log: Array<string>
  /** Builds, handlers and finalizers that wait for it, by what they are. */
  readonly gates: Map<string, Deferred.Deferred<void>>
  fails: boolean
  /** What holds the keys, for who closes it in a handler. */
  life: Scope.Closeable | undefined
  living: number
  mostLiving: number
}

const atGate = (world: World, name: string) =>
  Effect.suspend(() => {
    const gate = world.gates.get(name)
    return gate === undefined ? Effect.void : Deferred.await(gate)
  })

const layerOf = (world: World, options?: Actor.BehaviourOptions) =>
  Note.toLayer(
    Effect.gen(function*() {
      const { key } = yield* Actor.CurrentActor
      const self = yield* Note.self
      const own: Array<number> = []
      world.living++
      world.mostLiving = Math.max(world.mostLiving, world.living)
      yield* Effect.addFinalizer(() =>
        Effect.andThen(
          atGate(world, "release"),
          Effect.sync(() => {
            world.living--
            world.log.push(`-${key}`)
          })
        )
      )
      yield* atGate(world, "build")
      if (world.fails) return yield* Effect.fail("no paper")
      world.log.push(`+${key}`)
      return Note.of({
        Write: ({ n }) =>
          Effect.sync(() => {
            own.push(n)
            world.log.push(`${key}${n}`)
          }),
        Read: () => Effect.succeed(own),
        Wait: () => atGate(world, "handler"),
        StopItself: () =>
          Effect.andThen(ActorControl.stop(self), Effect.sync(() => void world.log.push("stopped itself"))),
        Leave: () => Scope.close(world.life!, Exit.void),
        Crash: () => Effect.die(new Error("torn"))
      })
    }),
    options
  ).pipe(Layer.provideMerge(ActorSystem.layer), Layer.provideMerge(Logger.layer([])))

const inWorld = <A, E>(
  body: (world: World) => Effect.Effect<A, E, ActorSystem.ActorSystem | Scope.Scope>,
  options?: Actor.BehaviourOptions
) =>
  Effect.suspend(() => {
    const world: World = { log: [], gates: new Map(), fails: false, life: undefined, living: 0, mostLiving: 0 }
    return Effect.scoped(body(world)).pipe(Effect.provide(layerOf(world, options)))
  })

const close = (world: World, name: string) => {
  const gate = Deferred.makeUnsafe<void>()
  world.gates.set(name, gate)
  return Effect.andThen(Effect.sync(() => world.gates.delete(name)), Deferred.succeed(gate, undefined))
}

const fork = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.forkChild(effect, { startImmediately: true })

/** The actors that the system has. */
const actors = Effect.map(
  ActorSystem.tree,
  ({ children }) => children.flatMap((behaviour) => behaviour.children.map(({ name }) => name))
)

describe("keyed actors", () => {
  it.effect("share what they do not need one each while they are idle", () =>
    inWorld(() =>
      Effect.gen(function*() {
        const notes = yield* Note.keyed({ idle: "1 hour" })
        const cells = yield* Effect.forEach(["a", "b"], (key) =>
          Effect.gen(function*() {
            const ref = notes.ref(key)
            yield* ref.ask.Write({ n: 1 })
            return recipientOf(ref).running as Cell
          }))
        const [a, b] = cells as [Cell, Cell]
        assert.strictEqual(a.rare!.waiters, b.rare!.waiters)
        assert.deepStrictEqual([a.rare!.onStop, b.rare!.onStop], [undefined, undefined])
        assert.strictEqual(Object.getPrototypeOf(a.handlers), Object.getPrototypeOf(b.handlers))
        assert.deepStrictEqual(yield* notes.ref("a").ask.Read(), [1])
      })
    ))

  it.effect("come up with their first message, one for each key", () =>
    inWorld((world) =>
      Effect.gen(function*() {
        const notes = yield* Note.keyed()
        const a = notes.ref("a")
        assert.deepStrictEqual([a.toString(), yield* actors, yield* a.depth], ["ActorRef(Note/a)", [], 0])
        yield* a.tell.Write({ n: 1 })
        assert.isTrue(notes.ref("b").tellUnsafe.Write({ n: 2 }))
        yield* notes.ref("a").tell.Write({ n: 3 })
        assert.deepStrictEqual([yield* a.ask.Read(), yield* notes.ref("b").ask.Read()], [[1, 3], [2]])
        assert.deepStrictEqual([world.mostLiving, yield* actors], [2, ["a", "b"]])
      })
    ))

  it.effect("end when they are idle, nothing stays of them, and come up again with the next message", () =>
    inWorld((world) =>
      Effect.gen(function*() {
        const a = (yield* Note.keyed({ idle: "1 second" })).ref("a")
        yield* a.tell.Write({ n: 1 })
        yield* settle
        yield* TestClock.adjust("900 millis")
        assert.deepStrictEqual(yield* a.ask.Read(), [1])
        yield* TestClock.adjust("900 millis")
        assert.deepStrictEqual(yield* actors, ["a"])
        yield* TestClock.adjust("1 second")
        assert.deepStrictEqual([yield* actors, world.living], [[], 0])
        assert.strictEqual((yield* ActorControl.stop(a))._tag, "Forgotten")
        assert.deepStrictEqual(yield* a.ask.Read(), [])
      })
    ))

  it.effect("hold what comes while the last one of their key lets go: never two of a key, nothing lost, all in order", () =>
    inWorld((world) =>
      Effect.gen(function*() {
        const a = (yield* Note.keyed({ idle: "1 second" })).ref("a")
        yield* a.tell.Write({ n: 1 })
        const release = close(world, "release")
        yield* settle
        yield* TestClock.adjust("1 second")
        for (const n of [2, 3]) yield* a.tell.Write({ n })
        const read = yield* fork(a.ask.Read())
        yield* a.tell.Write({ n: 4 })
        yield* settle
        assert.deepStrictEqual([world.log, world.living], [["+a", "a1"], 1])
        yield* release
        yield* settle
        assert.deepStrictEqual(yield* Fiber.join(read), [2, 3, 4])
        assert.deepStrictEqual(world.log, ["+a", "a1", "-a", "+a", "a2", "a3", "a4"])
        assert.strictEqual(world.mostLiving, 1)
      })
    ))

  it.effect("keep the order of what comes while they are built; an ask that is given up then is not handled", () =>
    inWorld((world) =>
      Effect.gen(function*() {
        const a = (yield* Note.keyed()).ref("a")
        const build = close(world, "build")
        yield* a.tell.Write({ n: 1 })
        const given = yield* fork(a.ask.Write({ n: 2 }))
        const asked = yield* fork(a.ask.Write({ n: 3 }))
        yield* a.tell.Write({ n: 4 })
        yield* settle
        yield* Fiber.interrupt(given)
        assert.strictEqual(yield* a.depth, 3)
        yield* build
        yield* Fiber.join(asked)
        yield* settle
        assert.deepStrictEqual(world.log, ["+a", "a1", "a3", "a4"])
      })
    ))

  it.effect("refuse their askers with the reason when they cannot be built, and try again with the next message", () =>
    inWorld((world) =>
      Effect.gen(function*() {
        const a = (yield* Note.keyed()).ref("a")
        world.fails = true
        yield* a.tell.Write({ n: 1 })
        const error = yield* Effect.flip(a.ask.Read())
        assert.deepStrictEqual([error._tag, error.message], [
          "ActorStopped",
          "Note/a has stopped (it did not start: no paper): Read was not handled"
        ])
        assert.deepStrictEqual([yield* ActorSystem.droppedMessages, yield* actors, world.living], [1, [], 0])
        world.fails = false
        assert.deepStrictEqual(yield* a.ask.Read(), [])
      })
    ))

  it.effect("one that does not let go in its time for that leaves a key that refuses all, until it has", () =>
    inWorld((world) =>
      Effect.gen(function*() {
        const a = (yield* Note.keyed({ idle: "1 second" })).ref("a")
        yield* a.tell.Write({ n: 1 })
        const release = close(world, "release")
        yield* settle
        yield* TestClock.adjust("1 second")
        yield* a.tell.Write({ n: 2 })
        const asked = yield* fork(Effect.flip(a.ask.Read(undefined, { timeout: "Infinity" })))
        const waiting = yield* fork(Effect.flip(a.tell.Write({ n: 3 })))
        yield* TestClock.adjust("5 seconds")
        const why = "Note/a has stopped (it did not start: the one before it has not let go of what it holds)"
        for (const error of [yield* Fiber.join(asked), yield* Fiber.join(waiting)]) assert.include(error.message, why)
        assert.deepStrictEqual([yield* ActorSystem.droppedMessages, yield* a.depth], [1, 0])
        assert.include((yield* Effect.flip(a.tell.Write({ n: 4 }))).message, why)
        assert.include((yield* Effect.flip(a.ask.Read())).message, why)
        yield* release
        yield* settle
        yield* a.tell.Write({ n: 5 })
        assert.deepStrictEqual(yield* a.ask.Read(), [5])
        assert.strictEqual(world.mostLiving, 1)
      }), { mailbox: { capacity: 2 } }))

  it.effect("a full mailbox is that of one key, and its senders wait, also while it is built", () =>
    inWorld((world) =>
      Effect.gen(function*() {
        const notes = yield* Note.keyed()
        const a = notes.ref("a")
        const build = close(world, "build")
        for (const n of [1, 2]) yield* a.tell.Write({ n })
        const waiting = yield* fork(a.tell.Write({ n: 3 }))
        const givenUp = yield* fork(a.tell.Write({ n: 4 }))
        yield* settle
        assert.isUndefined(waiting.pollUnsafe())
        yield* Fiber.interrupt(givenUp)
        yield* notes.ref("b").tell.Write({ n: 1 })
        yield* build
        yield* Fiber.join(waiting)
        assert.deepStrictEqual(yield* a.ask.Read(), [1, 2, 3])
      }), { mailbox: { capacity: 2 } }))

  it.effect("refuse with \"fail\" what is too much for one key", () =>
    inWorld((world) =>
      Effect.gen(function*() {
        const a = (yield* Note.keyed()).ref("a")
        const build = close(world, "build")
        yield* a.tell.Write({ n: 1 })
        const error = yield* Effect.flip(a.tell.Write({ n: 2 }))
        assert.include(error, { _tag: "MailboxFull", actor: "Note/a", capacity: 1 })
        yield* build
        yield* settle
        assert.deepStrictEqual(yield* a.ask.Read(), [1])
      }), { mailbox: { capacity: 1, overflow: "fail" } }))

  it.effect("a stop of one handles what it has accepted, also when it is not up yet; the next message has another one made", () =>
    inWorld((world) =>
      Effect.gen(function*() {
        const a = (yield* Note.keyed()).ref("a")
        assert.strictEqual((yield* ActorControl.stop(a))._tag, "Forgotten")
        const build = close(world, "build")
        yield* a.tell.Write({ n: 1 })
        const stopping = yield* fork(ActorControl.stop(a))
        yield* settle
        yield* build
        assert.deepStrictEqual(yield* Fiber.join(stopping), { _tag: "Stopped", ended: "itself" })
        yield* a.tell.Write({ n: 2 })
        assert.strictEqual((yield* ActorControl.ping(a)).status, "starting")
        yield* settle
        assert.deepStrictEqual(world.log, ["+a", "a1", "-a", "+a", "a2"])
      })
    ))

  it.effect("know themselves by a reference that outlives them, and can end themselves by it", () =>
    inWorld((world) =>
      Effect.gen(function*() {
        const a = (yield* Note.keyed()).ref("a")
        yield* a.tell.StopItself()
        yield* settle
        yield* a.tell.Write({ n: 1 })
        yield* settle
        assert.deepStrictEqual(world.log, ["+a", "stopped itself", "-a", "+a", "a1"])
      })
    ))

  it.effect("end with the last scope that holds them when one of them closes it, which does not wait for itself", () =>
    inWorld((world) =>
      Effect.gen(function*() {
        const life = world.life = yield* Scope.make()
        const notes = yield* Scope.provide(Note.keyed(), life)
        yield* notes.ref("b").ask.Read()
        const left = yield* fork(notes.ref("a").ask.Leave())
        yield* settle
        assert.isDefined(left.pollUnsafe())
        assert.deepStrictEqual([world.log, yield* actors], [["+b", "+a", "-a", "-b"], []])
        yield* (yield* Note.keyed()).ref("a").ask.Read()
      })
    ))

  it.effect("come up again after their last restart", () =>
    inWorld((world) =>
      Effect.gen(function*() {
        const a = (yield* Note.keyed()).ref("a")
        yield* a.tell.Crash()
        yield* settle
        yield* a.tell.Write({ n: 1 })
        yield* settle
        assert.deepStrictEqual(world.log, ["+a", "-a", "+a", "a1"])
      }), { supervision: { restart: "temporary" } }))

  it.effect("all end with the last scope that holds them, the youngest first, with what they have accepted", () =>
    inWorld((world) =>
      Effect.gen(function*() {
        const first = yield* Scope.make()
        const second = yield* Scope.make()
        const notes = yield* Scope.provide(Note.keyed({ idle: "1 minute" }), first)
        yield* Scope.provide(Note.keyed({ idle: "1 minute" }), second)
        for (const key of ["a", "b"]) yield* notes.ref(key).ask.Read()
        yield* Scope.close(second, Exit.void)
        const down = yield* fork(notes.ref("a").down)
        const handler = close(world, "handler")
        for (const key of ["a", "b", "c"]) yield* notes.ref(key).tell.Wait()
        yield* notes.ref("a").tell.Write({ n: 1 })
        const closing = yield* fork(Scope.close(first, Exit.void))
        const again = yield* fork(Note.keyed())
        yield* settle
        const refused = yield* Effect.flip(notes.ref("d").tell.Write({ n: 1 }))
        assert.deepInclude(refused, {
          _tag: "ActorStopped",
          actor: "Note/d",
          reason: { _tag: "Stopped", ended: "scope" }
        })
        assert.isUndefined(down.pollUnsafe())
        yield* handler
        yield* Fiber.join(closing)
        assert.deepStrictEqual(world.log, ["+a", "+b", "+c", "a1", "-c", "-b", "-a"])
        assert.strictEqual((yield* Fiber.join(down)).reason._tag, "Stopped")
        // Who asked meanwhile has others.
        yield* (yield* Fiber.join(again)).ref("a").ask.Read()
        assert.deepStrictEqual(yield* actors, ["a"])
      })
    ))

  it.effect("have all keys of their definition: none can be spawned, and they cannot be held while a spawned one lives", () =>
    inWorld(() =>
      Effect.gen(function*() {
        const life = yield* Scope.make()
        yield* Scope.provide(Note.spawn("x"), life)
        assert.deepInclude(yield* Effect.flip(Note.keyed()), { _tag: "NameTaken", actor: "Note/x", by: "spawn" })
        yield* Scope.close(life, Exit.void)
        const held = yield* Scope.make()
        yield* Scope.provide(Note.keyed(), held)
        assert.deepInclude(yield* Effect.flip(Note.spawn("y")), { _tag: "NameTaken", actor: "Note/y", by: "keyed" })
        yield* Scope.close(held, Exit.void)
        yield* Note.spawn("y")
      })
    ))

  it.effect("are refused where nobody has their behaviour, and on terms that make no sense, or are not those of the others", () =>
    inWorld(() =>
      Effect.gen(function*() {
        const Other = Actor.make("Other", [Rpc.make("A")])
        assert.deepInclude(yield* Effect.flip(Other.keyed()), { _tag: "BehaviourNotFound", behaviour: "Other" })
        const defect = (options: object) =>
          Effect.map(Effect.exit(Note.keyed(options)), (exit) =>
            String(exit).match(/Note.keyed: .*, expected [^)]*/)?.[0])
        assert.strictEqual(
          yield* defect({ idle: "0 millis" }),
          `Note.keyed: idle is "0 millis", expected a duration above zero`
        )
        assert.strictEqual(yield* defect({ placement: "here" }), `Note.keyed: placement is "here", expected "byKey"`)
        assert.include(yield* defect({ shutdown: -1 }), "Note.keyed: shutdown is -1, expected")
        yield* Note.keyed({ idle: "1 second" })
        assert.strictEqual(
          yield* defect({ idle: "2 seconds" }),
          "Note.keyed: idle is 2000, expected 1000 ms, as it was asked for first"
        )
      })
    ))

  it.effect("a key that is none is nobody's, which all that is sent to it says", () =>
    inWorld(() =>
      Effect.gen(function*() {
        const notes = yield* Note.keyed()
        for (
          const [key, found] of [["", "has 0 characters"], ["k".repeat(1025), "has 1025 characters"], [
            7 as never,
            "is 7"
          ]] as const
        ) {
          const nobody = notes.ref(key)
          const refused = yield* Effect.flip(nobody.tell.Write({ n: 1 }))
          assert.include(refused, {
            _tag: "InvalidPayload",
            issue: `the key ${found}, expected a text of 1 to 1024 characters`
          })
          assert.strictEqual((yield* Effect.flip(nobody.ask.Read()))._tag, "InvalidPayload")
          assert.isFalse(nobody.tellUnsafe.Write({ n: 1 }))
          assert.strictEqual((yield* nobody.down).reason._tag, "Forgotten")
          assert.isTrue(Option.isNone(yield* Note.lookup(key)))
        }
        const longest = notes.ref("k".repeat(1024))
        assert.deepStrictEqual(yield* longest.ask.Read(), [])
        assert.strictEqual((yield* Effect.flip(notes.ref("a").tell.Write({ n: 0.5 })))._tag, "InvalidPayload")
      })
    ))
})

describe("lookup", () => {
  it.effect("finds an actor that is up, and no other", () =>
    inWorld((world) =>
      Effect.gen(function*() {
        const has = (key: string) => Effect.map(Note.lookup(key), Option.isSome)
        assert.isFalse(yield* has("a"))
        const build = close(world, "build")
        const spawning = yield* fork(Note.spawn("a"))
        assert.isFalse(yield* has("a"))
        yield* build
        const spawned = yield* Fiber.join(spawning)
        const found = Option.getOrThrow(yield* Note.lookup("a"))
        yield* found.tell.Write({ n: 1 })
        assert.deepStrictEqual(yield* spawned.ask.Read(), [1])
        assert.strictEqual(found.toString(), "ActorRef(Note/a)")
        yield* ActorControl.stop(spawned)
        assert.isFalse(yield* has("a"))
      })
    ))

  it.effect("finds the actor of a key while keys are held, also when it is not up", () =>
    inWorld(() =>
      Effect.gen(function*() {
        const life = yield* Scope.make()
        yield* Scope.provide(Note.keyed(), life)
        const found = Option.getOrThrow(yield* Note.lookup("a"))
        assert.deepStrictEqual([yield* actors, yield* found.ask.Read()], [[], []])
        yield* Scope.close(life, Exit.void)
        assert.isTrue(Option.isNone(yield* Note.lookup("a")))
      })
    ))
})
