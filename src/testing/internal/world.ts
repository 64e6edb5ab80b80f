/**
 * All threads of a run, and what each of them has to do: one task at a time, chosen by the oracle.
 *
 * ```text
 *   choose among the lanes that have a task ──► run it as its thread ──► look at the invariants
 *        ▲                                                                    │
 *        └────────── nothing can run: move the clock to what is due next, ◄───┘
 *                    release all of it together; nothing is due: stuck
 * ```
 *
 * The clock moves only when nothing can run. What is due at the same moment is released together, so that it happens in any
 * order; signs of life do not hold the clock back while no thread is stalled.
 */
import { textOf } from "../../runtime/Text.ts"
import { Journal } from "./journal.ts"
import { Lane, type Strand } from "./lane.ts"
import type { Oracle } from "./oracle.ts"
import type { Pick } from "./policy.ts"
import { type Timer, Timers } from "./timers.ts"
import { type Waiter, Waits } from "./waits.ts"

/** What ended a run that did not pass. */
export interface Failure {
  /** The kind, by which two runs are compared: `"Invariant: never two incarnations"`. */
  readonly kind: string
  readonly detail: ReadonlyArray<string>
  readonly cause?: unknown
}

/** What came of a step: a task ran, the clock or something that was left over moved, or nothing will happen any more. */
export type Step = "ran" | "moved" | "stuck"

/** By how many milliseconds something of a kind is late this time; 0 when it is not. */
export type Late = (kind: "lateFiber" | "lateTimer") => number

/** A check that runs after each step. */
export interface Always {
  readonly name: string
  readonly check: () => boolean
}

/** How long a run may have nothing to do but signs of life, before it is told to be stuck. */
const IDLE_MILLIS = 60_000
/** Lanes that ran last, for who asks what a run is busy with. */
const RECENT = 64

/** See the module. */
export class World {
  declare readonly oracle: Oracle
  declare readonly journal: Journal
  declare readonly timers: Timers
  declare readonly waits: Waits
  declare readonly always: Array<Always>
  declare private readonly pick: Pick
  declare private readyLanes: Array<Lane>
  declare private readonly recent: Array<Lane>
  /** A number for each step, by which two runs are compared. */
  declare readonly trace: Array<number>
  declare now: number
  declare steps: number
  declare maxSteps: number
  declare current: Strand | undefined
  declare currentLane: Lane | undefined
  declare failure: Failure | undefined
  declare private idleSince: number | undefined
  declare private stalled: Set<Strand>
  /** Asked before each step: for faults that come by themselves. */
  declare beforeStep: () => void
  constructor(oracle: Oracle, pick: Pick, maxSteps: number) {
    this.oracle = oracle
    this.journal = new Journal()
    this.timers = new Timers()
    this.waits = new Waits()
    this.always = []
    this.pick = pick
    this.readyLanes = []
    this.recent = []
    this.trace = []
    this.now = 0
    this.steps = 0
    this.maxSteps = maxSteps
    this.current = undefined
    this.currentLane = undefined
    this.failure = undefined
    this.idleSince = undefined
    this.stalled = new Set()
    this.beforeStep = () => {}
  }

  log(text: string, thread: string = this.current?.name ?? "-"): void {
    this.journal.add({ atMillis: this.now, step: this.steps, thread, text })
  }

  /** Ends the run; the first failure counts. */
  fail(kind: string, detail: ReadonlyArray<string> = [], cause?: unknown): void {
    if (this.failure !== undefined) return
    this.log(`FAILED ${kind}`)
    this.failure = { kind, detail, cause }
  }

  // ---- what is to be done

  /** Gives a lane one task more. */
  add(lane: Lane, task: () => void): void {
    if (lane.strand.isDead) return
    lane.tasks.push(task)
    this.again(lane)
  }

  /** Nothing of a lane runs before then. */
  hold(lane: Lane, untilMillis: number): void {
    if (lane.isHeld) return
    lane.isHeld = true
    if (lane.isReady) this.take(lane)
    this.at(untilMillis, `late ${lane.what}`, lane.strand, () => {
      lane.isHeld = false
      if (lane.tasks.length > 0) this.again(lane)
    })
  }

  /** Runs what is left of a lane at once, inside of the task that runs now. */
  flush(lane: Lane): void {
    while (lane.tasks.length > 0 && !lane.strand.isDead) lane.tasks.shift()!()
  }

  /** Calls `due` when the time has come, between two tasks. */
  at(atMillis: number, what: string, strand: Strand | undefined, due: () => void, isIdle = false): Timer {
    return this.timers.add({ at: Math.max(atMillis, this.now), what, strand, due, isIdle })
  }

