import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { guarded } from "@parley/harness/AuthorizationServer"
import { caller, encode } from "./support/Caller.ts"
import { place } from "./support/Cli.ts"
import { terminal } from "./support/Terminal.ts"

const offering = join(import.meta.dirname, "../../mcp/test/fixtures/offering-server.mjs")
const asking = join(import.meta.dirname, "../../mcp/test/fixtures/asking-server.mjs")
const decode = Schema.decodeSync(
  Schema.fromJsonString(
    Schema.Struct({
      servers: Schema.Array(Schema.Struct({ name: Schema.String, hash: Schema.String, allow: Schema.Json }))
    })
  )
)

/** A project that declares the server `github`, and a user with whatever configuration beside the model. */
const declaring = (server: (home: string) => object, config: object = {}) =>
  Effect.gen(function* () {
    const here = yield* place
    const { url } = yield* caller
    const configure = (more: object) =>
      here.configure({
        model: "anthropic/fake",
        providers: { anthropic: { apiKey: "test-key", baseUrl: url } },
        permissions: {},
        ...more
      })
    configure(config)
    here.write(".parley/mcp.json", encode({ mcpServers: { github: server(here.home) } }))
    const listed = Effect.map(here.run(["mcp", "trust", "--format", "json"]), ({ stdout }) => decode(stdout).servers[0])
    const trust = Effect.fnUntraced(function* (...more: ReadonlyArray<string>) {
      const ended = yield* here.run(["mcp", "trust", "github", "--yes", "--hash", (yield* listed)?.hash ?? "", ...more])
      assert.strictEqual(ended.code, 0, ended.stderr)
      return ended
    })
    return { ...here, configure, listed, trust }
  })

/** Offers one tool, `send`, which it says only reads, and writes down its calls. */
const sending = (home: string) => {
  const tool = { name: "send", inputSchema: { type: "object" }, annotations: { readOnlyHint: true } }
  writeFileSync(join(home, "offers"), encode([tool]))
  return { command: process.execPath, args: [offering, join(home, "offers"), join(home, "calls")] }
}
const calls = (home: string) =>
  existsSync(join(home, "calls")) ? readFileSync(join(home, "calls"), "utf8").split("\n").length - 1 : 0
const message = "call github__send {}"

