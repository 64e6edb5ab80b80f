/**
 * The actors of one thread: their behaviours, their names, their turns.
 *
 * It knows nothing of other threads; a system with threads gives it {@link Host.origins}, the remote senders whose
 * credit a message takes.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type * as PubSub from "effect/PubSub"
import * as Scheduler from "effect/Scheduler"
import type * as Scope from "effect/Scope"
import * as Bulletin from "../../observe/kernel/Bulletin.ts"
import { DROPPED, type Tally } from "../../observe/kernel/Tally.ts"
import type { ThreadContext } from "../../runtime/ThreadContext.ts"
import type { Turn } from "../../runtime/Turn.ts"
import type { TreeNode } from "../../supervisor/Tree.ts"
import type { Carriage } from "../../wire/Carriage.ts"
import { carriageOf } from "../../wire/kernel/ThreadCarriage.ts"
import * as ActorError from "../ActorError.ts"
import type { Why } from "../DeadLetters.ts"
import { behaviourReleased, causeText, type ExitReason, systemReleased } from "../ExitReason.ts"
import { Aftermath } from "../internal/aftermath.ts"
import { onThread } from "../internal/annotated.ts"
import { drained, shutDown } from "../internal/ending.ts"
import * as lifecycle from "../internal/lifecycle.ts"
import { obey } from "../internal/obey.ts"
import { owning } from "../internal/owning.ts"
import { gaveUp, holderIn, type LifecycleHost, nodeOf, Roster } from "../internal/roster.ts"
import { start } from "../internal/start.ts"
import type { SystemEvent } from "../SystemEvent.ts"
import type { Behaviour } from "./Behaviour.ts"
import { type Cell, Cell as CellClass } from "./Cell.ts"
import type { Answered, Command } from "./Command.ts"
import { type CountedOf, type CountedType, countedType, Sums } from "./Counted.ts"
import { Deadlines } from "./Deadlines.ts"
import { Dispatcher } from "./Dispatcher.ts"
import { Freight } from "./Freight.ts"
import { Groups } from "./Groups.ts"
import { Inquiries } from "./Inquiry.ts"
import * as Layouts from "./Layouts.ts"
import { type Lettered, Letters } from "./Letters.ts"
import { type LetterStore, receivedOf, type Refusal, type Resent } from "./LetterStore.ts"
import { Origins } from "./Origins.ts"
import { stopEach } from "./Owner.ts"
import { BROKEN, deliverable } from "./Payload.ts"
import { RESTARTING, STARTING, STOPPING } from "./Phase.ts"
import { actorName, type Protocol } from "./Protocol.ts"
import { INVALID, type Recipient, TAKEN, TOO_LARGE } from "./Recipient.ts"
import { Sends } from "./Sends.ts"
import type { ShardHere } from "./Shard.ts"
import { Supervised } from "./Supervised.ts"
import * as Terms from "./Terms.ts"
import type { Word } from "./Word.ts"

/** So much of what is given up in one turn is told of, also where less is kept. */
const MIN_NOTED = 256

/** All restarts of a behaviour were used up on this host. */
export interface Escalation {
  readonly name: string
  readonly cause: Cause.Cause<unknown>
}

