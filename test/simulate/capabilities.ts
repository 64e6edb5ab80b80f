/**
 * Memory that moves, tables that are immutable and tags that come home, between threads that die: an array is in one hand at each moment and in the end
 * the arena's, what was read of a table is frozen, and a tag is opened by the incarnation of a thread that has made it and by no other.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import { Actor, ActorSystem, ActorThread, Iso, Tag, ThreadArenas, Val } from "shared-nothing"
import { Fault, Invariant, Simulation } from "shared-nothing/testing"
import * as Arena from "../../src/memory/Arena.ts"
import { usage } from "../../src/memory/ArenaUsage.ts"
import { at, noThread, type Scenario } from "./scenario.ts"

const Numbers = Iso.of(Int32Array)

class Desk {
  used = 0
}

const DeskTag = Tag.of<Desk>("Desk")

const Worker = Actor.make("Worker", [
  /** Adds one to each number, and gives them back. */
  Rpc.make("Raise", { payload: { numbers: Numbers, millis: Schema.Int }, success: Numbers }),
  Rpc.make("Keep", { payload: { numbers: Numbers, millis: Schema.Int } }),
  /** Whether it could change the table. */
  Rpc.make("Spoil", {
    payload: { table: Val.of(Schema.Array(Schema.Struct({ n: Schema.Int }))) },
    success: Schema.Boolean
  }),
  Rpc.make("Name", { success: DeskTag }),
  Rpc.make("Use", {
    payload: { desk: DeskTag },
    success: Schema.Int,
    error: Schema.Union([Tag.TagElsewhere, Tag.TagClosed])
  }),
  Rpc.make("Crash")
])

type Held = typeof Numbers.Type

/** What handlers were called with and have not put into a scope: who is interrupted before that keeps it, as the docs say. */
const inHand = new Set<Held>()

const scoped = (numbers: Held) => Effect.tap(Iso.scoped(numbers), () => Effect.sync(() => inHand.delete(numbers)))

const BLOCK_BYTES = 4096

const WorkerLive = Worker.toLayer(
  Effect.gen(function*() {
    const scope = yield* Effect.scope
    return Worker.of({
      Raise: ({ millis, numbers }) => {
        inHand.add(numbers)
        return Effect.gen(function*() {
          const held = yield* scoped(numbers)
          if (millis > 0) yield* Effect.sleep(millis)
          for (let i = 0; i < held.value.length; i++) held.value[i]!++
          return held
        }).pipe(Scope.provide(scope))
      },
      Keep: ({ millis, numbers }) => {
        inHand.add(numbers)
        return Effect.scoped(Effect.andThen(scoped(numbers), millis > 0 ? Effect.sleep(millis) : Effect.void))
      },
      Spoil: ({ table }) =>
        Effect.sync(() => {
          try {
            ;(table as Array<{ n: number }>)[0]!.n = 7
            return true
          } catch {
            return false
          }
        }),
      Name: () => Scope.provide(Tag.make(DeskTag, new Desk()), scope),
      Use: ({ desk }) => Effect.map(Tag.open(desk), (opened) => ++opened.used),
      Crash: () => Effect.die("told to")
    })
  }),
  { mailbox: { capacity: 4, overflow: "dropOldest" }, shutdown: "brutalKill" }
)

const worker = () => ActorThread.launch(WorkerLive)

