/**
 * Channels between simulated threads, one of which may die, and receives that are interrupted, also in a pause in front of what they would go on with: nothing is lost, comes twice or out of
 * order, and nobody waits for ever.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { Channel, type ChannelError, SharedChannel } from "shared-nothing"
import { Invariant, Simulation } from "shared-nothing/testing"
import { Count, Relay } from "../fixtures/channelThreads.ts"
import { pausingFirst } from "../support/pausing.ts"
import { noThread, type Scenario } from "./scenario.ts"

type Counts = Channel.Receiver<{ readonly id: number }>

/** What comes is noted in the step in which the reader goes on. */
const ways: ReadonlyArray<(counts: Counts, got: Array<number>) => Effect.Effect<unknown, ChannelError.ReceiveError>> = [
  ({ receive }, got) => Effect.map(receive, ({ id }) => got.push(id)),
  (counts, got) => Effect.map(counts.receiveBatch(3), (batch) => got.push(...batch.map(({ id }) => id))),
  (counts, got) => Effect.map(Channel.select({ counts }), ({ message: { id } }) => got.push(id)),
  ({ stream }, got) => Stream.runForEach(stream, ({ id }) => Effect.sync(() => got.push(id)))
]

const readAll = Effect.fnUntraced(function*(counts: Counts, got: Array<number>) {
  const way = yield* Simulation.draw(ways.length)
  const pauses = yield* Simulation.draw(2)
  const read = ways[way]!(counts, got)
  if (way === 3) return yield* Effect.exit(read)
  for (;;) {
    const reading = yield* Effect.forkChild(pauses === 1 ? pausingFirst(read) : read)
    // A pause is over when others have had their turn: who interrupts it in there does not sleep.
    for (let turns = yield* Simulation.draw(12); turns > 0; turns--) yield* Effect.yieldNow
    if ((yield* Simulation.draw(2)) === 1) yield* Fiber.interrupt(reading)
    const exit = yield* Fiber.await(reading)
    yield* Invariant.sometimes("a receive is interrupted", Exit.hasInterrupts(exit))
    if (Exit.isFailure(exit) && !Exit.hasInterrupts(exit)) return
  }
})

const relay = Effect.gen(function*() {
  const kind = yield* Simulation.pick<"spsc" | "mpsc" | "mpmc">(["spsc", "mpsc", "mpmc"])
  const capacity = 2 << (yield* Simulation.draw(3))
  const messages = yield* Simulation.draw(30)
  const input = yield* SharedChannel.make(Count, { name: "input", kind, capacity })
  const output = yield* SharedChannel.make(Count, { name: "output", kind, capacity })
  const started = yield* Effect.exit(Relay.start({
    spawn: noThread,
    ends: { input: input.receiver, output: output.sender }
  }))
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
  const got: Array<number> = []
  yield* readAll(output.receiver, got)
  const sent = yield* Fiber.join(sending)
  for (const [index, id] of got.entries()) {
    if (index > 0 && id <= got[index - 1]!) return yield* Effect.die(new Error(`${id} came after ${got[index - 1]!}`))
    if (id >= messages) return yield* Effect.die(new Error(`${id} was never sent`))
  }
  const lived = Exit.isSuccess(started) && Exit.isSuccess(yield* Effect.exit(started.value.done))
  if (lived && got.length !== sent) return yield* Effect.die(new Error(`${sent} were sent, and ${got.length} came`))
  yield* Invariant.sometimes("all messages come", lived && sent > 10)
  yield* Invariant.sometimes("the thread between them dies", !lived)
})

export const channels: Scenario = {
  name: "channels",
  worker: () => import("../fixtures/channel-relay.worker.ts"),
  program: Effect.scoped(relay)
}
