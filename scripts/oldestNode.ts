/**
 * The oldest Node that the package says it runs on, beside the pinned one: brought once into `.cache`, from the registry
 * that npm is set to.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { npm } from "./package.ts"
import { root, run } from "./process.ts"

const attempts = 3

const wanted = (): string => {
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    readonly engines: { readonly node: string }
  }
  const lowest = /^>=(\d+)\.(\d+)(?:\.(\d+))?$/.exec(manifest.engines.node)
  if (lowest === null) {
    throw new Error(`engines.node is "${manifest.engines.node}"; the check reads ">=22.19" and its like`)
  }
  return `${lowest[1]}.${lowest[2]}.${lowest[3] ?? 0}`
}

const versionOf = async (program: string): Promise<string> =>
  existsSync(program) ? (await run([program, "--version"])).stdout.trim() : "nothing"

/** The folder with the `node` of that version; fails with what npm said when it cannot be had. */
export const oldestNode = async (): Promise<{ readonly version: string; readonly folder: string }> => {
  const version = wanted()
  const home = join(root, ".cache", `node-${version}`)
  const folder = join(home, "node_modules", "node", "bin")
  const program = join(folder, "node")
  let said = ""
  for (let attempt = 1; attempt <= attempts && (await versionOf(program)) !== `v${version}`; attempt++) {
    mkdirSync(home, { recursive: true })
    // A manifest of its own, so that npm does not look for one above; the package's install script fetches the binary.
    writeFileSync(join(home, "package.json"), JSON.stringify({ private: true, allowScripts: { node: true } }))
    const install = ["install", "--no-audit", "--no-fund", "--save-exact", `node@${version}`]
    said = (await run([...npm(), ...install], { cwd: home })).output
  }
  const found = await versionOf(program)
  if (found !== `v${version}`) {
    throw new Error(`Node ${version} could not be installed in ${attempts} attempts: ${program} is ${found}\n${said}`)
  }
  return { version, folder }
}
