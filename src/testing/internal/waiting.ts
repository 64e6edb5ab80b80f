/**
 * Who waits in a run that has come to a stop.
 */
import type * as Fiber from "effect/Fiber"
import { Cell } from "../../actor/kernel/Cell.ts"
import { RunningCell } from "../../actor/kernel/RunningCell.ts"
import type { Stage } from "./stage.ts"

interface Frame {
  readonly name: string
  readonly stack: () => string | undefined
  readonly parent: Frame | undefined
}

const framesOf = (fiber: Fiber.Fiber<unknown, unknown>): ReadonlyArray<string> => {
  const lines: Array<string> = []
  const { stackFrame } = fiber.cache as { readonly stackFrame?: Frame | undefined }
  for (let frame = stackFrame; frame !== undefined && lines.length < 8; frame = frame.parent) {
    const [at = ""] = (frame.stack() ?? "").split("\n").slice(1, 2)
    lines.push(`      ${frame.name} ${at.trim()}`.trimEnd())
  }
  return lines
}

/** The actor whose handler it is, and the span that it is in. */
const nameOf = (fiber: Fiber.Fiber<unknown, unknown>): string | undefined => {
  const { span } = fiber.cache
  const cell = fiber.getRef(RunningCell)
  const actor = cell instanceof Cell ? `of ${cell.name}, for which ${cell.depth() - 1} more messages wait` : undefined
  return span?._tag === "Span" ? `${span.name}${actor === undefined ? "" : ` ${actor}`}` : actor
}

/** One paragraph for each fiber that has begun and not ended, the one that ran last first. */
export const waiting = (stage: Stage): ReadonlyArray<string> => {
  const numbers = new Map(Array.from(stage.fibers.keys(), (fiber, index) => [fiber, index + 1]))
  const left = Array.from(stage.fibers.values())
    .filter(({ fiber, strand }) => fiber.pollUnsafe() === undefined && !strand.isDead)
    .sort((a, b) => b.step - a.step)
  return left.flatMap(({ fiber, step, strand }) => [
    `  ${strand.name.padEnd(10)} fiber ${nameOf(fiber) ?? `#${numbers.get(fiber)!}`}, which ran last in step ${step}`,
    ...framesOf(fiber)
  ])
}
