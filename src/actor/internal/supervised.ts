/**
 * An actor below a supervisor: what its crash means is decided there, and its name, its references and its mailbox stay.
 *
 * ```text
 *  handler fails ──▶ decide of the behaviour ── "resume" ──▶ goes on
 *                          └── else: the incarnation ends, its scope is closed, asks are handed back, tells stay
 *                                       └──▶ supervisor: next incarnation (now, later, with its siblings), or the end
 * ```
 *
 * Of an actor that was spawned without a supervisor the roster of its behaviour decides, with the `supervision` of the
 * behaviour: a dynamic one-for-one supervisor that nobody had to write down.
 */
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { Renewal, Running } from "../../supervisor/ChildSpec.ts"
import type { Directive } from "../../supervisor/Restart.ts"
import * as ExitReason from "../ExitReason.ts"
import type { Cell } from "../kernel/Cell.ts"
import { RESTARTING } from "../kernel/Phase.ts"
import { giveUpIncarnation, renew } from "./lifecycle.ts"
import type { Guardian } from "./rare.ts"
import type { LifecycleHost } from "./roster.ts"

/** The way between an actor here and its supervisor. */
export class Supervised implements Guardian {
  declare private readonly host: LifecycleHost
  declare private readonly cell: Cell
  /** The end of the incarnation that is up. */
  declare private end: Deferred.Deferred<Exit.Exit<unknown, unknown>>
  declare private directive: Directive | undefined
  declare private cause: Cause.Cause<unknown>
  declare private readonly renewal: Renewal<Cell>
  constructor(host: LifecycleHost, cell: Cell) {
    this.host = host
    this.cell = cell
    this.end = Deferred.makeUnsafe()
    this.directive = undefined
    this.cause = Cause.empty
    this.renewal = {
      isPossible: () => cell.phase === RESTARTING,
      down: (withinMillis) => giveUpIncarnation(host, cell, withinMillis),
      up: Effect.suspend(() => {
        const { cause } = this
        this.cause = Cause.empty
        return Effect.as(renew(host, cell, cause), this.running())
      }),
      directive: () => this.directive
    }
    cell.more().guardian = this
  }

  /** The actor has come up: it is a child from here on. */
  begin(): Running<Cell> {
    this.cell.whenStopped((reason) => {
      Deferred.doneUnsafe(this.end, Exit.succeed(ExitReason.isFailure(reason) ? Exit.fail(reason) : Exit.void))
    })
    return this.running()
  }

  private running(): Running<Cell> {
    const { cell, renewal } = this
    const end: Supervised["end"] = Deferred.makeUnsafe()
    this.end = end
    this.directive = undefined
    if (cell.hasStopped) Deferred.doneUnsafe(end, Exit.succeed(Exit.void))
    return {
      value: cell,
      exit: Deferred.await(end),
      // It is ended in order by whoever has started it, which is its supervisor.
      stop: Effect.suspend(() => cell.stop(ExitReason.supervisorStopped) ?? Effect.void),
      renewal
    }
  }

  crashed(exit: Exit.Exit<unknown, unknown>, directive: Directive | undefined): void {
    this.directive = directive === "restart" ? undefined : directive
    if (Exit.isFailure(exit)) this.cause = exit.cause
    Deferred.doneUnsafe(this.end, Exit.succeed(exit))
  }
}
