/**
 * The main thread's account of the actors it has placed on workers: who they are, where, and in which order.
 *
 * It outlives the workers: when one is started again, its actors are started again there under the same numbers, so that
 * every reference stays valid.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import * as ActorError from "../../actor/ActorError.ts"
import * as ExitReason from "../../actor/ExitReason.ts"
import * as Owner from "../../actor/kernel/Owner.ts"
import { actorName, type Protocol } from "../../actor/kernel/Protocol.ts"
import type { Terms } from "../../actor/kernel/Terms.ts"
import { countLeft, type GivenLane, isSettled, type Node, unhandled } from "../../link/kernel/Node.ts"
import type { RemoteRecipient } from "../../link/kernel/RemoteRecipient.ts"
import type { Running } from "../../supervisor/ChildSpec.ts"
import type { RestartWindow } from "../../supervisor/Intensity.ts"
import { decodeSpawnError } from "./accounts.ts"
import type * as Control from "./control.ts"
import type { Names } from "./names.ts"
import { Stops } from "./stops.ts"
import { Supervision, type Workplace } from "./supervision.ts"

/** Names of actors that the main thread has placed are its own. */
const MAIN = 0

const MIN_LIMIT = 16

interface Ending {
  readonly reason: ExitReason.ExitReason
  readonly isOver: Deferred.Deferred<void>
}

/** An actor on a worker. */
export class Placed implements Owner.Owned {
  declare readonly workplace: Workplace
  declare readonly protocol: Protocol
  declare readonly key: string
  declare readonly actor: number
  declare readonly name: string
  declare readonly terms: Terms
  /** Set when it has been started for the first time. */
  declare recipient: RemoteRecipient | undefined
  /** Whether it ends with its thread. */
  declare isTemporary: boolean
  /** The lanes of its mailbox, if that survives its thread. */
  declare lanes: ReadonlyArray<GivenLane>
  /** When its thread has died while it had that, in the time for which its thread was up. */
  declare deaths: RestartWindow | undefined
  /** The way to its supervisor, if it has one. */
  declare supervision: Supervision | undefined
  declare previous: Owner.Owned | undefined
  declare next: Owner.Owned | undefined
  declare owner: Owner.Owner | Owner.Guardian | undefined
  declare private readonly account: Account
  /** That it was told to end: why, and when that is over. */
  declare ending: Ending | undefined
  constructor(account: Account, workplace: Workplace, protocol: Protocol, key: string, terms: Terms, actor: number) {
    this.terms = terms
    this.account = account
    this.workplace = workplace
    this.protocol = protocol
    this.key = key
    this.actor = actor
    this.name = actorName(protocol, key)
    this.recipient = undefined
    this.isTemporary = false
    this.lanes = []
    this.deaths = undefined
    this.supervision = undefined
    this.ending = undefined
    this.previous = undefined
    this.next = undefined
    this.owner = undefined
  }

  /** What a worker is told to start it. */
  get placement(): Control.Placement {
    const { actor, key, lanes, protocol: { layoutHash, name }, terms } = this
    return { actor, name, layoutHash, key, terms, isSupervised: this.supervision !== undefined, lanes, isShard: false }
  }

  stop(reason: ExitReason.ExitReason, elapsedMillis = 0): Effect.Effect<void> | undefined {
    if (!this.account.strike(this, reason)) return undefined
    const ending: Ending = { reason, isOver: Deferred.makeUnsafe() }
    this.ending = ending
    this.account.stops.tell(this, elapsedMillis)
    return Deferred.await(ending.isOver)
  }

  over(): void {
    if (this.ending !== undefined) this.account.over(this, this.ending.reason)
  }
}

/** See the module. */
export class Account {
  declare private readonly placed: Map<number, Placed>
  declare private readonly names: Names
  declare private readonly node: Node
  /** Those that are told to end. */
  declare readonly stops: Stops
  declare private numbers: number
  /** Lanes of actors that have ended whose senders have not accounted for what is left in them, and how many make it worth a look. */
  declare private unsettled: Array<GivenLane>
  declare private limit: number
  constructor(names: Names, node: Node, run: (effect: Effect.Effect<void>) => unknown) {
    this.placed = new Map()
    this.names = names
    this.node = node
    this.stops = new Stops(node, node.home.runtime, run)
    this.numbers = 0
    this.unsettled = []
    this.limit = MIN_LIMIT
  }

