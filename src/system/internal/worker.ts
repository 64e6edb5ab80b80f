/**
 * A worker's side of a system: it starts and stops the actors that the main thread places on it, and asks it for the names of
 * those that are spawned on the worker itself.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import * as ActorError from "../../actor/ActorError.ts"
import type { ActorSystem, SpawnOptions } from "../../actor/ActorSystem.ts"
import * as ExitReason from "../../actor/ExitReason.ts"
import type { Address } from "../../actor/kernel/Address.ts"
import type { Bounds } from "../../actor/kernel/Behaviour.ts"
import { Cell } from "../../actor/kernel/Cell.ts"
import type { CountedOf, CountedReport } from "../../actor/kernel/Counted.ts"
import type { Host } from "../../actor/kernel/Host.ts"
import type { Keying } from "../../actor/kernel/Keying.ts"
import * as Layouts from "../../actor/kernel/Layouts.ts"
import { LocalShard, WINDOW } from "../../actor/kernel/LocalShard.ts"
import { actorName, type Protocol } from "../../actor/kernel/Protocol.ts"
import type { Recipient } from "../../actor/kernel/Recipient.ts"
import type { Shards } from "../../actor/kernel/Shard.ts"
import * as Terms from "../../actor/kernel/Terms.ts"
import type { Node } from "../../link/kernel/Node.ts"
import type { Requests } from "../../thread/kernel/Requests.ts"
import * as Accounts from "./accounts.ts"
import type * as Control from "./control.ts"
import { holdUntilClosed, MAIN, systemOf } from "./host.ts"
import { shardsOf } from "./keyed.ts"
import { type Outbox, replayed } from "./letters.ts"
import type { Endings } from "./stops.ts"
import type { Ward } from "./supervision.ts"

/** A worker's own state: its place, and the way to the main thread. */
export interface Worker {
  readonly host: Host
  readonly node: Node
  readonly run: (effect: Effect.Effect<void>) => Fiber.Fiber<void>
  readonly post: (message: Control.ToMain) => void
  /** The actors and shards that the main thread has placed here. */
  readonly placed: Map<number, Pick<Cell, "stop" | "shutdownMillis">>
  /** Those of them that are still being built for the first time. */
  readonly starting: Map<number, Fiber.Fiber<void>>
  /** The actors here that the main thread has told to end. */
  readonly endings: Endings
  /** The actors here whose supervisor is on the main thread. */
  readonly ward: Ward
  /** The messages that it gives up. */
  readonly outbox: Outbox
  /** Names that have been asked for. */
  readonly claims: Requests<boolean>
  /** What else the main thread has been asked. */
  readonly told: Requests<Told>
}

/** What the main thread answers to questions of a worker, besides those for names. */
export type Told = Extract<Control.ToWorker, { readonly _tag: "Held" | "Found" | "Report" }>

/** Does what the main thread says. */
export const receive = (worker: Worker, message: Control.ToWorker): void => {
  const { node, post } = worker
  switch (message._tag) {
    case "Spawn": {
      const { actor, isShard } = message.placement
      if (isShard) return placeShard(worker, message.request, message.placement)
      const fiber = worker.run(spawn(worker, message.request, message.placement))
      if (fiber.pollUnsafe() !== undefined) return
      worker.starting.set(actor, fiber)
      fiber.addObserver(() => worker.starting.delete(actor))
      return
    }
    case "Revive":
      for (const placement of message.placements) {
        if (placement.isShard) openShard(worker, placement)
        else revive(worker, placement)
      }
      return
    case "Stop":
      return worker.endings.begin(message, worker.placed, worker.starting)
    case "Lower":
      return worker.ward.lower(message)
    case "Raise":
      return worker.ward.raise(message)
    case "Inspect":
      return post({ _tag: "Inspected", request: message.request, tree: worker.host.tree })
    case "Count":
      return post({ _tag: "Counted", request: message.request, types: worker.host.counted(message) })
    case "Claimed":
      return worker.claims.answer(message.request, message.isFree)
    case "Held":
    case "Found":
    case "Report":
      return worker.told.answer(message.request, message)
    case "Locate": {
      const cell = worker.host.find(message.name, message.key)
      const address = cell === undefined ? undefined : node.addressOf(cell)
      return post({ _tag: "Located", request: message.request, address })
    }
    case "LettersKnown":
      return worker.outbox.known()
    case "Replay":
      return replayed(worker, message)
    case "Rings":
      return node.accept(message.from, message.epoch, message.rings)
    case "LaneKnown":
      return node.laneKnown(message.actor)
    case "Lane":
      return node.addLane(message.actor, message.lane)
    case "Memberships":
      return worker.host.groups.heard(message)
    case "Up":
      return node.peerUp(message.thread, message.epoch)
    case "Down":
      worker.host.groups.lost(message.thread)
      node.peerDown(message.thread, message.reason, message.isFinal)
  }
}

