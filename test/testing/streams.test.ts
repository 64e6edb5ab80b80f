/** Streams that answer asks, where threads die, of keys, of probes and stand-ins, and what is left of them. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Tracer from "effect/Tracer"
import { Actor, ActorControl, ActorError, ActorSystem, ActorThread, Parcel, Pool } from "shared-nothing"
import { Fault, Probe, Simulation, StandIn, TestSystem } from "shared-nothing/testing"
import { recipientOf } from "../../src/actor/ActorRef.ts"
import type { Cell } from "../../src/actor/kernel/Cell.ts"
import type { Host } from "../../src/actor/kernel/Host.ts"
import type { RemoteRecipient } from "../../src/link/kernel/RemoteRecipient.ts"
import { eventually, inSimulation, settle } from "../contract/eventually.ts"
import { noThread } from "../simulate/scenario.ts"

const Feed = Actor.make("Feed", [
  Rpc.make("Numbers", { payload: { to: Schema.Int, pauseMillis: Schema.Int }, success: Schema.Int, stream: true }),
  Rpc.make("Texts", { payload: { length: Schema.Int }, success: Schema.String, stream: true }),
  /** Its second element ends the actor when it is looked at. */
  Rpc.make("Fatal", { success: Schema.Struct({ n: Schema.Int }), stream: true }),
  Rpc.make("Count", { success: Schema.Int })
])

let released = 0

const FeedLive = Feed.toLayer(Effect.gen(function*() {
  const self = yield* Feed.self
  let count = 0
  const fatal = {
    get n() {
      Effect.runFork(ActorControl.kill(self))
      return 2
    }
  }
  return Feed.of({
    Numbers: ({ pauseMillis, to }) => {
      count++
      const numbers = Stream.range(1, to, 16)
      return Stream.ensuring(
        pauseMillis === 0 ? numbers : Stream.mapEffect(numbers, (n) => Effect.as(Effect.sleep(pauseMillis), n)),
        Effect.sync(() => void released++)
      )
    },
    Texts: ({ length }) => Effect.succeed(Stream.make("short", "x".repeat(length))),
    Fatal: () => Stream.make({ n: 1 }, fatal, { n: 3 }),
    Count: () => Effect.succeed(count)
  })
}))

/** Reads a stream, and says what has come and how it has ended. */
const read = <A, E>(stream: Stream.Stream<A, E>) =>
  Effect.gen(function*() {
    const elements: Array<A> = []
    const exit = yield* Effect.result(
      Stream.runForEach(stream, (element) => Effect.sync(() => void elements.push(element)))
    )
    return { elements, error: exit._tag === "Failure" ? exit.failure : undefined }
  })

const Threads = ActorSystem.layerThreads({ spawn: noThread, threads: 1, ring: { capacityBytes: 8192 } })

const simulated = (program: Effect.Effect<unknown, unknown, ActorSystem.ActorSystem | Scope.Scope>) =>
  Effect.asVoid(Simulation.check(
    { seeds: 4, worker: () => ActorThread.launch(FeedLive) },
    Effect.suspend(() => Effect.scoped(program)).pipe(Effect.provide([Threads, Logger.layer([])]), inSimulation)
  ))

const there = { placement: { thread: 0 } } as const

