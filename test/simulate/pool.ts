/** Two threads that take jobs from one channel and answer on another, or hear the same broadcast; either may die. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { SharedChannel } from "shared-nothing"
import { Invariant, Simulation } from "shared-nothing/testing"
import { Count, Relay } from "../fixtures/channelThreads.ts"
import { noThread, type Scenario } from "./scenario.ts"

const WORKERS = [1, 2] as const

const program = Effect.gen(function*() {
  const kind = yield* Simulation.pick<"mpmc" | "broadcast">(["mpmc", "broadcast"])
  const capacity = 2 << (yield* Simulation.draw(3))
  const messages = yield* Simulation.draw(20)
  const input = yield* SharedChannel.make(Count, { name: "input", kind, capacity })
  const output = yield* SharedChannel.make(Count, { name: "output", kind: "mpmc", capacity })
  const started = yield* Effect.forEach(WORKERS, (index) =>
    Effect.exit(Effect.gen(function*() {
      const ends = { input: yield* input.receiver.clone, output: yield* output.sender.clone }
      return yield* Relay.start({ spawn: noThread, index, ends })
    })))
  yield* input.receiver.close
  yield* output.sender.close
  const sending = yield* Effect.forkChild(Effect.gen(function*() {
    let sent = 0
    for (let id = 0; id < messages; id++) {
      if (Exit.isFailure(yield* Effect.exit(input.sender.send({ sender: 0, id })))) break
      sent++
      if ((yield* Simulation.draw(4)) === 3) yield* Effect.sleep(1)
    }
    yield* input.sender.close
    return sent
  }))
  const got = new Map<number, number>()
  yield* Effect.exit(
    Stream.runForEach(output.receiver.stream, ({ id }) => Effect.sync(() => void got.set(id, (got.get(id) ?? 0) + 1)))
  )
  const sent = yield* Fiber.join(sending)
  const most = kind === "broadcast" ? WORKERS.length : 1
  for (const [id, times] of got) {
    if (times > most) return yield* Effect.die(new Error(`${id} came ${times} times`))
    if (id >= messages) return yield* Effect.die(new Error(`${id} was never sent`))
  }
  const done = yield* Effect.forEach(
    started,
    (one) => Exit.isFailure(one) ? Effect.succeed(false) : Effect.map(Effect.exit(one.value.done), Exit.isSuccess)
  )
  const haveAllLived = done.every((lived) => lived)
  if (haveAllLived && kind === "mpmc" && got.size !== sent) {
    return yield* Effect.die(new Error(`${sent} were sent, and ${got.size} came`))
  }
  yield* Invariant.sometimes("all jobs are done", haveAllLived && sent > 10)
  yield* Invariant.sometimes("one of the threads dies", done.some((lived) => !lived))
})

export const pool: Scenario = {
  name: "pool",
  worker: () => import("../fixtures/channel-relay.worker.ts"),
  program: Effect.scoped(program)
}