// The number is known before the build: the behaviour may give its own reference away.
const spawn = (worker: Worker, request: number, placement: Control.Placement): Effect.Effect<void> =>
  Effect.uninterruptibleMask((restore) => {
    const { actor, isSupervised, key, terms } = placement
    const known = (cell: Cell) => settle(worker, placement, cell)
    const spawning: Effect.Effect<Cell, ActorError.SpawnError> = isSupervised
      ? Effect.map(worker.host.supervise(placement, key, undefined, terms, known), (running) => {
        worker.ward.admit(actor, running)
        return running.value
      })
      : worker.host.spawn(placement, key, undefined, terms, known)
    return Effect.map(Effect.exit(restore(spawning)), (exit) => {
      const result = Exit.isSuccess(exit)
        ? placed(worker, placement.actor, exit.value)
        : { error: Accounts.encodeSpawnError(`${placement.name}/${placement.key}`, exit.cause) }
      worker.post({ _tag: "Spawned", request, result })
    })
  })

// A shard takes messages as soon as it is there: its actors are built when there is one for them. A program that holds its keys may
// have come first.
const openShard = (
  worker: Worker,
  { actor, name, terms }: Pick<Control.Placement, "actor" | "name" | "terms">,
  behaviour: Hosting | undefined = worker.host.behaviourOf(name)
): boolean => {
  const { host, node, placed } = worker
  if (behaviour === undefined || host.shards.has(name)) return host.shards.has(name)
  const { capacity, protocol } = behaviour
  const shard = new LocalShard(host, protocol, capacity, terms)
  node.placeShard(shard, actor, behaviour, protocol.layoutHash)
  placed.set(actor, shard)
  shard.whenStopped(() => placed.delete(actor))
  return true
}

/** What is known of a behaviour when a shard for it is opened. */
interface Hosting extends Bounds {
  readonly protocol: Protocol
}

const placeShard = (worker: Worker, request: number, placement: Control.Placement): void => {
  if (openShard(worker, placement)) {
    return worker.post({
      _tag: "Spawned",
      request,
      result: { laneBytes: 0, capacity: 0, overflow: "suspend", restart: "permanent" }
    })
  }
  const missing = new ActorError.BehaviourNotFound({
    behaviour: placement.name,
    known: worker.host.known,
    elsewhere: []
  })
  worker.post({
    _tag: "Spawned",
    request,
    result: { error: Accounts.encodeSpawnError(placement.name, Cause.fail(missing)) }
  })
}

const revive = (worker: Worker, placement: Control.Placement): void => {
  const { actor, isSupervised, key, terms } = placement
  const known = (cell: Cell) => {
    settle(worker, placement, cell)
    placed(worker, actor, cell)
  }
  const revived = isSupervised
    ? worker.host.reserve(placement, key, terms, known)
    : worker.host.revive(placement, key, terms, known)
  if ("exit" in revived) return worker.ward.admit(actor, revived)
  if (revived instanceof Cell) return
  const reason = ExitReason.neverStarted(revived)
  worker.host.report({ _tag: "ActorEnded", actor: `${placement.name}/${placement.key}`, reason })
  worker.post({ _tag: "Ended", actor, reason: ExitReason.encode(reason) })
}

