/**
 * How the threads of a system tell each other who is in which group: the main thread hears all, and says it on, in order. What a thread has heard of
 * another comes before the news that that one has gone, and after that nothing comes.
 */
import { AdapterRecipient } from "../../actor/kernel/AdapterRecipient.ts"
import { Cell } from "../../actor/kernel/Cell.ts"
import { ALONE, type GroupWays, type Memberships } from "../../actor/kernel/Groups.ts"
import type { Host } from "../../actor/kernel/Host.ts"
import { LocalShard } from "../../actor/kernel/LocalShard.ts"
import { actorName } from "../../actor/kernel/Protocol.ts"
import { KeyedRecipient } from "../../actor/kernel/Shard.ts"
import type { Node } from "../../link/kernel/Node.ts"
import type * as Control from "./control.ts"

/** In a system of one thread nobody else has to know. */
export const onOneThread = (host: Host): GroupWays => ({
  ...ALONE,
  addressOf: (recipient) => {
    const whose = recipient instanceof KeyedRecipient ? recipient.shard : recipient
    const isHere = whose instanceof Cell || whose instanceof LocalShard || whose instanceof AdapterRecipient
    if (isHere && whose.host === host) return undefined
    throw new Error(`${actorName(recipient.protocol, recipient.key)} is not one of its actors`)
  }
})

/** On a thread of several; `tell` says it to the others. */
export const onThread = (node: Node, tell: (change: Memberships) => void): GroupWays => ({
  thread: node.home.index,
  epoch: node.epoch,
  addressOf: (recipient) => node.addressOf(recipient),
  recipientAt: (address, protocol) => node.recipientAt(address, protocol),
  tell
})

/** Who hears what the main thread says. */
interface Hearing {
  say(message: Control.ToWorker): void
}

/** The main thread has heard of it, or has done it itself: all hear it but the one that has said it. */
export const tellOthers = (
  { workers }: { readonly workers: ReadonlyArray<Hearing> },
  { joined, left }: Memberships,
  from?: Hearing
): void => {
  for (const worker of workers) if (worker !== from) worker.say({ _tag: "Memberships", joined, left })
}
