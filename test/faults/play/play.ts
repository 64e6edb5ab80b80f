/**
 * Messages to actors on real threads that are ended in every way in which threads end, and the books of them afterwards.
 *
 * What chance decides comes from the seed. What threads make of it is not repeatable: a failing seed is a place to look.
 *
 * ```text
 *   sent = handled + handed back + set aside + asks whose time was over + lost with a thread
 *   nothing is handled twice by who handles at most once; what was handed back was not handled; what was answered was
 *   without the death of a thread nothing is lost, and never what was told to a mailbox that survives its thread
 * ```
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as PubSub from "effect/PubSub"
import { Worker } from "node:worker_threads"
import { ActorSystem } from "shared-nothing"
import { seeded } from "../../memory/seeded.ts"
import { Again, ATTEMPTS, type Ending, Lasting, Narrow, Once, type Player } from "./actors.ts"

/** What came of a play. */
export interface Play {
  readonly seed: number
  /** What was done to threads and actors, and how often. */
  readonly faults: Readonly<Record<string, number>>
  readonly sent: number
  readonly handled: number
  readonly handedBack: number
  readonly setAside: number
  /** Asks whose time was over before anybody handled them. */
  readonly late: number
  /** What a thread that died had not handled. */
  readonly lost: number
  /** What is wrong; empty when nothing is. */
  readonly wrong: ReadonlyArray<string>
}

type Kind = "Once" | "Narrow" | "Again" | "Lasting"

/** A message and what its sender knows of it. */
interface Sent {
  readonly to: Kind
  readonly isAsk: boolean
  readonly isPoison: boolean
  /** What was accepted, was late, or was on a thread that died, may or may not have been handled. */
  state: "under way" | "accepted" | "answered" | "handed back" | "late" | "lost"
}

const THREADS = 2
const CLIENTS = 8
const MESSAGES = 60
const MOST = CLIENTS * MESSAGES
const SETTLE_MILLIS = 60_000

/** Errors that promise that no handler has seen the message. */
const UNHANDLED: ReadonlySet<string> = new Set([
  "ActorRestarting",
  "ActorStopped",
  "MailboxFull",
  "LinkFull",
  "MessageTooLarge",
  "InvalidPayload"
])

const tagOf = (cause: Cause.Cause<unknown>): string => {
  const error = Cause.squash(cause)
  return typeof error === "object" && error !== null && "_tag" in error ? String(error._tag) : "defect"
}

const program = (seed: number, handled: Int32Array, workers: ReadonlyArray<Worker>) =>
  Effect.gen(function*() {
    const random = seeded(seed)
    const isCalm = seed % 3 === 0
    const book: Array<Sent> = []
    const faults: Record<string, number> = {}
    const setAside = new Set<number>()
    const wrong: Array<string> = []

    const system = yield* ActorSystem.ActorSystem
    const events = yield* PubSub.subscribe(system.events)
    yield* Effect.forkScoped(Effect.forever(Effect.map(PubSub.take(events), (event) => {
      if (event._tag === "MessageSetAside") setAside.add((event.payload as { readonly id: number }).id)
    })))

    const threads = Array.from({ length: THREADS }, (_, thread) => ({ placement: { thread } }) as const)
    const spawned = yield* Effect.forEach(threads, (at, n) =>
      Effect.all([
        Once.spawn(`once-${n}`, at),
        Narrow.spawn(`narrow-${n}`, at),
        Again.spawn(`again-${n}`, at),
        Lasting.spawn(`lasting-${n}`, at)
      ]))
    const players = spawned.flatMap(([once, narrow, again, lasting]): ReadonlyArray<readonly [Kind, Player]> => [
      ["Once", once],
      ["Narrow", narrow],
      ["Again", again],
      ["Lasting", lasting]
    ])
    // A message that ends its thread would end the next one too, where it survives that.
    const mortal = players.filter(([kind]) => kind !== "Lasting")

    const fault = (name: string): void => {
      faults[name] = (faults[name] ?? 0) + 1
    }
    const one = Effect.gen(function*() {
      const [to, player] = players[random(players.length)]!
      const id = book.length
      const isPoison = random(12) === 0
      const isAsk = !isPoison && random(3) === 0
      const message: Sent = { to, isAsk, isPoison, state: "under way" }
      book.push(message)
      if (isPoison) {
        fault("poison")
      }
      const millis = random(4) === 0 ? 1 + random(4) : 0
      const exit: Exit.Exit<unknown, unknown> = yield* Effect.exit(
        isPoison
          ? player.tell.Poison({ id })
          : isAsk
          ? player.ask.Ask({ id, millis }, { timeout: random(6) === 0 ? 2 : "30 seconds" })
          : player.tell.Note({ id, millis })
      )
      if (Exit.isSuccess(exit)) {
        message.state = isAsk ? "answered" : "accepted"
      } else {
        const tag = tagOf(exit.cause)
        // A tell that fails was not sent, whatever the reason.
        message.state = !isAsk || UNHANDLED.has(tag) ? "handed back" : tag === "AskTimeout" ? "late" : "lost"
        if (!["ThreadLost", "AskTimeout"].includes(tag) && !UNHANDLED.has(tag)) {
          wrong.push(`message ${id}: ${tag}`)
        }
      }
    })
    const client = Effect.gen(function*() {
      for (let n = 0; n < MESSAGES; n++) {
        yield* one
        if (random(5) === 0) {
          yield* Effect.sleep(random(8))
        }
      }
    })

    const endings: ReadonlyArray<typeof Ending.Type> = ["exit", "throw", "exit", "throw", "loop", "heap"]
    const end = Effect.gen(function*() {
      if (random(3) === 0) {
        const living = workers.filter((worker) => worker.threadId !== -1)
        if (living.length === 0) return
        fault("terminate")
        void living[random(living.length)]!.terminate()
      } else {
        const how = endings[random(endings.length)]!
        const [, player] = mortal[random(mortal.length)]!
        if (player.tellUnsafe.End({ how })) fault(how)
      }
    })
    const injector = Effect.gen(function*() {
      for (let left = 1 + random(4); left > 0; left--) {
        yield* Effect.sleep(10 + random(120))
        yield* end
      }
    })
    const acts = Effect.all(
      [...Array.from({ length: CLIENTS }, () => client), ...(isCalm ? [] : [injector])],
      { concurrency: "unbounded" }
    )
    if ((yield* Effect.timeoutOption(acts, SETTLE_MILLIS))._tag === "None") wrong.push("somebody waits for ever")

    // What was accepted has been handled once every actor answers behind it.
    for (const [, player] of players) {
      const patient = Effect.retry(player.ask.Ping(undefined, { timeout: "10 seconds" }), {
        while: () => Effect.as(Effect.sleep(5), true)
      })
      const answered = yield* Effect.timeoutOption(patient, SETTLE_MILLIS)
      if (answered._tag === "None") wrong.push(`${player.name}/${player.key} does not answer any more`)
    }
    const deaths = workers.length - THREADS
    // Events of workers come on their ports, behind the answers.
    const isPending = () =>
      book.some(({ isPoison, state, to }, id) =>
        isPoison && to === "Again" && state === "accepted" && !setAside.has(id)
      )
    if (deaths === 0) yield* Effect.timeoutOption(Effect.repeat(Effect.sleep(5), { while: isPending }), SETTLE_MILLIS)
    return judge({ seed, book, faults, handled, setAside, wrong, deaths })
  })

