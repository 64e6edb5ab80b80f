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
import * as Stream from "effect/Stream"
import { Actor, ActorSystem, ActorThread, Iso, Tag, ThreadArenas, Val } from "shared-nothing"
import { Fault, Invariant, Simulation } from "shared-nothing/testing"
import * as Arena from "../../src/memory/Arena.ts"
import { usage } from "../../src/memory/ArenaUsage.ts"
import { interruptedAt } from "../support/pausing.ts"
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
  /** Fails without a look at the numbers: with an error, or with a defect. */
  Rpc.make("Refuse", { payload: { numbers: Numbers, millis: Schema.Int }, error: Schema.String }),
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

const Front = Actor.make("Front", [
  /** Leaves the numbers to a worker. */
  Rpc.make("Pass", {
    payload: { numbers: Numbers, millis: Schema.Int, to: Worker.ref },
    success: Numbers
  }),
  /** Adds one to each number, beside its messages, and tells them one by one. */
  Rpc.make("Tell", { payload: { numbers: Numbers, millis: Schema.Int }, success: Schema.Int, stream: true }),
  /** Keeps the numbers when it is open, and until then. */
  Rpc.make("Wait", { payload: { numbers: Numbers } }),
  Rpc.make("Open")
])

const BLOCK_BYTES = 4096

// A handler may be interrupted here, and has not used the numbers.
const idly = (millis: number) => millis > 1 ? Effect.sleep(millis) : Effect.void

