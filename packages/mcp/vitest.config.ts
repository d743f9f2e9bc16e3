import { defineConfig } from "vitest/config"
import { patience } from "../harness/src/time/patience.ts"

// Real processes are started, often on a busy machine: a test that hangs is caught, one that waits its turn is not.
export default defineConfig({
  test: { name: "mcp", include: ["test/**/*.test.ts"], isolate: false, testTimeout: patience, hookTimeout: patience }
})
