/**
 * The remote senders whose credit the messages in the mailboxes of a thread have taken, by the number in a message word.
 *
 * Numbers are used again once their owner has given them back, so they stay as small as the count of senders at any one time.
 */

/** A remote sender to whom credit is given back when a message of its leaves a mailbox. */
export interface Origin {
  handled(): void
}

/** Numbers there are: what a word has room for. */
export const MAX_ORIGINS = (1 << 23) - 1

/** See the module. */
export class Origins {
  declare private readonly items: Array<Origin | undefined>
  declare private readonly free: Array<number>
  constructor() {
    // 0 is nobody: a sender on this thread.
    this.items = [undefined]
    this.free = []
  }

  /** How many senders have a number. */
  get size(): number {
    return this.items.length - 1 - this.free.length
  }

  /** Gives a number to a sender, from 1 on; 0 when all are taken, and then it gets no credit back. */
  add(origin: Origin): number {
    const number = this.free.pop() ?? this.items.length
    if (number > MAX_ORIGINS) return 0
    this.items[number] = origin
    return number
  }

  /** Takes a number back. Its owner says so only when no word has it any more. */
  remove(number: number): void {
    if (this.items[number] === undefined) return
    this.items[number] = undefined
    this.free.push(number)
  }

  /** A message that took credit of the sender has left the mailbox. */
  handled(number: number): void {
    this.items[number]?.handled()
  }
}
