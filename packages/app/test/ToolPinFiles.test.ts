import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as ToolPinFiles from "../src/trust/ToolPinFiles.ts"
import * as WithheldFiles from "../src/configuration/WithheldFiles.ts"

const data = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "parley-pins-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

it.live("accepted tools are stored per key, and updates start from the stored value", () =>
  Effect.gen(function* () {
    const directory = yield* data
    const pins = ToolPinFiles.make({ user: { databaseFile: join(directory, "parley.db") } })
    assert.isUndefined(yield* pins.read("aa"))
    yield* pins.update("aa", (before) => (before === undefined ? { t: { hash: "1" } } : {}))
    yield* pins.update("aa", (before) => ({ ...before, u: { hash: "2" } }))
    assert.deepStrictEqual(yield* pins.read("aa"), { t: { hash: "1" }, u: { hash: "2" } })
    assert.isUndefined(yield* pins.read("bb"))
  })
)

it.live("a damaged file counts as no acceptance and is not overwritten", () =>
  Effect.gen(function* () {
    const directory = yield* data
    const pins = ToolPinFiles.make({ user: { databaseFile: join(directory, "parley.db") } })
    yield* pins.update("aa", () => ({}))
    const [name = ""] = readdirSync(join(directory, "pins"))
    const path = join(directory, "pins", name)
    for (const text of ["{ not json", '{"t":{"hash":7}}']) {
      writeFileSync(path, text)
      const words = `${path} is damaged; remove it to accept the server's current tools`
      assert.strictEqual((yield* Effect.flip(pins.read("aa"))).problem, words)
      assert.strictEqual((yield* Effect.flip(pins.update("aa", () => ({})))).problem, words)
    }
    rmSync(path)
    assert.isUndefined(yield* pins.read("aa"))
  })
)

it("no model is shown Parley's own directories, except the user's instructions, or files declared secret", () => {
  const user = {
    configFile: "/h/config/config.json",
    instructionsFile: "/h/config/AGENTS.md",
    databaseFile: "/h/data/parley.db",
    resultsDirectory: "/h/results",
    keysFile: "/none/keys.json",
    mcpAuthDirectory: "/h/auth",
    stateDirectory: "/h/state"
  }
  const config = { secretFiles: ["*.private", "!.env"] }
  const withheld = WithheldFiles.of({ user, config })
  assert.deepStrictEqual(withheld.directories, ["/h/config", "/h/data", "/h/results", "/h/auth", "/h/state"])
  assert.deepStrictEqual(withheld.except, ["/h/config/AGENTS.md"])
  assert.strictEqual(withheld.secrets("/ws/a.private")?._tag, "Secret")
  assert.notStrictEqual(withheld.secrets("/ws/.env")?._tag, "Secret")
  const reads = WithheldFiles.secretRead({ config, workspace: { root: "/ws" } })
  assert.strictEqual(reads("workspace__read_file", { path: "a.private" })?.path, "a.private")
  assert.isUndefined(reads("workspace__read_file", { path: ".env" }))
  assert.isUndefined(reads("workspace__read_file", { path: "a.txt" }))
})
