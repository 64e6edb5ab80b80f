/**
 * Actors whose mailboxes survive, on threads that die at any step: what was accepted is handled at least once, in the order of its
 * sender, with an exact count of attempts; who asks has an answer.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { Actor, ActorError, ActorSystem, ActorThread } from "shared-nothing"
import { Fault, Invariant, Simulation } from "shared-nothing/testing"
import { at, onThreads, type Scenario } from "./scenario.ts"

const Note = { sender: Schema.Int, n: Schema.Int, text: Schema.String }

const Ledger = Actor.make("Ledger", [
  Rpc.make("Note", { payload: Note }),
  Rpc.make("Pause", { payload: Note }),
  Rpc.make("Enter", { payload: Note, success: Schema.Int }),
  Rpc.make("Refuse", { payload: Note, success: Schema.Int, error: Schema.String })
])

/** Sends to the ledger from another thread, or from the same one. */
const Clerk = Actor.make("Clerk", [
  Rpc.make("Send", {
    payload: { ledger: Ledger.ref, sender: Schema.Int, count: Schema.Int },
    success: Schema.Int
  })
])

interface Begun {
  readonly sender: number
  readonly n: number
  readonly attempt: number
}

let begun: Array<Begun> = []
let accepted = new Map<number, number>()

const LedgerLive = Ledger.toLayer(
  Effect.sync(() => {
    const begin = ({ n, sender }: { readonly sender: number; readonly n: number }) =>
      Effect.map(Actor.attempt, (attempt) => void begun.push({ sender, n, attempt }))
    return Ledger.of({
      Note: begin,
      Pause: (note) => Effect.andThen(begin(note), Effect.sleep(2)),
      Enter: (note) => Effect.as(Effect.andThen(begin(note), Effect.sleep(1)), note.n),
      Refuse: (note) => Effect.andThen(begin(note), Effect.fail(`no ${note.n}`))
    })
  }),
  {
    mailbox: { capacity: 3, survives: { capacityBytes: 4096 } },
    supervision: { intensity: { restarts: 1_000_000, within: "1 minute" } }
  }
)

/** Sends so many notes of every kind; what is taken is written down. */
const send = (ledger: Actor.Ref<typeof Ledger>, sender: number, count: number) =>
  Effect.gen(function*() {
    accepted.set(sender, 0)
    for (let n = 1; n <= count; n++) {
      const note = { sender, n, text: "x".repeat(yield* Simulation.draw(200)) }
      const kind = yield* Simulation.draw(5)
      if (kind === 0) {
        // What an ask that fails was begun with or not is told by nobody.
        const asked = yield* Effect.exit(ledger.ask.Enter(note, { timeout: "1 hour" }))
        if (Exit.isSuccess(asked) && asked.value !== n) {
          return yield* Effect.die(new Error(`${n} was answered ${asked.value}`))
        }
        const error = Exit.isFailure(asked) ? Cause.squash(asked.cause) : undefined
        if (error instanceof ActorError.AskTimeout) return yield* Effect.die(new Error(`${n} has no answer`))
        const isLost = error instanceof ActorError.ThreadLost
        // One that was lost has been answered, and the answer has gone with its thread.
        if (Exit.isFailure(asked) && !isLost) {
          n--
          yield* Effect.sleep(5)
          continue
        }
      } else if (kind === 1) yield* Effect.orDie(ledger.tell.Pause(note))
      else yield* Effect.orDie(ledger.tell.Note(note))
      accepted.set(sender, n)
    }
    return count
  })

const ClerkLive = Clerk.toLayer(Effect.succeed(Clerk.of({
  Send: ({ count, ledger, sender }) => send(ledger, sender, count)
})))

/** Attempts of which nothing was written down: the thread has died before the handler came to that. */
const unseen = (): number => {
  const seen = new Map<string, Array<number>>()
  for (const { attempt, n, sender } of begun) seen.set(`${sender}/${n}`, [...seen.get(`${sender}/${n}`) ?? [], attempt])
  return Array.from(seen.values()).reduce((sum, attempts) => sum + attempts.at(-1)! - attempts.length, 0)
}

/** What is wrong with what was begun: for a sender, the numbers from 1 on, each as often as its attempts say. */
const wrong = (sender: number, isComplete: boolean): string | undefined => {
  let last = 0
  let attempts = 0
  for (const { attempt, n } of begun.filter((one) => one.sender === sender)) {
    if (n === last) {
      if (attempt <= attempts) return `${n} of ${sender} was begun for the time ${attempt} after ${attempts}`
    } else if (n !== last + 1) return `${n} of ${sender} came behind ${last}`
    last = n
    attempts = attempt
  }
  const taken = accepted.get(sender) ?? 0
  if (last < taken) return `${taken} of ${sender} were taken, and ${last} begun`
  return isComplete && last > taken + 1 ? `${last} of ${sender} were begun, and ${taken} taken` : undefined
}

const program = Effect.suspend(() => {
  begun = []
  accepted = new Map()
  const setUp = Effect.gen(function*() {
    const ledger = yield* Ledger.spawn("l", at(0))
    const clerks = [yield* Clerk.spawn("here", at(0)), yield* Clerk.spawn("there", at(1))]
    return { ledger, clerks }
  })
  return onThreads(2, setUp, ({ clerks, ledger }) =>
    Effect.gen(function*() {
      let ends = 0
      yield* (yield* ActorSystem.ActorSystem).events.pipe(
        Stream.fromPubSub,
        Stream.runForEach((event) =>
          Effect.sync(() => {
            if (event._tag === "ThreadEnded" && event.thread === "worker-0") ends++
          })
        ),
        Effect.forkScoped({ startImmediately: true })
      )
      const count = 1 + (yield* Simulation.draw(12))
      const asked = clerks.map((clerk, i) =>
        Effect.exit(clerk.ask.Send({ ledger, sender: i + 2, count }, { timeout: "1 hour" }))
      )
      yield* Effect.all([send(ledger, 1, count), ...asked], { concurrency: "unbounded" })
      yield* Fault.heal
      yield* Effect.sleep("10 seconds")
      const told = [1, 2, 3].flatMap((sender) => wrong(sender, true) ?? [])
      if (unseen() > ends) told.push(`${unseen()} attempts were counted that nobody saw, and ${ends} threads have died`)
      if (told.length > 0) return yield* Effect.die(new Error(told.join("; ")))
      yield* Invariant.sometimes("a message is begun again", begun.some(({ attempt }) => attempt > 1))
      yield* Invariant.sometimes("nothing is begun again", begun.every(({ attempt }) => attempt === 1))
    }))
})

export const survive: Scenario = {
  name: "survive",
  worker: () => ActorThread.launch(Layer.mergeAll(LedgerLive, ClerkLive)),
  faults: "swarm",
  program
}
