/** What is done around handlers. */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { Actor, ActorSystem, Interceptor } from "shared-nothing"

class Refused extends Schema.TaggedError<Refused>("test/Refused")("Refused", { who: Schema.String }) {}

const Desk = Actor.make("Desk", [
  Rpc.make("Say", { payload: { text: Schema.String }, success: Schema.String, error: Refused }),
  Rpc.make("Note", { payload: { text: Schema.String } }),
  Rpc.make("Count", { payload: { to: Schema.Int }, success: Schema.Int, stream: true }),
  Rpc.make("Shout", { success: Schema.String }),
  Rpc.make("Never")
])

class Seen extends Context.Service<Seen, Array<string>>()("test/Seen") {}

const DeskLive = Desk.toLayer(Effect.gen(function*() {
  const seen = yield* Seen
  const become = yield* Desk.become
  const quiet: Actor.Handlers<typeof Desk> = Desk.of({
    Say: ({ text }) => text === "no" ? Effect.fail(new Refused({ who: text })) : Effect.succeed(text),
    Note: ({ text }) => Effect.sync(() => void seen.push(`noted ${text}`)),
    Count: ({ to }) => Stream.range(1, to),
    Shout: () => Effect.as(Effect.suspend(() => become(loud)), "quiet"),
    Never: () => Effect.never
  })
  const loud: Actor.Handlers<typeof Desk> = { ...quiet, Shout: () => Effect.succeed("LOUD") }
  return quiet
}))

const noting = (name: string) =>
  Layer.unwrap(Effect.map(Seen, (seen) =>
    Interceptor.layer(({ actor, payload, tag }, next) =>
      Effect.onExit(
        Effect.andThen(Effect.sync(() => void seen.push(`${name}: ${actor} ${tag} ${JSON.stringify(payload)}`)), next),
        (exit) => Effect.sync(() => void seen.push(`${name}: ${exit._tag}`))
      )
    )))

const within = <E>(
  body: (desk: Actor.Ref<typeof Desk>, seen: Array<string>) => Effect.Effect<unknown, E, Scope.Scope>,
  live: Layer.Layer<never, never, Seen | ActorSystem.ActorSystem>
) => {
  const seen: Array<string> = []
  const layer = live.pipe(Layer.provideMerge(ActorSystem.layer), Layer.provide(Layer.succeed(Seen, seen)))
  return Effect.flatMap(Desk.spawn("a"), (desk) => body(desk, seen)).pipe(Effect.scoped, Effect.provide(layer))
}

const around = DeskLive.pipe(Layer.provide(noting("inner")), Layer.provide(noting("outer")))

