/** Actors that are linked to each other on threads that die: of two either both have ended by a failure, or none has. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Rpc from "effect/rpc/Rpc"
import * as Scope from "effect/Scope"
import { Actor, type ActorRef, ActorThread, ExitReason } from "shared-nothing"
import { Invariant, Simulation } from "shared-nothing/testing"
import { at, onThreads, type Scenario } from "./scenario.ts"

const Tail = Actor.make("Tail", [Rpc.make("Crash")])
/** Links itself to the other of its pair, in one call. */
const Head = Actor.make("Head", [Rpc.make("Link", { payload: { to: Tail.ref } }), Rpc.make("Crash")])

const mortal = { supervision: { restart: "temporary" }, shutdown: "brutalKill" } as const
const Crash = () => Effect.die(new Error("it was told to"))
const TailLive = Tail.toLayer(Effect.succeed(Tail.of({ Crash })), mortal)
const HeadLive = Head.toLayer(
  Effect.map(Head.watcher, ({ link }) => Head.of({ Link: ({ to }) => link(to), Crash })),
  mortal
)

const PAIRS = 4

const setUp = Effect.forEach(
  Array.from({ length: PAIRS }, (_, i) => i),
  Effect.fnUntraced(function*(i) {
    const life = yield* Scope.make()
    yield* Effect.addFinalizer(() => Scope.close(life, Exit.void))
    const tail = yield* Tail.spawn(`${i}`, at(i % 2))
    const head = yield* Scope.provide(Head.spawn(`${i}`, at((i >> 1) % 2)), life)
    yield* head.ask.Link({ to: tail })
    return { head, tail, life }
  })
)

/** Why an actor has ended, once it has. */
const endOf = (ref: ActorRef.Any) => {
  const end: { reason: ExitReason.ExitReason | undefined } = { reason: undefined }
  const heard = Effect.map(ref.down, ({ reason }) => void (end.reason = reason))
  return Effect.as(Effect.forkScoped(heard, { startImmediately: true }), end)
}

const program = Effect.fnUntraced(function*(pairs: Effect.Success<typeof setUp>) {
  const ends = yield* Effect.forEach(
    pairs,
    ({ head, tail }) => Effect.all({ head: endOf(head), tail: endOf(tail) })
  )
  const stopped = new Set<number>()
  for (let left = yield* Simulation.draw(6); left > 0; left--) {
    const i = yield* Simulation.draw(PAIRS)
    const { head, life, tail } = pairs[i]!
    switch (yield* Simulation.draw(4)) {
      case 0:
        yield* Effect.exit(head.tell.Crash())
        break
      case 1:
        yield* Effect.exit(tail.tell.Crash())
        break
      case 2:
        stopped.add(i)
        yield* Effect.forkScoped(Scope.close(life, Exit.void))
        break
      default:
        yield* Effect.sleep(yield* Simulation.draw(100))
    }
  }
  yield* Simulation.converge()
  yield* Effect.sleep("1 minute")
  const reasons = new Set<string>()
  for (const [i, { head, tail }] of ends.entries()) {
    const [first, second] = [head.reason, tail.reason]
    reasons.add(first?._tag ?? "").add(second?._tag ?? "")
    const hasFailed = [first, second].map((reason) => reason !== undefined && ExitReason.isFailure(reason))
    // One that is told to end takes nobody with it, and hears no more of the other; when its thread dies meanwhile that is told elsewhere.
    if (stopped.has(i) || hasFailed[0] === hasFailed[1]) continue
    const shown = [first, second].map((reason) => reason === undefined ? "up" : ExitReason.render(reason))
    return yield* Effect.die(new Error(`of pair ${i} one is ${shown[0]}, the other ${shown[1]}`))
  }
  yield* Invariant.sometimes("one is ended by its link", reasons.has("Linked"))
  yield* Invariant.sometimes("one ends with its thread", reasons.has("ThreadLost"))
})

export const link: Scenario = {
  name: "link",
  worker: () => ActorThread.launch(Layer.merge(HeadLive, TailLive)),
  program: onThreads(2, setUp, program)
}
