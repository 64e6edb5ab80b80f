/**
 * XState: `fromTransition` actors. They have no mailbox between sender and receiver: `send` runs the transition before it returns.
 */
import { type Actor, type AnyActorLogic, createActor, fromTransition } from "xstate"
import type { LocalActors } from "../local.ts"

type Ref = Actor<AnyActorLogic>

const start = <State, Event extends { type: string }>(
  state: State,
  transition: (state: State, event: Event) => State
): Ref => createActor(fromTransition(transition as never, state as never)).start() as never

/** Actors that are roots of their own systems, as `createActor` makes them. */
export const actors = (): LocalActors<Ref> => ({
  receiver: (handle) =>
    start(0, (state: number, event: { type: "message"; message: never }) => {
      void handle(event.message)
      return state + 1
    }),
  adder: () =>
    start(0, (state: number, event: { type: "add"; value: number; reply: (value: number) => void }) => {
      event.reply(event.value + 1)
      return state + 1
    }),
  idle: (id, answer) =>
    start(id, (state: number) => {
      answer(state)
      return state
    }),
  tell: (ref, message) => ref.send({ type: "message", message }),
  ask: (ref, value) => new Promise((reply) => ref.send({ type: "add", value, reply }))
})
