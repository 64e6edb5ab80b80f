/**
 * How many workers a pool has, by what it has to do.
 *
 * ```text
 *  look, twice a second ──► signal ──► decide ──► Crew.resize ──► told, with the signal
 *    more    jobs wait, and half of those begun since the last look have waited for longer than they should; the workers are used up, by jobs or by what
 *            else has their event loops; at most half as many again, and no more than jobs wait
 *    none, and that is told   the same, and the process has less memory left than there has to be
 *    one less   nothing waits, the last worker has had nothing to do for `idle`, and the others would not be used up without it
 *    no change  soon after one
 * ```
 *
 * To decide is a function of what was seen and nothing else, so that each decision can be told and repeated.
 */
import * as Effect from "effect/Effect"
import type { SizeSignal } from "../PoolEvent.ts"

/** By what it is decided. */
export interface Rules {
  readonly min: number
  readonly max: number
  /** How long the last worker has nothing to do before it leaves. */
  readonly idleMillis: number
  /** How long half of the jobs may wait. */
  readonly waitMillis: number
  /** How long after a change there is no other one. */
  readonly cooldownMillis: number
  /** Which part of its memory the process may use before there are no more; `Infinity` for any. */
  readonly memory: number
  /** How many jobs one worker may run at once. */
  readonly concurrency: number
}

/** What was decided. */
export interface Decision {
  readonly size: number
  readonly why: "waiting" | "idle"
  /** There is no memory for it: nothing is done. */
  readonly isHeld?: true
}

/** From which part on workers are used up. */
const USED_UP = 0.8

/**
 * Which part of what workers can do they do. One that runs a job at a time can begin none while it has one, or while something else has its event loop. One that runs several can until it has as
 * many as it may, or its event loop is busy all the time: that it has a job says nothing.
 */
const usedOf = (
  { elsewhere, loopUtilisation, occupied, utilisation }: SizeSignal,
  { concurrency }: Pick<Rules, "concurrency">
): number => concurrency === 1 ? utilisation + elsewhere : Math.max(occupied, loopUtilisation ?? utilisation)

/** Whether the process has too little memory left for more workers. */
export const isShort = ({ memoryBytes, memoryLimitBytes }: SizeSignal, { memory }: Pick<Rules, "memory">): boolean =>
  memoryBytes > memory * memoryLimitBytes

/** What follows from a signal; `undefined` for nothing. */
export const decide = (signal: SizeSignal, rules: Rules, sinceChangeMillis: number): Decision | undefined => {
  const { idleMillis, size, waitMillis, waiting } = signal
  const used = usedOf(signal, rules)
  if (sinceChangeMillis < rules.cooldownMillis) return undefined
  // Of what nobody has looked at a clock for only that it waits is known.
  const isLate = waiting > 0 && (waitMillis === undefined || waitMillis > rules.waitMillis)
  if (isLate && used >= USED_UP && size < rules.max) {
    const more = Math.min(waiting, Math.max(1, Math.floor(size / 2)))
    const decision: Decision = { size: Math.min(rules.max, size + more), why: "waiting" }
    return isShort(signal, rules) ? { ...decision, isHeld: true } : decision
  }
  if (waiting > 0 || size <= rules.min || idleMillis < rules.idleMillis) return undefined
  return used * size / (size - 1) < USED_UP ? { size: size - 1, why: "idle" } : undefined
}

/** Whose size it is. */
export interface Sized {
  readonly rules: Rules
  /** Monotonic milliseconds. */
  readonly now: () => number
  /** How many workers stand in for others that block: those are no more than there have to be. */
  readonly compensated: () => number
  /** What there is to see now, and since it was looked last. */
  readonly look: (nowMillis: number) => SizeSignal
  /** Has another number of workers; `false` when that did not come about. */
  readonly change: (decision: Decision, signal: SizeSignal) => Effect.Effect<boolean>
  /** There is no memory for what was decided: told once for as long as that is so. */
  readonly held: (decision: Decision, signal: SizeSignal) => void
}

const LOOK_MILLIS = 500
/** A start that fails is tried again later each time, up to this. */
const MOST_MILLIS = 60_000

/** How often it is looked. */
export const everyMillis = ({ idleMillis }: Rules): number =>
  Math.min(LOOK_MILLIS, Math.max(10, Math.floor(idleMillis / 2)))

/** Looks, decides and has it done, for ever. */
export const follow = ({ change, compensated, held, look, now, rules }: Sized): Effect.Effect<never> =>
  Effect.gen(function*() {
    const every = everyMillis(rules)
    let changedAt = -Infinity
    let failures = 0
    let isHeld = false
    look(now())
    while (true) {
      yield* Effect.sleep(every)
      const signal = look(now())
      const pause = Math.min(MOST_MILLIS, rules.cooldownMillis * 2 ** failures)
      const min = Math.min(rules.max, rules.min + compensated())
      const decision = decide(signal, { ...rules, min, cooldownMillis: pause }, now() - changedAt)
      const wasHeld = isHeld
      isHeld = decision?.isHeld === true
      if (isHeld && !wasHeld) held(decision!, signal)
      if (decision === undefined || isHeld) continue
      failures = (yield* change(decision, signal)) ? 0 : failures + 1
      changedAt = now()
    }
  })