describe("a server that a project declares", () => {
  it.live("runs no tool without approval because of a permission for another server", () =>
    Effect.gen(function* () {
      const here = yield* declaring(sending, { permissions: { "github__*": "allow" } })
      const shown = yield* here.trust()
      assert.include(shown.stdout, 'your permission "github__*": "allow" does not apply')
      const asked = yield* here.run(["run", message])
      assert.strictEqual(calls(here.home), 0, asked.stderr)
      assert.include(
        asked.stderr,
        "to allow it, use --allow github__send, or `parley mcp trust github --allow github__send`"
      )
      yield* here.run(["run", "--allow", "*", message])
      assert.strictEqual(calls(here.home), 0, "what names no server is not about this one")
      yield* here.run(["run", "--allow", "github__*", message])
      assert.strictEqual(calls(here.home), 1)

      const allowed = yield* here.trust("--allow", "github__s*")
      assert.include(allowed.stdout, '"github__s*" runs without approval')
      assert.deepStrictEqual((yield* here.listed)?.allow, ["github__s*"])
      yield* here.run(["run", message])
      assert.strictEqual(calls(here.home), 2)
      here.configure({ permissions: { "github__*": "deny" } })
      yield* here.run(["run", "--allow", "github__send", message])
      assert.strictEqual(calls(here.home), 2, "what is denied stays denied")
      for (const [args, words] of [
        [["github", "--allow", "*"], "expected tools of this server, whose names begin with github__"],
        [["--allow", "github__send"], "--allow needs the name of a server"]
      ] as const)
        assert.include((yield* here.run(["mcp", "trust", ...args])).stderr, words)
    })
  )

  it.live("is not called by a slot that the user wrote for another server", () =>
    Effect.gen(function* () {
      const here = yield* declaring(sending, { dynamicContext: [{ id: "mine", tool: "github__send" }] })
      yield* here.trust()
      const ran = yield* here.run(["run", "hello"])
      assert.strictEqual(ran.code, 0, ran.stderr)
      assert.strictEqual(calls(here.home), 0)
      assert.match(ran.stderr, /config\.json: the slot "mine" is ignored: this project declares the server/)
      const tested = yield* here.run(["dynamic", "test", "mine"])
      assert.strictEqual(tested.code, 2, tested.stdout)
      assert.strictEqual(calls(here.home), 0)
      yield* here.trust("--allow", "github__send")
      yield* here.run(["run", "hello"])
      assert.strictEqual(calls(here.home), 1)
    })
  )

  it.live("has its own log and restarts, apart from the user's server of the same name", () =>
    Effect.gen(function* () {
      const here = yield* declaring(() => ({ command: process.execPath, args: [asking] }))
      yield* here.trust()
      yield* here.run(["run", "--allow", "github__logs", 'call github__logs {"data":"from the project"}'])
      assert.include((yield* here.run(["mcp", "logs", "github"])).stdout, "from the project")
      const running = yield* terminal(here, ["chat"])
      yield* running.shows(/> [^\n]*$/)
      const project = yield* here.run(["mcp", "restart", "github"])
      assert.match(project.stdout, /^Restarted github in 1 of 1 running conversation: 1 ready/, project.stderr)
      here.configure({ mcpServers: { github: { command: "mine" } } })
      assert.include((yield* here.run(["mcp", "logs", "github"])).stderr, "There is no log of github yet")
      const user = yield* here.run(["mcp", "restart", "github"])
      assert.match(user.stdout, /^Restarted github in 0 of 1 running conversation/)
      yield* running.type("/exit\r")
      yield* running.ended
    })
  )

  it.live("does not receive the login of the user's server", () =>
    Effect.gen(function* () {
      const { url } = yield* guarded
      const here = yield* declaring(() => ({ url }))
      here.configure({ mcpServers: { mine: { url } } })
      const browser = join(here.home, "browser.mjs")
      writeFileSync(browser, "await (await fetch(process.argv.at(-1))).text()\n")
      const env = { BROWSER: `${process.execPath} ${browser}` }
      assert.strictEqual((yield* here.run(["mcp", "auth", "mine"], { env })).code, 0)
      yield* here.trust()
      assert.match((yield* here.run(["mcp", "list"])).stdout, /github: needs-auth[^]*mine: \d+ tools/)
      const logout = (name: string) => Effect.map(here.run(["mcp", "auth", name, "--logout"]), ({ stderr }) => stderr)
      assert.include(yield* logout("github"), "There is no stored login to github")
      assert.strictEqual((yield* here.run(["mcp", "auth", "github"], { env })).code, 0)
      assert.include(yield* logout("mine"), "The login to mine was deleted")
      assert.match((yield* here.run(["mcp", "list"])).stdout, /github: \d+ tools[^]*mine: needs-auth/)
    })
  )

  it.live("is shown with complete values by --full, which trusts nothing", () =>
    Effect.gen(function* () {
      const value = `begin${"x".repeat(9000)}end`
      const here = yield* declaring(() => ({ command: "/bin/true", env: { A: value } }))
      const cut = yield* here.run(["mcp", "trust", "github"])
      assert.include(cut.stdout, "[… 5008 characters …]")
      assert.include(cut.stdout, "`parley mcp trust github --full` shows the rest")
      for (const args of [
        ["github", "--full"],
        ["--list", "--full"]
      ])
        assert.include((yield* here.run(["mcp", "trust", ...args])).stdout, `    "A" = "${value}"`)
      assert.include((yield* here.run(["mcp", "trust", "--format", "json"])).stdout, value)
      assert.include((yield* here.run(["mcp", "trust", "--list"])).stdout, "not trusted yet")
    })
  )
})
