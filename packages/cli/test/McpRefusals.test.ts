import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { here } from "./support/InProcess.ts"

describe("parley mcp with an unknown or unsuitable server", () => {
  it.live("names the configured servers in every command", () =>
    Effect.gen(function* () {
      const it = yield* here
      const verbs = [["inspect"], ["auth"], ["logs"], ["resources"], ["prompts"], ["restart"]]
      for (const [verb = ""] of verbs) {
        const none = yield* it.run("mcp", verb, "x")
        assert.strictEqual(none.code, 2, `${verb}: ${none.stderr}`)
        assert.include(none.stderr, 'There is no server "x"', verb)
      }
      it.configure({ mcpServers: { a: { command: "x" }, b: { url: "http://127.0.0.1:1/mcp", disabled: true } } })
      const named = yield* it.run("mcp", "inspect", "toString")
      assert.include(named.stderr, 'There is no server "toString"; the configured servers are a, b')
      assert.strictEqual((yield* it.run("mcp", "read", "x", "file:///a")).code, 2)
    })
  )

  it.live("a login needs a server with a URL, enabled or not, and logging out reports whether there was one", () =>
    Effect.gen(function* () {
      const it = yield* here
      it.configure({ mcpServers: { a: { command: "x" }, b: { url: "http://127.0.0.1:1/mcp", disabled: true } } })
      for (const flags of [[], ["--logout"]]) {
        const program = yield* it.run("mcp", "auth", "a", ...flags)
        assert.strictEqual(program.code, 2)
        assert.include(program.stderr, "a is started with a command; only servers with a URL support logins")
      }
      const out = yield* it.run("mcp", "auth", "b", "--logout")
      assert.deepStrictEqual(out, { code: 0, stdout: "", stderr: "There is no stored login to b\n" })
      const unreachable = yield* it.run("mcp", "auth", "b", "--limit", "5")
      assert.strictEqual(unreachable.code, 4, unreachable.stderr)
      assert.match(unreachable.stderr, /^parley: b: /)
    })
  )
})
