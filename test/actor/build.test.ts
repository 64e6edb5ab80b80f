/**
 * Behaviours that are built on the stack of their spawner, as a call or as far as a generator comes without a fiber: they are as good as any.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import { CurrentLogAnnotations } from "effect/References"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { Actor, ActorControl, type ActorRef, ActorSystem } from "shared-nothing"
import { StandIn } from "shared-nothing/testing"
import { SpawnFailed } from "../../src/actor/ActorError.ts"
import { recipientOf } from "../../src/actor/ActorRef.ts"
import type { Cell } from "../../src/actor/kernel/Cell.ts"
import { settle } from "../contract/eventually.ts"
import { until } from "../support/until.ts"

const Plain = Actor.make("Plain", [Rpc.make("Count", { success: Schema.Int }), Rpc.make("Crash")])

type Handlers = Actor.Handlers<typeof Plain>

const counting = (): Handlers => {
  let count = 0
  return Plain.of({ Count: () => Effect.sync(() => ++count), Crash: () => Effect.die("crash") })
}

type Build = Effect.Effect<Handlers, unknown, Actor.CurrentActor> | (() => Handlers)

const within = (build: Build) =>
  Effect.provide(
    Layer.provideMerge(Plain.toLayer(build, { supervision: { intensity: { restarts: 2, within: "1 minute" } } }), [
      ActorSystem.layer,
      Logger.layer([])
    ])
  )

const cellOf = (ref: ActorRef.Any) => recipientOf(ref) as Cell

/** The same call, as a behaviour in each way that needs no fiber. */
const forms: ReadonlyArray<readonly [string, (call: () => Handlers) => Build]> = [
  ["an Effect.sync", (call) => Effect.sync(call)],
  ["a function", (call) => call],
  ["a generator that asks", (call) =>
    Effect.gen(function*() {
      yield* Actor.CurrentActor
      yield* Plain.self
      return yield* Effect.sync(call)
    })]
]

describe.each(forms)("a behaviour that is built by a call, as %s,", (_, form) => {
  it.effect("is built on the stack of its spawner, anew for each incarnation", () => {
    const builders: Array<unknown> = []
    return Effect.gen(function*() {
      const actor = yield* Plain.spawn("a")
      assert.deepStrictEqual(builders, [Fiber.getCurrent()])
      assert.isUndefined(cellOf(actor).scope)
      assert.strictEqual(yield* actor.ask.Count(), 1)
      yield* Effect.exit(actor.ask.Crash())
      yield* settle
      assert.strictEqual(yield* actor.ask.Count(), 1)
      assert.strictEqual(builders.length, 2)
    }).pipe(
      Effect.scoped,
      within(form(() => {
        builders.push(Fiber.getCurrent())
        return counting()
      }))
    )
  })

  it.effect("fails its spawn with what it throws, or without handlers, and leaves its name free", () => {
    const thrown = new Error("not today")
    const builds: Array<() => unknown> = [
      () => {
        throw thrown
      },
      () => undefined,
      counting
    ]
    return Effect.gen(function*() {
      const failed = yield* Effect.flip(Plain.spawn("a"))
      assert.instanceOf(failed, SpawnFailed)
      assert.strictEqual(failed.cause, thrown)
      const empty = yield* Effect.flip(Plain.spawn("a"))
      assert.instanceOf(empty, SpawnFailed)
      assert.include(String(empty.cause), "no handlers")
      assert.strictEqual(yield* (yield* Plain.spawn("a")).ask.Count(), 1)
    }).pipe(Effect.scoped, within(form(() => builds.shift()!() as Handlers)))
  })

  it.effect("counts as a failure when it throws for the next incarnation", () => {
    let builds = 0
    return Effect.gen(function*() {
      const actor = yield* Plain.spawn("a")
      yield* Effect.exit(actor.ask.Crash())
      assert.strictEqual((yield* actor.down).reason._tag, "Crashed")
      assert.strictEqual(builds, 3)
    }).pipe(
      Effect.scoped,
      within(form(() => {
        if (++builds > 1) throw new Error("not again")
        return counting()
      }))
    )
  })

  it.effect("has ended at once when its owner ends in it", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      let builds = 0
      yield* Effect.gen(function*() {
        const actor = yield* Scope.provide(Plain.spawn("a"), scope)
        assert.strictEqual((yield* actor.down).reason._tag, "Stopped")
        assert.strictEqual(yield* (yield* Plain.spawn("a")).ask.Count(), 1)
      }).pipe(
        Effect.scoped,
        within(form(() => {
          if (++builds === 1) Effect.runFork(Scope.close(scope, Exit.void))
          return counting()
        }))
      )
    }))

  it.live("may spawn another that is built like that, however many levels", () => {
    const levels = 2_000
    const world = { built: 0, spawn: () => {} }
    return Effect.gen(function*() {
      const services = yield* Effect.context<ActorSystem.ActorSystem | Scope.Scope>()
      world.spawn = () => {
        if (world.built < levels) Effect.runForkWith(services)(Plain.spawn(String(world.built)))
      }
      yield* Plain.spawn("root")
      yield* until(() => world.built === levels, () => world.built)
    }).pipe(
      Effect.scoped,
      within(form(() => {
        world.built++
        world.spawn()
        return counting()
      }))
    )
  })
})

