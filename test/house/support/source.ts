/**
 * Reads the repository as text: which files there are, and what each TypeScript file imports.
 *
 * TypeScript 7 has no compiler API to ask, and the graph tools that exist report success on nothing. A few patterns over
 * the code without its comments find every form of import this repository may contain.
 */
import { readdirSync, readFileSync } from "node:fs"
import { join, posix, sep } from "node:path"
import { root } from "../../../scripts/process.ts"

const skipped = new Set(["node_modules", "dist", ".git", ".cache", "coverage", "scratch"])

/** Files under a folder of the repository, as paths from its root with forward slashes. */
export const filesUnder = (folder: string, at: string = root): ReadonlyArray<string> => {
  const found: Array<string> = []
  const walk = (path: string) => {
    let entries
    try {
      entries = readdirSync(join(at, path), { withFileTypes: true })
    } catch {
      return
    }
    for (const entry of entries) {
      if (skipped.has(entry.name)) continue
      const child = path === "" ? entry.name : `${path}/${entry.name}`
      if (entry.isDirectory()) walk(child)
      else if (entry.isFile()) found.push(child.split(sep).join("/"))
    }
  }
  walk(folder)
  return found.toSorted()
}

export const read = (path: string, at: string = root): string => readFileSync(join(at, path), "utf8")

const tokens = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`/g

/** The text without its comments; strings stay, line numbers stay. */
export const withoutComments = (text: string): string =>
  text.replace(tokens, (token) => token.startsWith("/") ? token.replace(/[^\n]/g, " ") : token)

export interface Import {
  readonly specifier: string
  readonly line: number
}

const forms = [
  // import x from "…", import type { X } from "…", export * from "…", import "…"
  /(?:^|[;}\n])\s*(?:import|export)\s+(?:[^"'`;=]*?\sfrom\s*)?["']([^"'\n]+)["']/g,
  // import("…") as a value and as a type
  /\bimport\s*\(\s*["'`]([^"'`\n]+)["'`]/g,
  // new URL("./worker.ts", import.meta.url)
  /\bnew\s+URL\(\s*["'`](\.[^"'`\n]+)["'`]\s*,\s*import\.meta\.url/g
]

/** Every module the text refers to, types and worker addresses included. */
export const importsOf = (text: string): ReadonlyArray<Import> => {
  const code = withoutComments(text)
  const found: Array<Import> = []
  for (const form of forms) {
    for (const match of code.matchAll(form)) {
      const at = match.index + match[0].indexOf(match[1]!)
      found.push({ specifier: match[1]!, line: code.slice(0, at).split("\n").length })
    }
  }
  return found.toSorted((a, b) => a.line - b.line)
}

/** Where a relative specifier leads, as a path from the root of the repository. */
export const resolveFrom = (file: string, specifier: string): string =>
  posix.normalize(posix.join(posix.dirname(file), specifier))