// Gives an actor its number; when it ends and its name is not free, the main thread hears of that first.
const settle = (worker: Worker, { actor, lanes }: Control.Placement, cell: Cell): void => {
  const { host, node, post } = worker
  const { key, protocol: { name } } = cell
  node.place(cell, actor, 0, lanes)
  cell.more().number = actor
  cell.whenStopped(() => {
    if (!host.holdsName(cell)) return
    post({ _tag: "Kept", actor, name, key })
    host.whenFreed(cell, () => post({ _tag: "Released", claim: -actor, name, key }))
  })
}

const placed = (worker: Worker, actor: number, cell: Cell): Control.Spawned => {
  worker.placed.set(actor, cell)
  cell.whenStopped((reason) => {
    worker.placed.delete(actor)
    // What ends because this thread leaves comes back with its next incarnation, unless the main thread says otherwise.
    if (!worker.host.isLeaving && !worker.endings.has(actor)) {
      worker.post({ _tag: "Ended", actor, reason: ExitReason.encode(reason) })
    }
  })
  const { capacity, laneBytes, overflow, restart } = cell.behaviour
  return { capacity: capacity === Infinity ? 0 : capacity, laneBytes, overflow, restart }
}

/** Goes on once the main thread has heard of all that has ended here by now: then a name that was free here is free for all. */
export const afterEnd = ({ claims, post, run }: Worker, then: () => void): void => {
  const heard = claims.send((request) => post({ _tag: "Sync", request }))
  run(Effect.andThen(heard, Effect.sync(then)))
}

// ---- what is spawned here

/** The service for programs on this worker. */
export const serviceOf = (worker: Worker): ActorSystem["Service"] => {
  const { host } = worker
  const termsOf = (protocol: Protocol, key: string, options: SpawnOptions | undefined) =>
    Terms.make(protocol, key, options?.shutdown)
  return {
    ...systemOf(host),
    spawn: (protocol, key, options, owner) => {
      const terms = termsOf(protocol, key, options)
      return claimed(worker, protocol, key, (known) => host.spawn(protocol, key, owner, terms, known))
    },
    supervise: (protocol, key, options, owner) => {
      const terms = termsOf(protocol, key, options)
      return claimed(worker, protocol, key, (known) => host.supervise(protocol, key, owner, terms, known))
    },
    keyed: (protocol, keying, owner) => keyed(worker, protocol, keying, owner),
    lookup: (protocol, key) => lookup(worker, protocol, key),
    counted: (of) => counted(worker, of)
  }
}

// Where the keys of a behaviour are is known to the main thread, which has them opened for whoever asks first.
const keyed = (
  worker: Worker,
  protocol: Protocol,
  keying: Keying,
  owner: Scope.Scope
): Effect.Effect<Shards, ActorError.KeyedError> => {
  const { host, node, post, run, told } = worker
  const { name } = protocol
  const known = host.behaviourOf(name)
  const bounds = known === undefined
    ? undefined
    : { capacity: known.capacity, overflow: known.overflow, laneBytes: known.laneBytes }
  return Effect.uninterruptibleMask((restore) =>
    Effect.suspend(() => {
      let held = 0
      const asking = told.send((request) => {
        held = request
        post({ _tag: "Keyed", request, name, ...Layouts.of(protocol), keying, bounds })
      })
      // Who is interrupted gives back what is held by then, whenever that is.
      const answered = Effect.runForkWith(host.context)(asking)
      const waiting = Effect.onInterrupt(restore(Fiber.join(answered)), () =>
        Effect.sync(() => run(Effect.andThen(Fiber.await(answered), release(worker, name, held)))))
      return Effect.flatMap(waiting, (answer) => {
        const result = answer?._tag === "Held" ? answer.result : undefined
        if (result === undefined) {
          return Effect.interrupt
        }
        if ("error" in result) {
          return refused(Accounts.decodeSpawnError(result.error))
        }
        const { addresses } = result
        openOwn(worker, protocol, keying, addresses)
        return holdUntilClosed(owner, () =>
          release(worker, name, held), shardsOf(node, protocol, addresses))
      })
    })
  )
}