/** Tells who it is, and whatever it was told. */
const Who = Actor.make("Who", [
  Rpc.make("Tell", { success: Schema.String }),
  Rpc.make("Note", { payload: { text: Schema.String } }),
  Rpc.make("Follow", { success: Schema.Int, stream: true }),
  Rpc.make("Crash")
])

type WhoRef = typeof Who.ref.Type

const whoHandlers = (tell: () => string, note: (text: string) => void = () => {}): Actor.Handlers<typeof Who> =>
  Who.of({
    Tell: () => Effect.sync(tell),
    Note: ({ text }) => Effect.sync(() => note(text)),
    Follow: () => Stream.never,
    Crash: () => Effect.die("crash")
  })

class Answers extends Context.Service<Answers, Actor.Handlers<typeof Who>>()("test/Answers") {}

const systemOf = <E, R>(live: Layer.Layer<never, E, R>) =>
  Layer.provideMerge(live, [ActorSystem.layer, Logger.layer([])])

const inSystem = <E, R>(live: Layer.Layer<never, E, R>) => Effect.provide(systemOf(live))

describe("a behaviour that is a function", () => {
  it.effect("is told who is built: the name, the key, the incarnation, and the reference of the actor itself", () => {
    const told: Array<unknown> = []
    const printed: Array<string> = []
    return Effect.gen(function*() {
      const ada = yield* Who.spawn("ada")
      const bob = yield* Who.spawn("bob")
      assert.strictEqual(yield* ada.ask.Tell(), "Who/ada 1: Who/ada")
      assert.strictEqual(yield* bob.ask.Tell(), "Who/bob 1: Who/bob")
      yield* Effect.exit(ada.ask.Crash())
      yield* settle
      assert.strictEqual(yield* ada.ask.Tell(), "Who/ada 2: Who/ada")
      assert.deepStrictEqual(told, [["Who", "ada", 1], ["Who", "bob", 1], ["Who", "ada", 2]])
      assert.strictEqual(printed[2], `{"name":"Who","key":"ada","incarnation":2}`)
    }).pipe(
      Effect.scoped,
      inSystem(Who.toLayer((actor) => {
        const { incarnation, key, name, self } = actor
        told.push([name, key, incarnation])
        printed.push(JSON.stringify(actor))
        return whoHandlers(() => `${name}/${key} ${incarnation}: ${cellOf(self).name}`)
      }))
    )
  })

  it.effect("may tell its own actor what is handled first, and ask it, which waits until it is up", () => {
    const noted: Array<string> = []
    const asked: Array<unknown> = []
    return Effect.gen(function*() {
      const ada = yield* Who.spawn("ada")
      yield* ada.tell.Note({ text: "from outside" })
      assert.strictEqual(yield* ada.ask.Tell(), "told")
      assert.deepStrictEqual(noted, ["from its build", "from outside"])
      assert.deepStrictEqual(asked, ["told"])
    }).pipe(
      Effect.scoped,
      inSystem(Who.toLayer(({ self }) => {
        assert.isTrue(self.tellUnsafe.Note({ text: "from its build" }))
        self.askUnsafe.Tell((exit) => asked.push(Exit.isSuccess(exit) ? exit.value : exit))
        assert.deepStrictEqual(asked, [])
        return whoHandlers(() => "told", (text) => noted.push(text))
      }))
    )
  })

  it.effect("may spawn others and end its own actor, and has then failed", () => {
    const others: Array<WhoRef> = []
    return Effect.gen(function*() {
      const services = yield* Effect.context<ActorSystem.ActorSystem | Scope.Scope>()
      const live = Who.toLayer(({ key, self }) => {
        if (key === "ada") {
          others.push(Effect.runSyncWith(services)(Who.spawn("bob")))
          Effect.runForkWith(services)(ActorControl.stop(self))
        }
        return whoHandlers(() => key)
      })
      yield* Layer.build(live)
      const failed = yield* Effect.flip(Who.spawn("ada"))
      assert.instanceOf(failed, SpawnFailed)
      assert.include(String(failed.cause), "it was ended while it was being built")
      assert.strictEqual(yield* others[0]!.ask.Tell(), "bob")
      assert.isTrue(Option.isNone(yield* Who.lookup("ada")))
    }).pipe(Effect.scoped, Effect.provide([ActorSystem.layer, Logger.layer([])]))
  })

  it.effect("says so when it answers an effect in place of handlers", () =>
    Effect.gen(function*() {
      const failed = yield* Effect.flip(Who.spawn("ada"))
      assert.instanceOf(failed, SpawnFailed)
      assert.include(String(failed.cause), "the function that builds Who/ada answered an effect")
    }).pipe(
      Effect.scoped,
      // The types say no.
      inSystem(Who.toLayer(() => Effect.succeed(whoHandlers(() => "")) as never as Actor.Handlers<typeof Who>))
    ))

  it.effect("is not what the key of a service is, which has the handlers", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* (yield* Who.spawn("ada")).ask.Tell(), "of a service")
    }).pipe(
      Effect.scoped,
      inSystem(Layer.provide(
        Who.toLayer(Answers),
        Layer.succeed(Answers, whoHandlers(() => "of a service"))
      ))
    ))

  it.effect("speaks of the actor of its own system, where two have the same behaviour", () => {
    const noted: Array<string> = []
    let built = 0
    const live = Who.toLayer(({ self }) => {
      const number = ++built
      return Who.of({
        Tell: () => Effect.as(Effect.orDie(self.tell.Note({ text: "to itself" })), `actor ${number}`),
        Note: ({ text }) => Effect.sync(() => void noted.push(`${number}: ${text}`)),
        Follow: () => Stream.never,
        Crash: () => Effect.void
      })
    })
    const one = Effect.flatMap(Who.spawn("ada"), (ada) => ada.ask.Tell()).pipe(
      Effect.tap(settle),
      Effect.scoped,
      // Not the one that is memoized.
      Effect.provide(Layer.fresh(systemOf(live)))
    )
    return Effect.gen(function*() {
      assert.deepStrictEqual(yield* Effect.all([one, one]), ["actor 1", "actor 2"])
      assert.deepStrictEqual(noted, ["1: to itself", "2: to itself"])
    })
  })

  it.effect("is built by an effect around it, too: in the layer of a stand-in", () => {
    const { calls, layer } = StandIn.spy(
      Who.toLayer(({ incarnation, key }) => whoHandlers(() => `${key} ${incarnation}`))
    )
    return Effect.gen(function*() {
      const ada = yield* Who.spawn("ada")
      assert.strictEqual(yield* ada.ask.Tell(), "ada 1")
      assert.deepStrictEqual(calls.map(({ actor, tag }) => `${actor} ${tag}`), ["Who/ada Tell"])
    }).pipe(Effect.scoped, inSystem(layer))
  })
})

