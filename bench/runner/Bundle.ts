/**
 * A worker's file and all that it imports as one module of JavaScript, as a program has it whose threads are to start quickly.
 */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { build } from "rolldown"

/** Bundles a file; the result is gone when the process ends. */
export const bundle = async (file: URL): Promise<URL> => {
  const folder = mkdtempSync(join(tmpdir(), "shared-nothing-bench-"))
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }))
  await build({
    input: { worker: fileURLToPath(file) },
    platform: "node",
    resolve: { conditionNames: ["source", "import", "node", "default"] },
    output: { dir: folder, format: "esm", entryFileNames: "[name].mjs" },
    logLevel: "silent"
  })
  return pathToFileURL(join(folder, "worker.mjs"))
}
