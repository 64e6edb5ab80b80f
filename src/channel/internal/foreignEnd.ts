/**
 * What is said to who gives something else where an end of a channel between threads belongs.
 */
import { isReceiver } from "../Receiver.ts"
import { isSender } from "../Sender.ts"
import { SharedReceiver } from "./sharedReceiver.ts"
import { SharedSender } from "./sharedSender.ts"

/** Whether a value is an end that can be handed over. */
export const isSharedEnd = (value: unknown): value is SharedSender<any> | SharedReceiver<any> =>
  value instanceof SharedSender || value instanceof SharedReceiver

/** The defect of who gave `value`; `where` names the place. */
export const foreignEnd = (where: string, value: unknown): TypeError => {
  const local = isSender(value) ? "sender" : isReceiver(value) ? "receiver" : undefined
  return new TypeError(
    local === undefined
      ? `${where}: ${
        nameOf(value)
      } is no end of a channel; give a sender or a receiver of a channel made with SharedChannel.make`
      : `${where}: this is a ${local} of the local channel "${
        (value as { readonly channel: string }).channel
      }", which cannot leave its thread; make it with SharedChannel.make`
  )
}

const nameOf = (value: unknown): string =>
  value === null || value === undefined ? String(value) : `this ${typeof value}`
