import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import type { Setup } from "../src/configuration/Setup.ts"
import * as RecordedHost from "../src/recording/RecordedHost.ts"
import * as RecordingFile from "../src/recording/RecordingFile.ts"
import * as SetupModule from "../src/configuration/Setup.ts"

const temporary = Effect.acquireRelease(
  Effect.sync(() => realpathSync(mkdtempSync(join(tmpdir(), "parley-recording-")))),
  (root) => Effect.sync(() => rmSync(root, { recursive: true, force: true }))
)
const configuration = (providers: object): string => JSON.stringify({ providers })
const header = '{"parley":"recording","version":1,"seed":"1"}\n'

describe("RecordingFile", () => {
  it.effect("creates a file that only its owner can read, and writes each line at once", () =>
    Effect.gen(function* () {
      const name = join(yield* temporary, "x.jsonl")
      const { write } = yield* RecordingFile.create(name)
      assert.strictEqual(statSync(name).mode & 0o777, 0o600)
      write(header)
      assert.strictEqual(readFileSync(name, "utf8"), header)
      assert.deepStrictEqual((yield* RecordingFile.read(name)).steps, [])
    }).pipe(Effect.scoped)
  )

  it.effect("replaces no file, and says what to do", () =>
    Effect.gen(function* () {
      const root = yield* temporary
      const name = join(root, "x.jsonl")
      writeFileSync(name, "kept")
      const exists = yield* Effect.flip(RecordingFile.create(name))
      assert.strictEqual(exists.message, `${name} cannot be used: the file exists already; name one that does not`)
      assert.strictEqual(readFileSync(name, "utf8"), "kept")
      const missing = yield* Effect.flip(RecordingFile.create(join(root, "no/x.jsonl")))
      assert.include(missing.message, "there is no such file or directory")
      assert.include((yield* Effect.flip(RecordingFile.read(join(root, "none")))).message, "there is no such file")
    }).pipe(Effect.scoped)
  )

  it("ends at a line that cannot be written, and reports that once", () => {
    const lines: Array<string> = []
    const problems: Array<string> = []
    const { write } = RecordingFile.writing(
      (line) => {
        if (lines.length === 1) throw new Error("no space left")
        lines.push(line)
      },
      (problem) => problems.push(problem)
    )
    for (const line of ["a", "b", "c"]) write(line)
    assert.deepStrictEqual([lines, problems], [["a"], ["no space left"]])
  })

  it("writes the mark for a secret, as soon as it is known", () => {
    let text = ""
    const { secrets, write } = RecordingFile.writing(
      (line) => void (text += line),
      (problem) => assert.fail(problem)
    )
    write("secret-value ")
    secrets.add(["secret-value"])
    write(`a secret-value ${encodeURIComponent("secret-value")}`)
    assert.strictEqual(text, `secret-value a ${RecordingFile.keyMark} ${RecordingFile.keyMark}`)
    assert.strictEqual(secrets.redact("secret-value"), RecordingFile.keyMark)
  })
})

describe("RecordedHost", () => {
  const setupOf = Effect.fnUntraced(function* (providers: object, env: Record<string, string>) {
    const root = yield* temporary
    const directory = join(root, ".config/parley")
    mkdirSync(directory, { recursive: true })
    writeFileSync(join(directory, "config.json"), configuration(providers), { mode: 0o600 })
    const setup: Setup = yield* SetupModule.load({
      env: { HOME: root, ...env },
      directory: root,
      isExact: true
    })
    return setup
  })
  const asText = Schema.encodeSync(Schema.fromJsonString(RecordedHost.RecordedHost))

  it.effect("has what providers need, without keys and values of headers", () =>
    Effect.gen(function* () {
      const setup = yield* setupOf(
        {
          mine: {
            type: "openai-compatible",
            baseUrl: "http://127.0.0.1:9/v1",
            apiKey: "configured-key",
            headers: { "x-a": "header-value" }
          },
          commanded: { type: "openai-compatible", baseUrl: "http://127.0.0.1:9/v1", apiKeyCommand: ["print-the-key"] }
        },
        { ANTHROPIC_API_KEY: "variable-key", ANTHROPIC_BASE_URL: "http://127.0.0.1:8" }
      )
      const host = RecordedHost.make(setup)
      const text = asText(host)
      for (const secret of ["configured-key", "header-value", "variable-key", "print-the-key"])
        assert.notInclude(text, secret)
      assert.deepStrictEqual(host.env, {
        ANTHROPIC_API_KEY: RecordingFile.keyMark,
        ANTHROPIC_BASE_URL: "http://127.0.0.1:8"
      })
      assert.deepStrictEqual([...RecordedHost.secretsOf(setup)].sort(), ["configured-key", "header-value"])
      const { providers } = yield* RecordedHost.setupOf("x.jsonl", host)
      const usable = providers.flatMap(({ id, load }) => (load === undefined ? [] : [id]))
      for (const id of ["mine", "commanded", "anthropic"]) assert.include(usable, id)
    }).pipe(Effect.scoped)
  )
})
