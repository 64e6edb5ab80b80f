/**
 * What a worker thread runs: the behaviours it can host.
 *
 * The file given to `new Worker` consists of one call. It imports the behaviours, and nothing of the main program.
 *
 * **Example** (worker.ts)
 *
 * ```ts
 * import { type ActorSystem, ActorThread } from "shared-nothing"
 * import type * as Layer from "effect/Layer"
 *
 * declare const CounterLive: Layer.Layer<never, never, ActorSystem.ActorSystem> // imported from its module
 *
 * ActorThread.launch(CounterLive)
 * ```
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as PubSub from "effect/PubSub"
import type * as Scope from "effect/Scope"
import { inspect } from "node:util"
import type * as ActorError from "../actor/ActorError.ts"
import type { SpawnError } from "../actor/ActorError.ts"
import { ActorSystem } from "../actor/ActorSystem.ts"
import * as ExitReason from "../actor/ExitReason.ts"
import type { Cell } from "../actor/kernel/Cell.ts"
import type { Host } from "../actor/kernel/Host.ts"
import type { SystemEvent } from "../actor/SystemEvent.ts"
import { Node } from "../link/kernel/Node.ts"
import { Tally } from "../observe/kernel/Tally.ts"
import * as ThreadEntry from "../thread/ThreadEntry.ts"
import { runtime } from "../thread/ThreadRuntime.ts"
import type * as Control from "./internal/control.ts"
import { makeHostWith, systemOf } from "./internal/host.ts"

/** A worker's own state: its place, and the way to the main thread. */
interface Worker {
  readonly host: Host
  readonly node: Node
  readonly scope: Scope.Scope
  readonly run: (effect: Effect.Effect<void>) => Fiber.Fiber<void>
  readonly post: (message: Control.ToMain) => void
  /** The actors that the main thread has placed here. */
  readonly placed: Map<number, Cell>
  /** Those of them that are still being built. */
  readonly starting: Map<number, Fiber.Fiber<void>>
}

/**
 * Serves the behaviours of a layer on this worker thread; call it once, at the top level of the worker's file.
 *
 * Several behaviours are merged with `Layer.mergeAll`. The layer is built once per incarnation of the thread and
 * released when the thread is stopped; a layer that fails to build fails the start of the thread.
 *
 * **Errors** Throws `ThreadEntryMisused` on the main thread, and on a second call.
 *
 * **Gotchas** Finalizers do not run on a thread that is terminated. An actor spawned from inside of the worker lives on
 * this thread, and ends with it.
 */
export const launch = <A, E>(behaviours: Layer.Layer<A, E, ActorSystem>): void =>
  ThreadEntry.run((start) =>
    Effect.gen(function*() {
      const worker = yield* makeWorker(start)
      const services = Context.make(ActorSystem, systemOf(worker.host))
      yield* Layer.buildWithScope(behaviours, worker.scope).pipe(Effect.provideContext(services))
      yield* Effect.forkIn(
        Effect.flatMap(worker.host.awaitEscalation, ({ cause }) => Effect.sync(() => start.fail(cause))),
        worker.scope
      )
      const ready: Control.Ready = {
        behaviours: worker.host.protocols.map(({ layoutHash, name }) => ({ name, layoutHash }))
      }
      return { ready, onMessage: (message) => receive(worker, message as Control.ToWorker) }
    })
  )

const makeWorker = (start: ThreadEntry.ThreadStart) =>
  Effect.gen(function*() {
    const scope = yield* Effect.scope
    const context = yield* Effect.context<never>()
    const seat = start.data as Control.Seat
    const host = yield* makeHostWith(new Tally(seat.tally, start.index))
    const post = (message: Control.ToMain) => start.post(message)
    const log = Effect.runForkWith(context)
    const node = new Node(host, {
      ...seat,
      index: start.index,
      epoch: start.epoch,
      runtime,
      connect: (to, epoch, rings) => post({ _tag: "Rings", to, epoch, rings }),
      failed: (error) => log(Effect.logError(`${start.name}: a turn has thrown`, error)),
      malformed: (thread, error) =>
        log(Effect.logError(`${start.name}: a record from ${seat.names[thread]} was skipped`, error))
    })
    yield* Effect.addFinalizer(() => Effect.sync(() => node.close()))
    node.peerUp(0, seat.mainEpoch)
    const run = Effect.runForkWith(context)
    yield* forwardEvents(host, post)
    const worker: Worker = { host, node, scope, run, post, placed: new Map(), starting: new Map() }
    return worker
  })

const forwardEvents = (host: Host, post: (message: Control.ToMain) => void) =>
  Effect.gen(function*() {
    const subscription = yield* PubSub.subscribe(host.events)
    const forward = Effect.map(PubSub.take(subscription), (event) => {
      const text = eventText(event)
      if (text !== undefined) post({ _tag: "Event", event: text })
    })
    yield* Effect.forkScoped(Effect.forever(forward))
  })

