/** What is open on a thread, read from its kernel: everything is 0 once all is settled. */
import { References } from "../../src/actor/kernel/RefTransport.ts"
import type { Node } from "../../src/link/kernel/Node.ts"
import type { RemoteRecipient } from "../../src/link/kernel/RemoteRecipient.ts"
import type { Carriage } from "../../src/wire/Carriage.ts"
import { accounts as ofLinks } from "../link/stage.ts"

/** A reference to an actor of another thread: by it one gets at the thread that one is on. */
export interface Remote {
  readonly recipient: unknown
}

/** Counts by name. */
export const accountsBy = (remote: Remote): Readonly<Record<string, number>> => {
  const { home } = remote.recipient as RemoteRecipient & { readonly home: { readonly carriage: Carriage } }
  const node = home.carriage.get(References) as unknown as Node
  // What is owed to others is paid when they look, and each looks at its own `depth`.
  const { owed: _, ...links } = ofLinks(node)
  return { ...links, deadlines: node.home.host.deadlines.size }
}

/** Those that are not 0. */
export const open = (accounts: Readonly<Record<string, number>>): Readonly<Record<string, number>> =>
  Object.fromEntries(Object.entries(accounts).filter(([, count]) => count !== 0))