/** See the module. */
export class Host implements LifecycleHost {
  declare readonly dispatcher: Dispatcher
  declare readonly deadlines: Deadlines
  /** Who waits for whom, when the time of an ask is over. */
  declare readonly inquiries: Inquiries
  declare readonly turn: Turn
  declare readonly after: Aftermath
  /** What values find here that travel in messages. */
  declare readonly carriage: Carriage
  declare readonly freight: Freight
  /** What is around sends from here. */
  declare readonly sends: Sends
  declare readonly clock: Clock.Clock
  declare readonly events: PubSub.PubSub<SystemEvent>
  /** The dead letters of the system, where this is its main thread. */
  declare readonly store: LetterStore
  /** What this thread gives up. */
  declare readonly letters: Letters
  declare private readonly escalation: Deferred.Deferred<Escalation>
  /** Remote senders by the number in a message word. */
  declare readonly origins: Origins
  declare inlineDepth: number
  /** This thread ends soon: what ends here from now on comes back with its next incarnation, if the system goes on. */
  declare isLeaving: boolean
  /** The shards of this thread, by the name of their behaviour: all keys of that are theirs. */
  declare readonly shards: Map<string, ShardHere>
  declare readonly groups: Groups
  /** What this thread has counted. */
  declare readonly tally: Tally
  /** By name, the youngest first: the first one that is not being released is the one that is spawned. */
  declare private readonly rosters: Map<string, Array<Roster>>
  declare private readonly rosterByBehaviour: Map<Behaviour, Roster>
  /** By behaviour: what actors had counted that have ended here, and what this thread has dropped that was for others. */
  declare private readonly past: Map<string, Sums>
  /** What the thread is called. */
  declare readonly name: string
  /** The services of the thread. */
  declare readonly context: Context.Context<never>
  declare private forkLast: (effect: Effect.Effect<unknown, unknown, unknown>) => Fiber.Fiber<unknown, unknown>
  declare private forkContext: Context.Context<never>
  constructor(
    name: string,
    context: Context.Context<never>,
    events: PubSub.PubSub<SystemEvent>,
    store: LetterStore,
    tally: Tally,
    thread: ThreadContext
  ) {
    const { runtime, turn } = thread
    this.name = name
    this.context = onThread(context, name)
    this.clock = Context.get(context, Clock.Clock)
    this.turn = turn
    this.dispatcher = new Dispatcher(Context.get(context, Scheduler.Scheduler), runtime, turn)
    this.deadlines = new Deadlines(context, this.clock, thread, (defect) => this.fault("a deadline", defect))
    this.inquiries = new Inquiries(this.deadlines)
    this.after = new Aftermath(runtime, (defect) => this.fault("who was told of a change", defect))
    this.carriage = carriageOf(thread)
    this.sends = new Sends()
    this.freight = new Freight(this.carriage, this.sends)
    this.events = events
    this.store = store
    this.letters = new Letters({
      millis: () => this.clock.currentTimeMillisUnsafe(),
      later: (letters) =>
        this.dispatcher.enqueue({
          run: () => letters.handOn(),
          failed: (defect) => this.fault("who was told of dead letters", defect)
        }),
      limit: Math.max(MIN_NOTED, store.limits.letters)
    }, (lost, missed) => store.put(lost.map(receivedOf), missed))
    this.escalation = Deferred.makeUnsafe()
    this.origins = new Origins()
    this.inlineDepth = 0
    this.isLeaving = false
    this.shards = new Map()
    this.groups = new Groups(this)
    this.tally = tally
    this.rosters = new Map()
    this.rosterByBehaviour = new Map()
    this.past = new Map()
    this.forkContext = context
    this.forkLast = Effect.runForkWith(context) as typeof this.forkLast
  }

  /** Names of the behaviours that can be spawned here. */
  get known(): ReadonlyArray<string> {
    return this.behaviours.map(({ protocol: { name } }) => name)
  }

  /** The behaviours registered here. */
  get behaviours(): ReadonlyArray<Behaviour> {
    return Array.from(this.rosters.keys()).flatMap((name) => this.current(name)?.behaviour ?? [])
  }

  // The behaviour that serves a name now.
  private current(name: string): Roster | undefined {
    return this.rosters.get(name)?.find(({ isReleased }) => !isReleased)
  }

  /** Who has a name here: an actor that is alive, or one that has ended and has not let go of all that it holds. */
  holderOf(behaviour: string, key: string): Cell | undefined {
    return holderIn(this.rosters.get(behaviour) ?? [], key)
  }

  /** Whether somebody has this name here. */
  has(behaviour: string, key: string): boolean {
    return this.holderOf(behaviour, key) !== undefined
  }

  /** The name that some actor of a behaviour has here. */
  someName(behaviour: string): string | undefined {
    return this.rosters.get(behaviour)?.find(({ cells }) => cells.size > 0)?.cells.values()[0]?.name
  }

  /** The actor of a name, when it is up. */
  find(behaviour: string, key: string): Cell | undefined {
    const cell = this.holderOf(behaviour, key)
    return cell === undefined || cell.phase === STARTING || cell.phase >= STOPPING ? undefined : cell
  }

  /** The behaviour that serves a name now, unless it has given up. */
  behaviourOf(name: string): Behaviour | undefined {
    const roster = this.current(name)
    return roster?.gaveUp === undefined ? roster?.behaviour : undefined
  }

  /** Gives an actor its name, if that is free. */
  takeName(cell: Cell): boolean {
    if (this.has(cell.protocol.name, cell.key)) return false
    this.rosterOf(cell.behaviour).cells.add(cell)
    return true
  }

