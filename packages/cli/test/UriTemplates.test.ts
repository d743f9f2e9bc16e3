import { assert, describe, it } from "@effect/vitest"
import { type Typing, typing } from "../src/UriTemplates.ts"

const value = (
  name: string,
  text: string,
  before: string,
  known: { readonly [name: string]: string } = {}
): Typing => ({
  _tag: "Value",
  name,
  value: text,
  before,
  known
})

describe("a URI that is being typed", () => {
  it("is in the fixed part of a template, in a value, or in neither", () => {
    assert.deepStrictEqual(typing("page:{n}", ""), { _tag: "Prefix", prefix: "page:" })
    assert.deepStrictEqual(typing("page:{n}", "page"), { _tag: "Prefix", prefix: "page:" })
    assert.deepStrictEqual(typing("page:{n}", "page:"), value("n", "", "page:"))
    assert.deepStrictEqual(typing("{n}", "x"), value("n", "x", ""))
    for (const typed of ["pagx", "xpage:", "book:1", "age:"]) assert.isUndefined(typing("page:{n}", typed), typed)
  })

  it("has values up to the next fixed part, with those before it known", () => {
    const template = "git://{repo}/at/{ref}/files/{path}"
    assert.deepStrictEqual(typing(template, "git://parley"), value("repo", "parley", "git://"))
    assert.deepStrictEqual(
      typing(template, "git://parley/at/main"),
      value("ref", "main", "git://parley/at/", { repo: "parley" })
    )
    assert.deepStrictEqual(
      typing(template, "git://parley/at/main/files/a"),
      value("path", "a", "git://parley/at/main/files/", { repo: "parley", ref: "main" })
    )
    assert.isUndefined(typing(template, "git://parley/at/main/other/a"))
  })

  it("takes the first end of a value, and no value with a slash in it", () => {
    assert.deepStrictEqual(typing("{a}-{b}", "x-y-z"), value("b", "y-z", "x-", { a: "x" }))
    assert.isUndefined(typing("page:{n}", "page:a/b"))
    assert.isUndefined(typing("page:{n}#{m}", "page:a/b"))
    assert.isUndefined(typing("{a}{b}", "x/y/z"))
  })

  it("is not completed in other expressions than plain ones", () => {
    assert.isUndefined(typing("page:{?n}", "page:"))
    assert.isUndefined(typing("page:{?q}/{n}", "page:{?q}/1"))
    assert.deepStrictEqual(typing("page:{n}{?q}", "page:1"), value("n", "1", "page:"))
  })
})
