import { assert, describe, it } from "@effect/vitest"
import { parse } from "../src/consent/Consent.ts"

const meant = (line: string) => parse(line, ["yes", "always", "view"])

describe("consent is an explicit answer", () => {
  it("the offered words and their first letters are answers", () => {
    for (const line of ["y", " YES ", "Y"]) assert.deepStrictEqual(meant(line), { choice: "yes", words: "" })
    for (const line of ["a", "Always"]) assert.strictEqual(meant(line)?.choice, "always")
    assert.strictEqual(meant("v")?.choice, "view")
  })

  it("anything else is not an answer", () => {
    for (const line of ["yesterday", "yes but", "you should not", "and then stop", "yy", "va", "not this", "nay", "ｙ"])
      assert.isUndefined(meant(line), line)
  })

  it("a no may be followed by words, which are kept unchanged", () => {
    for (const line of ["", "n", " No "]) assert.deepStrictEqual(meant(line), { choice: "no", words: "" })
    for (const line of ["no, Use the other File", "n Use the other File", "No: Use the other File"])
      assert.deepStrictEqual(meant(line), { choice: "no", words: "Use the other File" })
  })
})
