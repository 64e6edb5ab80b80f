/**
 * Runs a program of simulated threads under every schedule with at most so many preemptions, and with "this thread dies
 * here" as a move.
 *
 * JavaScript atomics are sequentially consistent, and a program without data races behaves as an interleaving of its
 * atomic operations, so going through the interleavings goes through everything the real threads can do. That plain
 * accesses do not race is checked in every schedule. A schedule is replayed from its list of choices; the next one
 * changes the last choice that has an alternative left (depth first, no randomness, no clock).
 *
 * A step is one atomic operation and the plain code behind it, up to the next operation. Choices:
 * - which thread makes the next step; taking the turn from one that could go on is a preemption, and left out when nobody could tell it from
 *   one behind the step (a persistent set of one, found by going on first: {@link isIdle});
 * - a mortal thread dies: before each of its operations, between two of its plain writes, after one that others can see and
 *   before the code behind it, and after it was woken. Dying later without a step in between is the same, with the threads that hear of it running later;
 * - a wait with a timeout times out, where the program asks for it.
 *
 * A thread that spins goes on when another thread has changed something: a turn that only reads would read the same again,
 * and one in which something changed under way might as well have begun behind the change. When all that can go on spin,
 * they get turns in order, which is no choice; after {@link MAX_SPINS} turns of each that changed nothing for the others they
 * wait for ever.
 */
import { activate, bury, make as makeMemory, type Memory, perform, timeOut } from "./memory.ts"
import * as races from "./races.ts"
import { type Body, Request, type Ticket } from "./request.ts"
import { describe } from "./trace.ts"
import { Violation } from "./violation.ts"

export { Violation } from "./violation.ts"

/** A simulated thread. */
export interface Thread {
  readonly name: string
  readonly body: Body<unknown>
  /** It may die at any step. */
  readonly mortal?: boolean
  /** Whether it dies at its operations only, and not between two plain writes too. */
  readonly diesWhole?: boolean
}

/** Words that race by design: what is read there orders nothing, and any value that it ever held will do. */
export interface Racing {
  readonly why: string
  readonly words: (word: number, buffer: ArrayBufferLike) => boolean
}

/** A program at its start, made anew for every schedule. */
export interface Program {
  readonly threads: ReadonlyArray<Thread>
  /** How many mortal threads may die in one schedule; 1 when not given. */
  readonly deaths?: number
  /**
   * Who hears of the death of a mortal thread: the threads that recover. They start at any later step; what they look at
   * belongs into their bodies.
   */
  readonly onDeath?: (dead: Thread) => ReadonlyArray<Thread>
  /** How many waits that have a timeout may end by it in one schedule; 0 when not given. */
  readonly timeouts?: number
  /**
   * The words of which plain accesses may race without harm, and why. Only theirs are not reported, and the code between two
   * operations becomes a step of its own, which `turn` cuts into smaller ones.
   */
  readonly racing?: Racing
  /** Throws when the end of a schedule is not what it must be. */
  readonly check: () => void
}

/** What an exploration found. */
export interface Outcome {
  readonly schedules: number
  /** Steps of the longest schedule. */
  readonly depth: number
  /** Whether any thread has waited. */
  readonly waited: boolean
  /** What went wrong, and the schedule it went wrong in. */
  readonly failure: string | undefined
}

const MAX_STEPS = 5000

/** Stands for all that the threads of a program note and look at outside of the memory: a word that each piece of its own code writes. */
const PROGRAM = -1

/** Turns a spinning thread gets in vain. */
const MAX_SPINS = 10

interface Choice {
  taken: number
  readonly options: number
  /** Where the first option is the next step of the thread that made the last one: what that step does. */
  step: Footprint | undefined
}

/** What one step does to words that others may look at, and whether any of that can be told from its happening later. */
interface Footprint {
  readonly by: number
  /** Twice the word, and one more for a write. */
  readonly touches: Array<number>
  isComplete: boolean
  /** Another thread has touched one of the words in a schedule that goes on with the step. */
  hasConflict: boolean
}

interface Running {
  readonly thread: Thread
  readonly number: number
  /** What it does when it is scheduled next; undefined at its start. */
  request: Request | undefined
  /** It has performed its operation and goes on with this answer. */
  answer: unknown
  answered: boolean
  done: boolean
  /** The step it last spun in; -1 when it does not. */
  spunAt: number
  /** Turns it got in vain since another thread last changed something. */
  spins: number
  /** It got its turn because everybody spins, and has changed nothing in it. */
  vain: boolean
  /** It has changed something that outlives it since its death could last be chosen. */
  touched: boolean
}

