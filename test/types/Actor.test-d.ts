// What must not compile is stated here too; @effect-diagnostics floatingEffect:off missingEffectError:off
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Layer from "effect/Layer"
import type * as Option from "effect/Option"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import {
  Actor,
  ActorError,
  type ActorRef,
  type ActorSystem,
  type DeadLetters,
  ExitReason,
  Interceptor
} from "shared-nothing"
import { describe, expectTypeOf, it } from "vitest"

class Overflow extends Schema.TaggedError<Overflow>("app/Overflow")("Overflow", { limit: Schema.Int }) {}

const Counter = Actor.make("Counter", [
  Rpc.make("Increment", { payload: { by: Schema.Int } }),
  Rpc.make("Get", { success: Schema.Int, error: Overflow })
])
declare const counter: Effect.Success<ReturnType<typeof Counter.spawn>>

describe("Actor.make", () => {
  it("keeps the name as a literal", () => {
    expectTypeOf(Counter.name).toEqualTypeOf<"Counter">()
  })

  it("spawns into a Scope of a system", () => {
    expectTypeOf(Counter.spawn("a")).toExtend<
      Effect.Effect<ActorRef.Any, ActorError.SpawnError, ActorSystem.ActorSystem | Scope.Scope>
    >()
    expectTypeOf<Effect.Services<ReturnType<typeof Counter.spawn>>>().toEqualTypeOf<
      ActorSystem.ActorSystem | Scope.Scope
    >()
  })
})

describe("tell", () => {
  it("takes the payload of the message and answers with nothing", () => {
    expectTypeOf<Effect.Success<ReturnType<typeof counter.tell.Increment>>>().toEqualTypeOf<void>()
    expectTypeOf<Effect.Error<ReturnType<typeof counter.tell.Increment>>>().toEqualTypeOf<ActorError.TellError>()
    expectTypeOf(counter.tell.Increment).parameters.toEqualTypeOf<[payload: { readonly by: number }]>()
  })

  it("refuses a message or a payload that the protocol does not have", () => {
    // @ts-expect-error there is no such message
    expectTypeOf(counter.tell.Decrement).toBeAny()
    // @ts-expect-error the payload is a number
    counter.tell.Increment({ by: "1" })
    // @ts-expect-error the payload is missing
    counter.tell.Increment()
  })

  it("needs no services", () => {
    expectTypeOf<Effect.Services<ReturnType<typeof counter.tell.Increment>>>().toEqualTypeOf<never>()
    expectTypeOf<Effect.Services<ReturnType<typeof counter.ask.Get>>>().toEqualTypeOf<never>()
  })
})

describe("tellUnsafe", () => {
  it("says at once whether the message was taken", () => {
    expectTypeOf(counter.tellUnsafe.Increment({ by: 1 })).toEqualTypeOf<boolean>()
  })
})

describe("askUnsafe", () => {
  it("takes a callback and a timeout, and answers with how to withdraw", () => {
    expectTypeOf(counter.askUnsafe.Get).returns.toEqualTypeOf<() => void>()
    counter.askUnsafe.Get((exit) => expectTypeOf(exit).toExtend<Exit.Exit<number, unknown>>(), { timeout: 10 })
    counter.askUnsafe.Get(undefined, () => {})
    counter.askUnsafe.Increment({ by: 1 }, () => {})
    // @ts-expect-error what has a payload is not asked without it
    counter.askUnsafe.Increment(() => {})
    // @ts-expect-error somebody has to hear of the outcome
    counter.askUnsafe.Get()
  })
})

describe("depth", () => {
  it("cannot fail", () => {
    expectTypeOf(counter.depth).toEqualTypeOf<Effect.Effect<number>>()
  })
})

describe("ask", () => {
  it("answers with what the protocol declares, or fails with it or with what asking can fail with", () => {
    expectTypeOf<Effect.Success<ReturnType<typeof counter.ask.Get>>>().toEqualTypeOf<number>()
    expectTypeOf<Effect.Error<ReturnType<typeof counter.ask.Get>>>().toEqualTypeOf<Overflow | ActorError.AskError>()
  })

  it("takes a deadline after the payload", () => {
    expectTypeOf(counter.ask.Get).toBeCallableWith(undefined, { timeout: "1 second" })
    expectTypeOf(counter.ask.Get).toBeCallableWith({ timeout: "1 second" })
    // @ts-expect-error a message without payload takes none
    counter.ask.Get({ by: 1 })
    // @ts-expect-error options do not stand for a payload
    counter.ask.Increment({ timeout: 100 })
    expectTypeOf(counter.ask.Increment).toBeCallableWith({ by: 1 }, { timeout: 100 })
    expectTypeOf<ActorRef.AskOptions["timeout"]>().toEqualTypeOf<Duration.Input | undefined>()
  })
})

