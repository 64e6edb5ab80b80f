/**
 * Questions on their way to another thread, each answered or given up exactly once.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"

/** See the module. */
export class Requests<A> {
  declare private readonly waiting: Map<number, Deferred.Deferred<A | undefined>>
  declare private numbers: number
  constructor() {
    this.waiting = new Map()
    this.numbers = 0
  }

  /** Sends a question under a number of its own and waits for its answer; `undefined` when none will come. */
  send(post: (request: number) => void): Effect.Effect<A | undefined> {
    return Effect.suspend(() => {
      const request = ++this.numbers
      const answer = Deferred.makeUnsafe<A | undefined>()
      this.waiting.set(request, answer)
      const asked = Effect.andThen(Effect.sync(() => post(request)), Deferred.await(answer))
      return Effect.ensuring(asked, Effect.sync(() => this.waiting.delete(request)))
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
