/**
 * Handlers that do not answer at once run one after the other in one fiber: starting a fiber costs more than most handlers
 * do. A handler that fails or is interrupted ends the fiber, and so does one that leaves fibers of its own behind, which end
 * with it; the next batch has another one.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import { CurrentActor } from "../kernel/Behaviour.ts"
import { Handover } from "../kernel/Forwarded.ts"
import { conclude, type Handing } from "../kernel/HandingOn.ts"
import { RunningCell } from "../kernel/RunningCell.ts"
import { STASHED } from "../kernel/Stashed.ts"
import type { Rare } from "./rare.ts"
import { putOff, type Stashing } from "./stashing.ts"

/** A cell, as far as its batches are concerned. */
export interface Batched extends Stashing {
  /** Whether there is another handler to run. */
  advance(rare: Rare): boolean
  /** A handler has come to its end. */
  ended(): void
}

/** One effect for any number of handlers: runs the next one, concludes its message, and goes on while there is another. */
export const batch = <C extends Batched & Handing<C>>(cell: C, rare: Rare): Effect.Effect<void, unknown, unknown> =>
  Effect.whileLoop({
    while: () => rare.effect !== undefined || cell.advance(rare),
    body: () => {
      const { effect } = rare
      rare.effect = undefined
      return effect!
    },
    step: (value) => {
      const { ask, payload } = rare
      if (value === STASHED) {
        // Its handler then fails with that, like any other.
        rare.effect = putOff(cell, rare.word, rare.payload)
        if (rare.effect !== undefined) return
      } else cell.ended()
      rare.ask = undefined
      rare.payload = undefined
      if (value === STASHED) return
      if (value instanceof Handover) conclude(cell, ask, Exit.succeed(value), payload)
      else if (ask !== undefined) ask.settle(Exit.succeed(value))
    }
  })

/** Whether a fiber is the handler or the build of a cell, or was forked below it, however loosely. */
export const isWithin = (fiber: Fiber.Fiber<unknown, unknown>, cell: unknown): boolean =>
  cell !== undefined && (fiber.getRef(RunningCell) === cell ||
    Option.getOrUndefined(Context.getOption(fiber.context, CurrentActor))?.recipient === cell)

interface Parent {
  readonly _children?: ReadonlySet<unknown> | undefined
}

/** Whether the handlers whose fiber is running have left fibers of their own behind. */
export const hasChildren = (rare: Rare): boolean => {
  // Looked up once a batch: it lies in the global object.
  rare.batchFiber ??= Fiber.getCurrent()
  const children = (rare.batchFiber as Parent | undefined)?._children
  return children !== undefined && children.size > 0
}
