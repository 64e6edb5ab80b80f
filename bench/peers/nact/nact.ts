/**
 * nact: one system, stateful actors (`spawn`), one message at a time.
 */
import * as Nact from "nact"
import type { Message } from "../../runner/Sampling.ts"
import type { LocalActors } from "../local.ts"

interface Ask {
  readonly value: number
  readonly reply: Nact.Ref<number>
}

type Ref = Nact.Ref<Message | Ask>

/** The system with which {@link actors} work; made once in each process. */
export const actors = (): LocalActors<Ref> => {
  const system = Nact.start()
  let names = 0
  const spawn = <State>(
    state: State,
    behaviour: (state: State, message: Message & Ask) => State | Promise<State>
  ): Ref => Nact.spawn(system, behaviour as never, `actor-${names++}`, { initialState: state } as never) as Ref
  return {
    receiver: (handle) =>
      spawn(0, (state, message) => {
        const handled = handle(message)
        return handled === undefined ? state + 1 : handled.then(() => state + 1)
      }),
    adder: () =>
      spawn(0, (state, { reply, value }) => {
        Nact.dispatch(reply, value + 1)
        return state + 1
      }),
    idle: (id, answer) =>
      spawn(id, (state) => {
        answer(state)
        return state
      }),
    tell: (ref, message) => Nact.dispatch(ref, message),
    ask: (ref, value) => Nact.query(ref, (reply) => ({ value, reply: reply as Nact.Ref<number> }), 60_000)
  }
}
