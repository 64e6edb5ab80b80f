/**
 * A reference that records what it is sent: an actor of a protocol for a test to look at.
 *
 * It is an actor of the system like any other, so it can be given to actors on other threads. What it is asked is answered from a table.
 * It runs under `TestClock`, in a simulation, and in real time: waiting moves a test clock, and lets the others run.
 *
 * **Example**
 *
 * ```ts
 * import { Probe } from "shared-nothing/testing"
 * import * as Effect from "effect/Effect"
 * import * as Rpc from "effect/rpc/Rpc"
 * import * as Schema from "effect/Schema"
 * import { Actor } from "shared-nothing"
 *
 * const Bell = Actor.make("Bell", [Rpc.make("Ring", { payload: { times: Schema.Int } })])
 *
 * const test = Effect.gen(function*() {
 *   const bell = yield* Probe.make(Bell)
 *   yield* bell.ref.tell.Ring({ times: 3 })
 *   yield* bell.expect("Ring", { times: 3 })
 *   yield* bell.expectNone("1 minute")
 * })
 * ```
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as PubSub from "effect/PubSub"
import type * as Rpc from "effect/rpc/Rpc"
import * as Scope from "effect/Scope"
import * as Tracer from "effect/Tracer"
import type { Actor, Answer } from "../actor/Actor.ts"
import type { SpawnError } from "../actor/ActorError.ts"
import { type ActorRef, type Any, recipientOf, refClass } from "../actor/ActorRef.ts"
import { ActorSystem } from "../actor/ActorSystem.ts"
import type { ExitReason } from "../actor/ExitReason.ts"
import { type Handlers, resolveOptions } from "../actor/kernel/Behaviour.ts"
import { actorName } from "../actor/kernel/Protocol.ts"
import { outcomeOf } from "../actor/kernel/Streaming.ts"
import type { SystemEvent } from "../actor/SystemEvent.ts"
import { textOf } from "../runtime/Text.ts"
import { within } from "./internal/patience.ts"
import { UnexpectedMessages } from "./ProbeError.ts"

/** What a probe was sent. */
export interface Received<Rpcs extends Rpc.Any> {
  readonly tag: Rpcs["_tag"]
  readonly payload: unknown
  /** In milliseconds of the test's clock. */
  readonly atMillis: number
}

type OfTag<Rpcs extends Rpc.Any, Tag extends string> = Extract<Rpcs, { readonly _tag: Tag }>

/** How a probe answers: one function a message, or none for what is only told. */
export type Answers<Rpcs extends Rpc.Any> = {
  readonly [R in Rpcs as R["_tag"]]?: (payload: Rpc.Payload<R>) => Answer<R, never>
}

/** See the module. */
export interface Probe<Rpcs extends Rpc.Any> {
  /** Give this to whoever is under test. */
  readonly ref: ActorRef<Rpcs>
  /** What has arrived and was not taken, oldest first. */
  readonly left: Effect.Effect<ReadonlyArray<Received<Rpcs>>>
  /** Takes the next message, which has to be this one; waits up to 3 seconds for it unless told. */
  readonly expect: <Tag extends Rpcs["_tag"]>(
    tag: Tag,
    payload?: Partial<Rpc.Payload<OfTag<Rpcs, Tag>>>,
    within?: Duration.Input
  ) => Effect.Effect<Rpc.Payload<OfTag<Rpcs, Tag>>, UnexpectedMessages>
  /** Takes as many messages as there are tags, in whatever order they come. */
  readonly inAnyOrder: (
    tags: ReadonlyArray<Rpcs["_tag"]>,
    within?: Duration.Input
  ) => Effect.Effect<ReadonlyArray<Received<Rpcs>>, UnexpectedMessages>
  /** Takes messages until one is this; those before it are gone. */
  readonly fishFor: <Tag extends Rpcs["_tag"]>(
    tag: Tag,
    is?: (payload: Rpc.Payload<OfTag<Rpcs, Tag>>) => boolean,
    within?: Duration.Input
  ) => Effect.Effect<Rpc.Payload<OfTag<Rpcs, Tag>>, UnexpectedMessages>
  /** Nothing arrives for so long; 100 millis unless told. */
  readonly expectNone: (within?: Duration.Input) => Effect.Effect<void, UnexpectedMessages>
  /** An actor of this system has ended since the probe was made, or does so in time; answers why. */
  readonly expectDown: (actor: Any, within?: Duration.Input) => Effect.Effect<ExitReason, UnexpectedMessages>
}

const PATIENCE: Duration.Input = "3 seconds"

const hasAll = (payload: unknown, expected: unknown): boolean => {
  if (expected === undefined || Equal.equals(payload, expected)) return true
  if (typeof payload !== "object" || payload === null || typeof expected !== "object" || expected === null) return false
  return Object.entries(expected).every(([key, value]) =>
    hasAll((payload as Readonly<Record<string, unknown>>)[key], value)
  )
}

/** What a probe keeps. */
class Box<Rpcs extends Rpc.Any> {
  declare readonly name: string
  declare readonly received: Array<Received<Rpcs>>
  declare readonly ended: Map<string, ExitReason>
  constructor(name: string) {
    this.name = name
    this.received = []
    this.ended = new Map()
  }

  unexpected(expected: string, arrived: ReadonlyArray<Received<Rpcs>> = this.received): UnexpectedMessages {
    return new UnexpectedMessages({
      probe: this.name,
      expected,
      arrived: arrived.map(({ atMillis, payload, tag }) =>
        `${(atMillis / 1000).toFixed(3)} s  ${tag} ${textOf(payload)}`
      )
    })
  }

