/**
 * What a worker that stands by does to be quick later: it plays the whole way of an ask, from the setup of its thread to the reply, with
 * itself. Code that has run once is compiled.
 *
 * It is a system of its own in this thread, with contexts of its own, and nothing of it is left.
 */
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Actor from "../../actor/Actor.ts"
import type { ActorSystem } from "../../actor/ActorSystem.ts"
import * as Terms from "../../actor/kernel/Terms.ts"
import { Node } from "../../link/kernel/Node.ts"
import * as Doorbell from "../../memory/Doorbell.ts"
import { MIN_CAPACITY_BYTES } from "../../memory/Layouts.ts"
import { Tally } from "../../observe/kernel/Tally.ts"
import { ThreadContext } from "../../runtime/ThreadContext.ts"
import { CurrentThread } from "../../thread/kernel/CurrentThread.ts"
import type { Setup } from "../../thread/kernel/Entry.ts"
import type * as Control from "./control.ts"
import { makeHostWith } from "./host.ts"

/** How a worker is set up that serves some behaviours. */
export type Serve = (behaviours: Layer.Layer<never, never, ActorSystem>) => Setup

const ignore = (): void => {}

/** Where the main thread of the rehearsal is, and its worker. */
const MAIN = 0
const WORKER = 1
const EPOCH = 1
const ACTOR = 1
/** It ends in any case: nobody waits for a thread that only gets ready to be waited for. */
const LIMIT = "2 seconds"

/** See the module; answers whether it has come to its end, which only its test wants to know. */
export const rehearse = (serve: Serve): Effect.Effect<boolean> =>
  Effect.scoped(play(serve)).pipe(
    Effect.timeout(LIMIT),
    Effect.match({ onFailure: () => false, onSuccess: () => true }),
    Effect.catchCause(() => Effect.succeed(false))
  )

// Defined when it is played: a worker that never stands by does not pay for it.
const roleOf = () =>
  Actor.make("Rehearsal", [Rpc.make("Echo", { payload: { text: Schema.String }, success: Schema.String })])

const play = (serve: Serve): Effect.Effect<void, unknown, Scope.Scope> =>
  Effect.gen(function*() {
    const { runtime } = yield* CurrentThread
    const Role = roleOf()
    const { layoutHash, name } = Role.protocol
    const system: Control.Seat = {
      names: ["main", "worker"],
      mainEpoch: EPOCH,
      doorbells: Doorbell.create(2),
      tally: Tally.create(2),
      ringBytes: MIN_CAPACITY_BYTES,
      maxSpins: 0,
      system: 1,
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
    const worker = serve(Role.toLayer(Effect.succeed(Role.of({ Echo: ({ text }) => Effect.succeed(text) }))))({
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
    const { onMessage = ignore } = yield* Effect.provideService(worker, CurrentThread, new ThreadContext(runtime))
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
    const recipient = main.remote(main.address(WORKER, 0, ACTOR, bounds, layoutHash, "a"), Role.protocol)
    yield* Effect.callback<void>((resume) => {
      recipient.askUnsafe(0, { text: "line" }, Infinity, () => resume(Effect.void))
    })
  })