interface Evidence {
  readonly seed: number
  readonly book: ReadonlyArray<Sent>
  readonly faults: Readonly<Record<string, number>>
  readonly handled: Int32Array
  readonly setAside: ReadonlySet<number>
  readonly wrong: Array<string>
  readonly deaths: number
}

const judge = ({ book, deaths, faults, handled, seed, setAside, wrong }: Evidence): Play => {
  const play = { handled: 0, handedBack: 0, setAside: 0, late: 0, lost: 0 }
  for (const [id, { isPoison, state, to }] of book.entries()) {
    const times = Atomics.load(handled, id)
    const most = to === "Again" ? ATTEMPTS : to === "Lasting" ? 1 + deaths : 1
    if (times > most) wrong.push(`message ${id} to ${to} was handled ${times} times`)
    if (state === "handed back" && times > 0) wrong.push(`message ${id} was handed back, and handled`)
    if (state === "answered" && times === 0) wrong.push(`message ${id} was answered, and not handled`)
    if (setAside.has(id)) {
      if (!isPoison) wrong.push(`message ${id} was set aside, and is no poison`)
      play.setAside++
    } else if (times > 0) play.handled++
    else if (state === "handed back") play.handedBack++
    else if (state === "late") play.late++
    else {
      play.lost++
      if (deaths === 0) wrong.push(`message ${id} to ${to} is lost, and no thread has died`)
      if (to === "Lasting") wrong.push(`message ${id} is lost, and survives its thread`)
    }
    if (isPoison && to === "Again" && state === "accepted" && deaths === 0 && !setAside.has(id)) {
      wrong.push(`message ${id} is poison, and was not set aside`)
    }
  }
  return { seed, faults, sent: book.length, ...play, wrong }
}

/** Plays once. */
export const play = (seed: number): Effect.Effect<Play, unknown> =>
  Effect.suspend(() => {
    const handled = new Int32Array(new SharedArrayBuffer(4 * MOST))
    const workers: Array<Worker> = []
    const system = ActorSystem.layerThreads({
      spawn: () => {
        const worker = new Worker(new URL("./play.worker.ts", import.meta.url), {
          workerData: handled,
          stdout: true,
          stderr: true,
          resourceLimits: { maxOldGenerationSizeMb: 128 }
        })
        workers.push(worker)
        return worker
      },
      threads: THREADS,
      readyTimeout: "1 minute",
      heartbeat: { interval: "100 millis", timeout: "2 seconds" },
      intensity: { restarts: 1_000_000, within: "1 minute" }
    })
    return program(seed, handled, workers).pipe(
      Effect.scoped,
      Effect.provide(Layer.provideMerge(system, Logger.layer([])))
    )
  })