describe("keyed", () => {
  it("gives references of the same type as a spawn, and holds the keys with a Scope", () => {
    type Keyed = Effect.Success<ReturnType<typeof Counter.keyed>>
    expectTypeOf<ReturnType<Keyed["ref"]>>().toEqualTypeOf<typeof counter>()
    expectTypeOf<Effect.Error<ReturnType<typeof Counter.keyed>>>().toEqualTypeOf<ActorError.KeyedError>()
    expectTypeOf<Effect.Services<ReturnType<typeof Counter.keyed>>>().toEqualTypeOf<
      ActorSystem.ActorSystem | Scope.Scope
    >()
    // @ts-expect-error a key has its place by itself
    Counter.keyed({ placement: "here" })
  })
})

describe("lookup", () => {
  it("finds a reference or none, and cannot fail", () => {
    expectTypeOf(Counter.lookup("a")).toEqualTypeOf<
      Effect.Effect<Option.Option<typeof counter>, never, ActorSystem.ActorSystem>
    >()
  })
})

describe("isRetryable", () => {
  it("keeps the errors of actors apart from those of a protocol", () => {
    const fails = counter.ask.Get()
    const handled = Effect.catchIf(fails, ActorError.isActorError, () => Effect.succeed(0))
    expectTypeOf(handled).toEqualTypeOf<Effect.Effect<number, Overflow>>()
    Effect.retry(fails, { while: ActorError.isRetryable, times: 3 })
  })
})

describe("toLayer", () => {
  it("requires the system and the services of the handlers, not Scope or CurrentActor", () => {
    const live = Counter.toLayer(Effect.gen(function*() {
      const { key } = yield* Actor.CurrentActor
      yield* Effect.addFinalizer(() => Effect.logDebug(key))
      return Counter.of({
        Increment: () => Effect.void,
        Get: () => Effect.fail(new Overflow({ limit: 1 }))
      })
    }))
    expectTypeOf(live).toEqualTypeOf<Layer.Layer<never, never, ActorSystem.ActorSystem>>()
  })

  it("does not lend handlers the Scope and the CurrentActor of their incarnation", () => {
    const get = () => Effect.succeed(1)
    // @ts-expect-error CurrentActor is taken while the behaviour is built
    Counter.toLayer(Effect.succeed(Counter.of({ Increment: () => Effect.asVoid(Actor.CurrentActor), Get: get })))
    // @ts-expect-error a handler opens a scope of its own
    Counter.toLayer(Effect.succeed(Counter.of({ Increment: () => Effect.void, Get: () => Effect.as(Effect.scope, 1) })))
    Counter.toLayer(Effect.succeed(Counter.of({
      Increment: () => Effect.void,
      Get: () => Effect.scoped(Effect.as(Effect.scope, 1))
    })))
  })

  it("asks for what a behaviour and its handlers need", () => {
    class Store extends Context.Service<Store, { readonly size: number }>()("test/Store") {}
    class Disk extends Context.Service<Disk, { readonly free: number }>()("test/Disk") {}
    const live = Counter.toLayer(Effect.map(Store, () =>
      Counter.of({
        Increment: () => Effect.void,
        Get: () => Effect.map(Disk, (disk) => disk.free)
      })))
    expectTypeOf<Layer.Services<typeof live>>().toEqualTypeOf<ActorSystem.ActorSystem | Store | Disk>()
  })

  it("takes a function of who is built, which answers handlers and nothing else", () => {
    class Disk extends Context.Service<Disk, { readonly free: number }>()("test/Disk") {}
    const get = () => Effect.succeed(1)
    const live = Counter.toLayer((actor) => {
      expectTypeOf(actor.self).toEqualTypeOf<typeof Counter.ref.Type>()
      expectTypeOf<Pick<typeof actor, "name" | "key" | "incarnation">>()
        .toEqualTypeOf<{ readonly name: string; readonly key: string; readonly incarnation: number }>()
      return Counter.of({ Increment: () => Effect.void, Get: get })
    })
    expectTypeOf(live).toEqualTypeOf<Layer.Layer<never, never, ActorSystem.ActorSystem>>()
    const needs = Counter.toLayer(() =>
      Counter.of({ Increment: () => Effect.void, Get: () => Effect.map(Disk, (disk) => disk.free) })
    )
    expectTypeOf<Layer.Services<typeof needs>>().toEqualTypeOf<ActorSystem.ActorSystem | Disk>()
    // The payload is known without `of` as well.
    Counter.toLayer(() => ({ Increment: ({ by }) => Effect.sync(() => expectTypeOf(by).toBeNumber()), Get: get }))
    // @ts-expect-error an effect is given in the place of the function
    Counter.toLayer(() => Effect.succeed(Counter.of({ Increment: () => Effect.void, Get: get })))
    // @ts-expect-error a promise has no handlers
    Counter.toLayer(async () => Counter.of({ Increment: () => Effect.void, Get: get }))
    // @ts-expect-error a generator is given as an effect
    Counter.toLayer(function*() {
      return Counter.of({ Increment: () => Effect.void, Get: get })
    })
    // @ts-expect-error there is no handler of Get
    Counter.toLayer(() => ({ Increment: () => Effect.void }))
    // @ts-expect-error CurrentActor is what the function is called with
    Counter.toLayer(() => Counter.of({ Increment: () => Effect.asVoid(Actor.CurrentActor), Get: get }))
  })

  it("refuses options that do not exist", () => {
    const behaviour = Effect.succeed(Counter.of({ Increment: () => Effect.void, Get: () => Effect.succeed(1) }))
    // @ts-expect-error there is no such policy
    Counter.toLayer(behaviour, { mailbox: { overflow: "discard" } })
    // @ts-expect-error there is no such restart type
    Counter.toLayer(behaviour, { supervision: { restart: "never" } })
    // @ts-expect-error a decider answers with a directive
    Counter.toLayer(behaviour, { supervision: { decide: () => "ignore" } })
  })

  it("refuses a handler of a message that the protocol does not have", () => {
    // @ts-expect-error there is no message Decrement
    Counter.of({ Increment: () => Effect.void, Get: () => Effect.succeed(1), Decrement: () => Effect.void })
  })

  it("refuses a handler that answers with another type or fails with an undeclared error", () => {
    // @ts-expect-error Get answers with a number
    Counter.of({ Increment: () => Effect.void, Get: () => Effect.succeed("1") })
    // @ts-expect-error Get may fail with Overflow only
    Counter.of({ Increment: () => Effect.void, Get: () => Effect.fail("no") })
    // @ts-expect-error Get is missing
    Counter.of({ Increment: () => Effect.void })
  })
})

