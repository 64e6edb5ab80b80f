/** One arena for several systems of a process, whose threads come and go. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor, ActorSystem, ActorThread, Iso, ThreadArenas } from "shared-nothing"
import { Fault, Simulation } from "shared-nothing/testing"
import * as Arena from "../../src/memory/Arena.ts"
import { usage } from "../../src/memory/ArenaUsage.ts"
import { at, noThread } from "../simulate/scenario.ts"
import { tries } from "../support/effort.ts"

const Numbers = Iso.of(Int32Array)

const Keeper = Actor.make("Keeper", [
  Rpc.make("Back", { payload: { numbers: Numbers }, success: Numbers }),
  Rpc.make("Keep", { payload: { numbers: Numbers } }),
  /** By which number its thread has the arena. */
  Rpc.make("Owner", { success: Schema.Int })
])

const KeeperLive = Keeper.toLayer(Effect.gen(function*() {
  const [arena] = yield* ThreadArenas.all
  return Keeper.of({
    Back: ({ numbers }) => Effect.succeed(numbers),
    Keep: ({ numbers }) => Effect.sync(() => void numbers.value.fill(7)),
    Owner: () => Effect.succeed(arena!.owner)
  })
}))

describe("an arena of two systems", () => {
  it.effect("has a number for each of their threads, and what those keep that end is free", () =>
    Simulation.check(
      {
        name: "an arena of two systems",
        seeds: tries(8),
        faults: { portDelay: 2, lateWake: 10 },
        worker: () => ActorThread.launch(KeeperLive)
      },
      Effect.scoped(Effect.gen(function*() {
        const sab = Arena.create({ capacityBytes: 32 * 4096, blockBytes: 4096, id: 1 })
        const arena = yield* ThreadArenas.open(sab, 1)
        const blocks = () => usage(sab).usedBytes / 4096
        const some = Effect.map(Effect.orDie(Iso.allocate(arena, Int32Array, 2)), (numbers) => {
          numbers.value.fill(1)
          return numbers
        })
        const system = Effect.gen(function*() {
          const threads = ActorSystem.layerThreads({
            spawn: noThread,
            threads: 2,
            arenas: [arena],
            intensity: { restarts: 1_000_000, within: "1 minute" }
          })
          const context = yield* Layer.build(Layer.provideMerge(KeeperLive, threads))
          return yield* Effect.provideContext(
            Effect.forEach([0, 1], (n) => Keeper.spawn(`keeper-${n}`, at(n))),
            context
          )
        })
        yield* Effect.scoped(
          Effect.gen(function*() {
            const own = yield* some
            const [first, second] = yield* Fault.calm(Effect.all([system, system]))
            const keepers = [...first, ...second]
            const owners = yield* Effect.forEach(keepers, (keeper) => keeper.ask.Owner())
            assert.deepStrictEqual(owners.toSorted((a, b) => a - b), [2, 3, 4, 5])
            for (let n = 0; n < 12; n++) {
              const keeper = keepers[yield* Simulation.draw(4)]!
              yield* Effect.exit(keeper.ask.Keep({ numbers: yield* some }))
              if (n % 4 === 3) yield* Fault.kill(`worker-${yield* Simulation.draw(2)}`)
              const back = yield* Effect.exit(keepers[yield* Simulation.draw(4)]!.ask.Back({ numbers: yield* some }))
              if (Exit.isSuccess(back)) Iso.release(back.value)
            }
            assert.strictEqual(own.value.join(), "1,1")
          }).pipe(Effect.scoped)
        )
        for (let left = 200; blocks() > 0; left--) {
          if (left === 0) assert.fail(`${blocks()} blocks are nobody's`)
          yield* Effect.sleep(1)
        }
      }))
    ))
})
