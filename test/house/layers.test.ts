import { describe, expect, it } from "vitest"
import { layerOverrides, parseLayerTable } from "../../scripts/layers.ts"
import { layers as packageLayers } from "../../scripts/package.ts"
import { judgeImport } from "./support/layers.ts"
import { filesUnder, importsOf, read, resolveFrom } from "./support/source.ts"

const table = parseLayerTable(read("docs/design/layers.md"))
const sources = filesUnder("src").filter((file) => file.endsWith(".ts"))
const imports = sources.flatMap((file) =>
  importsOf(read(file)).map(({ line, specifier }) => ({ file, line, specifier }))
)

/** A way from a module back to itself, if the imports contain one. */
const findCycle = (graph: ReadonlyMap<string, ReadonlyArray<string>>): ReadonlyArray<string> | undefined => {
  const done = new Set<string>()
  const path: Array<string> = []
  const visit = (file: string): ReadonlyArray<string> | undefined => {
    const start = path.indexOf(file)
    if (start >= 0) return [...path.slice(start), file]
    if (done.has(file)) return undefined
    path.push(file)
    for (const next of graph.get(file) ?? []) {
      const cycle = visit(next)
      if (cycle !== undefined) return cycle
    }
    path.pop()
    done.add(file)
    return undefined
  }
  for (const file of graph.keys()) {
    const cycle = visit(file)
    if (cycle !== undefined) return cycle
  }
  return undefined
}

const graphOf = (edges: ReadonlyArray<{ readonly file: string; readonly specifier: string }>) => {
  const graph = new Map<string, Array<string>>()
  for (const { file, specifier } of edges) {
    if (!specifier.startsWith(".")) continue
    const targets = graph.get(file) ?? []
    targets.push(resolveFrom(file, specifier))
    graph.set(file, targets)
  }
  return graph
}

describe("importsOf", () => {
  it("finds every form of import and none in comments or strings", () => {
    const text = [
      `import * as Effect from "effect/Effect"`,
      `import type {`,
      `  A`,
      `} from "../a.ts"`,
      `export * from './b.ts'`,
      `import "./c.ts"`,
      `// import "./no.ts"`,
      `/* import x from "./no.ts" */`,
      `const text = "import y from './no.ts'"`,
      `type D = import("./d.ts").D`,
      `const e = await import("./e.ts")`,
      `new Worker(new URL("./f.ts", import.meta.url))`
    ].join("\n")
    expect(importsOf(text)).toEqual([
      { specifier: "effect/Effect", line: 1 },
      { specifier: "../a.ts", line: 4 },
      { specifier: "./b.ts", line: 5 },
      { specifier: "./c.ts", line: 6 },
      { specifier: "./d.ts", line: 10 },
      { specifier: "./e.ts", line: 11 },
      { specifier: "./f.ts", line: 12 }
    ])
  })
})

describe("docs/design/layers.md", () => {
  it("names the layers that the package has, lowest first", () => {
    expect([...table.keys()]).toEqual(packageLayers)
  })

  it("lets a layer import only layers below it", () => {
    const order = [...table.keys()]
    for (const [layer, allowed] of table) {
      for (const name of allowed) expect(order.indexOf(name), `${layer} → ${name}`).toBeLessThan(order.indexOf(layer))
      for (const name of allowed) expect(order, `${layer} → ${name}`).toContain(name)
    }
  })
})

describe(".oxlintrc.json", () => {
  it("repeats the table, as npm run layers writes it", () => {
    const { overrides } = JSON.parse(read(".oxlintrc.json")) as {
      readonly overrides: ReadonlyArray<{ readonly files: ReadonlyArray<string> }>
    }
    expect(overrides.filter(({ files }) => /^src\/\w+\//.test(files[0]!))).toEqual(layerOverrides(table))
  })
})

describe("judgeImport", () => {
  it.each([
    ["src/wire/Codec.ts", "../actor/Actor.ts", "wire may not import actor"],
    ["src/actor/internal/deep/x.ts", "../../../thread/Thread.ts", "actor may not import thread"],
    ["src/system/Mesh.ts", "../thread/internal/protocol.ts", "reaches into thread/internal"],
    ["src/memory/Ring.ts", "effect/Effect", "memory imports no package"],
    ["src/memory/Ring.ts", "node:os", "memory imports no package"],
    ["src/actor/Actor.ts", "node:worker_threads", "actor may not import node:"],
    ["src/actor/Actor.ts", "./index.ts", "imports a barrel: import the module"],
    ["src/actor/Actor.ts", "shared-nothing", "imports the package itself: import the module"],
    ["src/actor/Actor.ts", "effect", "imports an effect barrel: import the module"],
    ["src/actor/Actor.ts", "../wire/Codec.js", "has no .ts extension"],
    ["src/actor/Actor.ts", "../../bench/main.ts", "leaves src"]
  ])("refuses %s → %s", (file, specifier, reason) => {
    expect(judgeImport(table, file, specifier)).toBe(reason)
  })

  it.each([
    ["src/wire/Codec.ts", "../memory/Region.ts"],
    ["src/actor/internal/x.ts", "../../wire/Codec.ts"],
    ["src/link/kernel/x.ts", "../../actor/kernel/Cell.ts"],
    ["src/thread/Thread.ts", "./internal/protocol.ts"],
    ["src/thread/Thread.ts", "node:worker_threads"],
    ["src/index.ts", "./actor/Actor.ts"],
    ["src/actor/Actor.ts", "effect/rpc/Rpc"]
  ])("allows %s → %s", (file, specifier) => {
    expect(judgeImport(table, file, specifier)).toBeUndefined()
  })
})

describe("src", () => {
  it("has only folders that the layer table names", () => {
    const folders = new Set(sources.flatMap((file) => /^src\/(\w+)\//.exec(file)?.[1] ?? []))
    expect([...folders].filter((folder) => !table.has(folder))).toEqual([])
    expect(sources.length).toBeGreaterThan(0)
    expect(imports.length).toBeGreaterThan(0)
  })

  it("imports as the layer table allows", () => {
    const refused = imports.flatMap(({ file, line, specifier }) => {
      const reason = judgeImport(table, file, specifier)
      return reason === undefined ? [] : [`${file}:${line} ${specifier}: ${reason}`]
    })
    expect(refused).toEqual([])
  })

  it("has no import cycle, types included", () => {
    expect(findCycle(graphOf(imports))).toBeUndefined()
    const cyclic = [{ file: "src/a.ts", specifier: "./b.ts" }, { file: "src/b.ts", specifier: "./a.ts" }]
    expect(findCycle(graphOf(cyclic))).toEqual(["src/a.ts", "src/b.ts", "src/a.ts"])
  })

  it("has no barrel but those of the package and of its test kit", () => {
    const barrels = new Set(["src/index.ts", "src/testing/index.ts"])
    expect(sources.filter((file) => !barrels.has(file) && file.endsWith("/index.ts"))).toEqual([])
  })
})