  gone(cell: Cell): void {
    this.pastOf(cell.behaviour.protocol.name).done(cell)
    if (this.shards.size > 0) this.shards.get(cell.behaviour.protocol.name)?.ended(cell)
  }

  freed(cell: Cell): void {
    if (this.shards.size > 0) this.shards.get(cell.behaviour.protocol.name)?.freed(cell.key)
  }

  reached(cell: Cell): Recipient {
    return this.shards.get(cell.behaviour.protocol.name)?.reached(cell) ?? cell
  }

  /** Whether an actor that may have ended still has its name: nobody could wait any longer for what it holds. */
  holdsName(cell: Cell): boolean {
    return this.rosterOf(cell.behaviour).cells.get(cell.key) === cell
  }

  /** Calls back once the name of an actor is free; at once when it is. */
  whenFreed(cell: Cell, listener: () => void): void {
    if (this.holdsName(cell)) cell.more().freed = listener
    else listener()
  }

  /** Services for what runs of a behaviour here: if its thread dies of that, it is known whose it was, and its log lines say where it is. */
  owning(services: Context.Context<never>): Context.Context<never> {
    return onThread(owning(services, this.turn), this.name)
  }

  /** Makes a behaviour known; the last one of a name serves actors spawned from now on, until it is released. */
  register(behaviour: Behaviour): void {
    const { name } = behaviour.protocol
    const roster = new Roster(behaviour)
    behaviour.protocol.prepare(this.carriage)
    this.rosters.set(name, [roster, ...this.rosters.get(name) ?? []])
    this.rosterByBehaviour.set(behaviour, roster)
  }

  /** Forgets a behaviour and stops its actors, the youngest first. */
  unregister(behaviour: Behaviour, reason: ExitReason = behaviourReleased): Effect.Effect<void> {
    const roster = this.rosterOf(behaviour)
    // Nothing is spawned any more from here on.
    roster.isReleased = true
    const cells = roster.cells.values()
    return Effect.andThen(
      stopEach(() => cells.pop(), reason),
      Effect.sync(() => this.remove(roster))
    )
  }

  private remove(roster: Roster): void {
    const { name } = roster.behaviour.protocol
    const others = this.rosters.get(name)?.filter((other) => other !== roster) ?? []
    if (others.length === 0) this.rosters.delete(name)
    else this.rosters.set(name, others)
    this.rosterByBehaviour.delete(roster.behaviour)
  }

  /**
   * Starts an actor; the result is at hand when its behaviour builds at once.
   *
   * `owner` stops it when its scope closes; without one it lives until its behaviour is released. `known` is called before its
   * behaviour is built, which may give its reference away.
   */
  spawn(
    protocol: Pick<Protocol, "name" | "layoutHash">,
    key: string,
    owner: Scope.Scope | undefined,
    terms: Terms.Terms = Terms.plain,
    known?: (cell: Cell) => void
  ): Effect.Effect<Cell, ActorError.SpawnError> {
    const cell = this.enter(protocol, key)
    if (!(cell instanceof CellClass)) return Exit.fail(cell)
    Terms.apply(cell, terms)
    known?.(cell)
    return start(this, cell, owner)
  }

  /** Starts an actor that leaves to its supervisor what becomes of it when it crashes; it ends with `owner`. */
  supervise(
    protocol: Pick<Protocol, "name" | "layoutHash">,
    key: string,
    owner: Scope.Scope | undefined,
    terms: Terms.Terms,
    known?: (cell: Cell) => void
  ): Effect.Effect<Supervised, ActorError.SpawnError> {
    let supervised: Supervised | undefined
    const spawned = this.spawn(protocol, key, owner, terms, (cell) => {
      supervised = new Supervised(this, cell)
      known?.(cell)
    })
    return Exit.isExit(spawned) && Exit.isSuccess(spawned)
      ? Exit.succeed(supervised!)
      : Effect.map(spawned, () => supervised!)
  }

  /** Takes an actor up again whose thread was lost, and has it wait for its supervisor, as {@link revive} has it built. */
  reserve(
    protocol: Pick<Protocol, "name" | "layoutHash">,
    key: string,
    terms: Terms.Terms,
    known: (cell: Cell) => void
  ): Supervised | ActorError.SpawnError {
    const cell = this.enter(protocol, key)
    if (!(cell instanceof CellClass)) return cell
    cell.phase = RESTARTING
    Terms.apply(cell, terms)
    const supervised = new Supervised(this, cell)
    known(cell)
    return supervised
  }

