/**
 * Threads in reserve: started, their file loaded, and nothing set up. Who starts a thread takes one that is there, and the
 * reserve is filled up again.
 *
 * ```text
 *  supervisor of a group
 *    ├─ place 1 …
 *    └─ standby (one-for-one, with the limits of the group, counted apart)
 *         └─ standby-0 ── waits for a core ─► loading ─► stands by ─► takes a place ─► up: the next one loads
 * ```
 *
 * A thread that dies in reserve, or does not load in time, is replaced within the intensity of the group. When that is used up
 * the reserve is given up, which is an error in the log, and the group goes on without: a thread that dies is then replaced by
 * a new one, as without a reserve.
 */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import type * as Semaphore from "effect/Semaphore"
import type { BackoffInput } from "../../supervisor/Backoff.ts"
import * as Child from "../../supervisor/Child.ts"
import type { IntensityOptions } from "../../supervisor/Intensity.ts"
import { bury, type Hosted, kill, reach, spawn } from "../internal/hosted.ts"
import type { Lifecycle } from "../internal/lifecycle.ts"
import * as Protocol from "../internal/protocol.ts"
import { type Settings, settingsOf, type Times } from "../internal/settings.ts"
import type { Place, SpawnWorker } from "../SpawnedWorker.ts"
import type { ThreadDown } from "../ThreadError.ts"
import { Spawning } from "./Spawning.ts"

/** A thread in reserve. */
export class Standby {
  /** Completed when it takes a place: from then on it is not the reserve's. */
  declare readonly taken: Deferred.Deferred<void>
  declare private readonly life: Lifecycle
  declare private readonly place: { -readonly [K in keyof Place]: Place[K] }
  constructor(life: Lifecycle, place: Place) {
    this.taken = Deferred.makeUnsafe()
    this.life = life
    this.place = place
  }

  /** Whether it can take a place: it is not about to end, as far as is known. */
  get isFit(): boolean {
    const { crash, end, reason } = this.life
    return !this.isTaken && crash === undefined && reason === undefined && end === undefined
  }

  get isTaken(): boolean {
    return Deferred.isDoneUnsafe(this.taken)
  }

  /** Gives it a place; whoever starts the thread of that hears of it from now on. */
  take({ epoch, index, name }: Place, onMessage: (message: unknown) => void): Lifecycle {
    const { life } = this
    Object.assign(this.place, { name, index, epoch })
    life.name = name
    life.outlets.onMessage = onMessage
    Deferred.doneUnsafe(this.taken, Effect.void)
    return life
  }
}

/** How a reserve is kept. */
export interface Options extends Times {
  readonly spawn: SpawnWorker
  /** How many threads stand by; none unless told. */
  readonly standby?: number | undefined
  readonly intensity?: IntensityOptions | undefined
  readonly backoff?: BackoffInput | undefined
  /** A thread stands by from now on. */
  readonly onStandby?: ((name: string) => void) | undefined
  /** A thread has ended before it had a place. */
  readonly onStandbyEnded?: ((name: string, reason: ThreadDown) => void) | undefined
}

/** The threads that stand by now, those that have for longest first. */
export class Reserve {
  declare private readonly threads: Set<Standby>
  constructor() {
    this.threads = new Set()
  }

  /** The next one that can take a place. */
  get next(): Standby | undefined {
    for (const standby of this.threads) if (standby.isFit) return standby
    return undefined
  }

  add(standby: Standby): void {
    this.threads.add(standby)
  }

  remove(standby: Standby): void {
    this.threads.delete(standby)
  }
}

/** The child of a group's supervisor that keeps its reserve filled; it holds one of `cores` while a thread loads. */
export const child = (options: Options, reserve: Reserve, cores: Semaphore.Semaphore): Child.ChildSpec => {
  const { backoff, intensity, standby = 0 } = options
  const children = Array.from({ length: standby }, (_, i) => {
    const name = `standby-${i}`
    let epoch = 0
    const keep = Effect.forever(
      Effect.suspend(() => keepOne(options, reserve, { name, index: -1 - i, epoch: ++epoch }, cores))
    )
    return Child.make(name, {
      kind: "thread",
      shutdown: "infinity",
      start: Effect.map(Effect.flatMap(Effect.scope, (scope) => Effect.forkIn(keep, scope)), (fiber) => ({
        exit: Fiber.await(fiber)
      }))
    })
  })
  return Child.supervisor(
    "standby",
    { strategy: "one-for-one", stopOrder: "together", intensity, backoff, children },
    { restart: "temporary" }
  )
}

/** One thread in reserve, from its spawn until it has a place and is up there; fails when it ends before. */
const keepOne = (
  options: Options,
  reserve: Reserve,
  place: Place,
  cores: Semaphore.Semaphore
): Effect.Effect<void, ThreadDown> =>
  Effect.scoped(Effect.gen(function*() {
    const { hosted, standby } = yield* cores.withPermits(1)(load(options, place))
    const { life } = hosted
    reserve.add(standby)
    options.onStandby?.(place.name)
    yield* Effect.raceFirst(Deferred.await(standby.taken), Deferred.await(life.dying))
    reserve.remove(standby)
    // Its successor loads when it is up: then nothing that is waited for has to share a core with that.
    if (standby.isTaken) return yield* Deferred.await(life.settled)
    yield* bury(hosted)
    return yield* Effect.fail(yield* Deferred.await(life.ended))
  })).pipe(Effect.tapError((reason) => Effect.sync(() => options.onStandbyEnded?.(place.name, reason))))

const load = (
  options: Options,
  place: Place
): Effect.Effect<{ readonly hosted: Hosted; readonly standby: Standby }, ThreadDown, Scope.Scope> =>
  Effect.gen(function*() {
    const settings: Settings = settingsOf(place.name, options)
    const clock = yield* Clock.Clock
    const run = Effect.runForkWith(yield* Effect.context<never>())
    const log = (entry: Effect.Effect<void>) => void run(Effect.ignoreCause(entry))
    const spawning = yield* Spawning
    const loading = yield* Effect.acquireRelease(
      Effect.map(spawn(place, options.spawn, spawning, log, () => {}), (life) => ({
        hosted: { life, settings, clock, log } satisfies Hosted,
        standby: new Standby(life, place)
      })),
      ({ hosted, standby }) => standby.isTaken ? Effect.void : kill(hosted)
    )
    const { life } = loading.hosted
    life.worker.postMessage(Protocol.prepare)
    yield* reach(loading.hosted, life.begun, ({ isStandby }) => isStandby)
    return loading
  })
