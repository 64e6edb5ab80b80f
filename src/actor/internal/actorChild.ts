/**
 * An actor as the child of a supervisor: what the system has started, with a reference in the place of what that stands for.
 */
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import { type Control, ignore, type Renewal, type Running, type Unattended } from "../../supervisor/ChildSpec.ts"
import type { Directive } from "../../supervisor/Restart.ts"
import * as ActorControl from "../ActorControl.ts"
import type { Any } from "../ActorRef.ts"
import { isIgnored } from "../kernel/Behaviour.ts"
import type { Recipient } from "../kernel/Recipient.ts"

/** See the module. One object for all incarnations, with nothing in it that can be had when it is asked for. */
export class ActorChild<A extends Any> implements Running<A>, Renewal<A> {
  declare readonly value: A
  declare private readonly running: Running<Recipient>
  constructor(ref: A, running: Running<Recipient>) {
    this.value = ref
    this.running = running
  }

  get exit(): Effect.Effect<Exit.Exit<unknown, unknown>> {
    return this.running.exit
  }

  get stop(): Effect.Effect<unknown, unknown> | undefined {
    return this.running.stop
  }

  get control(): Control {
    const { value } = this
    return {
      suspend: ActorControl.pause(value),
      resume: ActorControl.resume(value),
      state: ActorControl.inspect(value)
    }
  }

  get renewal(): Renewal<A> {
    return this
  }

  private get identity(): Renewal<Recipient> {
    return this.running.renewal!
  }

  isPossible(): boolean {
    return this.identity.isPossible()
  }

  down(withinMillis: number): Effect.Effect<unknown> {
    return this.identity.down(withinMillis)
  }

  get up(): Effect.Effect<Running<A>, unknown> {
    return unlessIgnored(Effect.as(this.identity.up, this))
  }

  directive(): Directive | undefined {
    return this.identity.directive?.()
  }

  get unattended(): Unattended | undefined {
    return this.identity.unattended
  }
}

/** An actor that has found nothing to do when it was built is a child that has. */
export const unlessIgnored = <A, E>(up: Effect.Effect<Running<A>, E>): Effect.Effect<Running<A>, E> =>
  Effect.catchIf(up, isIgnored, () => Effect.succeed(ignore)) as Effect.Effect<Running<A>, E>
