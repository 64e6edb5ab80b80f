/**
 * An actor on a worker whose supervisor is on the main thread: both sides of what they say to each other.
 *
 * ```text
 *  main                                   worker
 *   child ends        ◀── Crashed ────    the incarnation has ended, the actor waits in its place
 *   round: go down    ─── Lower ──────▶   handler ends or is interrupted, scope closed   ──── Lowered ──▶
 *   come up           ─── Raise ──────▶   built                                          ──── Raised ───▶
 * ```
 *
 * All of a group are down, acknowledged, before the first is brought up. The death of a thread is the end of the incarnations
 * on it, and costs their supervisors no restart, since the threads have a limit of their own: an actor comes up again once its thread
 * is back. Only of the one that had the thread when it died is it a crash.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as ActorError from "../../actor/ActorError.ts"
import * as ExitReason from "../../actor/ExitReason.ts"
import type { Guardian } from "../../actor/kernel/Owner.ts"
import type { Protocol } from "../../actor/kernel/Protocol.ts"
import type { Supervised } from "../../actor/kernel/Supervised.ts"
import type { RemoteRecipient } from "../../link/kernel/RemoteRecipient.ts"
import type { Running } from "../../supervisor/ChildSpec.ts"
import { Identity } from "../../supervisor/kernel/Identity.ts"
import type { Directive } from "../../supervisor/Restart.ts"
import type { Member } from "../../thread/kernel/ThreadGroup.ts"
import type { ThreadDown } from "../../thread/ThreadError.ts"
import { decodeCrash, decodeSpawnError, encodeCrash, encodeSpawnError } from "./accounts.ts"
import type * as Control from "./control.ts"

// ---- the main thread

/** A worker as the account needs it. */
export interface Workplace extends Member<Control.Answer> {
  readonly whyDown: string
  /** Waits until it is up; answers whether it is, or will never be. */
  readonly whenUp: Effect.Effect<boolean>
}

/** An actor on a worker, as its supervision needs it. */
interface Place {
  readonly workplace: Workplace
  readonly actor: number
  readonly name: string
  readonly protocol: Protocol
  readonly recipient: RemoteRecipient | undefined
  stop(reason: ExitReason.ExitReason): Effect.Effect<void> | undefined
}

/** The supervisor's end. */
export class Supervision extends Identity<RemoteRecipient> implements Guardian {
  declare private readonly placed: Place
  declare private readonly account: { has(placed: Place): boolean }
  constructor(placed: Place, account: { has(placed: Place): boolean }) {
    super()
    this.placed = placed
    this.account = account
  }

  // There is one by the time that anybody asks: it has been started.
  get value(): RemoteRecipient {
    return this.placed.recipient!
  }

  isPossible(): boolean {
    return this.account.has(this.placed)
  }

  end(): Effect.Effect<void> | undefined {
    return this.placed.stop(ExitReason.supervisorStopped)
  }

  crashed(exit: Exit.Exit<unknown, unknown>, directive: Directive | undefined): void {
    this.over(exit, directive)
  }

  /** The actor has ended for good, and its name is free. */
  ended(reason: ExitReason.ExitReason): void {
    // One that has killed its thread too often would go on with that.
    const isStruckOff = reason._tag === "Crashed" && reason.rule === "thread"
    this.over(ExitReason.isFailure(reason) ? Exit.fail(reason) : Exit.void, isStruckOff ? "stop" : undefined)
  }

  /** The worker says that it has crashed. */
  heard({ crash, directive }: Extract<Control.ToMain, { _tag: "Crashed" }>): void {
    this.over(Exit.failCause(decodeCrash(this.placed.protocol, crash)), directive)
  }

  /** Its thread has gone, and comes back: at no cost, unless the actor is to blame for that. */
  threadLost(down: ThreadDown, isBlamed: boolean): void {
    this.over(Exit.fail(down), isBlamed ? undefined : "resume")
  }

  down(withinMillis: number): Effect.Effect<void> {
    const { actor, workplace } = this.placed
    return Effect.map(
      workplace.request((request): Control.ToWorker => ({ _tag: "Lower", request, actor, withinMillis })),
      // Without an answer the thread has gone, and the incarnation with it.
      () => this.over(Exit.interrupt(), undefined)
    )
  }

  get up(): Effect.Effect<Running<RemoteRecipient>, ActorError.SpawnError> {
    const { actor, name, workplace } = this.placed
    const lost = Effect.suspend(() =>
      Effect.fail(new ActorError.SpawnLost({ actor: name, thread: workplace.name, reason: workplace.whyDown }))
    )
    return Effect.flatMap(workplace.whenUp, (isUp) => {
      if (!isUp || !this.isPossible()) return lost
      this.renewed()
      return Effect.flatMap(
        workplace.request((request): Control.ToWorker => ({ _tag: "Raise", request, actor })),
        (answer) => {
          if (answer?._tag !== "Raised") return lost
          return answer.error === undefined
            ? Effect.succeed(this)
            : Effect.fail(decodeSpawnError(answer.error))
        }
      )
    })
  }
}

// ---- a worker

/** The actors here that have a supervisor on the main thread, and the way to it. */
export class Ward {
  declare private readonly running: Map<number, Supervised>
  declare private readonly post: (message: Control.ToMain) => void
  declare private readonly run: (effect: Effect.Effect<void>) => unknown
  constructor(post: (message: Control.ToMain) => void, run: (effect: Effect.Effect<void>) => unknown) {
    this.running = new Map()
    this.post = post
    this.run = run
  }

  /** An actor has come up, or waits for being brought up for the first time after its thread was lost. */
  admit(actor: number, running: Supervised): void {
    this.running.set(actor, running)
    running.whenEnded((exit) => this.ended(actor, running, exit))
  }

  // An end for good, and one that the supervisor has asked for, have answers of their own.
  private ended(actor: number, running: Supervised, exit: Exit.Exit<unknown, unknown>): void {
    const { message, value } = running
    if (value.hasStopped) return void this.running.delete(actor)
    if (Exit.isSuccess(exit) || Cause.hasInterruptsOnly(exit.cause)) return
    const crash = encodeCrash(value.protocol, message, exit.cause)
    this.post({ _tag: "Crashed", actor, crash, directive: running.directive() })
  }

  lower({ actor, request, withinMillis }: Extract<Control.ToWorker, { _tag: "Lower" }>): void {
    const down = this.running.get(actor)?.down(withinMillis) ?? Effect.void
    this.run(Effect.ensuring(Effect.asVoid(down), Effect.sync(() => this.post({ _tag: "Lowered", request }))))
  }

  raise({ actor, request }: Extract<Control.ToWorker, { _tag: "Raise" }>): void {
    const running = this.running.get(actor)
    const up = running?.up ?? Effect.die("it is not here")
    this.run(Effect.map(Effect.exit(up), (exit) => {
      const error = Exit.isSuccess(exit)
        ? undefined
        : encodeSpawnError(running?.value.name ?? "", exit.cause as Cause.Cause<ActorError.SpawnError>)
      if (Exit.isSuccess(exit)) this.admit(actor, running!)
      this.post({ _tag: "Raised", request, error })
    }))
  }
}
