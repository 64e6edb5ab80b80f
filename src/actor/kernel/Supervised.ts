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
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { Running } from "../../supervisor/ChildSpec.ts"
import { Identity } from "../../supervisor/kernel/Identity.ts"
import type { Directive } from "../../supervisor/Restart.ts"
import * as ExitReason from "../ExitReason.ts"
import { giveUpIncarnation, renew } from "../internal/lifecycle.ts"
import type { LifecycleHost } from "../internal/roster.ts"
import type { Cell } from "./Cell.ts"
import type { Guardian } from "./Owner.ts"
import { RESTARTING } from "./Phase.ts"

/** The way between an actor here and its supervisor. */
export class Supervised extends Identity<Cell> implements Guardian {
  declare readonly value: Cell
  declare private readonly host: LifecycleHost
  /** What the incarnation has crashed of that the next one comes after. */
  declare private cause: Cause.Cause<unknown> | undefined
  /** The index of the message whose handler it has crashed in: what that has failed with is what the message declares. */
  declare message: number | undefined
  constructor(host: LifecycleHost, cell: Cell) {
    super()
    this.value = cell
    this.host = host
    this.cause = undefined
    this.message = undefined
    cell.owner = this
  }

  isPossible(): boolean {
    return this.value.phase === RESTARTING
  }

  down(withinMillis: number): Effect.Effect<void> {
    return giveUpIncarnation(this.host, this.value, withinMillis)
  }

  get up(): Effect.Effect<Running<Cell>, unknown> {
    return Effect.suspend(() => {
      const { cause = Cause.empty, host, value } = this
      this.cause = undefined
      this.renewed()
      return Effect.as(renew(host, value, cause), this)
    })
  }

  // It is ended in order by whoever has started it, which is its supervisor.
  end(): Effect.Effect<void> | undefined {
    return this.value.stop(ExitReason.supervisorStopped)
  }

  crashed(exit: Exit.Exit<unknown, unknown>, directive: Directive | undefined, message?: number): void {
    if (Exit.isFailure(exit)) this.cause = exit.cause
    this.message = message
    this.over(exit, directive === "restart" ? undefined : directive)
  }

  ended(reason: ExitReason.ExitReason): void {
    this.over(ExitReason.isFailure(reason) ? Exit.fail(reason) : Exit.void, undefined)
  }
}
