/**
 * Waits on behalf of everything in this thread that waits for another thread: polls it, gives the event loop its turns in
 * between, and sleeps when nothing has come for a while.
 *
 * There is one poller in a thread, a piece of its {@link ThreadContext}, made when it is first needed. What waits is added and is forgotten when its poll says that it is done.
 *
 * ```text
 *            add ──►  polled  ── poll() is true ──►  forgotten
 *                     │    ▲
 *  nothing for a while│    │ woken, or ready after it was announced
 *   announce, re-check▼    │
 *                     parked ── remove: its wait is cancelled ──►  forgotten
 *
 *  turn   poll all ─► spin, when that has paid lately ─► setImmediate ─► … ─► park all
 *  who waits for one that was just asleep: poll all ─► park all
 *  one that has the thread to itself: … ─► spin ─► setImmediate ─► sleep with the thread for a moment ─► park
 * ```
 *
 * How long it spins and yields is learnt by an `AdaptiveWait`, from all that this thread waits for. What is parked costs nothing,
 * however many there are: it is not polled, and its own wake-up brings back it alone. What has been polled long in vain while others
 * make progress is parked by itself.
 *
 * Promises that no wake-up is lost (announce, then re-check, then wait), that something whose poll throws takes nobody with
 * it, that the thread stays alive exactly while something waits here, and that no timer runs and nothing is polled when all that waits is parked.
 *
 * Never does: block the thread but for one that says so (`rest`), or poll what was removed.
 */
import { availableParallelism } from "node:os"
import { threadId } from "node:worker_threads"
import { AdaptiveWait } from "../memory/AdaptiveWait.ts"
import type { Wait } from "../memory/Doorbell.ts"
import { PARK, pause, SPIN, type WaitStrategy, YIELD } from "../memory/WaitStrategy.ts"
import type { Runtime } from "../runtime/Runtime.ts"
import { piece, type ThreadContext } from "../runtime/ThreadContext.ts"
import { thread } from "./kernel/CurrentThread.ts"
import { runtime } from "./ThreadRuntime.ts"

/** Something of this thread that waits for another thread. */
export interface Waitable {
  /** Tries; `true` when it made progress or has come to its end: the poller forgets it. It may add and remove others. */
  poll(): boolean
  /** Announces that it waits; see `Doorbell.prepare` and `WaitList.announce`. */
  announce(): void
  /** Whether a poll may succeed now; asked after `announce`. */
  isReady(): boolean
  /** Begins to sleep, unless it was woken since it was announced. */
  wait(): Wait
  /** Takes the announcement back. */
  retract(): void
  /** Takes the announcement back and ends the pending wait. */
  cancel(): void
  /**
   * Whether the whole thread may sleep for it, a few milliseconds at most, before it is parked: a blocked thread is woken in half of the time.
   * Asked only while nothing else waits here.
   */
  mayRest?(): boolean
  /**
   * For how many milliseconds nobody has to look, though there will be something: 0 when it is wanted as soon as it is there. It is polled
   * after that time, and not announced: whoever has something for it does not have to wake anybody.
   */
  napMillis?(): number
  /**
   * Whether nothing comes for longer than looking pays, because whoever it comes from was asleep until now, and perhaps has to wait for the core
   * that this thread holds: then it is parked at once.
   */
  isFar?(): boolean
  /** Sleeps with the thread; answers whether it was woken. */
  rest?(): boolean
  /** One of the others has thrown this; it is forgotten. Without this the error is thrown in a turn of its own, where nobody catches it. */
  failed?(error: unknown): void
}

/** What a {@link Poller} goes by. */
export interface PollerOptions {
  /** Decides between spinning, yielding and parking. */
  readonly strategy: WaitStrategy
  /** The thread that it is on; the real one unless told. */
  readonly runtime?: Runtime | undefined
}

/** How long a thread goes on looking after something has come. */
const YIELD_NANOS = 150_000
/** How often a thread looks before it lets go of its core: for about 20 microseconds, half of what waking a thread costs. */
export const SPINS = 400
/** Passes that made progress, and spins, in one turn of the event loop. */
const MAX_PASSES = 16
const MAX_SPINS = 1000
/** Passes in which others made progress, after which something that did not is parked by itself. */
const VAIN_PASSES = 1000

const POLLED = 0
const PARKED = 1
const FORGOTTEN = 2

interface Entry {
  readonly waitable: Waitable
  readonly rung: () => void
  state: typeof POLLED | typeof PARKED | typeof FORGOTTEN
  /** The poller's count of passes with progress when this was added, made progress itself, or was woken. */
  since: number
  /** Added anew while its own poll ran. */
  isAddedAgain: boolean
}

