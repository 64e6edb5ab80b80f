/**
 * Memory, and ends of channels, that move with the jobs of a pool whose workers die, are made anew and come and go, and which other threads join and leave: an array is in one
 * hand at each moment, each channel comes to its end, and when the pool has ended all of it is the arena's again.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { Iso, Pool, SharedChannel, ThreadArenas } from "shared-nothing"
import { Fault, Invariant, Simulation } from "shared-nothing/testing"
import * as Arena from "../../src/memory/Arena.ts"
import { usage } from "../../src/memory/ArenaUsage.ts"
import { Loads, type Numbers } from "../fixtures/loads.ts"
import { noThread, type Scenario } from "./scenario.ts"

const BLOCK = 4096

type LoadsRef = Pool.Ref<typeof Loads>

const program = Effect.gen(function*() {
  const arena = yield* ThreadArenas.open(
    Arena.create({ capacityBytes: 128 * BLOCK, blockBytes: BLOCK, id: 1 }),
    1
  )
  const seen = {
    moved: 0,
    lost: false,
    late: false,
    refused: false,
    nested: false,
    left: false,
    made: false,
    reported: false
  }
  let broken = ""

  const got = (numbers: Numbers, sent: Numbers | undefined, wanted: string) => {
    if (sent?.isHeld === true) broken = "what has come back is still here"
    if (numbers.value.join() !== wanted) broken = `it has become ${numbers.value.join()}, not ${wanted}`
    seen.moved++
    Iso.release(numbers)
  }

  const noted = (exit: Exit.Exit<unknown, unknown>, numbers: Numbers) => {
    if (Exit.isSuccess(exit)) return
    const text = String(exit.cause)
    seen.lost ||= text.includes("ThreadLost")
    seen.late ||= text.includes("AskTimeout")
    seen.refused ||= numbers.isHeld
    if (numbers.isHeld) Iso.release(numbers)
  }

  const ones = Effect.map(Effect.orDie(Iso.allocate(arena, Int32Array, 2)), (numbers) => {
    numbers.value.fill(1)
    return numbers
  })

  const step = Effect.fnUntraced(function*(loads: LoadsRef) {
    const millis = yield* Simulation.draw(4)
    const timeout = yield* Simulation.pick<"Infinity" | number>(["Infinity", 200, 1 + millis])
    const numbers = yield* ones
    switch (yield* Simulation.draw(9)) {
      case 0:
      case 1: {
        const exit = yield* Effect.exit(loads.ask.Raise({ numbers, millis }, { timeout }))
        return Exit.isSuccess(exit) ? got(exit.value, numbers, "2,2") : noted(exit, numbers)
      }
      case 2: {
        const exit = yield* Effect.exit(loads.tell.Keep({ numbers, millis }))
        if (Exit.isSuccess(exit) && numbers.isHeld) broken = "what was told is still here"
        return noted(exit, numbers)
      }
      case 3: {
        const dies = millis === 2
        return noted(yield* Effect.exit(loads.ask.Refuse({ numbers, millis, dies }, { timeout })), numbers)
      }
      case 4: {
        const exit = yield* Effect.exit(loads.ask.Refund({ numbers, millis }, { timeout }))
        const [reason] = Exit.isFailure(exit) ? exit.cause.reasons : []
        if (reason?._tag === "Fail" && "numbers" in reason.error) return got(reason.error.numbers, numbers, "1,1")
        return noted(exit, numbers)
      }
      case 5: {
        const exit = yield* Effect.exit(loads.ask.Pass({ numbers, millis, depth: 2 }, { timeout }))
        seen.nested ||= Exit.isSuccess(exit)
        return Exit.isSuccess(exit) ? got(exit.value, numbers, "2,2") : noted(exit, numbers)
      }
      case 6: {
        const told = Stream.take(loads.ask.Tell({ numbers, millis, fails: millis === 3 }, { timeout }), 1 + millis)
        const exit = yield* Effect.exit(Stream.runCollect(told))
        if (Exit.isSuccess(exit) && exit.value.some((n) => n !== 2)) broken = `it was told as ${exit.value.join()}`
        return noted(exit, numbers)
      }
      case 7: {
        Iso.release(numbers)
        const { receiver, sender } = yield* SharedChannel.make(Schema.Int, { kind: "mpsc", capacity: 16 })
        const report = { to: sender, upTo: 3, millis }
        yield* Effect.exit(millis % 2 === 0 ? loads.tell.Report(report) : loads.ask.Report(report, { timeout }))
        // It is still here where the job was refused.
        yield* sender.close
        const got = (yield* Stream.runCollect(receiver.stream)).join()
        if (!"1,2,3".startsWith(got)) broken = `${got} was reported`
        seen.reported ||= got === "1,2,3"
        return
      }
      default: {
        Iso.release(numbers)
        if (millis > 0) return void (yield* Effect.exit(loads.ask.Leave({ numbers: yield* ones, millis }, { timeout })))
        const exit = yield* Effect.exit(loads.ask.Make({ length: 2 }, { timeout }))
        seen.made ||= Exit.isSuccess(exit)
        if (Exit.isSuccess(exit)) Iso.release(exit.value)
      }
    }
  }, Effect.scoped)

  const steps = (loads: LoadsRef, most: number) =>
    Effect.gen(function*() {
      const some = Array.from({ length: 2 + (yield* Simulation.draw(most)) }, (_, n) => n)
      yield* Effect.forEach(some, () => step(loads), { concurrency: 3, discard: true })
    })

  // Leaves in the middle of what it has asked.
  const visit = Effect.gen(function*() {
    const joined = yield* Effect.exit(Pool.join(Loads, { timeout: "1 minute" }))
    if (Exit.isFailure(joined)) return
    const left = yield* Effect.timeoutOption(steps(joined.value, 6), 1 + (yield* Simulation.draw(15)))
    seen.left ||= left._tag === "None"
  }).pipe(Effect.scoped)

  yield* Effect.scoped(Effect.gen(function*() {
    const min = 1 + (yield* Simulation.draw(2))
    const loads = yield* Fault.calm(Pool.make(Loads, {
      spawn: noThread,
      threads: { min, max: min + 1, adapt: false },
      concurrency: 1 + (yield* Simulation.draw(2)),
      arenas: [arena],
      queue: {
        capacity: yield* Simulation.pick([16, 2, 3]),
        overflow: yield* Simulation.pick(["suspend", "fail", "dropNewest", "dropOldest"] as const)
      },
      arena: { capacityBytes: 65_536 },
      grace: "30 millis",
      recycle: yield* Simulation.pick([undefined, { jobs: 4 }]),
      intensity: { restarts: 1_000_000, within: "1 minute" },
      shutdown: yield* Simulation.pick(["1 second", "brutalKill"] as const)
    }))
    const change = Effect.gen(function*() {
      yield* Effect.sleep(yield* Simulation.draw(10))
      yield* Effect.exit(Pool.resize(loads, min + 1))
      yield* Effect.exit((yield* Simulation.draw(2)) === 0 ? Pool.reload(loads) : Pool.resize(loads, min))
    })
    const all = [steps(loads, 12), visit, visit, change]
    yield* Effect.all(all, { concurrency: "unbounded" })
    if (broken !== "") return yield* Effect.die(new Error(broken))
    // It ends in the middle of something.
    yield* loads.tell.Keep({ numbers: yield* ones, millis: 3 }).pipe(Effect.exit)
  }))
  const { usedBytes } = usage(arena.buffer)
  if (usedBytes > 0) return yield* Effect.die(new Error(`${usedBytes / BLOCK} blocks are nobody's`))
  yield* Invariant.sometimes("an array moves and comes back", seen.moved > 2)
  yield* Invariant.sometimes("an array is lost with a worker", seen.lost)
  yield* Invariant.sometimes("nobody waits any more for one", seen.late)
  yield* Invariant.sometimes("a job is refused, and its sender has it still", seen.refused)
  yield* Invariant.sometimes("jobs of jobs hand it on", seen.nested)
  yield* Invariant.sometimes("a thread leaves in the middle", seen.left)
  yield* Invariant.sometimes("a worker gives some of its own", seen.made)
  yield* Invariant.sometimes("a job reports by the end of a channel", seen.reported)
})

export const loads: Scenario = {
  name: "loads",
  worker: () => import("../fixtures/loads.worker.ts"),
  program: Effect.scoped(program)
}
