/**
 * Keys on a system with worker threads, as its main thread sees to them: which threads have them, how those that start again learn of it,
 * and where the actor of a name is.
 */
import * as Effect from "effect/Effect"
import * as ActorError from "../../actor/ActorError.ts"
import * as ExitReason from "../../actor/ExitReason.ts"
import type { Address } from "../../actor/kernel/Address.ts"
import type { Bounds } from "../../actor/kernel/Behaviour.ts"
import type { Host } from "../../actor/kernel/Host.ts"
import type { Keying } from "../../actor/kernel/Keying.ts"
import * as Layouts from "../../actor/kernel/Layouts.ts"
import { LocalShard } from "../../actor/kernel/LocalShard.ts"
import { actorName, type Protocol } from "../../actor/kernel/Protocol.ts"
import { isKey, placeOf, Shards } from "../../actor/kernel/Shard.ts"
import type * as Terms from "../../actor/kernel/Terms.ts"
import type { Node } from "../../link/kernel/Node.ts"
import type * as Control from "./control.ts"
import type { Families, Opened } from "./families.ts"
import type { Names } from "./names.ts"
import type { Account } from "./placement.ts"
import type { Reachable } from "./stops.ts"

/** A worker, as far as shards are concerned. */
export interface Place extends Reachable {
  readonly index: number
  readonly isUp: boolean
  /** Whether it has said which behaviours it has, and which these are. */
  readonly hasBeenUp: boolean
  readonly behaviours: ReadonlyMap<string, Control.Hosted>
  say(message: Control.ToWorker): void
  request(make: (request: number) => Control.ToWorker): Effect.Effect<Control.Answer | undefined>
}

/** A shard on a worker. */
interface OnWorker {
  readonly worker: Place
  readonly placement: Control.Placement
}

/** Where the keys of a behaviour are. */
export interface Grounds {
  /** By place. */
  readonly addresses: ReadonlyArray<Address>
  readonly workers: ReadonlyArray<OnWorker>
  /** Instead of these, where no worker has the behaviour. */
  readonly local: LocalShard | undefined
}

/** The main thread's part. */
export interface Keyers {
  readonly host: Host
  readonly node: Node
  readonly workers: ReadonlyArray<Place>
  readonly account: Account
  readonly names: Names
  readonly families: Families<Grounds>
}

/**
 * What is known of a behaviour whose mailboxes are to be those of keys.
 *
 * **Errors** Throws `InvalidOptions` for one whose mailboxes survive their thread: they belong to numbers, not to keys.
 */
const boundsOf = (name: string, known: Bounds): Bounds => {
  const { capacity, laneBytes, overflow } = known
  if (laneBytes > 0) {
    throw new ActorError.InvalidOptions({
      where: `${name}.keyed`,
      option: "mailbox.survives",
      value: "true",
      expected: "false for actors that come up by their key"
    })
  }
  return { capacity, laneBytes, overflow }
}

// ---- on one thread

/** How the keys of a behaviour are opened on a system of one thread. */
export const groundsHere = (host: Host, protocol: Protocol) => ({
  open: (keying: Keying): Opened<LocalShard> | ActorError.KeyedError => {
    const shard = openHere(host, protocol, keying)
    return shard instanceof LocalShard ? { grounds: shard, ready: Effect.void } : shard
  },
  close: (shard: LocalShard, elapsedMillis: number) => shard.stop(ExitReason.scopeClosed, elapsedMillis)
})

const openHere = (
  host: Host,
  { layoutHash, name }: Pick<Protocol, "name" | "layoutHash">,
  keying: Keying
): LocalShard | ActorError.KeyedError => {
  const behaviour = host.behaviourOf(name)
  if (behaviour === undefined) {
    return new ActorError.BehaviourNotFound({ behaviour: name, known: host.known, elsewhere: [] })
  }
  const { capacity } = boundsOf(name, behaviour)
  if (behaviour.protocol.layoutHash !== layoutHash) return Layouts.unlike(name, layoutHash, behaviour.protocol)
  const taken = host.someName(name)
  if (taken !== undefined) return new ActorError.NameTaken({ actor: taken, by: "spawn" })
  return new LocalShard(host, behaviour.protocol, capacity, keying)
}

// ---- on workers

