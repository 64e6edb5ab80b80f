/**
 * Has an actor handle an ask in the middle of its caller's turn, without a round through its mailbox: for one who hands it one ask at a
 * time and knows when each has been settled.
 */
import { handle, isExit } from "../internal/answer.ts"
import type { Cell } from "./Cell.ts"
import { IDLE, RUNNING, STOPPING } from "./Phase.ts"
import type { Ask } from "./Word.ts"

/** Hands an ask to an actor: it is handled at once, or as soon as the actor is not busy, or being restarted, any more. */
export const answer = (cell: Cell, ask: Ask, payload: unknown): void => {
  if (cell.phase >= STOPPING) return ask.stopped(cell.reason, payload)
  if (cell.phase !== IDLE) return cell.deliver(ask, payload)
  cell.phase = RUNNING
  const result = handle(cell, ask, payload)
  if (!isExit(result)) cell.startBatch(result, ask, ask, payload, 0)
  else if (cell.settled(result, ask, ask, true, payload)) cell.rest()
}
