/**
 * A pool as those see it who say more of what they send than its message does: which worker it is for, which key it has, how urgent it is.
 */
import { type Parted, PartRecipient } from "../../actor/kernel/PartRecipient.ts"
import type { Batches, Recipient } from "../../actor/kernel/Recipient.ts"
import { type Aim, aimedAt } from "./target.ts"

/** The pool. */
export interface Aimable extends Recipient, Parted<Aim> {}

/** See the module. */
export class AimedRecipient extends PartRecipient<Aim, Aimable> {
  constructor(pool: Aimable, aim: Aim, key: string) {
    super(pool, aim, pool.protocol, key)
  }

  /** One worker. */
  static worker(pool: Aimable, place: number): AimedRecipient {
    return new AimedRecipient(pool, aimedAt(place), `${pool.key}/worker-${place}`)
  }

  override get tellsTimes(): boolean {
    return false
  }

  override get limit(): number {
    return this.whole.limit
  }

  override get batches(): Batches | undefined {
    return this.whole.batches
  }
}
