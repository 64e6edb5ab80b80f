/** The protocol of the pool of this library. */
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor, Codec } from "shared-nothing"

const Word = Schema.Number.pipe(Codec.width("u32"))

export const Work = Actor.make("Work", [
  Rpc.make("Run", { payload: { value: Word, micros: Word }, success: Word }),
  /** Halves itself so often; answers how many parts there were. */
  Rpc.make("Fork", { payload: { depth: Word, micros: Word }, success: Word })
])
