/**
 * How the worker is chosen that a job is for: small functions of the payload and of what is known of the workers.
 */
import * as Context from "effect/Context"
import type { Message } from "../../actor/kernel/Protocol.ts"
import { isKey, MAX_KEY_LENGTH } from "../../actor/kernel/Shard.ts"
import { textOf } from "../../runtime/Text.ts"
import { pinnedTo, targetOf } from "./target.ts"

/** The workers of a pool, as a thread that submits knows them. */
export interface Places {
  readonly count: number
  /** How many jobs wait for this worker alone, and how many it runs. */
  loadOf(place: number): number
  /** Whose turn it is. */
  next(): number
  /** The worker that the keys of a hash were given, -1 before their first job. */
  homeOf(hash: number): number
  /** Gives it to them in place of the one they had, unless another thread has; answers the one that counts. */
  settle(hash: number, place: number, home: number): number
}

/** Says which worker a key has, by its hash. */
export type KeyPlacement = (hash: number, places: Places) => number

/** Answers where a job may run (`target.ts`); throws when it cannot. */
export interface Route {
  (payload: unknown, places: Places): number
  /** Of one by key. */
  readonly placement?: KeyPlacement | undefined
}

/** The route of a message. */
export const RouteOf: Context.Reference<Route | undefined> = Context.Reference<Route | undefined>(
  "shared-nothing/pool/Route",
  { defaultValue: () => undefined }
)

/** By the index of the message. */
export const routesOf = (messages: ReadonlyArray<Message>): ReadonlyArray<Route | undefined> =>
  messages.map(({ annotations }) => Context.get(annotations, RouteOf))

const mix = (hash: number): number => {
  let x = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35)
  return (x ^ (x >>> 16)) >>> 0
}

/** Of a key, the same on every thread; never 0. */
export const hashOf = (key: string): number => {
  let hash = 0x811c9dc5
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193)
  return mix(hash) || 1
}

/** The worker with the highest random weight for a key: with one worker less only its own keys have another one. */
export const rendezvous = (hash: number, { count }: Pick<Places, "count">): number => {
  let best = 0
  let most = -1
  for (let place = 0; place < count; place++) {
    const weight = mix(hash ^ Math.imul(place + 1, 0x9e3779b1))
    if (weight <= most) continue
    most = weight
    best = place
  }
  return best
}

/** The place of a key by the remainder of its hash: one step, however many workers there are. */
export const remainder = (hash: number, { count }: Pick<Places, "count">): number => hash % count

/** One with the least to do; of several that whose turn is next. */
export const leastLoaded = (places: Places): number => {
  const { count } = places
  const first = places.next()
  let best = first
  let least = Infinity
  for (let i = 0; i < count && least > 0; i++) {
    const place = (first + i) % count
    const load = places.loadOf(place)
    if (load >= least) continue
    least = load
    best = place
  }
  return best
}

/** The one that had the least to do when the first job of the key came, or when its last one had left. */
export const sticky = (hash: number, places: Places): number => {
  for (let home = places.homeOf(hash);;) {
    if (home >= 0 && home < places.count) return home
    home = places.settle(hash, leastLoaded(places), home)
  }
}

/** The hash of what has to be a key. */
export const hashOfKey = (key: unknown): number => {
  if (isKey(key)) return hashOf(key as string)
  const found = typeof key === "string" ? `has ${key.length} characters` : `is ${textOf(key)}`
  throw new TypeError(`its key ${found}, expected a text of 1 to ${MAX_KEY_LENGTH} characters`)
}

/** The route of a job that was given this key: where that of its message would send it by the same one. */
export const keyed =
  (key: unknown, { placement = rendezvous }: Pick<Route, "placement"> = {}): Route => (_, places) => {
    const hash = hashOfKey(key)
    return targetOf(placement(hash, places), hash)
  }

/** The target of a job that some function has chosen a worker for. */
export const chosen = (place: unknown, { count }: Places): number => {
  if (typeof place === "number" && Number.isInteger(place) && place >= 0 && place < count) return pinnedTo(place)
  throw new TypeError(`its route says worker ${textOf(place)}, expected 0 to ${count - 1}`)
}