  /** Sleeps on a word; answers `undefined` when it does not hold what is expected. */
  wait(strand: Strand, words: Int32Array, cell: number, expected: number, rung: () => void): Waiter | undefined {
    if (Atomics.load(words, cell) !== expected) return undefined
    const lane = new Lane(strand, "wake-up")
    const waiter: Waiter = { strand, words, cell, woken: () => this.add(lane, rung) }
    this.waits.add(waiter)
    return waiter
  }

  /** A word was notified; `delayOf` says how much later each of its sleepers learns it. */
  notified(words: Int32Array, cell: number, count: number, delayOf: () => number): void {
    for (const { strand, woken } of this.waits.take(words, cell, count)) {
      const delay = delayOf()
      if (delay === 0) woken()
      else this.at(this.now + delay, "late wake-up", strand, woken)
    }
  }

  // ---- threads

  /** Nothing of a thread runs until then. */
  stall(strand: Strand, untilMillis: number): void {
    strand.stalledUntil = untilMillis
    this.stalled.add(strand)
    if (Number.isFinite(untilMillis)) this.at(untilMillis, "stall", strand, () => this.wakeUp(strand))
  }

  /** A stalled thread goes on, if its time has come. */
  wakeUp(strand: Strand, atMillis = this.now): void {
    if (strand.stalledUntil <= atMillis) this.stalled.delete(strand)
  }

  /** All that a thread would have done is gone. */
  drop(strand: Strand): void {
    this.readyLanes = this.readyLanes.filter((lane) => lane.strand !== strand)
    this.timers.removeOf(strand)
    this.waits.removeOf(strand)
    this.stalled.delete(strand)
  }

  // ---- the next thing

  private candidates(): ReadonlyArray<Lane> {
    const { readyLanes, stalled } = this
    return stalled.size === 0 ? readyLanes : readyLanes.filter(({ strand }) => !stalled.has(strand))
  }

  /** Whether something can run now. */
  get isBusy(): boolean {
    return this.candidates().length > 0
  }

  /** Runs one task, or moves the clock. */
  step(): Step {
    this.beforeStep()
    const ready = this.candidates()
    if (ready.length === 0) return this.move()
    const chosen = ready.length === 1 ? 0 : this.pick(ready)
    const lane = ready[chosen]!
    this.take(lane)
    const task = lane.tasks.shift()
    // What was posted may have been lost, and what a fiber would do may have been done.
    if (task === undefined) return "moved"
    this.steps++
    this.note(lane, chosen)
    this.current = lane.strand
    this.currentLane = lane
    lane.strand.run(task)
    this.current = undefined
    if (lane.tasks.length > 0) this.again(lane)
    this.check()
    if (this.steps >= this.maxSteps) this.spent()
    return "ran"
  }

  private take(lane: Lane): void {
    lane.isReady = false
    this.readyLanes.splice(this.readyLanes.indexOf(lane), 1)
  }

  private again(lane: Lane): void {
    if (lane.isReady || lane.isHeld || lane.strand.isDead) return
    lane.isReady = true
    this.readyLanes.push(lane)
  }

  private note(lane: Lane, chosen: number): void {
    this.recent[(this.steps - 1) % RECENT] = lane
    this.trace.push((Math.imul(lane.strand.number + 1, 0x01000193) ^ Math.imul(chosen + 1, 0x9e3779b1) ^ this.now) | 0)
  }

  private move(): Step {
    const { stalled, timers } = this
    const busy = timers.nextBusy()
    const next = stalled.size === 0 ? busy ?? timers.next() : timers.next()
    if (next === undefined) return "stuck"
    if (busy !== undefined) this.idleSince = undefined
    else {
      this.idleSince ??= this.now
      if (this.now - this.idleSince > IDLE_MILLIS) return "stuck"
    }
    this.now = Math.max(this.now, next)
    for (const { due } of timers.take(this.now)) due()
    return "moved"
  }

  private check(): void {
    const { always } = this
    for (let i = 0; i < always.length; i++) {
      const { check, name } = always[i]!
      try {
        if (!check()) this.fail(`Invariant: ${name}`)
      } catch (error) {
        this.fail(`Invariant: ${name}`, [`the check has thrown: ${textOf(error)}`], error)
      }
    }
  }

  private spent(): void {
    const counts = new Map<string, number>()
    for (const { strand, what } of this.recent) {
      const key = `${strand.name}: ${what}`
      counts.set(key, (counts.get(key) ?? 0) + 1)
    }
    const busiest = Array.from(counts).sort((a, b) => b[1] - a[1])
    this.fail("Endless", [
      `${this.steps} steps and no end; of the last ${this.recent.length}:`,
      ...busiest.map(([what, count]) => `  ${String(count).padStart(3)} ${what}`)
    ])
  }
}
