import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as PubSub from "effect/PubSub"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { Actor, ActorControl, ActorError, ActorSystem, Interceptor, Parcel } from "shared-nothing"
import { adapterContract } from "../contract/adapterContract.ts"
import { settle } from "../contract/eventually.ts"
import { Behaviours, Job, Printing } from "../fixtures/adapters.ts"

const Local = Behaviours.pipe(Layer.provideMerge(ActorSystem.layer))

adapterContract("adapters, on one thread", { layer: Local, live: false })

const Sound = Actor.make("Sound", [
  Rpc.make("Heard", { payload: { n: Schema.Int } }),
  Rpc.make("Alarm", { payload: { n: Schema.Int } }).annotate(Actor.Priority, "high")
])

const Ear = Actor.make("Ear", [
  Rpc.make("Note", { payload: { n: Schema.Int } }),
  Rpc.make("Urgent", { payload: { n: Schema.Int } }).annotate(Actor.Priority, "high"),
  Rpc.make("Hold"),
  Rpc.make("Make", { success: Sound.ref }),
  Rpc.make("Noted", { success: Schema.Array(Schema.Int) })
])

const mapping = {
  Heard: { Note: ({ n }: { readonly n: number }) => ({ n }) },
  Alarm: { Urgent: ({ n }: { readonly n: number }) => ({ n }) }
}

/** An ear of which the test decides what its handlers do. */
const ear = (
  handlers: (noted: Array<number>) => Partial<Actor.Handlers<typeof Ear, Actor.CurrentActor>>,
  options?: Parameters<typeof Ear.toLayer>[1]
) => {
  const noted: Array<number> = []
  const gate = Deferred.makeUnsafe<void>()
  const live = Ear.toLayer(
    Effect.gen(function*() {
      const adapter = yield* Ear.adapter
      const stash = yield* Ear.stash({ capacity: 10 })
      let isDeaf = true
      return Ear.of({
        Note: ({ n }) => n < 0 && isDeaf ? stash.put.pipe(Effect.orDie) : Effect.sync(() => void noted.push(n)),
        Urgent: ({ n }) => {
          isDeaf = false
          noted.push(n)
          return stash.unstashAll
        },
        Hold: () => Deferred.await(gate),
        Make: () => adapter(Sound, mapping),
        Noted: () => Effect.succeed(noted),
        ...handlers(noted) as object
      })
    }),
    { shutdown: "brutalKill", ...options }
  )
  return { noted, letGo: Deferred.done(gate, Exit.void), live: live.pipe(Layer.provideMerge(ActorSystem.layer)) }
}

const forkNow = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.forkChild(effect, { startImmediately: true })

