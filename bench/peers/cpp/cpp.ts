/**
 * Peers written in C++: compiled with the g++ on the PATH.
 */
import { join } from "node:path"
import type { Measured, Params } from "../../runner/Case.ts"
import { build, cacheDirectory, isOnPath, outputOf, runProgram } from "../../runner/Native.ts"

/** The compiler, when there is one. */
export const findCompiler = (): { readonly version: string } | undefined => {
  const version = outputOf("g++", ["-dumpfullversion"])
  return version === undefined ? undefined : { version }
}

/** Why the C++ peers are missing. */
export const missing = (): string | undefined =>
  isOnPath("g++") ? undefined : "g++ is not on the PATH; install it with `apt-get install -y g++`"

/** Compiles `<name>.cpp` and runs it in one of its modes. */
const run = (name: string, mode: string) => (params: Params): Promise<Measured> => {
  const source = join(import.meta.dirname, `${name}.cpp`)
  const shared = join(import.meta.dirname, "report.hpp")
  const target = join(cacheDirectory, name)
  build(target, [source, shared], (directory) => ({
    program: "g++",
    args: ["-std=c++17", "-O3", "-march=native", "-pthread", source, "-o", join(directory, name)],
    made: name
  }))
  return runProgram(target, [mode, params.count, params.samples, params.warmups].map(String))
}

/** The C++ ring, publishing every record or every 64th. */
export const spsc = (mode: "batched" | "single") => run("spsc", mode)

/** The C++ deque, its owner alone or with a thief. */
export const deque = (mode: "alone" | "thief") => run("deque", mode)

/** The C++ queue for many, alone, from one or two producers to a consumer, or between two threads that both push and pop. */
export const mpmc = (mode: "alone" | "1p1c" | "2p1c" | "both") => run("mpmc", mode)
