/**
 * Attacks on the path of a message and on the life of an actor: re-entrancy, stops at the wrong moment, yields between
 * any two steps.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Rpc from "effect/rpc/Rpc"
import * as Schedule from "effect/Schedule"
import * as Scheduler from "effect/Scheduler"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { Actor, ActorError, ActorSystem } from "shared-nothing"
import { recipientOf } from "../../src/actor/ActorRef.ts"
import type { Cell } from "../../src/actor/kernel/Cell.ts"
import { eventually, settle } from "../contract/eventually.ts"
import { goesOn } from "../support/goesOn.ts"

const Node = Actor.make("Node", [
  Rpc.make("Do", { payload: { what: Schema.String }, success: Schema.String }),
  Rpc.make("Note", { payload: { n: Schema.Int } }),
  Rpc.make("Notes", { success: Schema.Array(Schema.Int) })
])
type NodeRef = Effect.Success<ReturnType<typeof Node.spawn>>

interface Stage {
  /** What `Do` does, by its argument. */
  readonly acts: Record<string, Effect.Effect<unknown, never, never>>
  readonly log: Array<string>
  /** Runs when the handler of `Note` is called, before it answers with an effect. */
  called?: (n: number) => void
  /** Runs as the only step of that effect. */
  ran?: (n: number) => void
  /** Runs when an incarnation is built, in its scope. */
  build: Effect.Effect<unknown, unknown, Scope.Scope | ActorSystem.ActorSystem | Actor.CurrentActor>
}

const layerOf = (stage: Stage, options?: Actor.BehaviourOptions) =>
  Node.toLayer(
    Effect.gen(function*() {
      const { incarnation, key } = yield* Actor.CurrentActor
      stage.log.push(`build ${key} ${incarnation}`)
      yield* stage.build
      const notes: Array<number> = []
      return Node.of({
        Do: ({ what }) => Effect.suspend(() => stage.acts[what] ?? Effect.void).pipe(Effect.as(`did ${what}`)),
        Note: ({ n }) => {
          stage.called?.(n)
          return Effect.sync(() => {
            notes.push(n)
            stage.ran?.(n)
          })
        },
        Notes: () => Effect.sync(() => notes.slice())
      })
    }),
    // Handlers are held up for ever here; those that test the end in order say so.
    { shutdown: "brutalKill", ...options }
  ).pipe(Layer.provideMerge(Layer.provide(ActorSystem.layer, goesOn)))

/** Runs a body with a system whose actors do what the stage says. */
const staged = <A, E>(
  body: (stage: Stage) => Effect.Effect<A, E, ActorSystem.ActorSystem | Scope.Scope>,
  options?: Actor.BehaviourOptions
) =>
  Effect.suspend(() => {
    const stage: Stage = { acts: {}, log: [], build: Effect.void }
    return Effect.scoped(body(stage)).pipe(Effect.provide(layerOf(stage, options)))
  })

const reasonOf = (exit: Exit.Exit<unknown, unknown>): unknown =>
  Exit.isFailure(exit) ? Cause.squash(exit.cause) : assert.fail("succeeded")
const failure = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.map(Effect.exit(effect), reasonOf)
const forkNow = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.forkChild(effect, { startImmediately: true })
const spawnIn = (life: Scope.Scope, key: string) => Scope.provide(Node.spawn(key), life)

const assertEnded = Effect.fnUntraced(function*(actor: NodeRef) {
  assert.instanceOf(yield* failure(actor.tell.Note({ n: 1 })), ActorError.ActorStopped)
  assert.isFalse(actor.tellUnsafe.Note({ n: 1 }))
  assert.instanceOf(yield* failure(actor.ask.Notes()), ActorError.ActorStopped)
  yield* settle
  assert.instanceOf(yield* failure(actor.ask.Notes()), ActorError.ActorStopped)
})

