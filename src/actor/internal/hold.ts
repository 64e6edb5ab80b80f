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

/**
 * Lets an actor come to rest, and calls back when it has, or goes on, or is between two incarnations; not for one that ends. What it returns
 * forgets the callback.
 */
export const hold = (cell: Restful, onRest: () => void): () => void => {
  const rare = cell.more()
  rare.onRest ??= new Set()
  rare.onRest.add(onRest)
  toRest(cell, rare)
  return () => rare.onRest?.delete(onRest)
}

/** The same for a supervisor that takes the incarnation down then: until it does, or forgets it, nobody lets the actor go on. */
export const holdForDown = (cell: Restful, onRest: () => void): () => void => {
  const rare = cell.more()
  rare.beforeDown = onRest
  toRest(cell, rare)
  return () => {
    if (rare.beforeDown === onRest) rare.beforeDown = undefined
  }
}

const toRest = (cell: Restful, rare: Rare): void => {
  const { phase } = cell
  rare.isHeld = true
  // The batch that is running takes no further message.
  rare.budget = 0
  if (phase === RUNNING || phase === SUSPENDED) return
  if (phase === IDLE || phase === READY) cell.phase = HELD
  tellRest(cell, rare)
}

/** The handler of an actor that is to rest has ended. */
export const comeToRest = (cell: Restful, rare: Rare): void => {
  cell.phase = HELD
  tellRest(cell, rare)
}

const tellRest = (cell: Restful, rare: Rare): void => {
  listRest(cell, rare)
  cell.host.after.run()
}

/** Lists those who wait for its rest to be told that no handler of its incarnation runs any more. */
export const listRest = (cell: Restful, rare: Rare): void => {
  const { beforeDown } = rare
  rare.beforeDown = undefined
  if (beforeDown !== undefined) cell.host.after.add(beforeDown)
  listPausing(cell, rare)
}

const listPausing = ({ host: { after } }: Restful, rare: Rare): void => {
  for (const told of rare.onRest ?? []) after.add(told)
  rare.onRest = undefined
}

/** Lets an actor go on, unless its incarnation is about to be taken down: then the next one does. */
export const goOn = (cell: Restful): void => {
  const { rare } = cell
  if (rare === undefined) return
  if (rare.beforeDown === undefined) {
    rare.isHeld = false
    if (cell.phase === HELD) {
      cell.phase = IDLE
      cell.rest()
    }
  }
  // Their pause is over.
  listPausing(cell, rare)
  cell.host.after.run()
}
