import { assert, it } from "@effect/vitest"
import * as ServerRisks from "../src/trust/ServerRisks.ts"

const warns = (url: string): boolean =>
  ServerRisks.of({ root: "/w", searchPath: "" }, { url }).includes("its connection is not encrypted")

it("unencrypted HTTP causes a warning, except to this machine in any notation", () => {
  for (const host of ["localhost", "localhost.", "127.0.0.1", "127.1", "[::1]", "[::ffff:127.0.0.1]", "0x7f000001"])
    assert.isFalse(warns(`http://${host}:3000/mcp`), host)
  for (const host of ["example.org", "localhost.example.org", "10.0.0.1", "169.254.169.254", "0.0.0.0"])
    assert.isTrue(warns(`http://${host}/mcp`), host)
  assert.isTrue(warns("HTTP://example.org/mcp"))
  assert.isFalse(warns("https://example.org/mcp"))
})
