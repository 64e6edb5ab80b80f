/** Threads that are told where to run, as Linux sees them. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import { readdirSync, readFileSync } from "node:fs"
import { Worker } from "node:worker_threads"
import { ActorSystem, Cpu, Pool } from "shared-nothing"
import { settle } from "../../src/thread/kernel/Hardware.ts"
import { Jobs } from "../fixtures/jobs.ts"

const isLinux = process.platform === "linux"
const isBindable = isLinux && process.getBuiltinModule("node:ffi") !== undefined

const file = (name: string): URL => new URL(`../fixtures/${name}.worker.ts`, import.meta.url)

const pool = (cpu: Cpu.Placement) =>
  Pool.layer(Jobs, {
    spawn: ({ name }) => new Worker(file("jobs"), { name: `cpu ${name}`, stdout: true, stderr: true }),
    threads: 2,
    readyTimeout: "1 minute",
    cpu
  })

/** Name, niceness and cores of the threads of this process. */
const tasks = () =>
  readdirSync("/proc/self/task").map((task) => {
    const stat = readFileSync(`/proc/self/task/${task}/stat`, "utf8").split(") ")[1]!.split(" ")
    const status = readFileSync(`/proc/self/task/${task}/status`, "utf8")
    return {
      name: readFileSync(`/proc/self/task/${task}/comm`, "utf8").trim(),
      niceness: Number(stat[16]),
      cores: /^Cpus_allowed_list:\s*(.*)$/m.exec(status)![1]!
    }
  })

const within = <A, E>(program: Effect.Effect<A, E, Pool.Pool<"Jobs">>, cpu: Cpu.Placement) =>
  program.pipe(Effect.provide(Layer.provideMerge(pool(cpu), Logger.layer([]))))

describe.runIf(isLinux)("threads on Linux", () => {
  it.live("give way as they are told, and nobody else does", () =>
    within(
      Effect.gen(function*() {
        const jobs = yield* Pool.ref(Jobs)
        assert.strictEqual(yield* jobs.ask.Echo({ n: 1 }), 1)
        assert.isAtLeast(tasks().filter(({ niceness }) => niceness === 7).length, 2)
        assert.notStrictEqual(tasks()[0]!.niceness, 7)
      }),
      { niceness: 7 }
    ), 120_000)

  it.live("know the cores of their process", () =>
    Effect.gen(function*() {
      const { cores, nodes } = yield* Cpu.topology
      assert.isAtLeast(cores.length, 1)
      assert.deepStrictEqual(nodes.flatMap((node) => node.cores).toSorted((a, b) => a - b), [...cores])
    }))
})

describe.runIf(isBindable)("threads that can be bound", () => {
  it.live("run where they are told, under the names they were given", () =>
    Effect.gen(function*() {
      const { cores } = yield* Cpu.topology
      const last = cores.at(-1)!
      yield* within(
        Effect.gen(function*() {
          const jobs = yield* Pool.ref(Jobs)
          assert.strictEqual(yield* jobs.ask.Echo({ n: 1 }), 1)
          const bound = tasks().filter(({ name }) => name.startsWith("cpu worker-"))
          assert.deepStrictEqual(bound.map(({ cores }) => cores), [`${cores[0]!}`, `${last}`])
          const first = yield* Cpu.topology
          assert.deepStrictEqual(first.cores, cores)
        }),
        { cores: (place) => [place === 0 ? cores[0]! : last] }
      )
    }), 120_000)
})

describe.runIf(isBindable)("a thread", () => {
  it("says that it is not bound where it cannot be", () => {
    assert.throws(
      () => settle({ cores: [900], niceness: undefined }),
      /cannot be bound to the cores 900: sched_setaffinity/
    )
  })
})

describe.runIf(!isBindable)("threads that cannot be bound", () => {
  it.live("are refused, with what is missing", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Effect.scoped(Layer.build(pool({ cores: "spread" }))))
      assert.strictEqual(error._tag, "InvalidOptions")
      assert.match(error.message, /node:ffi|Linux/)
    }))
})

describe("threads of a system", () => {
  it.live("are refused where they cannot run", () =>
    Effect.gen(function*() {
      const system = ActorSystem.layerThreads({
        spawn: () => assert.fail("spawns"),
        cpu: { cores: () => [100_000] }
      })
      const error = yield* Effect.flip(Effect.scoped(Layer.build(system)))
      assert.strictEqual(error._tag, "InvalidOptions")
      assert.include(error.message, "cpu.cores")
    }))
})
