/**
 * Work over a collection: as many jobs under way as keep the workers of a pool busy, and no more.
 *
 * They are Effect's own `forEach`, `partition` and `Stream.mapEffect`, which know neither how many workers there are nor how far the work is.
 *
 * An ask of an item has no time limit unless it says one, or the program provides `ActorRef.DefaultAskTimeout`: most of it waits behind the others.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { InvalidOptions } from "../actor/ActorError.ts"
import * as ActorRef from "../actor/ActorRef.ts"
import { givenOf } from "../runtime/Options.ts"
import { textOf } from "../runtime/Text.ts"
import type { Counts } from "./internal/counts.ts"
import { Share } from "./internal/share.ts"
import type * as Progress from "./Progress.ts"

/** How a collection is worked off. */
export interface ParallelOptions {
  /**
   * Items that are under way at once, those in the queue of the pool included: at least 1. Default 32 for each job that the pool runs at once
   * (64 with two workers, 32 for an actor), and no more than the queue of a pool has room for; inside of a job as many as leave room for what those jobs ask. Less keeps less in memory, of payloads and of replies that wait for their turn.
   */
  readonly inFlight?: number | undefined
  /** What counts it, for whoever shows it. */
  readonly progress?: Progress.Progress | undefined
}

/** The same of {@link map}. */
export interface MapOptions extends ParallelOptions {
  /** Whether results come in the order of their items (the default) or as soon as they are there. */
  readonly ordered?: boolean | undefined
}

/** How {@link reduce} puts results together. */
export interface ReduceOptions<Z, A, B> extends ParallelOptions {
  /** What it begins with, each time that it is run; the answer where there are no items. */
  readonly initial: Z
  /** Takes a result in, on the thread that has called; results come as they are done, in no order. */
  readonly combine: (sum: Z, result: B, item: A) => Z
}

const IN_FLIGHT = 32

const inFlightOf = (pool: ActorRef.Any, { inFlight }: ParallelOptions): number => {
  if (inFlight === undefined) {
    const { limit, parallelism } = ActorRef.recipientOf(pool)
    return Math.min(IN_FLIGHT * parallelism, limit)
  }
  if (Number.isInteger(inFlight) && inFlight > 0) return inFlight
  throw new InvalidOptions({
    where: `Pool ${pool.name}/${pool.key}`,
    option: "inFlight",
    value: givenOf(inFlight),
    expected: "an integer of at least 1"
  })
}

// Who says how many are under way has counted.
const shareOf = (pool: ActorRef.Any, { inFlight }: ParallelOptions): Share | undefined => {
  const recipient = ActorRef.recipientOf(pool)
  const { batches } = recipient
  return inFlight === undefined && batches !== undefined ? new Share(recipient, batches) : undefined
}

/** What is done with an item. */
export type Each<A, B, E, R> = (item: A, index: number) => Effect.Effect<B, E, R>

// A fiber that is given something else ends past all that waits for its end.
const effectOf = <B, E, R>(made: Effect.Effect<B, E, R>, index: number): Effect.Effect<B, E, R> =>
  Effect.isEffect(made)
    ? made
    : Effect.die(new TypeError(`what is done with item ${index} is ${textOf(made)}, which is no effect`))

// Most of what is asked waits behind the rest of the batch: how long that takes says nothing of any of it. What the program has provided goes.
const inTheirTime = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.updateContext(effect, (context: Context.Context<R>) =>
    context.mapUnsafe.has(ActorRef.DefaultAskTimeout.key)
      ? context
      : Context.add(context, ActorRef.DefaultAskTimeout, "Infinity"))

/** A collection as a batch: what is done with each of its items, counted. */
class Batch<A, B, E, R> {
  private readonly each: Each<A, B, E, R>
  private readonly counts: Counts | undefined
  private hasBegun = false

  constructor(each: Each<A, B, E, R>, { progress }: ParallelOptions) {
    this.each = each
    this.counts = progress as Counts | undefined
  }

  /** What is done with each item, where so much of it is under way as `share` says. */
  run(share: Share | undefined): Each<A, B, E, R> {
    const { counts, each } = this
    if (counts === undefined && share === undefined) return (item, index) => effectOf(each(item, index), index)
    const done: Each<A, B, E, R> = (item, index) => Effect.suspend(() => effectOf(each(item, index), index))
    const shared: Each<A, B, E, R> = share === undefined
      ? done
      : (item, index) => share.within(done(item, index))
    return counts === undefined
      ? shared
      : (item, index) => Effect.onExit(shared(item, index), (exit) => Effect.sync(() => counts.count(exit)))
  }

  /** Before anything is looked at that may throw: whoever watches the progress hears of its end in any case. */
  begin(jobs: number | undefined): Effect.Effect<void> {
    return Effect.map(Clock.currentTimeMillis, (now) => {
      this.hasBegun = true
      this.counts?.begin(jobs, now)
    })
  }

  /** It has so many jobs more than it knew of. */
  has(jobs: number): void {
    this.counts?.more(jobs)
  }

  get end(): Effect.Effect<void> {
    return Effect.map(Clock.currentTimeMillis, (now) => {
      if (this.hasBegun) this.counts?.end(now)
    })
  }
}