describe("what comes by an adapter", () => {
  it.effect("has the priority of what it becomes, and can be put off", () => {
    const { letGo, live, noted } = ear(() => ({}))
    return Effect.gen(function*() {
      const actor = yield* Ear.spawn("a")
      const sound = yield* actor.ask.Make()
      yield* actor.tell.Hold()
      yield* settle
      yield* sound.tell.Heard({ n: 1 })
      yield* sound.tell.Heard({ n: -2 })
      yield* sound.tell.Alarm({ n: 3 })
      yield* letGo
      yield* settle
      assert.deepStrictEqual(noted, [3, 1, -2])
      yield* sound.tell.Heard({ n: -4 })
      yield* settle
      assert.deepStrictEqual(noted, [3, 1, -2, -4])
    }).pipe(Effect.scoped, Effect.provide(live))
  })

  it.effect("can be put off by an incarnation, and is mapped once it is handled", () => {
    const { live, noted } = ear(() => ({}))
    return Effect.gen(function*() {
      const actor = yield* Ear.spawn("a")
      const sound = yield* actor.ask.Make()
      yield* sound.tell.Heard({ n: -2 })
      yield* settle
      assert.deepStrictEqual(noted, [])
      assert.strictEqual((yield* ActorControl.ping(actor)).putOff, 1)
      yield* sound.tell.Alarm({ n: 3 })
      yield* settle
      assert.deepStrictEqual(noted, [3, -2])
    }).pipe(Effect.scoped, Effect.provide(live))
  })

  it.effect("is seen by interceptors around the handlers as the message of the actor", () => {
    const seen: Array<unknown> = []
    const around = Interceptor.layer((message, next) =>
      Effect.andThen(Effect.sync(() => void seen.push(message)), next)
    )
    const Intercepted = Ear.toLayer(
      Effect.gen(function*() {
        const adapter = yield* Ear.adapter
        const become = yield* Ear.become
        const none = () => Effect.void
        const handlers = { Note: none, Urgent: none, Hold: none, Noted: () => Effect.succeed([]) }
        return Ear.of({
          ...handlers,
          Make: () => Effect.tap(adapter(Sound, mapping), () => become({ ...handlers, Make: () => Effect.never }))
        })
      })
    ).pipe(Layer.provide(around), Layer.provideMerge(ActorSystem.layer))
    return Effect.gen(function*() {
      const actor = yield* Ear.spawn("a")
      const sound = yield* actor.ask.Make()
      yield* sound.tell.Heard({ n: 1 })
      yield* settle
      assert.deepStrictEqual(seen.slice(1), [{ actor: "Ear/a", tag: "Note", payload: { n: 1 } }])
    }).pipe(Effect.scoped, Effect.provide(Intercepted))
  })

  it.effect("is set aside as it was sent", () => {
    const { live } = ear(() => ({ Note: () => Effect.die(new Error("loud")) }), {
      supervision: { redeliver: { attempts: 2 }, intensity: { restarts: 10, within: "1 minute" } }
    })
    return Effect.gen(function*() {
      const { events } = yield* ActorSystem.ActorSystem
      const heard = yield* PubSub.subscribe(events)
      const actor = yield* Ear.spawn("a")
      const sound = yield* actor.ask.Make()
      yield* sound.tell.Heard({ n: 5 })
      yield* settle
      const all = yield* PubSub.takeAll(heard)
      const aside = all.find((event) => event._tag === "MessageSetAside")
      assert.deepInclude(aside, { actor: "Ear/a", message: "Note", payload: { n: 5 }, attempts: 2 })
    }).pipe(Effect.scoped, Effect.provide(live))
  })

  it.effect("meets the overflow of the actor, and its error has the message as it was sent", () => {
    const { letGo, live, noted } = ear(() => ({}), { mailbox: { capacity: 1, overflow: "fail" } })
    return Effect.gen(function*() {
      const actor = yield* Ear.spawn("a")
      const sound = yield* actor.ask.Make()
      yield* actor.tell.Hold()
      yield* settle
      yield* sound.tell.Heard({ n: 1 })
      const full = yield* Effect.flip(sound.tell.Heard({ n: 2 }))
      assert.instanceOf(full, ActorError.MailboxFull)
      assert.deepInclude(full, { actor: "Sound/Ear/a", capacity: 1 })
      assert.deepStrictEqual(full.undelivered, { tag: "Heard", payload: { n: 2 } })
      const asked = yield* Effect.flip(sound.ask.Heard({ n: 2 }))
      assert.deepStrictEqual((asked as ActorError.MailboxFull).undelivered, { tag: "Heard", payload: { n: 2 } })
      yield* letGo
      yield* settle
      assert.deepStrictEqual(noted, [1])
    }).pipe(Effect.scoped, Effect.provide(live))
  })

  it.effect("is taken back by a sender that waits for room and is interrupted", () => {
    const { letGo, live, noted } = ear(() => ({}), { mailbox: { capacity: 1 } })
    return Effect.gen(function*() {
      const actor = yield* Ear.spawn("a")
      const sound = yield* actor.ask.Make()
      yield* actor.tell.Hold()
      yield* settle
      yield* sound.tell.Heard({ n: 1 })
      const [second, third, asked] = [
        yield* forkNow(sound.tell.Heard({ n: 2 })),
        yield* forkNow(sound.tell.Heard({ n: 3 })),
        yield* forkNow(Effect.flip(sound.ask.Heard({ n: 4 }, { timeout: "1 second" })))
      ]
      yield* Fiber.interrupt(second)
      yield* TestClock.adjust("1 second")
      assert.instanceOf(yield* Fiber.join(asked), ActorError.AskTimeout)
      yield* letGo
      yield* Fiber.join(third)
      yield* settle
      assert.deepStrictEqual(noted, [1, 3])
      assert.strictEqual(yield* sound.depth, 0)
    }).pipe(Effect.scoped, Effect.provide(live))
  })

  it.effect("waits for who asks: an actor that asks itself by one is told so", () =>
    Effect.gen(function*() {
      const job = yield* Job.spawn("a")
      const by = yield* job.ask.Hand()
      const asking = yield* forkNow(Effect.exit(job.ask.AskBack({ by })))
      yield* settle
      yield* TestClock.adjust(200)
      const exit = yield* Fiber.join(asking)
      const text = Exit.isFailure(exit) ? Cause.pretty(exit.cause) : ""
      assert.include(
        text,
        "Printing/Job/a did not answer More within 200 ms: Job/a waits for itself: a cycle of asks never ends"
      )
    }).pipe(Effect.scoped, Effect.provide(Layer.fresh(Local))))
})

