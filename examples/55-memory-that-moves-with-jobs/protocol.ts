/** What can be asked: the definition of an actor, and of a pool. A frame moves with the question, and back with the answer. */
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor, Iso } from "shared-nothing"

export const Frame = Iso.of(Uint8Array)

export const Lab = Actor.make("Lab", [
  /** Inverts a frame where it lies. */
  Rpc.make("Invert", { payload: { frame: Frame }, success: Frame }),
  /** Refuses each frame, without a look at it. */
  Rpc.make("Judge", { payload: { frame: Frame }, error: Schema.Literal("out of focus") })
])