/** The poller of one thread; a program uses {@link add} and {@link remove}. */
export class Poller {
  declare private readonly strategy: WaitStrategy
  declare private readonly runtime: Runtime
  declare private readonly entries: Map<Waitable, Entry>
  /** Entries that are polled, the oldest first; forgotten ones may be among them until the next pass. */
  declare private readonly polled: Array<Entry>
  declare private readonly turn: () => void
  /** Passes in which something made progress. */
  declare private passes: number
  declare private isScheduled: boolean
  declare private isInTurn: boolean
  /** Counts naps; during one nothing is polled. */
  declare private naps: number
  declare private isNapping: boolean
  /** Keeps the thread alive: neither a pending wait nor a doorbell does. */
  declare private readonly keepAlive: (isHeld: boolean) => void
  declare private isHeld: boolean

  constructor(options: PollerOptions) {
    this.strategy = options.strategy
    this.runtime = options.runtime ?? runtime
    this.entries = new Map()
    this.polled = []
    this.turn = () => {
      this.isScheduled = false
      this.run()
    }
    this.passes = 0
    this.isScheduled = false
    this.isInTurn = false
    this.naps = 0
    this.isNapping = false
    this.keepAlive = this.runtime.holder()
    this.isHeld = false
  }

  /** Number of waitables that are polled or parked. */
  get size(): number {
    return this.entries.size
  }

  /**
   * Polls `waitable` from the next turn of the event loop on, until its poll says `true`; no effect when it is being waited for.
   *
   * **Details**: it is not polled at once, because its owner has just tried. Added from within its own poll it is kept, whatever
   * the poll says.
   */
  add(waitable: Waitable): void {
    const known = this.entries.get(waitable)
    if (known !== undefined) {
      known.isAddedAgain = true
      return
    }
    const entry: Entry = {
      isAddedAgain: false,
      rung: () => this.rung(entry),
      state: POLLED,
      since: this.passes,
      waitable
    }
    this.entries.set(waitable, entry)
    this.polled.push(entry)
    this.wakeUp()
    if (this.isScheduled || this.isInTurn) return
    this.strategy.restart()
    this.schedule()
  }

  /** Forgets `waitable` and ends its wait; no effect when it is done. */
  remove(waitable: Waitable): void {
    const entry = this.entries.get(waitable)
    if (entry === undefined) return
    const wasParked = entry.state === PARKED
    this.forget(entry)
    if (wasParked) waitable.cancel()
    this.hold()
  }

  /** Changes the most spins of one idle phase; see `WaitStrategy.limitSpins`. */
  limitSpins(maxSpins: number): void {
    this.strategy.limitSpins(maxSpins)
  }

  private forget(entry: Entry): void {
    entry.state = FORGOTTEN
    this.entries.delete(entry.waitable)
  }

  private schedule(): void {
    this.isScheduled = true
    this.runtime.immediate(this.turn)
  }

  private nap(millis: number): void {
    const nap = ++this.naps
    this.isNapping = true
    this.isScheduled = true
    this.runtime.after(millis, () => {
      if (!this.isNapping || nap !== this.naps) return
      this.isNapping = false
      this.turn()
    })
  }

  private wakeUp(): void {
    if (!this.isNapping) return
    this.isNapping = false
    this.isScheduled = false
  }

  /** For how long all that is polled can do without. */
  private napMillis(): number {
    let least = Infinity
    for (const { state, waitable } of this.polled) {
      if (state === POLLED) least = Math.min(least, waitable.napMillis?.() ?? 0)
    }
    return least === Infinity ? 0 : least
  }

  /** Whether all that is polled is. */
  private isFar(): boolean {
    for (const { state, waitable } of this.polled) if (state === POLLED && waitable.isFar?.() !== true) return false
    return true
  }

  private run(): void {
    this.isInTurn = true
    const decision = this.work()
    if (decision === PARK) this.park()
    this.isInTurn = false
    if (this.polled.length > 0 && !this.isScheduled) {
      if (decision < 0) this.nap(-decision)
      else this.schedule()
    }
    this.hold()
  }

  /** Polls until the event loop should have its turn, or until all should be parked; a negative number says for how many milliseconds all nap. */
  private work(): number {
    const { polled, strategy } = this
    let hasRested = false
    for (let passes = 0, spins = 0; passes < MAX_PASSES && spins < MAX_SPINS;) {
      const before = polled.length
      if (this.pass()) {
        this.passes++
        strategy.success()
        passes++
        // Nothing came back for more: what made progress goes on in other callbacks of this thread.
        if (polled.length < before) return SPIN
        const millis = this.napMillis()
        if (millis > 0) return -millis
        continue
      }
      if (polled.length === 0) return SPIN
      const millis = this.napMillis()
      if (millis > 0) return -millis
      if (this.isFar()) {
        strategy.restart()
        return PARK
      }
      const decision = strategy.empty()
      if (decision === SPIN) {
        pause()
        spins++
      } else if (!this.mayRest()) return decision
      // Whenever it sleeps the event loop has had a turn since something came, or since it slept.
      else if (passes > 0 || hasRested) return YIELD
      else {
        hasRested = true
        if (!this.rest(polled[0]!)) return PARK
      }
    }
    return SPIN
  }

