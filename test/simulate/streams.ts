/** Streams that answer asks, from threads that die: in order, each element once, none behind the end, and nothing is held for a reader that has gone. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { Actor, type ActorError, ActorThread } from "shared-nothing"
import { Invariant, Simulation } from "shared-nothing/testing"
import type { SimThread } from "../../src/testing/internal/simThread.ts"
import { CurrentStage } from "../../src/testing/internal/stage.ts"
import { at, onThreads, type Scenario } from "./scenario.ts"

const Source = Actor.make("Source", [
  Rpc.make("Count", { payload: { from: Schema.Int, to: Schema.Int }, success: Schema.Int, stream: true }),
  Rpc.make("Crash"),
  Rpc.make("Ping", { success: Schema.Int })
])

const Reader = Actor.make("Reader", [
  /** Reads a stream of another, and says how far it has come. */
  Rpc.make("Read", { payload: { of: Source.ref, to: Schema.Int }, success: Schema.Int })
])

/** The streams that run, on which thread. */
const running = new Map<number, SimThread>()
let opened = 0
let wrong = ""
let lostInTheMiddle = 0
let ended = 0

const Behaviours = Layer.unwrap(Effect.map(CurrentStage, (stage) => {
  const thread = stage!.current
  const build = Effect.gen(function*() {
    let isOpen = true
    yield* Effect.addFinalizer(() => Effect.sync(() => void (isOpen = false)))
    return Source.of({
      Count: ({ from, to }) =>
        Effect.gen(function*() {
          if ((yield* Simulation.draw(4)) === 3) yield* Effect.sleep(yield* Simulation.draw(30))
          const holds = Effect.acquireRelease(
            Effect.sync(() => {
              running.set(++opened, thread)
              return opened
            }),
            (id) =>
              Effect.gen(function*() {
                if ((yield* Simulation.draw(8)) === 7) yield* Effect.sleep(10)
                if (!isOpen) wrong = "the scope of an incarnation is closed before its stream has let go"
                running.delete(id)
              })
          )
          const chunk = 1 + (yield* Simulation.draw(5))
          const paced = Stream.mapEffect(Stream.range(from, to, chunk), (n) =>
            Effect.gen(function*() {
              if ((yield* Simulation.draw(12)) === 11) yield* Effect.sleep(yield* Simulation.draw(40))
              return n
            }))
          return Stream.scoped(Stream.unwrap(Effect.as(holds, paced)))
        }),
      Crash: () => Effect.die(new Error("it was told to")),
      Ping: () => Effect.succeed(1)
    })
  })
  const supervision = { intensity: { restarts: 1_000_000, within: "1 minute" } } as const
  return Layer.mergeAll(Source.toLayer(build, { supervision }), ReaderLive)
}))

// Reads a stream as its options have it; the elements have to follow each other.
const read = (ref: Actor.Ref<typeof Source>, to: number, most: number, isPatient = false) =>
  Effect.gen(function*() {
    let next = 1
    let isOver = false
    // The rings are small: a large window fills them.
    const bufferSize = (yield* Simulation.draw(3)) === 0 ? 512 : 1 + (yield* Simulation.draw(6))
    const hurry = {
      timeout: "200 millis",
      elementTimeout: (yield* Simulation.draw(3)) === 0 ? "25 millis" : "1 second"
    } as const
    const stream = ref.ask.Count({ from: 1, to }, isPatient ? { bufferSize } : { bufferSize, ...hurry })
    const taken = most < to ? Stream.take(stream, most) : stream
    const all = Stream.runForEach(taken, (n) =>
      Effect.gen(function*() {
        if (isOver) wrong = "an element has come behind the end"
        if (n !== next) wrong = `the element ${n} has come where ${next} was due`
        next = n + 1
        if ((yield* Simulation.draw(10)) === 9) yield* Effect.sleep(yield* Simulation.draw(30))
      }))
    const exit = yield* Effect.exit(all)
    isOver = true
    if (Exit.isSuccess(exit) && next !== Math.min(to, most) + 1) wrong = `a stream has ended in front of ${next}`
    return { exit, count: next - 1 }
  })

