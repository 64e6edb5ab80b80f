/**
 * Runs a program of simulated threads under every schedule with at most so many preemptions, and with "this thread dies
 * here" as a move.
 *
 * JavaScript atomics are sequentially consistent and a program without data races behaves as an interleaving of its
 * steps, so going through the interleavings goes through everything the real threads can do. A schedule is replayed
 * from its list of choices; the next one changes the last choice that has an alternative left (depth first, no
 * randomness, no clock).
 */
import { forgetWaits, type Step } from "./gatedAtomics.ts"

/**
 * What a thread or a check throws when a promise is broken; any other error is a mistake in the model and ends the
 * exploration.
 */
export class Violation extends Error {}

const violation = (error: unknown): string => {
  if (error instanceof Violation) return error.message
  throw error
}

/** A simulated thread. */
export interface Thread {
  readonly name: string
  readonly body: Generator<Step, void>
  /** It may die between any two steps, once per schedule. */
  readonly mortal?: boolean
}

/** A program at its start, made anew for every schedule. */
export interface Program {
  readonly threads: ReadonlyArray<Thread>
  /** How many mortal threads may die in one schedule; 1 when not given. */
  readonly deaths?: number
  /** Who hears of the death of a mortal thread: starts the threads that recover. */
  readonly onDeath?: (dead: Thread) => ReadonlyArray<Thread>
  /** Throws when the end of a schedule is not what it must be. */
  readonly check: () => void
}

/** What an exploration found. */
export interface Outcome {
  readonly schedules: number
  readonly failure: string | undefined
}

const MAX_STEPS = 5000

interface Choice {
  taken: number
  options: number
}

interface Running extends Thread {
  step: Step
  done: boolean
}

const start = (thread: Thread): Running => ({ ...thread, step: undefined, done: false })

const isEnabled = (thread: Running): boolean => !thread.done && (thread.step === undefined || thread.step.woken)

/**
 * Runs one schedule: follows `choices`, then takes the first option of each new one and appends it. The reason when it
 * fails.
 */
const runSchedule = (program: Program, preemptions: number, choices: Array<Choice>): string | undefined => {
  const threads = program.threads.map(start)
  const trace: Array<string> = []
  let depth = 0
  let preemptionsLeft = preemptions
  let deathsLeft = program.deaths ?? 1
  let current: Running | undefined
  const fail = (reason: string) => `${reason}\n  schedule: ${trace.join(" ")}`
  for (let steps = 0; steps < MAX_STEPS; steps++) {
    const enabled = threads.filter(isEnabled)
    if (enabled.length === 0) {
      const stuck = threads.filter((thread) => !thread.done).map((thread) => thread.name)
      if (stuck.length > 0) return fail(`waits for ever: ${stuck.join(", ")}`)
      try {
        program.check()
      } catch (error) {
        return fail(violation(error))
      }
      return undefined
    }
    const goesOn = current !== undefined && isEnabled(current)
    const runnable = goesOn
      ? [current!, ...(preemptionsLeft > 0 ? enabled.filter((thread) => thread !== current) : [])]
      : enabled
    // A parked thread can die too: terminate() ends a wait.
    const dying = deathsLeft > 0 ? threads.filter((thread) => thread.mortal === true && !thread.done) : []
    const options = runnable.length + dying.length
    let taken = 0
    if (options > 1) {
      if (depth === choices.length) choices.push({ taken: 0, options })
      const choice = choices[depth++]!
      if (choice.options !== options) throw new Error("the program is not deterministic")
      taken = choice.taken
    }
    if (taken >= runnable.length) {
      const victim = dying[taken - runnable.length]!
      trace.push(`${victim.name}†`)
      victim.done = true
      deathsLeft--
      for (const thread of program.onDeath?.(victim) ?? []) threads.push(start(thread))
      continue
    }
    const next = runnable[taken]!
    if (goesOn && next !== current) preemptionsLeft--
    if (next !== current) trace.push(`${next.name}@${steps}`)
    current = next
    try {
      const result = next.body.next()
      next.step = result.done === true ? undefined : result.value
      next.done = result.done === true
    } catch (error) {
      return fail(`${next.name}: ${violation(error)}`)
    }
  }
  return fail("does not end")
}

/** Goes through all schedules of a program until one fails. */
export const explore = (make: () => Program, preemptions: number): Outcome => {
  const choices: Array<Choice> = []
  for (let schedules = 1;; schedules++) {
    forgetWaits()
    const failure = runSchedule(make(), preemptions, choices)
    if (failure !== undefined) return { schedules, failure }
    while (choices.length > 0 && choices.at(-1)!.taken === choices.at(-1)!.options - 1) choices.pop()
    if (choices.length === 0) return { schedules, failure: undefined }
    choices.at(-1)!.taken++
  }
}
