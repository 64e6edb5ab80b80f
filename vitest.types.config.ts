import { defineConfig } from "vitest/config"

// The public types, held by tsc itself. `test/types/tsconfig.json` must include the files named here: an assertion
// outside of it would pass unread.
export default defineConfig({
  test: {
    include: [],
    typecheck: {
      enabled: true,
      only: true,
      checker: "tsc",
      include: ["test/types/**/*.test-d.ts"],
      tsconfig: "./test/types/tsconfig.json",
      spawnTimeout: 60_000
    }
  }
})
