/**
 * What the workers of a simulation run: that which their file gives to `launch`.
 */
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import { piece } from "../../runtime/ThreadContext.ts"
import { thread } from "../../thread/kernel/CurrentThread.ts"
import * as Entry from "../../thread/kernel/Entry.ts"
import { SimulationMisused } from "../SimulationError.ts"

/** `() => import("./worker.ts")`, or what that file does: `() => ActorThread.launch(Behaviours)`. */
export type WorkerProgram = () => unknown

/** A file is evaluated once: what it launched is remembered by its module. One after the other, so that none takes another's. */
const known = piece(() => ({ setups: new WeakMap<object, Entry.Setup>(), turn: Semaphore.makeUnsafe(1) }))

/** Runs the file of a worker without a thread, and answers with what it would run there. */
export const setupOf = (program: WorkerProgram): Effect.Effect<Entry.Setup, SimulationMisused> =>
  thread.get(known).turn.withPermits(1)(taken(program))

const taken = (program: WorkerProgram): Effect.Effect<Entry.Setup, SimulationMisused> =>
  Effect.gen(function*() {
    const taker = Entry.takerOf(thread)
    const taken: Array<Entry.Setup> = []
    const module = yield* Effect.promise(async () => {
      taker.take = (setup) => void taken.push(setup)
      try {
        return await program()
      } finally {
        taker.take = undefined
      }
    })
    const { setups } = thread.get(known)
    const isModule = typeof module === "object" && module !== null
    const setup = taken[0] ?? (isModule ? setups.get(module) : undefined)
    if (setup === undefined || taken.length > 1) {
      const problem = taken.length > 1
        ? "the file of a worker launches twice"
        : "the file of a worker launches nothing: `worker` is to import it, or to call ActorThread.launch or ThreadEntry.launch"
      return yield* new SimulationMisused({ problem })
    }
    if (isModule) setups.set(module, setup)
    return setup
  })
