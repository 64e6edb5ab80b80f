/** A throw-away copy of a fixture where a gate can run as it runs on the repository. */
import { cpSync, existsSync, mkdtempSync, renameSync, rmSync, symlinkSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { root } from "../../../scripts/process.ts"

const configurations = [
  ".oxlintrc.json",
  "dprint.json",
  "knip.json",
  "tsconfig.json",
  "vitest.types.config.ts",
  "test/types/tsconfig.json"
]

/**
 * Copies `test/fixtures/house/<name>` with the repository's own configuration and a link to its `node_modules` to a
 * folder outside of the repository, hands it over, and removes it. A fixture's `built` folder becomes `dist`, a name
 * that git ignores.
 */
export const inSandbox = async <A>(name: string, use: (folder: string) => Promise<A>): Promise<A> => {
  const folder = mkdtempSync(join(tmpdir(), `shared-nothing-${name}-`))
  try {
    for (const file of configurations) cpSync(join(root, file), join(folder, file))
    cpSync(join(root, "test", "fixtures", "house", name), folder, { recursive: true })
    if (existsSync(join(folder, "built"))) renameSync(join(folder, "built"), join(folder, "dist"))
    symlinkSync(join(root, "node_modules"), join(folder, "node_modules"), "junction")
    return await use(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