  /** Whether an actor is on the account: it has not ended, and is not told to. */
  has(placed: Pick<Placed, "actor">): boolean {
    return this.placed.has(placed.actor)
  }

  /** A number that no other actor has, nor had. */
  number(): number {
    return ++this.numbers
  }

  /** The actor of a number. */
  get(actor: number): Placed | undefined {
    return this.placed.get(actor)
  }

  /** All actors on workers, in the order in which they were placed. */
  get all(): ReadonlyArray<Placed> {
    return Array.from(this.placed.values())
  }

  /** The actors that have been up on a worker and have not ended. */
  on(workplace: Workplace): ReadonlyArray<Placed> {
    return this.all.filter((placed) => placed.workplace === workplace && placed.recipient !== undefined)
  }

  /**
   * Starts an actor on a worker; it ends with `owner`. A name that is taken is refused.
   *
   * An interruption, wherever it comes, leaves neither the actor nor its name behind.
   */
  spawn(
    workplace: Workplace,
    protocol: Protocol,
    key: string,
    terms: Terms,
    owner: Scope.Scope
  ): Effect.Effect<RemoteRecipient, ActorError.SpawnError> {
    return this.place(new Placed(this, workplace, protocol, key, terms, this.number()), owner)
  }

  /** The same, for an actor that leaves to its supervisor what becomes of it when it crashes. */
  supervise(
    workplace: Workplace,
    protocol: Protocol,
    key: string,
    terms: Terms,
    owner: Scope.Scope
  ): Effect.Effect<Running<RemoteRecipient>, ActorError.SpawnError> {
    return Effect.suspend(() => {
      const placed = new Placed(this, workplace, protocol, key, terms, this.number())
      const supervision = new Supervision(placed, this)
      placed.supervision = supervision
      placed.owner = supervision
      return Effect.as(this.place(placed, owner), supervision)
    })
  }

  private place(placed: Placed, owner: Scope.Scope): Effect.Effect<RemoteRecipient, ActorError.SpawnError> {
    return Effect.uninterruptibleMask((restore) =>
      Effect.suspend((): Effect.Effect<RemoteRecipient, ActorError.SpawnError> => {
        if (!this.names.claim(placed.name, MAIN, placed.actor)) {
          return Effect.fail(new ActorError.NameTaken({ actor: placed.name }))
        }
        this.placed.set(placed.actor, placed)
        return restore(this.start(placed)).pipe(
          // It may have ended since, by itself or with its thread: then there is nobody to end.
          Effect.flatMap((recipient) =>
            Effect.as((this.has(placed) ? Owner.adopt(owner, placed) : undefined) ?? Effect.void, recipient)
          ),
          // One that was interrupted may have got as far as the worker.
          Effect.onExit((exit) =>
            Exit.isSuccess(exit)
              ? Effect.void
              : placed.stop(ExitReason.neverStarted("its spawn was interrupted")) ?? Effect.void
          )
        )
      })
    )
  }

  // It is up from the step on in which its thread says so: when that ends before this fiber goes on, the next incarnation has it.
  private start(placed: Placed): Effect.Effect<RemoteRecipient, ActorError.SpawnError> {
    const { name: actor, placement, workplace } = placed
    const heard = (answer: Control.Answer) => {
      if (answer._tag === "Spawned" && !("error" in answer.result) && this.has(placed)) this.up(placed, answer.result)
    }
    return Effect.flatMap(
      workplace.request((request): Control.ToWorker => ({ _tag: "Spawn", request, placement }), heard),
      (answer): Effect.Effect<RemoteRecipient, ActorError.SpawnError> => {
        if (answer?._tag === "Spawned" && "error" in answer.result) {
          return Effect.fail(decodeSpawnError(answer.result.error))
        }
        if (placed.recipient !== undefined) return Exit.succeed(placed.recipient)
        const reason = workplace.whyDown
        return Effect.fail(new ActorError.SpawnLost({ actor, thread: workplace.name, reason }))
      }
    )
  }

