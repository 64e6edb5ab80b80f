/** The actor of the scenarios of other actor systems: what its builds and its handlers do is said by the test. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { Actor, ActorSystem } from "shared-nothing"

export const Player = Actor.make("Player", [
  /** Does what the stage has under this name, and answers with its result. */
  Rpc.make("Do", { payload: { what: Schema.String }, success: Schema.Unknown }),
  Rpc.make("Note", { payload: { n: Schema.Int } }),
  Rpc.make("Bare")
])

type Messages = typeof Player extends Actor.Actor<infer _Name, infer Rpcs> ? Rpcs : never

/** What one incarnation has. */
export interface Tools {
  readonly key: string
  readonly incarnation: number
  readonly self: Actor.Ref<typeof Player>
  readonly scope: Scope.Scope
  readonly become: Actor.Become<Messages>
  readonly pipeToSelf: Actor.PipeToSelf<Messages>
  readonly stash: Actor.Stash
  readonly timers: Actor.Timers<Messages>
  readonly watcher: Actor.Watcher<Messages>
}

type Act = (tools: Tools) => Effect.Effect<unknown, unknown, ActorSystem.ActorSystem>

export interface Stage {
  readonly log: Array<string>
  /** The lines of the log of the system. */
  readonly lines: Array<string>
  readonly acts: Record<string, Act>
  /** What a build does before it answers. */
  build: (tools: Tools) => Effect.Effect<unknown, unknown, ActorSystem.ActorSystem | Actor.CurrentActor | Scope.Scope>
}

const liveOf = (stage: Stage, options: Actor.BehaviourOptions) =>
  Player.toLayer(
    Effect.gen(function*() {
      const system = yield* ActorSystem.ActorSystem
      const { incarnation, key } = yield* Actor.CurrentActor
      const tools: Tools = {
        key,
        incarnation,
        self: yield* Player.self,
        scope: yield* Effect.scope,
        become: yield* Player.become,
        pipeToSelf: yield* Player.pipeToSelf,
        stash: yield* Player.stash({ capacity: 4 }),
        timers: yield* Player.timers,
        watcher: yield* Player.watcher
      }
      yield* stage.build(tools)
      const note = (line: string) => Effect.sync(() => void stage.log.push(line))
      return Player.of({
        Do: ({ what }) =>
          Effect.suspend(() => stage.acts[what]!(tools)).pipe(
            Effect.map((result) => result ?? null),
            Effect.orDie,
            Effect.provideService(ActorSystem.ActorSystem, system)
          ),
        Note: ({ n }) => note(`${key} ${n} in ${incarnation}`),
        Bare: () => note(`${key} bare in ${incarnation}`)
      })
    }),
    options
  )

/** Runs a body in a system whose players do what the stage says. */
export const staged = <A, E>(
  body: (stage: Stage) => Effect.Effect<A, E, ActorSystem.ActorSystem | Scope.Scope>,
  options: Actor.BehaviourOptions = {},
  around: Layer.Layer<never> = Layer.empty
): Effect.Effect<A, E> =>
  Effect.suspend(() => {
    const stage: Stage = { log: [], lines: [], acts: {}, build: () => Effect.void }
    const logger = Logger.make(({ cause, logLevel, message }) =>
      void stage.lines.push(`${logLevel}: ${String(message)} (${cause.reasons.length})`)
    )
    const layer = liveOf(stage, options).pipe(
      Layer.provide(around),
      Layer.provideMerge(ActorSystem.layer),
      Layer.provideMerge(Logger.layer([logger]))
    )
    return Effect.scoped(body(stage)).pipe(Effect.provide(layer))
  })

export const forkNow = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.forkChild(effect, { startImmediately: true })
