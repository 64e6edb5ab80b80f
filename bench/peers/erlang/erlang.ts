/**
 * Erlang/OTP as a peer: `bench.erl` compiled with the `erlc` on the PATH, run with `erl` and its defaults.
 */
import { dirname, join } from "node:path"
import type { Measured, Params } from "../../runner/Case.ts"
import { build, cacheDirectory, isOnPath, outputOf, runProgram } from "../../runner/Native.ts"

const release =
  "io:format(\"OTP ~s, erts ~s\", [erlang:system_info(otp_release), erlang:system_info(version)]), halt()."

/** Erlang, when it is there. */
export const findErlang = (): { readonly version: string } | undefined => {
  if (!isOnPath("erl") || !isOnPath("erlc")) return undefined
  const version = outputOf("erl", ["-noshell", "-eval", release])
  return version === undefined ? undefined : { version }
}

/** Why Erlang is missing. */
export const missing = (): string | undefined =>
  isOnPath("erl") && isOnPath("erlc")
    ? undefined
    : "erl and erlc are not on the PATH; install them with `apt-get install -y erlang-base`"

/** One case of `bench.erl`; room for two million processes, as one says in production. */
export const erlang = (name: string) => (params: Params): Promise<Measured> => {
  const source = join(import.meta.dirname, "bench.erl")
  const target = join(cacheDirectory, "bench.beam")
  build(target, [source], (directory) => ({ program: "erlc", args: ["-o", directory, source], made: "bench.beam" }))
  const args = [name, params.count, params.samples, params.warmups].map((arg) => `"${arg}"`).join(",")
  return runProgram("erl", [
    "+P",
    "2000000",
    "-noshell",
    "-noinput",
    "-pa",
    dirname(target),
    "-eval",
    `bench:main([${args}]).`
  ])
}
