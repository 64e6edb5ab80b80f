/** The judgement of one import by the table of docs/design/layers.md. */
import { bareLayers, type LayerTable, nodeLayers } from "../../../scripts/layers.ts"
import { resolveFrom } from "./source.ts"

const layerOf = (path: string): string | undefined => /^src\/(\w+)\//.exec(path)?.[1]

/** Says why this import may not be, or nothing. */
export const judgeImport = (table: LayerTable, file: string, specifier: string): string | undefined => {
  const from = layerOf(file)
  if (/^shared-nothing(\/|$)/.test(specifier)) return "imports the package itself: import the module"
  if (/^effect(\/[a-z]+)?$/.test(specifier)) return "imports an effect barrel: import the module"
  if (!specifier.startsWith(".")) {
    if (from !== undefined && bareLayers.has(from)) return `${from} imports no package`
    if (specifier.startsWith("node:") && from !== undefined && !nodeLayers.has(from)) {
      return `${from} may not import node:`
    }
    return undefined
  }
  const target = resolveFrom(file, specifier)
  if (!target.endsWith(".ts")) return "has no .ts extension"
  if (!target.startsWith("src/")) return "leaves src"
  if (/(^|\/)index\.ts$/.test(target)) return "imports a barrel: import the module"
  const to = layerOf(target)
  if (from === undefined || to === undefined || from === to) return undefined
  if (target.startsWith(`src/${to}/internal/`)) return `reaches into ${to}/internal`
  if (!table.get(from)?.has(to)) return `${from} may not import ${to}`
  return undefined
}
