/**
 * Java's `ForkJoinPool` as a peer: `ForkJoin.java` compiled with the `javac` on the PATH, run with `java` and its defaults.
 */
import { dirname, join } from "node:path"
import type { Measured, Params } from "../../runner/Case.ts"
import { build, cacheDirectory, isOnPath, outputOf, runProgram } from "../../runner/Native.ts"
import type { Load } from "../jobs.ts"

/** Java, when it is there. */
export const findJava = (): { readonly version: string } | undefined => {
  if (!isOnPath("javac")) return undefined
  const version = outputOf("java", ["--version"])
  return version === undefined ? undefined : { version: version.split("\n")[0]! }
}

/** Why Java is missing. */
export const missing = (): string | undefined =>
  isOnPath("java") && isOnPath("javac")
    ? undefined
    : "java and javac are not on the PATH; install them with `apt-get install -y default-jdk-headless`"

const run = (args: ReadonlyArray<string | number>): Promise<Measured> => {
  const source = join(import.meta.dirname, "ForkJoin.java")
  const target = join(cacheDirectory, "ForkJoin.class")
  build(
    target,
    [source],
    (directory) => ({ program: "javac", args: ["-d", directory, source], made: "ForkJoin.class" })
  )
  return runProgram("java", ["-cp", dirname(target), "ForkJoin", ...args.map(String)])
}

/** Loads of jobs, whose microseconds repeat after so many. */
export const load = (params: Params, { inFlight, micros, unit }: Load, period: number): Promise<Measured> =>
  run([
    "load",
    params.count,
    params.samples,
    params.warmups,
    inFlight ?? params.count,
    unit,
    Array.from({ length: period }, (_, value) => micros(value)).join(",")
  ])

/** Jobs that halve themselves. */
export const forks = (
  params: Params,
  { depth, micros }: { readonly depth: number; readonly micros: number }
): Promise<Measured> => run(["forks", params.count, params.samples, params.warmups, depth, micros])

/** One job at a time. */
export const trips = (params: Params, pauseMillis: number): Promise<Measured> =>
  run(["trips", params.count, pauseMillis])
