/**
 * Waits for the first message of several receivers.
 *
 * It promises to take one message from one receiver and nothing from the others, also when it is interrupted, and to be
 * fair: among those that have messages each is as likely as any other. It never prefers a receiver because of its place,
 * unless asked to.
 *
 * Source: the selection of crossbeam-channel, which looks at its operations in random order.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import { inStep } from "../observe/kernel/Step.ts"
import { piece } from "../runtime/ThreadContext.ts"
import { CurrentThread } from "../thread/kernel/CurrentThread.ts"
import type { ReceiveError } from "./ChannelError.ts"
import { EMPTY, FAILED, type ReceiverBase, type ReceiveWaiter } from "./internal/receiverBase.ts"
import { waitFor } from "./internal/waitFor.ts"
import type { Receiver } from "./Receiver.ts"

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
  Effect.withFiber((fiber): Effect.Effect<unknown, ReceiveError> => {
    // Every receiver of this library is one of these; its message type is only in the answer's.
    const order = Object.keys(branches).map((name): Branch => {
      return { name, receiver: branches[name] as unknown as ReceiverBase<unknown> }
    })
    if (order.some(({ receiver }) => receiver.pauses(fiber))) {
      return Effect.andThen(Effect.yieldNow, select(branches, options))
    }
    const randomly = fiber.getRef(CurrentThread).get(randoms)
    const open: Array<Branch> = []
    let closedBy: ReceiveError | undefined
    for (let i = 0; i < order.length; i++) {
      if (options?.biased !== true) swap(order, i, i + randomly.next(order.length - i))
      const branch = order[i]!
      const { name, receiver } = branch
      const taken = receiver.othersFirst() ? EMPTY : receiver.takeOne()
      if (taken === EMPTY) open.push(branch)
      else if (taken !== FAILED) return inStep(Exit.succeed({ from: name, message: taken }), fiber)
      else if (receiver.reason._tag !== "ChannelClosed") return Exit.fail(receiver.reason)
      else closedBy = receiver.reason
    }
    if (open.length === 0) return closedBy === undefined ? Effect.never : Exit.fail(closedBy)
    return wait(open, fiber)
  }) as Effect.Effect<Selected<B>, ReceiveError>

interface Branch {
  readonly name: string
  readonly receiver: ReceiverBase<unknown>
}

const wait = (
  branches: ReadonlyArray<Branch>,
  fiber: Fiber.Fiber<unknown, unknown>
): Effect.Effect<unknown, ReceiveError> =>
  waitFor<unknown, ReceiveError>(fiber, (done) => {
    let open = branches.length
    let isDone = false
    const leave = (): void => {
      isDone = true
      waiters.forEach((waiter, index) => branches[index]!.receiver.leave(waiter))
    }
    const waiters = branches.map(({ name }): ReceiveWaiter<unknown> => ({
      previous: undefined,
      next: undefined,
      waits: false,
      max: 0,
      dispatcher: fiber.currentDispatcher,
      done: (exit) => {
        open--
        if (open > 0 && Exit.isFailure(exit) && endsWithClose(exit)) return
        // Out of every other line before anything else runs: nothing is taken there for this fiber.
        leave()
        done(Exit.isSuccess(exit) ? Exit.succeed({ from: name, message: exit.value }) : exit)
      }
    }))
    // Joining may already serve: then the others are not joined.
    waiters.every((waiter, index) => {
      branches[index]!.receiver.join(waiter)
      return !isDone
    })
    return leave
  })

const endsWithClose = (exit: Exit.Failure<unknown, ReceiveError>): boolean =>
  exit.cause.reasons.every((reason) => reason._tag === "Fail" && reason.error._tag === "ChannelClosed")

const swap = <A>(values: Array<A>, a: number, b: number): void => {
  const value = values[a]!
  values[a] = values[b]!
  values[b] = value
}

/** Xorshift, whose period no program can fall into step with. */
class Random {
  private state = 0x2545_f491

  /** A number below `below`. */
  next(below: number): number {
    this.state ^= this.state << 13
    this.state ^= this.state >>> 17
    this.state ^= this.state << 5
    return (this.state >>> 0) % below
  }
}

const randoms = piece(() => new Random())
