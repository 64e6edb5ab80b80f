/**
 * What has to be over before something else is said: the order between rings, in which messages lie, and ports, on which threads say
 * that an actor is to end, or has ended.
 *
 * What was told before an actor is told to stop was accepted, and what an actor has told before it has ended was too: both lie in rings
 * that may be read later than the port.
 */
import * as Effect from "effect/Effect"
import type { Node } from "../../link/kernel/Node.ts"

/** How long the end of an actor waits for what it has told to be read, at most. */
export const ORDER_LIMIT_MILLIS = 5_000

/** Turns of the event loop in which a condition is looked at before the clock is. */
const LOOKS = 16

/** Waits until all is read that other threads have told this one by now; answers how many milliseconds that has taken. */
export const readUp = (node: Node, limitMillis: number): Effect.Effect<number> =>
  Effect.suspend(() => until(node, node.mark(), limitMillis))

/** Waits until all that this thread has told others by now can be read there, once it is flushed: until nothing waits for room. */
export const writeOut = (node: Node, limitMillis: number): Effect.Effect<number> =>
  until(node, () => node.isFlushed, limitMillis)

const until = (node: Node, holds: () => boolean, limitMillis: number): Effect.Effect<number> =>
  Effect.clockWith((clock) => {
    const began = clock.monotonicTimeNanosUnsafe()
    const elapsed = () => Number(clock.monotonicTimeNanosUnsafe() - began) / 1e6
    let looks = 0
    const look: Effect.Effect<number> = Effect.suspend(() => {
      if (holds() || !(elapsed() < limitMillis)) return Effect.succeed(elapsed())
      // It is read now, and not when the bell of who wrote it is heard. What takes longer is waited for by the clock.
      node.expectReply()
      return Effect.andThen(++looks < LOOKS ? Effect.yieldNow : Effect.sleep(1), look)
    })
    return look
  })
