/**
 * What a behaviour is told of the actor that is being built.
 *
 * A build asks for it by effects. Those that ask for nothing else than that are answered where they stand, so that a build of a few of them
 * needs neither a fiber nor a context.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { CurrentLogAnnotations } from "effect/References"
import * as Scope from "effect/Scope"
import { type Answers, begin, isService } from "../../observe/kernel/AtOnce.ts"
import { effectClass } from "../../observe/kernel/Step.ts"
import { type Behaviour, CurrentActor } from "../kernel/Behaviour.ts"
import type { Cell } from "../kernel/Cell.ts"
import { scopeOf } from "./incarnationScope.ts"
import type { ToRef } from "./refs.ts"

/** An incarnation that is being built: the how manieth of its actor. */
export interface Build {
  readonly cell: Cell
  readonly incarnation: number
}

/** Who is being built, as the build is told. */
export const currentActor = ({ cell, incarnation }: Build): CurrentActor["Service"] => ({
  name: cell.protocol.name,
  key: cell.key,
  incarnation,
  recipient: cell
})

// The fields are declared here and not in the class: a class field would be set twice.
interface Asking<A> extends Effect.Effect<A, never, CurrentActor> {
  read: (build: Build) => A
}

class Asked extends effectClass<Asking<any>>("Asked", function(fiber) {
  const { incarnation, recipient } = Context.getUnsafe(fiber.context, CurrentActor)
  // The recipient of who is being built is a cell.
  return Exit.succeed(this.read({ cell: recipient as Cell, incarnation }))
}) {
  constructor(read: (build: Build) => unknown) {
    super()
    this.read = read
  }
}

/** An effect of a build that asks for nothing but the actor that is being built. */
export const ofBuild = <A>(read: (build: Build) => A): Effect.Effect<A, never, CurrentActor> => new Asked(read)

const answers: Answers<Build> = (asked, build) => {
  if (asked instanceof Asked) return Exit.succeed(asked.read(build))
  if (!isService(asked)) return undefined
  const { cell } = build
  switch (asked.key) {
    case CurrentActor.key:
      return Exit.succeed(currentActor(build))
    case Scope.Scope.key:
      return Exit.succeed(scopeOf(cell))
    // Those of an actor have its name, and stand in the context of a fiber.
    case CurrentLogAnnotations.key:
      return undefined
    default:
      return Exit.succeed(Context.getUnsafe(cell.behaviour.context as Context.Context<unknown>, asked))
  }
}

/** Builds an incarnation as far as it comes without a fiber: answers the outcome, or what is left to be run in one. */
export const beginBuild = (build: Build): Behaviour["build"] => begin(build.cell.behaviour.build, answers, build)

// Its reference is made when somebody asks for it. What it is made of is nobody's business, also when the whole is printed.
class Told<Ref> {
  declare readonly name: string
  declare readonly key: string
  declare readonly incarnation: number
  readonly #cell: Cell
  readonly #toRef: ToRef<Ref>
  constructor({ cell, incarnation }: Build, toRef: ToRef<Ref>) {
    this.#cell = cell
    this.#toRef = toRef
    this.name = cell.protocol.name
    this.key = cell.key
    this.incarnation = incarnation
  }

  get self(): Ref {
    return selfOf(this.#cell, this.#toRef)
  }
}

/** The reference of an actor that is being built to itself. */
export const selfOf = <Ref>(cell: Cell, toRef: ToRef<Ref>): Ref => toRef(cell.host.reached(cell), cell.host.sends)

/** A behaviour that is the call of a function with who is being built. */
export const byCall = <H, Ref>(
  call: (actor: Told<Ref>) => H,
  toRef: ToRef<Ref>
): Effect.Effect<H, never, CurrentActor> =>
  ofBuild((build) => {
    const handlers = call(new Told(build, toRef))
    if (!Effect.isEffect(handlers)) return handlers
    throw new TypeError(`the function that builds ${build.cell.name} answered an effect: give the effect in its place`)
  })