describe("an interceptor", () => {
  it.effect("is around each handler, the outer one further out", () =>
    within((desk, seen) =>
      Effect.gen(function*() {
        assert.strictEqual(yield* desk.ask.Say({ text: "tea" }), "tea")
        assert.deepStrictEqual(seen.splice(0), [
          "outer: Desk/a Say {\"text\":\"tea\"}",
          "inner: Desk/a Say {\"text\":\"tea\"}",
          "inner: Success",
          "outer: Success"
        ])
        yield* desk.tell.Note({ text: "milk" })
        assert.strictEqual((yield* Effect.flip(desk.ask.Say({ text: "no" })))._tag, "Refused")
        assert.deepStrictEqual(seen.splice(0).filter((line) => !line.startsWith("inner")), [
          "outer: Desk/a Note {\"text\":\"milk\"}",
          "noted milk",
          "outer: Success",
          "outer: Desk/a Say {\"text\":\"no\"}",
          "outer: Failure"
        ])
      }), around))

  it.effect("is around what makes a stream, and around handlers that an actor has become", () =>
    within((desk, seen) =>
      Effect.gen(function*() {
        assert.deepStrictEqual(Array.from(yield* Stream.runCollect(desk.ask.Count({ to: 3 }))), [1, 2, 3])
        assert.deepStrictEqual(seen.splice(0), ["inner: Desk/a Count {\"to\":3}", "inner: Success"])
        assert.deepStrictEqual([yield* desk.ask.Shout(), yield* desk.ask.Shout()], ["quiet", "LOUD"])
        assert.strictEqual(seen.length, 4)
      }), DeskLive.pipe(Layer.provide(noting("inner")))))

  it.effect("is interrupted with its handler", () =>
    within((desk, seen) =>
      Effect.gen(function*() {
        const asking = yield* Effect.forkChild(desk.ask.Never(), { startImmediately: true })
        yield* Effect.yieldNow
        yield* Fiber.interrupt(asking)
        assert.strictEqual(yield* desk.ask.Say({ text: "on" }), "on")
        assert.deepStrictEqual(seen.slice(0, 2), ["inner: Desk/a Never undefined", "inner: Failure"])
      }), DeskLive.pipe(Layer.provide(noting("inner")))))

  for (
    const [what, broken] of [
      ["throws", () => {
        throw new Error("broken")
      }],
      ["dies", () => Effect.die(new Error("broken"))],
      ["answers no effect", () => "broken" as never]
    ] as ReadonlyArray<readonly [string, Interceptor.Around]>
  ) {
    it.effect(`that ${what} is a crash of its actor, which is built anew`, () => {
      let isBroken = true
      const once = Interceptor.layer((message, next) => isBroken ? broken(message, next) : next)
      return within((desk) =>
        Effect.gen(function*() {
          const exit = yield* Effect.exit(desk.ask.Say({ text: "tea" }))
          assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause), String(exit))
          isBroken = false
          assert.strictEqual(yield* desk.ask.Say({ text: "tea" }), "tea")
        }), DeskLive.pipe(Layer.provide(once)))
    })
  }

  it.effect("that answers no effect is named in the defect, with whose message it was", () => {
    const broken = Interceptor.layer(() => "broken" as never)
    return Effect.gen(function*() {
      const desk = yield* Desk.spawn("a")
      const exit = yield* Effect.exit(desk.ask.Shout())
      const text = Exit.isFailure(exit) ? Cause.pretty(exit.cause) : ""
      assert.include(text, "the interceptor around Shout of Desk/a answered broken, which is no effect")
    }).pipe(
      Effect.scoped,
      Effect.provide(DeskLive.pipe(
        Layer.provide(broken),
        Layer.provide(Layer.succeed(Seen, [])),
        Layer.provideMerge(ActorSystem.layer)
      ))
    )
  })

  it.effect("holds up the messages behind it, as its handler would", () =>
    Effect.gen(function*() {
      const gate = yield* Deferred.make<void>()
      const waiting = Interceptor.layer(({ tag }, next) =>
        tag === "Say" ? Effect.andThen(Deferred.await(gate), next) : next
      )
      yield* within((desk, seen) =>
        Effect.gen(function*() {
          const saying = yield* Effect.forkChild(desk.ask.Say({ text: "tea" }), { startImmediately: true })
          yield* desk.tell.Note({ text: "milk" })
          yield* Effect.yieldNow
          assert.deepStrictEqual([seen.length, yield* desk.depth], [0, 2])
          yield* Deferred.succeed(gate, undefined)
          assert.strictEqual(yield* Fiber.join(saying), "tea")
        }), DeskLive.pipe(Layer.provide(waiting)))
    }))

  it.effect("of a protocol knows its messages, and refuses them with their own errors", () => {
    const guarded = Interceptor.guard(
      Desk,
      (message, next) =>
        message.tag === "Say" && message.payload.text === "mallory"
          ? Effect.fail(new Refused({ who: message.payload.text }))
          : next
    )
    const live = Desk.toLayer(Effect.map(Seen, (seen) =>
      guarded({
        Say: ({ text }) => Effect.succeed(text),
        Note: ({ text }) => Effect.sync(() => void seen.push(text)),
        Count: ({ to }) => Effect.succeed(Stream.range(1, to)),
        Shout: () => Effect.succeed(""),
        Never: () => Effect.never
      })))
    return within((desk, seen) =>
      Effect.gen(function*() {
        const refused = yield* Effect.flip(desk.ask.Say({ text: "mallory" }))
        assert.isTrue(refused._tag === "Refused" && refused.who === "mallory")
        assert.strictEqual(yield* desk.ask.Say({ text: "ada" }), "ada")
        yield* desk.tell.Note({ text: "mallory" })
        assert.deepStrictEqual(Array.from(yield* Stream.runCollect(desk.ask.Count({ to: 2 }))), [1, 2])
        assert.deepStrictEqual(seen, ["mallory"])
      }), live)
  })
})