class Greeting extends Context.Service<Greeting, string>()("test/Greeting") {}

describe("a behaviour that is a generator", () => {
  it.effect("has its services, its actor and its scope without a fiber", () => {
    const fibers: Array<unknown> = []
    return Effect.gen(function*() {
      const spawner = Fiber.getCurrent()
      const ada = yield* Who.spawn("ada")
      assert.deepStrictEqual(fibers, [spawner])
      assert.strictEqual(yield* ada.ask.Tell(), "hello ada 1 1, Who/ada, true")
    }).pipe(
      Effect.scoped,
      inSystem(Layer.provide(
        Who.toLayer(Effect.gen(function*() {
          const greeting = yield* Greeting
          const { incarnation, key } = yield* Actor.CurrentActor
          const self = yield* Who.self
          const scope = yield* Effect.scope
          const count = yield* Ref.make(1)
          const isOwn = scope === cellOf(self).scope
          fibers.push(Fiber.getCurrent())
          return whoHandlers(() =>
            `${greeting} ${key} ${incarnation} ${Ref.getUnsafe(count)}, ${cellOf(self).name}, ${isOwn}`
          )
        })),
        Layer.succeed(Greeting, "hello")
      ))
    )
  })

  it.effect("knows what its log lines are annotated with", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* (yield* Who.spawn("ada")).ask.Tell(), "Who/ada")
    }).pipe(
      Effect.scoped,
      inSystem(Who.toLayer(Effect.gen(function*() {
        const annotations = yield* CurrentLogAnnotations
        return whoHandlers(() => String(annotations["actor"]))
      })))
    ))

  it.effect("fails its spawn for a service that is not there, as in a fiber", () =>
    Effect.gen(function*() {
      const failed = yield* Effect.flip(Who.spawn("ada"))
      assert.instanceOf(failed, SpawnFailed)
      assert.include(String(failed.cause), "test/Greeting")
    }).pipe(
      Effect.scoped,
      inSystem(
        // The types would ask for it.
        Who.toLayer(Effect.gen(function*() {
          const greeting = yield* Greeting
          return whoHandlers(() => greeting)
        })) as Layer.Layer<never, never, ActorSystem.ActorSystem>
      )
    ))

  it.effect("lets go of what it holds when it fails without a fiber, and when its actor ends", () => {
    const log: Array<string> = []
    let fails = true
    return Effect.gen(function*() {
      const failed = yield* Effect.flip(Who.spawn("ada"))
      assert.strictEqual((failed as SpawnFailed).cause, "not today")
      assert.deepStrictEqual(log, ["held", "released"])
      fails = false
      const ada = yield* Who.spawn("ada")
      assert.deepStrictEqual(log, ["held", "released", "held"])
      yield* ActorControl.stop(ada)
      assert.deepStrictEqual(log, ["held", "released", "held", "released"])
    }).pipe(
      Effect.scoped,
      inSystem(Who.toLayer(Effect.gen(function*() {
        const scope = yield* Effect.scope
        yield* Effect.sync(() => {
          log.push("held")
          Effect.runSync(Scope.addFinalizer(scope, Effect.sync(() => void log.push("released"))))
        })
        if (fails) return yield* Effect.fail("not today")
        return whoHandlers(() => "")
      })))
    )
  })

  it.effect("runs each of its steps once when one of them waits", () => {
    const log: Array<string> = []
    return Effect.gen(function*() {
      const spawning = yield* Effect.forkChild(Who.spawn("ada"), { startImmediately: true })
      assert.deepStrictEqual(log, ["begins"])
      assert.isTrue(Option.isNone(yield* Who.lookup("ada")))
      yield* TestClock.adjust("1 second")
      const ada = yield* Fiber.join(spawning)
      assert.deepStrictEqual(log, ["begins", "goes on", "ends"])
      assert.strictEqual(yield* ada.ask.Tell(), "ada")
    }).pipe(
      Effect.scoped,
      inSystem(Who.toLayer(Effect.gen(function*() {
        const { key } = yield* Actor.CurrentActor
        yield* Effect.sync(() => log.push("begins"))
        yield* Effect.sleep("1 second")
        yield* Effect.sync(() => log.push("goes on"))
        yield* Effect.addFinalizer(() => Effect.void)
        log.push("ends")
        return whoHandlers(() => key)
      })))
    )
  })

  it.effect("goes no further when its spawner is interrupted, and when its time is over", () => {
    const log: Array<string> = []
    return Effect.gen(function*() {
      const spawning = yield* Effect.forkChild(Who.spawn("ada"), { startImmediately: true })
      yield* Fiber.interrupt(spawning)
      assert.deepStrictEqual(log, ["begins", "released"])
      const late = yield* Effect.forkChild(Effect.flip(Who.spawn("ada")), { startImmediately: true })
      yield* TestClock.adjust("5 seconds")
      assert.include(String(((yield* Fiber.join(late)) as SpawnFailed).cause), "was not built within 5000 ms")
      assert.deepStrictEqual(log, ["begins", "released", "begins", "released"])
    }).pipe(
      Effect.scoped,
      inSystem(Who.toLayer(Effect.gen(function*() {
        yield* Effect.sync(() => log.push("begins"))
        yield* Effect.addFinalizer(() => Effect.sync(() => void log.push("released")))
        yield* Effect.sleep("1 minute")
        log.push("goes on")
        return whoHandlers(() => "")
      })))
    )
  })

  it.effect("becomes something else for its own incarnation alone, whether that has held anything or not", () => {
    const becoming: Array<(tell: string) => Effect.Effect<void>> = []
    return Effect.gen(function*() {
      const ada = yield* Who.spawn("ada")
      assert.isUndefined(cellOf(ada).mailbox)
      yield* becoming[0]!("another")
      assert.strictEqual(yield* ada.ask.Tell(), "another")
      // What holds a stream has a scope from then on.
      yield* Effect.forkChild(Stream.runDrain(ada.ask.Follow()), { startImmediately: true })
      yield* becoming[0]!("a third")
      assert.strictEqual(yield* ada.ask.Tell(), "a third")
      yield* Effect.exit(ada.ask.Crash())
      yield* settle
      yield* becoming[0]!("what it was")
      assert.strictEqual(yield* ada.ask.Tell(), "incarnation 2")
      yield* becoming[1]!("the next")
      assert.strictEqual(yield* ada.ask.Tell(), "the next")
    }).pipe(
      Effect.scoped,
      inSystem(Who.toLayer(Effect.gen(function*() {
        const become = yield* Who.become
        const { incarnation } = yield* Actor.CurrentActor
        becoming.push((tell) => become(whoHandlers(() => tell)))
        return whoHandlers(() => `incarnation ${incarnation}`)
      })))
    )
  })
})
