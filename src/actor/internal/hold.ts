/**
 * An actor at rest: it keeps what it is and what it is told, and handles nothing until it goes on.
 *
 * A handler that runs is not touched; of the messages that are handled at once in the same turn, the rest may still be.
 */
import type { Dispatcher, Runnable } from "../kernel/Dispatcher.ts"
import { HELD, IDLE, READY, RUNNING, SUSPENDED } from "../kernel/Phase.ts"
import type { Aftermath } from "./aftermath.ts"
import type { Rare } from "./rare.ts"

/** A cell, as far as coming to rest is concerned. */
export interface Restful extends Runnable {
  phase: number
  readonly rare: Rare | undefined
  readonly host: { readonly dispatcher: Dispatcher; readonly after: Aftermath }
  more(): Rare
  rest(): void
}

/** Lets an actor come to rest, and calls back when it has, or goes on, or is between two incarnations; not for one that ends. */
export const hold = (cell: Restful, onRest: () => void): void => {
  const rare = cell.more()
  const { phase } = cell
  rare.isHeld = true
  // The batch that is running takes no further message.
  rare.budget = 0
  const { onRest: others } = rare
  rare.onRest = others === undefined ? onRest : () => {
    others()
    onRest()
  }
  if (phase === RUNNING || phase === SUSPENDED) return
  if (phase === IDLE || phase === READY) cell.phase = HELD
  tellRest(cell, rare)
}

/** The handler of an actor that is to rest has ended. */
export const comeToRest = (cell: Restful, rare: Rare): void => {
  cell.phase = HELD
  tellRest(cell, rare)
}

/** Tells those who wait for its rest that no handler of its incarnation runs any more, or that it goes on. */
export const tellRest = ({ host: { after } }: Restful, rare: Rare): void => {
  const { onRest } = rare
  if (onRest === undefined) return
  rare.onRest = undefined
  after.add(onRest)
  after.run()
}

/** Lets an actor go on. */
export const goOn = (cell: Restful): void => {
  const { rare } = cell
  if (rare === undefined) return
  rare.isHeld = false
  if (cell.phase === HELD) {
    cell.phase = IDLE
    cell.rest()
  }
  tellRest(cell, rare)
}
