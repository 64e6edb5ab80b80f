/** What ends is one line of the log, with all that is known of it: of threads, actors, and what gives up. */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { Actor, ActorSystem, ActorThread, Child, Pool, PoolThread, Supervisor } from "shared-nothing"
import { Fault, Simulation } from "shared-nothing/testing"
import { noThread } from "../simulate/scenario.ts"

const Mill = Actor.make("Mill", [
  Rpc.make("Grind", { success: Schema.Int }),
  Rpc.make("Burst"),
  Rpc.make("Leave"),
  Rpc.make("Turn")
])
const MillLive = Mill.toLayer(Effect.succeed(Mill.of({
  Grind: () => Effect.succeed(1),
  Burst: () => Effect.die(new Error("worn")),
  Leave: () => Effect.sync(() => process.exit(3)),
  Turn: () => Effect.uninterruptible(Effect.never)
})))

const inPool = () => PoolThread.launch(MillLive)
const inSystem = () => ActorThread.launch(MillLive)
const forever = { timeout: "Infinity" } as const

type Line = readonly [level: string, message: string, cause: string]

/** All lines from warnings on that a program logs by the time that it ends. */
const linesOf = <E>(program: Effect.Effect<unknown, E, Scope.Scope>, worker: () => unknown = inSystem) =>
  Effect.gen(function*() {
    const lines: Array<Line> = []
    const logger = Logger.make<unknown, void>(({ cause, logLevel, message }) => {
      if (logLevel !== "Warn" && logLevel !== "Error" && logLevel !== "Fatal") return
      lines.push([logLevel, String(message), cause.reasons.length === 0 ? "" : String(Cause.squash(cause))])
    })
    yield* Simulation.check(
      { name: "lines", seeds: 1, worker },
      Effect.suspend(() => {
        // A seed may be run again.
        lines.length = 0
        // What gives up interrupts the fiber that it is on.
        return Effect.flatMap(Effect.forkChild(Effect.scoped(program)), Fiber.await)
      }).pipe(Effect.provide(Logger.layer([logger])))
    )
    return lines
  })

const pool = (options: Partial<Pool.PoolOptions>) =>
  Fault.calm(Pool.make(Mill, { spawn: noThread, threads: 1, ...options }))
const code3 = /^(shared-nothing\/)?ThreadExited: thread "worker-0" exited with code 3/

describe("the death of a thread of a pool is one line", () => {
  it.effect("a warning that says why, and that it is started again", () =>
    Effect.gen(function*() {
      const lines = yield* linesOf(
        Effect.gen(function*() {
          const mill = yield* pool({})
          yield* Effect.exit(mill.ask.Leave(forever))
          yield* mill.ask.Grind(forever)
        }),
        inPool
      )
      assert.deepStrictEqual(lines.map(([level, message]) => [level, message]), [
        ["Warn", `child "worker-0" of supervisor "Mill/pool" ended; restarting`]
      ])
      assert.match(lines[0]![2], code3)
    }))

  it.effect("which says that it was replaced, and what for", () =>
    Effect.gen(function*() {
      const lines = yield* linesOf(
        Effect.gen(function*() {
          const mill = yield* pool({ grace: "50 millis" })
          yield* Effect.exit(mill.ask.Turn({ timeout: "10 millis" }))
          yield* mill.ask.Grind(forever)
        }),
        inPool
      )
      assert.deepStrictEqual(lines.map(([level, message]) => [level, message]), [[
        "Warn",
        `child "worker-0" of supervisor "Mill/pool" ended (it was replaced, because a Turn went on for 50 ms after nobody waited for it any more); restarting`
      ]])
    }))

  it.effect("an error when it was one too many, and one more that the program ends", () =>
    Effect.gen(function*() {
      const lines = yield* linesOf(
        Effect.gen(function*() {
          const mill = yield* pool({ intensity: { restarts: 0, within: "1 minute" } })
          yield* Effect.exit(mill.ask.Leave(forever))
          return yield* Effect.never
        }),
        inPool
      )
      assert.deepStrictEqual(lines.map(([level]) => level), ["Error", "Fatal"])
      assert.match(lines[0]![1], /^supervisor "Mill\/pool" gave up on child "worker-0": more than 0 restarts/)
      assert.match(lines[1]![1], /^Mill\/pool has given up: .*, so the program ends$/)
    }))

  it.effect("the error alone when somebody has asked to be told", () =>
    Effect.gen(function*() {
      const lines = yield* linesOf(
        Effect.gen(function*() {
          const mill = yield* pool({ intensity: { restarts: 0, within: "1 minute" } })
          const told = yield* Effect.forkChild(Pool.escalation(mill), { startImmediately: true })
          yield* Effect.exit(mill.ask.Leave(forever))
          yield* Fiber.join(told)
        }),
        inPool
      )
      assert.deepStrictEqual(lines.map(([level]) => level), ["Error"])
    }))
})

