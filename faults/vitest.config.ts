import { defineConfig } from "vitest/config"
import { patience } from "../packages/harness/src/time/patience.ts"

export default defineConfig({
  test: {
    name: "faults",
    include: ["**/*.test.ts"],
    testTimeout: patience,
    hookTimeout: patience,
    globalSetup: "../packages/harness/src/command/command.ts",
    maxConcurrency: 12
  }
})
