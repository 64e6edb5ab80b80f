/**
 * What the threads of a pool rehearse (`thread/kernel/Rehearsal`): each plays both sides of a job with itself, from the submission to the reply.
 *
 * It is a pool of its own in this thread, with contexts of its own, and nothing of it is left.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import * as Actor from "../../actor/Actor.ts"
import { refClass } from "../../actor/ActorRef.ts"
import * as ExitReason from "../../actor/ExitReason.ts"
import { Deadlines } from "../../actor/kernel/Deadlines.ts"
import * as Layouts from "../../actor/kernel/Layouts.ts"
import { OPEN } from "../../memory/JobPhase.ts"
import { numberOf } from "../../memory/JobTable.ts"
import type { Runtime } from "../../runtime/Runtime.ts"
import { piece, ThreadContext } from "../../runtime/ThreadContext.ts"
import { CurrentThread } from "../../thread/kernel/CurrentThread.ts"
import type { ThreadStart } from "../../thread/kernel/Entry.ts"
import * as Rehearsal from "../../thread/kernel/Rehearsal.ts"
import * as Poller from "../../thread/Poller.ts"
import type { Post } from "./control.ts"
import { createMemory, HOST, HOST_OWNER, openMemory } from "./memory.ts"
import { PoolRecipient } from "./poolRecipient.ts"
import { openRow } from "./row.ts"
import { serve } from "./serve.ts"
import { hosted } from "./streamProtocol.ts"

const ignore = (): void => {}

/** Jobs at most: after so many all of it has been made fast. */
const JOBS = 1000

/** Jobs between two turns of the event loop, which take as long as several of them. */
const AT_ONCE = 32

/** Between them, as many that find the worker asleep, and as many whose reply does so with who asks. */
const ASLEEP = 2

/** What the slow ones count. */
const SLOWLY = -1

const PLACE = 0
const EPOCH = 1

const settings = {
  key: "rehearsal",
  capacity: 2 * AT_ONCE,
  overflow: "suspend",
  graceMillis: 1000,
  runMillis: 0,
  concurrency: 1,
  mayNap: false
} as const

const rehearsed = piece((): Rehearsal.Rehearsed => ({ hasBegun: false }))

/** The rehearsal of a worker of a pool. */
export const ofWorker = (start: ThreadStart | undefined): Effect.Effect<boolean> =>
  Effect.suspend(() => rehearsal(Rehearsal.millisOf(start, () => (start!.data as Post).memory.deques.length)))

/** See the module; so many milliseconds at most. */
export const rehearsal = (millis: number): Effect.Effect<boolean> => Rehearsal.once(rehearsed, millis, play)

// Defined when it is played: a thread that is simulated does not pay for it.
const roleOf = () =>
  Actor.make("Rehearsal", [
    Rpc.make("Echo", { payload: { text: Schema.String }, success: Schema.String }),
    Rpc.make("Work", { payload: { count: Schema.Number, text: Schema.String }, success: Schema.Number })
  ])

type Role = ReturnType<typeof roleOf>

// One handler that has its answer at once, and one that is an effect with a fiber, and lets who asks fall asleep where there is time for that.
const handlersOf = (role: Role, asleep: Effect.Effect<void>) =>
  role.toLayer(Effect.succeed(role.of({
    Echo: ({ text }) => Effect.succeed(text),
    Work: Effect.fnUntraced(function*({ count }) {
      yield* count === SLOWLY ? asleep : Effect.yieldNow
      return count
    })
  })))

const jobsOf = Effect.fnUntraced(function*(
  pool: Actor.Ref<Role>,
  workerAsleep: Effect.Effect<void>,
  runtime: Runtime,
  endsAt: number
) {
  for (let asked = 0; asked < JOBS && runtime.nowMillis() < endsAt; asked += AT_ONCE) {
    yield* Effect.callback<void>((resume) => {
      let left = AT_ONCE
      const done = (): void => {
        if (--left === 0) resume(Effect.void)
      }
      for (let i = 0; i < AT_ONCE; i += 2) {
        pool.askUnsafe.Echo({ text: `line ${asked + i}` }, done)
        pool.askUnsafe.Work({ count: i / 3, text: "line" }, done)
      }
    })
    for (let i = 0; i < ASLEEP; i++) {
      yield* workerAsleep
      yield* pool.ask.Echo({ text: "line" })
      yield* pool.ask.Work({ count: SLOWLY, text: "line" })
    }
  }
})

const play = Effect.fnUntraced(function*(millis: number) {
  const { runtime } = yield* CurrentThread
  const [here, there] = [new ThreadContext(runtime), new ThreadContext(runtime)]
  // Nothing comes while the one thread looks.
  for (const side of [here, there]) Poller.of(side).limitSpins(0)
  const role = roleOf()
  const { protocol } = role
  const jobs = hosted(protocol)
  const memory = createMemory({ workers: 1, least: 1, clients: 0, capacity: settings.capacity, arenaBytes: 4096 })
  const access = openMemory(here, memory, HOST_OWNER)
  const asleep = (row: number) => Rehearsal.untilAsleep(runtime, [access.bells[row]!])
  const deadlines = new Deadlines(yield* Effect.context<never>(), yield* Clock.Clock, here, ignore)
  const { desk, submitter } = openRow(
    {
      access,
      deadlines,
      failed: ignore,
      hosted: jobs,
      parallelism: 1,
      protocol,
      settings,
      sharesTime: true,
      whyDown: () => undefined,
      whyEnded: () => ExitReason.systemReleased
    },
    HOST,
    ignore
  )
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      deadlines.close()
      desk.close()
    })
  )
  access.table.started(numberOf(PLACE, EPOCH))
  const post: Post = {
    launcher: "PoolThread.launch",
    ...settings,
    ...Layouts.of(protocol),
    memory,
    arenas: [],
    protocol: protocol.name,
    place: PLACE,
    incarnation: EPOCH,
    restMillis: 0,
    recycle: undefined,
    isCompensated: false,
    nowMillis: deadlines.now()
  }
  yield* Effect.provideService(
    serve(handlersOf(role, asleep(HOST)))({
      name: "worker",
      index: 1,
      epoch: EPOCH,
      data: post,
      post: ignore,
      fail: ignore,
      intercept: ignore,
      beat: ignore
    }),
    CurrentThread,
    there
  )
  access.table.setPhase(OPEN)
  access.idle.wakeForDead()
  const recipient = new PoolRecipient(access, submitter, {
    protocol,
    hosted: jobs,
    key: settings.key,
    capacity: settings.capacity,
    parallelism: 1,
    overflow: settings.overflow,
    seatOf: () => undefined
  })
  const pool = new (refClass(protocol))(recipient) as Actor.Ref<Role>
  yield* jobsOf(pool, asleep(HOST + 1), runtime, runtime.nowMillis() + millis)
})
