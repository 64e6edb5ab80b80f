/**
 * The actors of one thread: their behaviours, their names, their turns.
 *
 * It knows nothing of other threads; a system with threads gives it {@link Host.origins}, the remote senders whose
 * credit a message takes.
 */
import type * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as PubSub from "effect/PubSub"
import * as Scheduler from "effect/Scheduler"
import type * as Scope from "effect/Scope"
import type { TreeNode } from "../../supervisor/Tree.ts"
import * as ActorError from "../ActorError.ts"
import { behaviourReleased, type ExitReason } from "../ExitReason.ts"
import * as lifecycle from "../internal/lifecycle.ts"
import type { SystemEvent } from "../SystemEvent.ts"
import type { Behaviour } from "./Behaviour.ts"
import { type Cell, Cell as CellClass } from "./Cell.ts"
import { Deadlines } from "./Deadlines.ts"
import { Dispatcher } from "./Dispatcher.ts"
import { Origins } from "./Origins.ts"
import * as Owner from "./Owner.ts"
import { IDLE, RESTARTING, STARTING, STOPPING } from "./Phase.ts"
import { actorName, type Protocol } from "./Protocol.ts"

/** All restarts of a behaviour were used up on this host. */
export interface Escalation {
  readonly name: string
  readonly cause: Cause.Cause<unknown>
}

/** See the module. */
export class Host implements lifecycle.LifecycleHost {
  declare readonly dispatcher: Dispatcher
  declare readonly deadlines: Deadlines
  declare readonly clock: Clock.Clock
  declare readonly events: PubSub.PubSub<SystemEvent>
  declare private readonly escalation: Deferred.Deferred<Escalation>
  /** Remote senders by the number in a message word. */
  declare readonly origins: Origins
  declare inlineDepth: number
  /** A behaviour has used up its restarts here. */
  declare isEscalating: boolean
  /** Messages dropped by policy or because their actor had stopped. */
  declare droppedMessages: number
  /** Those that can be spawned, by name. */
  declare private readonly rosters: Map<string, lifecycle.Roster>
  /** All of them: also those that another one of their name has replaced, or that are being released. */
  declare private readonly allRosters: Map<Behaviour, lifecycle.Roster>
  declare private readonly context: Context.Context<never>
  declare private forkWith: (effect: Effect.Effect<unknown, unknown, unknown>) => Fiber.Fiber<unknown, unknown>
  declare private forkContext: Context.Context<never>
  constructor(context: Context.Context<never>, events: PubSub.PubSub<SystemEvent>) {
    this.context = context
    this.clock = Context.get(context, Clock.Clock)
    this.dispatcher = new Dispatcher(Context.get(context, Scheduler.Scheduler))
    this.deadlines = new Deadlines(context, this.clock)
    this.events = events
    this.escalation = Deferred.makeUnsafe()
    this.origins = new Origins()
    this.inlineDepth = 0
    this.isEscalating = false
    this.droppedMessages = 0
    this.rosters = new Map()
    this.allRosters = new Map()
    this.forkContext = context
    this.forkWith = Effect.runForkWith(context) as typeof this.forkWith
  }

  /** Names of the behaviours that can be spawned here. */
  get known(): ReadonlyArray<string> {
    return Array.from(this.rosters.keys())
  }

  /** The protocols of the behaviours registered here. */
  get protocols(): ReadonlyArray<Protocol> {
    return Array.from(this.rosters.values(), (roster) => roster.behaviour.protocol)
  }

  /** Whether an actor of this name is alive here. */
  has(behaviour: string, key: string): boolean {
    return this.rosters.get(behaviour)?.cells.has(key) === true
  }

  /** Makes a behaviour known; the last one of a name wins for actors spawned from now on. */
  register(behaviour: Behaviour): void {
    const roster = new lifecycle.Roster(behaviour)
    this.rosters.set(behaviour.protocol.name, roster)
    this.allRosters.set(behaviour, roster)
  }

  /** Forgets a behaviour and stops its actors, the youngest first. */
  unregister(behaviour: Behaviour): Effect.Effect<void> {
    const roster = this.rosterOf(behaviour)
    const { name } = behaviour.protocol
    // Nothing is spawned any more from here on.
    if (this.rosters.get(name) === roster) this.rosters.delete(name)
    const cells = Array.from(roster.cells.values()).reverse()
    return Effect.andThen(
      Effect.forEach(cells, (cell) => cell.stop(behaviourReleased) ?? Effect.void, { discard: true }),
      Effect.sync(() => this.allRosters.delete(behaviour))
    )
  }

