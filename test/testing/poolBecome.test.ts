/** A behaviour of a pool that becomes another one, with messages that are answered with streams. */
import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { Actor, Interceptor, PoolThread } from "shared-nothing"
import { poolOf, simulated } from "../support/pooled.ts"

const Door = Actor.make("Door", [
  Rpc.make("Turn"),
  Rpc.make("Say", { success: Schema.String }),
  Rpc.make("Steps", { payload: { most: Schema.Int }, success: Schema.String, stream: true })
])

const seen: Array<string> = []

const DoorLive = Door.toLayer(Effect.gen(function*() {
  const become = yield* Door.become
  const as = (name: string, next: () => Actor.Handlers<typeof Door>): Actor.Handlers<typeof Door> => ({
    Turn: () => become(next()),
    Say: () => Effect.succeed(name),
    Steps: ({ most }) =>
      Stream.fromIterable(Array.from({ length: most }, (_, n) => `${name} ${n}`)).pipe(Stream.rechunk(1))
  })
  const open = (): Actor.Handlers<typeof Door> => as("open", closed)
  const closed = (): Actor.Handlers<typeof Door> => as("closed", open)
  return closed()
})).pipe(Layer.provide(Interceptor.layer(({ tag }, next) => Effect.andThen(Effect.sync(() => seen.push(tag)), next))))

const run = simulated(() => PoolThread.launch(DoorLive))
const forever = { timeout: "Infinity" } as const

describe("a behaviour of a pool that becomes another one", () => {
  run("answers with the streams of that, what is around its handlers around those", () =>
    Effect.gen(function*() {
      seen.length = 0
      const door = yield* poolOf(Door, { threads: 1, concurrency: 1 })
      const steps = (most: number) =>
        Effect.map(Stream.runCollect(door.ask.Steps({ most }, forever)), (all) => Array.from(all))
      assert.deepStrictEqual(yield* steps(3), ["closed 0", "closed 1", "closed 2"])
      yield* door.ask.Turn(forever)
      assert.strictEqual(yield* door.ask.Say(forever), "open")
      assert.deepStrictEqual(yield* steps(2), ["open 0", "open 1"])
      yield* door.ask.Turn(forever)
      assert.deepStrictEqual(yield* steps(1), ["closed 0"])
      assert.deepStrictEqual(seen, ["Steps", "Turn", "Say", "Steps", "Turn", "Steps"])
    }))
})
