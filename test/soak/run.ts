/**
 * Does memory stay flat? `npm run soak`: 100 restarts of a thread, a million asks whose timeouts are all different, 10,000 actors that
 * are spawned and stopped. `--part 0.05` does a twentieth of it.
 *
 * Each part is done once to warm up, measured, done as a whole and measured again, after garbage collections.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { parseArgs } from "node:util"
import { isMainThread, Worker } from "node:worker_threads"
import { Actor, ActorSystem, ActorThread } from "shared-nothing"

const Ping = Actor.make("Ping", [
  Rpc.make("Ping", { success: Schema.Int }),
  Rpc.make("Exit"),
  Rpc.make("Heap", { success: Schema.Number })
])
const collect = (globalThis as { readonly gc?: () => void }).gc
const heapMiB = (): number => {
  for (let i = 0; i < 4; i++) collect?.()
  const { arrayBuffers, heapUsed } = process.memoryUsage()
  return (heapUsed + arrayBuffers) / 2 ** 20
}
const PingLive = Ping.toLayer(Effect.succeed(Ping.of({
  Ping: () => Effect.succeed(1),
  Exit: () => Effect.sync(() => process.exit(1)),
  Heap: () => Effect.sync(heapMiB)
})))

/** How much more memory is in use afterwards that is still called flat. */
const LIMIT_MIB = 8

const whenUp = (ref: Actor.Ref<typeof Ping>) =>
  Effect.retry(ref.ask.Ping(), {
    while: (error) =>
      Effect.as(Effect.sleep("2 millis"), error._tag === "ActorRestarting" || error._tag === "ThreadLost"),
    times: 30_000
  })

interface Grown {
  readonly main: number
  readonly worker: number
}

const growth = (
  ref: Actor.Ref<typeof Ping>,
  times: number,
  round: (n: number) => Effect.Effect<unknown, unknown, ActorSystem.ActorSystem>
) =>
  Effect.gen(function*() {
    const rounds = (from: number, to: number) =>
      Effect.gen(function*() {
        for (let n = from; n < to; n++) yield* round(n)
      })
    const look = Effect.gen(function*() {
      yield* whenUp(ref)
      // Timers that are over and connections that have gone are cleared in turns of their own.
      yield* Effect.sleep("100 millis")
      return { main: heapMiB(), worker: yield* ref.ask.Heap(undefined, { timeout: "1 minute" }) }
    })
    const warm = Math.ceil(times / 10)
    yield* rounds(0, warm)
    const before = yield* look
    yield* rounds(warm, warm + times)
    const after = yield* look
    const grown: Grown = { main: after.main - before.main, worker: after.worker - before.worker }
    return grown
  })

const main = async (): Promise<boolean> => {
  const { values } = parseArgs({ options: { part: { type: "string", default: "1" } } })
  const part = Number(values.part)
  const times = (all: number) => Math.max(1, Math.round(all * part))
  if (collect === undefined) throw new Error("run node with --expose-gc, as npm run soak does")
  let isFlat = true
  const program = Effect.gen(function*() {
    const ref = yield* Ping.spawn("ping")
    const parts = [
      [
        "asks with distinct timeouts",
        times(1_000_000),
        (n: number) => ref.ask.Ping(undefined, { timeout: 60_000 + n / 16 })
      ],
      [
        "spawned and stopped",
        times(10_000),
        (n: number) => Effect.scoped(Effect.flatMap(Ping.spawn(`short-${n}`), (short) => short.ask.Ping()))
      ],
      ["restarts of a thread", times(100), () => Effect.andThen(Effect.exit(ref.ask.Exit()), whenUp(ref))]
    ] as const
    for (const [name, count, round] of parts) {
      const grown = yield* growth(ref, count, round)
      const flat = Math.max(grown.main, grown.worker) < LIMIT_MIB
      isFlat &&= flat
      const figures = `main ${grown.main.toFixed(1)} MiB, worker ${grown.worker.toFixed(1)} MiB`
      console.log(`${count} ${name}: ${figures}, ${flat ? "flat" : "NOT FLAT"}`)
    }
  })
  const system = ActorSystem.layerThreads({
    spawn: () => new Worker(new URL(import.meta.url), { stdout: true, stderr: true }),
    threads: 1,
    readyTimeout: "1 minute",
    strikeOff: false,
    intensity: { restarts: 1_000_000, within: "1 minute" }
  })
  await Effect.runPromise(
    program.pipe(Effect.scoped, Effect.provide(Layer.provideMerge(system, Logger.layer([]))))
  )
  return isFlat
}

if (!isMainThread) ActorThread.launch(PingLive)
else {
  const isFlat = await main()
  console.log(`soak: ${isFlat ? "ok" : "FAILED"}`)
  process.exitCode = isFlat ? 0 : 1
}