/** One schedule as it runs. */
interface Run {
  readonly program: Program
  readonly memory: Memory
  readonly threads: Array<Running>
  readonly choices: Array<Choice>
  readonly trace: Array<string> | undefined
  readonly fine: boolean
  depth: number
  steps: number
  /** The last step that changed what other threads see, or what they are. */
  progressAt: number
  changes: number
  preemptionsLeft: number
  deathsLeft: number
  timeoutsLeft: number
  current: Running | undefined
  /** A thread that has performed an operation others can see and may die before it goes on. */
  between: Running | undefined
  /** Of the step that is made now, unless it is known. */
  footprint: Footprint | undefined
}

class Stuck extends Error {}

const fail = (reason: string): never => {
  throw new Stuck(reason)
}

const start = (thread: Thread, number: number): Running => ({
  thread,
  number,
  request: undefined,
  answer: undefined,
  answered: false,
  done: false,
  spunAt: -1,
  spins: 0,
  vain: false,
  touched: thread.mortal === true
})

const choose = (run: Run, options: number): number => {
  if (options === 1) return 0
  if (run.depth === run.choices.length) run.choices.push({ taken: 0, options, step: undefined })
  const choice = run.choices[run.depth++]!
  if (choice.options !== options) throw new Error("the program is not deterministic: a schedule came out differently")
  return choice.taken
}

const isAlive = (running: Running): boolean => !running.done

const isBlocked = (running: Running): boolean =>
  !running.answered && running.request?.kind === "settle" && running.request.ticket!.result === undefined

const isEnabled = (run: Run, running: Running): boolean =>
  !running.done && !isBlocked(running) && (running.spunAt < 0 || run.progressAt > running.spunAt)

/** A typed error of a structure is a promise broken by a schedule; anything else is a mistake in the program. */
const reasonOf = (error: unknown): string | undefined => {
  if (error instanceof Violation) return error.message
  if (error instanceof Error && "_tag" in error) return `${String(error._tag)}: ${error.message}`
  return undefined
}

const note = (run: Run, running: Running, text: string): void => {
  run.trace?.push(`${running.thread.name.padEnd(12)} ${text}`)
}

/** A thread touches a word: it is part of its step, and a conflict with the steps of others that it comes behind. */
const touch = (run: Run, word: number, writes: boolean, by: number): void => {
  run.footprint?.touches.push(word * 2 + (writes ? 1 : 0))
  for (let depth = 0; depth < run.depth; depth++) {
    const { step, taken } = run.choices[depth]!
    if (step === undefined || taken > 0 || step.hasConflict || step.by === by) continue
    for (const touched of step.touches) {
      if (touched >> 1 === word && (writes || (touched & 1) === 1)) step.hasConflict = true
    }
  }
}

/** Runs the plain code of a thread up to its next request. */
const resume = (run: Run, running: Running, answer: unknown): void => {
  running.answered = false
  try {
    const result = running.thread.body.next(answer)
    if (result.done !== true && result.value.kind === "cut") {
      // The writes before it are done, and those behind it only if it lives.
      running.answered = true
      running.answer = undefined
      run.between = running
      return
    }
    if (races.ranProgram()) touch(run, PROGRAM, true, running.number)
    if (races.wrote() || run.memory.changes !== run.changes) running.touched = true
    running.done = result.done === true
    running.request = result.done === true ? undefined : result.value
    if (running.done) note(run, running, "ends")
  } catch (error) {
    const reason = reasonOf(error)
    if (reason === undefined) throw error
    fail(`${running.thread.name}: ${reason}`)
  }
}

/** Others may see something else than before: those that spin are not in vain. */
const heed = (run: Run, by: Running): boolean => {
  if (run.memory.changes === run.changes) return false
  run.changes = run.memory.changes
  run.progressAt = run.steps
  by.vain = false
  for (const other of run.threads) {
    if (other !== by) other.spins = 0
    if (other.thread.mortal === true && other.request?.ticket?.result !== undefined) other.touched = true
  }
  return true
}

