/** Messages that are put off, handlers that change, and what is piped: what the contract (`test/contract/stashContract.ts`) does not see from outside. */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { Actor, ActorControl, ActorError, ActorSystem, Parcel, ThreadArenas } from "shared-nothing"
import { recipientOf } from "../../src/actor/ActorRef.ts"
import type { Cell } from "../../src/actor/kernel/Cell.ts"
import * as Arena from "../../src/memory/Arena.ts"
import { usage } from "../../src/memory/ArenaUsage.ts"
import { settle } from "../contract/eventually.ts"
import { watching } from "../support/events.ts"

const Inn = Actor.make("Inn", [
  Rpc.make("Knock", { payload: { n: Schema.Int }, success: Schema.Int }),
  Rpc.make("Open"),
  Rpc.make("Say", { payload: { text: Schema.String } }),
  Rpc.make("Told", { payload: { n: Schema.Int } }),
  Rpc.make("Bare"),
  /** Does what the test says. */
  Rpc.make("Do")
])

type Tools = {
  readonly stash: Actor.Stash
  readonly pipeToSelf: Actor.PipeToSelf<InnMessages>
  readonly become: Actor.Become<InnMessages>
  readonly timers: Actor.Timers<InnMessages>
  readonly self: typeof Inn.ref.Type
}
type InnMessages = typeof Inn extends Actor.Actor<infer _, infer Rpcs> ? Rpcs : never

class World {
  readonly log: Array<string> = []
  isOpen = false
  /** What the next ones do. */
  does: (tools: Tools) => Effect.Effect<unknown> = () => Effect.void
  knocks: ((n: number, tools: Tools) => Effect.Effect<number | Actor.Stashed> | undefined) | undefined = undefined
  build: (tools: Tools) => Effect.Effect<void> = () => Effect.void
  readonly note = (line: string) => Effect.sync(() => void this.log.push(line))
}

const liveOf = (world: World, options?: Actor.BehaviourOptions) =>
  Inn.toLayer(
    Effect.gen(function*() {
      const { incarnation } = yield* Actor.CurrentActor
      const tools: Tools = {
        stash: yield* Inn.stash({ capacity: 3 }),
        pipeToSelf: yield* Inn.pipeToSelf,
        become: yield* Inn.become,
        timers: yield* Inn.timers,
        self: yield* Inn.self
      }
      const put = Effect.orDie(tools.stash.put)
      yield* world.build(tools)
      return Inn.of({
        Knock: ({ n }) =>
          world.knocks?.(n, tools) ?? (world.isOpen
            ? Effect.flatMap(Actor.attempt, (attempt) => Effect.as(world.note(`${n}#${attempt}`), n))
            : put),
        Open: () => {
          world.isOpen = true
          return tools.stash.unstashAll
        },
        Say: ({ text }) => world.isOpen ? world.note(incarnation === 1 ? text : `${text} in ${incarnation}`) : put,
        Told: ({ n }) => world.note(`told ${n}`),
        Bare: () => world.isOpen ? world.note("bare") : put,
        Do: () => Effect.suspend(() => world.does(tools))
      })
    }),
    { shutdown: "brutalKill", ...options }
  ).pipe(Layer.merge(PorchLive), Layer.provideMerge(ActorSystem.layer), Layer.provideMerge(Logger.layer([])))

const inInn = <A, E>(
  body: (inn: typeof Inn.ref.Type, world: World) => Effect.Effect<A, E, ActorSystem.ActorSystem | Scope.Scope>,
  options?: Actor.BehaviourOptions
) =>
  Effect.suspend(() => {
    const world = new World()
    return Effect.flatMap(Inn.spawn("i"), (inn) => body(inn, world)).pipe(
      Effect.scoped,
      Effect.provide(liveOf(world, options))
    )
  })

const passing = (millis: number) => Effect.andThen(TestClock.adjust(millis), settle)
const depthOf = (inn: typeof Inn.ref.Type) => (recipientOf(inn) as Cell).depth()
const knock = (inn: typeof Inn.ref.Type, n: number) =>
  Effect.forkChild(inn.ask.Knock({ n }), { startImmediately: true })
