/**
 * What several callers did at the same time, and whether it could have been done one after the other: linearizability.
 *
 * Each call is recorded with its begin and its end. A history is linearizable when there is an order of its calls in which each
 * takes place between its begin and its end, and answers what a model without concurrency answers. A call whose answer nobody has heard
 * (it failed, or was interrupted) may have taken place, or not.
 *
 * Source: Wing and Gong, "Testing and verifying concurrent objects", 1993, with Lowe's memory of states that were seen.
 *
 * **Example**
 *
 * ```ts run
 * import { History } from "shared-nothing/testing"
 * import * as Effect from "effect/Effect"
 *
 * const history = History.make<"increment", number, number>({ initial: 0, step: (n) => [n + 1, n + 1] })
 *
 * let counter = 0
 * const increment = history.call("increment", Effect.sync(() => ++counter))
 * const program = Effect.all([increment, increment], { concurrency: "unbounded" })
 *
 * await Effect.runPromise(Effect.andThen(program, history.check))
 * console.log(history.calls.map(({ output }) => output)) // => [ 1, 2 ]
 * ```
 */
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import { textOf } from "../runtime/Text.ts"

/** What is recorded, done one call at a time. */
export interface Model<Input, Output, State> {
  readonly initial: State
  /** The state after a call, and what it answers. States are compared as text: make them of plain data. */
  readonly step: (state: State, input: Input) => readonly [state: State, output: Output]
}

/** A call of a history. */
export interface Call<Input, Output> {
  readonly input: Input
  readonly begin: number
  /** `Infinity` when nobody has heard how it ended. */
  end: number
  output: Output | undefined
}

/** No order of the calls answers as they were answered. */
export class NotLinearizable extends Schema.TaggedError<NotLinearizable>("shared-nothing/NotLinearizable")(
  "NotLinearizable",
  {
    /** The calls in the order of their begins, one line each. */
    calls: Schema.Array(Schema.String),
    /** Most calls that could be put in order. */
    ordered: Schema.Number
  }
) {
  override get message(): string {
    return [
      `these calls could not have been made one after the other: at most ${this.ordered} of ${this.calls.length} can be put in order`,
      ...this.calls.map((line) => `  ${line}`)
    ].join("\n")
  }
}

/** See the module. */
export interface History<Input, Output> {
  readonly calls: ReadonlyArray<Call<Input, Output>>
  /** Makes a call and records it. */
  readonly call: <E, R>(input: Input, effect: Effect.Effect<Output, E, R>) => Effect.Effect<Output, E, R>
  /** Fails with {@link NotLinearizable} when the calls so far are not. */
  readonly check: Effect.Effect<void, NotLinearizable>
}

/** Whether the calls can be put in order; answers with the most that could be. */
const ordered = <Input, Output, State>(
  model: Model<Input, Output, State>,
  calls: ReadonlyArray<Call<Input, Output>>
): number => {
  const seen = new Set<string>()
  const done = calls.map(() => false)
  let most = 0
  // Answers whether all calls whose end is known can be put in order from here on.
  const search = (state: State, count: number): boolean => {
    most = Math.max(most, count)
    const firstEnd = Math.min(...calls.map(({ end }, i) => done[i]! ? Infinity : end))
    if (firstEnd === Infinity) return true
    const key = `${done.map((is) => is ? 1 : 0).join("")} ${textOf(state)}`
    if (seen.has(key)) return false
    seen.add(key)
    for (const [i, call] of calls.entries()) {
      // What has begun before the first of the others ended may be next.
      if (done[i]! || call.begin > firstEnd) continue
      const [next, output] = model.step(state, call.input)
      if (call.end !== Infinity && !Equal.equals(output, call.output)) continue
      done[i] = true
      if (search(next, count + 1)) return true
      done[i] = false
    }
    return false
  }
  return search(model.initial, 0) ? calls.length : most
}

const line = <Input, Output>({ begin, end, input, output }: Call<Input, Output>): string =>
  `${String(begin).padStart(4)} … ${(end === Infinity ? "?" : String(end)).padEnd(4)} ${textOf(input)} → ${
    end === Infinity ? "nobody heard" : textOf(output)
  }`

/** Begins a history; make one for each run. */
export const make = <Input, Output, State>(model: Model<Input, Output, State>): History<Input, Output> => {
  const calls: Array<Call<Input, Output>> = []
  // Begins and ends are numbered as they happen: their order is all that counts.
  let moment = 0
  return {
    calls,
    call: (input, effect) =>
      Effect.suspend(() => {
        const call: Call<Input, Output> = { input, begin: ++moment, end: Infinity, output: undefined }
        calls.push(call)
        return Effect.onExit(effect, (exit) =>
          Effect.sync(() => {
            if (!Exit.isSuccess(exit)) return
            call.end = ++moment
            call.output = exit.value
          }))
      }),
    check: Effect.suspend(() => {
      const most = ordered(model, calls)
      return most === calls.length
        ? Effect.void
        : Effect.fail(new NotLinearizable({ calls: calls.map(line), ordered: most }))
    })
  }
}
