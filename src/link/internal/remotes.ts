/**
 * The recipients of actors on other threads, by address: one for each, so that its credit is counted in one place.
 *
 * It is kept as long as anybody holds it: a reference in the program, the slot that it is bound to, an ask that waits for its
 * reply, its thread while senders wait for that. A reference that came in a message and was dropped leaves nothing behind.
 * One whose actor has ended is held for a while longer, so that a message to it is refused here and not sent in vain.
 */

/** How many ended actors of other threads are remembered. */
const REMEMBERED = 256

/** See the module. */
export class Remotes<R extends object> {
  declare private readonly known: Map<string, WeakRef<R>>
  /** Those that have ended, the oldest first. */
  declare private readonly ended: Map<string, R>
  declare private readonly collected: FinalizationRegistry<string>
  constructor() {
    this.known = new Map()
    this.ended = new Map()
    this.collected = new FinalizationRegistry((id) => {
      // The address may have another recipient by now.
      if (this.get(id) === undefined) this.known.delete(id)
    })
  }

  /** How many addresses are known. */
  get size(): number {
    return this.known.size
  }

  /** Those that somebody holds. */
  get all(): ReadonlyArray<R> {
    return Array.from(this.known.values(), (known) => known.deref()).filter((recipient) => recipient !== undefined)
  }

  /** The recipient of an address, if anybody holds it. */
  get(id: string): R | undefined {
    return this.known.get(id)?.deref()
  }

  /** Makes a recipient the one of its address. */
  add(id: string, recipient: R): void {
    this.known.set(id, new WeakRef(recipient))
    this.collected.register(recipient, id)
  }

  /** The actor of a recipient has ended. */
  end(id: string, recipient: R): void {
    if (this.get(id) !== recipient) return
    this.ended.set(id, recipient)
    if (this.ended.size <= REMEMBERED) return
    for (const oldest of this.ended.keys()) {
      this.ended.delete(oldest)
      this.known.delete(oldest)
      return
    }
  }
}
