/**
 * Programs of peers that are not written in JavaScript: found on the PATH, compiled once into `.cache/bench`, run in the child process.
 */
import { execFile, execFileSync } from "node:child_process"
import { existsSync, mkdirSync, renameSync, rmSync, statSync } from "node:fs"
import { delimiter, dirname, join } from "node:path"
import type { Measured } from "./Case.ts"

/** Where compiled peers are kept between runs. */
export const cacheDirectory = join(import.meta.dirname, "../../.cache/bench")

/** Whether a program can be started by its name. */
export const isOnPath = (program: string): boolean =>
  (process.env["PATH"] ?? "").split(delimiter).some((directory) => existsSync(join(directory, program)))

/** The output of a program, or `undefined` when it is not there. */
export const outputOf = (program: string, args: ReadonlyArray<string>): string | undefined => {
  try {
    return execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim()
  } catch {
    return undefined
  }
}

/**
 * Makes `target` from `sources` unless it is newer than all of them.
 *
 * **Details**: the compiler writes beside the target, which then appears whole: two processes may do this at the same time.
 */
export const build = (
  target: string,
  sources: ReadonlyArray<string>,
  compile: (
    directory: string
  ) => { readonly program: string; readonly args: ReadonlyArray<string>; readonly made: string }
): void => {
  const fresh = existsSync(target)
    && sources.every((source) => statSync(source).mtimeMs < statSync(target).mtimeMs)
  if (fresh) return
  const directory = join(dirname(target), `build-${process.pid}`)
  mkdirSync(directory, { recursive: true })
  const { args, made, program } = compile(directory)
  execFileSync(program, args, { stdio: ["ignore", "ignore", "inherit"] })
  renameSync(join(directory, made), target)
  rmSync(directory, { recursive: true })
}

/** Runs a program that prints one {@link Measured} as JSON. */
export const runProgram = (program: string, args: ReadonlyArray<string>): Promise<Measured> =>
  new Promise((resolve, reject) => {
    execFile(program, args, { encoding: "utf8" }, (error, stdout, stderr) => {
      if (error !== null) reject(new Error(`${program} ${args.join(" ")} failed: ${error.message}\n${stderr}`))
      else resolve(JSON.parse(stdout) as Measured)
    })
  })