describe("a stop from within", () => {
  // Ways to stop an actor while its own handler, or the delivery of its reply, is on the stack.
  const ways: ReadonlyArray<[string, Effect.Effect<unknown>, (actor: NodeRef) => Effect.Effect<unknown, unknown>]> = [
    ["an inline ask", Effect.void, (actor) => actor.ask.Do({ what: "stop" })],
    ["a tell", Effect.void, (actor) => Effect.andThen(actor.tell.Do({ what: "stop" }), settle)],
    ["a handler that was suspended", Effect.yieldNow, (actor) => actor.ask.Do({ what: "stop" })],
    [
      "a suspended handler of a tell",
      Effect.yieldNow,
      (actor) => Effect.andThen(actor.tell.Do({ what: "stop" }), settle)
    ]
  ]
  for (const [way, first, send] of ways) {
    for (const after of ["answers", "suspends", "dies"] as const) {
      it.effect(`ends the actor for good: ${way}, which ${after} afterwards`, () =>
        staged((stage) =>
          Effect.gen(function*() {
            const life = yield* Scope.make()
            stage.build = Effect.addFinalizer(() => Effect.sync(() => stage.log.push("closed")))
            const rest = { answers: Effect.void, suspends: Effect.never, dies: Effect.die("last words") }[after]
            stage.acts.stop = Effect.andThen(first, Effect.andThen(Scope.close(life, Exit.void), rest))
            const actor = yield* spawnIn(life, "a")
            yield* Effect.exit(send(actor)).pipe(
              Effect.timeoutOption("1 minute"),
              Effect.forkChild({ startImmediately: true })
            )
            yield* settle
            yield* assertEnded(actor)
            assert.deepStrictEqual(stage.log, ["build a 1", "closed"])
            const next = yield* Node.spawn("a")
            assert.deepStrictEqual(yield* next.ask.Notes(), [])
          })
        ))
    }
  }

  it.effect("an actor whose asker closes its scope on the reply stays ended", () =>
    staged((stage) =>
      Effect.gen(function*() {
        stage.acts.slow = Effect.yieldNow
        for (const what of ["fast", "slow"]) {
          const actor = yield* Effect.scoped(Effect.gen(function*() {
            const actor = yield* Node.spawn("a")
            yield* actor.tell.Note({ n: 1 })
            yield* actor.tell.Note({ n: 2 })
            // Through the mailbox, so that the reply is delivered from the actor's turn.
            yield* actor.ask.Do({ what })
            return actor
          }))
          yield* assertEnded(actor)
        }
      })
    ))

  it.effect("an actor that another one stops from its own turn stays ended", () =>
    staged((stage) =>
      Effect.gen(function*() {
        const life = yield* Scope.make()
        const a = yield* spawnIn(life, "a")
        const b = yield* Node.spawn("b")
        stage.acts.stopA = Scope.close(life, Exit.void)
        stage.acts.viaB = Effect.andThen(Effect.ignore(b.ask.Do({ what: "stopA" })), Effect.never)
        const asker = yield* forkNow(Effect.exit(a.ask.Do({ what: "viaB" })))
        yield* settle
        assert.instanceOf(reasonOf(yield* Fiber.join(asker)), ActorError.ActorStopped)
        yield* assertEnded(a)
        assert.deepStrictEqual(yield* b.ask.Notes(), [])
      })
    ))
})

describe("a start that is cut short", () => {
  it.effect("stops an actor whose scope was closed while it was built", () =>
    staged((stage) =>
      Effect.gen(function*() {
        const life = yield* Scope.make()
        const gate = yield* Deferred.make<void>()
        stage.build = Effect.andThen(
          Effect.addFinalizer(() => Effect.sync(() => stage.log.push("closed"))),
          Deferred.await(gate)
        )
        const spawning = yield* forkNow(spawnIn(life, "a"))
        yield* Scope.close(life, Exit.void)
        yield* Deferred.succeed(gate, undefined)
        const actor = yield* Fiber.join(spawning)
        yield* assertEnded(actor)
        assert.deepStrictEqual(stage.log, ["build a 1", "closed"])
        yield* Node.spawn("a")
      })
    ))

  it.effect("stops an actor that is spawned into a closed scope", () =>
    staged((stage) =>
      Effect.gen(function*() {
        const life = yield* Scope.make()
        yield* spawnIn(life, "a")
        yield* Scope.close(life, Exit.void)
        yield* assertEnded(yield* spawnIn(life, "b"))
        yield* Node.spawn("b")
        assert.deepStrictEqual(stage.log, ["build a 1", "build b 1", "build b 1"])
      })
    ))

  it.effect("releases what a build had acquired when the spawn is interrupted", () =>
    staged((stage) =>
      Effect.gen(function*() {
        stage.build = Effect.andThen(
          Effect.addFinalizer(() => Effect.sync(() => stage.log.push("closed"))),
          Effect.never
        )
        const spawning = yield* forkNow(Node.spawn("a"))
        yield* Fiber.interrupt(spawning)
        assert.deepStrictEqual(stage.log, ["build a 1", "closed"])
        stage.build = Effect.void
        yield* Node.spawn("a")
      })
    ))

  it.effect("settles what was sent to an actor that never came up", () =>
    staged((stage) =>
      Effect.gen(function*() {
        const selves: Array<NodeRef> = []
        const asking: Array<Fiber.Fiber<unknown>> = []
        stage.build = Effect.gen(function*() {
          const self = yield* Node.self
          selves.push(self)
          yield* self.tell.Note({ n: 1 })
          asking.push(
            yield* Effect.forkDetach(failure(self.ask.Notes(undefined, { timeout: "Infinity" })), {
              startImmediately: true
            })
          )
          return yield* Effect.fail("no")
        })
        assert.instanceOf(yield* failure(Node.spawn("a")), ActorError.SpawnFailed)
        assert.instanceOf(yield* Fiber.join(asking[0]!), ActorError.ActorStopped)
        yield* assertEnded(selves[0]!)
      })
    ))

  it.effect("handles what an actor told itself while it was built once it is up", () =>
    staged((stage) =>
      Effect.gen(function*() {
        stage.build = Effect.flatMap(Node.self, (self) => self.tell.Note({ n: 1 }))
        const actor = yield* Node.spawn("a")
        assert.deepStrictEqual(yield* actor.ask.Notes(), [1])
      })
    ))

  it.effect("does not bring up an actor whose behaviour was released meanwhile", () =>
    Effect.gen(function*() {
      const stage: Stage = { acts: {}, log: [], build: Effect.void }
      const gate = yield* Deferred.make<void>()
      stage.build = Effect.andThen(
        Effect.addFinalizer(() => Effect.sync(() => stage.log.push("closed"))),
        Deferred.await(gate)
      )
      const life = yield* Scope.make()
      const services = yield* Layer.buildWithScope(layerOf(stage), life)
      const spawning = yield* forkNow(Effect.exit(Node.spawn("a").pipe(Effect.provideContext(services))))
      yield* Scope.close(life, Exit.void)
      yield* Deferred.succeed(gate, undefined)
      const exit = yield* Fiber.join(spawning)
      assert.isTrue(Exit.isFailure(exit))
      assert.deepStrictEqual(stage.log, ["build a 1", "closed"])
    }))

  it.effect("the release of its behaviour waits for what the build held", () =>
    Effect.gen(function*() {
      const stage: Stage = { acts: {}, log: [], build: Effect.void }
      stage.build = Effect.andThen(
        Effect.addFinalizer(() =>
          Effect.andThen(Effect.sleep("1 second"), Effect.sync(() => stage.log.push("closed")))
        ),
        Effect.never
      )
      const life = yield* Scope.make()
      const services = yield* Layer.buildWithScope(layerOf(stage), life)
      const spawning = yield* forkNow(Effect.exit(Node.spawn("a").pipe(Effect.provideContext(services))))
      const releasing = yield* forkNow(Scope.close(life, Exit.void))
      yield* settle
      assert.isUndefined(releasing.pollUnsafe())
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(releasing)
      assert.deepStrictEqual(stage.log, ["build a 1", "closed"])
      assert.instanceOf(reasonOf(yield* Fiber.join(spawning)), ActorError.SpawnFailed)
    }))
})

