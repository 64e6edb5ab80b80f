import { execFileSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"
import type { Digest } from "./digest.ts"
import { digest } from "./digest.ts"

const program = fileURLToPath(new URL("./digest.ts", import.meta.url))

const digestOf = (...flags: ReadonlyArray<string>): Digest =>
  JSON.parse(execFileSync(process.execPath, [...flags, program], { encoding: "utf8" })) as Digest

describe("Codec in a process that forbids code from strings", () => {
  it("makes the same layouts, hashes and bytes as one that allows it", () => {
    const here = digest()
    const there = digestOf("--disallow-code-generation-from-strings")
    expect(here.generates).toBe(true)
    expect(there.generates).toBe(false)
    expect(there.lines).toEqual(here.lines)
  })

  it("makes the same layouts, hashes and bytes as another process", () => {
    expect(digestOf()).toEqual(digest())
  })
})
