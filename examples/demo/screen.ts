/**
 * Where the demo writes: lines, and below them a progress bar that is redrawn in place on a terminal. Without a terminal
 * (a log file, CI) the bar becomes two lines a second.
 */
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type { Progress } from "./report.ts"
import { progressLine } from "./report.ts"

const isTerminal = process.stdout.isTTY
const eraseLine = "\r\u001b[2K"

/** Writes a line; on a terminal it pushes the progress bar down, which is drawn again at the next tick. */
export const say = (line: string): Effect.Effect<void> =>
  Effect.sync(() => {
    process.stdout.write(`${isTerminal ? eraseLine : ""}${line}\n`)
  })

const draw = (progress: Progress): void => {
  process.stdout.write(isTerminal ? eraseLine + progressLine(progress) : `${progressLine(progress)}\n`)
}

/** Shows what `progress` answers until it is interrupted, and a last time then. */
export const showProgress = <R>(progress: Effect.Effect<Progress, never, R>): Effect.Effect<void, never, R> => {
  const show = Effect.map(progress, draw)
  return show.pipe(
    Effect.repeat(Schedule.spaced(isTerminal ? "100 millis" : "500 millis")),
    Effect.asVoid,
    Effect.onInterrupt(() => Effect.map(show, () => isTerminal ? void process.stdout.write("\n") : undefined))
  )
}