  expect(tag: string, payload: unknown, duration: Duration.Input): Effect.Effect<unknown, UnexpectedMessages> {
    const expected = payload === undefined ? tag : `${tag} with ${textOf(payload)}`
    return Effect.flatMap(within(duration, () => this.received[0]), (first) => {
      if (first?.tag !== tag || !hasAll(first.payload, payload)) return Effect.fail(this.unexpected(expected))
      this.received.shift()
      return Effect.succeed(first.payload)
    })
  }

  inAnyOrder(
    tags: ReadonlyArray<string>,
    duration: Duration.Input
  ): Effect.Effect<ReadonlyArray<Received<Rpcs>>, UnexpectedMessages> {
    const arrived = within(duration, () => this.received.length >= tags.length ? true : undefined)
    return Effect.flatMap(arrived, () => {
      const left = [...tags]
      const first = this.received.slice(0, tags.length)
      for (const { tag } of first) {
        const at = left.indexOf(tag)
        if (at >= 0) left.splice(at, 1)
      }
      if (left.length > 0) return Effect.fail(this.unexpected(`${tags.join(", ")} in any order`))
      return Effect.succeed(this.received.splice(0, tags.length))
    })
  }

  fishFor(
    tag: string,
    is: (payload: never) => boolean,
    duration: Duration.Input
  ): Effect.Effect<unknown, UnexpectedMessages> {
    const passed: Array<Received<Rpcs>> = []
    const look = () => {
      for (let next = this.received.shift(); next !== undefined; next = this.received.shift()) {
        if (next.tag === tag && is(next.payload as never)) return next
        passed.push(next)
      }
      return undefined
    }
    return Effect.flatMap(
      within(duration, look),
      (caught) =>
        caught === undefined
          ? Effect.fail(this.unexpected(`to fish for ${tag}`, passed))
          : Effect.succeed(caught.payload)
    )
  }

  expectNone(duration: Duration.Input): Effect.Effect<void, UnexpectedMessages> {
    return Effect.flatMap(
      within(duration, () => this.received[0]),
      (first) => first === undefined ? Effect.void : Effect.fail(this.unexpected("nothing"))
    )
  }

  expectDown(actor: Any, duration: Duration.Input): Effect.Effect<ExitReason, UnexpectedMessages> {
    const { key, protocol } = recipientOf(actor)
    const name = actorName(protocol, key)
    return Effect.flatMap(
      within(duration, () => this.ended.get(name)),
      (reason) => reason === undefined ? Effect.fail(this.unexpected(`the end of ${name}`)) : Effect.succeed(reason)
    )
  }
}

/** Options of a probe. */
export interface Options<Rpcs extends Rpc.Any> {
  /** The key it has; `"probe"` unless told. */
  readonly key?: string | undefined
  /** What it answers. A message that has an answer and is not named here is a defect of who asks. */
  readonly answers?: Answers<Rpcs> | undefined
}

const handlersOf = <Rpcs extends Rpc.Any>(
  actor: Actor<string, Rpcs>,
  box: Box<Rpcs>,
  answers: Readonly<Record<string, Handlers[string] | undefined>>
): Handlers =>
  Object.fromEntries(actor.protocol.messages.map(({ tag }) => [
    tag,
    (payload: unknown) =>
      Effect.flatMap(Clock.currentTimeMillis, (atMillis) => {
        box.received.push({ tag, payload, atMillis })
        return outcomeOf(answers[tag]?.(payload) ?? Effect.void)
      })
  ]))

/**
 * Makes a probe of a protocol in the current system; it ends with the scope.
 *
 * **Errors** Those of a spawn: `NameTaken` when there is a probe of that key already.
 */
export const make = <Name extends string, Rpcs extends Rpc.Any>(
  actor: Actor<Name, Rpcs>,
  options: Options<Rpcs> = {}
): Effect.Effect<Probe<Rpcs>, SpawnError, ActorSystem | Scope.Scope> =>
  Effect.gen(function*() {
    const { answers = {}, key = "probe" } = options
    const system = yield* ActorSystem
    const scope = yield* Effect.scope
    const context = Context.omit(Scope.Scope, Tracer.ParentSpan)(yield* Effect.context<never>())
    // Its own name in the system: the behaviour that is under test keeps the name of the protocol.
    const protocol = { ...actor.protocol, name: `Probe of ${actor.name}` }
    const box = new Box<Rpcs>(actorName(protocol, key))
    const events = yield* PubSub.subscribe(system.events)
    const hear = Effect.map(PubSub.take(events), (event: SystemEvent) => {
      if (event._tag === "ActorEnded") box.ended.set(event.actor, event.reason)
    })
    yield* Effect.forkScoped(Effect.forever(hear))
    yield* system.register({
      protocol,
      build: Effect.succeed(handlersOf(actor, box, answers as never)),
      around: [],
      context,
      ...resolveOptions(protocol.name, {
        mailbox: { capacity: "unbounded" },
        supervision: { decide: () => "resume" }
      })
    })
    const recipient = yield* system.spawn(protocol, key, { placement: "here" }, scope)
    const Reference = refClass(actor.protocol)
    return {
      ref: new Reference(recipient),
      left: Effect.sync(() => box.received.slice()),
      expect: (tag, payload, duration = PATIENCE) => box.expect(tag, payload, duration) as never,
      inAnyOrder: (tags, duration = PATIENCE) => box.inAnyOrder(tags, duration),
      fishFor: (tag, is = () => true, duration = PATIENCE) => box.fishFor(tag, is, duration) as never,
      expectNone: (duration = "100 millis") => box.expectNone(duration),
      expectDown: (down, duration = PATIENCE) => box.expectDown(down, duration)
    }
  })
