import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as fs from "node:fs"
import { join } from "node:path"
import { call, configured } from "./support/Caller.ts"
import { place } from "./support/Cli.ts"
import { eventually, terminal } from "./support/Terminal.ts"

const prompt = /> [^\n]*$/

describe("parley mcp logs", () => {
  it.live("prints the last lines that a server wrote in a session, without its secrets", () =>
    Effect.gen(function* () {
      const here = yield* place
      yield* configured(here, { env: { KEY: "open-sesame" } })
      const unused = yield* here.run(["mcp", "logs", "s"])
      assert.strictEqual(unused.code, 0)
      assert.include(unused.stderr, "There is no log of s yet")
      yield* here.run(["run", call("logs", { data: "first" })])
      yield* here.run(["run", call("logs", { data: "the key is open-sesame\u001b[2J" })])
      const all = yield* here.run(["mcp", "logs", "s"])
      assert.match(all.stdout, /error: it: first\n[^\n]* error: it: the key is … ?\[2J\n$/)
      const last = yield* here.run(["mcp", "logs", "s", "-n", "1"])
      assert.notInclude(last.stdout, "first")
      const path = join(here.home, ".local/state/parley/mcp-logs/s.log")
      assert.strictEqual(fs.statSync(path).mode & 0o777, 0o600)
      assert.strictEqual((yield* here.run(["mcp", "logs", "nobody"])).code, 2)
      assert.strictEqual((yield* here.run(["mcp", "logs", "../../x"])).code, 2)
    })
  )

  it.live("keeps printing new lines with --follow", () =>
    Effect.gen(function* () {
      const here = yield* place
      yield* configured(here)
      const { ended, shows, type } = yield* terminal(here, ["mcp", "logs", "s", "--follow"])
      yield* shows(/There is no log of s yet/)
      yield* here.run(["run", call("logs", { data: "news" })])
      yield* shows(/error: it: news/)
      yield* type("\u0003")
      assert.strictEqual((yield* ended).code, 130)
    })
  )
})

describe("restarting a server", () => {
  it.live("works in the conversation that uses it and from another process", () =>
    Effect.gen(function* () {
      const here = yield* place
      const log = join(here.home, "server.log")
      const args = [join(import.meta.dirname, "../../mcp/test/fixtures/asking-server.mjs"), `--log=${log}`]
      yield* configured(here, { args })
      const starts = () => fs.readFileSync(log, "utf8").split('"pid"').length - 1
      const none = yield* here.run(["mcp", "restart", "s"])
      assert.strictEqual(none.code, 0)
      assert.include(none.stderr, "No conversation is running")
      const { ended, shows, type } = yield* terminal(here, ["chat"])
      yield* shows(prompt)
      yield* type("/mcp\r")
      yield* shows(/workspace: 4 tools[^]*s: 8 tools[^]*> [^\n]*$/)
      assert.strictEqual(starts(), 1)
      yield* type("/mcp restart s\r")
      yield* eventually("the second start", () => starts() === 2)
      yield* type("/mcp restart nobody\r")
      yield* shows(/there is no server nobody[^]*> [^\n]*$/)
      const asked = yield* here.run(["mcp", "restart", "s"])
      assert.strictEqual(asked.stdout, "Restarted s in 1 of 1 running conversation: 1 ready, 0 failed\n", asked.stderr)
      assert.strictEqual(starts(), 3)
      yield* shows(/restarted on request of another process: s: 8 tools/)
      assert.strictEqual((yield* here.run(["mcp", "restart", "nobody"])).code, 2)
      yield* type("/exit\r")
      assert.strictEqual((yield* ended).code, 0)
      assert.deepStrictEqual(fs.readdirSync(join(here.home, ".local/state/parley/requests")), [])
    })
  )

  it.live("ignores conversations that have ended, and removes their leftover files", () =>
    Effect.gen(function* () {
      const here = yield* place
      yield* configured(here)
      const requests = join(here.home, ".local/state/parley/requests")
      fs.mkdirSync(join(requests, "999999999-abc"), { recursive: true })
      const none = yield* here.run(["mcp", "restart", "s"])
      assert.include(none.stderr, "No conversation is running")
      assert.deepStrictEqual(fs.readdirSync(requests), [])
    })
  )
})
