/**
 * A shard of this thread: the keys that have their place here, and the actors that are up for them.
 *
 * ```text
 *            first message                 up                       idle, or told to end
 *  nothing ─────────────────▶ being built ────▶ handles messages ─────────────────────────▶ ends ──▶ nothing
 *                              ▲ messages wait                                  │ a message comes
 *                              └───── its name is free ─── the next one waits ◀─┘
 * ```
 *
 * A message never meets an actor that ends: it is put into the mailbox of the next one, which is built as soon as the last one of that key
 * has let go of all it held. So there are never two of a key, nothing is lost, and what one sender tells stays in its order. Of a
 * key that is not active there is nothing here. One that does not let go in its time for that leaves a key that nobody answers for until it has.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type * as Tracer from "effect/Tracer"
import { ActorStopped, type TellError } from "../ActorError.ts"
import { behaviourReleased, type ExitReason, forgotten, neverStarted, scopeClosed } from "../ExitReason.ts"
import { activate } from "../internal/start.ts"
import type { Behaviour } from "./Behaviour.ts"
import { Cell } from "./Cell.ts"
import { type Answered, type Command, STOP } from "./Command.ts"
import { Directory } from "./Directory.ts"
import type { Host } from "./Host.ts"
import { stopEach } from "./Owner.ts"
import { STARTING, STOPPED, STOPPING } from "./Phase.ts"
import { actorName, type Addressed, type Protocol } from "./Protocol.ts"
import { answerTo, type Asker, NO_ROOM, type Outcome, REFUSED, type Waiter, type Withdrawable } from "./Recipient.ts"
import type { Resident } from "./Resident.ts"
import { KeyedRecipient, type Shard, type ShardHere } from "./Shard.ts"
import * as Terms from "./Terms.ts"
import { Ask, ORIGIN_SHIFT, type Word, wordOf } from "./Word.ts"

/** What one thread may have on its way to all the keys of another: so many times the room of one mailbox. */
export const WINDOW = 16

const nothing = () => {}

const heldUp = neverStarted("the one before it has not let go of what it holds")

type Listeners = Set<(reason: ExitReason) => void>

const OPEN = 0

/** See the module. */
export class LocalShard implements Shard, ShardHere, Resident {
  /** How messages come here from other threads. */
  declare readonly protocol: Protocol
  /** The protocol as its actors speak it. */
  declare private readonly bare: Protocol
  declare readonly behaviour: Pick<Behaviour, "capacity">
  declare reason: ExitReason
  declare private readonly name: string
  declare readonly host: Host
  declare private readonly terms: Terms.Terms
  /** By key: who takes the messages. One that ends has left its place to the next as soon as there is a message for that. */
  declare private readonly cells: Directory<Cell>
  declare private phase: typeof OPEN | typeof STOPPING | typeof STOPPED
  /** Who has refused a message last. */
  declare private refuser: Cell | undefined
  declare private readonly onDrain: Listeners
  declare private readonly onStop: Listeners
  /** Called when an actor is up, or has ended instead. */
  declare private readonly onSettled: Set<() => void>
  constructor(host: Host, protocol: Protocol, capacity: number, terms: Terms.Terms) {
    this.protocol = protocol.keyed()
    this.bare = protocol
    this.behaviour = { capacity: WINDOW * capacity }
    this.reason = scopeClosed
    this.name = protocol.name
    this.host = host
    this.terms = terms
    this.cells = new Directory()
    this.phase = OPEN
    this.refuser = undefined
    this.onDrain = new Set()
    this.onStop = new Set()
    this.onSettled = new Set()
    protocol.prepare(host.carriage)
    host.shards.set(this.name, this)
  }

  /** How long its actors may take together to handle what they have accepted, when it is stopped. */
  get shutdownMillis(): number {
    return this.terms.shutdownMillis ?? this.host.behaviourOf(this.name)?.shutdownMillis ?? 0
  }

  /** How many keys are active. */
  get size(): number {
    return this.cells.size
  }

  // ---- actors come and go

  // Who takes a message for a key now; nobody when the shard, or its behaviour, ends, or when the last one of the key does not let go.
  private taker(key: string): Cell | undefined {
    const cell = this.cells.get(key)
    return cell !== undefined && cell.phase < STOPPING && !cell.isDraining && this.phase === OPEN
      ? cell
      : this.successor(key)
  }

  private successor(key: string): Cell | undefined {
    const { host, name, phase, terms } = this
    const behaviour = phase === OPEN ? host.behaviourOf(name) : undefined
    if (behaviour === undefined || this.isStuck(key)) return undefined
    const cell = new Cell(host, behaviour, key)
    Terms.apply(cell, terms)
    this.cells.set(cell)
    this.begin(cell)
    return cell
  }