  /**
   * Takes an actor up again whose thread was lost: it has its place at once, and is built meanwhile. Until then tells wait in its
   * mailbox, and asks are told that it is restarting. A build that fails is a failure of the actor like any other.
   */
  revive(
    protocol: Pick<Protocol, "name" | "layoutHash">,
    key: string,
    terms: Terms.Terms,
    known: (cell: Cell) => void
  ): Cell | ActorError.SpawnError {
    const cell = this.enter(protocol, key)
    if (!(cell instanceof CellClass)) return cell
    cell.phase = RESTARTING
    Terms.apply(cell, terms)
    known(cell)
    lifecycle.revive(this, cell)
    return cell
  }

  // A new cell under its name, or why there can be none.
  private enter(protocol: Pick<Protocol, "name" | "layoutHash">, key: string): Cell | ActorError.SpawnError {
    const roster = this.current(protocol.name)
    if (roster === undefined) {
      return new ActorError.BehaviourNotFound({ behaviour: protocol.name, known: this.known, elsewhere: [] })
    }
    const { behaviour } = roster
    if (behaviour.protocol.layoutHash !== protocol.layoutHash) {
      return Layouts.unlike(actorName(protocol, key), protocol.layoutHash, behaviour.protocol)
    }
    if (roster.gaveUp !== undefined) {
      return new ActorError.SpawnFailed({ actor: actorName(protocol, key), cause: gaveUp(roster.gaveUp) })
    }
    const by = this.shards.has(protocol.name) ? "keyed" : undefined
    const isTaken = by !== undefined || this.has(protocol.name, key)
    if (isTaken) return new ActorError.NameTaken({ actor: actorName(protocol, key), by })
    const cell = new CellClass(this, behaviour, key)
    roster.cells.add(cell)
    return cell
  }

  fork(behaviour: Behaviour, effect: Effect.Effect<unknown, unknown, unknown>): Fiber.Fiber<unknown, unknown> {
    // What is waited for here is waited for by the clock of the host; handlers and builds have their own.
    return this.forkWith(behaviour.context, Effect.provideService(effect, Clock.Clock, this.clock))
  }

  forkWith(
    context: Context.Context<never>,
    effect: Effect.Effect<unknown, unknown, unknown>
  ): Fiber.Fiber<unknown, unknown> {
    if (context !== this.forkContext) {
      this.forkContext = context
      this.forkLast = Effect.runForkWith(context) as typeof this.forkLast
    }
    return this.forkLast(effect)
  }

  credit(origin: number): void {
    this.origins.handled(origin)
  }

  /** Messages dropped by policy or because their actor had stopped. */
  get droppedMessages(): number {
    return this.tally.get(DROPPED)
  }

  /** Messages that nobody will handle, and of which no more is known than that. */
  dropped(messages: number): void {
    this.tally.add(DROPPED, messages)
  }

  lost(to: Lettered, word: Word, payload: unknown, why: Why, attempts = 0): void {
    if (why._tag !== "SetAside") {
      this.dropped(1)
      this.droppedOf(to)
    }
    this.letters.add(to, word, payload, why, attempts)
  }

  // What comes late for an actor that has ended, or was for one elsewhere, stands beside what actors count.
  private droppedOf(to: Lettered): void {
    if (to instanceof CellClass && !to.hasStopped) to.counts.dropped++
    else this.pastOf(to.protocol.name).dropped++
  }

  private pastOf(name: string): Sums {
    const past = this.past.get(name) ?? new Sums()
    this.past.set(name, past)
    return past
  }

  /** What the actors here have done, and have still to do, by behaviour. */
  counted({ each, name }: CountedOf): ReadonlyArray<CountedType> {
    const now = this.deadlines.now()
    const names = name === undefined ? new Set([...this.rosters.keys(), ...this.past.keys()]) : [name]
    return Array.from(names, (name) => countedType(name, this.cellsOf(name), [this.pastOf(name)], now, each))
  }

  // Also those that wait for their name, and without those that have ended and keep it.
  private cellsOf(name: string): ReadonlyArray<Cell> {
    const named = (this.rosters.get(name) ?? []).flatMap(({ cells }) => cells.values())
    return [...named, ...this.shards.get(name)?.nameless ?? []].filter(({ hasStopped }) => !hasStopped)
  }