const boom = Effect.die(new Error("boom"))

describe("a message that is put off", () => {
  it.effect("is handed out again after a crash in the order in which it came, and was not begun by being put off", () =>
    inInn((inn, world) =>
      Effect.gen(function*() {
        const events = yield* watching
        // Each of them dies twice before it is handled.
        const begun = new Map<number, number>()
        world.knocks = (n) => {
          if (!world.isOpen) return undefined
          const times = (begun.get(n) ?? 0) + 1
          begun.set(n, times)
          return times <= 2 ? boom : undefined
        }
        for (const n of [1, 2, 3]) yield* inn.tell.Knock({ n })
        yield* inn.tell.Open()
        yield* settle
        assert.deepStrictEqual(world.log, ["1#3", "2#3", "3#3"])
        assert.deepStrictEqual(events.filter(({ _tag }) => _tag === "MessageSetAside"), [])
        // The one that is always put off is not worn out by that.
        world.isOpen = false
        world.knocks = undefined
        yield* inn.tell.Knock({ n: 4 })
        for (let i = 0; i < 5; i++) {
          world.does = ({ stash }) => stash.unstashAll
          yield* inn.ask.Do()
          yield* settle
        }
        assert.strictEqual(depthOf(inn), 1)
        yield* inn.tell.Open()
        yield* settle
        assert.deepStrictEqual(world.log.slice(3), ["4#1"])
        assert.strictEqual(depthOf(inn), 0)
      }), { supervision: { redeliver: { attempts: 3 }, intensity: { restarts: 20, within: "1 minute" } } }))

  it.effect("that dies as often as it may is set aside, and those behind it are handled", () =>
    inInn((inn, world) =>
      Effect.gen(function*() {
        const events = yield* watching
        world.knocks = (n) => world.isOpen && n === 2 ? boom : undefined
        for (const n of [1, 2, 3]) yield* inn.tell.Knock({ n })
        yield* inn.tell.Open()
        yield* inn.tell.Knock({ n: 4 })
        yield* settle
        assert.deepStrictEqual(world.log, ["1#1", "3#1", "4#1"])
        assert.deepStrictEqual(
          events.flatMap((event) => event._tag === "MessageSetAside" ? [[event.payload, event.attempts]] : []),
          [[{ n: 2 }, 2]]
        )
      }), { supervision: { redeliver: { attempts: 2 }, intensity: { restarts: 20, within: "1 minute" } } }))

  it.effect("and was being handled at a crash is handled at most once without redelivery", () =>
    inInn((inn, world) =>
      Effect.gen(function*() {
        world.knocks = (n) => world.isOpen && n === 2 ? boom : undefined
        for (const n of [1, 2, 3]) yield* inn.tell.Knock({ n })
        yield* inn.tell.Open()
        yield* settle
        assert.deepStrictEqual(world.log, ["1#1", "3#1"])
        assert.strictEqual(depthOf(inn), 0)
      })
    ))

  it.effect("is not put off when its handler fails after that, or answers something else", () =>
    inInn((inn, world) =>
      Effect.gen(function*() {
        world.knocks = (n, { stash }) =>
          n === 1 ? Effect.as(Effect.orDie(stash.put), 10) : Effect.andThen(Effect.orDie(stash.put), boom)
        assert.strictEqual(yield* inn.ask.Knock({ n: 1 }), 10)
        assert.isTrue(Exit.isFailure(yield* Effect.exit(inn.ask.Knock({ n: 2 }))))
        assert.strictEqual(depthOf(inn), 0)
      })
    ))

  it.effect("with an answer that was kept is put off all the same, by a handler that answers at once too", () =>
    inInn((inn, world) =>
      Effect.gen(function*() {
        let kept: Actor.Stashed | undefined
        world.knocks = (_, { stash }) =>
          kept === undefined
            ? Effect.tap(Effect.orDie(stash.put), (stashed) => Effect.sync(() => void (kept = stashed)))
            : world.isOpen
            ? undefined
            : Effect.succeed(kept)
        const first = yield* knock(inn, 1)
        // Of an idle actor, of one with more than one message, and as a tell.
        const second = yield* knock(inn, 2)
        yield* inn.tell.Knock({ n: 3 })
        yield* settle
        assert.strictEqual(depthOf(inn), 3)
        yield* inn.tell.Open()
        assert.deepStrictEqual([yield* Fiber.join(first), yield* Fiber.join(second)], [1, 2])
        // There is no room for a fourth, of which nobody has asked whether there is.
        world.isOpen = false
        for (const n of [4, 5, 6]) yield* inn.tell.Knock({ n })
        yield* settle
        const exit = yield* Effect.exit(inn.ask.Knock({ n: 7 }))
        assert.include(String(exit), "no room in it")
        answer = kept
        const porch = yield* Porch.spawn("p")
        assert.include(String(yield* Effect.exit(porch.ask.Ring())), "Porch/p has no stash")
        yield* porch.tell.Ring()
        yield* settle
        assert.strictEqual(yield* porch.depth, 0)
      })
    ))

  it.effect("by an actor that is ending is not: its asker is told, and a tell is a dead letter", () =>
    inInn((inn, world) =>
      Effect.gen(function*() {
        const dropped = yield* ActorSystem.droppedMessages
        world.knocks = (_, { self, stash }) =>
          Effect.uninterruptible(Effect.andThen(Effect.orDie(ActorControl.kill(self)), Effect.orDie(stash.put)))
        const exit = yield* Effect.exit(inn.ask.Knock({ n: 1 }))
        assert.include(String(exit), "ActorStopped")
        const next = yield* Inn.spawn("next")
        yield* next.tell.Knock({ n: 1 })
        yield* next.down
        yield* settle
        assert.strictEqual(yield* ActorSystem.droppedMessages, dropped + 1)
      })
    ))

  it.effect("that a timer has told can be taken back, and the timer goes on when it is handled", () =>
    inInn((inn, world) =>
      Effect.gen(function*() {
        world.does = ({ timers }) => timers.fixedDelay.Bare("key", 100)
        yield* inn.ask.Do()
        yield* passing(100)
        assert.strictEqual(depthOf(inn), 1)
        yield* passing(1000)
        assert.strictEqual(depthOf(inn), 1)
        world.does = ({ timers }) => timers.cancel("key")
        yield* inn.ask.Do()
        assert.strictEqual(depthOf(inn), 0)
        world.does = ({ timers }) => timers.fixedDelay.Bare("key", 100)
        yield* inn.ask.Do()
        yield* passing(100)
        yield* inn.tell.Open()
        yield* settle
        yield* passing(100)
        assert.deepStrictEqual(world.log, ["bare", "bare"])
      })
    ))

  it.effect("belongs to its incarnation, when its actor was told it by itself", () =>
    inInn((inn, world) =>
      Effect.gen(function*() {
        world.does = ({ pipeToSelf }) => pipeToSelf.Say(Effect.succeed("piped"), () => ({ text: "piped" }))
        yield* inn.ask.Do()
        yield* settle
        assert.strictEqual(depthOf(inn), 1)
        world.does = () => boom
        yield* inn.tell.Do()
        yield* settle
        yield* inn.tell.Open()
        yield* inn.tell.Say({ text: "told" })
        yield* settle
        assert.deepStrictEqual(world.log, ["told in 2"])
        assert.strictEqual(depthOf(inn), 0)
      })
    ))

  it.effect("belongs to its incarnation also when it was to be handled next", () =>
    inInn((inn, world) =>
      Effect.gen(function*() {
        world.does = ({ pipeToSelf }) => pipeToSelf.Say(Effect.succeed("piped"), () => ({ text: "piped" }))
        yield* inn.ask.Do()
        yield* inn.tell.Say({ text: "told" })
        yield* settle
        assert.strictEqual(depthOf(inn), 2)
        world.does = ({ stash }) => {
          world.isOpen = true
          return Effect.andThen(stash.unstashAll, boom)
        }
        yield* inn.tell.Do()
        yield* settle
        assert.deepStrictEqual(world.log, ["told in 2"])
        assert.strictEqual(depthOf(inn), 0)
      })
    ))

  it.effect("by a handler whose asker has gone meanwhile is not put off, and holds no room", () =>
    inInn((inn, world) =>
      Effect.gen(function*() {
        const asked: Array<number> = []
        world.knocks = (n, { stash }) => {
          asked.push(n)
          return Effect.tap(Effect.orDie(stash.put), () => Effect.sync(() => asker.interruptUnsafe()))
        }
        yield* inn.tell.Bare()
        const asker: Fiber.Fiber<unknown, unknown> = yield* Effect.forkChild(inn.ask.Knock({ n: 1 }))
        yield* settle
        assert.strictEqual(depthOf(inn), 1)
        yield* inn.tell.Open()
        yield* settle
        assert.deepStrictEqual([asked, world.log, depthOf(inn)], [[1], ["bare"], 0])
      })
    ))

  it.effect("keeps its actor from being idle, and so does what is piped", () =>
    inInn((inn, world) =>
      Effect.gen(function*() {
        const gate = yield* Deferred.make<void>()
        yield* inn.tell.Say({ text: "late" })
        yield* passing(500)
        yield* inn.tell.Open()
        world.does = ({ pipeToSelf }) => pipeToSelf.Bare(Deferred.await(gate))
        yield* inn.ask.Do()
        yield* passing(500)
        assert.deepStrictEqual(world.log, ["late"])
        yield* Deferred.succeed(gate, undefined)
        yield* settle
        yield* passing(99)
        assert.deepStrictEqual(world.log, ["late", "bare"])
        assert.strictEqual((yield* ActorControl.ping(inn)).status, "idle")
        yield* passing(1)
        assert.strictEqual((yield* inn.down).reason._tag, "Normal")
      }), { idle: "100 millis" }))

  it.effect("moves what it carries once: to the handler that has it in the end, or to nobody", () => {
    let isOpen = false
    const YardLive = Yard.toLayer(Effect.gen(function*() {
      const stash = yield* Yard.stash({ capacity: "unbounded" })
      return Yard.of({
        Store: ({ goods }) => {
          if (!isOpen) return Effect.orDie(stash.put)
          const { length } = goods.bytes
          goods.release()
          return Effect.succeed(length)
        },
        Open: () => {
          isOpen = true
          return stash.unstashAll
        }
      })
    }))
    return Effect.gen(function*() {
      const end = yield* ThreadArenas.open(Arena.create({ capacityBytes: 1 << 16, blockBytes: 4096 }), 1)
      const yard = yield* Yard.spawn("y")
      const goods = Parcel.allocate(end, 64)
      const store = Effect.flatMap(goods, (goods) => yard.ask.Store({ goods }))
      yield* yard.tell.Store({ goods: yield* goods })
      const kept = yield* Effect.forkChild(store, { startImmediately: true })
      const gone = yield* Effect.forkChild(store, { startImmediately: true })
      yield* settle
      yield* Fiber.interrupt(gone)
      yield* yard.tell.Open()
      assert.strictEqual(yield* Fiber.join(kept), 64)
      assert.strictEqual(usage(end.buffer).usedBytes, 0)
      isOpen = false
      yield* yard.tell.Store({ goods: yield* goods })
      const asker = yield* Effect.forkChild(Effect.exit(store), { startImmediately: true })
      yield* settle
      yield* ActorControl.kill(yard)
      const stopped = yield* Fiber.join(asker)
      const error = Exit.isFailure(stopped) ? Cause.squash(stopped.cause) : undefined
      assert.isTrue(error instanceof ActorError.ActorStopped)
      // The question comes back, and not what moved with it.
      assert.strictEqual(usage(end.buffer).usedBytes, 0)
    }).pipe(
      Effect.scoped,
      Effect.provide(YardLive.pipe(Layer.provideMerge(ActorSystem.layer), Layer.provideMerge(Logger.layer([]))))
    )
  })
})

