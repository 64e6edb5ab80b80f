/**
 * Requests run in an `AsyncLocalStorage` each. A handler sees the store of its own sender or none, never that of another
 * request, and so does the one who is told of an answer.
 *
 * Output:
 *
 *     handlers and callbacks in a foreign context: 0 of 9
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { AsyncLocalStorage } from "node:async_hooks"
import { Actor, ActorSystem } from "shared-nothing"

const user = new AsyncLocalStorage<string>()
const payload = { from: Schema.String }
const Audit = Actor.make("Audit", [Rpc.make("Tell", { payload }), Rpc.make("Ask", { payload, success: Schema.Void })])

let seen = 0
let foreign = 0
const look = (from: string): void => {
  seen++
  const store = user.getStore()
  if (store !== undefined && store !== from) foreign++
}
const note = ({ from }: { readonly from: string }) => Effect.sync(() => look(from))
const AuditLive = Audit.toLayer(Effect.succeed(Audit.of({ Tell: note, Ask: note })))
const runtime = ManagedRuntime.make(Layer.provideMerge(AuditLive, ActorSystem.layer))

const program = Effect.gen(function*() {
  const audit = yield* Audit.spawn("audit")
  const request = (from: string) =>
    user.run(from, () =>
      runtime.runPromise(Effect.gen(function*() {
        yield* audit.tell.Tell({ from })
        yield* Effect.callback<void>((resume) => {
          audit.askUnsafe.Ask({ from }, () => {
            look(from)
            resume(Effect.void)
          })
        })
      })))
  yield* Effect.promise(() => Promise.all(["ada", "bob", "cyd"].map(request)))
})
await runtime.runPromise(Effect.scoped(program))
await runtime.dispose()
console.log(`handlers and callbacks in a foreign context: ${foreign} of ${seen}`)
