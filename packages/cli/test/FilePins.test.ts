import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { filePins } from "../src/trust/FilePins.ts"
import * as Withheld from "../src/Withheld.ts"
import * as Host from "../src/internal/Host.ts"

const data = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "parley-pins-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

it.live("what was accepted of a server is kept, each under its own key, and changed from what is there", () =>
  Effect.gen(function* () {
    const directory = yield* data
    const pins = filePins({ user: { databaseFile: join(directory, "parley.db") } })
    assert.isUndefined(yield* pins.read("aa"))
    yield* pins.update("aa", (before) => (before === undefined ? { t: { hash: "1" } } : {}))
    yield* pins.update("aa", (before) => ({ ...before, u: { hash: "2" } }))
    assert.deepStrictEqual(yield* pins.read("aa"), { t: { hash: "1" }, u: { hash: "2" } })
    assert.isUndefined(yield* pins.read("bb"))
  })
)

it.live("what was damaged is no acceptance, and is not written over", () =>
  Effect.gen(function* () {
    const directory = yield* data
    const pins = filePins({ user: { databaseFile: join(directory, "parley.db") } })
    yield* pins.update("aa", () => ({}))
    const [name = ""] = readdirSync(join(directory, "pins"))
    const path = join(directory, "pins", name)
    for (const text of ["{ not json", '{"t":{"hash":7}}']) {
      writeFileSync(path, text)
      const words = `${path} is damaged; remove it, and what comes next is accepted`
      assert.strictEqual((yield* Effect.flip(pins.read("aa"))).problem, words)
      assert.strictEqual((yield* Effect.flip(pins.update("aa", () => ({})))).problem, words)
    }
    rmSync(path)
    assert.isUndefined(yield* pins.read("aa"))
  })
)

it("no model is shown Parley's own directories, but the user's instructions, nor what the user calls secret", () => {
  const user = {
    configFile: "/h/config/config.json",
    instructionsFile: "/h/config/AGENTS.md",
    databaseFile: "/h/data/parley.db",
    resultsDirectory: "/h/results",
    mcpAuthDirectory: "/h/auth",
    stateDirectory: "/h/state"
  }
  const config = { secretFiles: ["*.private", "!.env"] }
  const withheld = Withheld.of({ user, config })
  assert.deepStrictEqual(withheld.directories, ["/h/config", "/h/data", "/h/results", "/h/auth", "/h/state"])
  assert.deepStrictEqual(withheld.except, ["/h/config/AGENTS.md"])
  assert.strictEqual(withheld.secrets("/ws/a.private")?._tag, "Secret")
  assert.notStrictEqual(withheld.secrets("/ws/.env")?._tag, "Secret")
  const reads = Withheld.secretRead({ config, workspace: { root: "/ws" } })
  assert.strictEqual(reads("workspace__read_file", { path: "a.private" })?.path, "a.private")
  assert.isUndefined(reads("workspace__read_file", { path: ".env" }))
  assert.isUndefined(reads("workspace__read_file", { path: "a.txt" }))
})

it("a command is a relative path where it has a slash and is not whole, and a word is here where it leads to something", () => {
  for (const [command, relative] of [
    ["./x", true],
    ["bin/x", true],
    ["x", false],
    ["/bin/x", false]
  ] as const)
    assert.strictEqual(Host.isRelativePath(command), relative, command)
  assert.isTrue(Host.isHere("package.json") && Host.isHere("."))
  for (const word of ["", "no-such-file-here", process.cwd()]) assert.isFalse(Host.isHere(word), word)
  assert.strictEqual(Host.absolute("a"), join(process.cwd(), "a"))
  assert.strictEqual(Host.place(), process.cwd())
  assert.strictEqual(Host.place("/x/../y"), "/y")
  assert.isTrue(Host.isThere(process.cwd()) && !Host.isThere("/no/such/place"))
})