const River = Actor.make("River", [Rpc.make("Flow", { success: Schema.Int, stream: true }), Rpc.make("Open")])

describe("a message that is answered with a stream", () => {
  it.effect("can be put off, too", () => {
    const Live = River.toLayer(Effect.gen(function*() {
      const stash = yield* River.stash({ capacity: 2 })
      let isOpen = false
      return River.of({
        Flow: () => isOpen ? Stream.make(1, 2, 3) : Effect.orDie(stash.put),
        Open: () => {
          isOpen = true
          return stash.unstashAll
        }
      })
    }))
    return Effect.gen(function*() {
      const river = yield* River.spawn("r")
      const flow = Stream.runCollect(river.ask.Flow())
      const gone = yield* Effect.forkChild(flow, { startImmediately: true })
      const kept = yield* Effect.forkChild(flow, { startImmediately: true })
      yield* settle
      assert.strictEqual(yield* river.depth, 2)
      yield* Fiber.interrupt(gone)
      assert.strictEqual(yield* river.depth, 1)
      yield* river.tell.Open()
      assert.deepStrictEqual(yield* Fiber.join(kept), [1, 2, 3])
    }).pipe(
      Effect.scoped,
      Effect.provide(Live.pipe(Layer.provideMerge(ActorSystem.layer), Layer.provideMerge(Logger.layer([]))))
    )
  })
})

