/**
 * A full pool that gives up what is oldest and lowest, with keys and priorities of single jobs, while askers give up, workers die and their number changes: every ask settles once, what was given up is never begun,
 * the jobs of a key that are begun are in the order of their sender, and in the end nothing is under way.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import { Pool } from "shared-nothing"
import { Fault, Invariant, Simulation } from "shared-nothing/testing"
import { begun, Routed, starts } from "../fixtures/routed.ts"
import { noThread, type Scenario } from "./scenario.ts"

const KEYS = 3
const EACH = 40
const MAX = 3

const wrong = (text: string) => Effect.die(new Error(text))

const priorities = ["high", "normal", "low"] as const

const outcomeOf = (exit: Exit.Exit<unknown, { readonly _tag: string }>): string =>
  Exit.isSuccess(exit)
    ? "done"
    : Exit.hasInterrupts(exit)
    ? "interrupted"
    : Option.getOrUndefined(Exit.findErrorOption(exit))?._tag ?? "died"

const program = Effect.scoped(Effect.gen(function*() {
  begun.length = 0
  starts.clear()
  const routed = yield* Fault.calm(Pool.make(Routed, {
    spawn: noThread,
    name: "sheds",
    threads: { min: 1, max: MAX, adapt: false },
    clients: 1,
    concurrency: 1 + (yield* Simulation.draw(2)),
    queue: { capacity: yield* Simulation.pick([4, 2, 9]), overflow: "dropOldest" },
    intensity: { restarts: 1_000_000, within: "1 minute" }
  }))
  const joined = yield* Fault.calm(Pool.join(Routed, { name: "sheds", timeout: "1 minute" }))
  const senders = [routed, joined]
  const outcomes = new Map<number, string>()
  const keys = new Map<number, number>()
  let told = 0

  const send = (pool: Pool.Ref<typeof Routed>, sender: number) =>
    Effect.gen(function*() {
      const sent: Array<readonly [number, Fiber.Fiber<unknown, never>]> = []
      for (let i = 0; i < EACH; i++) {
        const n = 1000 * sender + i
        const keyed = yield* Simulation.draw(KEYS + 1)
        keys.set(n, keyed)
        const options = {
          key: keyed === KEYS ? undefined : `k${keyed}`,
          priority: yield* Simulation.pick(priorities),
          timeout: (yield* Simulation.draw(4)) === 0 ? 5 + (yield* Simulation.draw(20)) : "Infinity"
        } as const
        const job = { n, millis: yield* Simulation.draw(4) }
        if ((yield* Simulation.draw(4)) === 0) {
          told++
          yield* pool.tell.Once(job, { key: options.key, priority: options.priority })
        } else {
          const asked = Effect.onExit(
            pool.ask.Once(job, options),
            (exit) => Effect.sync(() => outcomes.set(n, outcomeOf(exit)))
          )
          sent.push([n, yield* Effect.forkChild(Effect.ignoreCause(asked), { startImmediately: true })])
        }
        if ((yield* Simulation.draw(6)) === 0) yield* Effect.sleep(yield* Simulation.draw(8))
        if (sent.length > 0 && (yield* Simulation.draw(12)) === 0) {
          yield* Fiber.interrupt(sent[yield* Simulation.draw(sent.length)]![1])
        }
      }
      for (const [, fiber] of sent) yield* Fiber.await(fiber)
      for (const [n] of sent) if (!outcomes.has(n)) return yield* wrong(`${n} has not settled`)
    })

  const changes = Effect.gen(function*() {
    for (let round = 0; round < 4; round++) {
      yield* Effect.sleep(yield* Simulation.draw(15))
      yield* Effect.ignoreCause(Pool.resize(routed, 1 + (yield* Simulation.draw(MAX))))
    }
  })

  yield* Effect.all([...senders.map(send), changes], { concurrency: "unbounded", discard: true })
  yield* Simulation.converge()
  for (const pool of senders) while ((yield* pool.depth) > 0) yield* Effect.sleep(5)
  yield* Pool.resize(routed, MAX)
  const numbers = begun.map(({ n }) => n)
  if (new Set(numbers).size < numbers.length) return yield* wrong(`begun twice: ${numbers.join()}`)
  for (const [n, outcome] of outcomes) {
    const hasBegun = numbers.includes(n)
    if (outcome === "MailboxFull" && hasBegun) return yield* wrong(`${n} was given up, and begun`)
    if (outcome === "done" && !hasBegun) return yield* wrong(`${n} is done, and was not begun`)
    if (!["done", "MailboxFull", "ThreadLost", "AskTimeout", "interrupted"].includes(outcome)) {
      return yield* wrong(`${n} is ${outcome}`)
    }
  }
  for (let sender = 0; sender < senders.length; sender++) {
    for (let key = 0; key < KEYS; key++) {
      const of = numbers.filter((n) => keys.get(n) === key && Math.floor(n / 1000) === sender)
      for (let i = 1; i < of.length; i++) {
        if (of[i]! < of[i - 1]!) return yield* wrong(`${sender} has sent, and begun was ${of.join()}`)
      }
    }
  }
  const has = (wanted: string) => Array.from(outcomes.values()).includes(wanted)
  yield* Invariant.sometimes("a job is given up", has("MailboxFull"))
  yield* Invariant.sometimes("a job is lost with its worker", has("ThreadLost"))
  yield* Invariant.sometimes("something told is dropped", told > 0 && (yield* Pool.stats(routed)).dropped > 0)
}))

export const sheds: Scenario = {
  name: "sheds",
  maxSteps: 500_000,
  worker: () => import("../fixtures/routed.worker.ts"),
  program
}
