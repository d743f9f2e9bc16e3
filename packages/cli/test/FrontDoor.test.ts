import { execFile } from "node:child_process"
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"

const door = join(import.meta.dirname, "../bin/parley.mjs")

/** The command as it is installed, with a bundle that says that it was reached. */
const installed = Effect.acquireRelease(
  Effect.sync(() => {
    const root = mkdtempSync(join(tmpdir(), "parley-door-"))
    for (const name of ["bin", "dist/command"]) mkdirSync(join(root, name), { recursive: true })
    copyFileSync(door, join(root, "bin/parley.mjs"))
    writeFileSync(join(root, "dist/command/parley.mjs"), 'process.stdout.write("reached")\n')
    writeFileSync(join(root, "package.json"), '{ "type": "module", "version": "1.2.3" }\n')
    return root
  }),
  (root) => Effect.sync(() => rmSync(root, { recursive: true, force: true }))
)

/** What it says where Node calls itself `version`. */
const started = (root: string, version: string, ...args: ReadonlyArray<string>) =>
  Effect.callback<{ readonly code: unknown; readonly stdout: string; readonly stderr: string }>((resume) => {
    const preload = join(root, "version.mjs")
    const value = `{ ...process.versions, node: "${version}" }`
    writeFileSync(preload, `Object.defineProperty(process, "versions", { value: ${value} })\n`)
    const command = ["--import", pathToFileURL(preload).href, join(root, "bin/parley.mjs"), ...args]
    execFile(process.execPath, command, { env: { HOME: root } }, (error, stdout, stderr) =>
      resume(Effect.succeed({ code: error === null ? 0 : error.code, stdout, stderr }))
    )
  })

describe("the front door", () => {
  for (const version of ["12.22.12", "20.20.2", "22.12.0", "22.18.0", "23.11.1"])
    it.effect(`refuses Node ${version} in one sentence`, () =>
      Effect.gen(function* () {
        const root = yield* installed
        assert.deepStrictEqual(yield* started(root, version, "sessions", "list"), {
          code: 3,
          stdout: "",
          stderr: `parley: needs Node 24 or newer, or Node 22 from 22.19 on; this is ${version}\n`
        })
        assert.deepStrictEqual(yield* started(root, version, "--version"), {
          code: 0,
          stdout: "parley v1.2.3\n",
          stderr: ""
        })
      })
    )

  for (const version of ["22.19.0", "22.21.1", "24.0.0", "25.0.0", "26.10.0", "30.0.0"])
    it.effect(`lets Node ${version} in`, () =>
      Effect.gen(function* () {
        const root = yield* installed
        assert.deepStrictEqual(yield* started(root, version, "sessions"), { code: 0, stdout: "reached", stderr: "" })
      })
    )
})
