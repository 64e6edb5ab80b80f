/** What is done around sends. */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { inspect } from "node:util"
import { Actor, ActorError, ActorRef, ActorSystem, Interceptor, Iso, ThreadArenas } from "shared-nothing"
import * as Arena from "../../src/memory/Arena.ts"
import { settle } from "../contract/eventually.ts"

class Refused extends Schema.TaggedError<Refused>("test/Refused")("Refused", { who: Schema.String }) {}

const Desk = Actor.make("Desk", [
  Rpc.make("Say", { payload: { text: Schema.String }, success: Schema.String, error: Refused }),
  Rpc.make("Note", { payload: { text: Schema.String } }),
  Rpc.make("Count", { payload: { to: Schema.Int }, success: Schema.Int, stream: true }),
  Rpc.make("Notes", { success: Schema.Array(Schema.String) }),
  Rpc.make("Own", { success: Schema.String, error: Refused })
])

const Post = Actor.make("Post", [
  Rpc.make("Pass", { payload: { desk: Desk.ref, text: Schema.String }, success: Schema.String, error: Refused }),
  Rpc.make("HandOn", { payload: { desk: Desk.ref, text: Schema.String }, success: Schema.String, error: Refused }),
  Rpc.make("Bring", { payload: { desk: Desk.ref, load: Iso.of(Uint8Array) }, success: Schema.String, error: Refused })
])

const Live = Layer.merge(
  Desk.toLayer(Effect.gen(function*() {
    const notes: Array<string> = []
    const self = yield* Desk.self
    return Desk.of({
      Say: ({ text }) => text === "no" ? Effect.fail(new Refused({ who: text })) : Effect.succeed(`${text}!`),
      Note: ({ text }) => Effect.sync(() => void notes.push(text)),
      Count: ({ to }) => Stream.range(1, to),
      Notes: () => Effect.sync(() => notes.slice()),
      Own: () => Effect.as(Effect.orDie(self.tell.Note({ text: "own" })), "told")
    })
  })),
  Post.toLayer(Effect.succeed(Post.of({
    Pass: ({ desk, text }) => Effect.orDie(desk.ask.Say({ text })),
    HandOn: ({ desk, text }) => Actor.forward(desk.ask.Say({ text })),
    Bring: ({ desk, load }) =>
      Effect.scoped(Effect.andThen(Iso.scoped(load), Effect.orDie(desk.ask.Say({ text: "brought" }))))
  })))
)

const noting = (seen: Array<string>, name: string) =>
  Interceptor.layerSends(Desk, ({ actor, kind, payload, tag }, next) =>
    Effect.onExit(
      Effect.andThen(
        Effect.sync(() => void seen.push(`${name}: ${kind} ${actor} ${tag} ${JSON.stringify(payload)}`)),
        next
      ),
      (exit) => Effect.sync(() => void seen.push(`${name}: ${exit._tag}`))
    ))

const within = <E>(
  body: Effect.Effect<unknown, E, ActorSystem.ActorSystem | Scope.Scope>,
  around: Layer.Layer<never, never, ActorSystem.ActorSystem> = Layer.empty
) =>
  body.pipe(Effect.scoped, Effect.provide(Live.pipe(Layer.provideMerge(around), Layer.provideMerge(ActorSystem.layer))))

const limited = Interceptor.layerSends(
  Desk,
  (sending, next) =>
    sending.tag === "Say" && sending.payload.text === "secret" ? Interceptor.refuse(sending, "it is secret") : next
)