describe("layerSends", () => {
  it("knows the messages of its definition, and refuses with one error", () => {
    const around = Interceptor.layerSends(Counter, (sending, next) => {
      expectTypeOf(sending.kind).toEqualTypeOf<"tell" | "ask">()
      if (sending.tag === "Increment") expectTypeOf(sending.payload.by).toEqualTypeOf<number>()
      // @ts-expect-error there is no such message
      if (sending.tag === "Decrement") return next
      return sending.tag === "Get" ? Interceptor.refuse(sending, "not now") : next
    })
    expectTypeOf(around).toEqualTypeOf<Layer.Layer<never, never, ActorSystem.ActorSystem>>()
    // @ts-expect-error it cannot make up an answer
    Interceptor.layerSends(Counter, () => Effect.succeed(1))
    // @ts-expect-error it fails with SendRefused only
    Interceptor.layerSends(Counter, () => Effect.fail("no"))
    expectTypeOf(Interceptor.sending(counter, (_, next) => next)).toEqualTypeOf(counter)
  })
})

describe("watcher", () => {
  const Nurse = Actor.make("Nurse", [
    Rpc.make("Gone", { payload: { key: Schema.String, reason: ExitReason.ExitReason } }),
    Rpc.make("Alone")
  ])
  const watcher = Nurse.watcher

  it("is taken while a behaviour is built", () => {
    expectTypeOf<Effect.Services<typeof watcher>>().toEqualTypeOf<Actor.CurrentActor | Scope.Scope>()
    expectTypeOf<Effect.Error<typeof watcher>>().toEqualTypeOf<never>()
  })

  it("has one way to watch per message, whose payload is made of the end", () => {
    Effect.map(watcher, ({ link, unwatch, watch }) => {
      expectTypeOf(link(counter)).toEqualTypeOf<Effect.Effect<void>>()
      expectTypeOf(watch.Alone(counter)).toEqualTypeOf<Effect.Effect<void>>()
      expectTypeOf(unwatch(counter)).toEqualTypeOf<Effect.Effect<void>>()
      watch.Gone(counter, (down) => {
        expectTypeOf(down.ref).toEqualTypeOf<typeof counter>()
        expectTypeOf(down.reason).toEqualTypeOf<ExitReason.ExitReason>()
        return { key: down.ref.key, reason: down.reason }
      })
      // @ts-expect-error the message has a payload, which has to be made
      watch.Gone(counter)
      // @ts-expect-error it is not the payload of that message
      watch.Gone(counter, ({ reason }) => ({ reason }))
      // @ts-expect-error there is no such message
      watch.Lost(counter)
    })
  })

  it("tells whoever is no actor what has ended, and why", () => {
    expectTypeOf<Effect.Success<typeof counter.down>>().toEqualTypeOf<
      { readonly ref: typeof counter; readonly reason: ExitReason.ExitReason }
    >()
  })
})

