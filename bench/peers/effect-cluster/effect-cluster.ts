/**
 * Entities of `effect/cluster`, within one process and in memory: neither network nor database.
 *
 * The layers are those of its `TestRunner`. What goes from an entity to another one here is not encoded and decoded for show (`simulateRemoteSerialization`), which is on unless told.
 */
import * as Entity from "effect/cluster/Entity"
import * as MessageStorage from "effect/cluster/MessageStorage"
import * as RunnerHealth from "effect/cluster/RunnerHealth"
import * as Runners from "effect/cluster/Runners"
import * as RunnerStorage from "effect/cluster/RunnerStorage"
import * as Sharding from "effect/cluster/Sharding"
import * as ShardingConfig from "effect/cluster/ShardingConfig"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import type { Measured, Params } from "../../runner/Case.ts"
import * as Sampling from "../../runner/Sampling.ts"
import * as Shapes from "../../runner/Shapes.ts"

const Cluster = Sharding.layer.pipe(
  Layer.provideMerge(Runners.layerNoop),
  Layer.provideMerge(MessageStorage.layerMemory),
  Layer.provide([RunnerStorage.layerMemory, RunnerHealth.layerNoop]),
  Layer.provide(ShardingConfig.layer({ simulateRemoteSerialization: false })),
  Layer.provideMerge(Logger.layer([]))
)

const Adder = Entity.make("Adder", [
  Rpc.make("Add", { payload: { value: Schema.Number }, success: Schema.Number })
])

const AdderLive = Adder.toLayer(Adder.of({ Add: ({ payload: { value } }) => Effect.succeed(value + 1) }))

/** One ask at a time, to one entity that is up. */
export const ask = (params: Params): Promise<Measured> =>
  Effect.gen(function*() {
    const adder = (yield* Adder.client)("a")
    yield* adder.Add({ value: 0 })
    return yield* Effect.promise(() =>
      Sampling.measureAsks(params, (count, replies) =>
        Effect.runPromise(Effect.gen(function*() {
          for (let value = 0; value < count; value++) replies.addReply(yield* adder.Add({ value }))
        })))
    )
  }).pipe(Effect.provide(AdderLive.pipe(Layer.provideMerge(Cluster))), Effect.runPromise)

const Member = Entity.make("Member", [
  Rpc.make("Take", { payload: { id: Schema.Number, a: Schema.Number, b: Schema.Number } })
])

type Take = (message: Sampling.Message) => Effect.Effect<void>

type MemberRef = Take

/** A shape of message flow: an entity for each actor, and every message a call whose answer nobody waits for. */
export const shape = (params: Params, name: Shapes.ShapeName): Promise<Measured> =>
  Effect.gen(function*() {
    const takes = new Map<string, Take>()
    const scope = yield* Scope.make()
    const live = Member.toLayer(
      Effect.map(Entity.CurrentAddress, ({ entityId }) => {
        const take = takes.get(entityId)!
        return Member.of({ Take: ({ payload }) => take(payload) })
      }),
      { mailboxCapacity: "unbounded" }
    )
    const context = yield* Layer.buildWithScope(live.pipe(Layer.provideMerge(Cluster)), scope)
    const clientOf = yield* Effect.provideContext(Member.client, context)
    return yield* Effect.promise(() =>
      Shapes.measure<MemberRef, Effect.Effect<void>>(params, name, {
        start: async (count, handlers) =>
          Array.from({ length: count }, (_, index) => {
            const id = String(takes.size)
            takes.set(id, handlers(index))
            const member = clientOf(id)
            return (message) => Effect.orDie(member.Take(message, { discard: true }))
          }),
        tell: (member, message) => member(message),
        nothing: Effect.void,
        inTurn: (count, each) =>
          Effect.gen(function*() {
            for (let index = 0; index < count; index++) yield* each(index)
          }),
        poke: (member, message) => void Effect.runFork(member(message))
      })
    )
  }).pipe(Effect.runPromise)