describe("an adapter", () => {
  /** What it dies of to make one, while an actor is built. */
  const defectOf = (make: Effect.Effect<unknown, unknown, Actor.CurrentActor | Scope.Scope>) => {
    const none = () => Effect.void
    const handlers = { Note: none, Urgent: none, Hold: none, Noted: () => Effect.succeed([]), Make: () => Effect.never }
    const live = Ear.toLayer(Effect.as(make, Ear.of(handlers)))
    return Effect.flip(Ear.spawn("a")).pipe(
      Effect.map((error) => (error as ActorError.SpawnFailed).cause as ActorError.InvalidOptions),
      Effect.scoped,
      Effect.provide(live.pipe(Layer.provideMerge(ActorSystem.layer)))
    )
  }
  const Loud = Actor.make("Loud", [Rpc.make("Bytes", { payload: { bytes: Parcel.Unique } })])
  const Long = Actor.make("Long", [Rpc.make("All", { success: Schema.Int, stream: true })])
  const made = (actor: typeof Sound, mapping: unknown) =>
    Effect.flatMap(Ear.adapter, (adapter) => adapter(actor, mapping as never))

  it.effect("is refused where its messages cannot be the actor's: with what and why", () =>
    Effect.gen(function*() {
      for (
        const [actor, mapping, option] of [
          [Loud, { Bytes: "Hold" }, "message"],
          [Long, { All: "Hold" }, "message"],
          [Sound, { Heard: "Hold" }, "Alarm"],
          [Sound, { Heard: "Nothing", Alarm: "Hold" }, "Heard"],
          [Sound, { Heard: { Note: 1 }, Alarm: "Hold" }, "Heard"],
          [Sound, { Heard: { Note: () => ({ n: 1 }), Hold: () => undefined }, Alarm: "Hold" }, "Heard"],
          [Sound, { Heard: null, Alarm: "Hold" }, "Heard"],
          [Sound, { Heard: Object.create(null), Alarm: "Hold" }, "Heard"]
        ] as const
      ) {
        const error = yield* defectOf(made(actor as typeof Sound, mapping))
        assert.instanceOf(error, ActorError.InvalidOptions)
        assert.deepInclude(error, { where: `Ear.adapter(${actor.name})`, option })
      }
      const Plain = Actor.make("Plain", [Rpc.make("Hold")])
      const plain = Plain.toLayer(
        Effect.as(Plain.adapter, Plain.of({ Hold: () => Effect.void })),
        { mailbox: { survives: true } }
      )
      const failed = yield* Effect.flip(Effect.scoped(Plain.spawn("a"))).pipe(
        Effect.provide(plain.pipe(Layer.provideMerge(ActorSystem.layer)))
      )
      const surviving = (failed as ActorError.SpawnFailed).cause
      assert.instanceOf(surviving, ActorError.InvalidOptions)
      assert.deepInclude(surviving, { where: "Plain.adapter", option: "mailbox.survives" })
    }))

  it.effect("that is made for an incarnation that has ended has ended", () =>
    Effect.gen(function*() {
      let adapter: Effect.Success<typeof Ear.adapter> | undefined
      const none = () => Effect.void
      const live = Ear.toLayer(Effect.gen(function*() {
        adapter = yield* Ear.adapter
        return Ear.of({
          Note: none,
          Urgent: none,
          Hold: none,
          Noted: () => Effect.succeed([]),
          Make: () => Effect.never
        })
      }))
      yield* Effect.gen(function*() {
        yield* Effect.scoped(Ear.spawn("a"))
        const sound = yield* adapter!(Sound, mapping)
        assert.instanceOf(yield* Effect.flip(sound.tell.Heard({ n: 1 })), ActorError.ActorStopped)
        assert.instanceOf(yield* Effect.flip(sound.ask.Heard({ n: 1 })), ActorError.ActorStopped)
        assert.strictEqual((yield* sound.down).ref, sound)
      }).pipe(Effect.provide(live.pipe(Layer.provideMerge(ActorSystem.layer))))
    }))

  it.effect("of another system is refused by its groups", () =>
    Effect.gen(function*() {
      const by = yield* Effect.flatMap(Job.spawn("a"), (job) => job.ask.Hand()).pipe(Effect.provide(Layer.fresh(Local)))
      const exit = yield* Effect.exit(Effect.provide(Printing.group("g").join(by), Layer.fresh(Local)))
      assert.include(Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "", "is not one of its actors")
    }).pipe(Effect.scoped))
})
