/**
 * An actor gives its own reference away while it is being built: that reference is good after its thread was started again,
 * as the one of its spawner is.
 *
 * Output:
 *
 *     before: pong, and by the registered reference: pong
 *     after the restart: pong, and by the registered reference: pong
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { isMainThread } from "node:worker_threads"
import { Actor, ActorThread } from "shared-nothing"
import { outcomeSoon, runIn, threads, until, whenUp } from "./support.ts"

const Node = Actor.make("Node", [Rpc.make("Ping", { success: Schema.String }), Rpc.make("Exit")])
const Registry = Actor.make("Registry", [Rpc.make("Register", { payload: { node: Node.ref } })])
const Config = Actor.make("Config", [Rpc.make("Set", { payload: { registry: Registry.ref } })])

if (!isMainThread) {
  let registry: Actor.Ref<typeof Registry> | undefined
  ActorThread.launch(Layer.merge(
    Config.toLayer(Effect.succeed(Config.of({
      Set: (payload) => Effect.sync(() => void (registry = payload.registry))
    }))),
    Node.toLayer(Effect.gen(function*() {
      const self = yield* Node.self
      if (registry !== undefined) yield* registry.tell.Register({ node: self })
      return Node.of({ Ping: () => Effect.succeed("pong"), Exit: () => Effect.sync(() => process.exit(1)) })
    }))
  ))
} else {
  let registered: Actor.Ref<typeof Node> | undefined
  const RegistryLive = Registry.toLayer(Effect.succeed(Registry.of({
    Register: ({ node }) => Effect.sync(() => void (registered ??= node))
  })))
  const program = Effect.gen(function*() {
    const registry = yield* Registry.spawn("registry", { placement: "here" })
    yield* (yield* Config.spawn("config")).ask.Set({ registry })
    const node = yield* Node.spawn("node")
    yield* until(Effect.sync(() => registered !== undefined))
    const both = Effect.gen(function*() {
      const mine = yield* outcomeSoon(whenUp(node.ask.Ping()))
      return `${mine}, and by the registered reference: ${yield* outcomeSoon(whenUp(registered!.ask.Ping()))}`
    })
    console.log(`before: ${yield* both}`)
    yield* outcomeSoon(node.ask.Exit())
    console.log(`after the restart: ${yield* both}`)
  })
  await runIn(RegistryLive.pipe(Layer.provideMerge(threads(import.meta.url))), program)
}
