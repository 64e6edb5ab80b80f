/**
 * The asks that the handler of an actor waits for: noted when one begins to wait, forgotten when it has its outcome, and looked at only when somebody's time is over.
 *
 * An ask that is answered at once is never noted, nor is one of a fiber that is no handler's: to look for whose it is costs an ask that waits one look into the
 * services of its fiber. What an actor does beside its messages (streams that it answers with, what it has piped to itself) keeps it from nothing, and is not noted either.
 */
import * as Context from "effect/Context"
import type * as Fiber from "effect/Fiber"
import type { Awaited } from "./Command.ts"
import { SUSPENDED } from "./Phase.ts"
import { RunningCell } from "./RunningCell.ts"

/** Set for what an actor runs beside its messages. */
export const Beside: Context.Reference<boolean> = Context.Reference<boolean>("shared-nothing/actor/Beside", {
  defaultValue: () => false
})

/** An ask that waits. */
export interface Wait {
  /** Who is to answer it: the last one that it was handed on to, as far as this thread knows. */
  readonly awaited: Awaited
}

/** The actor whose handler waits. */
interface Waiting {
  readonly name: string
  readonly phase: number
  readonly host: unknown
  more(): { waits: Waits | undefined }
}

/** See the module. */
export class Waits {
  declare private readonly actor: Waiting
  declare private readonly asks: Set<Wait>
  constructor(actor: Waiting) {
    this.actor = actor
    this.asks = new Set()
  }

  add(wait: Wait): void {
    this.asks.add(wait)
  }

  delete(wait: Wait): void {
    this.asks.delete(wait)
  }

  /** How many are noted. */
  get size(): number {
    return this.asks.size
  }

  /** Whose they are, while its handler runs and takes no other message. */
  get blocked(): string | undefined {
    return this.actor.phase === SUSPENDED ? this.actor.name : undefined
  }

  /** Whose actor it is. */
  get system(): unknown {
    return this.actor.host
  }

  /** Whom it waits for. */
  get awaited(): ReadonlyArray<Awaited> {
    return this.blocked === undefined ? [] : Array.from(this.asks, ({ awaited }) => awaited)
  }
}

/** Where the asks of a fiber are noted, if it is that of a handler. */
export const waitsOf = (fiber: Fiber.Fiber<unknown, unknown>): Waits | undefined => {
  // What runs there is a cell: the key is not public.
  const actor = fiber.getRef(RunningCell) as Waiting | undefined
  if (actor === undefined || fiber.getRef(Beside)) return undefined
  return actor.more().waits ??= new Waits(actor)
}