describe("a stream from another thread", () => {
  it.effect("fails with ThreadLost when that dies, behind the elements that have come", () =>
    simulated(Effect.gen(function*() {
      const feed = yield* Feed.spawn("f", there)
      const reading = yield* Effect.forkChild(read(feed.ask.Numbers({ to: 1000, pauseMillis: 10 })))
      yield* Effect.sleep(100)
      yield* Fault.kill("worker-0")
      const { elements, error } = yield* Fiber.join(reading)
      assert.instanceOf(error, ActorError.ThreadLost)
      assert.deepStrictEqual(error.undelivered, { tag: "Numbers", payload: { to: 1000, pauseMillis: 10 } })
      assert.isAbove(elements.length, 0)
      assert.deepStrictEqual(elements, elements.map((_, i) => i + 1))
    })))

  it.effect("fails when an element is larger than the ring allows, and its actor goes on", () =>
    simulated(Effect.gen(function*() {
      const feed = yield* Feed.spawn("f", there)
      const { elements, error } = yield* read(feed.ask.Texts({ length: 5000 }))
      assert.deepStrictEqual(elements, ["short"])
      assert.instanceOf(error, ActorError.InvalidElement)
      assert.match(error.issue, /^takes \d+ bytes; the ring between the threads allows \d+$/)
      assert.strictEqual(yield* feed.ask.Count(), 0)
    })))

  it.effect("ends behind the elements in hand when one of them ends its actor", () =>
    simulated(Effect.gen(function*() {
      const { elements, error } = yield* read((yield* Feed.spawn("f", there)).ask.Fatal())
      assert.deepStrictEqual(elements, [{ n: 1 }, { n: 2 }, { n: 3 }])
      assert.instanceOf(error, ActorError.ActorStopped)
    })))

  it.effect("goes on through a ring that is full again and again, beside asks that are answered", () =>
    simulated(Effect.gen(function*() {
      const feed = yield* Feed.spawn("f", there)
      const all = yield* Effect.forkChild(
        Effect.forEach([1, 2, 3], () => read(feed.ask.Numbers({ to: 3000, pauseMillis: 0 }, { bufferSize: 4096 })), {
          concurrency: "unbounded"
        })
      )
      while (all.pollUnsafe() === undefined) {
        assert.isAtMost(yield* feed.ask.Count(), 3)
        yield* Effect.sleep(1)
      }
      for (const { elements } of yield* Fiber.join(all)) {
        assert.lengthOf(elements, 3000)
        assert.isTrue(elements.every((n, i) => n === i + 1))
      }
    })))

  it.effect("leaves nothing behind: no ask, no deadline, no stream that runs", () =>
    simulated(Effect.gen(function*() {
      const feed = yield* Feed.spawn("f", there)
      const { home } = recipientOf(feed) as RemoteRecipient
      const { outbound } = home.peers[1]!
      const before = home.host.deadlines.size
      released = 0
      yield* read(Stream.take(feed.ask.Numbers({ to: 1000, pauseMillis: 0 }), 3))
      yield* read(feed.ask.Numbers({ to: 10, pauseMillis: 50 }, { elementTimeout: "20 millis" }))
      yield* read(feed.ask.Numbers({ to: 10, pauseMillis: 50 }, { timeout: "20 millis" }))
      yield* read(feed.ask.Numbers({ to: 10, pauseMillis: 0 }))
      const reading = yield* Effect.forkChild(read(feed.ask.Numbers({ to: 10, pauseMillis: 50 })))
      yield* Effect.sleep(120)
      yield* Fiber.interrupt(reading)
      yield* eventually(Effect.sync(() => released), (n) => n === 5, "all have let go")
      yield* eventually(Effect.sync(() => outbound!.pendingAsks), (n) => n === 0, "all asks are answered")
      assert.strictEqual(home.host.deadlines.size, before)
    })))

  it.effect("has the whole of its time for each element", () =>
    simulated(Effect.gen(function*() {
      const feed = yield* Feed.spawn("f", there)
      const { home } = recipientOf(feed) as RemoteRecipient
      const before = home.host.deadlines.size
      const { elements, error } = yield* read(
        feed.ask.Numbers({ to: 5, pauseMillis: 600 }, { timeout: "1 second", elementTimeout: "1 second" })
      )
      assert.isUndefined(error)
      assert.lengthOf(elements, 5)
      assert.strictEqual(home.host.deadlines.size, before)
    })))

  it.effect("is ended when nobody reads it for too long", () =>
    simulated(Effect.gen(function*() {
      const feed = yield* Feed.spawn("f", there)
      released = 0
      const pull = yield* Stream.toPull(feed.ask.Numbers({ to: 100, pauseMillis: 0 }, { bufferSize: 4 }))
      yield* pull
      yield* Effect.sleep("61 minutes")
      assert.strictEqual(released, 1)
      const left = yield* Effect.flip(Effect.forever(pull))
      assert.strictEqual((left as ActorError.StreamBroken).reason, "unread")
    })))

  it.effect("is that of a key, which is not idle while it runs", () =>
    simulated(Effect.gen(function*() {
      const feeds = yield* Feed.keyed({ idle: "50 millis" })
      const { elements, error } = yield* read(feeds.ref("a").ask.Numbers({ to: 5, pauseMillis: 40 }))
      assert.isUndefined(error)
      assert.deepStrictEqual(elements, [1, 2, 3, 4, 5])
      yield* Effect.sleep(200)
      // It was made anew.
      assert.strictEqual(yield* feeds.ref("a").ask.Count(), 0)
      const broken = yield* read(feeds.ref("b").ask.Texts({ length: 5000 }))
      assert.strictEqual((broken.error as ActorError.InvalidElement).actor, "Feed/b")
    })))
})