describe("what is around all references to a definition", () => {
  it.effect("sees each message and how its sending ends, the outermost first", () => {
    const seen: Array<string> = []
    const both = Layer.provideMerge(noting(seen, "inner"), noting(seen, "outer"))
    return within(
      Effect.gen(function*() {
        const desk = yield* Desk.spawn("a")
        assert.strictEqual(yield* desk.ask.Say({ text: "yes" }), "yes!")
        assert.strictEqual((yield* Effect.flip(desk.ask.Say({ text: "no" })))._tag, "Refused")
        yield* desk.tell.Note({ text: "n" })
        assert.deepStrictEqual(yield* desk.ask.Notes(), ["n"])
        assert.deepStrictEqual(seen, [
          "outer: ask Desk/a Say {\"text\":\"yes\"}",
          "inner: ask Desk/a Say {\"text\":\"yes\"}",
          "inner: Success",
          "outer: Success",
          "outer: ask Desk/a Say {\"text\":\"no\"}",
          "inner: ask Desk/a Say {\"text\":\"no\"}",
          "inner: Failure",
          "outer: Failure",
          "outer: tell Desk/a Note {\"text\":\"n\"}",
          "inner: tell Desk/a Note {\"text\":\"n\"}",
          "inner: Success",
          "outer: Success",
          "outer: ask Desk/a Notes undefined",
          "inner: ask Desk/a Notes undefined",
          "inner: Success",
          "outer: Success"
        ])
      }),
      both
    )
  })

  it.effect("is around references of every origin: a spawn, a name, a message, the actor's own", () => {
    const seen: Array<string> = []
    return within(
      Effect.gen(function*() {
        const desk = yield* Desk.spawn("a")
        const post = yield* Post.spawn("p")
        yield* desk.ask.Own()
        const found = Option.getOrThrow(yield* Desk.lookup("a"))
        yield* found.ask.Say({ text: "found" })
        assert.strictEqual(yield* post.ask.Pass({ desk, text: "passed" }), "passed!")
        assert.deepStrictEqual(seen.filter((line) => line.includes("{")), [
          "it: tell Desk/a Note {\"text\":\"own\"}",
          "it: ask Desk/a Say {\"text\":\"found\"}",
          "it: ask Desk/a Say {\"text\":\"passed\"}"
        ])
      }),
      noting(seen, "it")
    )
  })

  it.effect("is around a reference in a message that moves something", () => {
    const seen: Array<string> = []
    return within(
      Effect.gen(function*() {
        const arena = yield* ThreadArenas.open(Arena.create({ capacityBytes: 1 << 16 }), 1)
        const desk = yield* Desk.spawn("a")
        const post = yield* Post.spawn("p")
        assert.strictEqual(yield* post.ask.Bring({ desk, load: yield* Iso.allocate(arena, Uint8Array, 1) }), "brought!")
        assert.deepStrictEqual(seen, ["it: ask Desk/a Say {\"text\":\"brought\"}", "it: Success"])
      }),
      noting(seen, "it")
    )
  })

  it.effect("is around what is handed on, asked or told, and what it refuses there the asker is told", () => {
    const seen: Array<string> = []
    return within(
      Effect.gen(function*() {
        const desk = yield* Desk.spawn("a")
        const post = yield* Post.spawn("p")
        assert.strictEqual(yield* post.ask.HandOn({ desk, text: "on" }), "on!")
        yield* post.tell.HandOn({ desk, text: "told" })
        assert.strictEqual((yield* Effect.flip(post.ask.HandOn({ desk, text: "secret" })))._tag, "SendRefused")
        assert.deepStrictEqual(seen.filter((line) => line.includes("{")), [
          "it: ask Desk/a Say {\"text\":\"on\"}",
          "it: tell Desk/a Say {\"text\":\"told\"}",
          "it: ask Desk/a Say {\"text\":\"secret\"}"
        ])
      }),
      Layer.provideMerge(limited, noting(seen, "it"))
    )
  })

  it.effect("is around the actors of keys", () => {
    const seen: Array<string> = []
    return within(
      Effect.gen(function*() {
        const desks = yield* Desk.keyed()
        yield* desks.ref("k").ask.Say({ text: "a" })
        assert.deepStrictEqual(seen, ["it: ask Desk/k Say {\"text\":\"a\"}", "it: Success"])
      }),
      noting(seen, "it")
    )
  })

  it.effect("is around an ask for the time of its reply", () => {
    const seen: Array<string> = []
    return within(
      Effect.gen(function*() {
        const desk = yield* Desk.spawn("a")
        assert.strictEqual((yield* desk.askTimed.Say({ text: "hello" })).reply, "hello!")
        assert.deepStrictEqual((yield* desk.askTimed.Notes({ timeout: "1 second" })).reply, [])
        assert.instanceOf(yield* Effect.flip(desk.askTimed.Say({ text: "secret" })), ActorError.SendRefused)
        assert.deepStrictEqual(seen.filter((line) => line.includes("Desk/a")), [
          "it: ask Desk/a Say {\"text\":\"hello\"}",
          "it: ask Desk/a Notes undefined",
          "it: ask Desk/a Say {\"text\":\"secret\"}"
        ])
      }),
      limited.pipe(Layer.provideMerge(noting(seen, "it")))
    )
  })

  it.effect("is around what is published, once for each member, and around the references of a group", () => {
    const seen: Array<string> = []
    return within(
      Effect.gen(function*() {
        const [a, b] = [yield* Desk.spawn("a"), yield* Desk.spawn("b")]
        const desks = Desk.group("all")
        yield* desks.join(a)
        yield* desks.join(b)
        const { missed, reached } = yield* desks.publish.Say({ text: "hello" })
        assert.deepStrictEqual({ missed, reached }, { missed: [], reached: 2 })
        assert.deepStrictEqual(seen.splice(0).filter((line) => line.includes("{")), [
          "it: tell Desk/a Say {\"text\":\"hello\"}",
          "it: tell Desk/b Say {\"text\":\"hello\"}"
        ])
        const secret = yield* desks.publish.Say({ text: "secret" })
        assert.strictEqual(secret.reached, 0)
        assert.deepStrictEqual(secret.missed.map(({ error, ref }) => [ref.key, error._tag]), [
          ["a", "SendRefused"],
          ["b", "SendRefused"]
        ])
        for (const member of [...(yield* desks.members), ...(yield* desks.membersHere), secret.missed[0]!.ref]) {
          assert.instanceOf(yield* Effect.flip(member.ask.Say({ text: "secret" })), ActorError.SendRefused)
        }
        const [change] = yield* Stream.runCollect(Stream.take(desks.monitor, 1))
        assert.instanceOf(yield* Effect.flip(change!.ref.ask.Say({ text: "secret" })), ActorError.SendRefused)
      }),
      limited.pipe(Layer.provideMerge(noting(seen, "it")))
    )
  })

  it.effect("that dies, or never ends, for one member keeps what is published from no other", () => {
    const around = Interceptor.layerSends(
      Desk,
      ({ actor }, next) => actor === "Desk/b" ? Effect.die(new Error("no")) : Effect.andThen(Effect.yieldNow, next)
    )
    return within(
      Effect.gen(function*() {
        const [a, b] = [yield* Desk.spawn("a"), yield* Desk.spawn("b")]
        const desks = Desk.group("all")
        yield* desks.join(a)
        yield* desks.join(b)
        const exit = yield* Effect.exit(desks.publish.Note({ text: "hello" }))
        assert.include(Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "", "no")
        assert.deepStrictEqual(yield* a.ask.Notes(), ["hello"])
      }),
      around
    )
  })

  it.effect("is not around what timers and watches tell, which nobody sends, and is around the handlers of that", () => {
    const sent: Array<string> = []
    const handled: Array<string> = []
    const Clerk = Actor.make("Clerk", [Rpc.make("Tick"), Rpc.make("Left"), Rpc.make("Piped")])
    const clerk = Clerk.toLayer(Effect.gen(function*() {
      const timers = yield* Clerk.timers
      const watcher = yield* Clerk.watcher
      const pipeToSelf = yield* Clerk.pipeToSelf
      yield* timers.once.Tick("tick", "1 second")
      yield* watcher.watch.Left(yield* Effect.scoped(Desk.spawn("gone").pipe(Effect.orDie)))
      yield* pipeToSelf.Piped(Effect.void)
      return Clerk.of({ Tick: () => Effect.void, Left: () => Effect.void, Piped: () => Effect.void })
    })).pipe(
      Layer.provide(
        Interceptor.layer(({ tag }, next) => Effect.andThen(Effect.sync(() => void handled.push(tag)), next))
      )
    )
    const around = Interceptor.layerSends(
      Clerk,
      ({ tag }, next) => Effect.andThen(Effect.sync(() => void sent.push(tag)), next)
    )
    return within(
      Effect.gen(function*() {
        yield* Effect.provide(
          Effect.gen(function*() {
            const ref = yield* Clerk.spawn("c")
            yield* TestClock.adjust("1 second")
            yield* settle
            yield* ref.tell.Tick()
            yield* settle
          }),
          clerk
        )
        assert.deepStrictEqual(sent, ["Tick"])
        assert.deepStrictEqual(handled.toSorted(), ["Left", "Piped", "Tick", "Tick"])
      }),
      around
    )
  })

  it.effect("is there as long as its layer, and not around references to other definitions", () => {
    const seen: Array<string> = []
    return within(Effect.gen(function*() {
      const context = yield* Effect.context<ActorSystem.ActorSystem>()
      const plain = yield* Desk.spawn("a")
      yield* Effect.scoped(Effect.gen(function*() {
        yield* Layer.build(Layer.provide(noting(seen, "it"), Layer.succeedContext(context)))
        const desk = yield* Desk.spawn("b")
        yield* desk.ask.Notes()
        yield* plain.ask.Notes()
        yield* (yield* Post.spawn("p")).ask.Pass({ desk: plain, text: "x" })
      }))
      const after = Option.getOrThrow(yield* Desk.lookup("a"))
      yield* after.ask.Notes()
      assert.isFalse(Object.hasOwn(after, "ask"))
      assert.deepStrictEqual(seen, ["it: ask Desk/b Notes undefined", "it: Success"])
    }))
  })

  it.effect("refuses by a typed error that gives the message back, on each way to send", () =>
    within(
      Effect.gen(function*() {
        const desk = yield* Desk.spawn("a")
        const error = yield* Effect.flip(desk.ask.Say({ text: "secret" }))
        if (error._tag !== "SendRefused") return assert.fail(error._tag)
        assert.strictEqual(error.message, "Say to Desk/a was not sent: it is secret")
        assert.deepStrictEqual(error.undelivered, { tag: "Say", payload: { text: "secret" } })
        assert.isTrue(ActorError.isActorError(error))
        assert.isFalse(ActorError.isRetryable(error))
        assert.strictEqual((yield* Effect.flip(desk.tell.Say({ text: "secret" })))._tag, "SendRefused")
        assert.deepStrictEqual(
          [desk.tellUnsafe.Say({ text: "secret" }), desk.tellUnsafe.Note({ text: "n" })],
          [false, true]
        )
        const exits: Array<Exit.Exit<string, unknown>> = []
        desk.askUnsafe.Say({ text: "secret" }, (exit) => exits.push(exit))
        desk.askUnsafe.Say({ text: "open" }, (exit) => exits.push(exit))
        desk.askUnsafe.Say({ text: "withdrawn" }, (exit) => exits.push(exit))()
        yield* Effect.yieldNow
        assert.deepStrictEqual(yield* desk.ask.Notes(), ["n"])
        const told = exits.map((exit) => Exit.isSuccess(exit) ? exit.value : String(Cause.squash(exit.cause)))
        assert.deepStrictEqual(told, [String(error), "open!"])
      }),
      limited
    ))

  it.effect("that waits, and does not end at once, sends nothing of a tellUnsafe; and what is interrupted is not sent", () =>
    Effect.gen(function*() {
      const gate = yield* Deferred.make<void>()
      const slow = Interceptor.layerSends(
        Desk,
        ({ tag }, next) => tag === "Note" ? Effect.andThen(Deferred.await(gate), next) : next
      )
      yield* within(
        Effect.gen(function*() {
          const desk = yield* Desk.spawn("a")
          assert.isFalse(desk.tellUnsafe.Note({ text: "unsafe" }))
          const gone = yield* Effect.forkChild(desk.tell.Note({ text: "gone" }), { startImmediately: true })
          const told = yield* Effect.forkChild(desk.tell.Note({ text: "told" }), { startImmediately: true })
          yield* Fiber.interrupt(gone)
          yield* Deferred.succeed(gate, undefined)
          yield* Fiber.join(told)
          assert.deepStrictEqual(yield* desk.ask.Notes(), ["told"])
        }),
        slow
      )
    }))

  it.effect("that throws, or answers no effect, is a defect of the sender; its actor goes on", () => {
    const broken = Interceptor.layerSends(Desk, (sending, next) => {
      if (sending.tag === "Note") throw new Error("thrown")
      return sending.tag === "Say" ? undefined as never : next
    })
    return within(
      Effect.gen(function*() {
        const desk = yield* Desk.spawn("a")
        const exit = yield* Effect.exit(desk.tell.Note({ text: "n" }))
        assert.match(String(exit), /Die.*thrown/s)
        assert.match(
          String(yield* Effect.exit(desk.ask.Say({ text: "a" }))),
          /the interceptor around Say to Desk\/a answered undefined, which is no effect/
        )
        assert.isFalse(desk.tellUnsafe.Note({ text: "n" }))
        assert.deepStrictEqual(yield* desk.ask.Notes(), [])
      }),
      broken
    )
  })

  it.effect("is around a stream once for each run", () => {
    const seen: Array<string> = []
    return within(
      Effect.gen(function*() {
        const desk = yield* Desk.spawn("a")
        const count = desk.ask.Count({ to: 3 })
        assert.deepStrictEqual(seen, [])
        for (let run = 0; run < 2; run++) assert.deepStrictEqual(yield* Stream.runCollect(count), [1, 2, 3])
        assert.strictEqual(seen.filter((line) => line.includes("Count")).length, 2)
      }),
      noting(seen, "it")
    )
  })
})