describe("a stash", () => {
  it.effect("has what is unstashed by whoever is no handler handled at once", () =>
    inInn((inn, world) =>
      Effect.gen(function*() {
        let tools: Tools | undefined
        world.does = (own) => Effect.sync(() => void (tools = own))
        yield* inn.ask.Do()
        for (const text of ["one", "two", "three"]) yield* inn.tell.Say({ text })
        yield* settle
        const { stash } = tools!
        assert.strictEqual(yield* stash.size, 3)
        world.isOpen = true
        yield* stash.unstash(1)
        yield* settle
        assert.deepStrictEqual(world.log, ["one"])
        yield* stash.unstash(5)
        yield* settle
        assert.deepStrictEqual(world.log, ["one", "two", "three"])
        for (const count of [0, -1, 1.5, Number.NaN, "1", undefined]) {
          const exit = yield* Effect.exit(stash.unstash(count as number))
          assert.match(String(exit), /Inn\/i: stash: count is .*, expected an integer of at least 1/)
        }
        assert.include(String(yield* Effect.exit(stash.put)), "Inn/i has no message in hand")
        // Of an incarnation that has ended.
        world.isOpen = false
        yield* inn.tell.Say({ text: "four" })
        world.does = () => boom
        yield* inn.tell.Do()
        yield* settle
        assert.strictEqual(yield* stash.size, 0)
        world.isOpen = true
        yield* stash.unstashAll
        yield* settle
        assert.strictEqual(depthOf(inn), 1)
        yield* ActorControl.kill(inn)
        yield* stash.unstashAll
        assert.strictEqual(yield* stash.size, 0)
      })
    ))

  it.effect("keeps the place of what is put off again", () =>
    inInn((inn, world) =>
      Effect.gen(function*() {
        for (const n of [1, 2]) yield* inn.tell.Knock({ n })
        world.does = ({ stash }) => stash.unstash(1)
        yield* inn.tell.Do()
        yield* settle
        assert.deepStrictEqual([world.log, depthOf(inn)], [[], 2])
        world.isOpen = true
        yield* inn.tell.Do()
        yield* settle
        assert.deepStrictEqual([world.log, depthOf(inn)], [["1#1"], 1])
      })
    ))

  it.effect("says which message it has no room for", () =>
    inInn((inn, world) =>
      Effect.gen(function*() {
        for (const n of [1, 2, 3]) yield* inn.tell.Knock({ n })
        world.knocks = (_, { stash }) => Effect.catchTag(stash.put, "StashFull", (full) => Effect.die(full))
        const exit = yield* Effect.exit(inn.ask.Knock({ n: 4 }))
        const full = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
        assert.deepInclude(full, {
          _tag: "StashFull",
          actor: "Inn/i",
          capacity: 3,
          undelivered: { tag: "Knock", payload: { n: 4 } }
        })
        assert.include(String(full), "the stash of Inn/i is full (3 messages): Knock cannot be put off")
      })
    ))

  it.effect("keeps what was told while the behaviour was built", () =>
    inInn(() =>
      Effect.gen(function*() {
        const early = new World()
        early.build = ({ self }) => Effect.orDie(Effect.andThen(self.tell.Say({ text: "early" }), Effect.yieldNow))
        yield* Effect.gen(function*() {
          yield* Inn.spawn("other")
          yield* settle
          early.isOpen = true
          yield* (yield* Inn.spawn("opens")).tell.Open()
          const other = yield* Inn.lookup("other")
          if (other._tag === "None") return assert.fail("it is up")
          yield* other.value.tell.Open()
          yield* settle
          assert.deepStrictEqual(early.log, ["early", "early"])
        }).pipe(Effect.scoped, Effect.provide(liveOf(early)))
      })
    ))

  for (const capacity of [0, -1, 1.5, Number.NaN, Infinity, "10", null, undefined]) {
    it.effect(`of ${String(capacity)} messages is refused`, () =>
      failsToSpawn(Yard.stash({ capacity: capacity as number }), /Yard\/y: stash: capacity is .*, expected an integer/))
  }

  it.effect("is refused to a mailbox that survives, which would lose what is put off", () =>
    failsToSpawn(Porch.stash({ capacity: 1 }), /stash: mailbox\.survives is true, expected false/))
})

