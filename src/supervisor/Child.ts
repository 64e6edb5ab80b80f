/**
 * What a supervisor looks after: the functions that make child specs.
 *
 * ```
 *            start completes        exit completes        scope closed
 *  start ────────▶ ready ─────────────▶ ended ─────────────▶ released ──▶ next incarnation, or stopped
 *  └──────────────── one incarnation, in a Scope of its own ─────────┘
 * ```
 *
 * Making a spec starts nothing. A wrong option throws `InvalidSupervision` when the spec is made, never later. The shape of
 * a spec, its defaults and the meaning of its shutdown follow Erlang/OTP's `supervisor`.
 */
import type * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { Any, ChildOptions, ChildSpec, DynamicOptions, Running, Services, SupervisorOptions } from "./ChildSpec.ts"
import { EndsProgram } from "./EndsProgram.ts"
import { invalid } from "./internal/check.ts"
import { check, spec, wholeDynamic } from "./internal/spec.ts"
import type * as Restart from "./Restart.ts"
import type { Supervisor } from "./Supervisor.ts"
import type * as Tree from "./Tree.ts"

export { defaultShutdownMillis, forceLimitMillis, ignore, stopOrders } from "./ChildSpec.ts"
export type {
  Any,
  Body,
  ChildOptions,
  ChildSpec,
  DynamicOptions,
  Renewal,
  Running,
  Services,
  Shutdown,
  StopOrder,
  SupervisorOptions
} from "./ChildSpec.ts"
export type { AutoShutdown, Strategy } from "./Strategy.ts"

/**
 * A child from its start.
 *
 * **When to use**
 *
 * For anything that is not an effect, a layer or a supervisor: a thread, a connection, a process.
 *
 * **Details**
 *
 * `start` completes when the child is ready, or fails. It runs in the scope of the incarnation: what it acquires there is
 * released after the child has ended, before a new incarnation starts. `kind` is what the tree shows, default `"effect"`.
 *
 * **Gotchas**
 *
 * A start or a finalizer that never ends holds its child in `"restarting"` or `"stopping"`: the others and every operation go
 * on, but nothing is started beside it until it is terminated.
 *
 * **Errors**
 *
 * Throws `InvalidSupervision` for a wrong option.
 */
export const make = <A, E, R, X = unknown>(
  id: string,
  options: ChildOptions<NoInfer<E | X>> & {
    readonly start: Effect.Effect<Running<A, X>, E, R>
    readonly kind?: Tree.NodeKind | undefined
  }
): ChildSpec<Exclude<R, Scope.Scope>, A> =>
  spec(id, options.kind ?? "effect", options, {
    _tag: "Start",
    start: options.start as Effect.Effect<Running<A>, E, Exclude<R, Scope.Scope> | Scope.Scope>
  })

/**
 * A long-running effect. It is ready as soon as it runs; it ends by success, failure, defect or interruption.
 *
 * **Details**
 *
 * Each incarnation runs in a fiber and a scope of its own. It is stopped by interruption.
 *
 * **Errors**
 *
 * Throws `InvalidSupervision` for a wrong option.
 */
export const effect = <A, E, R>(
  id: string,
  effect: Effect.Effect<A, E, R>,
  options?: ChildOptions<NoInfer<E>>
): ChildSpec<Exclude<R, Scope.Scope>> =>
  make(id, {
    ...options,
    start: Effect.scope.pipe(
      Effect.flatMap((scope) => Effect.forkIn(Effect.scoped(effect), scope, { startImmediately: true })),
      Effect.map((fiber): Running => ({ exit: Fiber.await(fiber) }))
    )
  })

/**
 * A layer: ready when it is built, up until it is stopped; it fails by failing to build.
 *
 * **Details**
 *
 * Each incarnation builds the layer anew: nothing of it is shared with other builds of the same layer. What is to be shared
 * is left out of it and provided to the supervisor. `Supervisor.get` answers the services that the incarnation has built.
 *
 * **Errors**
 *
 * Throws `InvalidSupervision` for a wrong option.
 */
export const layer = <A, E, R>(
  id: string,
  layer: Layer.Layer<A, E, R>,
  options?: ChildOptions<NoInfer<E>>
): ChildSpec<Exclude<R, Scope.Scope>, Context.Context<A>> =>
  make(id, {
    ...options,
    kind: "layer",
    start: Effect.gen(function*() {
      const built = Deferred.makeUnsafe<Context.Context<A>, E>()
      const ends = yield* EndsProgram
      // On a fiber of its own, which a system of actors or a pool interrupts when it gives up, wherever in the layer it stands: that is the end of the child, and of nothing else.
      const up = Effect.scoped(Effect.withFiber((fiber) =>
        Effect.gen(function*() {
          const scope = yield* Effect.scope
          const building = Layer.buildWithMemoMap(layer, Layer.makeMemoMapUnsafe(), scope)
          yield* Deferred.succeed(
            built,
            yield* Effect.provideService(building, EndsProgram, ends === false ? false : fiber)
          )
          return yield* Effect.never
        })
      ))
      const fiber = yield* Effect.forkIn(
        Effect.onExit(up, (exit) => Deferred.done(built, exit)),
        yield* Effect.scope
      )
      return { exit: Fiber.await(fiber), value: yield* Deferred.await(built) } satisfies Running<Context.Context<A>>
    })
  })

