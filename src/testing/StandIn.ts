/**
 * Behaviours that stand in for others: answers from a table, a spy around the real one, one that dies when the run says so.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import type * as Rpc from "effect/rpc/Rpc"
import type { Actor } from "../actor/Actor.ts"
import { ActorSystem } from "../actor/ActorSystem.ts"
import { type Behaviour, CurrentActor, type Handlers } from "../actor/kernel/Behaviour.ts"
import { outcomeOf } from "../actor/kernel/Streaming.ts"
import * as Fault from "./Fault.ts"
import type { Answers } from "./Probe.ts"

/**
 * The behaviour of an actor whose answers stand in a table.
 *
 * **Gotchas** A message that the table does not have is a defect, for who tells it as well.
 */
export const fromTable = <Name extends string, Rpcs extends Rpc.Any>(
  actor: Actor<Name, Rpcs>,
  answers: Answers<Rpcs>
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

/** The behaviours of a layer with each of their handlers wrapped. */
const wrapped = <E, R>(
  live: Layer.Layer<never, E, R | ActorSystem>,
  wrap: Wrap
): Layer.Layer<never, E, R | ActorSystem> => {
  const around = (behaviour: Behaviour): Behaviour => ({
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
  })
  const System = Layer.effect(
    ActorSystem,
    Effect.map(ActorSystem, (system) => ({ ...system, register: (behaviour) => system.register(around(behaviour)) }))
  )
  return Layer.provide(live, System) as Layer.Layer<never, E, R | ActorSystem>
}

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