describe("what an actor becomes", () => {
  it.effect("is what comes handles, in the same turn too, and no handler that runs", () =>
    inInn((inn, world) =>
      Effect.gen(function*() {
        const others = (name: string): Actor.Handlers<typeof Inn> => ({
          Knock: () => Effect.succeed(0),
          Open: () => Effect.void,
          Say: ({ text }) => world.note(`${name} ${text}`),
          Told: () => Effect.void,
          Bare: () => Effect.void,
          Do: () => Effect.suspend(() => world.does(tools!))
        })
        let tools: Tools | undefined
        world.isOpen = true
        world.build = ({ become }) => become(others("never"))
        const second = yield* Inn.spawn("second")
        yield* second.tell.Say({ text: "built" })
        world.does = (own) => {
          tools = own
          return Effect.andThen(own.become(others("other")), Effect.sync(() => void world.log.push("was done")))
        }
        yield* inn.tell.Say({ text: "a" })
        yield* inn.tell.Do()
        yield* inn.tell.Say({ text: "b" })
        yield* settle
        assert.deepStrictEqual(world.log, ["a", "was done", "other b"].toSpliced(0, 0, "built"))
        assert.match(String(yield* Effect.exit(tools!.become(null as never))), /Inn\/i cannot become null/)
        yield* inn.tell.Say({ text: "c" })
        world.does = () => boom
        yield* inn.tell.Do()
        yield* settle
        // It belongs to the incarnation that has it.
        yield* tools!.become(others("stale"))
        yield* inn.tell.Say({ text: "d" })
        yield* settle
        assert.deepStrictEqual(world.log.slice(4), ["other c", "d in 2"])
        yield* ActorControl.kill(inn)
        yield* tools!.become(others("dead"))
        assert.strictEqual((recipientOf(inn) as Cell).handlers, undefined)
      })
    ))

  it.effect("is as little idle as it was before", () =>
    inInn((inn, world) =>
      Effect.gen(function*() {
        const others: Actor.Handlers<typeof Inn> = {
          Knock: () => Effect.succeed(0),
          Open: () => Effect.void,
          Say: ({ text }) => world.note(text),
          Told: () => Effect.void,
          Bare: () => Effect.void,
          Do: () => Effect.void
        }
        world.does = ({ become }) => become(others)
        yield* inn.ask.Do()
        for (const text of ["a", "b", "c"]) {
          yield* passing(99)
          yield* inn.tell.Say({ text })
        }
        yield* settle
        assert.deepStrictEqual(world.log, ["a", "b", "c"])
        yield* passing(100)
        assert.strictEqual((yield* inn.down).reason._tag, "Normal")
      }), { idle: "100 millis" }))
})

