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
 * is back.
 */
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as ActorError from "../../actor/ActorError.ts"
import * as ExitReason from "../../actor/ExitReason.ts"
import type { Cell } from "../../actor/kernel/Cell.ts"
import type { RemoteRecipient } from "../../link/kernel/RemoteRecipient.ts"
import type { Renewal, Running } from "../../supervisor/ChildSpec.ts"
import type { Directive } from "../../supervisor/Restart.ts"
import type { Member } from "../../thread/kernel/ThreadGroup.ts"
import type { ThreadDown } from "../../thread/ThreadError.ts"
import { decodeSpawnError, encodeSpawnError } from "./accounts.ts"
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
  readonly recipient: RemoteRecipient | undefined
  stop(reason: ExitReason.ExitReason): Effect.Effect<void> | undefined
}

/** The supervisor's end. */
export class Supervision {
  declare private readonly placed: Place
  declare private readonly isPlaced: () => boolean
  /** The end of the incarnation that is up. */
  declare private end: Deferred.Deferred<Exit.Exit<unknown, unknown>>
  declare private directive: Directive | undefined
  declare private readonly renewal: Renewal<RemoteRecipient>
  constructor(placed: Place, isPlaced: () => boolean) {
    this.placed = placed
    this.isPlaced = isPlaced
    this.end = Deferred.makeUnsafe()
    this.directive = undefined
    this.renewal = {
      isPossible: isPlaced,
      down: (withinMillis) => this.lower(withinMillis),
      up: Effect.suspend(() => this.raise()),
      directive: () => this.directive
    }
  }

  /** What the supervisor is given, of the incarnation that has come up. */
  running(): Running<RemoteRecipient> {
    const { placed, renewal } = this
    const end: Supervision["end"] = Deferred.makeUnsafe()
    this.end = end
    this.directive = undefined
    // It may have ended in the moment in which it was up.
    if (!this.isPlaced()) this.over(Exit.void, undefined)
    return {
      value: placed.recipient,
      exit: Deferred.await(end),
      stop: Effect.suspend(() => placed.stop(ExitReason.supervisorStopped) ?? Effect.void),
      renewal
    }
  }

  /** The incarnation has ended. */
  over(exit: Exit.Exit<unknown, unknown>, directive: Directive | undefined): void {
    this.directive = directive
    Deferred.doneUnsafe(this.end, Exit.succeed(exit))
  }

  /** The actor has ended for good, and its name is free. */
  ended(reason: ExitReason.ExitReason): void {
    this.over(ExitReason.isFailure(reason) ? Exit.fail(reason) : Exit.void, undefined)
  }

  /** The worker says that it has crashed. */
  crashed({ directive, reason }: Extract<Control.ToMain, { _tag: "Crashed" }>): void {
    const why = ExitReason.decode(reason)
    this.over(why._tag === "Crashed" ? Exit.failCause(why.cause) : Exit.fail(why), directive)
  }

  /** Its thread has gone, and comes back. */
  threadLost(down: ThreadDown): void {
    this.over(Exit.fail(down), "resume")
  }

  private lower(withinMillis: number): Effect.Effect<void> {
    const { actor, workplace } = this.placed
    return Effect.map(
      workplace.request((request): Control.ToWorker => ({ _tag: "Lower", request, actor, withinMillis })),
      // Without an answer the thread has gone, and the incarnation with it.
      () => this.over(Exit.interrupt(), undefined)
    )
  }

  private raise(): Effect.Effect<Running<RemoteRecipient>, ActorError.SpawnError> {
    const { actor, name, workplace } = this.placed
    const lost = Effect.suspend(() =>
      Effect.fail(new ActorError.SpawnLost({ actor: name, thread: workplace.name, reason: workplace.whyDown }))
    )
    return Effect.flatMap(workplace.whenUp, (isUp) =>
      isUp && this.isPlaced()
        ? Effect.flatMap(
          workplace.request((request): Control.ToWorker => ({ _tag: "Raise", request, actor })),
          (answer) => {
            if (answer?._tag !== "Raised") return lost
            return answer.error === undefined
              ? Effect.succeed(this.running())
              : Effect.fail(decodeSpawnError(answer.error))
          }
        )
        : lost)
  }
}

// ---- a worker

/** The actors here that have a supervisor on the main thread, and the way to it. */
export class Ward {
  declare private readonly running: Map<number, Running<Cell>>
  declare private readonly post: (message: Control.ToMain) => void
  declare private readonly run: (effect: Effect.Effect<void>) => unknown
  constructor(post: (message: Control.ToMain) => void, run: (effect: Effect.Effect<void>) => unknown) {
    this.running = new Map()
    this.post = post
    this.run = run
  }

  /** An actor has come up, or waits for being brought up for the first time after its thread was lost. */
  admit(actor: number, running: Running<Cell>): void {
    this.running.set(actor, running)
    this.run(Effect.map(running.exit, (exit) => this.ended(actor, running, exit)))
  }

  // An end for good, and one that the supervisor has asked for, have answers of their own.
  private ended(actor: number, { renewal, value }: Running<Cell>, exit: Exit.Exit<unknown, unknown>): void {
    if (value!.hasStopped) return void this.running.delete(actor)
    if (Exit.isSuccess(exit) || Cause.hasInterruptsOnly(exit.cause)) return
    const reason = ExitReason.encode(ExitReason.crashed(exit.cause, "decide"))
    this.post({ _tag: "Crashed", actor, reason, directive: renewal?.directive?.() })
  }

  lower({ actor, request, withinMillis }: Extract<Control.ToWorker, { _tag: "Lower" }>): void {
    const down = this.running.get(actor)?.renewal?.down(withinMillis) ?? Effect.void
    this.run(Effect.ensuring(Effect.asVoid(down), Effect.sync(() => this.post({ _tag: "Lowered", request }))))
  }

  raise({ actor, request }: Extract<Control.ToWorker, { _tag: "Raise" }>): void {
    const running = this.running.get(actor)
    const up = running?.renewal?.up ?? Effect.die("it is not here")
    this.run(Effect.map(Effect.exit(up), (exit) => {
      const error = Exit.isSuccess(exit)
        ? undefined
        : encodeSpawnError(running?.value?.name ?? "", exit.cause as Cause.Cause<ActorError.SpawnError>)
      if (Exit.isSuccess(exit)) this.admit(actor, exit.value)
      this.post({ _tag: "Raised", request, error })
    }))
  }
}