describe("the scope of an incarnation", () => {
  it.effect("closes also when it was empty after the build and got its first finalizer from a handler", () =>
    staged((stage) =>
      Effect.gen(function*() {
        const life = yield* Scope.make()
        let scope: Scope.Scope | undefined
        stage.build = Effect.map(Effect.scope, (it) => scope = it)
        stage.acts.acquire = Effect.suspend(() =>
          Scope.addFinalizer(scope!, Effect.sync(() => stage.log.push("released")))
        )
        stage.acts.die = Effect.die("crash")
        const actor = yield* spawnIn(life, "a")
        yield* actor.ask.Do({ what: "acquire" })
        yield* Effect.exit(actor.ask.Do({ what: "die" }))
        assert.deepStrictEqual(stage.log, ["build a 1", "released", "build a 2"])
        yield* actor.ask.Do({ what: "acquire" })
        yield* Scope.close(life, Exit.void)
        assert.deepStrictEqual(stage.log, ["build a 1", "released", "build a 2", "released"])
      })
    ))

  it.effect("a finalizer that dies stops neither the restart nor the stop", () =>
    staged((stage) =>
      Effect.gen(function*() {
        const life = yield* Scope.make()
        stage.build = Effect.addFinalizer(() => Effect.die("finalizer"))
        stage.acts.die = Effect.die("crash")
        const actor = yield* spawnIn(life, "a")
        yield* Effect.exit(actor.ask.Do({ what: "die" }))
        assert.deepStrictEqual(yield* actor.ask.Notes(), [])
        yield* Scope.close(life, Exit.void)
        yield* assertEnded(actor)
        yield* Node.spawn("a")
      })
    ))

  it.effect("children that a handler spawned into it end with the incarnation, the youngest first", () =>
    staged((stage) =>
      Effect.gen(function*() {
        let services: any
        stage.build = Effect.gen(function*() {
          const { key } = yield* Actor.CurrentActor
          if (key === "parent") services = yield* Effect.context<ActorSystem.ActorSystem | Scope.Scope>()
          else yield* Effect.addFinalizer(() => Effect.sync(() => stage.log.push(`closed ${key}`)))
        })
        const children: Array<NodeRef> = []
        stage.acts.child = Effect.suspend(() =>
          Effect.map(Effect.orDie(Node.spawn(`child${children.length}`)), (child) => children.push(child))
            .pipe(Effect.provideContext(services))
        ) as Effect.Effect<unknown>
        stage.acts.die = Effect.die("crash")
        const parent = yield* Node.spawn("parent")
        yield* parent.ask.Do({ what: "child" })
        yield* parent.ask.Do({ what: "child" })
        yield* Effect.exit(parent.ask.Do({ what: "die" }))
        assert.deepStrictEqual(stage.log, [
          "build parent 1",
          "build child0 1",
          "build child1 1",
          "closed child1",
          "closed child0",
          "build parent 2"
        ])
        for (const child of children) yield* assertEnded(child)
      })
    ))
})

