/**
 * Starts a program of this repository and collects what it prints.
 *
 * Programs are found in `node_modules/.bin` first, so `node` is the pinned one. Standard input is closed: a program
 * that asks a question ends instead of waiting for an answer.
 */
import { spawn } from "node:child_process"
import { delimiter, join } from "node:path"
import { fileURLToPath } from "node:url"

export const root = fileURLToPath(new URL("..", import.meta.url)).replace(/[\\/]$/, "")

/** A program and its arguments. */
export type Command = readonly [program: string, ...parameters: ReadonlyArray<string>]

export interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
  /** Both streams in the order they arrived. */
  readonly output: string
  readonly seconds: number
}

export interface RunOptions {
  readonly cwd?: string | undefined
  readonly env?: Readonly<Record<string, string>> | undefined
  readonly timeoutSeconds?: number | undefined
}

/** The variable that names a folder whose `node` is used instead of the pinned one, here and in what is started. */
export const NODE_FOLDER = "SHARED_NOTHING_NODE_FOLDER"

const environment = (extra: Readonly<Record<string, string>>): NodeJS.ProcessEnv => {
  const { NODE_OPTIONS: _, ...inherited } = process.env
  const folder = extra[NODE_FOLDER] ?? inherited[NODE_FOLDER]
  const judged = folder === undefined ? [] : [folder]
  return {
    ...inherited,
    NO_COLOR: "1",
    FORCE_COLOR: "0",
    ...extra,
    PATH: [...judged, join(root, "node_modules", ".bin"), process.env["PATH"] ?? ""].join(delimiter)
  }
}

/** Runs a command to its end; a command over its time is killed and ends with code 124. */
export const run = (command: Command, options: RunOptions = {}): Promise<Ran> =>
  new Promise((resolve, reject) => {
    const started = performance.now()
    const [program, ...parameters] = command
    const child = spawn(program, parameters, {
      cwd: options.cwd ?? root,
      env: environment(options.env ?? {}),
      stdio: ["ignore", "pipe", "pipe"]
    })
    let stdout = ""
    let stderr = ""
    let output = ""
    let timedOut = false
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text
      output += text
    })
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text
      output += text
    })
    const timeoutSeconds = options.timeoutSeconds ?? 600
    const timer = setTimeout(() => {
      timedOut = true
      child.kill("SIGKILL")
    }, timeoutSeconds * 1000)
    child.on("error", (cause) => {
      clearTimeout(timer)
      reject(new Error(`${command.join(" ")} did not start: ${cause.message}. Run npm ci first.`, { cause }))
    })
    child.on("close", (code, signal) => {
      clearTimeout(timer)
      const end = timedOut
        ? `\n${command.join(" ")} was killed after ${timeoutSeconds} s`
        : signal
        ? `\nended by ${signal}`
        : ""
      resolve({
        code: timedOut ? 124 : code ?? 1,
        stdout,
        stderr: stderr + end,
        output: output + end,
        seconds: (performance.now() - started) / 1000
      })
    })
  })
