/**
 * A worker thread that is given ends of channels: declared once, run on the worker, started from anywhere.
 *
 * The declaration names the ends and their schemas; both sides import it, so that what one side hands over is what the
 * other side gets, by type and at run time.
 *
 * ```text
 *   declare     make(name, { jobs: receiver(Job), results: sender(Result) })
 *   worker.ts   launch(({ jobs, results }) => effect)
 *   main.ts     start({ spawn: () => new Worker(…), ends: { jobs: …, results: … } })
 * ```
 *
 * It promises that the ends are closed when the thread's effect is done, fails, or dies with the thread, however that dies: what
 * it was writing is counted as lost, and nobody waits for it. It never restarts the thread: start it again, with ends for
 * the new one.
 */
import * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import type { ArenaEnd } from "../memory/Arena.ts"
import * as Launcher from "../thread/kernel/Launcher.ts"
import type { SpawnWorker } from "../thread/SpawnedWorker.ts"
import * as Thread from "../thread/Thread.ts"
import * as ThreadArenas from "../thread/ThreadArenas.ts"
import * as ThreadEntry from "../thread/ThreadEntry.ts"
import type { ThreadDown } from "../thread/ThreadError.ts"
import * as ArenaOwners from "../wire/kernel/ArenaOwners.ts"
import type { NoRef } from "../wire/Ref.ts"
import type { EndMoved } from "./ChannelError.ts"
import { refuse } from "./ChannelOptions.ts"
import { foreignEnd, handOverTo, isSharedEnd } from "./internal/handingOver.ts"
import type { Receiver } from "./Receiver.ts"
import type { Sender } from "./Sender.ts"
import * as SharedChannel from "./SharedChannel.ts"

/** The declaration of a sending end. */
export interface SenderOf<S extends Schema.Top> {
  readonly side: "sender"
  readonly schema: S
}

/** The declaration of a receiving end. */
export interface ReceiverOf<S extends Schema.Top> {
  readonly side: "receiver"
  readonly schema: S
}

/** Declares that the thread sends. */
export const sender = <S extends Schema.Top>(schema: S & NoRef<S>): SenderOf<S> => ({ side: "sender", schema })

/** Declares that the thread receives. */
export const receiver = <S extends Schema.Top>(schema: S & NoRef<S>): ReceiverOf<S> => ({ side: "receiver", schema })

/** The ends of a thread, by name. */
export interface Declarations {
  readonly [name: string]: SenderOf<Schema.Top> | ReceiverOf<Schema.Top>
}

/** The ends that belong to declarations. */
export type Ends<D extends Declarations> = {
  readonly [K in keyof D]: D[K] extends SenderOf<infer S> ? Sender<S["Type"]>
    : D[K] extends ReceiverOf<infer S> ? Receiver<S["Type"]>
    : never
}

/** What a start needs. */
export interface StartOptions<D extends Declarations> extends
  Pick<
    Thread.Options,
    "spawn" | "readyTimeout" | "heartbeat" | "stopTimeout" | "terminateTimeout"
  >
{
  /** Makes the worker: `new Worker(new URL("./worker.ts", import.meta.url))`. */
  readonly spawn: SpawnWorker
  /** The ends that the thread gets. They are handed over: use a `clone` for an end that is needed on this thread too. */
  readonly ends: Ends<D>
  /** The thread's number among its siblings; 0 unless told. */
  readonly index?: number | undefined
  /**
   * Arenas that are open on this thread (`ThreadArenas.open`) and shall be on the new one, for messages with parcels. What the
   * thread holds there when it exits is recovered.
   */
  readonly arenas?: ReadonlyArray<ArenaEnd> | undefined
}

/** A thread that has its ends. */
export interface ChannelThread {
  /** The thread; it ends with the scope that it was started in. */
  readonly thread: Thread.Thread
  /** Waits until the thread's effect is done. Fails with the reason when the thread goes down before. */
  readonly done: Effect.Effect<void, ThreadDown>
}

/** A declared thread. */
export interface Declared<D extends Declarations> {
  readonly name: string
  readonly declarations: D
  /**
   * Runs the thread. Call it once, at the top level of the worker's file.
   *
   * **Details** The ends are closed when the effect is done; the thread then waits to be stopped. A failure of the effect ends the thread.
   */
  readonly launch: <E>(body: (ends: Ends<D>, start: Launched) => Effect.Effect<unknown, E, Scope.Scope>) => void
  /**
   * Starts a thread, hands the ends over and waits until it has them; the thread ends with the scope.
   *
   * **Errors** `EndMoved` when an end is not here any more; `ThreadDown` when the thread does not come up: the ends are
   * closed then. `ThreadSpawnFailed` is also what a `spawn` that returns no `Worker` makes. Dies with a `TypeError` that names
   * the thread and the end when one is not of a channel between threads; nothing was handed over then.
   */
  readonly start: (options: StartOptions<D>) => Effect.Effect<ChannelThread, ThreadDown | EndMoved, Scope.Scope>
}

/** What a launched thread knows of itself. */
export interface Launched {
  readonly name: string
  readonly index: number
  /** The arenas that it was given, open, in their order. */
  readonly arenas: ReadonlyArray<ArenaEnd>
}

const DONE = "shared-nothing/channel/done"