const Local = FeedLive.pipe(Layer.provideMerge(ActorSystem.layer))

describe("a stream on one thread", () => {
  it.effect("leaves nothing behind: no deadline, no stream that runs", () =>
    Effect.gen(function*() {
      const feed = yield* Feed.spawn("f")
      const cell = recipientOf(feed) as Cell
      const host = cell.host as unknown as Host
      const before = host.deadlines.size
      yield* read(Stream.take(feed.ask.Numbers({ to: 1000, pauseMillis: 0 }), 3))
      const pending = ["elementTimeout", "timeout"].map((option) =>
        read(feed.ask.Numbers({ to: 10, pauseMillis: 50 }, { [option]: "20 millis" }))
      )
      const all = yield* Effect.forkChild(Effect.all(pending, { concurrency: "unbounded" }))
      const interrupted = yield* Effect.forkChild(read(feed.ask.Numbers({ to: 10, pauseMillis: 50 })))
      yield* Effect.repeat(Effect.andThen(settle, TestClock.adjust("30 millis")), { times: 6 })
      yield* Fiber.join(all)
      yield* Fiber.interrupt(interrupted)
      yield* settle
      assert.strictEqual(cell.rare?.streams?.size ?? 0, 0)
      assert.strictEqual(host.deadlines.size, before)
    }).pipe(Effect.provide(Local)))

  it.effect("has the whole of its time for each element", () =>
    Effect.gen(function*() {
      const feed = yield* Feed.spawn("f")
      const options = { timeout: "1 second", elementTimeout: "1 second" } as const
      const reading = yield* Effect.forkChild(read(feed.ask.Numbers({ to: 5, pauseMillis: 600 }, options)))
      yield* Effect.repeat(Effect.andThen(settle, TestClock.adjust("300 millis")), { times: 12 })
      const { elements, error } = yield* Fiber.join(reading)
      assert.isUndefined(error)
      assert.lengthOf(elements, 5)
    }).pipe(Effect.provide(Local)))

  it.effect("ends behind the elements in hand when one of them ends its actor", () =>
    Effect.gen(function*() {
      const { elements, error } = yield* read((yield* Feed.spawn("f")).ask.Fatal())
      assert.deepStrictEqual(elements.map(({ n }) => n), [1, 2, 3])
      assert.instanceOf(error, ActorError.ActorStopped)
    }).pipe(Effect.provide(Local)))

  it.effect("is not idle while it runs, and is that of a key as well", () =>
    Effect.gen(function*() {
      const feeds = yield* Feed.keyed({ idle: "50 millis" })
      const reading = yield* Effect.forkChild(read(feeds.ref("a").ask.Numbers({ to: 5, pauseMillis: 40 })))
      yield* Effect.repeat(Effect.andThen(settle, TestClock.adjust("20 millis")), { times: 12 })
      assert.deepStrictEqual((yield* Fiber.join(reading)).elements, [1, 2, 3, 4, 5])
    }).pipe(Effect.provide(Local)))

  it.effect("is ended when nobody reads it for too long", () =>
    Effect.gen(function*() {
      const feed = yield* Feed.spawn("f")
      released = 0
      const stream = feed.ask.Numbers({ to: 100, pauseMillis: 0 }, { bufferSize: 4 })
      const pull = yield* Stream.toPull(stream)
      assert.lengthOf(yield* pull, 4)
      yield* settle
      yield* TestClock.adjust("59 minutes")
      assert.strictEqual(released, 0)
      // What was read makes room for as much, and the time counts anew.
      assert.lengthOf(yield* pull, 4)
      yield* settle
      yield* TestClock.adjust("59 minutes")
      assert.strictEqual(released, 0)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(released, 1)
      assert.lengthOf(yield* pull, 4)
      const broken = yield* Effect.flip(pull)
      assert.deepStrictEqual(
        broken,
        new ActorError.StreamBroken({ actor: "Feed/f", tag: "Numbers", reason: "unread" })
      )
    }).pipe(Effect.scoped, Effect.provide(Local)))

  it.effect("is not touched by a pause of its actor", () =>
    Effect.gen(function*() {
      const feed = yield* Feed.spawn("f")
      const reading = yield* Effect.forkChild(read(feed.ask.Numbers({ to: 3, pauseMillis: 10 })))
      yield* settle
      yield* ActorControl.pause(feed)
      yield* Effect.repeat(Effect.andThen(settle, TestClock.adjust("10 millis")), { times: 5 })
      assert.lengthOf((yield* Fiber.join(reading)).elements, 3)
    }).pipe(Effect.provide(Local)))

  it.effect("stands with its handler and its asker in one trace", () => {
    const spans: Array<Tracer.NativeSpan> = []
    const tracer = Tracer.make({
      span: (options) => {
        const span = new Tracer.NativeSpan(options)
        spans.push(span)
        return span
      }
    })
    const parentOf = ({ parent }: Tracer.NativeSpan) =>
      spans.find(({ spanId }) => parent._tag === "Some" && spanId === parent.value.spanId)
    return Effect.gen(function*() {
      const feed = yield* Feed.spawn("f")
      yield* Effect.withSpan(read(feed.ask.Numbers({ to: 3, pauseMillis: 0 })), "root")
      yield* settle
      assert.deepStrictEqual(spans.map((span) => [span.name, span.kind, parentOf(span)?.kind, span.status._tag]), [
        ["root", "internal", undefined, "Ended"],
        ["Feed.Numbers", "client", "internal", "Ended"],
        ["Feed.Numbers", "server", "client", "Ended"],
        ["Feed.Numbers stream", "server", "client", "Ended"]
      ])
    }).pipe(Effect.provide(Local), Effect.withTracer(tracer))
  })
})

