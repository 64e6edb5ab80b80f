/** The worst that can be done with what moves with the jobs of a pool, in simulations: in the end all of it is the arena's. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import { Actor, ActorSystem, Interceptor, Iso, Pool, PoolThread, SharedChannel, ThreadArenas } from "shared-nothing"
import { Fault, Simulation } from "shared-nothing/testing"
import * as Arena from "../../src/memory/Arena.ts"
import type { ArenaEnd } from "../../src/memory/Arena.ts"
import { usage } from "../../src/memory/ArenaUsage.ts"
import { Loads, LoadsLive, Numbers } from "../fixtures/loads.ts"
import { noThread } from "../simulate/scenario.ts"
import { tries } from "../support/effort.ts"
import { interruptedAt } from "../support/pausing.ts"
import { poolOf } from "../support/pooled.ts"

const BLOCK = 4096
const forever = { timeout: "Infinity" } as const

interface Ground {
  readonly arena: ArenaEnd
  readonly some: Effect.Effect<Numbers, never, Scope.Scope>
  readonly blocks: () => number
  /** Waits until nothing is used. */
  readonly free: Effect.Effect<void>
}

const check = (
  name: string,
  body: (ground: Ground) => Effect.Effect<unknown, unknown, Scope.Scope>,
  worker: () => unknown = () => PoolThread.launch(LoadsLive),
  faults: object = { portDelay: 2, lateWake: 10 },
  mayBeOnItsWay = 0
) =>
  it.effect(name, () =>
    Simulation.check(
      { name, seeds: tries(8), maxSteps: 2_000_000, faults, worker },
      Effect.scoped(Effect.gen(function*() {
        const sab = Arena.create({ capacityBytes: 16 * BLOCK, blockBytes: BLOCK, id: 1 })
        const arena = yield* ThreadArenas.open(sab, 1)
        const blocks = () => usage(sab).usedBytes / BLOCK
        const some = Effect.map(Effect.orDie(Iso.allocate(arena, Int32Array, 2)), (numbers) => {
          numbers.value.fill(1)
          return numbers
        })
        const free = Effect.gen(function*() {
          for (let left = 2000; blocks() > 0; left--) {
            if (left === 0) assert.fail(`${blocks()} blocks are nobody's`)
            yield* Effect.sleep(1)
          }
        })
        yield* Effect.scoped(body({ arena, some, blocks, free }))
        const owned = new Int32Array(sab, 256, 16).filter((word) => (word & 256) !== 0).length
        assert.strictEqual(owned, 0, "blocks that somebody has after the end of the pool")
        assert.isAtMost(blocks(), mayBeOnItsWay, "blocks that are nobody's after the end of the pool")
      }))
    ))

describe("a payload of a job that does what it likes while it is looked at", () => {
  const attacks: Record<string, (loads: Pool.Ref<typeof Loads>, numbers: Numbers, spare: Numbers) => unknown> = {
    "sends it away meanwhile": (loads, numbers) => ({
      millis: 0,
      get numbers() {
        loads.tellUnsafe.Keep({ numbers, millis: 0 })
        return numbers
      }
    }),
    "releases it meanwhile": (_, numbers) => ({
      millis: 0,
      get numbers() {
        if (numbers.isHeld) Iso.release(numbers)
        return numbers
      }
    }),
    "is another one each time": (_, numbers, spare) => {
      let looks = 0
      return {
        millis: 0,
        get numbers() {
          return looks++ % 2 === 0 ? numbers : spare
        }
      }
    },
    "throws behind it": (_, numbers) => ({
      numbers,
      get millis() {
        throw new Error("no")
      }
    }),
    "asks with it meanwhile, and cannot take the reply": (loads, numbers) => ({
      millis: 0,
      get numbers() {
        loads.askUnsafe.Keep({ numbers, millis: 0 }, () => {
          throw new Error("no")
        })
        return numbers
      }
    }),
    "fills the queue meanwhile": (loads, numbers) => ({
      numbers,
      get millis() {
        for (let n = 0; n < 4; n++) loads.tellUnsafe.Wait({ millis: 1 })
        return 0
      }
    })
  }
  for (const [what, attack] of Object.entries(attacks)) {
    check(what, ({ arena, free, some }) =>
      Effect.gen(function*() {
        for (const overflow of ["suspend", "fail", "dropNewest", "dropOldest"] as const) {
          yield* Effect.scoped(Effect.gen(function*() {
            const loads = yield* poolOf(Loads, { arenas: [arena], queue: { capacity: 2, overflow } })
            for (const send of ["tell", "ask"] as const) {
              const payload = attack(loads, yield* some, yield* some)
              yield* Effect.exit(
                Effect.suspend((): Effect.Effect<unknown, unknown> => loads[send].Keep(payload as never))
              )
              while ((yield* loads.depth) > 0) yield* Effect.sleep(1)
              // The pool goes on.
              yield* loads.ask.Keep({ numbers: yield* some, millis: 0 }, forever)
            }
          }))
        }
        yield* free
      }))
  }
})

