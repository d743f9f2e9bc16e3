import { assert, describe, it } from "@effect/vitest"
import { existsSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { Effect, Schema } from "effect"
import { place } from "./support/Cli.ts"

const raw = join(import.meta.dirname, "../../mcp/test/fixtures/raw-server.mjs")
const secret = "canary-0123456789"
const encode = Schema.encodeSync(Schema.fromJsonString(Schema.Json))

describe("parley mcp import", () => {
  it.live("adds usable servers, skips the others, and reports each without secrets", () =>
    Effect.gen(function* () {
      const here = yield* place
      const config = join(here.home, ".config/parley/config.json")
      here.configure({ mcpServers: { mine: { command: "mine" } } })
      const before = readFileSync(config, "utf8")
      const node = encode(process.execPath)
      here.write(
        ".vscode/mcp.json",
        `{ // of an editor
          "inputs": [{ "id": "key", "type": "promptString" }],
          "servers": {
            "raw": { "type": "stdio", "command": ${node}, "args": [${encode(raw)}], "env": { "TOKEN": "${secret}" } },
            "mine": { "command": "theirs" },
            "asked": { "url": "https://example.org/mcp?k=${secret}", "headers": { "x-key": "${secret}\${input:key}" }, },
            "evil\\u001b[2J\\nraw: added": { "command": "x" },
          },
        }`
      )
      const file = join(here.workspace, ".vscode/mcp.json")
      const words = [
        `raw: added: ${process.execPath} ${raw} (env TOKEN)`,
        `mine: skipped: ${config} already has a server of that name`,
        "asked: added, disabled: https://example.org/mcp?… (headers x-key)",
        "  ! headers.x-key has ${input:key}",
        `  ! correct this in ${config}, then run \`parley mcp enable asked\``
      ]
      const tried = yield* here.run(["mcp", "import", file, "--dry-run"])
      assert.strictEqual(tried.code, 0, tried.stderr)
      assert.match(tried.stderr, /^Would add 2 of 4 servers to .*; nothing was changed\n$/)
      assert.strictEqual(readFileSync(config, "utf8"), before)

      const done = yield* here.run(["mcp", "import", file])
      assert.strictEqual(done.code, 0, done.stderr)
      assert.strictEqual(done.stdout, tried.stdout, "what was to be added is what was added")
      const lines = done.stdout.split("\n")
      assert.deepStrictEqual(lines.slice(0, 5), words)
      assert.match(lines[5] ?? "", /^"evil.*left out: .*cannot be the name of a server/)
      assert.lengthOf(lines, 7, "a name makes no lines of its own")
      assert.match(done.stderr, /^Added 2 of 4 servers to /)
      assert.notInclude(done.stdout + done.stderr + tried.stdout, secret)
      assert.notInclude(done.stdout, "\u001b")
      assert.strictEqual(statSync(config).mode & 0o777, 0o600)

      const listed = yield* here.run(["mcp", "list"])
      assert.match(listed.stdout, /^mine: failed\n {2}mine\n/, "it is still what it was")
      assert.match(listed.stdout, /\nraw: 9 tools\n/)
      assert.match(listed.stdout, /\nasked: disabled\n/)
      const enabled = yield* here.run(["mcp", "enable", "asked"])
      assert.match(enabled.stderr, /headers\.x-key of asked contains \$\{input:key\}, which Parley does not replace/)
      const again = yield* here.run(["mcp", "import", file])
      assert.match(again.stderr, /^Added 0 of 4 servers/)
    })
  )

  it.live("a file that is malformed changes nothing", () =>
    Effect.gen(function* () {
      const here = yield* place
      here.write("broken.json", `{ "mcpServers": { "a": { "command": "x" }, "b": { "env": { "K": "${secret}" `)
      here.write("other.json", '{ "servers": { "a": { "command": "x" } } }')
      const runs = [
        [["broken.json"], /broken\.json:1:\d+: expected/],
        [["missing.json"], /missing\.json: there is no such file/],
        [["other.json", "--format", "claude"], /expected servers under "mcpServers", found none/]
      ] as const
      for (const [args, says] of runs) {
        const ended = yield* here.run(["mcp", "import", ...args])
        assert.strictEqual(ended.code, 3, ended.stderr)
        assert.match(ended.stderr, says)
        assert.notInclude(ended.stderr, secret)
      }
      assert.isFalse(existsSync(join(here.home, ".config")))
    })
  )
})
