import { assert, it } from "@effect/vitest"
import { concealed } from "../src/internal/Concealing.ts"

it("nothing is left of a secret that begins with another one, as it is or in an address", () => {
  const secrets = ["token1", undefined, "token1/second"]
  assert.strictEqual(concealed("a token1/second, a token1%2Fsecond and a token1", secrets), "a …, a … and a …")
  assert.strictEqual(concealed("short: abc", ["abc"]), "short: abc")
})
