/**
 * The inboxes of all workers as one thread that submits has them: what waits for one worker, and what becomes of it when that dies, or leaves the pool.
 *
 * How many workers there are is what this thread has seen last ({@link Placing.adopt}), so that all that it does to a key in between is of one mind. A worker
 * that has left has nobody read its inbox: once its thread has ended what lies there goes to others.
 */
import { BROKEN, checked } from "../../actor/kernel/Payload.ts"
import type { Message } from "../../actor/kernel/Protocol.ts"
import { INVALID, MISROUTED } from "../../actor/kernel/Recipient.ts"
import { InboxWriter } from "../../memory/Inboxes.ts"
import { membersIn, QUEUED, WITHDRAWN } from "../../memory/JobTable.ts"
import { messageOf } from "../../runtime/Text.ts"
import { LANES } from "../kernel/Lanes.ts"
import { Fences } from "./fences.ts"
import { type Access, rowOf } from "./memory.ts"
import { keyed, type Places, rendezvous, type Route, routesOf } from "./routing.ts"
import { ANYWHERE, isPinned, keyOf, placeOf, redirected } from "./target.ts"

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
  /** The membership that this thread has seen last. */
  private seen: number
  private readonly fences: Fences

  constructor(access: Access, row: number, capacity: number, messages: ReadonlyArray<Message>) {
    this.access = access
    this.inboxes = new InboxWriter(access.memory.inboxes, row)
    this.first = row * access.table.jobs
    this.capacity = capacity
    this.routes = routesOf(messages)
    this.turn = row
    this.seen = access.table.membership()
    this.fences = new Fences(access.table, this.first, capacity, (place, slot) => this.push(place, slot))
  }

  /** Another one whenever the number of workers is another one to this thread. */
  get membership(): number {
    return this.seen
  }

  /** Sees how many workers there are; `true` when that has changed. What is under way of a key stays before what follows. */
  adopt(): boolean {
    const { access: { table }, fences, seen } = this
    const now = table.membership()
    if (now === seen) return false
    this.seen = now
    for (const slot of fences.waiting) {
      const word = table.messageOf(slot)
      if (placeOf(word) >= this.count) this.redirect(slot, word)
    }
    fences.count()
    return true
  }

  // Which worker its route would say nobody knows without its payload: any will do that all of its key go to.
  private redirect(slot: number, word: number): number {
    const key = keyOf(word)
    const place = key === 0 ? this.next() : rendezvous(key, this)
    this.access.table.redirect(slot, redirected(word, place), place + 1)
    return place
  }

  /** Where a job may run, by the key that its sender has given it, or as the route of its message says; or what its sender is answered, below zero. Runs user code. */
  route(message: Message, payload: unknown, key: unknown): number {
    const declared = this.routes[message.index]
    const route = key === undefined ? declared : keyed(key, declared)
    if (route === undefined) return ANYWHERE
    try {
      for (;;) {
        const target = route(payload, this)
        // What it has found out about keys may be of another number of workers.
        if (!this.adopt()) return target
      }
    } catch (thrown) {
      const isInvalid = message.payload.encode(payload, this.access.scratch) < 0 && checked(message, payload) === BROKEN
      this.misrouted = messageOf(thrown)
      return isInvalid ? -INVALID : -MISROUTED
    }
  }

  /** Where a job may run that is for one worker, whatever its route says; or what its sender is answered, below zero. */
  checked(target: number): number {
    if (target === ANYWHERE) return target
    this.adopt()
    const place = placeOf(target)
    if (place < this.count) return target
    this.misrouted = `worker-${place} is not there: the pool has ${this.count} ${
      this.count === 1 ? "worker" : "workers"
    } now`
    return -MISROUTED
  }

  /** The same of one that has a stream of it: also one that is about to leave, which stays for as long as that is read. */
  reaching(target: number): number {
    this.adopt()
    const place = placeOf(target)
    if (place < this.count || this.access.table.hasWorker(place)) return target
    this.misrouted = `worker-${place} has left the pool`
    return -MISROUTED
  }

  /** How many workers there are. */
  get count(): number {
    return membersIn(this.seen)
  }

  next(): number {
    this.turn = (this.turn + 1) % this.count
    return this.turn
  }

  homeOf(hash: number): number {
    return this.inboxes.homeOf(hash)
  }

  settle(hash: number, place: number, home: number): number {
    return this.inboxes.settle(hash, place, home)
  }

  /** A job with a route is about to be submitted. */
  sends(slot: number): void {
    this.fences.sends(slot)
  }

  /** Puts the number of a job where its worker finds it, once what was sent of its key before is with no other, and at no other level. */
  put(slot: number): boolean {
    return !this.fences.keeps(slot) && this.push(placeOf(this.access.table.messageOf(slot)), slot)
  }

  /** The job of a slot has come back. */
  released(slot: number): void {
    this.fences.released(slot)
  }

  /** Nothing is under way any more. */
  clear(): void {
    this.fences.clear()
  }

  private push(place: number, slot: number): boolean {
    this.inboxes.push(place, slot, this.access.table.levelOf(slot))
    return this.access.bells[rowOf(place)]!.ring()
  }

  loadOf(place: number): number {
    return this.inboxes.load(place)
  }

  /**
   * Lets those who live into what is for them, where others were before. What those had begun has been looked for. Answers what can only be done by workers
   * that have left.
   */
  admit(living: Int32Array): ReadonlyArray<number> {
    this.adopt()
    const left: Array<number> = []
    for (let place = 0; place < living.length; place++) {
      const number = living[place]!
      if (number === 0 && place >= this.count) this.moveFrom(place, left)
      else if (!this.inboxes.isAdmitted(place, number)) this.admitNext(place, number)
    }
    return left
  }

  // Nobody reads it: what its worker had begun and is begun again comes first, and then what lay there.
  private inOrder(place: number, lane: number): ReadonlyArray<number> {
    const { table } = this.access
    const waiting = this.waitingFor(place)
    const there = this.list(place, lane).filter((slot) => waiting.delete(slot))
    const again = Array.from(waiting).filter((slot) => table.begunOf(slot) > 0 && table.levelOf(slot) === lane)
    return again.concat(there)
  }

  private admitNext(place: number, number: number): void {
    const { access: { bells }, inboxes } = this
    for (let lane = 0; lane < LANES; lane++) inboxes.refill(place, this.inOrder(place, lane), lane)
    if (number === 0) return
    inboxes.admit(place, number)
    bells[rowOf(place)]!.ring()
  }

  // It is the oldest of each key: what was sent after it waits for it, since it was under way when the number of workers was another one.
  private moveFrom(place: number, left: Array<number>): void {
    const { access: { table }, inboxes } = this
    for (let lane = 0; lane < LANES; lane++) {
      const slots = this.inOrder(place, lane)
      inboxes.refill(place, [], lane)
      for (const slot of slots) {
        const word = table.messageOf(slot)
        if (isPinned(word)) left.push(slot)
        else this.push(this.redirect(slot, word), slot)
      }
    }
  }

  /** Puts in what the thread that was here before had submitted, and died before it could. */
  inherit(): void {
    const { table } = this.access
    const nowhere: Array<number> = []
    for (let place = 0; place < table.workers; place++) {
      const waiting = this.waitingFor(place)
      if (waiting.size === 0) continue
      for (let lane = 0; lane < LANES; lane++) for (const slot of this.list(place, lane)) waiting.delete(slot)
      // What was begun and is given up is its worker's to put back.
      for (const slot of waiting) if (table.begunOf(slot) === 0) nowhere.push(slot)
    }
    for (const slot of this.fences.inherit(nowhere)) {
      const word = table.messageOf(slot)
      if (placeOf(word) >= this.count && !isPinned(word)) this.redirect(slot, word)
      this.put(slot)
    }
  }

  private list(place: number, lane: number): Array<number> {
    const into = new Int32Array(this.access.table.jobs)
    return Array.from(into.subarray(0, this.inboxes.list(place, into, lane)))
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
