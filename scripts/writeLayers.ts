/** Writes the layer table of docs/design/layers.md into .oxlintrc.json: `npm run layers`. */
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { layerOverrides, parseLayerTable } from "./layers.ts"
import { root } from "./process.ts"

interface Override {
  readonly files: ReadonlyArray<string>
}

const path = join(root, ".oxlintrc.json")
const config = JSON.parse(readFileSync(path, "utf8")) as { overrides: ReadonlyArray<Override> }
const table = parseLayerTable(readFileSync(join(root, "docs/design/layers.md"), "utf8"))
const isLayer = ({ files }: Override): boolean => /^src\/\w+\//.test(files[0]!)
const all = config.overrides.filter((override) => override.files[0] === "src/**")
const rest = config.overrides.filter((override) => override.files[0] !== "src/**" && !isLayer(override))
config.overrides = [...all, ...layerOverrides(table) as ReadonlyArray<Override>, ...rest]
writeFileSync(path, `${JSON.stringify(config, null, 2)}\n`)