describe("what is piped", () => {
  it.effect("is told when it is done at once too, in its turn, and takes no room", () =>
    inInn((inn, world) =>
      Effect.gen(function*() {
        world.does = ({ pipeToSelf }) =>
          Effect.andThen(
            pipeToSelf.Told(Effect.succeed(1), (exit) => ({ n: Exit.isSuccess(exit) ? exit.value : 0 })),
            world.note("done")
          )
        yield* inn.tell.Do()
        yield* settle
        assert.deepStrictEqual(world.log, ["done", "told 1"])
        world.does = ({ pipeToSelf }) =>
          pipeToSelf.Told(Effect.interrupt, (exit) => ({ n: Exit.hasInterrupts(exit) ? 2 : 0 }))
        yield* inn.tell.Do()
        yield* settle
        assert.deepStrictEqual(world.log.slice(2), ["told 2"])
      }), { mailbox: { capacity: 1, overflow: "fail" } }))

  it.effect("and cannot be said is a crash of its handler", () =>
    inInn((inn, world) =>
      Effect.gen(function*() {
        const events = yield* watching
        for (const n of [() => 1.5, () => explode()]) {
          world.does = ({ pipeToSelf }) => pipeToSelf.Told(Effect.void, () => ({ n: n() }))
          yield* inn.tell.Do()
          yield* settle
        }
        const crashes = events.flatMap((event) =>
          event._tag === "ActorCrashed" ? [[event.message, String(event.cause)]] : []
        )
        assert.deepStrictEqual(crashes.map(([message]) => message), ["Told", "Told"])
        assert.match(crashes[0]![1]!, /the payload of Told to Inn\/i breaks its schema/)
        assert.match(crashes[1]![1]!, /no words/)
      })
    ))

  it.effect("and is no effect is a crash of the handler, and nothing is under way", () =>
    inInn((inn, world) =>
      Effect.gen(function*() {
        const events = yield* watching
        const nonsense: ReadonlyArray<unknown> = [undefined, 5, {}, Object.create(null)]
        for (const one of nonsense) {
          world.does = ({ pipeToSelf }) => pipeToSelf.Bare(one as Effect.Effect<void>)
          yield* inn.tell.Do()
          yield* settle
        }
        const crashes = events.flatMap((event) => event._tag === "ActorCrashed" ? [String(event.cause)] : [])
        assert.strictEqual(crashes.length, nonsense.length)
        for (const crash of crashes) assert.match(crash, /Inn\/i was to pipe .*, which is no Effect/)
        assert.strictEqual((recipientOf(inn) as Cell).rare!.piped, 0)
      }), { supervision: { intensity: { restarts: 20, within: "1 minute" } } }))

  it.effect("is interrupted when it ends its own actor before it is done with its first step", () =>
    inInn((inn, world) =>
      Effect.gen(function*() {
        world.does = ({ pipeToSelf, self }) =>
          pipeToSelf.Bare(Effect.onInterrupt(
            Effect.andThen(Effect.sync(() => void Effect.runFork(ActorControl.kill(self))), Effect.never),
            () => world.note("interrupted")
          ))
        yield* inn.tell.Do()
        yield* settle
        assert.deepStrictEqual(world.log, ["interrupted"])
        assert.strictEqual((recipientOf(inn) as Cell).rare!.piped, 0)
      })
    ))

  it.effect("and outlives its incarnation is waited for by the next one, when that is stopped in order", () =>
    inInn((inn, world) =>
      Effect.gen(function*() {
        let tools: Tools | undefined
        world.does = (own) => {
          if (tools !== undefined) return boom
          tools = own
          return Effect.void
        }
        yield* inn.ask.Do()
        // Its first step crashes the incarnation that it is of, and it does not let go before its end.
        const crash = Effect.sync(() => void Effect.runFork(inn.ask.Do()))
        yield* tools!.pipeToSelf.Bare(Effect.uninterruptible(Effect.andThen(crash, Effect.sleep("1 second"))))
        yield* settle
        assert.strictEqual((yield* ActorControl.ping(inn)).restarts, 1)
        const end = yield* Effect.forkChild(ActorControl.stop(inn, { within: "1 hour" }), { startImmediately: true })
        yield* passing(999)
        assert.isUndefined(end.pollUnsafe())
        yield* passing(1)
        yield* Fiber.join(end)
        assert.deepStrictEqual([world.log, (recipientOf(inn) as Cell).rare!.piped], [[], 0])
      })
    ))

  it.effect("can be begun by the build, and ends its own actor", () =>
    inInn(() =>
      Effect.gen(function*() {
        const world = new World()
        world.build = ({ pipeToSelf, self }) =>
          pipeToSelf.Bare(Effect.andThen(Effect.yieldNow, ActorControl.stop(self)))
        yield* Effect.gen(function*() {
          const other = yield* Inn.spawn("other", { shutdown: "1 second" })
          yield* passing(1000)
          assert.strictEqual((yield* other.down).reason._tag, "Stopped")
        }).pipe(Effect.scoped, Effect.provide(liveOf(world)))
      })
    ))

  it.effect("is interrupted when the time of a stop is over, and its actor ends when that has let go", () =>
    inInn((inn, world) =>
      Effect.gen(function*() {
        world.does = ({ pipeToSelf }) =>
          pipeToSelf.Bare(Effect.onInterrupt(
            Effect.never,
            () => Effect.andThen(Effect.sleep("100 millis"), world.note("has let go"))
          ))
        yield* inn.ask.Do()
        const end = yield* Effect.forkChild(ActorControl.stop(inn, { within: "1 second" }), { startImmediately: true })
        yield* passing(999)
        assert.strictEqual((yield* ActorControl.ping(inn)).status, "stopping")
        yield* passing(1)
        assert.isUndefined(end.pollUnsafe())
        yield* passing(100)
        yield* Fiber.join(end)
        assert.deepStrictEqual(world.log, ["has let go"])
        assert.strictEqual((recipientOf(inn) as Cell).rare!.piped, 0)
      })
    ))

  it.effect("by an incarnation that has ended is not begun", () =>
    inInn((inn, world) =>
      Effect.gen(function*() {
        let tools: Tools | undefined
        world.does = (own) => {
          tools = own
          return boom
        }
        yield* inn.tell.Do()
        yield* settle
        yield* tools!.pipeToSelf.Bare(world.note("begun"))
        yield* settle
        assert.deepStrictEqual(world.log, [])
        assert.strictEqual((recipientOf(inn) as Cell).rare!.piped, 0)
      })
    ))

  it.effect("and waits in the mailbox at a crash is not told to the next incarnation", () =>
    inInn((inn, world) =>
      Effect.gen(function*() {
        const gate = yield* Deferred.make<void>()
        world.does = ({ pipeToSelf }) =>
          Effect.andThen(
            pipeToSelf.Told(Effect.succeed(1), () => ({ n: 1 })),
            Effect.andThen(Deferred.await(gate), boom)
          )
        yield* inn.tell.Do()
        yield* inn.tell.Told({ n: 2 })
        yield* settle
        yield* Deferred.succeed(gate, undefined)
        yield* settle
        assert.deepStrictEqual(world.log, ["told 2"])
        assert.strictEqual(depthOf(inn), 0)
      })
    ))
})

