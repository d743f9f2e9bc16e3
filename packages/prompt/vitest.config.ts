import { defineConfig } from "vitest/config"
import { patience } from "../../scripts/patience.ts"

export default defineConfig({
  test: { name: "prompt", include: ["test/**/*.test.ts"], testTimeout: patience, hookTimeout: patience }
})
