/**
 * Numbers of slots that the queue for any worker had no room for.
 */
import { inject } from "../kernel/Injectors.ts"
import type { Access } from "./memory.ts"

/** See the module. */
export class Backlog {
  private readonly access: Access
  private readonly slots: Array<number> = []

  constructor(access: Access) {
    this.access = access
  }

  get isEmpty(): boolean {
    return this.slots.length === 0
  }

  add(slot: number): void {
    this.slots.push(slot)
  }

  clear(): void {
    this.slots.length = 0
  }

  /** Puts as many into the queue as there is room for now. */
  put(): void {
    const { access, slots } = this
    if (slots.length === 0) return
    while (slots.length > 0 && inject(access, slots[slots.length - 1]!)) slots.pop()
    access.idle.wake()
  }
}