describe("waiting for room", () => {
  // With fewer than three steps a fiber of Effect would only yield.
  for (const ops of [3, 4, 5, 6]) {
    it.effect(`loses no sender when fibers yield after every ${ops} steps`, () =>
      staged(() =>
        Effect.gen(function*() {
          const actor = yield* Node.spawn("a")
          const sender = (from: number) =>
            Effect.forEach(Array.from({ length: 20 }, (_, i) => from + i), (n) => actor.tell.Note({ n }), {
              discard: true
            })
          const sending = yield* forkNow(
            Effect.provideService(
              Effect.all([sender(100), sender(200), sender(300)], { concurrency: "unbounded", discard: true }),
              Scheduler.MaxOpsBeforeYield,
              ops
            )
          )
          yield* eventually(Effect.sync(() => sending.pollUnsafe()), (exit) => exit !== undefined, "all is sent", 2000)
          assert.strictEqual((yield* actor.ask.Notes()).length, 60)
        }), { mailbox: { capacity: 1 } }))
  }

  it.effect("senders that give up are not remembered", () =>
    staged((stage) =>
      Effect.gen(function*() {
        stage.acts.block = Effect.never
        const actor = yield* Node.spawn("a")
        yield* actor.tell.Do({ what: "block" })
        yield* settle
        yield* actor.tell.Note({ n: 1 })
        for (let i = 0; i < 1000; i++) yield* Fiber.interrupt(yield* forkNow(actor.tell.Note({ n: 2 })))
        assert.isAtMost((recipientOf(actor) as Cell).rare!.waiters.length, 64)
      }), { mailbox: { capacity: 1 } }))

  it.effect("a waiting sender gets the room that a message leaves when its handler suspends", () =>
    staged((stage) =>
      Effect.gen(function*() {
        const gates = yield* Effect.all([Deferred.make<void>(), Deferred.make<void>()])
        stage.acts.first = Deferred.await(gates[0])
        stage.acts.second = Deferred.await(gates[1])
        const actor = yield* Node.spawn("a")
        yield* actor.tell.Do({ what: "first" })
        yield* settle
        yield* actor.tell.Do({ what: "second" })
        const waiting = yield* forkNow(actor.tell.Note({ n: 1 }))
        assert.isUndefined(waiting.pollUnsafe())
        yield* Deferred.succeed(gates[0], undefined)
        yield* settle
        // The mailbox is empty and the second handler runs: its sender may even be what that handler waits for.
        assert.isDefined(waiting.pollUnsafe())
        yield* Deferred.succeed(gates[1], undefined)
        assert.deepStrictEqual(yield* actor.ask.Notes(), [1])
      }), { mailbox: { capacity: 1 } }))

  for (const ops of [3, 4, 5, 6]) {
    it.effect(`a sender learns that the actor has stopped, whatever it was about to do (${ops} steps at a time)`, () =>
      staged((stage) =>
        Effect.gen(function*() {
          stage.acts.block = Effect.never
          for (let turns = 0; turns < 6; turns++) {
            const life = yield* Scope.make()
            const actor = yield* spawnIn(life, "a")
            yield* actor.tell.Do({ what: "block" })
            yield* settle
            yield* actor.tell.Note({ n: 1 })
            const waiting = yield* forkNow(
              Effect.provideService(failure(actor.tell.Note({ n: 2 })), Scheduler.MaxOpsBeforeYield, ops)
            )
            for (let i = 0; i < turns; i++) yield* Effect.yieldNow
            yield* Scope.close(life, Exit.void)
            yield* eventually(Effect.sync(() => waiting.pollUnsafe()), (exit) => exit !== undefined, "refused", 2000)
            assert.instanceOf(yield* Fiber.join(waiting), ActorError.ActorStopped)
          }
        }), { mailbox: { capacity: 1 } }))
  }

  it.effect("a queued ask that waits for room is told when the actor is restarting", () =>
    staged((stage) =>
      Effect.gen(function*() {
        const gate = yield* Deferred.make<void>()
        stage.acts.die = Effect.andThen(Deferred.await(gate), Effect.die("crash"))
        const actor = yield* Node.spawn("a")
        yield* actor.tell.Do({ what: "die" })
        yield* settle
        yield* actor.tell.Note({ n: 1 })
        const asking = yield* forkNow(failure(actor.ask.Notes()))
        const telling = yield* forkNow(actor.tell.Note({ n: 2 }))
        yield* Deferred.succeed(gate, undefined)
        yield* settle
        assert.instanceOf(yield* Fiber.join(asking), ActorError.ActorRestarting)
        yield* TestClock.adjust("1 second")
        yield* Fiber.join(telling)
        assert.deepStrictEqual(yield* actor.ask.Notes(), [1, 2])
      }), { mailbox: { capacity: 1 }, supervision: { backoff: Schedule.spaced("1 second") } }))
})

