/**
 * How an actor here obeys a command: beside its messages, and with an answer in every phase of its life.
 */
import * as Defect from "../../wire/kernel/Defect.ts"
import * as ExitReason from "../ExitReason.ts"
import { HIGH, LOW } from "../kernel/Ageing.ts"
import type { Cell } from "../kernel/Cell.ts"
import {
  type Answer,
  type Answered,
  type Command,
  COUNT,
  done,
  INSPECT,
  KILL,
  LINK,
  PAUSE,
  PING,
  type Pong,
  RESUME,
  STOP,
  UNLINK,
  WAITS
} from "../kernel/Command.ts"
import { countedOf } from "../kernel/Counted.ts"
import { HELD, READY, RESTARTING, RUNNING, STARTING, STOPPING, SUSPENDED } from "../kernel/Phase.ts"
import { stop } from "./ending.ts"
import { goOn, hold } from "./hold.ts"
import type { LifecycleHost } from "./roster.ts"
import { tiesOf } from "./watches.ts"

const nothing = () => {}

/** Does what a command says and answers it, possibly before this returns. What it returns forgets who waits for the answer. */
export const obey = (host: LifecycleHost, cell: Cell, command: Command, answered: Answered): () => void => {
  if (cell.hasStopped) {
    answered({ _tag: "Ended", reason: cell.reason })
    return nothing
  }
  switch (command.kind) {
    case STOP: {
      const forget = atItsEnd(cell, answered)
      cell.host.stop(cell, ExitReason.asked, command.withinMillis ?? cell.shutdownMillis)
      return forget
    }
    case KILL: {
      const forget = atItsEnd(cell, answered)
      stop(host, cell, ExitReason.killed)
      return forget
    }
    case PAUSE:
      return pause(cell, answered)
    case RESUME:
      cell.more().isPaused = false
      goOn(cell)
      answered(done)
      return nothing
    case PING:
      answered({ _tag: "Pong", pong: pongOf(cell) })
      return nothing
    case INSPECT:
      answered(stateOf(cell))
      return nothing
    case COUNT:
      answered({ _tag: "Counted", counted: countedOf(cell, cell.host.deadlines.now()) })
      return nothing
    case LINK:
      tiesOf(cell).tie(command.by!)
      answered(done)
      return nothing
    case UNLINK:
      cell.rare?.ties?.untie(command.by!.name)
      answered(done)
      return nothing
    case WAITS:
      answered({ _tag: "Waits", waits: cell.rare?.waits?.awaited ?? [] })
      return nothing
  }
}

const atItsEnd = (cell: Cell, answered: Answered): () => void => {
  const listener = (reason: ExitReason.ExitReason) => answered({ _tag: "Ended", reason })
  cell.whenStopped(listener)
  return () => cell.unwatch(listener)
}

const pause = (cell: Cell, answered: Answered): () => void => {
  const rare = cell.more()
  const ended = atItsEnd(cell, answered)
  // What was accepted by an actor that ends is handled: it has no rest.
  if (rare.isDraining || cell.phase >= STOPPING) return ended
  rare.isPaused = true
  const rested = hold(cell, () => {
    ended()
    answered(done)
  })
  return () => {
    ended()
    rested()
  }
}

// The same wherever the actor lives: a copy that nobody shares.
const stateOf = (cell: Cell): Answer => {
  try {
    return { _tag: "State", state: Defect.portable(cell.rare?.inspect?.()) }
  } catch (defect) {
    return { _tag: "Died", defect: Defect.portable(defect) }
  }
}

const pongOf = (cell: Cell): Pong => ({
  status: statusOf(cell),
  waiting: cell.mailbox?.length ?? 0,
  waitingHigh: cell.mailbox?.waitingAt(HIGH) ?? 0,
  waitingLow: cell.mailbox?.waitingAt(LOW) ?? 0,
  putOff: cell.mailbox?.stashed ?? 0,
  restarts: cell.rare?.restarts ?? 0
})

const statusOf = ({ phase, rare }: Cell): Pong["status"] => {
  if (phase >= STOPPING || rare?.isDraining === true) return "stopping"
  switch (phase) {
    case STARTING:
      return "starting"
    case RESTARTING:
      return "restarting"
    case HELD:
      return "paused"
    case READY:
    case RUNNING:
    case SUSPENDED:
      return "running"
    default:
      return "idle"
  }
}
