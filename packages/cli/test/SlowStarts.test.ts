import { assert, describe, it } from "@effect/vitest"
import { chmodSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import process from "node:process"
import { Effect } from "effect"
import { type Place, place } from "./support/Cli.ts"

const raw = join(import.meta.dirname, "../../mcp/test/fixtures/raw-server.mjs")

/** A program of that name that is ready after so many seconds. */
const slow = (here: Place, name: string, seconds: number) => {
  const path = join(here.home, name)
  writeFileSync(path, `#!/bin/sh\nsleep ${seconds}\nexec "${process.execPath}" "${raw}"\n`)
  chmodSync(path, 0o755)
  return { command: path }
}

describe("a server that is slow to start", () => {
  it.live("is reported on standard error by the command that waits for it", () =>
    Effect.gen(function* () {
      const here = yield* place
      here.configure({ mcpServers: { lazy: slow(here, "npx", 5), usual: slow(here, "server", 5) } })
      const [run, inspect] = yield* Effect.all([here.run(["run", "hi"]), here.run(["mcp", "inspect", "usual"])], {
        concurrency: 2
      })
      assert.strictEqual(run.code, 0, run.stderr)
      assert.match(
        run.stderr,
        /^parley: starting server lazy: \d+ s; the first start of npx may download the package$/m
      )
      assert.match(run.stderr, /^parley: starting server usual: \d+ s$/m)
      assert.strictEqual(inspect.code, 0, inspect.stderr)
      assert.match(inspect.stderr, /^parley: starting server usual: \d+ s$/m)
    })
  )

  it.live("delays a round by at most ten seconds if it may be downloading, which is reported", () =>
    Effect.gen(function* () {
      const here = yield* place
      here.configure({ mcpServers: { lazy: slow(here, "npx", 50) } })
      const run = yield* here.run(["run", "hi"])
      assert.strictEqual(run.code, 0, run.stderr)
      assert.match(
        run.stderr,
        /the tools of the server lazy are missing: it is still starting; `parley mcp inspect lazy` waits/
      )
    })
  )

  it.live("is reported, even if it failed and is being restarted", () =>
    Effect.gen(function* () {
      const here = yield* place
      const script = join(here.home, "gone.mjs")
      // The second start is still going on when the round is over.
      writeFileSync(
        script,
        `import { existsSync, writeFileSync } from "node:fs"
        if (existsSync("${here.home}/once")) setTimeout(() => {}, 60_000)
        else { writeFileSync("${here.home}/once", ""); console.error("need TOKEN"); process.exit(1) }`
      )
      here.configure({
        mcpServers: { gone: { command: process.execPath, args: [script] }, usual: slow(here, "server", 3) }
      })
      const run = yield* here.run(["run", "hi"])
      assert.strictEqual(run.code, 0, run.stderr)
      assert.match(run.stderr, /the tools of the server gone are missing: it exited with code 1 \(stderr: need TOKEN\)/)
    })
  )
})