const overItems = <A, B, E, R, Out, E2, R2>(
  pool: ActorRef.Any,
  items: Iterable<A>,
  each: Each<A, B, E, R>,
  options: ParallelOptions,
  use: (items: ReadonlyArray<A>, run: Each<A, B, E, R>, concurrency: number) => Effect.Effect<Out, E2, R2>
): Effect.Effect<Out, E2, R2> =>
  Effect.suspend(() => {
    const batch = new Batch(each, options)
    const all = Effect.suspend(() => {
      const concurrency = inFlightOf(pool, options)
      const all = Array.from(items)
      batch.has(all.length)
      return use(all, batch.run(shareOf(pool, options)), concurrency)
    })
    return Effect.acquireUseRelease(batch.begin(0), () => inTheirTime(all), () => batch.end)
  })

/**
 * Does something with each item and answers the results in the order of the items. The first failure interrupts the rest.
 *
 * **Example** (Digests of files)
 *
 * ```ts
 * import { Actor, Pool } from "shared-nothing"
 * import * as Effect from "effect/Effect"
 * import * as Rpc from "effect/rpc/Rpc"
 * import * as Schema from "effect/Schema"
 *
 * const Hashing = Actor.make("Hashing", [
 *   Rpc.make("Sha256", { payload: { file: Schema.String }, success: Schema.String })
 * ])
 *
 * const digests = (files: ReadonlyArray<string>) =>
 *   Effect.gen(function*() {
 *     const hashing = yield* Pool.ref(Hashing)
 *     return yield* Pool.forEach(hashing, files, (file) => hashing.ask.Sha256({ file }))
 *   })
 * ```
 *
 * **Errors** Those of what is done with an item. Dies with `InvalidOptions` for an `inFlight` that is no whole number of at least 1, with a `TypeError` for an item with which something is done that is no effect,
 * and with what the items throw while they are listed.
 *
 * **Gotchas** Results that have come are lost where another item fails, and so is what moved with them, unless each is taken into a scope when it comes: `Effect.flatMap(lab.ask.Invert({ frame }), Iso.scoped)`.
 */
export const forEach = <A, B, E, R>(
  pool: ActorRef.Any,
  items: Iterable<A>,
  each: Each<A, B, E, R>,
  options: ParallelOptions = {}
): Effect.Effect<Array<B>, E, R> =>
  overItems(pool, items, each, options, (all, run, concurrency) => Effect.forEach(all, run, { concurrency }))

/**
 * The same, of which no failure ends the rest: answers the successes and the failures, each in the order of the items.
 *
 * **Errors** Never fails. A defect interrupts the rest, and dies; so does an `inFlight` as in {@link forEach}.
 */
export const partition = <A, B, E, R>(
  pool: ActorRef.Any,
  items: Iterable<A>,
  each: Each<A, B, E, R>,
  options: ParallelOptions = {}
): Effect.Effect<[successes: Array<B>, failures: Array<E>], never, R> =>
  overItems(pool, items, each, options, (all, run, concurrency) => Effect.partition(all, run, { concurrency }))

/**
 * Does something with each item and puts the results together as they come, in no order: a sum, a table of counts.
 *
 * **Details** `combine` runs on the thread that has called, one result after the other. The first failure interrupts the rest.
 *
 * **Errors** As of {@link forEach}. A `combine` that throws is a defect.
 */
export const reduce = <A, B, E, R, Z>(
  pool: ActorRef.Any,
  items: Iterable<A>,
  each: Each<A, B, E, R>,
  options: ReduceOptions<Z, A, B>
): Effect.Effect<Z, E, R> =>
  overItems(pool, items, each, options, (all, run, concurrency) => {
    let sum = options.initial
    const combined: Each<A, void, E, R> = (item, index) =>
      Effect.map(run(item, index), (result) => {
        sum = options.combine(sum, result, item)
      })
    return Effect.map(Effect.forEach(all, combined, { concurrency, discard: true }), () => sum)
  })

/**
 * The same of a stream, or of a collection that does not fit into memory as results: a stream of the results.
 *
 * **Details** Items are taken as results are: no more than `inFlight` of them are under way or wait to be taken. Ending the stream early, or
 * interrupting who reads it, interrupts what runs. A `Progress` that counts it does not know how many there are.
 *
 * **Errors** As of {@link forEach}, and those of the stream.
 */
export const map = <A, B, E, R, E2 = never, R2 = never>(
  pool: ActorRef.Any,
  items: Iterable<A> | Stream.Stream<A, E2, R2>,
  each: Each<A, B, E, R>,
  options: MapOptions = {}
): Stream.Stream<B, E | E2, R | R2> =>
  Stream.suspend(() => {
    const batch = new Batch(each, options)
    const all = Stream.suspend(() => {
      const concurrency = inFlightOf(pool, options)
      const source = Stream.isStream(items) ? items : Stream.fromIterable(items)
      const run = batch.run(shareOf(pool, options))
      return Stream.mapEffect(source, (item, index) => inTheirTime(run(item, index)), {
        concurrency,
        unordered: options.ordered === false
      })
    })
    return all.pipe(Stream.onStart(batch.begin(undefined)), Stream.onExit(() => batch.end))
  })
