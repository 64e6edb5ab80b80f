/**
 * What a figure depends on besides the code: the machine, the runtime, the commit and the versions of the peers.
 */
import { execFileSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { arch, cpus, platform } from "node:os"
import { findCompiler } from "../peers/cpp/cpp.ts"
import { findErlang } from "../peers/erlang/erlang.ts"
import { findJava } from "../peers/java/java.ts"

/** The first line of a run. */
export interface Environment {
  readonly node: string
  readonly effect: string
  readonly cpu: string
  readonly cores: number
  readonly platform: string
  readonly commit: string
  readonly peers: { readonly [name: string]: string }
}

const packages = ["@effect/platform-node", "msgpackr", "nact", "ringbuf.js", "xstate"]

const versionOf = (name: string): string =>
  (JSON.parse(readFileSync(new URL(`../../node_modules/${name}/package.json`, import.meta.url), "utf8")) as {
    version: string
  }).version

const commit = (): string => {
  const git = (...args: Array<string>): string =>
    execFileSync("git", args, { cwd: import.meta.dirname, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] })
      .trim()
  try {
    return git("rev-parse", "--short", "HEAD") + (git("status", "--porcelain") === "" ? "" : "-dirty")
  } catch {
    return "unknown"
  }
}

/** Looks at the machine and the checkout. */
export const environment = (): Environment => {
  const peers: Record<string, string> = {}
  for (const name of packages) peers[name] = versionOf(name)
  const [erlang, compiler, java] = [findErlang(), findCompiler(), findJava()]
  if (erlang !== undefined) peers["erlang"] = erlang.version
  if (compiler !== undefined) peers["cpp"] = compiler.version
  if (java !== undefined) peers["java"] = java.version
  return {
    node: process.versions.node,
    effect: versionOf("effect"),
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: cpus().length,
    platform: `${platform()} ${arch()}`,
    commit: commit(),
    peers
  }
}