  private up(placed: Placed, { capacity, laneBytes, overflow, restart }: Control.Spawned): void {
    const { actor, key, protocol, workplace } = placed
    const address = this.node.address(
      workplace.index,
      0,
      actor,
      { capacity, laneBytes, overflow },
      protocol.layoutHash,
      key
    )
    placed.isTemporary = restart === "temporary" && placed.supervision === undefined
    placed.recipient = this.node.remote(address, protocol)
  }

  /** A thread sends to an actor whose mailbox survives: whoever has the actor reads what it sends, now and later. */
  addLane(actor: number, lane: GivenLane): void {
    const placed = this.placed.get(actor)
    if (placed === undefined) return
    placed.lanes = [...placed.lanes, lane]
    const { workplace } = placed
    // What a thread has written itself is for those that come after it.
    const isOwn = lane.from === workplace.index && lane.epoch === workplace.starts
    if (!isOwn && !workplace.hasEnded) workplace.post({ _tag: "Lane", actor, lane } satisfies Control.ToWorker)
  }

  /** A thread has gone: what it had sent and what is handled needs no lane any more. */
  forgetLanes(thread: number): void {
    for (const placed of this.placed.values()) {
      if (placed.lanes.length === 0) continue
      placed.lanes = placed.lanes.filter((lane) => lane.from !== thread || unhandled(lane) > 0)
    }
    this.unsettled = this.account(this.unsettled)
  }

  // What is left in lanes of actors that have ended is counted once: by who has sent it, or here when that thread is gone. Answers
  // those that somebody will still account for.
  private account(lanes: ReadonlyArray<GivenLane>): Array<GivenLane> {
    const { node: { home } } = this
    const unsettled: Array<GivenLane> = []
    let lost = 0
    for (const lane of lanes) {
      if (isSettled(lane)) continue
      if (home.isUp(lane.from, lane.epoch)) unsettled.push(lane)
      else lost += countLeft(lane)
    }
    if (lost > 0) home.host.dropped(lost)
    return unsettled
  }

  /**
   * Takes an actor off the account and tells its recipient why; answers whether it was on it.
   *
   * Its name stays taken until {@link release}.
   */
  strike(placed: Placed, reason: ExitReason.ExitReason): boolean {
    if (!this.placed.delete(placed.actor)) return false
    Owner.Owner.remove(placed)
    const { recipient } = placed
    if (recipient === undefined) return true
    recipient.closed(reason, undefined)
    this.node.forget(recipient)
    return true
  }

  /** An actor that was struck off has ended. */
  over(placed: Placed, reason: ExitReason.ExitReason): void {
    this.release(placed)
    this.unsettled.push(...this.account(placed.lanes))
    placed.lanes = []
    if (this.unsettled.length > this.limit) {
      this.unsettled = this.account(this.unsettled)
      this.limit = Math.max(MIN_LIMIT, 2 * this.unsettled.length)
    }
    placed.recipient?.over()
    placed.supervision?.ended(reason)
    if (placed.ending !== undefined) Deferred.doneUnsafe(placed.ending.isOver, Exit.void)
  }

  // Frees the name of an actor that was struck off and has ended.
  private release(placed: Placed): void {
    this.names.release(placed.name, MAIN, placed.actor)
  }

  /** Leaves the name of an actor that has ended, and is not free, to its thread. */
  keep(name: string, actor: number, thread: number): void {
    this.names.move(name, { thread: MAIN, number: actor }, { thread, number: -actor })
  }

  /** Forgets an actor that has ended by itself, or with its thread. */
  end(placed: Placed, reason: ExitReason.ExitReason): void {
    if (!this.placed.has(placed.actor)) return
    // Whoever hears of the end may spawn the next actor of that name at once.
    this.release(placed)
    this.strike(placed, reason)
    this.over(placed, reason)
  }
}