  // In a turn of its own: a build is somebody's code, and there may be many. While the last one of its key has its name it waits.
  private begin(cell: Cell): void {
    const { host } = this
    if (host.behaviourOf(this.name) !== cell.behaviour) return void cell.stop(behaviourReleased)
    if (!host.takeName(cell)) return
    host.dispatcher.enqueue({
      run: () => {
        if (cell.phase === STARTING) activate(host, cell, () => this.settled())
        else this.settled()
      },
      failed: (defect) => host.fault(cell.name, defect)
    })
  }

  // Whether its last actor has ended for everybody, and has not let go: nobody knows whether it ever will.
  private isStuck(key: string): boolean {
    return this.host.holderOf(this.name, key)?.hasStopped === true
  }

  private settled(): void {
    for (const told of Array.from(this.onSettled)) this.host.after.add(told)
    this.host.after.run()
  }

  /** The name of an actor that has ended is free. */
  freed(key: string): void {
    const next = this.cells.get(key)
    if (next !== undefined && next.phase === STARTING) this.begin(next)
  }

  /** An actor has ended. */
  ended(cell: Cell): void {
    const { key } = cell
    const next = this.cells.get(key)
    if (next === cell) this.cells.delete(key)
    else if (next !== undefined) {
      this.host.after.add(() => this.isStuck(key) ? void next.stop(this.whyNot(key)) : undefined)
    }
    if (this.refuser === cell) this.refuser = undefined
  }

  /** One of its actors as others reach it; it may have been that of its key before. */
  reached({ key, protocol }: Cell): KeyedRecipient {
    return new KeyedRecipient(this, protocol, key)
  }

  runningAt(key: string): Cell | undefined {
    return this.cells.get(key)
  }

  get nameless(): ReadonlyArray<Cell> {
    return this.cells.values().filter((cell) => !this.host.holdsName(cell))
  }

  /** Who takes a message that is sent to a key again. */
  takerOf(key: string): Cell | undefined {
    return this.taker(key)
  }

  // ---- messages of this thread

  depthAt(key: string): number {
    return this.cells.get(key)?.depth() ?? 0
  }

  tellAt(key: string, index: number, payload: unknown, span: Tracer.AnySpan | undefined): Outcome {
    const cell = this.taker(key)
    if (cell === undefined) return REFUSED
    const outcome = cell.tell(index, payload, span)
    if (outcome > NO_ROOM) this.refuser = cell
    return outcome
  }

  refusalAt(key: string, index: number, payload: unknown, outcome: Outcome): TellError {
    const { refuser } = this
    this.refuser = undefined
    return refuser?.key === key ? refuser.refusal(index, payload, outcome) : this.stopped(key, index, payload)
  }

  private stopped(key: string, index: number, payload: unknown): ActorStopped {
    const undelivered = { tag: this.protocol.tags[index]!, payload }
    return new ActorStopped({
      actor: actorName(this.protocol, key),
      reason: this.whyNot(key),
      begun: false,
      undelivered
    })
  }

  // Why nobody takes messages for a key.
  private whyNot(key: string): ExitReason {
    if (this.phase !== OPEN) return this.reason
    return this.isStuck(key) ? heldUp : behaviourReleased
  }

  waitForRoomAt(key: string, waiter: Waiter): void {
    const cell = this.taker(key)
    if (cell === undefined) waiter.done(this.stopped(key, waiter.index, waiter.payload))
    else cell.waitForRoom(waiter)
  }

  stopWaitingAt(key: string, waiter: Waiter): void {
    this.cells.get(key)?.stopWaiting(waiter)
  }

  askAt(
    key: string,
    index: number,
    payload: unknown,
    span: Tracer.AnySpan | undefined,
    fiber: Fiber.Fiber<unknown, unknown>,
    timeout: Duration.Input | undefined
  ): Effect.Effect<unknown, unknown> {
    const cell = this.taker(key)
    return cell === undefined
      ? Exit.fail(this.stopped(key, index, payload))
      : cell.ask(index, payload, span, fiber, timeout)
  }

  askUnsafeAt(
    key: string,
    index: number,
    payload: unknown,
    timeoutMillis: number,
    asker: Asker
  ): Withdrawable | undefined {
    const cell = this.taker(key)
    if (cell !== undefined) return cell.askUnsafe(index, payload, timeoutMillis, asker)
    return answerTo(asker, Exit.fail(this.stopped(key, index, payload)))
  }

