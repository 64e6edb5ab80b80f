/**
 * Which suite a test file belongs to, worked out from what it imports, so that no list has to be kept.
 *
 * - `house`: the rules of this repository, `test/house/`. They start its programs.
 * - `threads`: starts a worker thread or a process, itself or through what it imports.
 * - `unit`: everything else: one thread, its time a `TestClock`. `npm run test:quick` runs these.
 */
import { filesUnder, importsOf, read, resolveFrom } from "../house/support/source.ts"

export type Suite = "unit" | "threads" | "house"

const starts = /\bnew Worker\(|["']node:child_process["']/

/** Whether the file, or one that it imports from outside of `src`, starts a thread or a process. */
export const startsThreads = (file: string, textOf: (file: string) => string, seen = new Set<string>()): boolean => {
  seen.add(file)
  const text = textOf(file)
  if (starts.test(text)) return true
  return importsOf(text)
    .filter(({ specifier }) => specifier.startsWith(".") && specifier.endsWith(".ts"))
    .map(({ specifier }) => resolveFrom(file, specifier))
    .some((target) => !target.startsWith("src/") && !seen.has(target) && startsThreads(target, textOf, seen))
}

const suiteOf = (file: string): Suite =>
  file.startsWith("test/house/") ? "house" : startsThreads(file, read) ? "threads" : "unit"

/** Every test file of the repository, by suite. */
export const suites = (): Readonly<Record<Suite, Array<string>>> => {
  const found: Record<Suite, Array<string>> = { unit: [], threads: [], house: [] }
  for (const file of filesUnder("test")) {
    if (!file.endsWith(".test.ts") || file.startsWith("test/fixtures/")) continue
    found[suiteOf(file)].push(file)
  }
  return found
}
