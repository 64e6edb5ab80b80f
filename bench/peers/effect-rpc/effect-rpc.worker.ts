/**
 * An `RpcServer` on a worker thread.
 *
 * Without tracing, which our actors do not pay for either when nobody traces, and without fatal defects, as our supervision asks for.
 */
import * as NodeWorkerRunner from "@effect/platform-node/NodeWorkerRunner"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as RpcServer from "effect/rpc/RpcServer"
import { streamed, TallyCounter } from "../../runner/Sampling.ts"
import { Protocol } from "./protocol.ts"

const counter = new TallyCounter()

const Handlers = Protocol.toLayer({
  Note: (message) => Effect.sync(() => counter.add(message)),
  Stream: ({ count, oneByOne }) => streamed(count, oneByOne),
  Tally: () => Effect.sync(() => counter.tally),
  Add: ({ value }) => Effect.succeed(value + 1)
})

RpcServer.layer(Protocol, { disableFatalDefects: true, disableTracing: true }).pipe(
  Layer.provide(Handlers),
  Layer.provide(RpcServer.layerProtocolWorkerRunner),
  Layer.provide(NodeWorkerRunner.layer),
  Layer.launch,
  Effect.runFork
)
