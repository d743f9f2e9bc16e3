import { assert, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import { join } from "node:path"

const main = join(import.meta.dirname, "../scripts/soak/main.ts")

it.skipIf(process.platform !== "linux")("three hundred rounds of all kinds leak no resources", () => {
  const ended = spawnSync(process.execPath, [main, "--rounds", "300", "--every", "100"], { encoding: "utf8" })
  assert.strictEqual(ended.status, 0, `${ended.stdout}\n${ended.stderr}`)
})