  commandAt(key: string, command: Command, answered: Answered): () => void {
    const cell = this.cells.get(key)
    if (cell === undefined) {
      answered({ _tag: "Ended", reason: forgotten })
      return nothing
    }
    // What was told before a stop was accepted, by one that is not up as well.
    if (command.kind !== STOP || cell.phase !== STARTING) return cell.command(command, answered)
    let forget = this.whenSettled(cell, () => {
      forget = cell.command(command, answered)
    })
    return () => forget()
  }

  private whenSettled(cell: Cell, then: () => void): () => void {
    const told = () => {
      if (cell.phase === STARTING) return
      this.onSettled.delete(told)
      then()
    }
    this.onSettled.add(told)
    return () => this.onSettled.delete(told)
  }

  // ---- messages of other threads

  get mailbox(): undefined {
    return undefined
  }

  get isAtHand(): boolean {
    return false
  }

  receive(): void {}

  /** Hands a message on to the actor of its key: its credit goes back when that takes it out of its mailbox. */
  deliverRemote(word: Word, addressed: unknown): void {
    const { key, payload } = addressed as Addressed
    const { freight } = this.host
    const cell = this.taker(key)
    if (cell === undefined) return this.undeliverable(word, addressed)
    freight.unwrap(addressed, payload)
    if (word instanceof Ask) word.takenBy(cell)
    cell.deliverRemote(word, payload)
  }

  /** Settles a message that will never be handled. */
  undeliverable(word: Word, payload: unknown): void {
    const addressed = payload as Addressed
    const { host } = this
    host.credit(wordOf(word) >>> ORIGIN_SHIFT)
    const { bare: protocol } = this
    const reason = this.whyNot(addressed.key)
    if (word instanceof Ask) return word.stopped(reason, addressed.payload)
    host.lost({ protocol, key: addressed.key }, word, addressed.payload, { _tag: "ActorEnded", reason })
    host.freight.drop(addressed)
  }

  cancel(): boolean {
    return false
  }

  // ---- the end

  get isDraining(): boolean {
    return this.phase === STOPPING
  }

  get hasStopped(): boolean {
    return this.phase === STOPPED
  }

  whenStopped(listener: (reason: ExitReason) => void): void {
    if (this.hasStopped) listener(this.reason)
    else this.onStop.add(listener)
  }

  whenDraining(listener: (reason: ExitReason) => void): void {
    this.onDrain.add(listener)
  }

  unwatch(listener: (reason: ExitReason) => void): void {
    this.onStop.delete(listener)
    this.onDrain.delete(listener)
  }

  /**
   * Ends all its actors in order, the youngest first, each before the next; nothing is accepted from now on. Their times count from the
   * first stop on.
   */
  stop(reason: ExitReason, elapsedMillis = 0): Effect.Effect<void> {
    if (this.phase !== OPEN) return this.whenOver
    this.phase = STOPPING
    this.reason = reason
    this.tell(this.onDrain)
    const cells = this.cells.values()
    const next = () => {
      const cell = cells.pop()
      return cell === undefined ? undefined : {
        stop: (why: ExitReason, elapsed: number) => this.stopOne(cell, why, elapsedMillis + elapsed)
      }
    }
    return Effect.ensuring(stopEach(next, reason), Effect.sync(() => this.over()))
  }

  private get whenOver(): Effect.Effect<void> {
    return Effect.callback((resume) => {
      const told = () => resume(Effect.void)
      this.whenStopped(told)
      return Effect.sync(() => this.unwatch(told))
    })
  }

  // One that is not up has accepted messages all the same.
  private stopOne(cell: Cell, reason: ExitReason, elapsedMillis: number): Effect.Effect<void> | undefined {
    if (cell.phase !== STARTING) return cell.stop(reason, elapsedMillis)
    const left = cell.shutdownMillis - elapsedMillis
    const settled = Effect.callback<void>((resume) => {
      const forget = this.whenSettled(cell, () => resume(Effect.void))
      return Effect.sync(forget)
    })
    const inTime = left === Infinity ? settled : Effect.timeoutOption(settled, Math.max(0, left))
    return Effect.flatMap(
      Effect.timed(inTime),
      ([took]) => cell.stop(reason, elapsedMillis + Duration.toMillis(took)) ?? Effect.void
    )
  }

  private over(): void {
    this.phase = STOPPED
    this.host.shards.delete(this.name)
    this.tell(this.onStop)
  }

  private tell(listeners: Listeners): void {
    const { host: { after }, reason } = this
    for (const listener of listeners) after.add(() => listener(reason))
    listeners.clear()
    after.run()
  }
}