describe("a message that is answered with a stream", () => {
  it.effect("is answered by probes and stand-ins, and seen by spies", () =>
    Effect.gen(function*() {
      const answers = { Numbers: () => Stream.make(7, 8), Texts: () => Effect.succeed(Stream.make("a")) }
      const probe = yield* Probe.make(Feed, { answers })
      assert.deepStrictEqual((yield* read(probe.ref.ask.Numbers({ to: 1, pauseMillis: 0 }))).elements, [7, 8])
      yield* probe.expect("Numbers", { to: 1 })
      const { calls, layer } = StandIn.spy(StandIn.fromTable(Feed, answers))
      const elements = yield* Effect.flatMap(Feed.spawn("f"), (feed) => read(feed.ask.Texts({ length: 1 }))).pipe(
        Effect.scoped,
        Effect.provide(TestSystem.layer(layer))
      )
      assert.deepStrictEqual(elements.elements, ["a"])
      assert.deepStrictEqual(calls.map(({ tag }) => tag), ["Texts"])
    }).pipe(Effect.provide(TestSystem.layer(Layer.empty))))

  it("is refused where it cannot be: with what moves, in a mailbox that survives", () => {
    const Moving = Rpc.make("Pages", { success: Parcel.Unique, stream: true })
    assert.throws(() => Actor.make("Book", [Moving]), /something moves with the stream that answers Book.Pages/)
    assert.throws(
      () => Feed.toLayer(Effect.never, { mailbox: { survives: true } }),
      /Feed: mailbox.survives is true, expected false, since a stream does not outlive its thread/
    )
    assert.throws(() => Feed.toLayer(Effect.never, { unreadTimeout: 0 }), /unreadTimeout is 0/)
  })

  it.effect("is refused by a pool that has no room for the messages in between", () =>
    Effect.gen(function*() {
      const many = Actor.make("Many", [
        Rpc.make("Feed", { success: Schema.Int, stream: true }),
        ...Array.from({ length: 254 }, (_, i) => Rpc.make(`Plain${i}`))
      ])
      const error = yield* Effect.flip(Effect.scoped(Pool.make(many, { spawn: noThread })))
      assert.include(String(error), "256 messages at most, and one more for each that is answered with a stream")
    }))
})