/** Performs what a thread asks for and, unless something may happen in between, runs the code behind it. */
const step = (run: Run, running: Running): void => {
  races.run(
    running.number,
    running.thread.mortal === true && running.thread.diesWhole !== true && run.deathsLeft > 0
  )
  running.spunAt = -1
  if (running.answered) return resume(run, running, running.answer)
  if (running.request === undefined) {
    note(run, running, "starts")
    return resume(run, running, undefined)
  }
  while (running.request.kind === "mark") {
    resume(run, running, undefined)
    if (running.done) return
  }
  if (isBlocked(running)) return
  const request: Request = running.request
  const before = run.trace === undefined ? undefined : describe.before(request)
  let answer: unknown
  try {
    answer = perform(run.memory, request, running.number)
  } catch (error) {
    if (!(error instanceof Violation)) throw error
    fail(error.message)
  }
  if (before !== undefined) note(run, running, describe.after(request, before, answer))
  if (request.kind === "spin") running.spunAt = run.steps
  if (request.kind === "wait" && typeof answer === "object") {
    running.touched = true
    running.request = new Request("settle", request.site, undefined, 0, undefined, undefined, answer as Ticket)
    return
  }
  const changed = heed(run, running)
  running.answer = answer
  if (changed) running.touched = true
  if (run.fine) {
    running.answered = true
  } else if (changed && running.thread.mortal === true && run.deathsLeft > 0) {
    running.answered = true
    run.between = running
  } else {
    resume(run, running, answer)
  }
}

const kill = (run: Run, victim: Running): void => {
  note(run, victim, "DIES")
  races.run(-1)
  victim.done = true
  run.progressAt = run.steps
  run.deathsLeft--
  for (const ticket of run.memory.waiters) if (ticket.owner === victim.number) touchWait(run, ticket)
  bury(run.memory, victim.number)
  for (const thread of run.program.onDeath?.(victim.thread) ?? []) {
    races.join(run.threads.length, victim.number)
    run.threads.push(start(thread, run.threads.length))
  }
}

const canDie = (run: Run, running: Running): boolean =>
  run.deathsLeft > 0 && running.touched && running.thread.mortal === true && !running.done

/** Waits that may time out. */
const timedWaits = (run: Run): ReadonlyArray<Ticket> =>
  run.program.timeouts === undefined ? noWaits : run.memory.waiters.filter((ticket) => ticket.timed)

/** Nobody can go on by itself: the spinner that has had the fewest turns does, or the waits end by their timeouts. */
const unstick = (run: Run): Running | undefined => {
  const spinners = run.threads.filter((running) => !running.done && running.spunAt >= 0)
  const next = spinners.reduce<Running | undefined>(
    (least, running) => least === undefined || running.spins < least.spins ? running : least,
    undefined
  )
  if (next !== undefined && next.spins < MAX_SPINS) {
    next.spins++
    next.vain = true
    return next
  }
  const waits = timedWaits(run)
  if (waits.length > 0) {
    endWait(run, waits[choose(run, waits.length)]!)
    return undefined
  }
  const stuck = run.threads.filter((running) => !running.done)
  const names = stuck.map((running) => running.spunAt < 0 ? running.thread.name : `${running.thread.name} (spinning)`)
  return fail(`waits for ever: ${names.join(", ")}`)
}

const endWait = (run: Run, ticket: Ticket): void => {
  touchWait(run, ticket)
  timeOut(run.memory, ticket)
  run.progressAt = run.steps
  const owner = run.threads[ticket.owner]!
  owner.touched = owner.thread.mortal === true
  note(run, owner, "its wait times out")
}

const nobody: ReadonlyArray<Running> = []
const noWaits: ReadonlyArray<Ticket> = []

/** The thread goes on where it could have lost its turn: what it does now says whether that would have made a difference. */
const trackStep = (run: Run, running: Running): void => {
  // A turn that spins is over with it.
  if (!running.answered && running.request?.kind === "spin") return
  const choice = run.choices[run.depth - 1]!
  choice.step ??= { by: running.number, touches: [], isComplete: false, hasConflict: false }
  if (!choice.step.isComplete) run.footprint = choice.step
}

const touchWait = (run: Run, { cells, index, owner }: Ticket): void =>
  touch(run, (cells.byteOffset + index * cells.BYTES_PER_ELEMENT) >> 2, true, owner)

/**
 * Whether taking the turn from the thread in front of its step is the same as taking it behind: nobody who would have come in between has
 * anything to do with what it does.
 */
const isIdle = ({ step, taken }: Choice): boolean => taken === 0 && step !== undefined && !step.hasConflict

