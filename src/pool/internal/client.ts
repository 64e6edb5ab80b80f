/**
 * A pool on a thread that has not made it: found by its name, used by a row of its own (`Clients`).
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import type { LayoutMismatch } from "../../actor/ActorError.ts"
import * as ExitReason from "../../actor/ExitReason.ts"
import { Deadlines } from "../../actor/kernel/Deadlines.ts"
import * as Layouts from "../../actor/kernel/Layouts.ts"
import { actorName, type Protocol } from "../../actor/kernel/Protocol.ts"
import { RunningCell } from "../../actor/kernel/RunningCell.ts"
import { STOPPING } from "../../memory/JobPhase.ts"
import { workerOf } from "../../memory/JobTable.ts"
import type { ThreadContext } from "../../runtime/ThreadContext.ts"
import { type Broadcast, broadcastOf, EXIT } from "../../thread/kernel/Broadcast.ts"
import { CurrentThread } from "../../thread/kernel/CurrentThread.ts"
import { PoolAmbiguous, PoolCrowded, PoolNotFound } from "../PoolError.ts"
import * as Control from "./control.ts"
import { benches } from "./job.ts"
import { openMemory, SAME_TIME_MILLIS } from "./memory.ts"
import { PoolRecipient } from "./poolRecipient.ts"
import { openRow, type Row } from "./row.ts"
import { hosted } from "./streamProtocol.ts"
import type { Submitter } from "./submitter.ts"

/** Why a thread does not join a pool. */
export type JoinError = PoolNotFound | PoolCrowded | PoolAmbiguous | LayoutMismatch

interface Asked {
  readonly protocol: Protocol
  readonly name: string
  readonly request: number
}

/** What a pool has answered. */
interface Joined extends Control.Membership {
  readonly pool: number
}

const resultOf = (
  { name, protocol }: Asked,
  { pool, result }: Control.Answer
): Exit.Exit<Joined, JoinError> => {
  switch (result._tag) {
    case "Joined":
      return Exit.succeed({ ...result, pool })
    case "Crowded":
      return Exit.fail(new PoolCrowded({ pool: name, clients: result.clients }))
    case "Mismatch":
      return Exit.fail(
        Layouts.mismatch(name, Layouts.of(protocol), result)
      )
    case "Ambiguous":
      return Exit.fail(new PoolAmbiguous({ pool: name }))
  }
}

/** Asks until a pool of the name answers; one that is made later says so. What answers second is left at once. */
const find = (voice: Broadcast, asked: Asked): Effect.Effect<Joined, JoinError, Scope.Scope> =>
  Effect.gen(function*() {
    const { name, protocol: { layoutHash }, request } = asked
    let first: Exit.Exit<Joined, JoinError> | undefined
    let heard: (() => void) | undefined
    const ask = () =>
      voice.say(Control.JOIN, { name, layoutHash, request, thread: voice.number } satisfies Control.Join)
    const unlisten = [
      voice.listen(Control.OPENED, (opened) => {
        if (first === undefined && (opened as Control.Opened).name === name) ask()
      }),
      voice.listen(Control.ANSWER, (message) => {
        const answer = message as Control.Answer
        if (answer.request !== request) return
        if (first !== undefined) {
          return voice.say(Control.LEAVE, { request, pool: answer.pool } satisfies Control.Leave)
        }
        first = resultOf(asked, answer)
        heard?.()
      })
    ]
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        for (const stop of unlisten) stop()
      })
    )
    return yield* Effect.callback<Joined, JoinError>((resume) => {
      heard = () => resume(first!)
      ask()
    })
  })

interface Opened {
  readonly submitter: Submitter
  readonly recipient: PoolRecipient
  readonly close: () => void
}

interface Ground {
  readonly thread: ThreadContext
  readonly voice: Broadcast
  readonly deadlines: Deadlines
  readonly failed: (where: string, error: unknown) => void
}

const open = (ground: Ground, { protocol }: Asked, key: string, joined: Joined): Opened => {
  const { deadlines, failed, thread, voice } = ground
  const { capacity, graceMillis, mayNap, memory, nowMillis, owner, parallelism, overflow, pool, row, runMillis } =
    joined
  const access = openMemory(thread, memory, owner)
  protocol.prepare(access.scratch.carriage)
  const jobs = hosted(protocol)
  const { desk, submitter }: Row = openRow(
    {
      access,
      deadlines,
      failed,
      hosted: jobs,
      parallelism,
      protocol,
      settings: { key, capacity, overflow, graceMillis, runMillis, mayNap },
      sharesTime: Math.abs(deadlines.now() - nowMillis) < SAME_TIME_MILLIS,
      whyEnded: () => {
        // The reason was said before the table had it.
        voice.poll()
        return submitter.ended ?? ExitReason.systemReleased
      },
      // Of workers that are stopped the end says what becomes of their jobs.
      whyDown: (number) =>
        access.table.phase() >= STOPPING
          ? undefined
          : { thread: `worker-${workerOf(number)}`, reason: "it has ended" }
    },
    row,
    (overdue) => voice.say(Control.OVERDUE, { pool, ...overdue } satisfies Control.ClientOverdue)
  )
  const recipient = new PoolRecipient(access, submitter, {
    protocol,
    hosted: jobs,
    key,
    capacity,
    parallelism,
    overflow,
    seatOf: (fiber) => thread.get(benches).lend(fiber.getRef(RunningCell))
  })
  const unlisten = [
    voice.listen(Control.GONE, (gone) => {
      if ((gone as Control.Gone).pool === pool) submitter.end(ExitReason.decode((gone as Control.Gone).reason))
    }),
    voice.listen(EXIT, (number) => {
      if (number === joined.thread) submitter.end(ExitReason.threadLost("the thread of the pool", "it has exited"))
    })
  ]
  const close = () => {
    for (const stop of unlisten) stop()
    submitter.leave(ExitReason.scopeClosed)
    desk.close()
  }
  return { submitter, recipient, close }
}

/**
 * Joins the pool of a protocol and a key; the thread is a client of it until the scope is closed.
 *
 * **Errors** {@link JoinError}.
 */
export const join = (
  protocol: Protocol,
  key: string,
  timeoutMillis: number
): Effect.Effect<PoolRecipient, JoinError, Scope.Scope> =>
  Effect.gen(function*() {
    const context = yield* Effect.context<never>()
    const thread = yield* CurrentThread
    const clock = yield* Clock.Clock
    const voice = broadcastOf(thread)
    const asked: Asked = { protocol, name: actorName(protocol, key), request: voice.unique() }
    const run = Effect.runForkWith(context)
    const failed = (where: string, error: unknown) => void run(Effect.ignoreCause(Effect.logError(where, error)))
    const deadlines = new Deadlines(
      context,
      clock,
      thread,
      (defect) => failed(`${asked.name}: a deadline`, defect)
    )
    let opened: Opened | undefined = undefined
    // Also what was given and not heard of: a pool that has not been asked has nothing to take back.
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        opened?.close()
        deadlines.close()
        voice.say(Control.LEAVE, { request: asked.request, pool: undefined } satisfies Control.Leave)
      })
    )
    const joined = yield* Effect.timeoutOrElse(find(voice, asked), {
      duration: timeoutMillis,
      orElse: () => Effect.fail(new PoolNotFound({ pool: asked.name, waitedMillis: timeoutMillis }))
    })
    opened = open({ thread, voice, deadlines, failed }, asked, key, joined)
    return opened.recipient
  })