describe("asks on one stack", () => {
  for (const ops of [3, 4, 5, 6]) {
    it.effect(`an interrupted asker leaves no handler behind, whatever it was about to do (${ops} steps at a time)`, () =>
      staged((stage) =>
        Effect.gen(function*() {
          const actor = yield* Node.spawn("a")
          stage.acts.block = Effect.never
          for (let turns = 0; turns < 8; turns++) {
            const asker = yield* forkNow(
              Effect.provideService(
                actor.ask.Do({ what: "block" }, { timeout: "Infinity" }),
                Scheduler.MaxOpsBeforeYield,
                ops
              )
            )
            for (let i = 0; i < turns; i++) yield* Effect.yieldNow
            yield* Fiber.interrupt(asker)
            yield* settle
            assert.strictEqual(yield* actor.depth, 0, `interrupted after ${turns} turns`)
          }
          assert.deepStrictEqual(yield* actor.ask.Notes(), [])
        })
      ))
  }

  for (const ops of [3, 4, 5, 6]) {
    it.effect(`an ask gets its reply when fibers yield after every ${ops} steps`, () =>
      staged((stage) =>
        Effect.gen(function*() {
          const actor = yield* Node.spawn("a")
          stage.acts.pass = Effect.yieldNow
          const asking = yield* forkNow(
            Effect.provideService(
              Effect.forEach([1, 2, 3, 4, 5], () => actor.ask.Do({ what: "pass" }, { timeout: "1 minute" })),
              Scheduler.MaxOpsBeforeYield,
              ops
            )
          )
          yield* eventually(
            Effect.sync(() => asking.pollUnsafe()),
            (exit) => exit !== undefined,
            "all is answered",
            2000
          )
          assert.strictEqual((yield* Fiber.join(asking)).length, 5)
        })
      ))
  }

  for (const [length, how] of [[2000, "at once"], [2000, "after a while"]] as const) {
    it.effect(`a chain of ${length} actors that ask each other is answered, the last one ${how}`, () =>
      staged((stage) =>
        Effect.gen(function*() {
          const refs = yield* Effect.forEach(Array.from({ length }, (_, i) => i), (i) => Node.spawn(`n${i}`))
          for (let i = 0; i < length - 1; i++) {
            stage.acts[`${i}`] = Effect.orDie(refs[i + 1]!.ask.Do({ what: `${i + 1}` }))
          }
          stage.acts[`${length - 1}`] = how === "at once" ? Effect.void : Effect.yieldNow
          assert.strictEqual(yield* refs[0]!.ask.Do({ what: "0" }), "did 0")
          yield* settle
          for (const ref of refs) assert.strictEqual(yield* ref.depth, 0)
        })
      ))
  }

  it.effect("an actor that asks itself waits for itself until the ask times out", () =>
    staged((stage) =>
      Effect.gen(function*() {
        const actor = yield* Node.spawn("a")
        let inner: unknown
        stage.acts.self = Effect.map(failure(actor.ask.Notes(undefined, { timeout: "1 second" })), (it) => inner = it)
        const asker = yield* forkNow(actor.ask.Do({ what: "self" }))
        yield* TestClock.adjust("1 second")
        assert.strictEqual(yield* Fiber.join(asker), "did self")
        assert.instanceOf(inner, ActorError.AskTimeout)
        assert.deepStrictEqual(yield* actor.ask.Notes(), [])
      })
    ))

  it.effect("two actors that ask each other wait for each other until an ask times out", () =>
    staged((stage) =>
      Effect.gen(function*() {
        const a = yield* Node.spawn("a")
        const b = yield* Node.spawn("b")
        stage.acts.viaB = Effect.orDie(b.ask.Do({ what: "viaA" }))
        stage.acts.viaA = Effect.ignore(a.ask.Notes(undefined, { timeout: "1 second" }))
        const asker = yield* forkNow(a.ask.Do({ what: "viaB" }))
        yield* TestClock.adjust("1 second")
        assert.strictEqual(yield* Fiber.join(asker), "did viaB")
      })
    ))

  it.effect("an ask whose deadline falls on the tick of its reply is settled once", () =>
    staged((stage) =>
      Effect.gen(function*() {
        const actor = yield* Node.spawn("a")
        let settled = 0
        stage.acts.late = Effect.sleep("1 second")
        for (let round = 0; round < 5; round++) {
          const asker = yield* forkNow(Effect.ensuring(
            Effect.exit(actor.ask.Do({ what: "late" }, { timeout: "1 second" })),
            Effect.sync(() => settled++)
          ))
          yield* TestClock.adjust("1 second")
          const exit = yield* Fiber.join(asker)
          assert.isTrue(Exit.isSuccess(exit) || reasonOf(exit) instanceof ActorError.AskTimeout)
          yield* settle
          assert.strictEqual(yield* actor.depth, 0)
        }
        assert.strictEqual(settled, 5)
      })
    ))

  it.effect("an ask that times out while its handler cannot be interrupted fails in time, the next one waits", () =>
    staged((stage) =>
      Effect.gen(function*() {
        const gate = yield* Deferred.make<void>()
        const actor = yield* Node.spawn("a")
        stage.acts.stubborn = Effect.uninterruptible(Deferred.await(gate))
        const asker = yield* forkNow(failure(actor.ask.Do({ what: "stubborn" }, { timeout: "1 second" })))
        const next = yield* forkNow(actor.ask.Notes(undefined, { timeout: "1 minute" }))
        yield* TestClock.adjust("1 second")
        assert.instanceOf(yield* Fiber.join(asker), ActorError.AskTimeout)
        assert.isUndefined(next.pollUnsafe())
        yield* Deferred.succeed(gate, undefined)
        assert.deepStrictEqual(yield* Fiber.join(next), [])
      })
    ))
})

