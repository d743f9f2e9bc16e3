import { assert, describe, it } from "@effect/vitest"
import { addressesFirst } from "../src/sdk/UrlRequired.ts"

const required = -32042
const one = (url: unknown, message: unknown = "sign in") => ({ url, message })

describe("a call that is refused until the user has visited an address", () => {
  it("names up to three of the server's addresses, each with its host and in one line", () => {
    const urls = ["a", "b", "c", "d"].map((host) => one(`https://${host}.example/x`, `go\nto ${host}\u001b[2J`))
    const said = addressesFirst(required, { elicitations: urls })?.split("\n") ?? []
    assert.match(said[0] ?? "", /refused until the user has been to this address.*call the tool again/)
    assert.deepStrictEqual(said.slice(1), [
      "- https://a.example/x (on a.example): go to a [2J",
      "- https://b.example/x (on b.example): go to b [2J",
      "- https://c.example/x (on c.example): go to c [2J"
    ])
    const long = addressesFirst(required, { elicitations: [one("https://a.example/", "x".repeat(400))] }) ?? ""
    assert.isAtMost((/x+/.exec(long.split("): ")[1] ?? "")?.[0] ?? "").length, 300)
  })

  it("names only addresses that may be opened, and reports if there are none", () => {
    const odd = [one("javascript:alert(1)"), one(7), one("https://a.example/", 7), "https://a.example/", null]
    for (const data of [
      { elicitations: odd.slice(0, 3) },
      { elicitations: odd.slice(2) },
      { elicitations: [] },
      {},
      undefined
    ])
      assert.match(addressesFirst(required, data) ?? "", /names no address that could be opened/)
    const some = addressesFirst(required, { elicitations: [...odd.slice(0, 2), one("https://good.example/")] })
    assert.deepStrictEqual(some?.split("\n").slice(1), ["- https://good.example/ (on good.example): sign in"])
  })

  it("is recognised only by its error code", () => {
    for (const code of [-32041, -32043, 32042, -32602, 0])
      assert.isUndefined(addressesFirst(code, { elicitations: [one("https://a.example/")] }))
  })
})
