/** The table of docs/design/layers.md as data, and as rules of the linter. */

/** Layer names, lowest first, each with the layers it may import. */
export type LayerTable = ReadonlyMap<string, ReadonlySet<string>>

/** Reads the table whose rows are `` | `layer` | what it knows | layers it may import | ``. */
export const parseLayerTable = (markdown: string): LayerTable =>
  new Map(
    [...markdown.matchAll(/^\| `(\w+)`\s*\|[^|]*\|([^|]*)\|\s*$/gm)].map((row) => {
      const allowed = row[2]!.trim()
      return [row[1]!, new Set(allowed === "nothing" ? [] : allowed.split(",").map((name) => name.trim()))]
    })
  )

/** Layers that import no package at all. */
export const bareLayers: ReadonlySet<string> = new Set(["runtime", "memory"])

/** Layers that may know the runtime: `node:`, timers, the wall clock. */
export const nodeLayers: ReadonlySet<string> = new Set(["thread", "system", "testing"])

const importsOf = (table: LayerTable, layer: string) => {
  const allowed = table.get(layer)!
  const others = [...table.keys()]
  const refused = others.filter((name) => name !== layer && !allowed.has(name))
  const may = allowed.size === 0 ? "nothing outside its folder" : `only ${[...allowed].join(", ")}`
  return [
    {
      regex: `^\\.\\.?/(.*/)?(${others.filter((name) => name !== layer).join("|")})/internal/`,
      message: "Another layer's internal/ is private: import its public module or its kernel/."
    },
    {
      regex: "(^|/)index\\.ts$|^shared-nothing(/|$)",
      message: "Inside src import the module, never a barrel or the package itself."
    },
    { regex: "^effect(/[a-z]+)?$", message: "Import the module (effect/Effect), not a barrel." },
    ...(refused.length === 0 ? [] : [{
      regex: `^\\.\\.?/(.*/)?(${refused.join("|")})/`,
      message: `${layer} imports ${may}: docs/design/layers.md.`
    }]),
    ...(bareLayers.has(layer)
      ? [{ regex: "^[^.]", message: `${layer} imports no package: no effect, no node:.` }]
      : nodeLayers.has(layer)
      ? []
      : [{ regex: "^node:", message: `${layer} knows no runtime: node: belongs to thread and system.` }])
  ]
}

/** What the linter knows of each layer. */
export const layerOverrides = (table: LayerTable): ReadonlyArray<object> =>
  [...table.keys()].map((layer) => ({
    files: [`src/${layer}/**`],
    rules: {
      "no-restricted-imports": ["error", { patterns: importsOf(table, layer) }],
      ...(layer === "memory" ? { "max-lines": ["error", { max: 300, skipBlankLines: true, skipComments: true }] } : {}),
      ...(nodeLayers.has(layer) ? { "no-restricted-globals": "off", "no-restricted-properties": "off" } : {})
    }
  }))
