/**
 * Questions on their way to another thread, each answered or given up exactly once.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"

const never = (): boolean => false

/** See the module. */
export class Requests<A> {
  declare private readonly waiting: Map<number, Deferred.Deferred<A | undefined>>
  declare private numbers: number
  constructor() {
    this.waiting = new Map()
    this.numbers = 0
  }

  /**
   * Sends a question under a number of its own and waits for its answer; `undefined` when none will come.
   *
   * Whether there is somebody to ask, `isVain`, is asked in the step that sends it: who gives up after that finds it waiting.
   */
  send(post: (request: number) => void, isVain: () => boolean = never): Effect.Effect<A | undefined> {
    return Effect.uninterruptibleMask((restore) => {
      if (isVain()) return Effect.undefined
      const request = ++this.numbers
      const answer = Deferred.makeUnsafe<A | undefined>()
      this.waiting.set(request, answer)
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
    if (waiting !== undefined) Deferred.doneUnsafe(waiting, Exit.succeed(answer))
  }

  /** No answer will come. */
  giveUp(): void {
    for (const waiting of Array.from(this.waiting.values())) Deferred.doneUnsafe(waiting, Exit.succeed(undefined))
  }
}
