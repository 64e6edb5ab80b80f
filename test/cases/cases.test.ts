/**
 * Programs that a user might write, each at a place where a library of this kind breaks easily. Each is run as a program and
 * has to print what it states in its opening comment.
 */
import { describe, expect, it } from "vitest"
import { run } from "../../scripts/process.ts"
import { difference, statedOutput } from "../house/support/examples.ts"
import { printedLines } from "../house/support/fences.ts"
import { filesUnder, read } from "../house/support/source.ts"

/** What a program needs of Node. */
const flags: Readonly<Record<string, ReadonlyArray<string>>> = {
  otherRealm: ["--experimental-vm-modules"]
}

const programs = filesUnder("test/cases/programs").filter((file) => statedOutput(read(file)) !== undefined)

describe("a program of a user", () => {
  it.each(programs.map((file) => [/([^/]+)\.ts$/.exec(file)![1]!, file]))("%s", async (name, file) => {
    const stated = statedOutput(read(file))!
    const node = ["node", "--conditions=source", "--disable-warning=ExperimentalWarning", ...(flags[name] ?? [])]
    const ran = await run([node[0]!, ...node.slice(1), file], { timeoutSeconds: 120 })
    expect(difference(stated, printedLines(ran.stdout)), ran.output).toBeUndefined()
    expect(ran.stderr).toBe("")
    expect(ran.code).toBe(0)
  }, 130_000)
})
