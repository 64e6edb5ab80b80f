/**
 * Judges what a user would install: packs the built package, unpacks it into an empty folder beside a link to the
 * installed `effect`, and uses it there by name, from JavaScript and from TypeScript, without the `source` condition.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { attw } from "./gates.ts"
import type { Command, Ran } from "./process.ts"
import { root, run } from "./process.ts"

/** Names of the layers in the order of docs/design/layers.md. */
export const layers = [
  "runtime",
  "memory",
  "wire",
  "observe",
  "supervisor",
  "thread",
  "channel",
  "actor",
  "link",
  "system",
  "pool",
  "testing"
] as const

/** The modules a user may import besides the root, such as `actor/Actor`. */
export const publicModules = (packageRoot: string): ReadonlyArray<string> =>
  layers.flatMap((layer) => {
    const folder = join(packageRoot, "src", layer)
    if (!existsSync(folder)) return []
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
      .map((entry) => `${layer}/${entry.name.slice(0, -3)}`)
  }).toSorted()

/** The folders of a layer that are closed to users. */
export const closedFolders = ["internal", "kernel"] as const

/** The modules a user must not reach. */
export const internalModules = (packageRoot: string): ReadonlyArray<string> =>
  layers.flatMap((layer) =>
    closedFolders.flatMap((closed) => {
      const folder = join(packageRoot, "src", layer, closed)
      if (!existsSync(folder)) return []
      return readdirSync(folder, { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(".ts"))
        .map((name) => `${layer}/${closed}/${name.slice(0, -3)}`)
    })
  ).toSorted()

/** npm, by the location it gives to the scripts it starts; outside of a script the one on the PATH serves. */
export const npm = (): Command => {
  const location = process.env["npm_execpath"]
  return location?.endsWith(".js") ? ["node", location] : ["npm"]
}

/** Packs the folder and answers with the tarball's path, or with the run that failed. */
export const pack = async (packageRoot: string, into: string): Promise<string | Ran> => {
  mkdirSync(into, { recursive: true })
  const ran = await run([...npm(), "pack", "--ignore-scripts", "--silent", "--pack-destination", into], {
    cwd: packageRoot
  })
  const tarball = readdirSync(into).find((name) => name.endsWith(".tgz"))
  return ran.code === 0 && tarball !== undefined ? join(into, tarball) : { ...ran, code: ran.code || 1 }
}

/** Lets attw judge the types of the root and the named modules. On its own it is content with a package without any. */
export const typed = async (tarball: string, modules: ReadonlyArray<string>): Promise<Ran> => {
  const ran = await run(attw(tarball, modules))
  return ran.output.includes("does not contain types") ? { ...ran, code: 1 } : ran
}

const smokeScript = (modules: ReadonlyArray<string>, closed: ReadonlyArray<string>): string => `
import assert from "node:assert/strict"
const modules = ${JSON.stringify(modules)}
const closed = ${JSON.stringify(closed)}
const whole = await import("shared-nothing")
assert.ok(Object.keys(whole).length > 0, "shared-nothing exports nothing")
for (const name of modules) {
  const module = await import("shared-nothing/" + name)
  assert.ok(import.meta.resolve("shared-nothing/" + name).endsWith("/dist/" + name + ".js"), name + " is not served from dist")
  assert.equal(typeof module, "object")
}
for (const name of closed) {
  await assert.rejects(import("shared-nothing/" + name), { code: "ERR_PACKAGE_PATH_NOT_EXPORTED" }, name + " is reachable")
}
console.log("imported " + (modules.length + 1) + " modules; " + closed.length + " internal ones refused")
`

const consumerTypes = (modules: ReadonlyArray<string>): string =>
  [
    `import * as Whole from "shared-nothing"`,
    ...modules.map((name, index) => `import * as M${index} from "shared-nothing/${name}"`),
    `export const all: ReadonlyArray<object> = [Whole${modules.map((_, index) => `, M${index}`).join("")}]`,
    ""
  ].join("\n")

const consumerConfig = {
  compilerOptions: {
    target: "es2024",
    lib: ["es2024", "esnext.disposable", "dom"],
    module: "nodenext",
    moduleDetection: "force",
    strict: true,
    noEmit: true,
    skipLibCheck: false,
    types: ["node"]
  },
  files: ["consumer.ts"]
}

const link = (folder: string, name: string) => {
  const target = join(folder, "node_modules", name)
  mkdirSync(dirname(target), { recursive: true })
  symlinkSync(join(root, "node_modules", name), target, "junction")
}

/** Uses the packed tarball as its first user would: every public module by name, and no other. */
export const smoke = async (tarball: string, packageRoot: string): Promise<Ran> => {
  const folder = mkdtempSync(join(tmpdir(), "shared-nothing-smoke-"))
  try {
    const installed = join(folder, "node_modules", "shared-nothing")
    mkdirSync(installed, { recursive: true })
    const unpacked = await run(["tar", "-xzf", tarball, "--strip-components=1", "-C", installed])
    if (unpacked.code !== 0) return unpacked
    for (const name of ["effect", "@types/node", "undici-types"]) {
      if (existsSync(join(root, "node_modules", name))) link(folder, name)
    }
    const modules = publicModules(packageRoot)
    writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }))
    writeFileSync(join(folder, "smoke.js"), smokeScript(modules, internalModules(packageRoot)))
    writeFileSync(join(folder, "consumer.ts"), consumerTypes(modules))
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(consumerConfig))
    const imported = await run(["node", "smoke.js"], { cwd: folder })
    if (imported.code !== 0) return imported
    const compiled = await run(["tsc", "-p", "tsconfig.json"], { cwd: folder })
    return { ...compiled, output: imported.output + compiled.output }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
