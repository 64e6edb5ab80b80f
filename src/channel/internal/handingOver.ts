/**
 * Ends of channels between threads on their way out of this thread.
 */
import * as Effect from "effect/Effect"
import type { EndMoved } from "../ChannelError.ts"
import { isReceiver } from "../Receiver.ts"
import { isSender } from "../Sender.ts"
import type { Handle } from "./sharedMemory.ts"
import { SharedReceiver } from "./sharedReceiver.ts"
import { SharedSender } from "./sharedSender.ts"

/** Whether a value is an end that can be handed over. */
export const isSharedEnd = (value: unknown): value is SharedSender<never> | SharedReceiver<unknown> =>
  value instanceof SharedSender || value instanceof SharedReceiver

/** The defect of who gave `value`; `where` names the place. */
export const foreignEnd = (where: string, value: unknown): TypeError => {
  const local = isSender(value) ? "sender" : isReceiver(value) ? "receiver" : undefined
  return new TypeError(
    local === undefined
      ? `${where}: ${
        kindOf(value)
      } is no end of a channel; give a sender or a receiver of a channel made with SharedChannel.make`
      : `${where}: this is a ${local} of the local channel "${
        (value as { readonly channel: string }).channel
      }", which cannot leave its thread; make it with SharedChannel.make`
  )
}

/** Makes an end into a handle, which `keep` has before an interruption can; dies when it is no end that can be handed over. */
export const handOverTo = (
  where: string,
  end: unknown,
  keep: (handle: Handle) => void
): Effect.Effect<void, EndMoved> => isSharedEnd(end) ? end.handOver(keep) : Effect.die(foreignEnd(where, end))

const kindOf = (value: unknown): string =>
  value === null ? "null" : value === undefined ? "undefined" : `this ${typeof value}`
