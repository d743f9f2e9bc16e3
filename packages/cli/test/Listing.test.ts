import { assert, describe, it } from "@effect/vitest"
import { ModelInfo } from "@parley/domain/ModelsManager"
import { Effect, Schema } from "effect"
import { join } from "node:path"
import { here } from "./support/InProcess.ts"

const raw = join(import.meta.dirname, "../../mcp/test/fixtures/raw-server.mjs")
const decodeModels = Schema.decodeSync(Schema.fromJsonString(Schema.Array(ModelInfo)))
const decodeTools = Schema.decodeSync(
  Schema.fromJsonString(
    Schema.Struct({
      servers: Schema.Array(Schema.Record(Schema.String, Schema.Unknown)),
      tools: Schema.Array(Schema.Struct({ name: Schema.String, server: Schema.String }))
    })
  )
)
const decodeFiles = Schema.decodeSync(
  Schema.fromJsonString(
    Schema.Struct({
      files: Schema.Array(Schema.Struct({ path: Schema.String, tokens: Schema.Int })),
      skipped: Schema.Array(Schema.Struct({ path: Schema.String, reason: Schema.String }))
    })
  )
)

describe("lists", () => {
  it.live("of MCP servers show the status of each, and why one failed", () =>
    Effect.gen(function* () {
      const it = yield* here
      it.configure({
        mcpServers: { good: { command: process.execPath, args: [raw] }, absent: { command: "parley-no-such-command" } }
      })
      const { stdout } = yield* it.run("mcp", "list")
      assert.match(stdout, /^good: \d+ tools\n/m)
      assert.match(stdout, /^absent: failed\n[^]* {2}! [^\n]*parley-no-such-command/m)
    })
  )

  it.live("of models show prices, mark the preferred one, and report how to get more", () =>
    Effect.gen(function* () {
      const it = yield* here
      const first = yield* it.run("models")
      assert.match(first.stdout, /^\* demo\/demo {2}offline demo model[^\n]* {2}\(free\)\n$/)
      assert.include(
        first.stderr,
        "For a real model, set one of ANTHROPIC_API_KEY, OPENAI_API_KEY, GEMINI_API_KEY, OPENROUTER_API_KEY, GROQ_API_KEY, " +
          "or start a local server that `parley models discover` finds. " +
          `Keys and addresses can also be configured in ${it.configFile}\n`
      )
      it.configure({
        providers: { anthropic: { apiKey: "test-key" } },
        model: "demo/demo",
        prices: { "anthropic/claude-sonnet-5-5": { input: 3, output: 0 } }
      })
      const all = yield* it.run("models")
      assert.strictEqual(all.stderr, "")
      const lines = all.stdout.trimEnd().split("\n")
      assert.isAbove(lines.length, 1)
      assert.deepStrictEqual(
        lines.filter((line) => line.startsWith("*")).map((line) => line.split(" ")[1]),
        ["demo/demo"]
      )
      const priced = lines.filter((line) => line.endsWith("per million tokens)"))
      assert.lengthOf(priced, 1)
      assert.match(
        priced[0] ?? "",
        /^ {2}anthropic\/claude-sonnet-5-5 {2}.* {2}\(\$3 in, \$0 out per million tokens\)$/
      )
      const json = yield* it.run("models", "-f", "json")
      assert.lengthOf(decodeModels(json.stdout), lines.length)
    })
  )

  it.live("of tools group them by server, with the problems of the other servers", () =>
    Effect.gen(function* () {
      const it = yield* here
      it.configure({
        mcpServers: { raw: { command: process.execPath, args: [raw] }, gone: { command: "parley-no-such-command" } }
      })
      const { code, stdout } = yield* it.run("tools")
      assert.strictEqual(code, 0)
      assert.match(stdout, /^workspace: 4 tools\n(?: {2}workspace__[^\n]*\n){4}/)
      assert.match(stdout, /\nraw: 9 tools\n(?: {2}! [^\n]*\n)?(?: {2}raw__[^\n]*\n){9}/)
      assert.match(stdout, /\ngone: failed\n {2}! /)
      const json = decodeTools((yield* it.run("tools", "-f", "json")).stdout)
      assert.deepStrictEqual(
        json.servers.flatMap(({ name, restarts, state, tools }) =>
          state === "ready" ? [[name, tools, restarts]] : []
        ),
        [
          ["workspace", 4, 0],
          ["raw", 9, 0]
        ]
      )
      assert.lengthOf(json.tools, 13)
    })
  )

  it.live("of files show sizes in tokens, and the files that are left out with the reason", () =>
    Effect.gen(function* () {
      const it = yield* here
      const none = yield* it.run("files", "list")
      assert.deepStrictEqual(
        [none.stdout, none.stderr],
        ["", "No files are included; to include one: parley files add README.md\n"]
      )
      it.write("a.md", "12345")
      it.write("b.md", "éé")
      const added = yield* it.run("files", "add", "a.md", "b.md", "none.md")
      assert.strictEqual(
        added.stderr,
        `Included in ${it.workspace}/.parley/context.json: a.md, b.md, none.md\n` +
          "parley: there is no none.md in the workspace now; it is shown once it exists\n"
      )
      const list = yield* it.run("files", "list")
      assert.match(
        list.stdout,
        /^ {6}2 tokens {2}a\.md: [^\n]+\n {6}1 tokens {2}b\.md: [^\n]+\n {6}- {9}none\.md: [^\n]+\n$/
      )
      assert.strictEqual(list.stderr, "2 files, about 3 tokens\n")
      const { files, skipped } = decodeFiles((yield* it.run("files", "list", "-f", "json")).stdout)
      assert.deepStrictEqual(files, [
        { path: "a.md", tokens: 2 },
        { path: "b.md", tokens: 1 }
      ])
      assert.deepStrictEqual(
        skipped.map(({ path }) => path),
        ["none.md"]
      )
      for (const [verb, words] of [
        ["deactivate", "Deactivated"],
        ["activate", "Activated"],
        ["remove", "No longer included"]
      ] as const)
        assert.match((yield* it.run("files", verb, "a.md")).stderr, new RegExp(`^${words} in .*: a\\.md\n$`))
      const refused = yield* it.run("files", "remove", "a.md")
      assert.strictEqual(refused.code, 2, refused.stderr)
    })
  )

  it.live("restart reports that no conversation is running, and rejects an unknown server", () =>
    Effect.gen(function* () {
      const it = yield* here
      it.configure({ mcpServers: { a: { command: "x" } } })
      const none = yield* it.run("mcp", "restart", "a")
      assert.deepStrictEqual([none.code, none.stdout], [0, ""])
      assert.include(none.stderr, "No conversation is running, so a was not restarted")
      const unknown = yield* it.run("mcp", "restart", "constructor")
      assert.strictEqual(unknown.code, 2)
      assert.include(unknown.stderr, 'There is no server "constructor"')
    })
  )
})
