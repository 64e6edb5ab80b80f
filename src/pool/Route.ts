/**
 * Which worker of a pool a message is for, said once, where it is defined. A message without a route is run by any worker that is idle.
 *
 * ```text
 *  byKey        the worker of its key            byRange      the worker of its range
 *  toWorker     that one                         custom       as a function says
 *  roundRobin   one after the other              leastLoaded  the one with the least to do
 * ```
 *
 * What has a route waits in the inbox of its worker, where nobody steals it, and begins there in the order of its sender, over deaths and
 * restarts of the worker; what has a higher priority comes first, unless that would put jobs of one key out of order. Of the jobs of one key one runs at a time, also with `concurrency`. The `key` of one ask or tell stands
 * above the route of its message (`Pool.JobOptions`).
 *
 * Routes run on the thread that sends, each time that something is sent, and are given the payload before it is checked. One that throws, says nonsense or has no
 * key fails the send with `NotRouted`. An actor that is no pool is its own only worker and asks no route.
 *
 * **Example** (All of an account on one worker, in order)
 *
 * ```ts
 * import * as Rpc from "effect/rpc/Rpc"
 * import * as Schema from "effect/Schema"
 * import { Actor, Route } from "shared-nothing"
 *
 * export const Accounts = Actor.make("Accounts", [
 *   Rpc.make("Deposit", { payload: { account: Schema.String, amount: Schema.Int }, success: Schema.Int }).pipe(
 *     Route.byKey(({ account }) => account)
 *   )
 * ])
 * ```
 */
import type * as Rpc from "effect/rpc/Rpc"
import { InvalidOptions } from "../actor/ActorError.ts"
import { givenOf } from "../runtime/Options.ts"
import { textOf } from "../runtime/Text.ts"
import * as Routing from "./internal/routing.ts"
import { targetOf } from "./internal/target.ts"

/** A message that has a route now. */
type Routed = <R extends Rpc.Any>(rpc: R) => R

/** How the worker of a key is found. */
export type Placement = "rendezvous" | "remainder" | "sticky"

/** The workers, as a route of one's own sees them. */
export interface Workers {
  /** How many there are; they are called 0, 1, … */
  readonly count: number
  /** How many jobs wait for a worker alone, and how many it runs. */
  readonly loadOf: (worker: number) => number
}

const routed = <R extends Rpc.Any>(rpc: R, route: Routing.Route): R =>
  // Any message can be annotated, and is of the same type after that.
  (rpc as unknown as Rpc.Rpc<string>).annotate(Routing.RouteOf, route) as unknown as R

const placements: { readonly [P in Placement]: Routing.KeyPlacement } = {
  rendezvous: Routing.rendezvous,
  remainder: Routing.remainder,
  sticky: Routing.sticky
}

const refuse = (where: string, option: string, value: unknown, expected: string): never => {
  throw new InvalidOptions({ where: `Route.${where}`, option, value: givenOf(value), expected })
}

/**
 * All messages with the same key are for the same worker, and one of them runs at a time.
 *
 * **Details** `placement` says how the worker of a key is found. `"rendezvous"`, the default: by the highest random weight, which spreads keys evenly, and of a pool with one worker
 * less gives others only the keys of that one. `"remainder"`: by hash and remainder, for very many workers. `"sticky"`: the worker that had the least to do when the first job came of
 * the key, or of one of its group: there are 4,096 groups of keys; they stay where they are for as long as the pool lives.
 *
 * **Errors** Throws `InvalidOptions` for a placement that is none. A key that is no text of 1 to 1,024 characters fails the send with `NotRouted`.
 *
 * **Gotchas** A job that waits for one with its own key waits until its time is over, as an actor does that asks itself. Workers tell 16,383 keys apart: of two that
 * they take for the same one waits for the other as well, so a job that waits for a job of another key needs a timeout, and may try again.
 */
export const byKey = <R extends Rpc.Any>(
  key: (payload: Rpc.PayloadConstructor<R>) => string,
  options?: { readonly placement?: Placement | undefined }
) => {
  const placement = options?.placement ?? "rendezvous"
  if (!Object.hasOwn(placements, placement)) refuse("byKey", "placement", placement, Object.keys(placements).join(", "))
  const place = placements[placement]
  const route = (payload: unknown, places: Routing.Places) => {
    const hash = Routing.hashOfKey(key(payload as Rpc.PayloadConstructor<R>))
    return targetOf(place(hash, places), hash)
  }
  return (rpc: R): R => routed(rpc, Object.assign(route, { placement: place }))
}

/**
 * Messages whose value lies in the same range are for the same worker: below the first bound, from there to the second, and so on. With more ranges than workers these
 * have several. The value is the key: of the jobs with the same value one runs at a time, and one that waits for another of its value waits until its time is over;
 * with a `concurrency` above 1, jobs of a range with different values run beside each other.
 *
 * **Errors** Throws `InvalidOptions` for bounds that do not rise. A value that cannot be compared with them fails the send with `NotRouted`.
 */
export const byRange = <R extends Rpc.Any, const B extends number | string>(
  value: (payload: Rpc.PayloadConstructor<R>) => B extends number ? number : string,
  bounds: ReadonlyArray<B>
) => {
  const kind = typeof bounds[0]
  const isBound = (bound: unknown, i: number) =>
    typeof bound === kind && !Number.isNaN(bound) && (i === 0 || bounds[i - 1]! < (bound as B))
  if (bounds.length === 0 || !bounds.every(isBound)) {
    refuse("byRange", "bounds", bounds, "numbers or texts, each above the one before")
  }
  return (rpc: R): R =>
    routed(rpc, (payload, places) => {
      const found: unknown = value(payload as Rpc.PayloadConstructor<R>)
      if (typeof found !== kind || Number.isNaN(found)) {
        throw new TypeError(`its value is ${textOf(found)}, expected a ${kind} as the bounds are`)
      }
      let range = 0
      while (range < bounds.length && bounds[range]! <= (found as B)) range++
      return targetOf(range % places.count, Routing.hashOf(String(found)))
    })
}

/** A message is for the worker that the function says: 0, 1, … */
export const toWorker = <R extends Rpc.Any>(worker: (payload: Rpc.PayloadConstructor<R>) => number) => (rpc: R): R =>
  routed(rpc, (payload, places) => Routing.chosen(worker(payload as Rpc.PayloadConstructor<R>), places))

/** A message is for the worker that a function chooses, which also knows how much each of them has to do. */
export const custom =
  <R extends Rpc.Any>(choose: (payload: Rpc.PayloadConstructor<R>, workers: Workers) => number) => (rpc: R): R =>
    routed(rpc, (payload, places) => {
      const workers: Workers = { count: places.count, loadOf: (worker) => places.loadOf(worker) }
      return Routing.chosen(choose(payload as Rpc.PayloadConstructor<R>, workers), places)
    })

/** Workers take turns, whatever they have to do; of each thread that sends. */
export const roundRobin: Routed = (rpc) => routed(rpc, (_, places) => targetOf(places.next(), 0))

/** A message is for the worker with the least to do: jobs that wait for it alone, and those that it runs. */
export const leastLoaded: Routed = (rpc) => routed(rpc, (_, places) => targetOf(Routing.leastLoaded(places), 0))
