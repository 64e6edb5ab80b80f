/**
 * The inboxes of all workers as one thread that submits has them: what waits for one worker, and what becomes of it when that dies.
 */
import { BROKEN, checked } from "../../actor/kernel/Payload.ts"
import type { Message } from "../../actor/kernel/Protocol.ts"
import { INVALID, MISROUTED } from "../../actor/kernel/Recipient.ts"
import { InboxWriter } from "../../memory/Inboxes.ts"
import { QUEUED, WITHDRAWN } from "../../memory/JobTable.ts"
import { messageOf } from "../../runtime/Text.ts"
import { type Access, rowOf } from "./memory.ts"
import { type Places, type Route, routesOf } from "./routing.ts"
import { ANYWHERE, placeOf } from "./target.ts"

/** See the module. */
export class Placing implements Places {
  private readonly access: Access
  private readonly inboxes: InboxWriter
  private readonly first: number
  private readonly capacity: number
  private readonly routes: ReadonlyArray<Route | undefined>
  /** Why nobody knows which worker the message was for that was refused for that. */
  misrouted = ""
  /** Whose turn it is next; threads begin with different ones. */
  private turn: number

  constructor(access: Access, row: number, capacity: number, messages: ReadonlyArray<Message>) {
    this.access = access
    this.inboxes = new InboxWriter(access.memory.inboxes, row)
    this.first = row * access.table.jobs
    this.capacity = capacity
    this.routes = routesOf(messages)
    this.turn = row
  }

  /** Where a job may run, as the route of its message says; or what its sender is answered, below zero. Runs user code. */
  route(message: Message, payload: unknown): number {
    const route = this.routes[message.index]
    if (route === undefined) return ANYWHERE
    try {
      return route(payload, this)
    } catch (thrown) {
      const isInvalid = message.payload.encode(payload, this.access.scratch) < 0 && checked(message, payload) === BROKEN
      this.misrouted = messageOf(thrown)
      return isInvalid ? -INVALID : -MISROUTED
    }
  }

  get count(): number {
    return this.inboxes.workers
  }

  next(): number {
    this.turn = (this.turn + 1) % this.count
    return this.turn
  }

  homeOf(hash: number): number {
    return this.inboxes.homeOf(hash)
  }

  settle(hash: number, place: number): number {
    return this.inboxes.settle(hash, place)
  }

  /** Puts the number of a job where its worker finds it. */
  put(place: number, slot: number): void {
    this.inboxes.push(place, slot)
    this.access.bells[rowOf(place)]!.ring()
  }

  loadOf(place: number): number {
    return this.inboxes.load(place)
  }

  /** Lets those who live into what is for them, where others were before. What those had begun has been looked for. */
  admit(living: Int32Array): void {
    for (let place = 0; place < living.length; place++) {
      if (!this.inboxes.isAdmitted(place, living[place]!)) this.admitNext(place, living[place]!)
    }
  }

  // Nobody reads it: what its worker had begun and is begun again comes first, and then what lay there.
  private admitNext(place: number, number: number): void {
    const { access: { bells, table }, inboxes } = this
    const waiting = this.waitingFor(place)
    const there = this.list(place).filter((slot) => waiting.delete(slot))
    const again = Array.from(waiting).filter((slot) => table.begunOf(slot) > 0)
    inboxes.refill(place, again.concat(there))
    if (number === 0) return
    inboxes.admit(place, number)
    bells[rowOf(place)]!.ring()
  }

  /** Puts in what the thread that was here before had submitted, and died before it could. */
  inherit(): void {
    const { table } = this.access
    for (let place = 0; place < table.workers; place++) {
      const waiting = this.waitingFor(place)
      if (waiting.size === 0) continue
      for (const slot of this.list(place)) waiting.delete(slot)
      // What was begun and is given up is its worker's to put back.
      for (const slot of waiting) if (table.begunOf(slot) === 0) this.put(place, slot)
    }
  }

  private list(place: number): Array<number> {
    const into = new Int32Array(this.access.table.jobs)
    return Array.from(into.subarray(0, this.inboxes.list(place, into)))
  }

  private waitingFor(place: number): Set<number> {
    const { access: { table }, capacity, first } = this
    const waiting = new Set<number>()
    for (let slot = first; slot < first + capacity; slot++) {
      const stage = table.stageOf(slot)
      if (stage !== QUEUED && stage !== WITHDRAWN) continue
      if (placeOf(table.messageOf(slot)) === place) waiting.add(slot)
    }
    return waiting
  }
}
