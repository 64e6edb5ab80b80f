/**
 * Actors of many keys on two threads, a million messages from three threads, while those that are idle end and come up again: each message is handled
 * once, in the order of its sender. `node --conditions=source test/soak/keyed.ts --keys 100000 --messages 1000000`.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { parseArgs } from "node:util"
import { isMainThread, Worker } from "node:worker_threads"
import { Actor, ActorSystem, ActorThread } from "shared-nothing"

const { values } = parseArgs({
  options: {
    keys: { type: "string", default: "100000" },
    messages: { type: "string", default: "1000000" },
    idle: { type: "string", default: "20 millis" }
  }
})
const keys = Number(values.keys)
const messages = Number(values.messages)
const idle = values.idle as "20 millis"

const Entry = Actor.make("Entry", [
  // The how manieth of this sender for this key.
  Rpc.make("Add", { payload: { sender: Schema.Int, number: Schema.Int } })
])
const Found = Schema.Struct({ handled: Schema.Int, wrong: Schema.Int, builds: Schema.Int, active: Schema.Int })
const Books = Actor.make("Books", [
  Rpc.make("Send", { payload: { sender: Schema.Int, messages: Schema.Int }, success: Schema.Int }),
  Rpc.make("Look", { success: Found })
])

// What the actors of a thread would keep in a database.
const kept = new Map<string, Array<number>>()
const found = { handled: 0, wrong: 0, builds: 0, active: 0 }

const EntryLive = Entry.toLayer(Effect.gen(function*() {
  const { key } = yield* Actor.CurrentActor
  const last = kept.get(key) ?? [0, 0, 0]
  kept.set(key, last)
  found.builds++
  found.active++
  yield* Actor.onRelease(() => Effect.sync(() => void found.active--))
  return Entry.of({
    Add: ({ number, sender }) =>
      Effect.sync(() => {
        found.handled++
        if (number !== last[sender]! + 1) found.wrong++
        last[sender] = number
      })
  })
}))

/** Sends to one key after the other, several to each and then to the next, until all have had theirs. */
const send = (entries: Actor.Keyed<any>, sender: number, many: number) =>
  Effect.gen(function*() {
    const numbers = new Uint32Array(keys)
    for (let i = 0; i < many; i++) {
      // Each key now and then, in no order that a cache could like.
      const at = (i * 7919 + sender * 31) % keys
      yield* entries.ref(`k${at}`).tell["Add"]!({ sender, number: ++numbers[at]! })
    }
    return many
  })

const BooksLive = Books.toLayer(Effect.gen(function*() {
  const entries = yield* Entry.keyed({ idle })
  return Books.of({
    Send: ({ messages, sender }) => Effect.orDie(send(entries, sender, messages)),
    Look: () => Effect.sync(() => ({ ...found }))
  })
}))

const program = Effect.gen(function*() {
  const entries = yield* Entry.keyed({ idle })
  const books = yield* Effect.forEach([0, 1], (thread) => Books.spawn(`b${thread}`, { placement: { thread } }))
  const began = performance.now()
  const third = Math.floor(messages / 3)
  const sent = yield* Effect.all([
    send(entries, 0, messages - 2 * third),
    ...books.map((book, i) => book.ask.Send({ sender: i + 1, messages: third }, { timeout: "10 minutes" }))
  ], { concurrency: "unbounded" })
  const all = sent.reduce((sum, count) => sum + count, 0)
  const looking = Effect.map(
    Effect.forEach(books, (book) => book.ask.Look()),
    (looks) =>
      looks.reduce((a, b) => ({
        handled: a.handled + b.handled,
        wrong: a.wrong + b.wrong,
        builds: a.builds + b.builds,
        active: a.active + b.active
      }))
  )
  let look = yield* looking
  const sentIn = performance.now() - began
  while (look.handled < all && performance.now() - began < 300_000) {
    yield* Effect.sleep(10)
    look = yield* looking
  }
  const millis = performance.now() - began
  // A moment more for what would come twice, and until all are idle.
  for (let i = 0; i < 500 && look.active > 0; i++) {
    yield* Effect.sleep(10)
    look = yield* looking
  }
  console.log(
    `${all} messages to ${keys} keys: sent in ${(sentIn / 1000).toFixed(2)} s, handled in ${
      (millis / 1000).toFixed(2)
    } s, ` +
      `${(all / millis).toFixed(0)} a millisecond; ${look.builds} actors came up, ${look.active} are left`
  )
  const isRight = look.handled === all && look.wrong === 0 && look.active === 0
  console.log(isRight ? "each was handled once, in order" : `WRONG: ${JSON.stringify(look)}`)
  process.exitCode = isRight ? 0 : 1
})

if (isMainThread) {
  await Effect.runPromise(program.pipe(
    Effect.scoped,
    Effect.provide(Layer.merge(
      ActorSystem.layerThreads({
        spawn: () => new Worker(new URL(import.meta.url), { argv: process.argv.slice(2) }),
        threads: 2,
        readyTimeout: "2 minutes"
      }),
      Logger.layer([])
    ))
  ))
} else ActorThread.launch(Layer.mergeAll(EntryLive, BooksLive))