describe("handlers that share a fiber", () => {
  /** Queues messages behind a handler that waits, and lets them go at once. */
  const behind = Effect.fnUntraced(function*(stage: Stage, actor: NodeRef) {
    const gate = yield* Deferred.make<void>()
    stage.acts.gate = Deferred.await(gate)
    yield* actor.tell.Do({ what: "gate" })
    yield* settle
    return Deferred.succeed(gate, undefined)
  })

  for (const later of [Effect.void, Effect.yieldNow, Effect.never]) {
    it.effect("a handler whose asker it interrupts itself harms no message after it", () =>
      staged((stage) =>
        Effect.gen(function*() {
          const actor = yield* Node.spawn("a")
          const open = yield* behind(stage, actor)
          stage.acts.cut = Effect.andThen(Effect.sync(() => asker.interruptUnsafe()), later)
          stage.acts.pass = Effect.yieldNow
          const asker: Fiber.Fiber<unknown, unknown> = yield* forkNow(actor.ask.Do({ what: "cut" }))
          yield* actor.tell.Note({ n: 1 })
          const next = yield* forkNow(actor.ask.Do({ what: "pass" }))
          yield* actor.tell.Note({ n: 2 })
          yield* open
          assert.isTrue(Exit.hasInterrupts(yield* Fiber.await(asker)))
          assert.strictEqual(yield* Fiber.join(next), "did pass")
          assert.deepStrictEqual(yield* actor.ask.Notes(), [1, 2])
        })
      ))
  }

  it.effect("a handler whose last step interrupts its asker harms no message after it", () =>
    staged((stage) =>
      Effect.gen(function*() {
        const actor = yield* Node.spawn("a")
        const open = yield* behind(stage, actor)
        stage.ran = (n) => n === 1 && asker.interruptUnsafe()
        const asker: Fiber.Fiber<unknown, unknown> = yield* forkNow(actor.ask.Note({ n: 1 }))
        yield* actor.tell.Note({ n: 2 })
        const next = yield* forkNow(actor.ask.Note({ n: 3 }))
        yield* open
        assert.isTrue(Exit.hasInterrupts(yield* Fiber.await(asker)))
        assert.isTrue(Exit.isSuccess(yield* Fiber.await(next)))
        assert.deepStrictEqual(yield* actor.ask.Notes(), [1, 2, 3])
      })
    ))

  for (const how of ["that suspends", "that does not suspend"]) {
    it.effect(`a crash at once, among queued messages behind a handler ${how}, leaves the new incarnation alone`, () =>
      staged((stage) =>
        Effect.gen(function*() {
          const actor = yield* Node.spawn("a")
          const gate = yield* Deferred.make<void>()
          let running = 0
          let most = 0
          stage.called = (n) => {
            if (n === 13) throw new Error("crash")
          }
          stage.acts.wait = Effect.acquireUseRelease(
            Effect.sync(() => most = Math.max(most, ++running)),
            () => Deferred.await(gate),
            () => Effect.sync(() => running--)
          )
          const open = how === "that suspends" ? yield* behind(stage, actor) : Effect.void
          if (how !== "that suspends") yield* actor.tell.Note({ n: 1 })
          // The asker goes on within the crashed handler's turn, and its next ask finds an idle incarnation.
          const asker = yield* forkNow(
            Effect.andThen(Effect.exit(actor.ask.Note({ n: 13 })), actor.ask.Do({ what: "wait" }))
          )
          yield* open
          yield* settle
          assert.isUndefined(asker.pollUnsafe())
          const next = yield* forkNow(actor.ask.Do({ what: "wait" }))
          yield* settle
          assert.isUndefined(next.pollUnsafe())
          assert.strictEqual(running, 1)
          yield* Deferred.succeed(gate, undefined)
          assert.strictEqual(yield* Fiber.join(asker), "did wait")
          assert.strictEqual(yield* Fiber.join(next), "did wait")
          assert.strictEqual(most, 1)
          assert.deepStrictEqual(stage.log, ["build a 1", "build a 2"])
        })
      ))
  }

  it.effect("a handler whose asker it interrupts at once, on the asker's own stack, is interrupted, too", () =>
    staged((stage) =>
      Effect.gen(function*() {
        const actor = yield* Node.spawn("a")
        stage.acts.cut = Effect.andThen(Effect.sync(() => asker.interruptUnsafe()), Effect.never)
        const asker: Fiber.Fiber<unknown, unknown> = yield* Effect.forkChild(
          actor.ask.Do({ what: "cut" }, { timeout: "Infinity" })
        )
        yield* settle
        assert.isTrue(Exit.hasInterrupts(yield* Fiber.await(asker)))
        assert.strictEqual(yield* actor.depth, 0)
        assert.deepStrictEqual(yield* actor.ask.Notes(), [])
      })
    ))

  it.effect("after a crash among queued messages, an asker that asks again at once is answered by the new incarnation", () =>
    staged((stage) =>
      Effect.gen(function*() {
        const actor = yield* Node.spawn("a")
        for (const how of ["suspended", "at once"]) {
          const open = yield* behind(stage, actor)
          const gate = yield* Deferred.make<void>()
          let running = 0
          let most = 0
          const guarded = (effect: Effect.Effect<unknown>) =>
            Effect.acquireUseRelease(
              Effect.sync(() => most = Math.max(most, ++running)),
              () => effect,
              () => Effect.sync(() => running--)
            )
          stage.acts.die = Effect.failCause(Cause.die("crash"))
          stage.acts.wait = guarded(Deferred.await(gate))
          stage.acts.pass = guarded(Effect.void)
          if (how === "suspended") yield* actor.tell.Do({ what: "gate" })
          const asker = yield* forkNow(
            Effect.andThen(Effect.exit(actor.ask.Do({ what: "die" })), actor.ask.Do({ what: "wait" }))
          )
          yield* actor.tell.Note({ n: 1 })
          yield* open
          yield* settle
          assert.isUndefined(asker.pollUnsafe(), how)
          const next = yield* forkNow(actor.ask.Do({ what: "pass" }))
          yield* settle
          assert.isUndefined(next.pollUnsafe(), how)
          yield* Deferred.succeed(gate, undefined)
          assert.strictEqual(yield* Fiber.join(asker), "did wait")
          assert.strictEqual(yield* Fiber.join(next), "did pass")
          assert.strictEqual(most, 1)
        }
      })
    ))

  it.effect("an asker that closes the actor's scope on a reply from among queued messages ends the others", () =>
    staged((stage) =>
      Effect.gen(function*() {
        const life = yield* Scope.make()
        const actor = yield* spawnIn(life, "a")
        const open = yield* behind(stage, actor)
        stage.acts.pass = Effect.yieldNow
        const closing = yield* forkNow(Effect.andThen(actor.ask.Do({ what: "pass" }), Scope.close(life, Exit.void)))
        const others = yield* Effect.forEach(["pass", "pass"], (what) => forkNow(failure(actor.ask.Do({ what }))))
        yield* open
        yield* Fiber.join(closing)
        for (const other of others) assert.instanceOf(yield* Fiber.join(other), ActorError.ActorStopped)
        yield* assertEnded(actor)
      })
    ))

  it.effect("a sender that waits gets its room while a later handler runs", () =>
    staged((stage) =>
      Effect.gen(function*() {
        const actor = yield* Node.spawn("a")
        const open = yield* behind(stage, actor)
        const sent = yield* Deferred.make<void>()
        stage.acts.meet = Deferred.await(sent)
        const meeting = yield* forkNow(actor.ask.Do({ what: "meet" }))
        yield* actor.tell.Note({ n: 1 })
        yield* forkNow(Effect.andThen(actor.tell.Note({ n: 2 }), Deferred.succeed(sent, undefined)))
        yield* open
        yield* settle
        assert.isDefined(meeting.pollUnsafe())
        assert.deepStrictEqual(yield* actor.ask.Notes(), [1, 2])
      }), { mailbox: { capacity: 2 } }))
})

