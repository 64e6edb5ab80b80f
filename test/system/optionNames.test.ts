/** A name of an option that nobody knows is refused wherever options are checked, with the place where it stands and the name that was probably meant. */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Rpc from "effect/rpc/Rpc"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { Actor, ActorSystem, Channel, Child, DeadLetters, Pool, SharedChannel, Supervisor } from "shared-nothing"

const Desk = Actor.make("Desk", [Rpc.make("Sit", { success: Schema.Int })])
const handlers = Desk.of({ Sit: () => Effect.succeed(1) })

const spawn = (): never => {
  throw new Error("no thread is started with such options")
}

// As a program without types may write them.
const wrong = <A>(options: unknown): A => options as A

const live = (options: unknown) =>
  Effect.suspend(() => Layer.build(Desk.toLayer(Effect.succeed(handlers), wrong(options)))).pipe(
    Effect.provide(ActorSystem.layer)
  )
const pool = (options: object) => Pool.make(Desk, wrong({ spawn, ...options }))
const system = (options: object) => Layer.build(ActorSystem.layerThreads(wrong({ spawn, threads: 1, ...options })))
const inSystem = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.provide(effect, Layer.provideMerge(Desk.toLayer(Effect.succeed(handlers)), ActorSystem.layer))
const supervisor = (options: object) =>
  Supervisor.make("s", wrong<Child.SupervisorOptions>({ strategy: "one-for-one", ...options }))
const child = (options: object) => Effect.sync(() => Child.effect("c", Effect.never, wrong(options)))

const cases: ReadonlyArray<
  readonly [of: string, made: Effect.Effect<unknown, unknown, any>, option: string, meant: string]
> = [
  ["a pool", pool({ thread: 4 }), "thread", "threads"],
  ["the queue of a pool", pool({ queue: { capcity: 10 } }), "queue.capcity", "queue.capacity"],
  ["the arena of a pool", pool({ arena: { capacityByte: 10 } }), "arena.capacityByte", "arena.capacityBytes"],
  ["the threads of a pool", pool({ threads: { min: 1, max: 2, idel: 1 } }), "threads.idel", "threads.idle"],
  [
    "how a pool adapts",
    pool({ threads: { min: 1, max: 2, adapt: { waits: 1 } } }),
    "threads.adapt.waits",
    "threads.adapt.wait"
  ],
  ["how a pool recycles", pool({ recycle: { heapByte: 1 } }), "recycle.heapByte", "recycle.heapBytes"],
  ["the heartbeat of a pool", pool({ heartbeat: { timout: 1 } }), "heartbeat.timout", "heartbeat.timeout"],
  ["the cores of a pool", pool({ cpu: { nicenes: 1 } }), "cpu.nicenes", "cpu.niceness"],
  ["who joins a pool", Pool.join(Desk, wrong({ timeOut: 1 })), "timeOut", "timeout"],
  ["a system", system({ standBy: 1 }), "standBy", "standby"],
  ["the rings of a system", system({ ring: { capacity_bytes: 1 } }), "ring.capacity_bytes", "ring.capacityBytes"],
  ["the heartbeat of a system", system({ heartbeat: { intervall: 1 } }), "heartbeat.intervall", "heartbeat.interval"],
  [
    "the restarts of a system",
    system({ intensity: { restart: 1, within: "1 second" } }),
    "intensity.restart",
    "intensity.restarts"
  ],
  ["a behaviour", live({ mailBox: {} }), "mailBox", "mailbox"],
  ["a mailbox", live({ mailbox: { capcity: 10 } }), "mailbox.capcity", "mailbox.capacity"],
  [
    "a mailbox that survives",
    live({ mailbox: { survives: { capacityByte: 1 } } }),
    "mailbox.survives.capacityByte",
    "mailbox.survives.capacityBytes"
  ],
  [
    "how actors are supervised",
    live({ supervision: { restarts: "temporary" } }),
    "supervision.restarts",
    "supervision.restart"
  ],
  [
    "what is handed out again",
    live({ supervision: { redeliver: { attempt: 2 } } }),
    "supervision.redeliver.attempt",
    "supervision.redeliver.attempts"
  ],
  ["a spawn", inSystem(Desk.spawn("a", wrong({ placment: "here" }))), "placment", "placement"],
  ["actors by key", inSystem(Desk.keyed(wrong({ idel: "1 minute" }))), "idel", "idle"],
  [
    "dead letters",
    Effect.provideService(Effect.provide(Effect.void, ActorSystem.layer), DeadLetters.Limits, wrong({ letter: 1 })),
    "letter",
    "letters"
  ],
  ["a supervisor", supervisor({ stopOrdr: "reverse" }), "stopOrdr", "stopOrder"],
  [
    "how often children may restart",
    supervisor({ intensity: { restarts: 1, within: "1 second", pre: "child" } }),
    "intensity.pre",
    "intensity.per"
  ],
  [
    "the pauses of a supervisor",
    supervisor({ backoff: { schedule: Schedule.spaced(Duration.seconds(1)), resetafter: 1 } }),
    "backoff.resetafter",
    "backoff.resetAfter"
  ],
  ["a child", child({ shutDown: 1 }), "shutDown", "shutdown"],
  ["a channel", Channel.make(Schema.Int, wrong({ capcity: 10 })), "capcity", "capacity"],
  [
    "a channel between threads",
    SharedChannel.make(Schema.Int, wrong({ bufferbytes: 10 })),
    "bufferbytes",
    "bufferBytes"
  ]
]

describe("an option that nobody knows", () => {
  for (const [of, made, option, meant] of cases) {
    it.effect(`is refused: of ${of}`, () =>
      Effect.gen(function*() {
        const exit = yield* Effect.exit(Effect.scoped(made as Effect.Effect<unknown>))
        const error = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
        assert.instanceOf(error, Error)
        assert.include(["InvalidOptions", "InvalidSupervision", "InvalidChannel"], error.name.split("/").at(-1))
        assert.propertyVal(error, "option", option)
        assert.include(error.message, `an option that there is; did you mean ${meant}?`)
      }))
  }

  it.effect("is none when it says nothing", () =>
    Effect.scoped(Effect.gen(function*() {
      const { receiver } = yield* Channel.make(Schema.Int, wrong({ capcity: undefined }))
      assert.strictEqual(yield* receiver.depth, 0)
    })))
})