const program = Effect.gen(function*() {
  const arena = yield* ThreadArenas.open(
    Arena.create({ capacityBytes: 64 * BLOCK_BYTES, blockBytes: BLOCK_BYTES, id: 1 }),
    1
  )
  inHand.clear()
  let broken = ""
  const happened = { moved: 0, lost: 0, foreign: 0, opened: 0 }

  const step = Effect.fnUntraced(function*(refs: ReadonlyArray<Actor.Ref<typeof Worker>>) {
    const to = refs[yield* Simulation.draw(refs.length)]!
    const millis = yield* Simulation.draw(3)
    switch (yield* Simulation.draw(6)) {
      case 0:
      case 1: {
        const numbers = yield* Iso.allocate(arena, Int32Array, 2)
        numbers.value.fill(1)
        const exit = yield* Effect.exit(to.ask.Raise({ numbers, millis }, { timeout: 50 }))
        if (Exit.isFailure(exit)) return void (numbers.isHeld || happened.lost++)
        if (numbers.isHeld) broken = "what has come back is still here"
        if (exit.value.value.join() !== "2,2") broken = `1,1 has become ${exit.value.value.join()}`
        happened.moved++
        return Iso.release(exit.value)
      }
      case 2: {
        const numbers = yield* Iso.allocate(arena, Int32Array, 2)
        const exit = yield* Effect.exit(to.tell.Keep({ numbers, millis }))
        if (Exit.isSuccess(exit) === numbers.isHeld) broken = `sent: ${exit._tag}, and held: ${numbers.isHeld}`
        return
      }
      case 3: {
        const spoilt = yield* Effect.exit(to.ask.Spoil({ table: [{ n: 1 }] }, { timeout: 50 }))
        if (Exit.isSuccess(spoilt) && spoilt.value) broken = "a table was changed"
        return
      }
      case 4: {
        const desk = yield* Effect.exit(to.ask.Name({ timeout: 50 }))
        if (Exit.isFailure(desk)) return
        const other = refs[yield* Simulation.draw(refs.length)]!
        const used = yield* Effect.exit(other.ask.Use({ desk: desk.value }, { timeout: 50 }))
        if (Exit.isSuccess(used)) {
          happened.opened++
          if (used.value !== 1 || other !== to) broken = "a desk of another thread was used"
        } else if (used.cause.toString().includes("TagElsewhere")) happened.foreign++
        return
      }
      default:
        yield* Effect.exit(to.tell.Crash())
    }
  }, Effect.scoped)

  yield* Effect.scoped(Effect.gen(function*() {
    const system = ActorSystem.layerThreads({
      spawn: noThread,
      threads: 2,
      arenas: [arena],
      ring: { capacityBytes: yield* Simulation.pick([1 << 16, 4096]) },
      intensity: { restarts: 1_000_000, within: "1 minute" }
    })
    const up = Effect.gen(function*() {
      const context = yield* Layer.build(Layer.provideMerge(WorkerLive, system))
      const spawn = (key: string, n: number) => Worker.spawn(key, n === 2 ? { placement: "here" } : at(n))
      return yield* Effect.provideContext(Effect.forEach(["a", "b", "here"], spawn), context)
    })
    const refs = yield* Fault.calm(up)
    const steps = Array.from({ length: 4 + (yield* Simulation.draw(24)) }, (_, n) => n)
    yield* Effect.forEach(steps, () => step(refs), { concurrency: 3, discard: true })
    if (broken !== "") return yield* Effect.die(new Error(broken))
  }))
  const { usedBytes } = usage(arena.buffer)
  // What was in hand on a thread that has died is recovered.
  const kept = Array.from(inHand).filter(({ isHeld }) => isHeld).length * BLOCK_BYTES
  if (usedBytes > kept) return yield* Effect.die(new Error(`${usedBytes} bytes are nobody's`))
  if ((yield* Tag.kept) !== 0) return yield* Effect.die(new Error("a thing is kept for a tag that nobody opens"))
  yield* Invariant.sometimes("an array moves and comes back", happened.moved > 2)
  yield* Invariant.sometimes("an array is lost with a thread, or its actor", happened.lost > 0)
  yield* Invariant.sometimes("a tag is opened at home", happened.opened > 0)
  yield* Invariant.sometimes("a tag is opened elsewhere", happened.foreign > 0)
})

export const capabilities: Scenario = { name: "capabilities", worker, program: Effect.scoped(program) }
