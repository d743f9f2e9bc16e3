import { assert, describe, it } from "@effect/vitest"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { Effect, Schema } from "effect"
import { type Ended, place, type Place } from "./support/Cli.ts"
import { terminal } from "./support/Terminal.ts"

const offering = join(import.meta.dirname, "../../mcp/test/fixtures/offering-server.mjs")
const encode = Schema.encodeSync(Schema.fromJsonString(Schema.Unknown))
const nowhere = { url: "http://127.0.0.1:1/mcp" }
const declare = (here: Place, servers: object) => here.write(".parley/mcp.json", encode({ mcpServers: servers }))
const hashes = ({ stdout }: Ended) => [...stdout.matchAll(/"hash":"(\w+)"/g)].map(([, hash]) => hash ?? "")

describe("parley mcp trust", () => {
  it.live("lists servers, trusts one at a time in scripts, and revokes", () =>
    Effect.gen(function* () {
      const here = yield* place
      const trust = (...args: ReadonlyArray<string>) => here.run(["mcp", "trust", ...args])
      assert.match((yield* trust()).stderr, /No server of this project needs a decision/)
      assert.match((yield* trust("--list")).stderr, /declares no MCP servers/)
      declare(here, { a: nowhere, b: { command: "nowhere" } })
      const [first = "", second = ""] = hashes(yield* trust("--format", "json"))
      assert.match((yield* trust("--list")).stdout, /a: not trusted yet[^]*b: not trusted yet/)
      for (const [args, words] of [
        [["--yes", "--hash", first], /--yes needs the name of the server/],
        [["a", "--yes"], /--yes needs --hash HASH/],
        [["a", "--yes", "--hash", second], /which differs from --hash/],
        [["c"], /There is no server "c"/],
        [["--revoke"], /--revoke needs either the name of a server or --all/],
        [["a", "--revoke", "--all"], /--revoke needs either the name of a server or --all/]
      ] as const) {
        const refused = yield* trust(...args)
        assert.strictEqual(refused.code, 2, refused.stderr)
        assert.match(refused.stderr, words)
      }
      assert.strictEqual((yield* trust("a", "--yes", "--hash", first)).code, 0)
      assert.match((yield* trust("--list")).stdout, /a: trusted\n[^]*b: not trusted yet/)
      const listed = yield* here.run(["mcp", "list", "--format", "json"])
      assert.match(listed.stdout, /"name":"a".*"state":"failed".*"source":"project".*"name":"b".*"state":"untrusted"/)
      assert.match((yield* trust("--revoke", "a")).stderr, /Revoked 1 decision about servers of this project/)
      assert.match((yield* trust("--revoke", "--all")).stderr, /There were no decisions to revoke/)
      assert.match((yield* trust("--list")).stdout, /a: not trusted yet/)

      here.write(".parley/mcp.json", "{ not json")
      for (const args of [[], ["--list"]]) assert.strictEqual((yield* trust(...args)).code, 3)
      const ran = yield* here.run(["run", "Hello"])
      assert.strictEqual(ran.code, 0)
      assert.match(ran.stderr, /mcp\.json:1:3: .*no MCP server of this project is used/)
    })
  )

  it.live("ignores an answer that was typed before the question", () =>
    Effect.gen(function* () {
      const here = yield* place
      declare(here, { a: nowhere })
      const { ended, shows, type } = yield* terminal(here, ["mcp", "trust"])
      yield* type("y\ry\r")
      yield* shows(/typed before this question was shown is discarded[^]*trust exactly this\?[^\n]*$/)
      yield* type("n\r")
      assert.match((yield* ended).output, /a will not be used/)
    })
  )

  it.live("a conversation reports unused servers in one line", () =>
    Effect.gen(function* () {
      const here = yield* place
      declare(here, { a: nowhere, b: nowhere })
      const running = yield* terminal(here, ["chat"])
      yield* running.shows(/> [^\n]*$/)
      yield* running.type("/exit\r")
      const { output } = yield* running.ended
      assert.lengthOf(output.match(/you have not trusted them: a, b;/g) ?? [], 1)
    })
  )

  it.live("shows the differences of a server's changed tools, and accepts them", () =>
    Effect.gen(function* () {
      const here = yield* place
      const offers = join(here.home, "offers")
      const offer = (description: string) =>
        writeFileSync(offers, encode([{ name: "send", description, inputSchema: { type: "object" } }]))
      here.configure({
        mcpServers: { s: { command: process.execPath, args: [offering, offers, join(here.home, "calls")] } }
      })
      offer("Sends\na mail")
      assert.match(
        (yield* here.run(["mcp", "trust", "s"])).stderr,
        /This is the first connection to s; its tools are pinned/
      )
      assert.match((yield* here.run(["mcp", "trust", "s"])).stderr, /have not changed since you accepted them/)
      offer("Sends\na\u200b mail and \u202eevil")
      const blocked = Effect.map(here.run(["mcp", "inspect", "s"]), ({ stdout }) =>
        assert.match(stdout, /0 tools[^]*1 tool changed since they were pinned, and blocked: send/)
      )
      const answered = (answer: string) =>
        Effect.gen(function* () {
          const running = yield* terminal(here, ["mcp", "trust", "s"])
          yield* running.shows(/accept these tools as they are now\?/)
          yield* running.type(`${answer}\r`)
          return yield* running.ended
        })
      yield* blocked
      assert.match((yield* answered("n")).output, /Nothing was accepted/)
      yield* blocked
      const { code, output } = yield* answered("y")
      assert.strictEqual(code, 0)
      assert.match(
        output,
        /"send" has changed:[^]* {5}Sends\r?\n {2}- {2}a mail\r?\n {2}\+ {2}a\\u\{200b\} mail and \\u\{202e\}evil/
      )
      const again = yield* here.run(["mcp", "inspect", "s"])
      assert.match(again.stdout, /contains 2 hidden characters[^]*Sends a\\u\{200b\} mail and \\u\{202e\}evil/)
      writeFileSync(join(here.home, "calls"), "")
      const probed = yield* here.run([
        "mcp",
        "probe",
        "--",
        process.execPath,
        offering,
        offers,
        join(here.home, "calls")
      ])
      assert.match(probed.stdout, /a\\u\{200b\} mail/)
    })
  )
})
