import { defineConfig } from "vitest/config"

export default defineConfig({
  resolve: { conditions: ["source"] },
  ssr: { resolve: { conditions: ["source"] } },
  test: { include: ["test/cases/pools/*.spec.ts"], execArgv: ["--conditions=source"], testTimeout: 120_000 }
})