describe("the death of a thread of a system is one line", () => {
  const system = (options: Partial<ActorSystem.ThreadsOptions>) =>
    Effect.gen(function*() {
      const layer = ActorSystem.layerThreads({ spawn: noThread, threads: 1, strikeOff: false, ...options })
      const context = yield* Fault.calm(Layer.build(layer))
      const mill = yield* Effect.provideContext(Mill.spawn("m", { placement: { thread: 0 } }), context)
      yield* Effect.exit(mill.ask.Leave(forever))
      yield* Effect.exit(Effect.retry(mill.ask.Grind(), { while: ({ _tag }) => _tag === "ActorRestarting" }))
    })

  it.effect("a warning that says why, and that it is started again", () =>
    Effect.gen(function*() {
      const lines = yield* linesOf(system({}), inSystem)
      assert.deepStrictEqual(lines.map(([level, message]) => [level, message]), [
        ["Warn", `child "worker-0" of supervisor "threads" ended; restarting`]
      ])
      assert.match(lines[0]![2], code3)
    }))
})

describe("the crash of an actor is one line", () => {
  const here = (options: Actor.BehaviourOptions, supervised?: Supervised) =>
    Effect.gen(function*() {
      const live = Mill.toLayer(
        Effect.succeed(Mill.of({
          Grind: () => Effect.succeed(1),
          Burst: () => Effect.die(new Error("worn")),
          Leave: () => Effect.void,
          Turn: () => Effect.void
        })),
        options
      )
      const context = yield* Layer.build(Layer.provideMerge(live, ActorSystem.layer))
      yield* Effect.gen(function*() {
        const mill = supervised === undefined ? yield* Mill.spawn("m") : yield* below(supervised)
        yield* Effect.exit(mill.ask.Burst(forever))
        yield* Effect.sleep("1 second")
      }).pipe(Effect.provideContext(context))
    })

  interface Supervised extends Child.ChildOptions {
    readonly restarts: number
  }

  const below = ({ restarts, ...options }: Supervised) =>
    Effect.gen(function*() {
      const child = Child.actor(Mill, "m", options)
      const supervisor = yield* Supervisor.make("s", {
        strategy: "one-for-one",
        intensity: { restarts, within: "1 minute" }
      })
      return yield* supervisor.startChild(child)
    })

  const cases: ReadonlyArray<readonly [string, Actor.BehaviourOptions, Supervised | undefined, ReadonlyArray<string>]> =
    [
      ["that is built again", {}, undefined, ["Warn: ActorRestarted Mill/m"]],
      [
        "that stays down",
        { supervision: { restart: "temporary" } },
        undefined,
        ["Error: Mill/m has ended: crashed: Error: worn"]
      ],
      [
        "that has used up its restarts",
        { supervision: { intensity: { restarts: 0, within: "1 minute" } } },
        undefined,
        ["Error: Mill/m has ended: more than 0 restarts within 60000 ms; the last after Error: worn"]
      ],
      [
        "below a supervisor",
        {},
        { restarts: 3 },
        [`Warn: child "Mill/m" of supervisor "s" ended; restarting`]
      ],
      [
        "that stays down below a supervisor",
        {},
        { restarts: 3, restart: "temporary" },
        [`Error: child "Mill/m" of supervisor "s" ended and stays down`]
      ],
      [
        "whose supervisor gives up",
        {},
        { restarts: 0 },
        [`Error: supervisor "s" gave up on child "Mill/m": more than 0 restarts within 60000 ms; last: worn`]
      ]
    ]
  for (const [title, options, supervised, expected] of cases) {
    it.effect(title, () =>
      Effect.gen(function*() {
        const lines = yield* linesOf(here(options, supervised))
        assert.deepStrictEqual(lines.map(([level, message]) => `${level}: ${message}`), expected)
        assert.include(lines[0]![2], "worn")
      }))
  }
})
