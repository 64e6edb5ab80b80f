/**
 * Behaviours that stand in for others: answers from a table, a spy around the real one, one that dies when the run says so; and pools without threads.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import type * as Rpc from "effect/rpc/Rpc"
import * as Scope from "effect/Scope"
import type { Actor } from "../actor/Actor.ts"
import type { SpawnError } from "../actor/ActorError.ts"
import { refClass } from "../actor/ActorRef.ts"
import { ActorSystem } from "../actor/ActorSystem.ts"
import * as ExitReason from "../actor/ExitReason.ts"
import { type Behaviour, CurrentActor, type Handlers } from "../actor/kernel/Behaviour.ts"
import type { Cell } from "../actor/kernel/Cell.ts"
import { outcomeOf } from "../actor/kernel/Streaming.ts"
import { inWorker } from "../pool/kernel/InWorker.ts"
import { poolKey, type PoolSide } from "../pool/kernel/PoolKey.ts"
import type { Pool } from "../pool/Pool.ts"
import { textOf } from "../runtime/Text.ts"
import * as System from "../system/ActorSystem.ts"
import * as Fault from "./Fault.ts"
import { hurried } from "./internal/patience.ts"
import { StandInPool } from "./internal/standInPool.ts"
import type { Answers } from "./Probe.ts"

/**
 * The behaviour of an actor whose answers stand in a table.
 *
 * **Gotchas** A message that the table does not have is a defect, for who tells it as well.
 */
export const fromTable = <Name extends string, Rpcs extends Rpc.Any>(
  actor: Actor<Name, Rpcs>,
  answers: NoInfer<Answers<Rpcs>>
): Layer.Layer<never, never, ActorSystem> => {
  const table = answers as Readonly<Record<string, Handlers[string] | undefined>>
  const handlers: Handlers = Object.fromEntries(actor.protocol.tags.map((tag) => [
    tag,
    table[tag] ?? (() => Effect.die(new Error(`the stand-in for ${actor.name} has no answer to ${tag}`)))
  ]))
  return actor.toLayer<never, never, never>(Effect.succeed(handlers as never))
}

/** A call that a spy has seen. */
export interface Call {
  /** `Counter/a`. */
  readonly actor: string
  readonly tag: string
  readonly payload: unknown
  readonly atMillis: number
  /** How it has ended; `undefined` while it goes on. */
  exit: Exit.Exit<unknown, unknown> | undefined
}

/** The behaviours of a layer, and what they are asked to do. */
export interface Spy<E, R> {
  readonly layer: Layer.Layer<never, E, R>
  /** All calls so far, the oldest first. */
  readonly calls: ReadonlyArray<Call>
}

type Wrap = (
  behaviour: Behaviour,
  tag: string,
  handler: Handlers[string],
  key: string
) => Handlers[string]

/** The behaviours of a layer, each changed in some way. */
const changed = <E, R>(
  live: Layer.Layer<never, E, R | ActorSystem>,
  change: (behaviour: Behaviour) => Behaviour
): Layer.Layer<never, E, R | ActorSystem> => {
  const System = Layer.effect(
    ActorSystem,
    Effect.map(ActorSystem, (system) => ({ ...system, register: (behaviour) => system.register(change(behaviour)) }))
  )
  return Layer.provide(live, System) as Layer.Layer<never, E, R | ActorSystem>
}

/** The behaviours of a layer with each of their handlers wrapped. */
const wrapped = <E, R>(
  live: Layer.Layer<never, E, R | ActorSystem>,
  wrap: Wrap
): Layer.Layer<never, E, R | ActorSystem> =>
  changed(live, (behaviour) => ({
    ...behaviour,
    // What `build` needs of the incarnation is there when it runs.
    build: Effect.flatMap(
      CurrentActor,
      ({ key }) =>
        Effect.map(behaviour.build, (handlers): Handlers =>
          Object.fromEntries(
            Object.entries(handlers).map(([tag, handler]) => [tag, wrap(behaviour, tag, handler, key)])
          ))
    ) as Behaviour["build"]
  }))

/** Watches the behaviours of a layer, which do what they always do. */
export const spy = <E, R>(live: Layer.Layer<never, E, R | ActorSystem>): Spy<E, R | ActorSystem> => {
  const calls: Array<Call> = []
  const layer = wrapped(
    live,
    ({ protocol }, tag, handler, key) => (payload) =>
      Effect.flatMap(Clock.currentTimeMillis, (atMillis) => {
        const call: Call = { actor: `${protocol.name}/${key}`, tag, payload, atMillis, exit: undefined }
        calls.push(call)
        return Effect.onExit(outcomeOf(handler(payload)), (exit) =>
          Effect.sync(() => {
            call.exit = exit
          }))
      })
  )
  return { layer, calls }
}

/** Behaviours of which a handler dies now and then, as often as the faults of the run say; elsewhere they are the real ones. */
export const defective = <E, R>(
  live: Layer.Layer<never, E, R | ActorSystem>
): Layer.Layer<never, E, R | ActorSystem> =>
  wrapped(
    live,
    ({ protocol }, tag, handler) => (payload) =>
      Effect.andThen(Fault.buggify(`${protocol.name}.${tag}`), Effect.suspend(() => outcomeOf(handler(payload))))
  )

/** How a pool is stood in for. */
export interface PoolOptions {
  /** How many jobs it handles at once: at least 1; default 4. */
  readonly workers?: number | undefined
}

