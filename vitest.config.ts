import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"
import { suites } from "./test/support/suites.ts"

const files = suites()

// Threads and processes that tests start load the library a thousand times: each then takes a third of the time.
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL("node_modules/.cache/compile", import.meta.url))

// Node 26 keeps what it has stripped of types in its compile cache, and an older one does not.
const keepsStripped = Number(process.versions.node.split(".")[0]) >= 24
const stripOnce = ["--import", new URL("test/support/stripOnce.mjs", import.meta.url).href]

// Tests import the package by its name; the "source" condition answers with src, in the test files (resolve) and in
// the worker threads and child processes they start (execArgv is inherited).
export default defineConfig(({ mode }) => ({
  resolve: { conditions: ["source"] },
  ssr: { resolve: { conditions: ["source"] } },
  test: {
    pool: "forks",
    execArgv: ["--conditions=source", ...(keepsStripped ? [] : stripOnce)],
    // For what never ends; what takes long on a busy machine is no failure.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    ...(mode === "quick" ? { env: { TEST_EFFORT: "0.1" } } : {}),
    // The explorer and the modules that its hook gates are loaded by Node, all from one place.
    server: { deps: { external: [/\/test\/model\/(?!.*\.test\.ts)/] } },
    projects: [
      // Nothing of these is left behind for the next file: they share a process each, and load the library once.
      { extends: true, test: { name: "unit", include: files.unit, isolate: false } },
      { extends: true, test: { name: "threads", include: files.threads } },
      { extends: true, test: { name: "house", include: files.house } }
    ]
  }
}))