/** What can be an actor below a supervisor: what `Actor.make` defines. */
export interface ActorDefinition<out A, in Options, out R, out E = unknown> {
  readonly name: string
  readonly supervised: (key: string, options?: Options) => Effect.Effect<Running<A, E>, unknown, R>
}

/** The options of an actor below a supervisor, whose handlers can fail with `E`. */
export interface ActorOptions<in E> extends Omit<ChildOptions, "decide"> {
  /** A function sees whatever has ended it, a declared error as the handler has failed with it; a table names the errors of its protocol. */
  readonly decide?: Restart.Decider | Restart.ByTag<E> | undefined
}

/**
 * An actor. Its name, its references and its mailbox stay over every restart that the supervisor decides, one because of a
 * sibling among them; `Supervisor.get` answers its reference.
 *
 * **Details**
 *
 * The options are those of a child, and those of its `spawn`. The restart type, the intensity, the backoff and the decider are those of the
 * child and its supervisor: of the `supervision` of its behaviour only `decide` is asked, first, and only `"resume"`, `"stop"` and
 * `"escalate"` are answers; `"restart"` means that it has crashed. A decider of the spec is asked instead of what the behaviour answered.
 *
 * **Errors**
 *
 * Throws `InvalidSupervision` for a wrong option.
 */
export const actor = <A, Options, R, E>(
  definition: ActorDefinition<A, Options, R, E>,
  key: string,
  options?: ActorOptions<NoInfer<E>> & Options
): ChildSpec<Exclude<R, Scope.Scope>, A> =>
  make(`${definition.name}/${key}`, {
    ...options,
    kind: "actor",
    start: Effect.suspend(() => definition.supervised(key, options))
  })

/**
 * A supervisor below a supervisor. When it gives up, or escalates, that is its end, and its parent decides.
 *
 * **Details**
 *
 * It is ready when all its children are. Its shutdown time is `"infinity"` unless given: with a shorter one its children
 * may be cut off before their own is over.
 *
 * **Errors**
 *
 * Throws `InvalidSupervision` for a wrong option of the child or of the supervisor.
 */
export const supervisor = <C extends Any = never>(
  id: string,
  options: SupervisorOptions<C>,
  child?: ChildOptions
): ChildSpec<Services<C>, Supervisor["Service"]> => {
  check(id, options)
  return tree(id, options, child, false)
}

const tree = <C extends Any>(
  id: string,
  options: SupervisorOptions<C>,
  child: ChildOptions | undefined,
  isDynamic: boolean
): ChildSpec<Services<C>, Supervisor["Service"]> =>
  spec(id, "supervisor", { ...child, shutdown: child?.shutdown ?? "infinity" }, { _tag: "Tree", options, isDynamic })

/**
 * A supervisor of children that come and go at run time, below a supervisor; see `Supervisor.dynamic`.
 *
 * **Errors**
 *
 * Throws `InvalidSupervision` for a wrong option of the child or of the supervisor.
 */
export const dynamic = (
  id: string,
  options: DynamicOptions = {},
  child?: ChildOptions
): ChildSpec<never, Supervisor["Service"]> => {
  const whole = wholeDynamic(options)
  check(id, whole, true)
  return tree(id, whole, child, true)
}

/**
 * Dynamic supervisors behind one name: `Supervisor.partition` says which one serves a key, so that starts and ends of
 * children do not all go through one.
 *
 * **Errors**
 *
 * Throws `InvalidSupervision` for a number of partitions that is no whole number from 1 to 1024, or a wrong option.
 */
export const partitioned = (
  id: string,
  options: DynamicOptions & { readonly partitions: number },
  child?: ChildOptions
): ChildSpec<never, Supervisor["Service"]> => {
  const { partitions, ...each } = options
  if (!Number.isInteger(partitions) || partitions < 1 || partitions > 1024) {
    throw invalid(`supervisor "${id}"`, "partitions", partitions, "an integer from 1 to 1024")
  }
  const children = Array.from({ length: partitions }, (_, i) => dynamic(`${i}`, each))
  return supervisor(id, { strategy: "one-for-one", stopOrder: "together", children }, child)
}