describe("what moves with many jobs at once", () => {
  check(
    "is free where one of them fails, and the rest is interrupted",
    ({ arena, blocks, some }) =>
      Effect.gen(function*() {
        const loads = yield* poolOf(Loads, { arenas: [arena] })
        const items = Array.from({ length: 8 }, (_, n) => n)
        for (const batch of [Pool.forEach, Pool.partition] as const) {
          yield* Effect.scoped(Effect.gen(function*() {
            const fails = yield* Simulation.draw(9)
            const back = (n: number) =>
              Effect.gen(function*() {
                const numbers = yield* some
                if (n === fails) yield* loads.ask.Refuse({ numbers, millis: n % 3, dies: false }, forever)
                const back = yield* Effect.flatMap(loads.ask.Back({ numbers, millis: n % 4 }, forever), Iso.scoped)
                return back.value.join()
              })
            yield* Effect.exit<unknown, unknown, Scope.Scope>(batch(loads, items, back))
          }))
        }
        for (let left = 500; blocks() > 0; left--) {
          if (left === 0) assert.fail(`${blocks()} blocks are nobody's`)
          yield* Effect.sleep(1)
        }
      })
  )

  check(
    "is still its sender's, or free, where there is no room in either arena",
    ({ arena, free, some }) =>
      Effect.gen(function*() {
        const loads = yield* poolOf(Loads, { arenas: [arena], arena: { capacityBytes: 2 * BLOCK } })
        for (let n = 0; n < 3; n++) {
          yield* Effect.scoped(Effect.gen(function*() {
            const all = yield* Effect.forEach(Array.from({ length: 16 }), () => some)
            const full = yield* Effect.exit(loads.ask.Make({ length: 2 }, forever))
            assert.include(String(full), "ArenaFull")
            const raising = yield* Effect.forEach(all, (numbers) =>
              Effect.forkChild(
                Effect.map(loads.ask.Raise({ numbers, millis: 1 }, forever), (raised) => Iso.release(raised)),
                { startImmediately: true }
              ))
            yield* Fiber.joinAll(raising)
            const large = yield* Effect.exit(loads.ask.Make({ length: 17 * BLOCK }, forever))
            assert.include(String(large), "ParcelTooLarge")
          }))
        }
        yield* free
      })
  )
})

describe("something around the sends of what moves with jobs", () => {
  check("may drop them, send them twice, or answer itself", ({ arena, free, some }) =>
    Effect.gen(function*() {
      const loads = yield* poolOf(Loads, { arenas: [arena] })
      const dropping = Interceptor.sending(loads, (sending) => Interceptor.refuse(sending, "no"))
      const doubling = Interceptor.sending(loads, (_, next) => Effect.andThen(next, next))
      const answering = Interceptor.sending(loads, () => Effect.die("itself"))
      for (const ref of [dropping, doubling, answering]) {
        yield* Effect.scoped(Effect.gen(function*() {
          yield* Effect.exit(ref.ask.Keep({ numbers: yield* some, millis: 0 }, forever))
          yield* Effect.exit(ref.tell.Keep({ numbers: yield* some, millis: 0 }))
        }))
        // What comes with a reply is whose who has asked, and of two the first one is nobody's.
        if (ref === doubling) continue
        yield* Effect.scoped(Effect.gen(function*() {
          const numbers = yield* some
          const taken = ref.askUnsafe.Back({ numbers, millis: 1 }, (exit) => {
            if (Exit.isSuccess(exit)) Iso.release(exit.value)
          })
          yield* Effect.sleep(yield* Simulation.draw(4))
          taken()
        }))
        yield* free
      }
    }))
})

