/**
 * Many threads, more than there are cores: their start, their memory, an ask of two of them, their end. Beside bare workers that load the same file.
 */
import type { Case } from "../../runner/Case.ts"

const source = new URL("../../ours/either.worker.ts", import.meta.url)

const talking = new URL("../../ours/exchange.worker.ts", import.meta.url)

const bundled = (file: URL) => async (): Promise<URL> => (await import("../../runner/Bundle.ts")).bundle(file)

/** The worker's file as one module. */
export const eitherBundle = bundled(source)

const bare = (figure: "start" | "memory" | "release"): Case["subjects"] => ({
  "shared-nothing": {
    run: async (params) => (await import("../../ours/systems.ts")).measure(figure, eitherBundle)(params)
  },
  "bare-workers": {
    run: async (params) => (await import("../../peers/bare-worker/bare-worker.ts")).many(figure, eitherBundle)(params)
  }
})

const of = (figure: "start" | "memory" | "release", threads: number, about: string): Case => ({
  name: `system/${figure}-${threads}`,
  about,
  unit: figure === "memory" ? "bytes" : "us",
  betterIs: "lower",
  count: threads,
  quickCount: 2,
  // Memory that was freed is not always given back: only the first system of a process says what one holds.
  samples: figure === "memory" || threads > 8 ? 1 : 2,
  warmups: figure === "memory" || threads > 8 ? 0 : 1,
  subjects: bare(figure)
})

/** How many threads are many. */
const MANY = 32

const asking: Case = {
  name: `system/ask-${MANY}`,
  about: `asks to two of ${MANY} threads in turn, all of them known to each other; peer: to two of two`,
  unit: "us",
  betterIs: "lower",
  count: 4_000,
  quickCount: 4,
  subjects: {
    "shared-nothing": {
      run: async (params) => (await import("../../ours/systems.ts")).ask(MANY, eitherBundle)(params)
    },
    "two-threads": { run: async (params) => (await import("../../ours/systems.ts")).ask(2, eitherBundle)(params) }
  }
}

const exchange = (threads: number): Case => ({
  name: `system/exchange-${threads}`,
  about:
    `what ${threads} threads hold more, for each ordered pair of them, when all have sent each other 1 MiB in small messages`,
  unit: "bytes",
  betterIs: "lower",
  count: threads,
  quickCount: 2,
  // Memory that was freed is not always given back: only the first system of a process says what it takes.
  samples: 1,
  warmups: 0,
  subjects: {
    "shared-nothing": {
      run: async (params) => (await import("../../ours/exchange.ts")).measure(bundled(talking))(params)
    }
  }
})

const linked = (threads: number): Case => ({
  name: `system/linked-${threads}`,
  about: `asks to two of ${threads} threads in turn, each of which has talked to each other one; peer: to two of two`,
  unit: "us",
  betterIs: "lower",
  count: 4_000,
  quickCount: 4,
  subjects: {
    "shared-nothing": {
      run: async (params) => (await import("../../ours/exchange.ts")).ask(threads, bundled(talking))(params)
    },
    "two-threads": {
      run: async (params) => (await import("../../ours/exchange.ts")).ask(2, bundled(talking))(params)
    }
  }
})

/** See the module. The count is the number of threads, but of asks in `system/ask`. */
export const systems: ReadonlyArray<Case> = [
  of(
    "start",
    8,
    "until 8 threads are up, whose file is one module; peer: until 8 bare workers of that file have answered"
  ),
  of("start", MANY, `the same with ${MANY}`),
  of("memory", MANY, `what each of ${MANY} threads adds to the process`),
  of("release", MANY, `from the end of a system of ${MANY} threads until all have exited`),
  asking,
  exchange(8),
  exchange(MANY),
  linked(8),
  linked(MANY),
  linked(64)
]