/** Chooses what happens next, and makes it happen. */
const advance = (run: Run): void => {
  const { threads } = run
  if (run.between !== undefined) {
    const running = run.between
    run.between = undefined
    if (choose(run, 2) === 1) kill(run, running)
    else step(run, running)
    return
  }
  if (run.footprint !== undefined) run.footprint.isComplete = true
  run.footprint = undefined
  const current = run.current
  const goesOn = current !== undefined && isEnabled(run, current)
  const dying = run.deathsLeft > 0 ? threads.filter((running) => canDie(run, running)) : nobody
  const waits = run.timeoutsLeft > 0 ? timedWaits(run) : noWaits
  if (goesOn && run.preemptionsLeft === 0 && dying.length === 0 && waits.length === 0) {
    current.vain &&= current.spunAt < 0
    return step(run, current)
  }
  const runnable: Array<Running> = goesOn ? [current] : []
  if (!goesOn || run.preemptionsLeft > 0) {
    for (const running of threads) if (running !== current && isEnabled(run, running)) runnable.push(running)
  }
  if (runnable.length === 0 && waits.length === 0) {
    const next = unstick(run)
    if (next === undefined) return
    runnable.push(next)
  } else {
    for (const running of runnable) if (running.spunAt >= 0) running.vain = false
  }
  const steps = runnable.length === 0 ? 0 : 1
  const taken = choose(run, steps + dying.length + waits.length) - steps
  for (const running of dying) running.touched = false
  if (taken >= dying.length) {
    run.timeoutsLeft--
    return endWait(run, waits[taken - dying.length]!)
  }
  if (taken >= 0) return kill(run, dying[taken]!)
  const next = runnable[choose(run, runnable.length)]!
  if (goesOn && next !== current) run.preemptionsLeft--
  else if (goesOn && runnable.length > 1) trackStep(run, current)
  run.current = next
  step(run, next)
}

const runSchedule = (program: Program, preemptions: number, choices: Array<Choice>, trace?: Array<string>): Run => ({
  program,
  memory: makeMemory(),
  threads: program.threads.map(start),
  choices,
  trace,
  fine: program.racing !== undefined,
  depth: 0,
  steps: 0,
  progressAt: 0,
  changes: 0,
  preemptionsLeft: preemptions,
  deathsLeft: program.deaths ?? 1,
  timeoutsLeft: program.timeouts ?? 0,
  current: undefined,
  between: undefined,
  footprint: undefined
})

/** Runs one schedule to its end. The reason when it fails. */
const finish = (run: Run): string | undefined => {
  activate(run.memory)
  races.begin(
    run.program.threads.map((thread) => thread.name),
    run.program.racing?.words,
    (word, writes, thread) => touch(run, word, writes, thread),
    (options) => choose(run, options)
  )
  try {
    while (run.between !== undefined || run.threads.some(isAlive)) {
      if (run.steps++ > MAX_STEPS) fail("does not end")
      advance(run)
    }
    races.run(-1)
    run.program.check()
    return undefined
  } catch (error) {
    const reason = error instanceof Stuck ? error.message : reasonOf(error)
    if (reason !== undefined) return reason
    throw error
  } finally {
    races.run(-1)
  }
}

/** Runs the schedule that failed once more, and tells why and what happened. */
const tell = (make: () => Program, preemptions: number, choices: Array<Choice>): string => {
  const trace: Array<string> = []
  describe.begin()
  activate(makeMemory())
  const reason = finish(runSchedule(make(), preemptions, choices, trace))
  if (reason === undefined) throw new Error("the program is not deterministic: a schedule failed once and not again")
  return reason + trace.map((line) => `\n    ${line}`).join("")
}

/** Goes through all schedules of a program until one fails. */
export const explore = (make: () => Program, preemptions: number): Outcome => {
  const choices: Array<Choice> = []
  let depth = 0
  let waited = false
  for (let schedules = 1;; schedules++) {
    // What the program does before its threads start is no part of any schedule.
    activate(makeMemory())
    const run = runSchedule(make(), preemptions, choices)
    let reason: string | undefined
    try {
      reason = finish(run)
    } catch (error) {
      throw new Error(`a mistake in the program, or an error nobody expects: ${String(error)}`, { cause: error })
    }
    depth = Math.max(depth, run.steps)
    waited ||= run.memory.waited
    if (reason !== undefined) {
      return { schedules, depth, waited, failure: tell(make, preemptions, choices) }
    }
    let last = choices.at(-1)
    while (last !== undefined && (last.taken === last.options - 1 || isIdle(last))) {
      choices.pop()
      last = choices.at(-1)
    }
    if (last === undefined) return { schedules, depth, waited, failure: undefined }
    last.taken++
  }
}
