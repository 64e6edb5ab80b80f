/**
 * Waits for the first message of several receivers.
 *
 * It promises to take one message from one receiver and nothing from the others, also when it is interrupted, and to be
 * fair: where several have messages, each is looked at first equally often. It never prefers a receiver because of its
 * place, unless asked to.
 *
 * Source: the selection of crossbeam-channel, which looks at its operations in random order.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type { ReceiveError } from "./ChannelError.ts"
import { EMPTY, FAILED, type Receiver, ReceiverBase, type ReceiveWaiter } from "./Receiver.ts"

/** The receivers to choose from, by name. */
export interface Branches {
  readonly [name: string]: Receiver<unknown>
}

/** A message and the name of the receiver that it came from. */
export type Selected<B extends Branches> = {
  readonly [K in keyof B & string]: {
    readonly from: K
    readonly message: B[K] extends Receiver<infer A> ? A : never
  }
}[keyof B & string]

/**
 * Receives the first message that one of the receivers has, waiting for it.
 *
 * **Details** A branch that is closed and drained is left out, as long as another one is not. `biased: true` looks at the
 * branches in their order: a busy first branch then starves the others.
 *
 * **Errors** `ChannelClosed` when every branch is closed; `MessagesMissed`, `MalformedMessage` and `EndMoved` of the branch
 * that met them.
 *
 * **Example** (Working until told to stop)
 * ```ts run
 * import * as Effect from "effect/Effect"
 * import * as Schema from "effect/Schema"
 * import { Channel } from "shared-nothing"
 *
 * const program = Effect.gen(function*() {
 *   const jobs = yield* Channel.make(Schema.String)
 *   const stop = yield* Channel.make(Schema.Null)
 *   yield* jobs.sender.send("sweep")
 *   return yield* Channel.select({ jobs: jobs.receiver, stop: stop.receiver })
 * })
 *
 * await Effect.runPromise(Effect.scoped(program)) // => { from: "jobs", message: "sweep" }
 * ```
 */
export const select = <const B extends Branches>(
  branches: B,
  options?: { readonly biased?: boolean | undefined }
): Effect.Effect<Selected<B>, ReceiveError> =>
  Effect.suspend(() => {
    const names = Object.keys(branches)
    const receivers = names.map((name) => branches[name] as unknown as ReceiverBase<unknown>)
    const start = options?.biased === true ? 0 : random(names.length)
    let closedBy: ReceiveError | undefined
    const open: Array<number> = []
    for (let i = 0; i < names.length; i++) {
      const index = (start + i) % names.length
      const receiver = receivers[index]!
      const taken = receiver.waiting > 0 ? EMPTY : receiver.takeOne()
      if (taken === EMPTY) open.push(index)
      else if (taken !== FAILED) return Exit.succeed({ from: names[index]!, message: taken } as Selected<B>)
      else if (receiver.reason._tag !== "ChannelClosed") return Exit.fail(receiver.reason)
      else closedBy = receiver.reason
    }
    if (open.length === 0) return closedBy === undefined ? Effect.never : Exit.fail(closedBy)
    return wait(open.map((index) => ({ name: names[index]!, receiver: receivers[index]! })))
  }) as Effect.Effect<Selected<B>, ReceiveError>

interface Branch {
  readonly name: string
  readonly receiver: ReceiverBase<unknown>
}

const wait = (branches: ReadonlyArray<Branch>): Effect.Effect<unknown, ReceiveError> =>
  Effect.callback<unknown, ReceiveError>((resume) => {
    const dispatcher = Fiber.getCurrent()!.currentDispatcher
    let open = branches.length
    const waiters = branches.map(({ name }, index): ReceiveWaiter<unknown> => ({
      previous: undefined,
      next: undefined,
      waits: false,
      max: 0,
      dispatcher,
      done: (exit) => {
        if (Exit.isFailure(exit) && --open > 0 && endsWithClose(exit)) return
        // Out of every other line before anything else runs: nothing is taken there for this fiber.
        waiters.forEach((waiter, other) => {
          if (other !== index) branches[other]!.receiver.leave(waiter)
        })
        resume(Exit.isSuccess(exit) ? Exit.succeed({ from: name, message: exit.value }) : exit)
      }
    }))
    waiters.forEach((waiter, index) => branches[index]!.receiver.join(waiter))
    return Effect.sync(() => waiters.forEach((waiter, index) => branches[index]!.receiver.leave(waiter)))
  })

const endsWithClose = (exit: Exit.Failure<unknown, ReceiveError>): boolean =>
  exit.cause.reasons.every((reason) => reason._tag === "Fail" && reason.error._tag === "ChannelClosed")

let state = 0x2545_f491

/** A number below `below`; xorshift, whose period no program can fall into step with. */
const random = (below: number): number => {
  state ^= state << 13
  state ^= state >>> 17
  state ^= state << 5
  return (state >>> 0) % below
}

/** Whether a value is a receiver of this library. */
export const isReceiver = (value: unknown): value is Receiver<unknown> => value instanceof ReceiverBase
