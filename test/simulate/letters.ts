/**
 * Actors that drop what they cannot take and are killed, on threads that die, while their dead letters are sent again: a message is begun at most once, and
 * as long as no thread dies it is begun, or a letter, or was in hand when its actor was killed.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor, ActorControl, ActorSystem, ActorThread } from "shared-nothing"
import { Invariant, Simulation } from "shared-nothing/testing"
import { at, onThreads, type Scenario } from "./scenario.ts"

const Desk = Actor.make("Desk", [Rpc.make("File", { payload: { n: Schema.Int, millis: Schema.Int } })])

/** How often a message was begun, and how often it may be. */
const begun = new Map<number, number>()
const allowed = new Map<number, number>()

const DeskLive = Desk.toLayer(
  Effect.succeed(Desk.of({
    // Counted where the message is handed over: who is killed before its handler's first step had it in hand.
    File: ({ millis, n }) => {
      begun.set(n, (begun.get(n) ?? 0) + 1)
      return Effect.suspend(() => millis === 0 ? Effect.void : Effect.sleep(millis))
    }
  })),
  { mailbox: { capacity: 4, overflow: "dropOldest" }, shutdown: "brutalKill" }
)

const spawn = (place: number) => Desk.spawn(`d${place}`, place === 2 ? { placement: "here" } : at(place))

const setUp = Effect.gen(function*() {
  begun.clear()
  allowed.clear()
  yield* Invariant.always(
    "a message is begun once, and again only when nobody could say whether it was",
    () => Array.from(begun).every(([n, times]) => times <= (allowed.get(n) ?? 1))
  )
  return yield* Effect.forEach([0, 1, 2], spawn)
})

const program = Effect.fnUntraced(function*(desks: Array<typeof Desk.ref.Type>) {
  const letters = yield* ActorSystem.deadLetters
  const accepted = new Set<number>()
  let sent = 0
  let replayed = 0
  let refused = 0
  let killed = 0
  const numberOf = ({ payload }: { readonly payload: unknown }) => (payload as { readonly n: number }).n
  const replay = Effect.gen(function*() {
    const all = yield* letters.all
    if (all.length === 0) return
    const letter = all[yield* Simulation.draw(all.length)]!
    const n = numberOf(letter)
    const exit = yield* Effect.exit(letters.replay(letter.id))
    if (Exit.isSuccess(exit)) return void replayed++
    refused++
    const error = Option.getOrUndefined(Exit.findErrorOption(exit))
    if (error?._tag !== "ReplayRefused" || error.why !== "threadDown") return
    // Its thread may have taken it before it died. It is allowed again before anybody else comes to replay it.
    allowed.set(n, (allowed.get(n) ?? 1) + 1)
  })
  const again = (place: number) =>
    Effect.gen(function*() {
      yield* Effect.exit(ActorControl.kill(desks[place]!))
      const spawned = yield* Effect.exit(spawn(place))
      if (Exit.isSuccess(spawned)) desks[place] = spawned.value
      killed++
    })
  const client = Effect.fnUntraced(function*(place: number) {
    for (let left = yield* Simulation.draw(30); left > 0; left--) {
      const way = yield* Simulation.draw(8)
      if (way === 0) yield* again(place)
      else if (way === 1) yield* replay
      else if (way === 2) yield* Effect.sleep(yield* Simulation.draw(10))
      else {
        const n = ++sent
        const told = yield* Effect.exit(desks[place]!.tell.File({ n, millis: yield* Simulation.draw(3) }))
        if (Exit.isSuccess(told)) accepted.add(n)
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
  const kept = new Set((yield* letters.all).map(numberOf))
  const lost = Array.from(accepted).filter((n) => !begun.has(n) && !kept.has(n))
  if (restarts === 0 && lost.length > 0) return yield* Effect.die(new Error(`nobody knows of ${lost.join(", ")}`))
  const { evicted, missed, received, stored } = yield* letters.stats
  if (evicted + missed > 0 || stored > received) {
    return yield* Effect.die(new Error("the store has room for all of them"))
  }
  if (restarts === 0) {
    const dropped = yield* ActorSystem.droppedMessages
    if (dropped !== received) {
      return yield* Effect.die(new Error(`${dropped} were dropped, and ${received} are letters`))
    }
  }
  const { dropped, pending, processed } = yield* Desk.stats
  // What was killed in hand was begun: each that was accepted, or sent again, is in one of them.
  if (restarts === 0 && (pending > 0 || processed + dropped !== accepted.size + replayed)) {
    const counted = `${processed} were handled, ${dropped} dropped, and ${pending} wait`
    return yield* Effect.die(new Error(`${accepted.size} were accepted, ${replayed} sent again: ${counted}`))
  }
  yield* Invariant.sometimes("letters are sent again", replayed > 1)
  yield* Invariant.sometimes("letters are refused", refused > 0)
  yield* Invariant.sometimes("there are letters, and no thread dies", restarts === 0 && received > 3)
  yield* Invariant.sometimes("a thread dies", restarts > 0)
  yield* Invariant.sometimes("actors are killed", killed > 2)
})

export const letters: Scenario = {
  name: "letters",
  worker: () => ActorThread.launch(DeskLive),
  program: onThreads(2, setUp, program, DeskLive)
}
