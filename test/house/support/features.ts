/** The feature table of docs/reference/features.md as data. */
import { posix } from "node:path"

/** Every feature the product promises, by id. */
export const featureIds: ReadonlyArray<string> = ([
  ["A", 12],
  ["V", 7],
  ["M", 6],
  ["P", 9],
  ["J", 3],
  ["D", 6],
  ["I", 4],
  ["O", 6]
] as const).flatMap(([letter, count]) => Array.from({ length: count }, (_, index) => `${letter}${index + 1}`))

export interface Feature {
  readonly id: string
  readonly status: string
  /** Files the row names, as paths from the root of the repository. */
  readonly paths: ReadonlyArray<string>
}

const cellsOf = (line: string): ReadonlyArray<string> =>
  line.replace(/^\|/, "").replace(/\|\s*$/, "").split("|").map((cell) => cell.trim())

const fromRoot = (document: string, path: string): string =>
  /^(test|docs|examples|bench|src)\//.test(path)
    ? path
    : posix.normalize(posix.join(posix.dirname(document), path))

const pathsIn = (document: string, text: string): ReadonlyArray<string> => [
  ...[...text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map((match) => fromRoot(document, match[1]!)),
  ...[...text.replaceAll(/\[[^\]]*\]\([^)]*\)/g, "").matchAll(/`([\w./-]+\/[\w./-]*|[\w-]+\.md)`/g)]
    .map((match) => fromRoot(document, match[1]!))
]

/** Reads the tables whose columns include `id` and `status`; the other columns are searched for files. */
export const parseFeatures = (document: string, markdown: string): ReadonlyArray<Feature> => {
  let columns: ReadonlyArray<string> = []
  const features: Array<Feature> = []
  for (const line of markdown.split("\n")) {
    if (!line.startsWith("|")) {
      columns = []
      continue
    }
    const cells = cellsOf(line)
    const names = cells.map((cell) => cell.toLowerCase())
    if (names.includes("id") && names.includes("status")) columns = names
    else if (columns.length > 0 && !/^[\s|:-]+$/.test(line)) {
      features.push({
        id: cells[columns.indexOf("id")] ?? "",
        status: cells[columns.indexOf("status")] ?? "",
        paths: pathsIn(document, line)
      })
    }
  }
  return features
}
