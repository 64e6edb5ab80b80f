/**
 * The adapters of one incarnation of an actor: the owner of one account, which closes with the incarnation.
 */
import type { AdapterRecipient } from "../kernel/AdapterRecipient.ts"
import type { Cell } from "../kernel/Cell.ts"
import { unadapting } from "./incarnation.ts"

/** See the module. */
export class Adapters {
  declare private readonly cell: Cell
  declare private readonly open: Set<AdapterRecipient>
  declare private isClosed: boolean
  constructor(cell: Cell) {
    this.cell = cell
    this.open = new Set()
    this.isClosed = false
  }

  /** Has messages come by an adapter from now on; by one of an incarnation that has ended none do. */
  add(adapter: AdapterRecipient): AdapterRecipient {
    if (this.isClosed) adapter.close()
    else {
      this.open.add(adapter)
      unadapting(this.cell)
    }
    return adapter
  }

  /** The incarnation has ended. */
  close(): void {
    this.isClosed = true
    for (const adapter of this.open) adapter.close()
    this.open.clear()
  }
}
