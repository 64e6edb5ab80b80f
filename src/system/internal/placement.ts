/**
 * The main thread's account of the actors it has placed on workers: who they are, where, and in which order.
 *
 * It outlives the workers: when one is started again, its actors are started again there under the same numbers, so that
 * every reference stays valid.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as ActorError from "../../actor/ActorError.ts"
import type { ExitReason } from "../../actor/ExitReason.ts"
import * as Owner from "../../actor/kernel/Owner.ts"
import { actorName, type Protocol } from "../../actor/kernel/Protocol.ts"
import type { RemoteRecipient } from "../../link/kernel/RemoteRecipient.ts"
import type * as Control from "./control.ts"

/** A worker as the account needs it. */
export interface Workplace {
  readonly name: string
  readonly index: number
  /** How often it has been started: the number of its incarnation. */
  readonly starts: number
  /** Posts a request and waits for the answer; `undefined` when the worker died first. */
  readonly request: (
    make: (request: number) => Control.ToWorker
  ) => Effect.Effect<Control.ToMain | undefined>
  readonly whyDown: () => string
}

/** An actor on a worker. */
export class Placed implements Owner.Owned {
  readonly workplace: Workplace
  readonly protocol: Protocol
  readonly key: string
  readonly actor: number
  /** Set when it has been started for the first time. */
  recipient: RemoteRecipient | undefined
  /** The incarnation of its worker that was last asked to start it. */
  epoch: number
  previous: Owner.Owned | undefined
  next: Owner.Owned | undefined
  owner: Owner.Owner | undefined
  private readonly account: Account
  constructor(account: Account, workplace: Workplace, protocol: Protocol, key: string, actor: number) {
    this.account = account
    this.workplace = workplace
    this.protocol = protocol
    this.key = key
    this.actor = actor
    this.recipient = undefined
    this.epoch = 0
    this.previous = undefined
    this.next = undefined
    this.owner = undefined
  }

  get name(): string {
    return actorName(this.protocol, this.key)
  }

  /** Whether it is to be started again with its thread: it has been up, it has not ended, and nobody is at it yet. */
  get isDown(): boolean {
    return this.recipient !== undefined && this.epoch !== this.workplace.starts && this.account.get(this.actor) === this
  }

  stop(reason: ExitReason): Effect.Effect<void> | undefined {
    // Struck off first: an actor that is being stopped is not started again with its thread.
    if (!this.account.strike(this, reason)) return undefined
    const { actor } = this
    return this.workplace.request((request) => ({ _tag: "Stop", request, actor })).pipe(
      Effect.ensuring(Effect.sync(() => this.account.release(this))),
      Effect.asVoid
    )
  }
}

/** See the module. */
export class Account {
  private readonly placed: Map<number, Placed>
  private readonly names: Set<string>
  /** Called with the recipient of an actor that has ended. */
  private readonly forget: (recipient: RemoteRecipient) => void
  private numbers: number
  constructor(forget: (recipient: RemoteRecipient) => void) {
    this.placed = new Map()
    this.names = new Set()
    this.forget = forget
    this.numbers = 0
  }

  /** Whether a name is in use on any worker. */
  has(name: string): boolean {
    return this.names.has(name)
  }

  /** The actor of a number. */
  get(actor: number): Placed | undefined {
    return this.placed.get(actor)
  }

  /** The actors of one worker, in the order in which they were placed. */
  on(workplace: Workplace): ReadonlyArray<Placed> {
    return Array.from(this.placed.values()).filter((placed) => placed.workplace === workplace)
  }

  /** Notes a new actor; its name is taken from now on. */
  enter(workplace: Workplace, protocol: Protocol, key: string): Placed {
    const placed = new Placed(this, workplace, protocol, key, ++this.numbers)
    this.placed.set(placed.actor, placed)
    this.names.add(placed.name)
    return placed
  }

  /**
   * Takes an actor off the account and tells its recipient why; answers whether it was on it.
   *
   * Its name stays taken until {@link release}.
   */
  strike(placed: Placed, reason: ExitReason): boolean {
    if (!this.placed.delete(placed.actor)) return false
    Owner.Owner.remove(placed)
    placed.recipient?.closed(reason, undefined)
    if (placed.recipient !== undefined) this.forget(placed.recipient)
    return true
  }

  /** Frees the name of an actor that was struck off and has ended. */
  release(placed: Placed): void {
    this.names.delete(placed.name)
  }

  /** Forgets an actor that has ended by itself. */
  end(placed: Placed, reason: ExitReason): void {
    if (this.strike(placed, reason)) this.release(placed)
  }

  /** Starts an actor on its worker and answers how large its mailbox is. */
  start(placed: Placed): Effect.Effect<Control.Spawned, ActorError.SpawnError> {
    const { actor, key, protocol, workplace } = placed
    const { layoutHash, name } = protocol
    placed.epoch = workplace.starts
    return Effect.flatMap(
      workplace.request((request) => ({ _tag: "Spawn", request, actor, name, layoutHash, key })),
      (answer): Effect.Effect<Control.Spawned, ActorError.SpawnError> => {
        if (answer === undefined || answer._tag !== "Spawned") {
          const reason = workplace.whyDown()
          return Effect.fail(new ActorError.SpawnLost({ actor: placed.name, thread: workplace.name, reason }))
        }
        return "capacity" in answer.result
          ? Exit.succeed(answer.result)
          : Effect.fail(spawnError(placed, answer.result))
      }
    )
  }
}

const spawnError = (placed: Placed, { known, name, tag, text, there }: Control.ErrorText): ActorError.SpawnError => {
  const actor = placed.name
  switch (tag) {
    case "BehaviourNotFound":
      return new ActorError.BehaviourNotFound({ behaviour: placed.protocol.name, known: known ?? [] })
    case "NameTaken":
      return new ActorError.NameTaken({ actor })
    case "LayoutMismatch":
      return new ActorError.LayoutMismatch({ actor, here: placed.protocol.layoutHash, there: there ?? 0 })
    default:
      return new ActorError.SpawnFailed({ actor, cause: Object.assign(new Error(text), { name: name ?? "Error" }) })
  }
}

/** Requests on their way to a worker, answered or given up exactly once. */
export class Requests {
  private readonly waiting: Map<number, Deferred.Deferred<Control.ToMain | undefined>>
  private numbers: number
  constructor() {
    this.waiting = new Map()
    this.numbers = 0
  }

  /** Sends a request and waits for its answer. */
  send(
    make: (request: number) => Control.ToWorker,
    post: (message: Control.ToWorker) => void
  ): Effect.Effect<Control.ToMain | undefined> {
    return Effect.suspend(() => {
      const request = ++this.numbers
      const answer = Deferred.makeUnsafe<Control.ToMain | undefined>()
      this.waiting.set(request, answer)
      post(make(request))
      return Effect.ensuring(Deferred.await(answer), Effect.sync(() => this.waiting.delete(request)))
    })
  }

  /** An answer has come. */
  answer(request: number, message: Control.ToMain): void {
    const waiting = this.waiting.get(request)
    if (waiting !== undefined) Deferred.doneUnsafe(waiting, Exit.succeed(message))
  }

  /** No answer will come. */
  giveUp(): void {
    for (const waiting of Array.from(this.waiting.values())) Deferred.doneUnsafe(waiting, Exit.succeed(undefined))
  }
}
