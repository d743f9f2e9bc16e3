import { assert, describe, it } from "@effect/vitest"
import { type Typing, typing } from "../src/chat/UriTemplates.ts"

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

describe("a partially typed URI", () => {
  it("is in the fixed part of a template, in a value, or does not match", () => {
    assert.deepStrictEqual(typing("page:{n}", ""), { _tag: "Prefix", prefix: "page:" })
    assert.deepStrictEqual(typing("page:{n}", "page"), { _tag: "Prefix", prefix: "page:" })
    assert.deepStrictEqual(typing("page:{n}", "page:"), value("n", "", "page:"))
    assert.deepStrictEqual(typing("{n}", "x"), value("n", "x", ""))
    for (const typed of ["pagx", "xpage:", "book:1", "age:"]) assert.isUndefined(typing("page:{n}", typed), typed)
  })

  it("has values up to the next fixed part, with the earlier values known", () => {
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

  it("ends a value at the next fixed part, and has no value with a slash", () => {
    assert.deepStrictEqual(typing("{a}-{b}", "x-y-z"), value("b", "y-z", "x-", { a: "x" }))
    assert.isUndefined(typing("page:{n}", "page:a/b"))
    assert.isUndefined(typing("page:{n}#{m}", "page:a/b"))
    assert.isUndefined(typing("{a}{b}", "x/y/z"))
  })

  it("is completed only in simple expressions", () => {
    assert.isUndefined(typing("page:{?n}", "page:"))
    assert.isUndefined(typing("page:{?q}/{n}", "page:{?q}/1"))
    assert.deepStrictEqual(typing("page:{n}{?q}", "page:1"), value("n", "1", "page:"))
  })
})
