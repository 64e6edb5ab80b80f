/**
 * A worker of a system: the setup of its thread, which builds the layer of behaviours and links it to the others.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as PubSub from "effect/PubSub"
import { ActorSystem } from "../../actor/ActorSystem.ts"
import type { Host } from "../../actor/kernel/Host.ts"
import * as Layouts from "../../actor/kernel/Layouts.ts"
import { Node } from "../../link/kernel/Node.ts"
import { Tally } from "../../observe/kernel/Tally.ts"
import { CurrentThread } from "../../thread/kernel/CurrentThread.ts"
import * as Launcher from "../../thread/kernel/Launcher.ts"
import { Requests } from "../../thread/kernel/Requests.ts"
import * as ThreadArenas from "../../thread/ThreadArenas.ts"
import type * as ThreadEntry from "../../thread/ThreadEntry.ts"
import { encodeEvents } from "./accounts.ts"
import type * as Control from "./control.ts"
import { onThread } from "./groups.ts"
import { makeHostWith } from "./host.ts"
import { Outbox } from "./letters.ts"
import { Endings } from "./stops.ts"
import { Ward } from "./supervision.ts"
import { afterEnd, receive, serviceOf, type Worker } from "./worker.ts"

/** Builds the layer on a worker, and has it do what the main thread says. */
export const serve = <A, E>(behaviours: Layer.Layer<A, E, ActorSystem>) => (start: ThreadEntry.ThreadStart) =>
  Effect.gen(function*() {
    const scope = yield* Effect.scope
    const worker = yield* makeWorker(start)
    // What is asked for while the layer is built is answered then: all else waits until it stands.
    start.intercept((message) => {
      const { _tag } = message as Control.ToWorker
      const isAnswer = _tag === "Claimed" || _tag === "Held" || _tag === "Found"
      if (isAnswer) receive(worker, message as Control.ToWorker)
      return isAnswer
    })
    const services = Context.make(ActorSystem, serviceOf(worker))
    const built = yield* Layer.buildWithScope(behaviours, scope).pipe(Effect.provideContext(services))
    // What the thread logs from now on goes to the loggers that the layer may have brought.
    worker.log = logging(Context.merge(yield* Effect.context<never>(), built as Context.Context<never>))
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        worker.host.isLeaving = true
      })
    )
    yield* Effect.forkIn(
      Effect.flatMap(worker.host.awaitEscalation, ({ cause }) => Effect.sync(() => start.fail(cause))),
      scope
    )
    const ready: Control.Ready = {
      behaviours: worker.host.behaviours.map((behaviour): Control.Hosted => {
        const { capacity, intensity, laneBytes, overflow, protocol } = behaviour
        return { name: protocol.name, ...Layouts.of(protocol), intensity, capacity, laneBytes, overflow }
      })
    }
    return { ready, onMessage: (message: unknown) => receive(worker, message as Control.ToWorker) }
  })

const logging = (context: Context.Context<never>) => (entry: Effect.Effect<void>): void =>
  void Effect.runForkWith(context)(Effect.ignoreCause(entry))

const makeWorker = (start: ThreadEntry.ThreadStart) =>
  Effect.gen(function*() {
    const context = yield* Effect.context<never>()
    const { runtime } = yield* CurrentThread
    yield* Launcher.checked("ActorThread.launch", start)
    const seat = start.data as Control.Seat
    yield* Effect.forEach(seat.arenas, ({ buffer, owner }) => ThreadArenas.open(buffer, owner), { discard: true })
    const host = yield* makeHostWith(start.name, new Tally(seat.tally, start.index))
    const post = (message: Control.ToMain) => start.post(message)
    const node: Node = new Node(host, {
      ...seat,
      index: start.index,
      epoch: start.epoch,
      runtime,
      connect: (to, epoch, rings) => post({ _tag: "Rings", to, epoch, rings }),
      announce: (actor, lane) => {
        post({ _tag: "Lane", actor, lane })
        return false
      },
      failed: (error) => worker.log(Effect.logError(`${start.name}: a turn has thrown`, error)),
      afterEnd: (then) => afterEnd(worker, then),
      malformed: (thread, error) =>
        worker.log(Effect.logError(`${start.name}: a record from ${seat.names[thread]} was skipped`, error))
    })
    const run = Effect.runForkWith(context)
    const worker: Worker & { log: ReturnType<typeof logging> } = {
      host,
      node,
      run,
      log: logging(context),
      post,
      placed: new Map(),
      starting: new Map(),
      endings: new Endings(node, runtime, run, post),
      ward: new Ward(post, run),
      outbox: new Outbox(host, node, post),
      claims: new Requests(),
      told: new Requests()
    }
    yield* Effect.addFinalizer(() => Effect.sync(() => node.close()))
    host.groups.connect(onThread(node, (change) => post({ _tag: "Memberships", ...change })))
    node.peerUp(0, seat.mainEpoch)
    yield* forwardEvents(host, post)
    return worker
  })

const forwardEvents = (host: Host, post: (message: Control.ToMain) => void) =>
  Effect.gen(function*() {
    const subscription = yield* PubSub.subscribe(host.events)
    const forward = Effect.map(PubSub.takeAll(subscription), (all) => {
      const events = encodeEvents(all)
      if (events !== undefined) post({ _tag: "Events", events })
    })
    yield* Effect.forkScoped(Effect.forever(forward))
  })
