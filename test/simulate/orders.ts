/** An actor on each thread tells the next one and is stopped first: what it has told is handled before that one ends. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor, ActorControl, ActorThread } from "shared-nothing"
import { Simulation } from "shared-nothing/testing"
import { at, onThreads, type Scenario } from "./scenario.ts"

const Ledger = Actor.make("Ledger", [Rpc.make("File", { payload: { n: Schema.Int } })])
const Desk = Actor.make("Desk", [Rpc.make("Place", { payload: { n: Schema.Int, ledger: Ledger.ref } })])

let filed = 0

const LedgerLive = Ledger.toLayer(Effect.succeed(Ledger.of({ File: () => Effect.sync(() => void filed++) })))

const DeskLive = Desk.toLayer(Effect.succeed(Desk.of({
  Place: ({ ledger, n }) =>
    Effect.andThen(
      Effect.flatMap(Simulation.draw(3), (millis) => millis === 0 ? Effect.void : Effect.sleep(millis)),
      Effect.orDie(ledger.tell.File({ n }))
    )
})))

const place = Effect.fnUntraced(function*(desk: typeof Desk.ref.Type, ledger: typeof Ledger.ref.Type, orders: number) {
  for (let n = 0; n < orders; n++) yield* desk.tell.Place({ n, ledger })
})

export const orders: Scenario = {
  name: "orders",
  worker: () => ActorThread.launch(Layer.mergeAll(LedgerLive, DeskLive)),
  // A thread that dies loses what it has accepted.
  faults: { portDelay: 2, lateWake: 10, spuriousWake: 20 },
  program: onThreads(2, Effect.void, () =>
    Effect.gen(function*() {
      const many = yield* Simulation.draw(300)
      filed = 0
      const where = (yield* Simulation.draw(2)) === 0 ? { placement: "here" } as const : at(1)
      yield* Effect.scoped(Effect.gen(function*() {
        const ledger = yield* Ledger.spawn("l", { ...where, shutdown: "infinity" })
        const desk = yield* Desk.spawn("d", { ...at(0), shutdown: "infinity" })
        yield* place(desk, ledger, many)
      }))
      if (filed !== many) return yield* Effect.die(new Error(`${many} orders were accepted, and ${filed} filed`))
      // The same by command, where the one who commands is told.
      filed = 0
      const ledger = yield* Ledger.spawn("l2", { placement: "here" })
      const desk = yield* Desk.spawn("d2", at(0))
      yield* place(desk, ledger, many)
      yield* ActorControl.drain(desk)
      yield* ActorControl.drain(ledger)
      if (filed !== many) return yield* Effect.die(new Error(`${many} orders were drained, and ${filed} filed`))
    }), LedgerLive)
}
