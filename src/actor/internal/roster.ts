/**
 * The actors of one behaviour on one host, and what their lives need of that host.
 */
import * as Cause from "effect/Cause"
import type * as Clock from "effect/Clock"
import type { TreeNode } from "../../supervisor/Tree.ts"
import { causeText } from "../ExitReason.ts"
import type { Behaviour } from "../kernel/Behaviour.ts"
import type { Cell } from "../kernel/Cell.ts"
import type { CellHost } from "../kernel/CellHost.ts"
import { Directory } from "../kernel/Directory.ts"
import * as Owner from "../kernel/Owner.ts"
import { RESTARTING, STARTING, STOPPED, STOPPING } from "../kernel/Phase.ts"
import type { SystemEvent } from "../SystemEvent.ts"
import type { Failures } from "./failures.ts"

/** The actors of one behaviour on one host. */
export class Roster {
  readonly behaviour: Behaviour
  readonly cells: Directory<Cell>
  /** The common count of restarts, when the intensity is per supervisor. */
  failures: Failures | undefined
  restarts: number
  /** Why it has given up, as a supervisor does: nothing is spawned any more. */
  gaveUp: Cause.Cause<unknown> | undefined
  /** Whether its layer is being released: nothing is spawned any more. */
  isReleased: boolean
  constructor(behaviour: Behaviour) {
    this.behaviour = behaviour
    this.cells = new Directory()
    this.failures = undefined
    this.restarts = 0
    this.gaveUp = undefined
    this.isReleased = false
  }
}

/** Who has a key in one of several. */
export const holderIn = (rosters: ReadonlyArray<Roster>, key: string): Cell | undefined => {
  for (const { cells } of rosters) {
    const cell = cells.get(key)
    if (cell !== undefined) return cell
  }
  return undefined
}

/** What the life of a cell needs of its host, besides what its messages need. */
export interface LifecycleHost extends CellHost<Cell> {
  readonly clock: Clock.Clock
  /** This thread ends soon: what ends here from now on comes back with its next incarnation, if the system goes on. */
  isLeaving: boolean
  /** Tells whoever listens, and logs what went wrong, unless a supervisor above does that. */
  report(event: SystemEvent, behaviour?: Behaviour, isLoggedAbove?: boolean): void
  /** Logs with the loggers that were there when the behaviour's layer was built, else with those of the host. */
  log(level: "Warn" | "Error", text: string, cause?: Cause.Cause<unknown>, behaviour?: Behaviour): void
  /** The actors of the behaviour of a cell. */
  rosterOf(behaviour: Behaviour): Roster
  /** An actor has ended; its name may be taken. */
  gone(cell: Cell): void
  /** The name of an actor is free. */
  freed(cell: Cell): void
  /** A behaviour has given up. */
  escalated(behaviour: Behaviour, cause: Cause.Cause<unknown>): void
}

/** Ends what others know of an actor, and lets go of what it holds; its name stays taken. */
export const forget = (host: LifecycleHost, cell: Cell): void => {
  cell.phase = STOPPED
  cell.ended()
  cell.handlers = undefined
  cell.mailbox = undefined
  const { rare } = cell
  if (rare?.idle !== undefined) host.deadlines.remove(rare.idle)
  if (rare?.inspect !== undefined) rare.inspect = undefined
  Owner.Owner.remove(cell)
  host.gone(cell)
}

/** Frees the name of an actor that has ended. */
export const freeName = (host: LifecycleHost, cell: Cell): void => {
  const { cells } = host.rosterOf(cell.behaviour)
  if (cells.get(cell.key) === cell) cells.delete(cell.key)
  host.freed(cell)
  const freed = cell.rare?.freed
  if (freed === undefined) return
  cell.rare!.freed = undefined
  host.after.add(freed)
  host.after.run()
}

/** An actor in the picture of a system. */
export const nodeOf = (cell: Cell): TreeNode => ({
  name: cell.key,
  kind: "actor",
  status: cell.phase === STARTING
    ? "starting"
    : cell.phase === RESTARTING
    ? "restarting"
    : cell.phase >= STOPPING
    ? "stopping"
    : "running",
  restarts: cell.rare?.restarts ?? 0,
  children: []
})

/** Why nothing is spawned of a behaviour any more. */
export const gaveUp = (cause: Cause.Cause<unknown>): Error =>
  new Error(`its behaviour has given up, after ${causeText(cause)}`, { cause: Cause.squash(cause) })
