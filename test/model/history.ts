/**
 * Records what the threads of a program asked of a structure and what it answered, and tells whether the answers could
 * have come from operations that happened one after the other, each at some moment between its call and its answer
 * (linearizability).
 *
 * The order of calls and answers is the order of the explorer's steps. An operation without an answer, of a thread that
 * died or that still waits, may have happened or not.
 *
 * A sequential model is plain data and a pure function: all answers that a call may have in a state, each with the state
 * behind it. The search goes through the orders that respect the history, never twice through the same set of operations
 * in the same state.
 *
 * Source: Wing and Gong, "Testing and verifying concurrent objects" (1993), with the memoisation of Lowe, "Testing for
 * linearizability" (2016).
 */
import { type Body, mark } from "./gatedAtomics.ts"
import { Violation } from "./violation.ts"

/** One answer that a call may have, and what it leaves behind. */
export interface Outcome<State> {
  readonly answer: unknown
  readonly state: State
}

/** What the operations of a structure do when they happen one after the other. States and answers are JSON values. */
export interface Sequential<State> {
  readonly initial: State
  /** All that may come of a call. None: it must not be made in this state. */
  readonly step: (state: State, operation: string, args: ReadonlyArray<unknown>) => ReadonlyArray<Outcome<State>>
}

interface Call {
  readonly by: string
  readonly operation: string
  readonly args: ReadonlyArray<unknown>
  readonly calledAt: number
  answeredAt: number
  answer: unknown
}

const PENDING = Infinity

const keyOf = (value: unknown): string => JSON.stringify(value) ?? "undefined"

const line = (call: Call): string => {
  const args = call.args.map(keyOf).join(", ")
  const end = call.answeredAt === PENDING ? "no answer" : `${keyOf(call.answer)} at ${call.answeredAt}`
  return `${call.by} ${call.operation}(${args}) at ${call.calledAt} -> ${end}`
}

/**
 * Whether the calls can be put in an order. Goes on with any call that no unplaced call was answered before; `placed` has
 * a bit for each call.
 */
const isLinearizable = <State>(calls: ReadonlyArray<Call>, model: Sequential<State>): boolean => {
  const seen = new Set<string>()
  let answered = 0
  calls.forEach((call, i) => {
    if (call.answeredAt !== PENDING) answered |= 1 << i
  })
  const search = (placed: number, state: State): boolean => {
    // Calls without an answer may be left over.
    if ((placed & answered) === answered) return true
    const key = `${placed} ${keyOf(state)}`
    if (seen.has(key)) return false
    seen.add(key)
    let firstAnswer = PENDING
    calls.forEach((call, i) => {
      if ((placed & (1 << i)) === 0) firstAnswer = Math.min(firstAnswer, call.answeredAt)
    })
    return calls.some((call, i) => {
      if ((placed & (1 << i)) !== 0 || call.calledAt > firstAnswer) return false
      return model.step(state, call.operation, call.args).some((outcome) =>
        (call.answeredAt === PENDING || keyOf(outcome.answer) === keyOf(call.answer))
        && search(placed | (1 << i), outcome.state)
      )
    })
  }
  return search(0, model.initial)
}

/** More calls do not fit the bits of a number. */
const MAX_CALLS = 31

/** Histories found in order, by model: most schedules of a program repeat the history of another. */
const inOrder = new WeakMap<object, Set<string>>()

/** What the threads of one schedule have asked and been answered. */
export class History {
  private readonly calls: Array<Call> = []
  private time = 0

  /** Records a call and returns its number. Prefer {@link History.record}. */
  call(by: string, operation: string, args: ReadonlyArray<unknown>): number {
    return this.calls.push({ by, operation, args, calledAt: this.time++, answeredAt: PENDING, answer: undefined }) - 1
  }

  /** Records the answer of a call. */
  answer(call: number, answer: unknown): void {
    this.calls[call]!.answeredAt = this.time++
    this.calls[call]!.answer = answer
  }