const explode = (): never => {
  throw new Error("no words")
}

const Yard = Actor.make("Yard", [
  Rpc.make("Store", { payload: { goods: Parcel.Unique }, success: Schema.Int }),
  Rpc.make("Open")
])

const failsToSpawn = (
  stash: Effect.Effect<Actor.Stash, never, Actor.CurrentActor | Scope.Scope>,
  message: RegExp
) => {
  const build = Effect.as(stash, {} as never)
  const Live = Layer.mergeAll(
    Yard.toLayer(build),
    Porch.toLayer(build, { mailbox: { survives: true } })
  ).pipe(Layer.provideMerge(ActorSystem.layer), Layer.provideMerge(Logger.layer([])))
  return Effect.gen(function*() {
    const spawned = yield* Effect.flip(
      message.source.includes("survives") ? Effect.asVoid(Porch.spawn("p")) : Effect.asVoid(Yard.spawn("y"))
    )
    assert.match(String(spawned), message)
  }).pipe(Effect.scoped, Effect.provide(Live))
}

const Porch = Actor.make("Porch", [
  Rpc.make("Ring", { success: Schema.Unknown })
])
let answer: unknown = undefined
const PorchLive = Porch.toLayer(Effect.succeed(Porch.of({ Ring: () => Effect.sync(() => answer) })))