  private mayRest(): boolean {
    const { entries, polled, runtime } = this
    return entries.size === 1 && polled.length === 1 && runtime.mayBlock && polled[0]!.waitable.mayRest?.() === true
  }

  private rest(entry: Entry): boolean {
    try {
      if (entry.waitable.rest!()) return true
    } catch (error) {
      this.fail(entry, error)
    }
    // Neither yielding nor parking has paid or not.
    this.strategy.restart()
    return false
  }

  /** Polls each once; whether one made progress. Those that are added meanwhile have their turn in the next pass. */
  private pass(): boolean {
    const { polled } = this
    const length = polled.length
    let kept = 0
    let progress = false
    for (let i = 0; i < length; i++) {
      const entry = polled[i]!
      if (entry.state !== POLLED) continue
      const isDone = this.poll(entry)
      if (isDone) progress = true
      if (entry.state !== POLLED) continue
      if (isDone) {
        entry.since = this.passes
        if (!entry.isAddedAgain) {
          this.forget(entry)
          continue
        }
      } else if (this.passes - entry.since >= VAIN_PASSES && this.parks(entry)) continue
      polled[kept++] = entry
    }
    if (kept < length) {
      for (let i = length; i < polled.length; i++) polled[kept++] = polled[i]!
      polled.length = kept
    }
    return progress
  }

  private poll(entry: Entry): boolean {
    entry.isAddedAgain = false
    try {
      return entry.waitable.poll()
    } catch (error) {
      this.fail(entry, error)
      return true
    }
  }

  private park(): void {
    const { polled } = this
    let kept = 0
    for (let i = 0; i < polled.length; i++) {
      const entry = polled[i]!
      if (entry.state === POLLED && !this.parks(entry)) polled[kept++] = entry
    }
    polled.length = kept
  }

  /** Announced first, looked second: who makes it ready after the look sees the announcement. */
  private parks(entry: Entry): boolean {
    const { waitable } = entry
    entry.since = this.passes
    try {
      waitable.announce()
      if (!waitable.isReady()) {
        const wait = waitable.wait()
        if (wait.async) {
          entry.state = PARKED
          void wait.value.then(entry.rung)
          return true
        }
      }
      waitable.retract()
      return false
    } catch (error) {
      this.fail(entry, error)
      return true
    }
  }

  private rung(entry: Entry): void {
    if (entry.state !== PARKED) return
    entry.state = POLLED
    try {
      entry.waitable.retract()
      this.polled.push(entry)
    } catch (error) {
      this.fail(entry, error)
    }
    this.wakeUp()
    if (!this.isScheduled && !this.isInTurn) this.run()
  }

  private fail(entry: Entry, error: unknown): void {
    if (entry.state !== FORGOTTEN) this.forget(entry)
    if (entry.waitable.failed !== undefined) {
      try {
        entry.waitable.failed(error)
        return
      } catch (second) {
        return this.throwAlone(second)
      }
    }
    this.throwAlone(error)
  }

  private throwAlone(error: unknown): void {
    this.runtime.immediate(() => {
      throw error
    })
  }

  /** The immediate of a scheduled turn holds the thread as well as the handle does: the handle changes only when it must. */
  private hold(): void {
    if (this.isHeld) {
      if (this.entries.size > 0) return
      this.isHeld = false
      this.keepAlive(false)
    } else if (this.entries.size > 0 && !this.isScheduled) {
      this.isHeld = true
      this.keepAlive(true)
    }
  }
}

const pollers = piece(({ runtime }) =>
  new Poller({
    runtime,
    strategy: new AdaptiveWait({ maxSpins: maxSpins(), now: () => runtime.nowMillis() * 1e6, yieldNanos: YIELD_NANOS })
  })
)

/** Threads are numbered as they start: those for whom there was a core may spin. */
const maxSpins = (): number => threadId < availableParallelism() && availableParallelism() > 1 ? SPINS : 0

/** The poller of a thread. */
export const of = (context: ThreadContext): Poller => context.get(pollers)

/** Waits for `waitable` on the poller of this thread; see {@link Poller.add}. */
export const add = (waitable: Waitable): void => of(thread).add(waitable)

/** Gives up waiting for `waitable`; see {@link Poller.remove}. */
export const remove = (waitable: Waitable): void => of(thread).remove(waitable)

/**
 * Changes how often the poller of this thread may look before it lets go of its core; 0 when threads outnumber cores.
 *
 * **When to use**: in who starts threads and knows how many are busy. Left alone, a thread spins when no more threads than the machine
 * has cores had been started before it.
 */
export const limitSpins = (spins: number): void => of(thread).limitSpins(spins)