interface StartData extends Launcher.Launched {
  readonly handles: { readonly [name: string]: SharedChannel.Handle }
  readonly arenas: ReadonlyArray<ArenaOwners.Given>
}

/** Declares a thread by the ends that it has. */
export const make = <const D extends Declarations>(name: string, declarations: D): Declared<D> => ({
  name,
  declarations,
  launch: (body) => launch(declarations, body),
  start: (options) => Effect.andThen(checkEnds(name, declarations, options), start(name, declarations, options))
})

/** Before any is handed over: who has corrected the mistake has all of them. */
const checkEnds = <D extends Declarations>(
  name: string,
  declarations: D,
  options: StartOptions<D>
): Effect.Effect<void> =>
  Effect.sync(() => {
    for (const key of Object.keys(declarations)) {
      const end: unknown = options.ends[key]
      if (!isSharedEnd(end)) throw foreignEnd(placeOf(name, key), end)
    }
  })

const placeOf = (thread: string, key: string) => `end "${key}" of thread "${thread}"`

const launch = <D extends Declarations, E>(
  declarations: D,
  body: (ends: Ends<D>, start: Launched) => Effect.Effect<unknown, E, Scope.Scope>
): void =>
  ThreadEntry.launch((start) =>
    Effect.gen(function*() {
      yield* Launcher.checked("ChannelThread.launch", start)
      const { arenas, handles } = start.data as StartData
      const opened = yield* Effect.forEach(arenas, ({ buffer, owner }) => ThreadArenas.open(buffer, owner))
      // The ends live as long as the body, not as long as the thread.
      const scope = yield* Scope.fork(yield* Effect.scope)
      const ends = yield* Scope.provide(openAll(declarations, handles), scope)
      const live = Scope.provide(body(ends, { name: start.name, index: start.index, arenas: opened }), scope)
      yield* Effect.forkScoped(Effect.flatMap(Effect.exit(live), (exit) =>
        Effect.andThen(
          Scope.close(scope, exit),
          Effect.sync(() => {
            if (Exit.isSuccess(exit)) start.post(DONE)
            else if (!Cause.hasInterruptsOnly(exit.cause)) start.fail(exit.cause)
          })
        )))
      return { ready: undefined }
    })
  )

const openAll = <D extends Declarations>(declarations: D, handles: StartData["handles"]) =>
  Effect.gen(function*() {
    const ends: Record<string, Sender<unknown> | Receiver<unknown>> = {}
    for (const [key, { schema, side }] of Object.entries(declarations)) {
      ends[key] = side === "sender"
        ? yield* SharedChannel.openSender(schema, handles[key])
        : yield* SharedChannel.openReceiver(schema, handles[key])
    }
    // Each end was opened by its declaration.
    return ends as unknown as Ends<D>
  })

const start = <D extends Declarations>(
  name: string,
  declarations: D,
  options: StartOptions<D>
): Effect.Effect<ChannelThread, ThreadDown | EndMoved, Scope.Scope> =>
  Effect.contextWith((context: Context.Context<never>) => {
    const done = Deferred.makeUnsafe<void>()
    const handles: Record<string, SharedChannel.Handle> = {}
    let arenas: ArenaOwners.Lent | undefined
    let isRecovered = false
    let isSpawned = false
    const recoverAll = () => {
      // Once: the numbers that this gives back may belong to another thread by the next time.
      if (isRecovered) return
      isRecovered = true
      for (const handle of Object.values(handles)) {
        const lost = SharedChannel.recoverUnsafe(handle)
        if (lost === 0) continue
        const text = `${lost} messages of channel "${handle.channel}" died with thread "${name}"`
        Effect.runForkWith(context)(Effect.logWarning(text))
      }
      arenas?.recover()
    }
    const handOver = Effect.gen(function*() {
      arenas = lend(name, options.arenas ?? [])
      for (const key of Object.keys(declarations)) {
        yield* handOverTo(placeOf(name, key), options.ends[key]!, (handle) => {
          handles[key] = handle
        })
      }
      const data: StartData = { launcher: "ChannelThread.launch", handles, arenas: arenas.given }
      return data
    })
    const make = (data: StartData) =>
      Thread.make({
        ...options,
        name,
        index: options.index ?? 0,
        epoch: 0,
        data,
        onMessage: (message) => {
          if (message === DONE) Deferred.doneUnsafe(done, Effect.void)
        },
        beforeReady: (starting) => {
          isSpawned = true
          starting.onExit((_, exitSeen) => {
            // A thread that was given up without an exit event may still be writing: its ends are not touched.
            if (exitSeen) recoverAll()
          })
        }
      })
    return Effect.flatMap(handOver, make).pipe(
      // Failed or interrupted with ends that no thread has.
      Effect.onError(() =>
        Effect.sync(() => {
          if (!isSpawned) recoverAll()
        })
      ),
      Effect.map((thread) => ({
        thread,
        done: Effect.raceFirst(Deferred.await(done), Effect.flatMap(thread.exit, Effect.fail))
      }))
    )
  })

/** Numbers for the thread in its arenas. */
const lend = (name: string, arenas: ReadonlyArray<ArenaEnd>): ArenaOwners.Lent => {
  const lent = ArenaOwners.lend(arenas)
  return lent instanceof ArenaOwners.Lent ? lent : refuse(name, "arenas", lent.id, ArenaOwners.NO_NUMBER)
}
