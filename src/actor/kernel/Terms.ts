/**
 * What was agreed about one actor when it was spawned; most have nothing of their own.
 */
import { givenOf } from "../../runtime/Options.ts"
import type { Shutdown } from "../../supervisor/ChildSpec.ts"
import { shutdownMillis, shutdowns } from "../../supervisor/kernel/Millis.ts"
import { InvalidOptions } from "../ActorError.ts"
import type { Cell } from "./Cell.ts"
import { actorName, type Protocol } from "./Protocol.ts"

/** See the module. */
export interface Terms {
  /** How long it may take to handle what it has accepted, when it is stopped; `undefined` as its behaviour says. */
  readonly shutdownMillis: number | undefined
  /** How long it may be without messages; `undefined` as its behaviour says. */
  readonly idleMillis?: number | undefined
}

/** Nothing in particular. */
export const plain: Terms = { shutdownMillis: undefined }

/**
 * The terms of a spawn.
 *
 * **Errors** Throws `InvalidOptions` for a shutdown that is none.
 */
export const make = (protocol: Pick<Protocol, "name">, key: string, shutdown: Shutdown | undefined): Terms => {
  if (shutdown === undefined) return plain
  const millis = shutdownMillis(shutdown)
  if (Number.isNaN(millis)) {
    const where = actorName(protocol, key)
    throw new InvalidOptions({ where, option: "shutdown", value: givenOf(shutdown), expected: shutdowns })
  }
  return { shutdownMillis: millis }
}

/** Puts them into force; before the actor is built. */
export const apply = (cell: Cell, { idleMillis, shutdownMillis }: Terms): void => {
  if (shutdownMillis !== undefined) cell.more().shutdownMillis = shutdownMillis
  if (idleMillis !== undefined) cell.more().idleMillis = idleMillis
}
