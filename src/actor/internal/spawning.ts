/**
 * A spawn as an effect: one object and one step, where the system has the actor at once.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { effectClass, inStep } from "../../observe/kernel/Step.ts"
import { checkNames, givenOf, type Names, type Refuse } from "../../runtime/Options.ts"
import { InvalidOptions, type SpawnError } from "../ActorError.ts"
import type { Any } from "../ActorRef.ts"
import { ActorSystem, type SpawnOptions } from "../ActorSystem.ts"
import * as Layouts from "../kernel/Layouts.ts"
import { actorName, type Protocol } from "../kernel/Protocol.ts"
import type { Recipient } from "../kernel/Recipient.ts"
import type { ToRef } from "./refs.ts"

// The fields are declared here and not in the class: a class field would be set twice. Which reference it answers with is known to the
// definition alone.
interface Spawning extends Effect.Effect<any, SpawnError, ActorSystem | Scope.Scope> {
  protocol: Protocol
  key: string
  options: SpawnOptions | undefined
  toRef: ToRef<Any>
}

class Spawn extends effectClass<Spawning>("Spawn", function(fiber) {
  const { key, options, protocol, toRef } = this
  const system = Context.getUnsafe(fiber.context, ActorSystem)
  const scope = Context.getUnsafe(fiber.context, Scope.Scope)
  if (options !== undefined) checkOptions(protocol, key, options)
  const spawning = system.spawn(protocol, key, options, scope)
  if (Exit.isExit(spawning) && Exit.isSuccess(spawning)) {
    return inStep(Exit.succeed(toRef(spawning.value as Recipient, system.sends)), fiber)
  }
  const spawned = Effect.mapBoth(spawning, {
    onSuccess: (recipient) => toRef(recipient, system.sends),
    onFailure: (error) => Layouts.compared(error, protocol)
  })
  return inStep(spawned, fiber)
}) {
  constructor(protocol: Protocol, key: string, options: SpawnOptions | undefined, toRef: ToRef<Any>) {
    super()
    this.protocol = protocol
    this.key = key
    this.options = options
    this.toRef = toRef
  }
}

const OPTIONS: Names<SpawnOptions> = { placement: true, shutdown: true }

const checkOptions = (protocol: Protocol, key: string, options: SpawnOptions): void => {
  const refuse: Refuse = (option, value, expected) => {
    throw new InvalidOptions({ where: actorName(protocol, key), option, value: givenOf(value), expected })
  }
  checkNames(options, OPTIONS, refuse)
  const placement: unknown = options.placement
  if (placement === undefined) return
  const isThread = typeof placement === "object" && placement !== null && "thread" in placement &&
    Number.isInteger(placement.thread)
  if (isThread || placement === "spread" || placement === "here") return
  refuse("placement", placement, "\"spread\", \"here\" or the integer of a thread")
}

/** Starts an actor, and answers with a reference to it. */
export const spawn = <Ref extends Any>(
  protocol: Protocol,
  key: string,
  options: SpawnOptions | undefined,
  toRef: ToRef<Ref>
): Effect.Effect<Ref, SpawnError, ActorSystem | Scope.Scope> => new Spawn(protocol, key, options, toRef)