  /** Sends a message again that nobody has handled, to the actor of a name here. */
  resend(name: string, key: string, layoutHash: number, letter: Resent): Refusal {
    const shard = this.shards.get(name)
    const cell = shard === undefined ? this.find(name, key) : shard.takerOf(key)
    if (cell === undefined || cell.isDraining) return "notUp"
    const { protocol } = cell
    if (protocol.layoutHash !== layoutHash) return "unreadable"
    const valid = deliverable(protocol.messages[letter.index]!, letter.payloadFor(protocol), this.freight)
    const outcome = valid === BROKEN ? INVALID : cell.offer(letter.index, valid, undefined, letter.replays + 1)
    if (outcome === TAKEN) return undefined
    return outcome === INVALID || outcome === TOO_LARGE ? "unreadable" : "full"
  }

  handled(cell: Cell, cause: Cause.Cause<unknown>, word: Word | undefined, wasAsked: boolean): boolean {
    return lifecycle.handled(this, cell, cause, word, wasAsked)
  }

  unheard(cell: Cell, cause: Cause.Cause<unknown>): void {
    this.after.add(() => this.report({ _tag: "HandlerFailed", actor: cell.name, cause }, cell.behaviour))
    this.after.run()
  }

  stop(cell: Cell, reason: ExitReason, withinMillis: number): Effect.Effect<void> | undefined {
    return shutDown(this, cell, reason, withinMillis)
  }

  obey(cell: Cell, command: Command, answered: Answered): () => void {
    return obey(this, cell, command, answered)
  }

  drained(cell: Cell): void {
    drained(this, cell)
  }

  rosterOf(behaviour: Behaviour): Roster {
    return this.rosterByBehaviour.get(behaviour) ?? new Roster(behaviour)
  }

  report(event: SystemEvent, behaviour?: Behaviour, isLoggedAbove = false): void {
    if (event._tag === "BehaviourEscalated") this.isLeaving = true
    Bulletin.publish(this.events, event)
    // What comes of a crash is logged with its cause.
    if (isLoggedAbove || !("cause" in event) || event._tag === "ActorCrashed") return
    const who = "actor" in event ? event.actor : "name" in event ? event.name : event.thread
    const level = event._tag === "BehaviourEscalated" || event._tag === "MessageSetAside" ? "Error" : "Warn"
    const what = event._tag === "MessageSetAside" ? `: ${event.message}, after ${event.attempts} attempts` : ""
    this.log(level, `${event._tag} ${who}${what}`, event.cause, behaviour)
  }

  log(level: "Warn" | "Error", text: string, cause?: Cause.Cause<unknown>, behaviour?: Behaviour): void {
    const log = level === "Error" ? Effect.logError : Effect.logWarning
    Effect.runForkWith(behaviour?.context ?? this.context)(cause === undefined ? log(text) : log(text, cause))
  }

  fault(where: string, defect: unknown): void {
    this.log("Error", `${where}: ${causeText(Cause.die(defect))}`, Cause.die(defect))
  }

  escalated(behaviour: Behaviour, cause: Cause.Cause<unknown>): void {
    Deferred.doneUnsafe(this.escalation, Exit.succeed({ name: behaviour.protocol.name, cause }))
  }

  /** Whether a behaviour has used up its restarts here, and its actors have ended. */
  get hasEscalated(): boolean {
    return Deferred.isDoneUnsafe(this.escalation)
  }

  /** Completes when a behaviour has used up its restarts here. */
  get awaitEscalation(): Effect.Effect<Escalation> {
    return Deferred.await(this.escalation)
  }

  /** Stops all actors and all watching of deadlines; whoever looks at groups has seen their end. */
  readonly close: Effect.Effect<void> = Effect.suspend(() => {
    this.deadlines.close()
    const released = Effect.forEach(
      Array.from(this.rosterByBehaviour.keys()),
      (behaviour) => this.unregister(behaviour, systemReleased),
      { discard: true }
    )
    return Effect.andThen(released, Effect.sync(() => this.groups.close()))
  })

  /** A picture of the actors here, one node a behaviour. */
  get tree(): ReadonlyArray<TreeNode> {
    return Array.from(this.rosterByBehaviour.values(), (roster): TreeNode => ({
      name: roster.behaviour.protocol.name,
      kind: "supervisor",
      status: "running",
      restarts: roster.restarts,
      children: roster.cells.values().map(nodeOf)
    }))
  }
}