const WorkerLive = Worker.toLayer(
  Effect.gen(function*() {
    const scope = yield* Effect.scope
    return Worker.of({
      Raise: ({ millis, numbers }) =>
        Effect.gen(function*() {
          yield* idly(millis)
          const held = yield* Iso.scoped(numbers)
          if (millis > 0) yield* Effect.sleep(millis)
          for (let i = 0; i < held.value.length; i++) held.value[i]!++
          return held
        }).pipe(Scope.provide(scope)),
      Keep: ({ millis, numbers }) => {
        const kept = Effect.andThen(Iso.scoped(numbers), millis > 0 ? Effect.sleep(millis) : Effect.void)
        return Effect.andThen(idly(millis), Effect.scoped(kept))
      },
      Refuse: ({ millis }) =>
        millis === 0 ? Effect.fail("not today") : Effect.andThen(idly(millis), Effect.die("never")),
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

const FrontLive = Front.toLayer(
  Effect.gen(function*() {
    const stash = yield* Front.stash({ capacity: 2 })
    let isOpen = false
    return Front.of({
      Pass: ({ millis, numbers, to }) => Actor.forward(to.ask.Raise({ numbers, millis })),
      Tell: ({ millis, numbers }) =>
        Stream.unwrap(Effect.andThen(
          idly(millis),
          Effect.map(
            Iso.scoped(numbers),
            ({ value }) => Stream.tap(Stream.fromIterable(Array.from(value, (n) => n + 1)), () => idly(millis))
          )
        )),
      Wait: ({ numbers }) => isOpen ? Effect.scoped(Effect.asVoid(Iso.scoped(numbers))) : Effect.orDie(stash.put),
      Open: () => {
        isOpen = !isOpen
        return stash.unstashAll
      }
    })
  }),
  { mailbox: { capacity: 4, overflow: "dropOldest" }, shutdown: "brutalKill" }
)

const Live = Layer.mergeAll(WorkerLive, FrontLive)

const worker = () => ActorThread.launch(Live)

const program = Effect.gen(function*() {
  const arena = yield* ThreadArenas.open(
    Arena.create({ capacityBytes: 64 * BLOCK_BYTES, blockBytes: BLOCK_BYTES, id: 1 }),
    1
  )
  let broken = ""
  const happened = { moved: 0, lost: 0, foreign: 0, opened: 0, interrupted: 0 }

  const handedOn = Effect.fnUntraced(function*(
    front: Actor.Ref<typeof Front>,
    to: Actor.Ref<typeof Worker>,
    millis: number
  ) {
    const numbers = yield* Iso.allocate(arena, Int32Array, 2)
    numbers.value.fill(1)
    switch (yield* Simulation.draw(4)) {
      case 0: {
        const passed = yield* Effect.exit(front.ask.Pass({ numbers, millis, to }, { timeout: 1 + millis }))
        return Exit.isSuccess(passed) ? Iso.release(passed.value) : undefined
      }
      case 1: {
        const some = Stream.take(front.ask.Tell({ numbers, millis }, { timeout: 2 }), 1 + millis)
        const told = yield* Effect.exit(Stream.runCollect(some))
        if (Exit.isSuccess(told) && told.value.some((n) => n !== 2)) broken = `1,1 was told as ${told.value.join()}`
        return
      }
      case 2:
        return void (yield* Effect.exit(front.ask.Wait({ numbers }, { timeout: 5 })))
      default:
        return void (yield* Effect.exit(millis === 0 ? front.tell.Open() : front.tell.Wait({ numbers })))
    }
  })

  // At any of its steps, also with the reply in hand.
  const interrupted = Effect.fnUntraced(function*(to: Actor.Ref<typeof Worker>, millis: number) {
    const numbers = yield* Iso.allocate(arena, Int32Array, 2)
    const asking = Effect.withSpan(
      Effect.map(to.ask.Raise({ numbers, millis }, { timeout: 50 }), (raised) => {
        happened.interrupted--
        Iso.release(raised)
      }),
      "capabilities"
    )
    happened.interrupted++
    yield* interruptedAt(Effect.exit(asking), 1 + (yield* Simulation.draw(32)))
  })

  const step = Effect.fnUntraced(function*(
    refs: ReadonlyArray<Actor.Ref<typeof Worker>>,
    fronts: ReadonlyArray<Actor.Ref<typeof Front>>
  ) {
    const to = refs[yield* Simulation.draw(refs.length)]!
    const front = fronts[yield* Simulation.draw(fronts.length)]!
    const millis = yield* Simulation.draw(3)
    switch (yield* Simulation.draw(10)) {
      case 8:
      case 9:
        return yield* interrupted(to, millis)
      case 6:
        // What is on its way between two workers when both die before it is read stays on its way: one of the two is on the main thread, or both on one.
        return yield* handedOn(front, front.key === "here" || to.key === front.key ? to : refs[2]!, millis)
      case 7: {
        const numbers = yield* Iso.allocate(arena, Int32Array, 2)
        const asked = yield* Effect.exit(to.ask.Refuse({ numbers, millis }, { timeout: 1 + millis }))
        if (Exit.isSuccess(asked)) broken = "what fails has succeeded"
        return
      }
      case 0:
      case 1: {
        const numbers = yield* Iso.allocate(arena, Int32Array, 2)
        numbers.value.fill(1)
        const timeout = yield* Simulation.pick([50, 1 + millis])
        const exit = yield* Effect.exit(to.ask.Raise({ numbers, millis }, { timeout }))
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
      const context = yield* Layer.build(Layer.provideMerge(Live, system))
      const placed = (n: number) => n === 2 ? { placement: "here" } as const : at(n)
      const spawn = Effect.all([
        Effect.forEach(["a", "b", "here"], (key, n) => Worker.spawn(key, placed(n))),
        Effect.forEach(["a", "b", "here"], (key, n) => Front.spawn(key, placed(n)))
      ])
      return yield* Effect.provideContext(spawn, context)
    })
    const [refs, fronts] = yield* Fault.calm(up)
    const steps = Array.from({ length: 4 + (yield* Simulation.draw(24)) }, (_, n) => n)
    yield* Effect.forEach(steps, () => step(refs, fronts), { concurrency: 3, discard: true })
    if (broken !== "") return yield* Effect.die(new Error(broken))
  }))
  const { usedBytes } = usage(arena.buffer)
  if (usedBytes > 0) return yield* Effect.die(new Error(`${usedBytes} bytes are nobody's`))
  if ((yield* Tag.kept) !== 0) return yield* Effect.die(new Error("a thing is kept for a tag that nobody opens"))
  yield* Invariant.sometimes("an array moves and comes back", happened.moved > 2)
  yield* Invariant.sometimes("an array is lost with a thread, or its actor", happened.lost > 0)
  yield* Invariant.sometimes("a tag is opened at home", happened.opened > 0)
  yield* Invariant.sometimes("a tag is opened elsewhere", happened.foreign > 0)
  yield* Invariant.sometimes("an asker is interrupted before it goes on", happened.interrupted > 0)
})

export const capabilities: Scenario = { name: "capabilities", worker, program: Effect.scoped(program) }