const openOnWorkers = (
  { account, host, names, node, workers }: Keyers,
  { bounds, layoutHash, layouts, name }: Control.Wanted,
  keying: Keying
): Opened<Grounds> | ActorError.KeyedError | undefined => {
  const places = workers.filter((worker) => !worker.hasBeenUp || worker.behaviours.has(name))
  const hosted = places.flatMap(({ behaviours }) => behaviours.get(name) ?? [])[0]
  const known = hosted ?? bounds
  if (known === undefined || places.length === 0) return undefined
  const checked = boundsOf(name, known)
  if (hosted !== undefined && hosted.layoutHash !== layoutHash) {
    return Layouts.mismatch(name, { layoutHash, layouts }, hosted)
  }
  const taken = names.startingWith(`${name}/`) ?? host.someName(name)
  if (taken !== undefined) return new ActorError.NameTaken({ actor: taken, by: "spawn" })
  const terms: Terms.Terms = keying
  const onWorkers = places.map((worker): OnWorker => {
    const actor = account.number()
    const placement = { actor, name, layoutHash, key: "", terms, isSupervised: false, lanes: [], isShard: true }
    return { worker, placement }
  })
  return {
    grounds: {
      addresses: onWorkers.map(({ placement, worker }) =>
        node.shardAddress(worker.index, placement.actor, checked, layoutHash)
      ),
      workers: onWorkers,
      local: undefined
    },
    ready: Effect.forEach(onWorkers, place, { concurrency: "unbounded", discard: true })
  }
}

// A worker that is not up hears of it before anybody can send to it; from one that is, messages may be read before its port.
const place = ({ placement, worker }: OnWorker): Effect.Effect<unknown> =>
  Effect.suspend(() => {
    if (worker.isUp) return worker.request((request): Control.ToWorker => ({ _tag: "Spawn", request, placement }))
    worker.say({ _tag: "Revive", placements: [placement] })
    return Effect.void
  })

/** How the keys of a behaviour are opened on a system with workers: on those that have it, else on the main thread. */
export const groundsOf = (self: Keyers, wanted: Control.Wanted) => ({
  open: (keying: Keying): Opened<Grounds> | ActorError.KeyedError => {
    const { account, host, node } = self
    const opened = openOnWorkers(self, wanted, keying)
    if (opened !== undefined) return opened
    const local = openHere(host, wanted, keying)
    if (!(local instanceof LocalShard)) return local
    const actor = account.number()
    const bounds = host.behaviourOf(wanted.name)!
    node.placeShard(local, actor, bounds, wanted.layoutHash)
    const addresses = [node.shardAddress(0, actor, bounds, wanted.layoutHash)]
    return { grounds: { addresses, workers: [], local }, ready: Effect.void }
  },
  close: ({ local, workers }: Grounds, elapsedMillis: number): Effect.Effect<void> => {
    if (local !== undefined) return local.stop(ExitReason.scopeClosed, elapsedMillis)
    return Effect.forEach(workers, ({ placement: { actor }, worker }) => stopped(self, worker, actor, elapsedMillis), {
      concurrency: "unbounded",
      discard: true
    })
  }
})

const stopped = ({ account }: Keyers, workplace: Place, actor: number, elapsedMillis: number): Effect.Effect<void> =>
  Effect.callback((resume) => account.stops.tell({ workplace, actor, over: () => resume(Effect.void) }, elapsedMillis))

/** The shards that a worker has from the beginning of its next incarnation on. */
export const placementsOn = ({ families }: Keyers, worker: Place): ReadonlyArray<Control.Placement> =>
  families.open.flatMap(({ workers }) => workers.filter((on) => on.worker === worker).map(({ placement }) => placement))

/** The keys of a behaviour as this thread reaches them. */
export const shardsOf = (node: Node, protocol: Protocol, addresses: ReadonlyArray<Address>): Shards =>
  new Shards(protocol, addresses.map((address) => node.shardAt(address, protocol)))

/** Where the actor of a name is, if it is up. */
export const locate = (self: Keyers, name: string, key: string): Effect.Effect<Address | undefined> =>
  Effect.suspend(() => {
    const { account, families, host, names, node, workers } = self
    const family = families.get(name)
    if (family !== undefined) {
      const { addresses } = family
      return Effect.succeed(isKey(key) ? { ...addresses[placeOf(key, addresses.length)]!, key } : undefined)
    }
    const cell = host.find(name, key)
    if (cell !== undefined) return Effect.succeed(node.addressOf(cell))
    const claim = names.get(actorName({ name }, key))
    if (claim === undefined) return Effect.undefined
    if (claim.thread === 0) return Effect.succeed(account.get(claim.number)?.recipient?.address)
    return Effect.map(
      workers[claim.thread - 1]!.request((request): Control.ToWorker => ({ _tag: "Locate", request, name, key })),
      (answer) => answer?._tag === "Located" ? answer.address : undefined
    )
  })
