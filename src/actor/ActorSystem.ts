/**
 * The service behind every actor: what `spawn` and `toLayer` ask for.
 *
 * Programs depend on {@link ActorSystem} and do not say where their actors run; the layer that is provided decides. The
 * layers are in `system/ActorSystem.ts`.
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as PubSub from "effect/PubSub"
import type * as Scope from "effect/Scope"
import type { Running, Shutdown } from "../supervisor/ChildSpec.ts"
import type { TreeNode } from "../supervisor/Tree.ts"
import type { KeyedError, SpawnError } from "./ActorError.ts"
import type { DeadLetters } from "./DeadLetters.ts"
import type { Behaviour } from "./kernel/Behaviour.ts"
import type { CountedOf, CountedReport } from "./kernel/Counted.ts"
import type { Groups } from "./kernel/Groups.ts"
import type { Escalation } from "./kernel/Host.ts"
import type { Keying } from "./kernel/Keying.ts"
import type { Protocol } from "./kernel/Protocol.ts"
import type { Recipient } from "./kernel/Recipient.ts"
import type { Shards } from "./kernel/Shard.ts"
import type { SystemEvent } from "./SystemEvent.ts"

export type { KeyedOptions } from "./kernel/Keying.ts"

/** Where an actor is placed. */
export interface SpawnOptions {
  /**
   * The thread that hosts the actor. Default `"spread"`.
   *
   * - `"spread"`: the worker threads in turn; from inside of a worker, and in a system without workers, this thread
   * - `"here"`: the thread that spawns
   * - `{ thread }`: the worker of that index, counted from 0 and modulo the number of workers
   */
  readonly placement?: "spread" | "here" | { readonly thread: number } | undefined
  /**
   * How the actor is stopped when its scope closes, its behaviour is released or the system ends. Default 5 seconds.
   *
   * From then on nothing is accepted any more. What was accepted is handled, for so long, or for as long as it takes
   * (`"infinity"`); then, or at once (`"brutalKill"`), the handler that runs is interrupted and what is left is dropped:
   * its asks fail with `ActorStopped`, its tells are counted and logged. The actors of one scope stop one after the other, and
   * the time of each counts from the stop of the first.
   */
  readonly shutdown?: Shutdown | undefined
}

/** See the module. */
export class ActorSystem extends Context.Service<ActorSystem, {
  /** Makes a behaviour known to this thread's part of the system. */
  readonly register: (behaviour: Behaviour) => Effect.Effect<void, never, Scope.Scope>
  /** Starts an actor that ends with `owner`. */
  readonly spawn: (
    protocol: Protocol,
    key: string,
    options: SpawnOptions | undefined,
    owner: Scope.Scope
  ) => Effect.Effect<Recipient, SpawnError>
  /** Starts an actor that leaves to a supervisor what becomes of it when it crashes; it ends with `owner`. */
  readonly supervise: (
    protocol: Protocol,
    key: string,
    options: SpawnOptions | undefined,
    owner: Scope.Scope
  ) => Effect.Effect<Running<Recipient>, SpawnError>
  /** Takes all keys of a behaviour: each has an actor as soon as there is a message for it, until all who have asked for that have ended. */
  readonly keyed: (protocol: Protocol, keying: Keying, owner: Scope.Scope) => Effect.Effect<Shards, KeyedError>
  /** The actor of a name, wherever it lives, if it is up. */
  readonly lookup: (protocol: Protocol, key: string) => Effect.Effect<Recipient | undefined>
  /** Who is in which group, as this thread knows it. */
  readonly groups: Groups
  /** What happens, from the moment of subscription on. */
  readonly events: PubSub.PubSub<SystemEvent>
  /** The supervision tree as it stands. */
  readonly tree: Effect.Effect<TreeNode>
  /** What nobody will handle, to be looked at and sent again. */
  readonly deadLetters: DeadLetters
  /** Tells that were dropped by an overflow policy, or because their actor had stopped, on all threads. */
  readonly droppedMessages: Effect.Effect<number>
  /** What actors have counted, on all threads. */
  readonly counted: (of: CountedOf) => Effect.Effect<CountedReport>
  /** Completes when a behaviour or the threads have used up their restarts. */
  readonly escalation: Effect.Effect<Escalation>
}>()("shared-nothing/ActorSystem") {}
