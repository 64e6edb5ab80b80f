/** Scenarios of Pekko's typed actors: `apache/pekko`, `actor-typed-tests/src/test/scala/org/apache/pekko/actor/typed`. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { Actor, ActorControl, ExitReason, Interceptor } from "shared-nothing"
import { settle } from "../contract/eventually.ts"
import { Player, staged, type Tools } from "./actors.ts"

const crash = Effect.die(new Error("torn"))

describe("SupervisionSpec", () => {
  it.effect("P02 stop at first exception when restart retries limit is 0: the first crash is the last", () =>
    staged((stage) =>
      Effect.gen(function*() {
        stage.acts["crash"] = () => crash
        const a = yield* Player.spawn("a")
        yield* Effect.exit(a.ask.Do({ what: "crash" }))
        assert.strictEqual((yield* a.down).reason._tag, "Crashed")
      }), { supervision: { intensity: { restarts: 0, within: "1 second" } } }))

  it.effect("P07 optionally NOT stop children when restarting: whose scope a child is in says what it ends with", () =>
    staged((stage) =>
      Effect.gen(function*() {
        const outer = yield* Effect.scope
        stage.acts["crash"] = () => crash
        stage.acts["spawn"] = ({ scope }) =>
          Effect.andThen(Scope.provide(Player.spawn("own"), scope), Scope.provide(Player.spawn("lent"), outer)).pipe(
            Effect.asVoid
          )
        const a = yield* Player.spawn("a")
        yield* a.ask.Do({ what: "spawn" })
        yield* Effect.exit(a.ask.Do({ what: "crash" }))
        yield* settle
        yield* a.tell.Note({ n: 1 })
        yield* settle
        assert.deepStrictEqual(stage.log, ["a 1 in 2"])
        assert.deepStrictEqual(
          [(yield* Player.lookup("own"))._tag, (yield* Player.lookup("lent"))._tag],
          ["None", "Some"]
        )
      })
    ))

  for (const when of ["first", "later"] as const) {
    it.effect(`P09 stop children when restart from exception in ${when} setup: those that it had are ended before the next`, () =>
      staged((stage) =>
        Effect.gen(function*() {
          stage.acts["crash"] = () => crash
          const build = ({ key }: Tools) =>
            key !== "a" ? Effect.void : Effect.andThen(Player.spawn("child"), Effect.sync(() => stage.log.push("up")))
          stage.build = build
          const up = when === "first" ? undefined : yield* Player.spawn("a")
          let fails = true
          stage.build = (tools) =>
            Effect.tap(build(tools), () => {
              if (tools.key !== "a" || !fails) return Effect.void
              fails = false
              return Effect.fail("not yet")
            })
          if (up !== undefined) yield* Effect.exit(up.ask.Do({ what: "crash" }))
          else {
            assert.deepInclude(yield* Effect.flip(Player.spawn("a")), { _tag: "SpawnFailed", cause: "not yet" })
            assert.strictEqual((yield* Player.lookup("child"))._tag, "None")
            yield* Player.spawn("a")
          }
          yield* settle
          // A child that was left would have kept its name, and the build from its own.
          assert.deepStrictEqual(stage.log, when === "first" ? ["up", "up"] : ["up", "up", "up"])
          assert.strictEqual((yield* Player.lookup("child"))._tag, "Some")
        })
      ))
  }

  it.effect("P12 fail instead of restart when deferred factory throws: the first build is tried once, however many restarts there are", () =>
    staged((stage) =>
      Effect.gen(function*() {
        stage.build = () => Effect.andThen(Effect.sync(() => stage.log.push("build")), Effect.fail("no disk"))
        assert.strictEqual((yield* Effect.flip(Player.spawn("a")))._tag, "SpawnFailed")
        yield* TestClock.adjust("1 hour")
        yield* settle
        assert.deepStrictEqual(stage.log, ["build"])
      })
    ))
})

const Shop = Actor.make("Shop", [
  Rpc.make("Price", { payload: { item: Schema.String }, success: Schema.Int }),
  Rpc.make("Offers", { success: Schema.Int, stream: true })
])

describe("MessageAdapterSpec", () => {
  it.effect("P21 an answer and a stream of another protocol become messages of its own, as long as its incarnation lives", () =>
    staged((stage) =>
      Effect.gen(function*() {
        const offers = yield* Queue.make<number>()
        const ShopLive = Shop.toLayer(Effect.succeed(Shop.of({
          Price: ({ item }) => item === "tea" ? Effect.succeed(12) : Effect.die(new Error("none")),
          Offers: () =>
            Stream.fromQueue(offers).pipe(Stream.ensuring(Effect.sync(() => stage.log.push("no longer read"))))
        })))
        const context = yield* Layer.build(ShopLive)
        const shop = yield* Effect.provide(Shop.spawn("s"), context)
        const priceOf = (item: string) => ({ pipeToSelf }: Tools) =>
          pipeToSelf.Note(
            shop.ask.Price({ item }),
            (exit) => ({ n: Option.getOrElse(Exit.getSuccess(exit), () => -1) })
          )
        stage.acts["tea"] = priceOf("tea")
        stage.acts["silk"] = priceOf("silk")
        stage.acts["follow"] = ({ pipeToSelf, self }) =>
          pipeToSelf.Bare(Stream.runForEach(shop.ask.Offers(), (n) => self.tell.Note({ n })))
        stage.acts["crash"] = () => crash
        const a = yield* Player.spawn("a")
        for (const what of ["tea", "silk", "follow"]) yield* a.ask.Do({ what })
        yield* Queue.offerAll(offers, [3, 4])
        yield* settle
        assert.deepStrictEqual(stage.log, ["a 12 in 1", "a -1 in 1", "a 3 in 1", "a 4 in 1"])
        yield* Effect.exit(a.ask.Do({ what: "crash" }))
        yield* settle
        yield* Queue.offer(offers, 5)
        yield* settle
        assert.deepStrictEqual(stage.log.slice(4), ["no longer read"])
      })
    ))
})

describe("ActorThreadSpec", () => {
  it.effect("P22 what an incarnation was given does nothing once it has ended, and touches nothing of the next one", () =>
    staged((stage) =>
      Effect.gen(function*() {
        const builds: Array<Tools> = []
        stage.build = (tools) => Effect.sync(() => tools.key === "a" && builds.push(tools))
        stage.acts["crash"] = () => crash
        stage.acts["link"] = ({ watcher }) => watcher.link(a)
        stage.acts["time"] = ({ timers }) => timers.once.Note("key", "1 second", { n: 7 })
        const a = yield* Player.spawn("a")
        yield* Effect.exit(a.ask.Do({ what: "crash" }))
        yield* settle
        const [old, now] = builds as [Tools, Tools]
        const target = yield* Player.spawn("target")
        yield* target.ask.Do({ what: "link" })
        yield* a.ask.Do({ what: "time" })
        yield* old.timers.cancelAll
        yield* old.timers.once.Bare("key", "1 second")
        yield* old.pipeToSelf.Bare(Effect.sync(() => stage.log.push("piped")))
        yield* old.watcher.watch.Bare(target)
        yield* old.watcher.unwatch(target)
        yield* old.stash.unstashAll
        yield* old.become({
          Do: () => Effect.die("old"),
          Note: () => Effect.die("old"),
          Bare: () => Effect.die("old")
        })
        assert.isFalse(yield* old.timers.isActive("key"))
        yield* TestClock.adjust("1 second")
        yield* settle
        assert.deepStrictEqual(stage.log, ["a 7 in 2"])
        yield* ActorControl.kill(target)
        assert.deepStrictEqual((yield* now.self.down).reason, ExitReason.linked("Player/target", ExitReason.killed))
        assert.deepStrictEqual(stage.log, ["a 7 in 2"])
      })
    ))
})

describe("StopSpec", () => {
  const ends: ReadonlyArray<[string, (a: Actor.Ref<typeof Player>, life: Scope.Closeable) => Effect.Effect<unknown>]> =
    [
      ["a stop", (a) => ActorControl.stop(a)],
      ["a kill", (a) => ActorControl.kill(a)],
      ["its own stop", (a) => Effect.exit(a.ask.Do({ what: "stop" }))],
      ["a crash too many", (a) => Effect.exit(a.ask.Do({ what: "crash" }))],
      ["its scope", (_, life) => Scope.close(life, Exit.void)]
    ]
  for (const [how, end] of ends) {
    it.effect(`P24 PostStop exactly once, behind the end of the children: by ${how}`, () =>
      staged((stage) =>
        Effect.gen(function*() {
          stage.acts["crash"] = () => crash
          stage.acts["stop"] = ({ self }) => ActorControl.stop(self)
          stage.build = ({ key }) =>
            Effect.andThen(
              Actor.onRelease(() => Effect.sync(() => void stage.log.push(`${key} released`))),
              key === "a" ? Player.spawn("child") : Effect.void
            )
          const life = yield* Scope.make()
          const a = yield* Scope.provide(Player.spawn("a"), life)
          yield* end(a, life)
          yield* a.down
          yield* Scope.close(life, Exit.void)
          assert.deepStrictEqual(stage.log, ["child released", "a released"])
        }), { supervision: { restart: "temporary" } }))
  }
})

describe("InterceptSpec", () => {
  it.effect("P25 the same interceptor does not stack up over thousands of behaviour changes", () =>
    staged(
      (stage) =>
        Effect.gen(function*() {
          const even: Actor.Handlers<typeof Player> = {
            Do: () => Effect.succeed("even"),
            Note: () => Effect.suspend(() => become(odd)),
            Bare: () => Effect.void
          }
          const odd: Actor.Handlers<typeof Player> = {
            ...even,
            Do: () => Effect.succeed("odd"),
            Note: () => Effect.suspend(() => become(even))
          }
          let become: Tools["become"] = () => Effect.void
          stage.build = (tools) => Effect.sync(() => become = tools.become)
          stage.acts["begin"] = () => become(even)
          const a = yield* Player.spawn("a")
          yield* a.ask.Do({ what: "begin" })
          for (let n = 0; n < 3001; n++) yield* a.tell.Note({ n })
          yield* a.ask.Do({ what: "" })
          seen = 0
          assert.strictEqual(yield* a.ask.Do({ what: "" }), "odd")
          assert.strictEqual(seen, 1)
        }),
      { mailbox: { capacity: "unbounded" } },
      Interceptor.layer((_, next) =>
        Effect.suspend(() => {
          seen++
          return next
        })
      )
    ))
  let seen = 0
})
