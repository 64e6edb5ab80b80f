/** Actors on three threads that ask each other along paths, cycles among them, while threads die: every ask ends, what it says of who waits for whom was so, and nothing is left. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { ActorControl, ActorError, ActorThread } from "shared-nothing"
import { Invariant, Simulation } from "shared-nothing/testing"
import { Hop, HopLive } from "../fixtures/waits.ts"
import { at, onThreads, type Scenario } from "./scenario.ts"

const KEYS: readonly [string, ...ReadonlyArray<string>] = ["a", "b", "c", "d", "e", "f"]

const setUp = Effect.forEach(KEYS, (key, i) => Hop.spawn(key, at(i % 3)))

const program = Effect.fnUntraced(function*(hops: Effect.Success<typeof setUp>) {
  /** Who may ever have waited for whom. */
  const edges = new Set<string>()
  const seen = { cycle: false, wider: false, line: false, cut: false }

  const look = ({ chain, isChainCut }: ActorError.AskTimeout) =>
    Effect.suspend(() => {
      if (chain === undefined) return Effect.void
      for (let i = 1; i < chain.length; i++) {
        const edge = `${chain[i - 1]} ${chain[i]}`
        if (!edges.has(edge)) return Effect.die(new Error(`${chain.join(", ")}: nobody has asked ${edge}`))
      }
      const last = chain.indexOf(chain[chain.length - 1]!)
      const isCycle = last < chain.length - 1
      if (isCycle && isChainCut === true) return Effect.die(new Error(`${chain.join(", ")} is a cycle, and cut`))
      seen.cycle ||= isCycle && last === 0
      seen.wider ||= isCycle && last > 0
      seen.line ||= !isCycle
      seen.cut ||= isChainCut === true
      return Effect.void
    })

  const client = Effect.gen(function*() {
    // So many that each of what is looked for comes up in a few runs of a hundred.
    for (let left = 3 + (yield* Simulation.draw(12)); left > 0; left--) {
      const path: Array<string> = []
      for (let hop = 1 + (yield* Simulation.draw(4)); hop > 0; hop--) path.push(yield* Simulation.pick(KEYS))
      for (let i = 1; i < path.length; i++) edges.add(`Hop/${path[i - 1]} Hop/${path[i]}`)
      const millis = 1 + (yield* Simulation.draw(300))
      const along = { path: path.slice(1), millis }
      const first = hops[KEYS.indexOf(path[0]!)]!
      const tag = yield* Simulation.pick(["Go", "Together", "Timed"] as const)
      const timeout = 1 + (yield* Simulation.draw(600))
      const asking = yield* Effect.forkChild(Effect.exit(first.ask[tag](along, { timeout })))
      if ((yield* Simulation.draw(4)) === 0) {
        yield* Effect.sleep(yield* Simulation.draw(300))
        yield* Fiber.interrupt(asking)
        continue
      }
      const exit = yield* Fiber.join(asking)
      const [reason] = Exit.isSuccess(exit) ? [] : exit.cause.reasons
      if (reason?._tag === "Fail" && reason.error instanceof ActorError.AskTimeout) yield* look(reason.error)
    }
  })
  yield* Effect.all(Array.from({ length: 2 + (yield* Simulation.draw(4)) }, () => client), { concurrency: "unbounded" })
  yield* Simulation.converge()
  // Those whose asker has died with its thread wait for an hour.
  yield* Effect.sleep("2 hours")
  for (const hop of hops) {
    const { status } = yield* ActorControl.ping(hop)
    if (status !== "idle") return yield* Effect.die(new Error(`${hop.toString()} is ${status} for nobody`))
    if ((yield* hop.ask.Echo()) !== "echo") return yield* Effect.die(new Error(`${hop.toString()} does not answer`))
  }
  yield* Invariant.sometimes("a cycle is named", seen.cycle)
  yield* Invariant.sometimes("a cycle is named that others are in", seen.wider)
  yield* Invariant.sometimes("those are named that wait without a cycle", seen.line)
  yield* Invariant.sometimes("somebody does not say whom he waits for", seen.cut)
})

export const waits: Scenario = {
  name: "waits",
  worker: () => ActorThread.launch(HopLive),
  program: onThreads(3, setUp, program)
}
