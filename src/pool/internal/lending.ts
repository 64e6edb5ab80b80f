/**
 * Numbers for a worker of a pool in the arenas that the pool was given.
 */
import { InvalidOptions } from "../../actor/ActorError.ts"
import type { ArenaEnd } from "../../memory/Arena.ts"
import { textOf } from "../../runtime/Text.ts"
import * as ArenaOwners from "../../wire/kernel/ArenaOwners.ts"
import type { PoolWorker } from "./crew.ts"

/** Whose workers they are. */
export interface Lending {
  readonly arenas: ReadonlyArray<ArenaEnd>
}

/**
 * What an incarnation is given that is about to start. What the one before it had is recovered when its exit was seen; one that was never there had
 * nothing.
 *
 * **Errors** Throws `InvalidOptions` for an arena in which all numbers are in use; `where` names the pool.
 */
export const lend = (
  { arenas }: Lending,
  worker: PoolWorker,
  where: string
): ReadonlyArray<ArenaOwners.Given> => {
  worker.arenas?.recover()
  const lent = ArenaOwners.lend(arenas)
  if (!(lent instanceof ArenaOwners.Lent)) {
    throw new InvalidOptions({ where, option: "arenas", value: textOf(lent.id), expected: ArenaOwners.NO_NUMBER })
  }
  worker.arenas = lent
  return lent.given
}
