import { defineConfig } from "vitest/config"

// Real processes are started, often on a busy machine: a test that hangs is caught, one that waits its turn is not.
export default defineConfig({ test: { name: "mcp", include: ["test/**/*.test.ts"], testTimeout: 20_000 } })