const WORKERS = 4

/**
 * A pool without threads, for `Pool.ref`: its jobs are handled on this thread, under the clock of the test, by the layer that the file of its worker launches, or by one that stands in for that.
 *
 * **When to use** In a unit test of what uses a pool. How work is spread, queues, and the deaths of threads are tested in a simulation, or on real threads.
 *
 * **Details** Payloads and replies are checked as between threads. A handler with a defect fails who has asked and nobody else, however often: what waits is for the next worker that is free, in order of sending.
 * Keys, priorities and `runTimeout` are accepted and ignored: no job is ended for its run. There is always room.
 * Handlers of the layer have their own pool by `Pool.ref`, and a system, layers and actors of their own, as those of a worker: nothing of it is in the system of the program. What their behaviours say of failures and mailboxes is
 * as they have it on a worker, and what a pool refuses (a stash, an adapter of its actor) is refused here. `Pool.CurrentWorker` is `undefined` in them: there are no threads to tell apart.
 *
 * **Gotchas** A job that waits for jobs of its pool has its worker meanwhile: more of them than `workers` wait for each other until their time is over. In a pool they do not. What only a pool can tell (`Pool.stats`, `Pool.events`, `Pool.resize`,
 * `Pool.reload`, `Pool.escalation`) is not told by this one.
 *
 * **Errors** As of the layer. Dies with what a spawn fails with when the handlers cannot be built (`SpawnFailed`), or the layer has none for the actor (`BehaviourNotFound`), and with a `RangeError` for `workers` that are no integer of
 * at least 1. A message dies with `InvalidOptions` for a `priority` or a `runTimeout` that makes no sense, as one to a pool does.
 *
 * **Example** (A service is tested without its threads)
 *
 * ```ts run
 * import * as Console from "effect/Console"
 * import * as Effect from "effect/Effect"
 * import * as Rpc from "effect/rpc/Rpc"
 * import * as Schema from "effect/Schema"
 * import { Actor, Pool } from "shared-nothing"
 * import { StandIn } from "shared-nothing/testing"
 *
 * const Hashing = Actor.make("Hashing", [
 *   Rpc.make("Hash", { payload: { text: Schema.String }, success: Schema.String })
 * ])
 *
 * const register = (password: string) =>
 *   Effect.flatMap(Pool.ref(Hashing), (hashing) => hashing.ask.Hash({ text: password }, { priority: "high" }))
 *
 * const HashingTest = StandIn.pool(
 *   Hashing,
 *   StandIn.fromTable(Hashing, { Hash: ({ text }) => Effect.succeed(`hash of ${text}`) })
 * )
 *
 * await Effect.runPromise(Effect.flatMap(register("secret"), Console.log).pipe(Effect.provide(HashingTest)))
 * // => hash of secret
 * ```
 */
export const pool = <Name extends string, Rpcs extends Rpc.Any, E, R>(
  actor: Actor<Name, Rpcs>,
  live: Layer.Layer<never, E, R | ActorSystem | Pool<Name>>,
  options: PoolOptions = {}
): Layer.Layer<Pool<Name>, E, Exclude<R, ActorSystem | Pool<Name>>> => {
  const { protocol } = actor
  const { workers = WORKERS } = options
  const make = Effect.gen(function*() {
    if (!(Number.isInteger(workers) && workers >= 1)) {
      throw new RangeError(`StandIn.pool: workers is ${textOf(workers)}, expected an integer of at least 1`)
    }
    const scope = yield* Scope.make()
    const recipient = new StandInPool(protocol)
    yield* Effect.addFinalizer((exit) => {
      recipient.close()
      const ended = Effect.sync(() => recipient.end())
      return Effect.ensuring(hurried(Scope.close(scope, exit)), ended)
    })
    const reference = new (refClass(protocol))(recipient)
    const side: PoolSide = { reference: () => reference }
    // As on a thread of its own: nothing that the program has built is found here, and nothing from here there.
    const system = yield* Layer.buildWithScope(Layer.fresh(System.layer), scope).pipe(
      Effect.provideService(System.EndsProgram, false)
    )
    const ground = Context.add(system, poolKey(protocol.name), side)
    const inWorkers = changed(live, (behaviour) => inWorker(behaviour, protocol.name))
    yield* Effect.provideContext(Layer.buildWithScope(Layer.fresh(inWorkers), scope), ground)
    const services = Context.get(system, ActorSystem)
    const run = Effect.runForkWith(yield* Effect.context<never>())
    // What a system of one thread spawns is a cell.
    const seat = (place: number): Effect.Effect<void, SpawnError> =>
      Effect.map(services.spawn(protocol, `worker-${place}`, undefined, scope), (cell) =>
        // What its behaviour says of a failure may be its end: another one comes in its place, as another thread would.
        recipient.seat(place, cell as Cell, (reason) =>
          void run(Effect.catchCause(seat(place), () =>
            Effect.sync(() => recipient.end(reason))))))
    for (let place = 0; place < workers; place++) yield* Effect.orDie(seat(place))
    // One that escalates takes the threads of a pool with it, until that gives up: here it gives up at once.
    const escalated = Effect.flatMap(
      services.escalation,
      ({ cause }) => Effect.sync(() => recipient.end(ExitReason.crashed(cause, "decide")))
    )
    yield* Effect.forkIn(escalated, scope)
    return side
  })
  return Layer.effect(poolKey(protocol.name), make)
}
