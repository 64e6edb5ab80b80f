/**
 * This library on the shapes of message flow.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Actor, ActorSystem } from "shared-nothing"
import type { Measured, Params } from "../runner/Case.ts"
import type { Message } from "../runner/Sampling.ts"
import * as Shapes from "../runner/Shapes.ts"
import { note } from "./actors.ts"

const Member = Actor.make("Member", [note])

type Ref = Effect.Success<ReturnType<typeof Member.spawn>>

/** Actors by their key: each finds its handler under the number that it is called by. */
const withMembers = <Out>(
  out: Pick<Shapes.ShapeActors<Ref, Out>, "tell" | "nothing" | "inTurn">,
  toEffect: (out: Out) => Effect.Effect<void>,
  use: (actors: Shapes.ShapeActors<Ref, Out>) => Promise<Measured>
): Promise<Measured> => {
  const handlers: Array<(message: Message) => Out> = []
  const live = Member.toLayer(
    Effect.gen(function*() {
      const handle = handlers[Number((yield* Actor.CurrentActor).key)]!
      return Member.of({ Note: (message) => toEffect(handle(message)) })
    }),
    { mailbox: { capacity: "unbounded" } }
  )
  return Effect.gen(function*() {
    const context = yield* Effect.context<Effect.Services<ReturnType<typeof Member.spawn>>>()
    const actors: Shapes.ShapeActors<Ref, Out> = {
      ...out,
      start: (count, handler) =>
        Effect.runPromiseWith(context)(Effect.forEach(Array.from({ length: count }, (_, index) => index), (index) => {
          handlers.push(handler(index))
          return Member.spawn(String(handlers.length - 1))
        })),
      poke: (ref, message) => void ref.tellUnsafe.Note(message)
    }
    return yield* Effect.promise(() => use(actors))
  }).pipe(Effect.scoped, Effect.provide(Layer.provideMerge(live, ActorSystem.layer)), Effect.runPromise)
}

/** Handlers whose every tell is an effect. */
export const effects = (params: Params, name: Shapes.ShapeName): Promise<Measured> =>
  withMembers<Effect.Effect<void>>(
    {
      tell: (ref, message) => Effect.orDie(ref.tell.Note(message)),
      nothing: Effect.void,
      inTurn: (count, each) =>
        Effect.gen(function*() {
          for (let index = 0; index < count; index++) yield* each(index)
        })
    },
    (out) => out,
    (actors) => Shapes.measure(params, name, actors)
  )

/** Handlers whose every tell is a function call. */
export const calls = (params: Params, name: Shapes.ShapeName): Promise<Measured> =>
  withMembers<void>(
    {
      tell: (ref, message) => {
        if (!ref.tellUnsafe.Note(message)) throw new Error("a mailbox without a bound has refused a message")
      },
      nothing: undefined,
      inTurn: Shapes.inTurn
    },
    () => Effect.void,
    (actors) => Shapes.measure(params, name, actors)
  )
