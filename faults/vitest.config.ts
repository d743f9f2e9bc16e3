import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    name: "faults",
    include: ["**/*.test.ts"],
    testTimeout: 60_000,
    globalSetup: "../scripts/command.ts",
    maxConcurrency: 12
  }
})
