import { defineConfig } from "vitest/config"
import { patience } from "../packages/harness/src/time/patience.ts"

export default defineConfig({
  test: {
    name: "examples",
    include: ["test/**/*.test.ts"],
    isolate: false,
    testTimeout: patience,
    hookTimeout: patience
  }
})
