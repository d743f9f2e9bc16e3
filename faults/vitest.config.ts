import { defineConfig } from "vitest/config"
import { patience } from "../scripts/patience.ts"

export default defineConfig({
  test: {
    name: "faults",
    include: ["**/*.test.ts"],
    testTimeout: patience,
    hookTimeout: patience,
    globalSetup: "../scripts/command.ts",
    maxConcurrency: 12
  }
})
