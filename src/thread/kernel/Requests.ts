/**
 * Questions on their way to another thread, each answered or given up exactly once.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"

const never = (): boolean => false
const nothing = (): void => {}

interface Waiting<A> {
  readonly answer: Deferred.Deferred<A | undefined>
  readonly heard: (answer: A) => void
}

/** See the module. */
export class Requests<A> {
  declare private readonly waiting: Map<number, Waiting<A>>
  declare private numbers: number
  constructor() {
    this.waiting = new Map()
    this.numbers = 0
  }

  /**
   * Sends a question under a number of its own and waits for its answer; `undefined` when none will come.
   *
   * Whether there is somebody to ask, `isVain`, is asked in the step that sends it: who gives up after that finds it waiting. What the
   * answer changes is changed by `heard`, in the step in which it comes: the fiber that waits goes on later, and what comes after
   * the answer, the end of whoever has given it as well, may be known by then.
   */
  send(
    post: (request: number) => void,
    isVain: () => boolean = never,
    heard: (answer: A) => void = nothing
  ): Effect.Effect<A | undefined> {
    return Effect.uninterruptibleMask((restore) => {
      if (isVain()) return Effect.undefined
      const request = ++this.numbers
      const answer = Deferred.makeUnsafe<A | undefined>()
      this.waiting.set(request, { answer, heard })
      const forgets = Effect.sync(() => this.waiting.delete(request))
      try {
        post(request)
      } catch (error) {
        return Effect.andThen(forgets, Effect.die(error))
      }
      return Effect.ensuring(restore(Deferred.await(answer)), forgets)
    })
  }

  /** An answer has come; nobody may wait for it any more. */
  answer(request: number, answer: A): void {
    const waiting = this.waiting.get(request)
    if (waiting === undefined) return
    this.waiting.delete(request)
    waiting.heard(answer)
    Deferred.doneUnsafe(waiting.answer, Exit.succeed(answer))
  }

  /** No answer will come. */
  giveUp(): void {
    const all = Array.from(this.waiting.values())
    this.waiting.clear()
    for (const { answer } of all) Deferred.doneUnsafe(answer, Exit.succeed(undefined))
  }
}
