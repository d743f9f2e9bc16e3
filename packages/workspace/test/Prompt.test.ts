import { PromptManager } from "@parley/domain/PromptManager"
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { execFileSync } from "node:child_process"
import * as fs from "node:fs"
import * as Prompt from "../src/project/Prompt.ts"
import { message, put, temporary } from "./support.ts"

it.effect("a workspace that configures nothing gets the defaults", () =>
  Effect.gen(function* () {
    const root = yield* temporary
    const defaults = yield* Prompt.read(root)
    assert.isAtLeast(defaults.instructions.length, 100)
    assert.deepStrictEqual(
      [defaults.includeWorkspaceMetadata, defaults.includeSystemInfo, defaults.includeDateTime],
      [true, true, true]
    )
    put(root, ".parley/prompt.json", "{}")
    assert.deepStrictEqual(yield* Prompt.read(root), defaults)
    assert.deepStrictEqual(yield* Prompt.read(`${root}/gone`), defaults)
  })
)

it.effect("the project's settings override the defaults, and are read each time", () =>
  Effect.gen(function* () {
    const root = yield* temporary
    yield* Effect.gen(function* () {
      const manager = yield* PromptManager
      put(root, ".parley/prompt.json", '{ "instructions": "one", "rules": ["r"], "includeDateTime": false }')
      assert.deepStrictEqual(yield* manager.prompt, {
        instructions: "one",
        capabilities: [],
        rules: ["r"],
        includeWorkspaceMetadata: true,
        includeSystemInfo: true,
        includeDateTime: false,
        provenance: { instructions: "outside", rules: "outside" }
      })
      put(root, ".parley/prompt.json", '{ "instructions": { "file": "docs/prompt.md" } }')
      put(root, "docs/prompt.md", "\uFEFFtwo\r\n")
      assert.strictEqual((yield* manager.prompt).instructions, "two\r\n")
      assert.deepStrictEqual((yield* manager.prompt).provenance, { instructions: "outside" })
      put(root, ".parley/prompt.json", '{ "capabilities": [] }')
      assert.deepStrictEqual((yield* manager.prompt).provenance, { instructions: "parley", capabilities: "outside" })
      put(root, ".parley/prompt.json", '{ "instructions": { "file": "docs/prompt.md" } }')
      put(root, "docs/prompt.md", "three")
      assert.strictEqual((yield* manager.prompt).instructions, "three")
    }).pipe(Effect.provide(Prompt.layer({ root })))
  })
)

const place = ".parley/prompt.json:1:29: instructions.file:"
const files: ReadonlyArray<readonly [string, string]> = [
  ["../secret.md", `${place} refused: \`..\` is not allowed`],
  ["docs/../../secret.md", `${place} refused: \`..\` is not allowed`],
  ["/etc/passwd", `${place} refused: absolute paths are not allowed`],
  ["~/secret.md", `${place} refused: \`~\` is not expanded; a name that begins with it is written \`./~…\``],
  ["file:///etc/passwd", `${place} refused: it is an address, not a path`],
  ["a\\u0000b", `${place} refused: it contains a NUL character`],
  ["link.md", `${place} leads out of the workspace`],
  ["linked/secret.md", `${place} leads out of the workspace`],
  ["pipe", `${place} is a named pipe, not a regular file`],
  ["docs", `${place} is a directory`],
  ["missing.md", `${place} does not exist`],
  ["large.md", `${place} is larger than 262144 bytes (it has 262145)`],
  ["binary", `${place} is binary`]
]
for (const [file, expected] of files) {
  it.effect(`instructions are not read from ${file}`, () =>
    Effect.gen(function* () {
      const directory = yield* temporary
      const root = `${directory}/ws`
      put(directory, "secret.md", "SECRET")
      put(root, "large.md", "x".repeat(262_145))
      put(root, "binary", "a\0b")
      put(root, "docs/a.md", "a")
      fs.symlinkSync("../secret.md", `${root}/link.md`)
      fs.symlinkSync("..", `${root}/linked`)
      execFileSync("mkfifo", [`${root}/pipe`])
      put(root, ".parley/prompt.json", `{ "instructions": { "file": "${file}" } }`)
      assert.strictEqual(message(root)(yield* Effect.flip(Prompt.read(root))), expected)
    })
  )
}

it.effect("other keys are refused, and the file must be in the project", () =>
  Effect.gen(function* () {
    const directory = yield* temporary
    const root = `${directory}/ws`
    const problem = Effect.map(Effect.flip(Prompt.read(root)), message(root))
    for (const key of ["apiKey", "providers", "baseUrl", "mcpServers", "model", "hooks", "env"]) {
      put(root, ".parley/prompt.json", `{ "${key}": {} }`)
      assert.include(yield* problem, `.parley/prompt.json:1:3: unknown key ${key}`)
    }
    put(root, ".parley/prompt.json", '{ "instructions": 3 }')
    assert.strictEqual(
      yield* problem,
      '.parley/prompt.json:1:19: instructions: expected text, or { "file": "a path in the workspace" }, found 3'
    )
    fs.rmSync(`${root}/.parley`, { recursive: true })
    put(directory, "elsewhere/prompt.json", '{ "instructions": "SECRET" }')
    fs.symlinkSync("../elsewhere", `${root}/.parley`)
    assert.strictEqual(yield* problem, ".parley/prompt.json: leads out of the workspace")
    fs.rmSync(`${root}/.parley`)
    fs.mkdirSync(`${root}/.parley`)
    execFileSync("mkfifo", [`${root}/.parley/prompt.json`])
    assert.strictEqual(yield* problem, ".parley/prompt.json: is a named pipe, not a regular file")
  })
)
