/**
 * What a thread of a system rehearses (`thread/kernel/Rehearsal`): it plays the whole way of an ask, from the setup of a thread to the reply, with
 * itself, and has both sides sleep between one and the next.
 *
 * It is a system of its own in this thread, with contexts of its own, and nothing of it is left.
 */
import * as Effect from "effect/Effect"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import * as Actor from "../../actor/Actor.ts"
import { refClass } from "../../actor/ActorRef.ts"
import * as Terms from "../../actor/kernel/Terms.ts"
import { Node } from "../../link/kernel/Node.ts"
import * as Doorbell from "../../memory/Doorbell.ts"
import { MIN_CAPACITY_BYTES } from "../../memory/Layouts.ts"
import { Tally } from "../../observe/kernel/Tally.ts"
import { piece, ThreadContext } from "../../runtime/ThreadContext.ts"
import { CurrentThread } from "../../thread/kernel/CurrentThread.ts"
import type { ThreadStart } from "../../thread/kernel/Entry.ts"
import * as Rehearsal from "../../thread/kernel/Rehearsal.ts"
import type * as Control from "./control.ts"
import { makeHostWith } from "./host.ts"
import { serve } from "./serve.ts"

const ignore = (): void => {}

/** Where the main thread of the rehearsal is, and its worker. */
const MAIN = 0
const WORKER = 1
const EPOCH = 1
/** As large as those of systems are: a small integer is another kind of number to the engine. */
const SYSTEM = 2 ** 46
const ACTOR = 1
/** Asks at most. */
const ROUNDS = 100

const rehearsed = piece((): Rehearsal.Rehearsed => ({ hasBegun: false }))

/** The rehearsal of a worker of a system. */
export const ofWorker = (start: ThreadStart | undefined): Effect.Effect<boolean> =>
  Effect.suspend(() => rehearsal(Rehearsal.millisOf(start, () => (start!.data as Control.Seat).names.length - 1)))

/** See the module; so many milliseconds at most. */
export const rehearsal = (millis: number): Effect.Effect<boolean> => Rehearsal.once(rehearsed, millis, play)

// Defined when it is played: a thread that is simulated does not pay for it.
const roleOf = () =>
  Actor.make("Rehearsal", [
    Rpc.make("Echo", { payload: { text: Schema.String }, success: Schema.String }),
    Rpc.make("Work", { payload: { count: Schema.Number, text: Schema.String }, success: Schema.Number })
  ])

type Role = ReturnType<typeof roleOf>

// One handler that has its answer at once, and one that is an effect with a fiber.
const handlersOf = (role: Role) =>
  role.toLayer(Effect.succeed(role.of({
    Echo: ({ text }) => Effect.succeed(text),
    Work: Effect.fnUntraced(function*({ count }) {
      yield* Effect.yieldNow
      return count
    })
  })))

const play = Effect.fnUntraced(function*(millis: number) {
  const { runtime } = yield* CurrentThread
  const role = roleOf()
  const { layoutHash, name } = role.protocol
  const system: Control.Seat = {
    launcher: "ActorThread.launch",
    names: ["main", "worker"],
    mainEpoch: EPOCH,
    doorbells: Doorbell.create(2),
    ready: undefined,
    tally: Tally.create(2),
    ringBytes: MIN_CAPACITY_BYTES,
    maxSpins: 0,
    system: SYSTEM,
    arenas: []
  }
  let toWorker: (message: Control.ToWorker) => void = ignore
  const here = new ThreadContext(runtime)
  const host = yield* Effect.provideService(
    makeHostWith(system.names[MAIN]!, new Tally(system.tally, MAIN)),
    CurrentThread,
    here
  )
  const main = new Node(host, {
    ...system,
    index: MAIN,
    epoch: EPOCH,
    runtime,
    connect: (_, epoch, rings) => toWorker({ _tag: "Rings", from: MAIN, epoch, rings }),
    failed: ignore,
    malformed: ignore,
    afterEnd: (then) => then()
  })
  yield* Effect.addFinalizer(() => Effect.sync(() => main.close()))
  const worker = serve(handlersOf(role))({
    name: "worker",
    index: WORKER,
    epoch: EPOCH,
    data: system,
    post: (message) => {
      const said = message as Control.ToMain
      if (said._tag === "Rings") main.accept(WORKER, EPOCH, said.rings)
    },
    fail: ignore,
    intercept: ignore,
    beat: ignore
  })
  const { onMessage } = yield* Effect.provideService(worker, CurrentThread, new ThreadContext(runtime))
  toWorker = onMessage
  toWorker({
    _tag: "Revive",
    placements: [{
      actor: ACTOR,
      name,
      layoutHash,
      key: "a",
      terms: Terms.plain,
      isSupervised: false,
      lanes: [],
      isShard: false
    }]
  })
  main.peerUp(WORKER, EPOCH)
  const bounds = { capacity: 1, overflow: "suspend", laneBytes: 0 } as const
  const recipient = main.remote(main.address(WORKER, 0, ACTOR, bounds, layoutHash, "a"), role.protocol)
  const ref = new (refClass(role.protocol))(recipient) as Actor.Ref<Role>
  const bells = [MAIN, WORKER].map((slot) => new Doorbell.Doorbell(system.doorbells, slot))
  const endsAt = runtime.nowMillis() + millis
  for (let round = 0; round < ROUNDS && runtime.nowMillis() < endsAt; round++) {
    yield* ref.ask.Echo({ text: "line" })
    yield* Rehearsal.untilAsleep(runtime, bells)
    yield* ref.ask.Work({ count: round / 3, text: `line ${round}` })
    yield* Rehearsal.untilAsleep(runtime, bells)
  }
})
