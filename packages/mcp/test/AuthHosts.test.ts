import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { isOwnName, permitted } from "../src/internal/AuthHosts.ts"

it("only names that nobody else owns are this machine's own", () => {
  for (const name of ["localhost", "LOCALHOST", "a.localhost", "127.0.0.1", "[::1]"])
    assert.isTrue(isOwnName(name), name)
  for (const name of ["localhost.example.org", "notlocalhost", "example.org", "vm", "127.0.0.1.nip.example"])
    assert.isFalse(isOwnName(name), name)
})

it.live("plain http on this machine is for servers that are known to be on it", () =>
  Effect.gen(function* () {
    const ask = (server: string, url: string) => Effect.result(permitted(new URL(server), new URL(url)))
    assert.strictEqual((yield* ask("http://127.0.0.1:1/mcp", "http://127.0.0.1:2/token"))._tag, "Success")
    assert.strictEqual((yield* ask("http://localhost:1/mcp", "http://127.0.0.1:2/token"))._tag, "Success")
    assert.strictEqual((yield* ask("https://203.0.113.1/mcp", "http://127.0.0.1:2/token"))._tag, "Failure")
    assert.strictEqual((yield* ask("https://203.0.113.1/mcp", "https://127.0.0.1:2/token"))._tag, "Failure")
  })
)
