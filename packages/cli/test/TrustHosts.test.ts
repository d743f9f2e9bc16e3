import { assert, it } from "@effect/vitest"
import * as Warnings from "../src/trust/Warnings.ts"

const warns = (url: string): boolean => Warnings.of("/w", { url }).includes("it is asked without encryption")

it("plain http is warned of, except to this machine, however that is written", () => {
  for (const host of ["localhost", "localhost.", "127.0.0.1", "127.1", "[::1]", "[::ffff:127.0.0.1]", "0x7f000001"])
    assert.isFalse(warns(`http://${host}:3000/mcp`), host)
  for (const host of ["example.org", "localhost.example.org", "10.0.0.1", "169.254.169.254", "0.0.0.0"])
    assert.isTrue(warns(`http://${host}/mcp`), host)
  assert.isTrue(warns("HTTP://example.org/mcp"))
  assert.isFalse(warns("https://example.org/mcp"))
})
