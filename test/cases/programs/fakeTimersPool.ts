/**
 * A test fakes the timers for a moment while a pool is used. What was under way then, and what is asked after it, is answered; deadlines are over in time; a worker stands in for one that blocks.
 *
 * Output:
 *
 *     a map over that moment: 45
 *     asked in it: 7, after it: 8
 *     a map after it: 45
 *     a deadline after it: AskTimeout
 *     while one blocks: worker-1
 */
import * as Effect from "effect/Effect"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { mock } from "node:test"
import { isMainThread, Worker } from "node:worker_threads"
import { Actor, Pool, PoolThread } from "shared-nothing"
import { outcome, outcomeSoon, runIn, until } from "./support.ts"

const Jobs = Actor.make("Jobs", [
  Rpc.make("Echo", { payload: { n: Schema.Int }, success: Schema.Int }),
  Rpc.make("Never"),
  Rpc.make("Block", { payload: { millis: Schema.Int } }),
  Rpc.make("Who", { success: Schema.String })
])

const JobsLive = Jobs.toLayer(Effect.gen(function*() {
  const worker = yield* Pool.CurrentWorker
  return Jobs.of({
    Echo: ({ n }) => Effect.succeed(n),
    Never: () => Effect.never,
    Block: ({ millis }) => Pool.blocking(Effect.sleep(millis)),
    Who: () => Effect.succeed(worker!.name)
  })
}))

if (!isMainThread) PoolThread.launch(JobsLive)
else {
  const moment = <A>(act: () => A | Promise<A>) =>
    Effect.promise(async () => {
      mock.timers.enable({ apis: ["setTimeout", "setImmediate", "Date"] })
      const made = act()
      await Promise.resolve()
      mock.timers.reset()
      return made
    })
  const numbers = Array.from({ length: 10 }, (_, n) => n)
  const forever = { timeout: "Infinity" } as const
  const program = Effect.gen(function*() {
    const jobs = yield* Pool.ref(Jobs)
    const sum = Pool.reduce(jobs, numbers, (n) => jobs.ask.Echo({ n }), { initial: 0, combine: (a, b) => a + b })
    const over = yield* moment(() => Effect.runPromise(outcomeSoon(sum)))
    const asked = Promise.withResolvers<string>()
    yield* moment(() =>
      jobs.askUnsafe.Echo({ n: 7 }, (exit) => asked.resolve(exit._tag === "Success" ? `${exit.value}` : exit._tag))
    )
    const [inIt, afterIt] = [yield* Effect.promise(() => asked.promise), yield* outcomeSoon(jobs.ask.Echo({ n: 8 }))]
    console.log(`a map over that moment: ${over}`)
    console.log(`asked in it: ${inIt}, after it: ${afterIt}`)
    console.log(`a map after it: ${yield* outcomeSoon(sum)}`)
    console.log(`a deadline after it: ${yield* outcomeSoon(jobs.ask.Never({ timeout: "50 millis" }))}`)
    const blocked = yield* Effect.forkChild(outcome(jobs.ask.Block({ millis: 60_000 }, forever)))
    yield* until(Effect.map(Pool.stats(jobs), ({ size }) => size === 2))
    console.log(`while one blocks: ${yield* outcomeSoon(jobs.ask.Who())}`)
    blocked.interruptUnsafe()
  })
  const JobsPool = Pool.layer(Jobs, {
    spawn: () => new Worker(new URL(import.meta.url), { stdout: true, stderr: true }),
    threads: { min: 1, max: 2, adapt: { cooldown: "50 millis" } },
    readyTimeout: "1 minute"
  })
  await runIn(JobsPool, program)
  process.exit(0)
}
