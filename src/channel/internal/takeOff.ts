/**
 * Takes the ends off that a thread died with.
 *
 * An end is seized first: who comes second finds nothing to do. The ends that were made from it go before it, and the claims of each
 * before its row: as long as a row is taken nobody else claims under its number, and nobody finds its side gone while what it had
 * sent lies behind a claim.
 */
import { type End, RECEIVERS_GONE, SENDER } from "../../memory/Roster.ts"
import { kinds } from "./kinds.ts"
import { type Access, dropAll, dropMessage, type Handle, loseRest, rowOf, wakeAll } from "./sharedMemory.ts"

type Side = Handle["side"]

/** Takes all ends off that a thread had, however they came to it. */
export const takeOffOf = (access: Access<unknown>, thread: number): void => {
  const { roster } = access
  for (let row = 0; row < roster.rows; row++) {
    const held = roster.heldAt(row, thread)
    if (held === undefined) continue
    const end = roster.seize(held.end)
    // Those that were made from it there are in rows of their own.
    if (end !== -1) settle(access, held.side === SENDER ? "sender" : "receiver", end)
  }
  // One that came in a message and was closed is in no row any more, and may have told nobody that it was the last.
  const row = roster.lookFor(thread)
  if (row === -1) return
  if ((roster.flags() & RECEIVERS_GONE) !== 0) lose(access, row)
  wakeAll(access)
}

/** Takes an end off; how many messages died with it, as far as it is known at once. */
export const takeOff = (access: Access<unknown>, side: Side, given: End): number => {
  const { roster } = access
  const end = roster.seize(given)
  if (end === -1) return 0
  let count = 0
  for (let child = roster.childOf(end); child !== -1; child = roster.childOf(end)) count += takeOff(access, side, child)
  return count + settle(access, side, end)
}

/** Recovers the claims of an end that is seized, and frees its row; comes back when a claim may be somebody's who is alive. */
const settle = (access: Access<unknown>, side: Side, end: End): number => {
  const { memory, onLoss, roster, settings, thread } = access
  const kind = kinds[settings.kind]
  const row = rowOf(end)
  const { count, isSettled, lostSent, total } = kind.recover(
    memory.ring,
    side,
    row + 1,
    (taken, offset) => dropMessage(access, taken, offset)
  )
  if (count > 0) roster.addLost(count, lostSent)
  if (isSettled) {
    if (total !== undefined && side === "sender") roster.setSent(row, total)
    // What dropped the oldest has counted there too.
    if (total !== undefined && side === "receiver" && settings.overflow !== "dropOldest") roster.setReceived(row, total)
    roster.recover(end)
    if ((roster.flags() & RECEIVERS_GONE) !== 0) lose(access, row)
  } else thread.runtime.immediate(() => void settle(access, side, end))
  wakeAll(access)
  if (count > 0) onLoss?.({ channel: settings.name, side, owner: row + 1, count })
  return count
}

/** Nobody is left to receive what is still there, or what a sender that died sent at the same time. */
const lose = (access: Access<unknown>, row: number): void => {
  const { codec, memory, settings } = access
  loseRest(access)
  if (codec.carries) dropAll(access, kinds[settings.kind].reader(memory.ring, row + 1))
}
