import { assert, describe, it } from "@effect/vitest"
import { chmodSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { Effect, Schema } from "effect"
import { type Ended, place, type Place } from "./support/Cli.ts"
import { everythingHttp } from "./support/Everything.ts"

const raw = join(import.meta.dirname, "../../mcp/test/fixtures/raw-server.mjs")
const node = (...args: ReadonlyArray<string>) => ({ command: process.execPath, args })

const Json = Schema.fromJsonString(Schema.Record(Schema.String, Schema.Json))
const decode = Schema.decodeUnknownEffect(Json)
const names = Schema.String.pipe(Schema.Array, Schema.optionalKey)
const Listed = Schema.Struct({
  name: Schema.String,
  transport: Schema.String,
  start: Schema.String,
  env: names,
  headers: names,
  state: Schema.String,
  tools: Schema.Int,
  problem: Schema.optionalKey(Schema.String)
})
const ServersJson = Schema.fromJsonString(Schema.Struct({ servers: Schema.Array(Listed) }))
const serversOf = ({ stdout }: Ended) => Effect.map(Schema.decodeEffect(ServersJson)(stdout), ({ servers }) => servers)

const secret = "canary-0123456789"
const configOf = ({ home }: Place) => join(home, ".config/parley/config.json")
const stored = (here: Place) => readFileSync(configOf(here), "utf8")
const shown = ({ stderr, stdout }: Ended) => stdout + stderr
describe("parley mcp", () => {
  it.live("servers are added by command and by URL, listed, switched and removed", () =>
    Effect.gen(function* () {
      const here = yield* place
      const mcp = (...args: ReadonlyArray<string>) => here.run(["mcp", ...args])
      const url = yield* everythingHttp
      assert.match((yield* mcp("list")).stderr, /No MCP servers in .*config\.json; `parley mcp add --help`/)

      const local = yield* mcp(
        "add",
        "raw",
        "--env",
        `TOKEN=${secret}`,
        "--",
        process.execPath,
        raw,
        "--log",
        "--bad-tools"
      )
      assert.strictEqual(local.code, 0, local.stderr)
      assert.strictEqual(statSync(configOf(here)).mode & 0o777, 0o600)
      const remote = yield* mcp(
        "add",
        "docs",
        "--url",
        url,
        "--header",
        `authorization: Bearer ${secret}`,
        "--timeout",
        "5000",
        "--start-timeout",
        "9000",
        "--read-only-tool",
        "echo",
        "--read-only-tool",
        "get-sum"
      )
      assert.strictEqual(remote.code, 0, remote.stderr)
      const off = yield* mcp("add", "off", "--disabled", "--cwd", "sub", "--", "nowhere")
      assert.match(off.stderr, /Added off to .*; to enable it: parley mcp enable off/)
      assert.deepStrictEqual(yield* decode(stored(here)), {
        mcpServers: {
          raw: { ...node(raw, "--log", "--bad-tools"), env: { TOKEN: secret } },
          docs: {
            url,
            headers: { authorization: `Bearer ${secret}` },
            timeoutMillis: 5000,
            startTimeoutMillis: 9000,
            readOnlyTools: ["echo", "get-sum"]
          },
          off: { command: "nowhere", cwd: join(here.workspace, "sub"), disabled: true }
        }
      })

      const listed = yield* mcp("list", "--format", "json")
      const servers = yield* serversOf(listed)
      assert.deepStrictEqual(
        servers.map(({ env, headers, name, state, tools, transport }) => [
          name,
          transport,
          env ?? headers,
          state,
          tools > 0
        ]),
        [
          ["raw", "stdio", ["TOKEN"], "ready", true],
          ["docs", "http", ["authorization"], "ready", true],
          ["off", "stdio", undefined, "disabled", false]
        ]
      )
      assert.match(servers[0]?.problem ?? "", /^8 tools left out: no_schema \(/)
      const text = yield* mcp("list")
      assert.include(
        text.stdout,
        `raw: 9 tools\n  ${process.execPath} ${raw} --log --bad-tools (env TOKEN)\n  ! 8 tools`
      )
      assert.include(text.stdout, `  ${url} (headers authorization)\n`)
      assert.include(text.stdout, "off: disabled\n  nowhere\n")
      for (const ended of [local, remote, listed, text]) assert.notInclude(shown(ended), secret)

      assert.strictEqual((yield* mcp("enable", "off")).code, 0)
      assert.strictEqual((yield* mcp("disable", "raw")).code, 0)
      assert.strictEqual((yield* mcp("remove", "docs")).code, 0)
      assert.deepStrictEqual(
        (yield* serversOf(yield* mcp("list", "-f", "json"))).map(({ name, state }) => [name, state]),
        [
          ["raw", "disabled"],
          ["off", "failed"]
        ]
      )
    })
  )

  it.live("an invalid server is rejected before anything is written, and no secret is repeated", () =>
    Effect.gen(function* () {
      const here = yield* place
      here.configure({ mcpServers: { mine: { command: "mine" } } })
      const before = stored(here)
      const refused = [
        [["mine", "--", "other"], /has a server mine already; `parley mcp remove mine` removes it/],
        [["two words", "--", "x"], /"two words" cannot be the name of a server: expected 1 to 32/],
        [["workspace", "--", "x"], /the name workspace belongs to Parley's own tools/],
        [["a", "--url", "ftp://example.org"], /a\.url: expected an http:\/\/ or https:\/\/ address/],
        [["a", "--url", `http://me:${secret}@example.org`], /without a user name or password/],
        [["a", "--url", "http://a", "--", "x"], /either --url URL or -- COMMAND/],
        [["a", "http://example.org"], /To add a server by its URL/],
        [["a"], /The server needs a URL or a command/],
        [["a", "--url", "http://a", "--header", secret], /--header: expected "Name: value"/],
        [["a", "--url", "http://a", "--header", `k: ${secret}\nx: y`], /--header: expected "Name: value"/],
        [
          ["a", "--url", "http://a", "--header", "k: v", "--header", `K: ${secret}`],
          /--header number 2: K is given twice/
        ],
        [["a", "--url", "http://a", "--env", `K=${secret}`], /--env and --cwd apply only to servers with a command/],
        [["a", "--env", secret, "--", "x"], /--env: expected NAME=value/],
        [["a", "--header", `k: ${secret}`, "--", "x"], /--header applies only to servers with --url/],
        [["a", "--timeout", "0", "--", "x"], /expected a whole number above 0/]
      ] as const
      const ended = yield* Effect.forEach(refused, ([args]) => here.run(["mcp", "add", ...args]), { concurrency: 4 })
      ended.forEach((one, i) => {
        assert.strictEqual(one.code, 2, refused[i]?.[0].join(" "))
        assert.match(one.stderr, refused[i]?.[1] ?? /^$/)
        assert.notInclude(shown(one), secret)
      })
      assert.match((yield* here.run(["mcp", "remove", "other"])).stderr, /has no server "other"/)
      assert.strictEqual(stored(here), before)
    })
  )

  it.live("adding a server makes the configuration file private", () =>
    Effect.gen(function* () {
      const here = yield* place
      here.configure({ model: "demo/demo" })
      chmodSync(configOf(here), 0o644)
      assert.strictEqual((yield* here.run(["mcp", "add", "a", "--env", `K=${secret}`, "--", "x"])).code, 0)
      assert.strictEqual(statSync(configOf(here)).mode & 0o777, 0o600)
    })
  )
})
