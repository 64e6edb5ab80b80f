/**
 * A system for tests: actors on this thread under the clock of the test, and what it would have told an operator.
 *
 * Nothing waits really: what has a deadline when the system is released gets its time at once. What is immutable (`Val`) is frozen.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as PubSub from "effect/PubSub"
import * as Scope from "effect/Scope"
import { ActorSystem } from "../actor/ActorSystem.ts"
import type { SystemEvent } from "../actor/SystemEvent.ts"
import { textOf } from "../runtime/Text.ts"
import * as System from "../system/ActorSystem.ts"
import * as ThreadVals from "../thread/ThreadVals.ts"
import { hurried } from "./internal/patience.ts"

/** See the module. */
export class TestSystem extends Context.Service<TestSystem, {
  /** All events of the system since it stands. */
  readonly events: Effect.Effect<ReadonlyArray<SystemEvent>>
  /** What the system and its actors have logged, one line each: `"warn ActorRestarted Counter/a"`. */
  readonly logs: Effect.Effect<ReadonlyArray<string>>
  /** Tells that nobody will handle. */
  readonly droppedMessages: Effect.Effect<number>
}>()("shared-nothing/testing/TestSystem") {}

const make = (behaviours: Layer.Layer<never, unknown, ActorSystem>) =>
  Effect.gen(function*() {
    const logs: Array<string> = []
    const logger = Logger.make<unknown, void>(({ logLevel, message }) => {
      const parts = Array.isArray(message) ? message.map(textOf) : [textOf(message)]
      logs.push(`${logLevel.toLowerCase()} ${parts.join(" ")}`)
    })
    const scope = yield* Scope.make()
    yield* Effect.addFinalizer((exit) => hurried(Scope.close(scope, exit)))
    yield* Scope.provide(ThreadVals.freeze, scope)
    const context = yield* Layer.buildWithScope(Layer.provideMerge(behaviours, System.layer), scope).pipe(
      Effect.provideService(Logger.CurrentLoggers, new Set([logger])),
      Effect.orDie
    )
    const system = Context.get(context, ActorSystem)
    const events: Array<SystemEvent> = []
    const subscription = yield* Scope.provide(PubSub.subscribe(system.events), scope)
    const hear = Effect.map(PubSub.take(subscription), (event) => void events.push(event))
    yield* Effect.forkIn(Effect.forever(hear), scope, { startImmediately: true })
    return Context.make(ActorSystem, system).pipe(
      Context.add(TestSystem, {
        events: Effect.sync(() => events.slice()),
        logs: Effect.sync(() => logs.slice()),
        droppedMessages: system.droppedMessages
      })
    )
  })

/** A system on this thread with these behaviours. A layer that fails to build is a defect of the test. */
export const layer = <E>(
  behaviours: Layer.Layer<never, E, ActorSystem>
): Layer.Layer<ActorSystem | TestSystem> => Layer.effectContext(make(behaviours))
