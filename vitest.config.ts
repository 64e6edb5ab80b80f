import { defineConfig } from "vitest/config"

// Tests import the package by its name; the "source" condition answers with src, in the test files (resolve) and in
// the worker threads and child processes they start (execArgv is inherited).
export default defineConfig({
  resolve: { conditions: ["source"] },
  ssr: { resolve: { conditions: ["source"] } },
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/fixtures/**", "node_modules/**", "dist/**"],
    pool: "forks",
    execArgv: ["--conditions=source"],
    testTimeout: 30_000,
    // The explorer and the modules that its hook gates are loaded by Node, all from one place.
    server: { deps: { external: [/\/test\/model\/(?!.*\.test\.ts)/] } }
  }
})