describe("references", () => {
  it("are not interchangeable between protocols", () => {
    const Other = Actor.make("Other", [Rpc.make("Stop")])
    expectTypeOf<Effect.Success<ReturnType<typeof Other.spawn>>>().not.toExtend<typeof counter>()
    expectTypeOf<typeof counter>().not.toExtend<Effect.Success<ReturnType<typeof Other.spawn>>>()
  })

  it("travel in messages", () => {
    const Greeter = Actor.make("Greeter", [Rpc.make("Meet", { payload: { who: Counter.ref } })])
    expectTypeOf<Parameters<Effect.Success<ReturnType<typeof Greeter.spawn>>["tell"]["Meet"]>[0]>().toEqualTypeOf<{
      readonly who: typeof counter
    }>()
  })
})

describe("tick", () => {
  const Clock = Actor.make("Clock", [
    Rpc.make("Tick"),
    Rpc.make("Set", { payload: { to: Schema.Int } }),
    Rpc.make("Read", { success: Schema.Int })
  ])

  it("takes the messages that have no payload", () => {
    expectTypeOf(Clock.tick).parameter(0).toEqualTypeOf<"Tick" | "Read">()
    // @ts-expect-error who would give the payload
    Clock.tick("Set", "1 second")
  })

  it("needs an incarnation that is being built", () => {
    expectTypeOf<Effect.Services<ReturnType<typeof Clock.tick>>>().toEqualTypeOf<Actor.CurrentActor | Scope.Scope>()
  })
})

describe("dead letters", () => {
  it("say nothing of the types of their messages, and all of why they are there", () => {
    expectTypeOf<DeadLetters.DeadLetter["payload"]>().toEqualTypeOf<unknown>()
    expectTypeOf<DeadLetters.Why["_tag"]>().toEqualTypeOf<"SetAside" | "ActorEnded" | "Overflow">()
  })

  it("can be sent again, or not, for reasons with a type", () => {
    expectTypeOf<Effect.Error<ReturnType<DeadLetters.DeadLetters["replay"]>>>()
      .toEqualTypeOf<DeadLetters.LetterNotFound | DeadLetters.ReplaysSpent | DeadLetters.ReplayRefused>()
  })
})

describe("timers", () => {
  const Clock = Actor.make("TimerClock", [
    Rpc.make("Ring"),
    Rpc.make("Set", { payload: { to: Schema.Int } })
  ])
  type Timers = Effect.Success<typeof Clock.timers>

  it("tell any message, with what it says", () => {
    expectTypeOf<Parameters<Timers["once"]["Ring"]>[0]>().toEqualTypeOf<string>()
    expectTypeOf<Parameters<Timers["fixedRate"]["Set"]>[2]>().toEqualTypeOf<{ readonly to: number }>()
    const wrong = (timers: Timers) => {
      // @ts-expect-error what it says is missing
      timers.once.Set("key", "1 second")
      // @ts-expect-error the protocol has no such message
      timers.fixedDelay.Stop("key", "1 second")
    }
    expectTypeOf(wrong).toBeFunction()
  })

  it("need an incarnation that is being built", () => {
    expectTypeOf<Effect.Services<typeof Clock.timers>>().toEqualTypeOf<Actor.CurrentActor | Scope.Scope>()
    // @ts-expect-error who would give the payload
    Clock.receiveTimeout("Set", "1 second")
  })
})

