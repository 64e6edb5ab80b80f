/**
 * The names of all actors of a system, kept by its main thread: one name, one living actor, on whatever thread.
 */

/** Who has a name: the thread that claimed it, and the number of its claim there. */
export interface Claim {
  readonly thread: number
  readonly number: number
}

/** See the module. */
export class Names {
  declare private readonly claims: Map<string, Claim>
  constructor() {
    this.claims = new Map()
  }

  /** How many names are in use. */
  get size(): number {
    return this.claims.size
  }

  /** Whether a name is in use. */
  has(name: string): boolean {
    return this.claims.has(name)
  }

  /** Who has a name. */
  get(name: string): Claim | undefined {
    return this.claims.get(name)
  }

  /** A name in use that begins so. */
  startingWith(start: string): string | undefined {
    for (const name of this.claims.keys()) if (name.startsWith(start)) return name
    return undefined
  }

  /** Takes a name; answers whether it was free. */
  claim(name: string, thread: number, number: number): boolean {
    if (this.claims.has(name)) return false
    this.claims.set(name, { thread, number })
    return true
  }

  /** Hands a name over to another claim, if it is that claim that has it. */
  move(name: string, from: Claim, to: Claim): void {
    if (!this.isOf(name, from)) return
    this.claims.set(name, to)
  }

  /** Gives a name back, if it is that claim that has it. */
  release(name: string, thread: number, number: number): void {
    if (this.isOf(name, { thread, number })) this.claims.delete(name)
  }

  private isOf(name: string, { number, thread }: Claim): boolean {
    const claim = this.claims.get(name)
    return claim?.thread === thread && claim.number === number
  }

  /** Gives back all names that a thread had claimed: its actors have ended with it. */
  lost(thread: number): void {
    for (const [name, claim] of this.claims) if (claim.thread === thread) this.claims.delete(name)
  }
}