const eventText = (event: SystemEvent): Control.EventText | undefined => {
  switch (event._tag) {
    case "ActorRestarted":
      return { tag: event._tag, who: event.actor, restarts: event.restarts, text: textOf(event.cause) }
    case "HandlerFailed":
      return { tag: event._tag, who: event.actor, restarts: 0, text: textOf(event.cause) }
    case "ActorEnded":
      return { tag: event._tag, who: event.actor, restarts: 0, text: "", reason: ExitReason.encode(event.reason) }
    case "BehaviourEscalated":
      return { tag: event._tag, who: event.name, restarts: 0, text: textOf(event.cause) }
    default:
      return undefined
  }
}

const receive = (worker: Worker, message: Control.ToWorker): void => {
  const { node, post } = worker
  switch (message._tag) {
    case "Spawn": {
      const fiber = worker.run(spawn(worker, message))
      if (fiber.pollUnsafe() !== undefined) return
      worker.starting.set(message.actor, fiber)
      fiber.addObserver(() => worker.starting.delete(message.actor))
      return
    }
    case "Stop": {
      const stopped = Effect.sync(() => post({ _tag: "Stopped", request: message.request }))
      return void worker.run(Effect.ensuring(stop(worker, message.actor), stopped))
    }
    case "Inspect":
      return post({
        _tag: "Inspected",
        request: message.request,
        tree: worker.host.tree
      })
    case "Rings":
      return node.accept(message.from, message.epoch, message.rings)
    case "Up":
      return node.peerUp(message.thread, message.epoch)
    case "Down":
      node.peerDown(message.thread, message.reason, message.isFinal)
  }
}

const stop = (worker: Worker, actor: number): Effect.Effect<void> => {
  const fiber = worker.starting.get(actor)
  // One that is done in spite of the interruption has placed its actor.
  return Effect.andThen(
    fiber === undefined ? Effect.void : Fiber.interrupt(fiber),
    Effect.suspend(() => worker.placed.get(actor)?.stop(ExitReason.scopeClosed) ?? Effect.void)
  )
}

const spawn = (worker: Worker, request: Control.ToWorker & { readonly _tag: "Spawn" }): Effect.Effect<void> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.map(Effect.exit(restore(worker.host.spawn(request, request.key, undefined))), (exit) => {
      worker.post({
        _tag: "Spawned",
        request: request.request,
        result: Exit.isSuccess(exit) ? placed(worker, request.actor, exit.value) : errorText(exit.cause)
      })
    })
  )

const placed = (worker: Worker, actor: number, cell: Cell): Control.Spawned => {
  worker.placed.set(actor, cell)
  worker.node.place(cell, actor, 0)
  cell.whenStopped((reason) => {
    worker.placed.delete(actor)
    // What ends because its supervisor gave up ends with this thread, and is started again with it.
    if (!worker.host.isEscalating) worker.post({ _tag: "Ended", actor, reason: ExitReason.encode(reason) })
  })
  const { capacity, overflow } = cell.behaviour
  return { capacity: capacity === Infinity ? 0 : capacity, overflow }
}

const errorText = (cause: Cause.Cause<SpawnError>): Control.ErrorText => {
  const error = Cause.squash(cause)
  if (!(error instanceof Error && "_tag" in error)) return { tag: "SpawnFailed", text: textOf(cause) }
  const { _tag: tag } = error as SpawnError
  switch ((error as SpawnError)._tag) {
    case "SpawnFailed": {
      const { cause } = error as ActorError.SpawnFailed
      if (!(cause instanceof Error) || cause.message === "") return { tag, text: textOf(Cause.fail(cause)) }
      return { tag, text: cause.message, name: cause.name }
    }
    case "BehaviourNotFound":
      return { tag, text: error.message, known: (error as ActorError.BehaviourNotFound).known }
    case "LayoutMismatch":
      return { tag, text: error.message, there: (error as ActorError.LayoutMismatch).there }
    default:
      return { tag, text: error.message }
  }
}

// A tagged error need not have a message: its fields say what happened.
const described = (error: unknown): string =>
  error instanceof Error && error.message !== "" ? `${error.name}: ${error.message}` : inspect(error, { depth: 2 })

// What user code fails or dies with may be anything, down to values that throw when they are printed.
const textOf = (cause: Cause.Cause<unknown>): string => {
  try {
    return cause.reasons.map((reason) => {
      if (reason._tag === "Interrupt") return "interrupted"
      return described(reason._tag === "Fail" ? reason.error : reason.defect)
    }).join("; ")
  } catch {
    return "a value that cannot be printed"
  }
}
