import { defineConfig } from "vitest/config"
import { patience } from "../harness/src/time/patience.ts"

export default defineConfig({
  test: { name: "prompt", include: ["test/**/*.test.ts"], isolate: false, testTimeout: patience, hookTimeout: patience }
})