const Made = Actor.make("Loads", [
  Rpc.make("Make", { payload: { length: Schema.Int }, success: Numbers }).annotate(Pool.Attempts, 3)
])

const MadeLive = Made.toLayer(Effect.gen(function*() {
  const [arena] = yield* ThreadArenas.all
  const scope = yield* Effect.scope
  return Made.of({
    Make: ({ length }) =>
      Effect.gen(function*() {
        const numbers = yield* Scope.provide(Effect.orDie(Iso.allocate(arena!, Int32Array, length)), scope)
        yield* Effect.sleep(1)
        return numbers
      })
  })
}))

describe("what comes with a reply that may be made again", () => {
  check(
    "is there once, whatever dies",
    ({ arena, free }) =>
      Effect.gen(function*() {
        const made = yield* poolOf(Made, { arenas: [arena] })
        for (let n = 0; n < 20; n++) {
          const exit = yield* Effect.exit(made.ask.Make({ length: 2 }, forever))
          if (Exit.isSuccess(exit)) Iso.release(exit.value)
          yield* free
        }
      }),
    () => PoolThread.launch(MadeLive),
    { portDelay: 2, lateWake: 10, crash: 200 }
  )
})

const Outer = Actor.make("Outer", [
  Rpc.make("Raise", { payload: { numbers: Numbers, millis: Schema.Int }, success: Numbers }),
  Rpc.make("Hold", { payload: { numbers: Numbers, millis: Schema.Int } })
])

// A pool of its own in each worker, which it gives the arena on that it was given.
const OuterLive = Outer.toLayer(Effect.gen(function*() {
  const inner = yield* Pool.make(Loads, { spawn: noThread, threads: 1, arenas: yield* ThreadArenas.all })
  return Outer.of({
    Raise: ({ millis, numbers }) => Effect.orDie(inner.ask.Raise({ numbers, millis }, forever)),
    Hold: ({ millis, numbers }) => Effect.orDie(inner.ask.Keep({ numbers, millis }, forever))
  })
}))

describe("a pool in a worker of a pool", () => {
  check(
    "works on what came with a job, and all of it is free when either ends",
    ({ arena, some }) =>
      Effect.gen(function*() {
        const outer = yield* poolOf(Outer, { arenas: [arena] })
        const own = yield* some
        for (let n = 0; n < 8; n++) {
          yield* Effect.scoped(Effect.gen(function*() {
            const numbers = yield* some
            const asking = yield* Effect.forkChild(Effect.exit(outer.ask.Raise({ numbers, millis: 2 }, forever)))
            yield* outer.tell.Hold({ numbers: yield* some, millis: 5 })
            yield* Effect.sleep(yield* Simulation.draw(8))
            if (n % 2 === 1) yield* Fault.kill(`worker-${n % 4 === 1 ? 0 : 1}`)
            const exit = yield* Fiber.join(asking)
            if (Exit.isSuccess(exit)) {
              assert.strictEqual(exit.value.value.join(), "2,2")
              Iso.release(exit.value)
            }
            while ((yield* outer.depth) > 0) yield* Effect.sleep(1)
          }))
          // Nobody frees it under the hands of who has it.
          assert.strictEqual(own.value.join(), "1,1")
        }
        Iso.release(own)
        // What one of a worker's threads was sent by the other, and both have died before it was read, stays on its way.
      }),
    () => PoolThread.launch(Layer.mergeAll(OuterLive, LoadsLive)),
    { portDelay: 2, lateWake: 10 },
    8
  )
})

const Front = Actor.make("Front", [
  Rpc.make("Pass", { payload: { numbers: Numbers, millis: Schema.Int }, success: Numbers }),
  Rpc.make("Refund", {
    payload: { numbers: Numbers, millis: Schema.Int },
    error: Schema.Struct({ numbers: Numbers })
  })
])

