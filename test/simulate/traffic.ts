/**
 * Every way to send to every kind of mailbox, on handlers that are done at once or take their time: without deaths, all that was accepted
 * is handled, once and in the order of its sender, and nobody waits for ever.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor, ActorThread } from "shared-nothing"
import { Fault, Invariant, Simulation } from "shared-nothing/testing"
import { at, onThreads, type Scenario } from "./scenario.ts"

const Item = { from: Schema.Int, n: Schema.Int, work: Schema.Literals(["none", "yield", "sleep"]) }

const messages = [
  Rpc.make("Do", { payload: Item, success: Schema.Int }),
  /** What was done for a sender, in order. */
  Rpc.make("Done", { payload: { from: Schema.Int }, success: Schema.Array(Schema.Int) })
] as const

const worker = (name: string, mailbox: Actor.MailboxOptions) => {
  const definition = Actor.make(name, messages)
  const Live = definition.toLayer(
    Effect.sync(() => {
      const done: Array<{ readonly from: number; readonly n: number }> = []
      return definition.of({
        Do: ({ from, n, work }) => {
          const note = Effect.sync(() => {
            done.push({ from, n })
            return n
          })
          if (work === "none") return note
          return Effect.andThen(work === "yield" ? Effect.yieldNow : Effect.sleep(1), note)
        },
        Done: ({ from }) => Effect.sync(() => done.filter((item) => item.from === from).map(({ n }) => n))
      })
    }),
    { mailbox }
  )
  return { definition, Live }
}

const kinds = [
  worker("Unbounded", { capacity: "unbounded" }),
  worker("One", { capacity: 1 }),
  worker("Three", { capacity: 3 }),
  worker("Eight", { capacity: 8 }),
  worker("TwoFail", { capacity: 2, overflow: "fail" }),
  worker("EightFail", { capacity: 8, overflow: "fail" })
] as const

const Live = Layer.mergeAll(kinds[0].Live, ...kinds.slice(1).map((kind) => kind.Live))

const setUp = Effect.gen(function*() {
  const { definition } = yield* Simulation.pick(kinds)
  const isHere = (yield* Simulation.draw(4)) === 3
  return yield* definition.spawn("w", isHere ? { placement: "here" } : at(0))
})

const program = Effect.fnUntraced(function*(actor: Effect.Success<typeof setUp>) {
  if ((yield* Simulation.draw(3)) === 2) yield* Fault.slow("worker-0", 3)
  let waited = 0
  const again = { while: () => Effect.as(Effect.sleep(1), ++waited > 0) }
  const sender = Effect.fnUntraced(function*(from: number) {
    const way = yield* Simulation.pick(["tell", "tellUnsafe", "ask", "asks"])
    const work = yield* Simulation.pick(["none", "yield", "sleep"] as const)
    const items = Array.from({ length: yield* Simulation.draw(25) }, (_, n) => ({ from, n, work }))
    const ask = (item: typeof items[number]) => Effect.retry(actor.ask.Do(item), again)
    if (way === "ask") yield* Effect.forEach(items, ask, { discard: true })
    else if (way === "asks") yield* Effect.forEach(items, ask, { concurrency: 5, discard: true })
    for (const item of way === "ask" || way === "asks" ? [] : items) {
      if (way === "tell") yield* Effect.retry(actor.tell.Do(item), again)
      else while (!actor.tellUnsafe.Do(item)) yield* Effect.sleep(1)
      if ((yield* Simulation.draw(8)) === 7) yield* Effect.sleep(yield* Simulation.draw(5))
    }
    return { from, count: items.length, isOrdered: way !== "asks" }
  })
  const senders = Array.from({ length: 1 + (yield* Simulation.draw(3)) }, (_, from) => sender(from))
  const sent = yield* Effect.all(senders, { concurrency: "unbounded" })
  for (const { count, from, isOrdered } of sent) {
    const done = yield* Effect.retry(actor.ask.Done({ from }), again)
    const own = isOrdered ? done : done.toSorted((a, b) => a - b)
    if (own.join() !== Array.from({ length: count }, (_, n) => n).join()) {
      return yield* Effect.die(new Error(`${count} were sent by ${from}, and handled were ${own.join()}`))
    }
  }
  const { dropped, failed, pending, processed } = yield* actor.stats
  // Each sender has asked once more, for what was done.
  const all = sent.reduce((sum, { count }) => sum + count, sent.length)
  if (processed !== all || dropped + failed + pending > 0) {
    return yield* Effect.die(new Error(`${all} were sent, ${processed} handled, ${pending} wait, ${dropped} dropped`))
  }
  yield* Invariant.sometimes("a sender is refused", waited > 0)
})

export const traffic: Scenario = {
  name: "traffic",
  // No spurious wake-ups: they would hide those that are lost.
  faults: { portDelay: 5, lateWake: 10 },
  worker: () => ActorThread.launch(Live),
  program: onThreads(1, setUp, program, Live)
}
