/** What a program finds in its context that uses a pool. */
import * as Context from "effect/Context"
import type { Any } from "../../actor/ActorRef.ts"
import type { Protocol } from "../../actor/kernel/Protocol.ts"

/** A worker of a pool: its place, from 0 on, and its name in errors and logs. */
export interface CurrentWorker {
  readonly place: number
  readonly name: string
}

/** See `Pool.CurrentWorker`. */
export const CurrentWorker: Context.Reference<CurrentWorker | undefined> = Context.Reference<CurrentWorker | undefined>(
  "shared-nothing/pool/CurrentWorker",
  { defaultValue: () => undefined }
)

/** The pool of a protocol on this thread. */
export interface PoolSide {
  /** The reference of the pool, which speaks this protocol. */
  readonly reference: (protocol: Protocol) => Any
}

/** The key of the pool that hosts the protocol of a name. */
export const poolKey = (name: string): Context.Key<unknown, PoolSide> =>
  Context.Service<unknown, PoolSide>(`shared-nothing/Pool/${name}`)