  /**
   * Starts an actor; the result is at hand when its behaviour builds at once.
   *
   * `owner` stops it when its scope closes; without one it lives until its behaviour is released.
   */
  spawn(
    protocol: Pick<Protocol, "name" | "layoutHash">,
    key: string,
    owner: Scope.Scope | undefined
  ): Effect.Effect<Cell, ActorError.SpawnError> {
    const roster = this.rosters.get(protocol.name)
    if (roster === undefined) {
      return Exit.fail(new ActorError.BehaviourNotFound({ name: protocol.name, known: this.known }))
    }
    const there = roster.behaviour.protocol.layoutHash
    if (there !== protocol.layoutHash) {
      return Exit.fail(new ActorError.LayoutMismatch({ actor: protocol.name, here: protocol.layoutHash, there }))
    }
    if (roster.cells.has(key)) {
      return Exit.fail(new ActorError.NameTaken({ actor: actorName(roster.behaviour.protocol, key) }))
    }
    const cell = new CellClass(this, roster.behaviour, key)
    roster.cells.set(key, cell)
    const starting = lifecycle.start(this, cell)
    return Exit.isExit(starting) ? started(cell, owner) : Effect.flatMap(starting, () => started(cell, owner))
  }

  fork(behaviour: Behaviour, effect: Effect.Effect<unknown, unknown, unknown>): Fiber.Fiber<unknown, unknown> {
    if (behaviour.context !== this.forkContext) {
      this.forkContext = behaviour.context
      this.forkWith = Effect.runForkWith(behaviour.context) as typeof this.forkWith
    }
    return this.forkWith(effect)
  }

  credit(origin: number): void {
    this.origins.handled(origin)
  }

  dropped(_cell: Cell, messages: number): void {
    this.droppedMessages += messages
  }

  handled(cell: Cell, cause: Cause.Cause<unknown>, wasAsked: boolean): boolean {
    return lifecycle.handled(this, cell, cause, wasAsked)
  }

  stop(cell: Cell, reason: ExitReason): Effect.Effect<void> | undefined {
    return lifecycle.stop(this, cell, reason)
  }

  rosterOf(behaviour: Behaviour): lifecycle.Roster {
    return this.allRosters.get(behaviour) ?? new lifecycle.Roster(behaviour)
  }

  report(event: SystemEvent): void {
    if (event._tag === "BehaviourEscalated") this.isEscalating = true
    PubSub.publishUnsafe(this.events, event)
    if ("cause" in event) {
      const who = "actor" in event ? event.actor : event.name
      Effect.runForkWith(this.context)(Effect.logWarning(`${event._tag} ${who}`, event.cause))
    }
  }

  escalated(behaviour: Behaviour, cause: Cause.Cause<unknown>): void {
    Deferred.doneUnsafe(this.escalation, Exit.succeed({ name: behaviour.protocol.name, cause }))
  }

  /** Completes when a behaviour has used up its restarts here. */
  get awaitEscalation(): Effect.Effect<Escalation> {
    return Deferred.await(this.escalation)
  }

  /** Stops all actors and all watching of deadlines. */
  readonly close: Effect.Effect<void> = Effect.suspend(() => {
    this.deadlines.close()
    return Effect.forEach(Array.from(this.allRosters.keys()), (behaviour) => this.unregister(behaviour), {
      discard: true
    })
  })

  /** A picture of the actors here, one node a behaviour. */
  get tree(): ReadonlyArray<TreeNode> {
    return Array.from(this.allRosters.values(), (roster): TreeNode => ({
      name: roster.behaviour.protocol.name,
      kind: "supervisor",
      status: "running",
      restarts: roster.restarts,
      children: Array.from(roster.cells.values(), nodeOf)
    }))
  }
}

const started = (cell: Cell, owner: Scope.Scope | undefined): Effect.Effect<Cell> => {
  cell.phase = IDLE
  if (cell.mailbox !== undefined) cell.rest()
  const stopping = owner === undefined ? undefined : Owner.adopt(owner, cell)
  return stopping === undefined ? Exit.succeed(cell) : Effect.as(stopping, cell)
}

const nodeOf = (cell: Cell): TreeNode => ({
  name: cell.key,
  kind: "actor",
  status: cell.phase === STARTING
    ? "starting"
    : cell.phase === RESTARTING
    ? "restarting"
    : cell.phase >= STOPPING
    ? "stopping"
    : "running",
  restarts: cell.rare?.restarts ?? 0,
  children: []
})