describe("what is around one reference", () => {
  it.effect("is around that alone, which is a reference as any other", () =>
    within(Effect.gen(function*() {
      const desk = yield* Desk.spawn("a")
      const seen: Array<string> = []
      const watched = Interceptor.sending(
        Interceptor.sending(desk, ({ tag }, next) => {
          seen.push(`inner ${tag}`)
          return next
        }),
        ({ tag }, next) => {
          seen.push(`outer ${tag}`)
          return next
        }
      )
      yield* watched.ask.Notes({ timeout: "1 second" })
      yield* desk.ask.Notes()
      assert.deepStrictEqual(seen, ["outer Notes", "inner Notes"])
      assert.isTrue(ActorRef.isActorRef(watched))
      assert.deepStrictEqual([watched.key, String(watched), inspect(watched)], [
        "a",
        "ActorRef(Desk/a)",
        "ActorRef(Desk/a)"
      ])
      assert.strictEqual(yield* watched.depth, 0)
      const post = yield* Post.spawn("p")
      assert.strictEqual(yield* post.ask.Pass({ desk: watched, text: "x" }), "x!")
      assert.deepStrictEqual(seen.slice(2), ["outer Say", "inner Say"])
    })))

  it.effect("is around an ask with a callback, however that is given, and what makes no sense is thrown", () =>
    within(Effect.gen(function*() {
      const desk = yield* Desk.spawn("a")
      const seen: Array<string> = []
      const watched = Interceptor.sending(desk, ({ tag }, next) => {
        seen.push(tag)
        return next
      })
      const exits: Array<Exit.Exit<unknown, unknown>> = []
      const onExit = (exit: Exit.Exit<unknown, unknown>) => void exits.push(exit)
      watched.askUnsafe.Notes(onExit)
      watched.askUnsafe.Notes(onExit, { timeout: "1 second" })
      watched.askUnsafe.Notes(undefined, onExit)
      assert.deepStrictEqual(yield* desk.ask.Notes(), [])
      yield* Effect.yieldNow
      assert.deepStrictEqual(exits, [Exit.succeed([]), Exit.succeed([]), Exit.succeed([])])
      assert.deepStrictEqual(seen, ["Notes", "Notes", "Notes"])
      assert.throws(() => watched.askUnsafe.Notes(7 as never), /onExit/)
      assert.throws(() => watched.askUnsafe.Say({ text: "" }, undefined as never), /onExit/)
    })))
})