describe("failures of failures", () => {
  it.effect("a handler that dies of being interrupted by a stop does not restart the actor", () =>
    staged((stage) =>
      Effect.gen(function*() {
        const life = yield* Scope.make()
        stage.acts.block = Effect.onInterrupt(Effect.never, () => Effect.die("in cleanup"))
        const actor = yield* spawnIn(life, "a")
        const asker = yield* forkNow(failure(actor.ask.Do({ what: "block" })))
        yield* Scope.close(life, Exit.void)
        assert.instanceOf(yield* Fiber.join(asker), ActorError.ActorStopped)
        yield* assertEnded(actor)
        assert.deepStrictEqual(stage.log, ["build a 1"])
      })
    ))

  it.effect("a decider that throws escalates, and says what it threw", () =>
    staged((stage) =>
      Effect.gen(function*() {
        stage.acts.die = Effect.die("crash")
        const a = yield* Node.spawn("a")
        const b = yield* Node.spawn("b")
        assert.strictEqual(yield* failure(a.ask.Do({ what: "die" })), "crash")
        const { cause, name } = yield* ActorSystem.escalation
        assert.strictEqual(name, "Node")
        assert.include(Cause.pretty(cause), "undecided")
        yield* assertEnded(a)
        yield* assertEnded(b)
      }), {
      supervision: {
        decide: () => {
          throw new Error("undecided")
        }
      }
    }))

  it.effect("per \"supervisor\": the actors share the count; one restart too many ends them all and escalates", () =>
    staged((stage) =>
      Effect.gen(function*() {
        stage.acts.die = Effect.die("crash")
        const refs = yield* Effect.forEach(["a", "b", "c"], (key) => Node.spawn(key))
        for (const ref of refs.slice(0, 2)) yield* Effect.exit(ref.ask.Do({ what: "die" }))
        for (const ref of refs) yield* ref.ask.Notes()
        yield* Effect.exit(refs[2]!.ask.Do({ what: "die" }))
        assert.strictEqual((yield* ActorSystem.escalation).name, "Node")
        for (const ref of refs) yield* assertEnded(ref)
      }), { supervision: { intensity: { restarts: 2, within: "1 minute", per: "supervisor" } } }))

  it.effect("escalation ends also an actor that is still being built", () =>
    staged((stage) =>
      Effect.gen(function*() {
        stage.acts.die = Effect.die("crash")
        const a = yield* Node.spawn("a")
        const gate = yield* Deferred.make<void>()
        stage.build = Deferred.await(gate)
        const spawning = yield* forkNow(Effect.exit(Node.spawn("b")))
        yield* Effect.exit(a.ask.Do({ what: "die" }))
        yield* Deferred.succeed(gate, undefined)
        assert.isTrue(Exit.isFailure(yield* Fiber.join(spawning)))
        yield* assertEnded(a)
      }), { supervision: { decide: () => "escalate" } }))

  it.effect("intensity forgets restarts that are older than the window", () =>
    staged((stage) =>
      Effect.gen(function*() {
        stage.acts.die = Effect.die("crash")
        const actor = yield* Node.spawn("a")
        for (let i = 0; i < 10; i++) {
          yield* Effect.exit(actor.ask.Do({ what: "die" }))
          assert.deepStrictEqual(yield* actor.ask.Notes(), [])
          yield* TestClock.adjust("501 millis")
        }
        yield* Effect.exit(actor.ask.Do({ what: "die" }))
        yield* Effect.exit(actor.ask.Do({ what: "die" }))
        yield* Effect.exit(actor.ask.Do({ what: "die" }))
        yield* assertEnded(actor)
      }), { supervision: { intensity: { restarts: 2, within: "1 second" } } }))

  it.effect("a rebuild that hangs is given up after initTimeout and counts", () =>
    staged((stage) =>
      Effect.gen(function*() {
        stage.acts.die = Effect.die("crash")
        const actor = yield* Node.spawn("a")
        stage.build = Effect.never
        yield* Effect.exit(actor.ask.Do({ what: "die" }))
        assert.instanceOf(yield* failure(actor.ask.Notes()), ActorError.ActorRestarting)
        yield* TestClock.adjust("300 millis")
        yield* settle
        yield* assertEnded(actor)
        assert.deepStrictEqual(stage.log, ["build a 1", "build a 2", "build a 3", "build a 4"])
      }), { initTimeout: "100 millis" }))
})

