import { defineConfig } from "vitest/config"
import { patience } from "../../scripts/patience.ts"

export default defineConfig({
  test: { name: "http", include: ["test/**/*.test.ts"], testTimeout: patience, hookTimeout: patience }
})
