/** Parcels to and from actors on real threads, and what becomes of them with their thread. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { Worker } from "node:worker_threads"
import { ActorControl, ActorSystem, Parcel, ThreadArenas } from "shared-nothing"
import * as Arena from "../../src/memory/Arena.ts"
import { usage } from "../../src/memory/ArenaUsage.ts"
import { Porter } from "../fixtures/porters.ts"
import { until } from "../support/until.ts"
import { fixture, quiet } from "./threads.ts"

describe("parcels between threads of a system", () => {
  it.live("go to an actor and come back with its replies, from arenas of either side", () =>
    Effect.scoped(Effect.gen(function*() {
      const arena = yield* ThreadArenas.open(Arena.create({ capacityBytes: 64 * 4096, blockBytes: 4096 }), 1)
      const used = () => usage(arena.buffer).usedBytes
      const system = ActorSystem.layerThreads({
        spawn: () => new Worker(fixture("porters"), quiet),
        threads: 1,
        arenas: [arena]
      })
      yield* Effect.gen(function*() {
        const porter = yield* Porter.spawn("a")
        const load = yield* Parcel.allocate(arena, 5000)
        load.bytes.fill(1)
        const { byteOffset } = load.bytes
        const back = yield* porter.ask.Invert({ load })
        assert.isFalse(load.isHeld)
        assert.deepStrictEqual([back.bytes.byteOffset, back.bytes[4999]], [byteOffset, 0xfe])
        back.release()
        const made = yield* porter.ask.Make({ bytes: 9000, filler: 7 })
        assert.strictEqual(made.bytes[8999], 7)
        made.release()
        assert.strictEqual(used(), 0)
        for (let n = 0; n < 3; n++) yield* porter.ask.Keep({ load: yield* Parcel.allocate(arena, 5000) })
        assert.strictEqual(used(), 3 * 8192)
      }).pipe(Effect.scoped, Effect.provide(system))
      assert.strictEqual(used(), 0)
    })))

  it.live("are free when a handler over there fails, or is interrupted, before it has used them", () =>
    Effect.scoped(Effect.gen(function*() {
      const arena = yield* ThreadArenas.open(Arena.create({ capacityBytes: 64 * 4096, blockBytes: 4096 }), 1)
      const used = () => usage(arena.buffer).usedBytes
      const system = ActorSystem.layerThreads({
        spawn: () => new Worker(fixture("porters"), quiet),
        threads: 1,
        arenas: [arena]
      })
      yield* Effect.gen(function*() {
        const porter = yield* Porter.spawn("a", { shutdown: "brutalKill" })
        const load = Effect.orDie(Parcel.allocate(arena, 5000))
        for (const dies of [false, true, false]) {
          yield* Effect.exit(porter.ask.Refuse({ load: yield* load, dies }))
          assert.strictEqual(used(), 0)
        }
        for (let n = 0; n < 3; n++) {
          const late = yield* Effect.flip(porter.ask.Linger({ load: yield* load }, { timeout: 20 }))
          assert.include(["AskTimeout", "ActorRestarting"], late._tag)
          yield* until(() => used() === 0, used)
        }
        const lingering = yield* Effect.forkChild(porter.ask.Linger({ load: yield* load }), { startImmediately: true })
        yield* Fiber.interrupt(lingering)
        yield* until(() => used() === 0, used)
        yield* porter.tell.Linger({ load: yield* load })
        yield* porter.tell.Linger({ load: yield* load })
        assert.strictEqual(used(), 2 * 8192)
        yield* ActorControl.kill(porter)
        yield* until(() => used() === 0, used)
      }).pipe(Effect.scoped, Effect.provide(system))
    })))

  it.live("are freed with the thread that has them, and with what it had not read", () =>
    Effect.scoped(Effect.gen(function*() {
      const arena = yield* ThreadArenas.open(Arena.create({ capacityBytes: 64 * 4096, blockBytes: 4096 }), 1)
      const used = () => usage(arena.buffer).usedBytes
      const workers: Array<Worker> = []
      const system = ActorSystem.layerThreads({
        spawn: () => {
          workers.push(new Worker(fixture("porters"), quiet))
          return workers.at(-1)!
        },
        threads: 1,
        arenas: [arena]
      })
      yield* Effect.gen(function*() {
        const porter = yield* Porter.spawn("a")
        for (let n = 0; n < 3; n++) yield* porter.ask.Keep({ load: yield* Parcel.allocate(arena, 5000) })
        const dead = workers[0]!
        for (let n = 0; n < 3; n++) yield* porter.tell.Keep({ load: yield* Parcel.allocate(arena, 5000) })
        yield* Effect.promise(() => dead.terminate())
        yield* until(() => used() === 0, used)
        yield* until(() => workers.length === 2, () => workers.length)
        // The next incarnation has a number of its own; a tell waits for it.
        yield* porter.tell.Keep({ load: yield* Parcel.allocate(arena, 5000) })
        const back = yield* porter.ask.Invert({ load: yield* Parcel.allocate(arena, 5000) })
        back.release()
        assert.strictEqual(used(), 8192)
      }).pipe(Effect.scoped, Effect.provide(system))
      assert.strictEqual(used(), 0)
    })))
})
