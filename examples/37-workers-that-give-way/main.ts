/**
 * Workers that give way to the thread that serves: the system runs them when nobody else wants the core.
 *
 * Output:
 *
 *     100 jobs, all with niceness 5; this thread has 0
 *     refused: cpu.niceness is 40, expected an integer from -20 to 19
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { getPriority } from "node:os"
import { Worker } from "node:worker_threads"
import { type Cpu, Pool } from "shared-nothing"
import { Sums } from "./protocol.ts"

const numbers = Array.from({ length: 100 }, (_, n) => n)

const program = Effect.gen(function*() {
  const sums = yield* Pool.ref(Sums)
  const done = yield* Pool.forEach(sums, numbers, (n) => sums.ask.UpTo({ n }))
  const nicenesses = new Set(done.map(({ niceness }) => niceness))
  yield* Console.log(
    `${done.length} jobs, all with niceness ${[...nicenesses].join(", ")}; this thread has ${getPriority()}`
  )
})

const sumsPool = (cpu: Cpu.Placement) =>
  Pool.layer(Sums, {
    spawn: ({ name }) => new Worker(new URL("./worker.ts", import.meta.url), { name: `sums ${name}` }),
    cpu
  })

await Effect.runPromise(program.pipe(Effect.provide(sumsPool({ niceness: 5 }))))

const tooNice = program.pipe(
  Effect.provide(sumsPool({ niceness: 40 })),
  Effect.catchTag(
    "InvalidOptions",
    ({ expected, option, value }) => Console.log(`refused: ${option} is ${value}, expected ${expected}`)
  )
)
await Effect.runPromise(tooNice)