const Door = Actor.make("Door", [
  Rpc.make("Enter", { success: Schema.Int, error: Overflow }),
  Rpc.make("Knock"),
  Rpc.make("Opened", { payload: { by: Schema.String } })
])
const Clock = Context.Service<{ readonly now: number }>("app/Clock")
type Clock = Context.Service.Identifier<typeof Clock>
const build = Effect.gen(function*() {
  return { stash: yield* Door.stash({ capacity: 1 }), become: yield* Door.become, pipe: yield* Door.pipeToSelf }
})
type Tools = Effect.Success<typeof build>
declare const { become, pipe, stash }: Tools
const opened: Actor.Handlers<typeof Door> = {
  Enter: () => Effect.succeed(1),
  Knock: () => Effect.void,
  Opened: ({ by }) => Effect.log(by)
}

declare const work: Effect.Effect<string, Overflow, Clock>

describe("a stash", () => {
  it("is taken while the behaviour is built", () => {
    expectTypeOf<Effect.Services<typeof build>>().toEqualTypeOf<Actor.CurrentActor | Scope.Scope>()
  })

  it("puts a message off in the place of an answer, and what it has no room for is answered", () => {
    const busy = Effect.catchTag(stash.put, "StashFull", () => Effect.fail(new Overflow({ limit: 1 })))
    Door.of({ ...opened, Enter: () => busy })
    Door.of({ ...opened, Knock: () => Effect.orDie(stash.put) })
    // @ts-expect-error a stash that is full is no error of the protocol
    Door.of({ ...opened, Enter: () => stash.put })
    // @ts-expect-error neither answered nor put off
    Door.of({ ...opened, Enter: () => Effect.asVoid(busy) })
    // @ts-expect-error a stash has a capacity
    Door.stash()
  })

  it("is no answer that an asker sees", () => {
    type Door = Actor.Ref<typeof Door>
    expectTypeOf<Effect.Success<ReturnType<Door["ask"]["Enter"]>>>().toEqualTypeOf<number>()
  })

  it("becomes what handles every message, with services that its handlers need then", () => {
    expectTypeOf(become(opened)).toEqualTypeOf<Effect.Effect<void>>()
    const needs: Actor.Handlers<typeof Door, Clock> = { ...opened, Enter: () => Effect.map(Clock, ({ now }) => now) }
    expectTypeOf(become(needs)).toEqualTypeOf<Effect.Effect<void, never, Clock>>()
    const { Knock: _, ...partial } = opened
    // @ts-expect-error a message is missing
    become(partial)
    // @ts-expect-error the answer is a number
    become({ ...opened, Enter: () => Effect.succeed("one") })
    const layer = Door.toLayer(Effect.succeed({ ...opened, Knock: () => become(needs) }))
    expectTypeOf<Layer.Services<typeof layer>>().toEqualTypeOf<ActorSystem.ActorSystem | Clock>()
  })

  it("pipes what ends as a message: its payload is made of the exit, and none where it has none", () => {
    expectTypeOf(pipe.Opened(work, (exit) => {
      expectTypeOf(exit).toEqualTypeOf<Exit.Exit<string, Overflow>>()
      return { by: "it" }
    })).toEqualTypeOf<Effect.Effect<void, never, Clock>>()
    expectTypeOf(pipe.Knock(work)).toEqualTypeOf<Effect.Effect<void, never, Clock>>()
    // @ts-expect-error it says who has opened
    pipe.Opened(work)
    // @ts-expect-error that is a text
    pipe.Opened(work, () => ({ by: 1 }))
  })
})

describe("a message that is handed on", () => {
  const Other = Actor.make("Other", [
    Rpc.make("Count", { success: Schema.Int, error: Overflow }),
    Rpc.make("Name", { success: Schema.String }),
    Rpc.make("Knock")
  ])
  const other = null as unknown as typeof Other.ref.Type
  const closed = { Opened: () => Effect.void, Knock: () => Effect.void }

  it("is answered as it is declared, and fails so", () => {
    expectTypeOf(Actor.forward(other.ask.Count())).toEqualTypeOf<Effect.Effect<Actor.Forwarded<number>, Overflow>>()
    expectTypeOf(Actor.forward(other.ask.Name())).toEqualTypeOf<Effect.Effect<Actor.Forwarded<string>>>()
    Door.of({ ...closed, Enter: () => Actor.forward(other.ask.Count()), Knock: () => Actor.forward(other.ask.Knock()) })
    // @ts-expect-error the answer is a number
    Door.of({ ...closed, Enter: () => Actor.forward(other.ask.Name()) })
    // @ts-expect-error this error is not declared
    Door.of({ ...closed, Enter: () => Effect.succeed(1), Knock: () => Actor.forward(other.ask.Count()) })
  })
})

