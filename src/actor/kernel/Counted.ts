/**
 * What actors count, of one or of many together.
 *
 * An actor counts its messages in a small integer that it has anyway, and what is seldom in {@link Counts}, made on first use. Nobody counts for a behaviour: who asks has
 * the living added up, and to them what those had counted that have ended.
 */
import { BUCKETS } from "../../runtime/Times.ts"
import { added, type Buckets, type Meter } from "./Meter.ts"

/** Of an actor: what is seldom, and what its small integer could not hold. */
export class Counts {
  declare processed: number
  declare failed: number
  declare dropped: number
  constructor() {
    this.processed = 0
    this.failed = 0
    this.dropped = 0
  }
}

/** An actor here, as far as it is counted. */
export interface Account {
  readonly key: string
  readonly processed: number
  /** Messages that wait, are put off or in hand. */
  depth(): number
  readonly mailbox: { oldestSince(): number } | undefined
  readonly rare: {
    readonly counts: Counts | undefined
    readonly meter: Meter | undefined
    readonly restarts: number
    readonly waiters: { readonly length: number }
  } | undefined
}

/** Counts by bucket, of those that are not 0: bucket, count, bucket, count … */
export type Pairs = ReadonlyArray<number>

/** Sums as they cross between threads. */
export interface Counted {
  readonly actors: number
  readonly processed: number
  readonly failed: number
  readonly dropped: number
  readonly restarts: number
  readonly pending: number
  readonly waitingSenders: number
  /** How long the oldest message waits; below 0 when none does, or nobody knows. */
  readonly oldestMillis: number
  readonly waits: Pairs | undefined
  readonly handlings: Pairs | undefined
}

/** The actors of one behaviour on one thread, or on all. */
export interface CountedType {
  readonly name: string
  readonly sums: Counted
  /** Each of them, with its key, where that was asked for. */
  readonly each: ReadonlyArray<Counted & { readonly key: string }>
}

/** Of which behaviour, or of all, and whether each actor is wanted. */
export interface CountedOf {
  readonly name: string | undefined
  readonly each: boolean
}

/** What the threads of a system have answered, and which have not. */
export interface CountedReport {
  readonly types: ReadonlyArray<CountedType>
  readonly missing: ReadonlyArray<string>
}

/** Those that are not 0. */
export const pairsOf = (buckets: ReadonlyArray<number> | undefined): Pairs | undefined =>
  buckets?.flatMap((count, bucket) => count === 0 ? [] : [bucket, count])

/** All counts by bucket. */
export const bucketsOf = (pairs: Pairs | undefined): Buckets | undefined => {
  if (pairs === undefined) return undefined
  const buckets = new Array<number>(BUCKETS).fill(0)
  for (let i = 0; i < pairs.length; i += 2) buckets[pairs[i]!] = pairs[i + 1]!
  return buckets
}

/** See the module. */
export class Sums implements Counted {
  actors = 0
  processed = 0
  failed = 0
  dropped = 0
  restarts = 0
  pending = 0
  waitingSenders = 0
  oldestMillis = -1
  private waitBuckets: Buckets | undefined
  private handlingBuckets: Buckets | undefined

  get waits(): Pairs | undefined {
    return pairsOf(this.waitBuckets)
  }

  get handlings(): Pairs | undefined {
    return pairsOf(this.handlingBuckets)
  }

  /** Adds what an actor has done by now. */
  done(actor: Account): void {
    const { processed, rare } = actor
    this.processed += processed
    if (rare === undefined) return
    const { counts, meter, restarts } = rare
    this.restarts += restarts
    if (counts !== undefined) {
      this.failed += counts.failed
      this.dropped += counts.dropped
    }
    if (meter === undefined) return
    this.waitBuckets = added(this.waitBuckets, meter.waits)
    this.handlingBuckets = added(this.handlingBuckets, meter.handlings)
  }

  /** Adds what it has still to do, and that it is there. */
  toDo(actor: Account, nowMillis: number): void {
    this.actors++
    this.pending += actor.depth()
    if (actor.rare === undefined) return
    this.waitingSenders += actor.rare.waiters.length
    this.oldestMillis = Math.max(this.oldestMillis, oldestOf(actor, nowMillis))
  }

  /** Adds sums. */
  add(other: Counted): void {
    this.actors += other.actors
    this.processed += other.processed
    this.failed += other.failed
    this.dropped += other.dropped
    this.restarts += other.restarts
    this.pending += other.pending
    this.waitingSenders += other.waitingSenders
    this.oldestMillis = Math.max(this.oldestMillis, other.oldestMillis)
    this.waitBuckets = added(this.waitBuckets, bucketsOf(other.waits))
    this.handlingBuckets = added(this.handlingBuckets, bucketsOf(other.handlings))
  }

  /** The sums as they are now. */
  plain(): Counted {
    const { actors, dropped, failed, handlings, oldestMillis, pending, processed, restarts, waitingSenders, waits } =
      this
    return { actors, processed, failed, dropped, restarts, pending, waitingSenders, oldestMillis, waits, handlings }
  }
}

/** What several threads have counted, together. */
export const together = (parts: ReadonlyArray<ReadonlyArray<CountedType>>): ReadonlyArray<CountedType> => {
  const byName = Map.groupBy(parts.flat(), ({ name }) => name)
  return Array.from(byName, ([name, types]) => {
    const sums = new Sums()
    for (const type of types) sums.add(type.sums)
    return { name, sums: sums.plain(), each: types.flatMap(({ each }) => each) }
  })
}

// How long the oldest message waits; below 0 when none does, or nobody knows.
const oldestOf = ({ mailbox, rare }: Account, nowMillis: number): number => {
  if (rare?.meter === undefined || mailbox === undefined) return -1
  const since = mailbox.oldestSince()
  return since === Infinity ? -1 : Math.max(0, nowMillis - since)
}

/** What an actor has done, and has still to do. */
export const countedOf = (actor: Account, nowMillis: number): Counted => {
  const { processed, rare } = actor
  return {
    actors: 1,
    processed,
    failed: rare?.counts?.failed ?? 0,
    dropped: rare?.counts?.dropped ?? 0,
    restarts: rare?.restarts ?? 0,
    pending: actor.depth(),
    waitingSenders: rare?.waiters.length ?? 0,
    oldestMillis: oldestOf(actor, nowMillis),
    waits: pairsOf(rare?.meter?.waits),
    handlings: pairsOf(rare?.meter?.handlings)
  }
}

/** Those of one behaviour: who is there, and what is counted already. */
export const countedType = (
  name: string,
  actors: ReadonlyArray<Account>,
  past: ReadonlyArray<Counted>,
  nowMillis: number,
  each: boolean
): CountedType => {
  const sums = new Sums()
  for (const counted of past) sums.add(counted)
  for (const actor of actors) {
    sums.done(actor)
    sums.toDo(actor, nowMillis)
  }
  return {
    name,
    sums: sums.plain(),
    each: each ? actors.map((actor) => ({ key: actor.key, ...countedOf(actor, nowMillis) })) : []
  }
}
