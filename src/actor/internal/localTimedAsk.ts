/**
 * An ask of an actor on the same thread whose asker is told how long the handler has taken: it takes the mailbox, and looks at the clock twice.
 */
import type * as Exit from "effect/Exit"
import type { Streamer } from "../kernel/Streaming.ts"
import type { StreamReader } from "../kernel/StreamReader.ts"
import { TimedAsker } from "../kernel/TimedAsker.ts"
import { type Asked, LocalAsk } from "./localAsk.ts"
import { LocalStreamAsk } from "./localStreamAsk.ts"

/** See the module. */
export class LocalTimedAsk extends LocalAsk {
  declare private readonly asker: TimedAsker
  declare private begunMillis: number
  constructor(cell: Asked, index: number, asker: TimedAsker) {
    super(cell, index, asker.span, (exit) => asker.end(exit))
    this.asker = asker
    this.begunMillis = NaN
  }

  // Its handler begins, for the first time or again.
  override isOver(): boolean {
    this.begunMillis = this.cell.host.deadlines.now()
    return super.isOver()
  }

  override settle(exit: Exit.Exit<unknown, unknown>): void {
    this.asker.handlingMillis = Math.max(0, this.cell.host.deadlines.now() - this.begunMillis)
    super.settle(exit)
  }
}

/** Asks for who wants to know more than a reply; answers nothing when that is settled already. */
export const askFor = (
  cell: Asked & Streamer,
  index: number,
  payload: unknown,
  asker: StreamReader | TimedAsker,
  timeoutMillis: number
): LocalAsk | undefined => {
  const ask = asker instanceof TimedAsker
    ? new LocalTimedAsk(cell, index, asker)
    : new LocalStreamAsk(cell, index, payload, asker)
  void ask.waitedForBy(asker.fiber)
  return ask.enqueue(payload, timeoutMillis)
}
