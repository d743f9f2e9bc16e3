import { spawnSync } from "node:child_process"
import { cpSync, mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { env, execPath } from "node:process"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { theCommand } from "@parley/harness/command"

/** A copy of the built command without the file that holds the list of servers. */
const withoutServers = Effect.acquireRelease(
  Effect.sync(() => {
    const root = mkdtempSync(join(tmpdir(), "parley-part-"))
    const built = dirname(dirname(theCommand().parley))
    for (const name of ["bin", "dist", "package.json"]) cpSync(join(built, name), join(root, name), { recursive: true })
    const parts = readdirSync(join(root, "dist/command")).filter((name) => name.startsWith("McpList-"))
    assert.strictEqual(parts.length, 1, "the bundle has one such file")
    for (const name of parts) rmSync(join(root, "dist/command", name))
    return root
  }),
  (root) => Effect.sync(() => rmSync(root, { recursive: true, force: true }))
)

describe("a part of the command that is gone", () => {
  it.effect("is reported as an update, without a stack trace, and other commands work", () =>
    Effect.gen(function* () {
      const root = yield* withoutServers
      const run = (...args: ReadonlyArray<string>) =>
        spawnSync(execPath, [join(root, "bin/parley.mjs"), ...args], {
          cwd: root,
          encoding: "utf8",
          env: { PATH: env["PATH"], HOME: root }
        })
      const { status, stderr, stdout } = run("mcp", "list")
      assert.deepStrictEqual(
        { status, stderr, stdout },
        {
          status: 1,
          stderr: "parley: its files were replaced or removed while it ran, as an update does; start it again\n",
          stdout: ""
        }
      )
      assert.strictEqual(run("sessions", "list").status, 0)
    })
  )
})
