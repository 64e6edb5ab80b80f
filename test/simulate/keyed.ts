/**
 * Actors of keys, told and asked from all threads while idle ones end, some are told to, and threads die: never two of a key, each message
 * is handled once, in the order of its sender, and none is lost that no thread took with it.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor, ActorControl, ActorSystem, ActorThread } from "shared-nothing"
import { Invariant, Simulation } from "shared-nothing/testing"
import type { SimThread } from "../../src/testing/internal/simThread.ts"
import { CurrentStage } from "../../src/testing/internal/stage.ts"
import { at, onThreads, type Scenario } from "./scenario.ts"

const Book = Actor.make("Book", [
  Rpc.make("Add", { payload: { sender: Schema.Int, number: Schema.Int } }),
  Rpc.make("Last", { payload: { sender: Schema.Int }, success: Schema.Int })
])

/** Sends from its own thread, to keys, and to a reference that came in a message. */
const Sender = Actor.make("Sender", [
  Rpc.make("Send", { payload: { key: Schema.String, sender: Schema.Int, number: Schema.Int } }),
  Rpc.make("SendTo", { payload: { book: Book.ref, sender: Schema.Int, number: Schema.Int } })
])

const IDLE = "50 millis"

/** On which threads the actor of a key lives. */
const living = new Map<string, Set<SimThread>>()
/** By key and sender: the number that was handled last, and how many were. */
const last = new Map<string, number>()
let handled = 0
let builds = 0
let wrong = ""

const Behaviours = Layer.unwrap(Effect.map(CurrentStage, (stage) => {
  const thread = stage!.current
  const BookLive = Book.toLayer(
    Effect.gen(function*() {
      const { key } = yield* Actor.CurrentActor
      const threads = living.get(key) ?? new Set()
      living.set(key, threads)
      yield* Effect.acquireRelease(
        Effect.sync(() => {
          if (Array.from(threads).some(({ isDead }) => !isDead)) wrong = `${key} lives already`
          threads.add(thread)
          builds++
        }),
        () =>
          // Letting go takes its time: messages come meanwhile.
          Effect.andThen(Effect.yieldNow, Effect.sync(() => threads.delete(thread)))
      )
      // So does coming up.
      yield* Effect.yieldNow
      return Book.of({
        Add: ({ number, sender }) =>
          Effect.sync(() => {
            const id = `${key}:${sender}`
            const before = last.get(id) ?? 0
            if (number <= before) wrong = `${id}: ${number} after ${before}`
            last.set(id, number)
            handled++
          }),
        Last: ({ sender }) => Effect.succeed(last.get(`${key}:${sender}`) ?? 0)
      })
    }),
    // A thread that stalls for longer than a build may take is what `failureMatrix.test.ts` is about: here nothing is lost but with its thread.
    { mailbox: { capacity: 2 }, initTimeout: "1 minute" }
  )
  const SenderLive = Sender.toLayer(Effect.gen(function*() {
    const books = yield* Book.keyed({ idle: IDLE })
    return Sender.of({
      Send: ({ key, number, sender }) => Effect.orDie(books.ref(key).tell.Add({ number, sender })),
      SendTo: ({ book, number, sender }) => Effect.orDie(book.tell.Add({ number, sender }))
    })
  }))
  return Layer.mergeAll(BookLive, SenderLive)
}))

const setUp = Effect.gen(function*() {
  living.clear()
  last.clear()
  handled = 0
  builds = 0
  wrong = ""
  yield* Invariant.always("never two of a key, each message once and in order", () => wrong === "")
  const books = yield* Book.keyed({ idle: IDLE })
  return { books, senders: yield* Effect.forEach([0, 1], (i) => Sender.spawn(`s${i}`, at(i))) }
})

const program = Effect.fnUntraced(function*({ books, senders }: Effect.Success<typeof setUp>) {
  let sent = 0
  let answered = 0
  let stopped = 0
  let died = 0
  // Each client is a sender of its own, on one thread.
  const client = Effect.fnUntraced(function*(sender: number) {
    let number = 0
    for (let left = yield* Simulation.draw(16); left > 0; left--) {
      const key = yield* Simulation.pick(["a", "b", "c"])
      const book = books.ref(key)
      const way = yield* Simulation.draw(8)
      number++
      if (way === 0) yield* Effect.sleep(yield* Simulation.pick([49, 50, 60]))
      if (way === 1) {
        // What it has accepted it handles first.
        yield* Effect.exit(Effect.timeout(ActorControl.stop(book), "1 second"))
        stopped++
      } else if (sender < 2 && way < 6) {
        const send = way === 2
          ? senders[sender]!.ask.SendTo({ book, number, sender }, { timeout: "10 seconds" })
          : senders[sender]!.ask.Send({ key, number, sender }, { timeout: "10 seconds" })
        if (Exit.isSuccess(yield* Effect.exit(send))) sent++
        else {
          died++
          sent = Number.NaN
        }
      } else if (sender === 2 && way < 6) {
        if (Exit.isSuccess(yield* Effect.exit(Effect.timeout(book.tell.Add({ number, sender }), "10 seconds")))) sent++
        else sent = Number.NaN
      } else {
        const found = yield* Book.lookup(key)
        if (Option.isNone(found)) return yield* Effect.die(new Error(`${key} was not found`))
        const asked = yield* Effect.exit(found.value.ask.Last({ sender }, { timeout: "5 seconds" }))
        if (Exit.isSuccess(asked)) {
          answered++
          if (asked.value > number) return yield* Effect.die(new Error(`${asked.value} of ${number}`))
        }
      }
    }
  })
  yield* Effect.all([0, 1, 2].map(client), { concurrency: "unbounded" })
  yield* Simulation.converge()
  yield* Effect.sleep("10 seconds")
  const restarts = yield* Effect.map(
    ActorSystem.tree,
    ({ children }) => children.flatMap((child) => child.children).reduce((sum, { restarts }) => sum + restarts, 0)
  )
  if (restarts === 0 && !Number.isNaN(sent) && handled !== sent) {
    return yield* Effect.die(new Error(`${sent} were sent, and ${handled} handled`))
  }
  const left = Array.from(living.values()).reduce(
    (sum, set) => sum + Array.from(set).filter(({ isDead }) => !isDead).length,
    0
  )
  if (left > 0) return yield* Effect.die(new Error(`${left} are not idle`))
  // All keys answer when it is over.
  for (const key of ["a", "b", "c"]) yield* books.ref(key).ask.Last({ sender: 0 }, { timeout: "10 seconds" })
  yield* Invariant.sometimes("nothing dies, and all is handled", restarts === 0 && sent > 4)
  yield* Invariant.sometimes("one comes up again", builds > 8)
  yield* Invariant.sometimes("a thread dies", restarts > 0)
  yield* Invariant.sometimes("one is told to end", stopped > 1)
  yield* Invariant.sometimes("asks are answered", answered > 2)
  yield* Invariant.sometimes("a sender dies", died > 0)
})

export const keyed: Scenario = {
  name: "keyed",
  worker: () => ActorThread.launch(Behaviours),
  program: onThreads(2, setUp, program)
}