  /**
   * Runs an operation as part of a thread and records it: the call together with its first step, the answer together with
   * its last.
   */
  *record<Answer>(by: string, operation: string, args: ReadonlyArray<unknown>, body: Body<Answer>): Body<Answer> {
    yield* mark()
    const call = this.call(by, operation, args)
    const answer = yield* body
    this.answer(call, answer)
    return answer
  }

  /** Throws a {@link Violation} that lists the history when no order of its calls gives its answers. */
  check<State>(model: Sequential<State>): void {
    if (this.calls.length > MAX_CALLS) throw new Error(`a history of more than ${MAX_CALLS} calls`)
    const text = this.calls.map(line).join("\n    ")
    let known = inOrder.get(model)
    if (known === undefined) {
      known = new Set()
      inOrder.set(model, known)
    }
    if (known.has(text)) return
    if (!isLinearizable(this.calls, model)) {
      throw new Violation(`no order of the calls gives these answers:\n    ${text}`)
    }
    known.add(text)
  }
}

const only = <State>(answer: unknown, state: State): Outcome<State> => ({ answer, state })

/** How the operations of a structure answer when nothing is there or nothing fits. */
export interface QueueAnswers {
  readonly capacity: number
  readonly taken: unknown
  readonly full: unknown
  readonly empty: unknown
  /** `offer` may also find it full while another operation is under way. */
  readonly mayLookFull?: boolean
  /** `poll` may also find it empty while another operation is under way. */
  readonly mayLookEmpty?: boolean
}

/** A bounded queue: `offer(value)` and `poll()`, first in, first out. */
export const queue = (answers: QueueAnswers): Sequential<ReadonlyArray<unknown>> => ({
  initial: [],
  step: (state, operation, [value]) => {
    switch (operation) {
      case "offer":
        return [
          ...(state.length < answers.capacity ? [only(answers.taken, [...state, value])] : []),
          ...(state.length >= answers.capacity || answers.mayLookFull === true ? [only(answers.full, state)] : [])
        ]
      case "poll":
        return [
          ...(state.length > 0 ? [only(state[0], state.slice(1))] : []),
          ...(state.length === 0 || answers.mayLookEmpty === true ? [only(answers.empty, state)] : [])
        ]
      default:
        throw new Error(`a queue has no operation ${operation}`)
    }
  }
})

/** How the operations of a deque answer. */
export interface DequeAnswers {
  readonly capacity: number
  readonly taken: unknown
  readonly full: unknown
  readonly empty: unknown
  /** What `steal` answers when somebody else was faster. */
  readonly retry: unknown
}

/** A deque: its owner's `push(value)` and `pop()` at one end, others' `steal()` at the other. */
export const deque = (answers: DequeAnswers): Sequential<ReadonlyArray<unknown>> => ({
  initial: [],
  step: (state, operation, [value]) => {
    switch (operation) {
      case "push":
        return state.length < answers.capacity
          ? [only(answers.taken, [...state, value])]
          : [only(answers.full, state)]
      case "pop":
        return state.length > 0 ? [only(state.at(-1), state.slice(0, -1))] : [only(answers.empty, state)]
      case "steal":
        return [
          state.length > 0 ? only(state[0], state.slice(1)) : only(answers.empty, state),
          only(answers.retry, state)
        ]
      default:
        throw new Error(`a deque has no operation ${operation}`)
    }
  }
})

/** A word: `read()`, `write(value)` answering nothing, and `swap(expected, value)` answering what was there. */
export const register = (initial: number): Sequential<number> => ({
  initial,
  step: (state, operation, args) => {
    switch (operation) {
      case "read":
        return [only(state, state)]
      case "write":
        return [only(undefined, args[0] as number)]
      case "swap":
        return [only(state, state === args[0] ? args[1] as number : state)]
      default:
        throw new Error(`a register has no operation ${operation}`)
    }
  }
})
