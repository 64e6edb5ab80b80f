/** What is left of an end when its thread has died in the middle of closing it. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import { SharedChannel } from "shared-nothing"
import type { SharedSender } from "../../src/channel/internal/sharedSender.ts"
import { takeOffOf } from "../../src/channel/internal/takeOff.ts"
import { roster as layout, ROSTER_ROW, ROSTER_ROW_BYTES } from "../../src/memory/Layouts.ts"
import { SENDER } from "../../src/memory/Roster.ts"

const DEAD = 999

describe("takeOff", () => {
  it.live("a thread that has closed an end and told nobody that it was the last leaves that to who hears of its exit", () =>
    Effect.gen(function*() {
      const { receiver, sender } = yield* SharedChannel.make(Schema.Int, { kind: "spsc" })
      const { access } = (sender as unknown as SharedSender<number>).life
      const waiting = yield* Effect.forkChild(Effect.flip(receiver.receive), { startImmediately: true })
      // The sender went away in a message, and what opened it stored that it leaves, and died.
      const cells = new Int32Array(access.memory.roster)
      const rows = Array.from(
        { length: access.roster.rows },
        (_, row) => layout.descriptorCells + row * ROSTER_ROW_BYTES / 4
      )
      const row = rows.find((row) => (cells[row]! & SENDER) !== 0)!
      cells[row + ROSTER_ROW.holder / 4] = DEAD
      cells[row]! &= ~3
      takeOffOf(access as never, DEAD)
      assert.strictEqual((yield* Fiber.join(waiting))._tag, "ChannelClosed")
    }).pipe(Effect.scoped))
})
