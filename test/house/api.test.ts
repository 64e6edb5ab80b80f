import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { closedFolders, internalModules, layers, publicModules } from "../../scripts/package.ts"
import { root, run } from "../../scripts/process.ts"
import { importsOf, read, withoutComments } from "./support/source.ts"

const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  readonly exports: Readonly<Record<string, null | string | Readonly<Record<string, string>>>>
  readonly files: ReadonlyArray<string>
  readonly peerDependencies: Readonly<Record<string, string>>
  readonly dependencies?: Readonly<Record<string, string>>
}
const modules = publicModules(root)
const closed = internalModules(root)

/** Imports each name in a fresh Node and answers with what happened to it. */
const importing = async (names: ReadonlyArray<string>): Promise<Readonly<Record<string, string>>> => {
  const program = `
    const outcome = {}
    for (const name of ${JSON.stringify(names)}) {
      outcome[name] = await import(name).then(() => "imported", (error) => error.code ?? String(error))
    }
    console.log(JSON.stringify(outcome))`
  const ran = await run(["node", "--conditions=source", "--input-type=module", "--eval", program])
  expect(ran.stderr).toBe("")
  return JSON.parse(ran.stdout) as Readonly<Record<string, string>>
}

describe("package.json", () => {
  it("closes the folders of every layer that are not for users, before the pattern that opens the rest", () => {
    const keys = Object.keys(manifest.exports)
    const lines = layers.flatMap((layer) => closedFolders.map((closed) => `./${layer}/${closed}/*`))
    for (const line of lines) {
      expect(manifest.exports[line], line).toBeNull()
      expect(keys.indexOf(line)).toBeLessThan(keys.indexOf("./*"))
    }
    expect(keys.filter((key) => manifest.exports[key] === null)).toHaveLength(lines.length)
  })

  it("serves src to the source condition, and types and code from dist to everyone else", () => {
    expect(manifest.exports["."]).toEqual({
      source: "./src/index.ts",
      types: "./dist/index.d.ts",
      default: "./dist/index.js"
    })
    expect(manifest.exports["./*"]).toEqual({
      source: "./src/*.ts",
      types: "./dist/*.d.ts",
      default: "./dist/*.js"
    })
  })

  it("depends on nothing but the user's own copy of effect", () => {
    expect(manifest.dependencies ?? {}).toEqual({})
    expect(Object.keys(manifest.peerDependencies)).toEqual(["effect"])
  })

  it("publishes only files that are there", () => {
    expect(manifest.files.filter((file) => file !== "dist" && !existsSync(join(root, file)))).toEqual([])
  })
})

describe("src/index.ts", () => {
  it("only re-exports modules", () => {
    const code = withoutComments(read("src/index.ts"))
    const statements = code.replaceAll(/export\s+(type\s+)?(\*(\s+as\s+\w+)?|\{[^}]*\})\s+from\s+"\.\/[^"]+\.ts"/g, "")
    expect(statements.trim()).toBe("")
  })

  it("re-exports no closed module", () => {
    expect(importsOf(read("src/index.ts")).filter(({ specifier }) => /\/(internal|kernel)\//.test(specifier))).toEqual(
      []
    )
  })
})

describe("importing by name", () => {
  it("reaches the package and each public module", async () => {
    const names = ["shared-nothing", ...modules.map((name) => `shared-nothing/${name}`)]
    expect(modules.length).toBeGreaterThan(0)
    expect(await importing(names)).toEqual(Object.fromEntries(names.map((name) => [name, "imported"])))
  })

  it("is refused for each closed module", async () => {
    const names = [
      ...closed,
      ...layers.flatMap((layer) => closedFolders.map((folder) => `${layer}/${folder}/anything`))
    ]
      .map((name) => `shared-nothing/${name}`)
    const refused = Object.fromEntries(names.map((name) => [name, "ERR_PACKAGE_PATH_NOT_EXPORTED"]))
    expect(await importing(names)).toEqual(refused)
  })
})