// The shard of this thread may be needed before the main thread can have it opened here: while the layer of the thread is built.
const openOwn = (
  worker: Worker,
  protocol: Protocol,
  terms: Terms.Terms,
  addresses: ReadonlyArray<Address>
): void => {
  for (const { actor, capacity, laneBytes, overflow, thread } of addresses) {
    if (thread !== worker.node.home.index) continue
    const hosting = { protocol, capacity: capacity === 0 ? Infinity : capacity / WINDOW, laneBytes, overflow }
    openShard(worker, { actor, name: protocol.name, terms }, hosting)
  }
}

// What was thrown on the main thread is thrown here.
const refused = (error: ActorError.SpawnError): Effect.Effect<never, ActorError.KeyedError> => {
  switch (error._tag) {
    case "SpawnFailed":
      return Effect.die(error.cause)
    case "SpawnLost":
      return Effect.die(error)
    default:
      return Effect.fail(error)
  }
}

// With a thread that leaves its claims go too: nobody waits for an answer.
const release = ({ claims, host, post }: Worker, name: string, held: number): Effect.Effect<void> =>
  host.isLeaving
    ? Effect.void
    : Effect.asVoid(claims.send((request) => post({ _tag: "Unkeyed", request, name, held })))

const lookup = (
  { host, node, post, told }: Worker,
  protocol: Protocol,
  key: string
): Effect.Effect<Recipient | undefined> => {
  const { name } = protocol
  return Effect.suspend(() => {
    const cell = host.shards.has(name) ? undefined : host.find(name, key)
    if (cell !== undefined) return Effect.succeed(cell)
    return Effect.map(told.send((request) => post({ _tag: "Lookup", request, name, key })), (answer) => {
      const address = answer?._tag === "Found" ? answer.address : undefined
      return address === undefined ? undefined : node.recipientAt(address, protocol)
    })
  })
}

const counted = ({ host, post, told }: Worker, of: CountedOf): Effect.Effect<CountedReport> =>
  Effect.map(
    told.send((request) => post({ _tag: "Statistics", request, ...of })),
    (answer) => answer?._tag === "Report" ? answer.report : { types: host.counted(of), missing: [MAIN] }
  )

// An actor that is spawned here has its name from the main thread, and gives it back when it has ended.
const claimed = <A>(
  { claims, host, post }: Worker,
  protocol: Protocol,
  key: string,
  start: (known?: (cell: Cell) => void) => Effect.Effect<A, ActorError.SpawnError>
): Effect.Effect<A, ActorError.SpawnError> => {
  const { name } = protocol
  // What fails in any case asks nobody.
  if (!host.known.includes(name) || host.has(name, key)) return start()
  return Effect.uninterruptibleMask((restore) =>
    Effect.suspend(() => {
      let claim = 0
      let built: Cell | undefined
      const release = () => post({ _tag: "Released", claim, name, key })
      const asking = claims.send((request) => {
        claim = request
        post({ _tag: "Claim", request, name, key })
      })
      const starting = Effect.flatMap(asking, (isFree): Effect.Effect<A, ActorError.SpawnError> =>
        isFree === true
          ? start((cell) => {
            built = cell
          })
          : Effect.fail(new ActorError.NameTaken({ actor: actorName(protocol, key) })))
      return Effect.onExit(restore(starting), (exit) =>
        Effect.sync(() => {
          const cell = built
          if (cell === undefined) release()
          else if (Exit.isSuccess(exit)) cell.whenStopped(() => host.whenFreed(cell, release))
          else host.whenFreed(cell, release)
        }))
    })
  )
}
