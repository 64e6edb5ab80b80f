import { describe, expect, it } from "vitest"
import { run } from "../../scripts/process.ts"

// Counted once in the life of a thread, or of a stream of a pool: what was compiled by then does not look at them.
const RARE = new Set(["id", "lastJobs", "limitMillis", "place", "upMillis"])

/** What is found twice: threads print at once, and a line that begins in the middle of another may read as what neither says. */
const twice = async (find: () => Promise<ReadonlyArray<string>>): Promise<ReadonlyArray<string>> => {
  const first = await find()
  if (first.length === 0) return first
  const second = new Set(await find())
  return first.filter((one) => second.has(one))
}

/** The fields of the sources that were small integers, and became numbers of another kind when somebody wrote to them; with where that was. */
const widened = async (example: string): Promise<ReadonlyArray<string>> => {
  const { stdout } = await run(["node", "--conditions=source", "--trace-generalization", example], {
    timeoutSeconds: 90
  })
  expect(stdout).toContain("[generalizing]")
  const lines = stdout.matchAll(
    /\[generalizing\](\w+):s\{[^}]*\}->d\{Any;mutable\}[^[\n]*\[[^\]\n]*\/src\/([^\]\n]+)\]/g
  )
  return [...lines].filter(([, field]) => !RARE.has(field!)).map(([, field, where]) => `${field} at ${where}`)
}

describe("the fields of objects", () => {
  // An object whose field changes its kind of number has another shape from then on, and what was compiled for the old one is thrown away: with the first message
  // that a thread gets, if that writes the first time into a field that began with 0.
  it.each([
    ["examples/04-actors-on-threads/main.ts"],
    ["examples/25-a-pool-of-workers/main.ts"],
    ["examples/30-timers.ts"]
  ])("hold a time as what it is from the beginning, in %s", async (example) => {
    expect(await twice(() => widened(example))).toEqual([])
  }, 100_000)
})