describe("a message that is answered with a stream", () => {
  const Feed = Actor.make("Feed", [
    Rpc.make("Watch", { payload: { from: Schema.Int }, success: Schema.String, error: Overflow, stream: true }),
    Rpc.make("All", { success: Schema.Int, stream: true }),
    Rpc.make("Post", { payload: { text: Schema.String } })
  ])
  class Store extends Context.Service<Store, { readonly read: Effect.Effect<string> }>()("app/Store") {}
  type Feed = typeof Feed.ref.Type
  const feed = null as unknown as Feed

  it("is asked for its stream, whose errors are typed", () => {
    expectTypeOf<ReturnType<Feed["ask"]["Watch"]>>().toEqualTypeOf<
      Stream.Stream<string, Overflow | ActorError.StreamError>
    >()
    expectTypeOf<ReturnType<Feed["ask"]["All"]>>().toEqualTypeOf<Stream.Stream<number, ActorError.StreamError>>()
  })

  it("takes its payload and the options of a stream", () => {
    expectTypeOf<Parameters<Feed["ask"]["Watch"]>>().toEqualTypeOf<
      [payload: { readonly from: number }, options?: ActorRef.StreamOptions]
    >()
    expectTypeOf<Feed["ask"]["All"]>().toBeCallableWith({ elementTimeout: "1 second", bufferSize: 16 })
    // @ts-expect-error the payload is a number
    expectTypeOf<Feed["ask"]["Watch"]>().toBeCallableWith({ from: "1" })
  })

  it("is never told, by anybody, and has no callback", () => {
    expectTypeOf<keyof Feed["tell"]>().toEqualTypeOf<"Post">()
    expectTypeOf<keyof Feed["tellUnsafe"]>().toEqualTypeOf<"Post">()
    expectTypeOf<keyof Feed["askUnsafe"]>().toEqualTypeOf<"Post">()
    expectTypeOf<keyof Effect.Success<typeof Feed.timers>["once"]>().toEqualTypeOf<"Post">()
    expectTypeOf<keyof Effect.Success<typeof Feed.watcher>["watch"]>().toEqualTypeOf<"Post">()
    expectTypeOf<keyof Effect.Success<typeof Feed.pipeToSelf>>().toEqualTypeOf<"Post">()
    expectTypeOf<Parameters<typeof Feed.tick>[0]>().toEqualTypeOf<never>()
    expectTypeOf(feed.ask.All).toBeFunction()
  })

  it("has a handler that answers with a stream, or with an effect that makes one", () => {
    const Post = () => Effect.void
    Feed.of({ Post, Watch: () => Stream.make("a"), All: () => Effect.succeed(Stream.make(1)) })
    Feed.of({ Post, Watch: () => Stream.fail(new Overflow({ limit: 1 })), All: () => Stream.empty })
    Feed.of({ Post, Watch: () => Effect.fail(new Overflow({ limit: 1 })), All: () => Stream.never })
    // @ts-expect-error the elements are texts
    Feed.of({ Post, Watch: () => Stream.make(1), All: () => Stream.make(1) })
    // @ts-expect-error an effect of one element is no stream
    Feed.of({ Post, Watch: () => Effect.succeed("a"), All: () => Stream.make(1) })
    // @ts-expect-error this error is not declared
    Feed.of({ Post, Watch: () => Stream.make("a"), All: () => Stream.fail(new Overflow({ limit: 1 })) })
  })

  it("has what its handlers and their streams require required of the layer", () => {
    const Watch = () => Stream.fromEffect(Effect.flatMap(Store, ({ read }) => read))
    const live = Feed.toLayer(Effect.succeed(Feed.of({ Post: () => Effect.void, Watch, All: () => Stream.make(1) })))
    expectTypeOf(live).toEqualTypeOf<Layer.Layer<never, never, ActorSystem.ActorSystem | Store>>()
    const made = Feed.toLayer(Effect.succeed(Feed.of({
      Post: () => Effect.void,
      Watch: () => Effect.succeed(Watch()),
      All: () => Stream.make(1)
    })))
    expectTypeOf(made).toEqualTypeOf<Layer.Layer<never, never, ActorSystem.ActorSystem | Store>>()
  })
})
