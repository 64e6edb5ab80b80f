/** Streams over a link: when what is written of them becomes visible to who reads. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { Actor } from "shared-nothing"
import { StreamReader } from "../../src/actor/kernel/StreamReader.ts"
import type { SpscReader } from "../../src/memory/SpscRing.ts"
import { accounts, stage, ZERO } from "./stage.ts"

const WINDOW = 256
const RECORD_BYTES = 16

const Source = Actor.make("Source", [
  Rpc.make("Count", { payload: { to: Schema.Int }, success: Schema.Int, stream: true })
])

describe("a stream that is read on another thread", () => {
  it.effect("shows half of what its reader has room for while it writes the other half", () =>
    Effect.scoped(Effect.gen(function*() {
      // What lies in the ring for the reader when an element is made.
      const visible: Array<number> = []
      let look = () => 0
      const made = (n: number) => {
        visible[n] = look()
        return n
      }
      const behaviours = Source.toLayer(Effect.succeed(Source.of({
        Count: ({ to }) => Stream.mapEffect(Stream.range(1, to), (n) => Effect.sync(() => made(n)))
      })))
      const { errors, nodes, spawn, steps } = yield* stage({
        behaviours,
        ringBytes: 65_536
      })
      const { seenFrom } = yield* spawn(0, Source.protocol, "s")
      const reader = yield* Effect.withFiber((fiber) =>
        Effect.succeed(new StreamReader(WINDOW, Infinity, undefined, fiber))
      )
      const { links } = nodes[1] as unknown as {
        readonly links: ReadonlyArray<{ readonly inbound: { readonly data: SpscReader | undefined } }>
      }
      look = () => links[0]!.inbound.data?.published() ?? 0
      seenFrom(1).askUnsafe(0, { to: WINDOW }, Infinity, reader)
      steps.settle()
      const read = yield* reader.pull
      assert.deepStrictEqual([...read], Array.from({ length: WINDOW }, (_, i) => i + 1))
      // No batch is full, and no task over, before these are made.
      const shown = [WINDOW / 2, WINDOW / 2 + 1, WINDOW - 56].map((n) => Math.floor(visible[n]! / RECORD_BYTES))
      assert.deepStrictEqual(shown, [0, WINDOW / 2, WINDOW / 2])
      assert.deepStrictEqual(errors, [])
      for (const node of nodes) assert.deepStrictEqual(accounts(node), ZERO)
    })))
})
