import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { here } from "./support/InProcess.ts"

describe("parley mcp, of servers that there are not or that cannot do it", () => {
  it.live("names the servers that there are, whatever is wanted of one", () =>
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
      assert.include(named.stderr, 'There is no server "toString", there are a, b')
      assert.strictEqual((yield* it.run("mcp", "read", "x", "file:///a")).code, 2)
    })
  )

  it.live("a login is for servers with an address, on or off, and logging out says whether there was one", () =>
    Effect.gen(function* () {
      const it = yield* here
      it.configure({ mcpServers: { a: { command: "x" }, b: { url: "http://127.0.0.1:1/mcp", disabled: true } } })
      for (const flags of [[], ["--logout"]]) {
        const program = yield* it.run("mcp", "auth", "a", ...flags)
        assert.strictEqual(program.code, 2)
        assert.include(program.stderr, "a is started by a command: only servers with an address take logins")
      }
      const out = yield* it.run("mcp", "auth", "b", "--logout")
      assert.deepStrictEqual(out, { code: 0, stdout: "", stderr: "There was no login to b\n" })
      const unreachable = yield* it.run("mcp", "auth", "b", "--limit", "5")
      assert.strictEqual(unreachable.code, 4, unreachable.stderr)
      assert.match(unreachable.stderr, /^parley: b: /)
    })
  )
})