const ReaderLive = Reader.toLayer(Effect.succeed(Reader.of({
  Read: ({ of, to }) => Effect.map(read(of, to, to), ({ count }) => count)
})))

const setUp = Effect.gen(function*() {
  running.clear()
  opened = lostInTheMiddle = ended = 0
  wrong = ""
  yield* Invariant.always("a stream has its elements in order, each once, and none behind its end", () => wrong === "")
  const spawned = yield* Effect.forEach([0, 1, 2], (i) =>
    Effect.gen(function*() {
      const life = yield* Scope.make()
      yield* Effect.addFinalizer(() => Scope.close(life, Exit.void))
      return { ref: yield* Scope.provide(Source.spawn(`s${i}`, at(i % 2)), life), life }
    }))

  return { spawned, readers: yield* Effect.forEach([0, 1], (i) => Reader.spawn(`r${i}`, at(i))) }
})

const note = (error: ActorError.StreamError, count: number): void => {
  if (error._tag === "ThreadLost" && count > 0) lostInTheMiddle++
}

const program = Effect.fnUntraced(function*({ readers, spawned }: Effect.Success<typeof setUp>) {
  const client = Effect.gen(function*() {
    for (let left = 2 + (yield* Simulation.draw(8)); left > 0; left--) {
      const { life, ref } = spawned[yield* Simulation.draw(spawned.length)]!
      const to = (yield* Simulation.draw(6)) === 0 ? 600 : yield* Simulation.draw(40)
      switch (yield* Simulation.draw(10)) {
        case 0: {
          const fiber = yield* Effect.forkChild(read(ref, to, to))
          yield* Effect.sleep(yield* Simulation.draw(60))
          yield* Fiber.interrupt(fiber)
          break
        }
        case 1:
          yield* read(ref, to, yield* Simulation.draw(10))
          break
        case 2:
          yield* Effect.exit(ref.tell.Crash())
          break
        case 3:
          if ((yield* Simulation.draw(4)) === 0) yield* Effect.forkScoped(Scope.close(life, Exit.void))
          else yield* Effect.exit(ref.ask.Ping())
          break
        case 4:
        case 5:
          yield* Effect.exit(readers[yield* Simulation.draw(2)]!.ask.Read({ of: ref, to }))
          break
        default: {
          const { count, exit } = yield* read(ref, to, to)
          if (Exit.isSuccess(exit)) ended++
          else for (const reason of exit.cause.reasons) if (reason._tag === "Fail") note(reason.error, count)
        }
      }
    }
  })
  yield* Effect.all(Array.from({ length: 1 + (yield* Simulation.draw(4)) }, () => client), { concurrency: "unbounded" })
  yield* Simulation.converge()
  yield* Effect.sleep("10 seconds")
  const left = Array.from(running.values()).filter(({ isDead }) => !isDead)
  if (left.length > 0) return yield* Effect.die(new Error(`${left.length} streams run that nobody reads`))
  for (const { ref } of spawned) {
    const ping = yield* Effect.exit(ref.ask.Ping())
    if (Exit.isSuccess(ping)) {
      const { count, exit } = yield* read(ref, 20, 20, true)
      if (Exit.isFailure(exit)) {
        return yield* Effect.die(new Error(`a stream has ended with ${Cause.pretty(exit.cause)} behind ${count}`))
      }
    }
  }
  yield* Invariant.sometimes("a thread is lost in the middle of a stream", lostInTheMiddle > 0)
  yield* Invariant.sometimes("a stream comes to its end", ended > 0)
})

export const streams: Scenario = {
  name: "streams",
  worker: () => ActorThread.launch(Behaviours),
  program: onThreads(2, setUp, program)
}
