/** A system that gives up ends its program, unless somebody has asked. */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Rpc from "effect/rpc/Rpc"
import { Actor, ActorSystem } from "shared-nothing"
import { settle } from "../contract/eventually.ts"
import * as Fixture from "../fixtures/system.ts"
import { goesOn } from "../support/goesOn.ts"
import { threads } from "./threads.ts"

const Heart = Actor.make("Heart", [Rpc.make("Fail"), Rpc.make("Beat")])
const HeartLive = Heart.toLayer(
  Effect.succeed(Heart.of({ Fail: () => Effect.die(new Error("attack")), Beat: () => Effect.void })),
  { supervision: { intensity: { restarts: 0, within: "1 minute", per: "supervisor" } } }
)

const make = () => {
  const logged: Array<string> = []
  const closed: Array<string> = []
  const logger = Logger.make(({ logLevel, message }) => void logged.push(`${logLevel}: ${String(message)}`))
  const Other = Layer.effectDiscard(Effect.addFinalizer(() => Effect.sync(() => void closed.push("other"))))
  const System = Layer.mergeAll(HeartLive, Other).pipe(
    Layer.provideMerge(ActorSystem.layer),
    Layer.provideMerge(Logger.layer([logger]))
  )
  return { logged, closed, System }
}

const failing = Effect.flatMap(Heart.spawn("h"), (heart) => Effect.asVoid(heart.tell.Fail()))
const Failing = Layer.effectDiscard(Effect.orDie(failing))

const assertGaveUp = (exit: Exit.Exit<unknown, unknown>, who: string, why: RegExp) => {
  if (Exit.isSuccess(exit)) return assert.fail("the program goes on")
  const defects = exit.cause.reasons.flatMap((reason) => Cause.isDieReason(reason) ? [reason.defect] : [])
  const [defect] = defects
  assert.instanceOf(defect, ActorSystem.SystemGaveUp)
  assert.strictEqual(defect.who, who)
  assert.match(defect.message, why)
}

describe("a system that gives up", () => {
  it.effect("ends a program that is launched, closes what it holds, and is what that fails with", () => {
    const { System, closed, logged } = make()
    return Effect.gen(function*() {
      const program = yield* Effect.forkChild(Layer.launch(Failing.pipe(Layer.provideMerge(System))))
      assertGaveUp(yield* Fiber.await(program), "Heart", /^Heart has given up: Error: attack$/)
      assert.deepStrictEqual(closed, ["other"])
      assert.include(
        logged,
        "Fatal: Heart has given up: Error: attack; nobody has asked for ActorSystem.escalation, so the program ends"
      )
    })
  })

  it.effect("ends a program that it is provided to", () => {
    const { System } = make()
    return Effect.gen(function*() {
      const program = Effect.andThen(Effect.scoped(Effect.andThen(failing, Effect.never)), Effect.void)
      const fiber = yield* Effect.forkChild(Effect.provide(program, System))
      assertGaveUp(yield* Fiber.await(fiber), "Heart", /attack/)
    })
  })

  it.effect("ends a program that says who it is, wherever the layer is built", () => {
    const { System, closed } = make()
    return Effect.gen(function*() {
      const launched = Layer.launch(Layer.mergeAll(Failing.pipe(Layer.provideMerge(System)), Layer.empty))
      const program = yield* Effect.forkChild(
        Effect.withFiber((fiber) => Effect.provideService(launched, ActorSystem.EndsProgram, fiber))
      )
      assertGaveUp(yield* Fiber.await(program), "Heart", /attack/)
      assert.deepStrictEqual(closed, ["other"])
    })
  })

  it.effect("leaves it to whoever has asked", () => {
    const { System, logged } = make()
    return Effect.gen(function*() {
      const gate = yield* Deferred.make<void>()
      const program = Effect.gen(function*() {
        const asker = yield* Effect.forkChild(ActorSystem.escalation, { startImmediately: true })
        yield* failing
        const { name } = yield* Fiber.join(asker)
        yield* Deferred.await(gate)
        return name
      })
      const fiber = yield* Effect.forkChild(Effect.provide(Effect.scoped(program), System))
      yield* settle
      yield* Deferred.succeed(gate, undefined)
      assert.strictEqual(yield* Fiber.join(fiber), "Heart")
      assert.isFalse(logged.some((line) => line.startsWith("Fatal")))
    })
  })

  it.effect("does not, where that was said; and says why nothing can be spawned any more", () => {
    const { System } = make()
    return Effect.gen(function*() {
      const heart = yield* Heart.spawn("h")
      yield* heart.tell.Fail()
      yield* heart.down
      yield* settle
      const failed = yield* Effect.flip(Heart.spawn("again"))
      assert.strictEqual(
        failed.message,
        "Heart/again could not start: Error: its behaviour has given up, after Error: attack"
      )
    }).pipe(Effect.scoped, Effect.provide(System.pipe(Layer.provide(goesOn))))
  })

  it.effect("ends it also when whoever had asked has gone", () => {
    const { System } = make()
    return Effect.gen(function*() {
      const program = Effect.gen(function*() {
        const asker = yield* Effect.forkChild(ActorSystem.escalation, { startImmediately: true })
        yield* Fiber.interrupt(asker)
        yield* failing
        return yield* Effect.never
      })
      const fiber = yield* Effect.forkChild(Effect.provide(Effect.scoped(program), System))
      assertGaveUp(yield* Fiber.await(fiber), "Heart", /attack/)
    })
  })

  it.live("ends a program whose threads have used up their restarts", () =>
    Effect.gen(function*() {
      const program = Effect.gen(function*() {
        const probe = yield* Fixture.Probe.spawn("p")
        yield* Effect.exit(probe.ask.Throw())
        return yield* Effect.never
      })
      const system = threads({ intensity: { restarts: 0, within: "1 minute" } }).pipe(
        Layer.provideMerge(Logger.layer([]))
      )
      const fiber = yield* Effect.forkChild(Effect.provide(Effect.scoped(program), system))
      assertGaveUp(yield* Fiber.await(fiber), "threads", /threads has given up/)
    }))
})