describe("an actor that hands on what it was given", () => {
  check(
    "to a pool leaves nothing, whoever goes, refuses or is full",
    ({ arena, free, some }) =>
      Effect.gen(function*() {
        const loads = yield* poolOf(Loads, {
          arenas: [arena],
          threads: 1,
          queue: { capacity: 2, overflow: yield* Simulation.pick(["fail", "suspend", "dropOldest"] as const) }
        })
        const live = Front.toLayer(Effect.succeed(Front.of({
          Pass: ({ millis, numbers }) => Actor.forward(loads.ask.Back({ numbers, millis })),
          Refund: ({ millis, numbers }) => Actor.forward(loads.ask.Refund({ numbers, millis }))
        })))
        const context = yield* Layer.build(Layer.provideMerge(live, ActorSystem.layer))
        const front = yield* Effect.provideContext(Front.spawn("front"), context)
        const pass = (n: number) =>
          Effect.scoped(Effect.gen(function*() {
            const millis = n % 4
            const timeout = 2 + n % 3
            const numbers = yield* some
            const asking: Effect.Effect<unknown> = n % 4 === 3
              ? Effect.match(front.ask.Refund({ numbers, millis }, { timeout }), {
                onSuccess: () => {},
                onFailure: (error) => "numbers" in error ? Iso.release(error.numbers) : undefined
              })
              : Effect.exit(Effect.map(front.ask.Pass({ numbers, millis }, { timeout }), (back) => Iso.release(back)))
            if (n % 3 === 0) return void (yield* interruptedAt(asking, 1 + (yield* Simulation.draw(12))))
            const asked = yield* Effect.forkChild(asking, { startImmediately: true })
            yield* Effect.sleep(yield* Simulation.draw(6))
            yield* Fiber.interrupt(asked)
          }))
        yield* Effect.forEach(Array.from({ length: 24 }, (_, n) => n), pass, { concurrency: 4, discard: true })
        yield* free
      })
  )
})

const Ends = { Sender: SharedChannel.Sender(Schema.Int), Receiver: SharedChannel.Receiver(Schema.Int) }

const Mirror = Actor.make("Mirror", [
  Rpc.make("Back", {
    payload: { to: Ends.Sender, from: Ends.Receiver, millis: Schema.Int },
    success: Schema.Struct({ to: Ends.Sender, from: Ends.Receiver })
  })
])

const MirrorLive = Mirror.toLayer(Effect.succeed(Mirror.of({
  Back: ({ from, millis, to }) => Effect.as(Effect.sleep(millis), { to, from })
})))

describe("both ends of a channel", () => {
  check("go to jobs and back, and end with whoever has them last", () =>
    Effect.gen(function*() {
      const mirror = yield* poolOf(Mirror, { threads: 1 })
      for (let n = 0; n < 12; n++) {
        yield* Effect.scoped(Effect.gen(function*() {
          const sent = yield* SharedChannel.make(Schema.Int, { kind: "mpsc", capacity: 8 })
          const clone = yield* sent.sender.clone
          yield* clone.send(1)
          const asking = yield* Effect.forkChild(
            Effect.exit(mirror.ask.Back({ to: sent.sender, from: sent.receiver, millis: 2 }, { timeout: 1 + n % 4 })),
            { startImmediately: true }
          )
          yield* Effect.sleep(yield* Simulation.draw(4))
          if (n % 3 === 2) yield* Fault.kill("worker-0")
          const exit = yield* Fiber.join(asking)
          if (Exit.isSuccess(exit)) {
            yield* exit.value.to.send(2)
            assert.deepStrictEqual([yield* exit.value.from.receive, yield* exit.value.from.receive], [1, 2])
            yield* exit.value.to.close
            yield* exit.value.from.close
          }
          // Who still has a sender hears that nobody receives.
          const late = yield* Effect.timeout(
            Effect.exit(Effect.forever(Effect.andThen(clone.send(3), Effect.sleep(1)))),
            6000
          )
          assert.isTrue(Exit.isFailure(late))
        }))
      }
    }), () => PoolThread.launch(MirrorLive))
})