describe("layers", () => {
  it.effect("asks that are pending when the layer is released are settled", () =>
    Effect.gen(function*() {
      const stage: Stage = { acts: { block: Effect.never }, log: [], build: Effect.void }
      const life = yield* Scope.make()
      const services = yield* Layer.buildWithScope(layerOf(stage), life)
      const actor = yield* Node.spawn("a").pipe(Effect.provideContext(services))
      const running = yield* forkNow(failure(actor.ask.Do({ what: "block" })))
      const queued = yield* forkNow(failure(actor.ask.Notes()))
      yield* Scope.close(life, Exit.void)
      assert.instanceOf(yield* Fiber.join(running), ActorError.ActorStopped)
      assert.instanceOf(yield* Fiber.join(queued), ActorError.ActorStopped)
      yield* assertEnded(actor)
      assert.instanceOf(
        yield* failure(Node.spawn("b").pipe(Effect.provideContext(services))),
        ActorError.BehaviourNotFound
      )
    }))

  it.effect("a behaviour of a name that is registered again keeps its own actors and stops them on its release", () =>
    Effect.gen(function*() {
      const system = yield* Layer.build(ActorSystem.layer)
      const stages = ["one", "two"].map((): Stage => ({ acts: {}, log: [], build: Effect.void }))
      const lives = yield* Effect.forEach(stages, () => Scope.make())
      const register = (i: number) =>
        Layer.buildWithScope(
          Node.toLayer(Effect.sync(() => {
            stages[i]!.log.push("build")
            return Node.of({
              Do: () => Effect.succeed(`${i}`),
              Note: () => Effect.void,
              Notes: () => Effect.succeed([])
            })
          })),
          lives[i]!
        ).pipe(Effect.provideContext(system))
      const spawn = (key: string) => Node.spawn(key).pipe(Effect.provideContext(system))
      yield* register(0)
      const first = yield* spawn("a")
      yield* register(1)
      const second = yield* spawn("b")
      assert.strictEqual(yield* first.ask.Do({ what: "" }), "0")
      assert.strictEqual(yield* second.ask.Do({ what: "" }), "1")
      yield* Scope.close(lives[0]!, Exit.void)
      yield* assertEnded(first)
      assert.strictEqual(yield* second.ask.Do({ what: "" }), "1")
      yield* Scope.close(lives[1]!, Exit.void)
      yield* assertEnded(second)
    }))
})
