/**
 * Loads TypeScript from a cache of files whose types are stripped, for a Node that strips them anew in each thread.
 *
 * Given by `--import` to the tests on the oldest Node: their hundreds of threads then start in half the time.
 */
import { createHash } from "node:crypto"
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs"
import { registerHooks, stripTypeScriptTypes } from "node:module"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { threadId } from "node:worker_threads"

const folder = fileURLToPath(new URL("../../node_modules/.cache/stripped", import.meta.url))
mkdirSync(folder, { recursive: true })

const stripped = (path) => {
  const { mtimeMs, size } = statSync(path)
  const file = join(folder, createHash("sha1").update(`${path} ${mtimeMs} ${size} ${process.version}`).digest("hex"))
  if (existsSync(file)) return readFileSync(file, "utf8")
  const source = stripTypeScriptTypes(readFileSync(path, "utf8"))
  // Others may write the same file: it is there whole or not at all.
  const own = `${file}.${process.pid}.${threadId}`
  writeFileSync(own, source)
  renameSync(own, file)
  return source
}

registerHooks({
  load: (url, context, next) =>
    url.startsWith("file:") && url.endsWith(".ts")
      ? { format: "module", source: stripped(fileURLToPath(url)), shortCircuit: true }
      : next(url, context)
})
