import { assert, describe, it } from "@effect/vitest"
import type { ResourceInfo, ResourceTemplateInfo } from "@parley/domain/McpCatalog"
import * as CatalogText from "../src/output/CatalogText.ts"

const ready = { name: "docs", state: "ready" }
const broken = { name: "gone", state: "failed", problem: "it exited\nwith code 1" }
const resource = (server: string, uri: string, more: Partial<ResourceInfo> = {}): ResourceInfo => ({
  server,
  uri,
  name: uri,
  ...more
})
const template = (uriTemplate: string, more: Partial<ResourceTemplateInfo> = {}): ResourceTemplateInfo => ({
  server: "docs",
  uriTemplate,
  name: uriTemplate,
  ...more
})

describe("resources and prompts as text", () => {
  it("are listed by server, each entry followed by its description", () => {
    const shown = CatalogText.resources({
      servers: [ready, broken],
      resources: [
        resource("docs", "file:///a.md", { name: "a", title: "A page", mimeType: "text/plain", description: "of  it" }),
        resource("docs", "file:///b.md", { name: "b", description: "" }),
        resource("docs", "plain:c"),
        resource("other", "file:///hidden.md")
      ],
      resourceTemplates: [template("page:{n}", { title: "Pages" })]
    })
    assert.strictEqual(
      shown,
      [
        "docs: 3 resources, 1 template",
        "  file:///a.md  A page, text/plain, of it",
        "  file:///b.md  b",
        "  plain:c",
        "  page:{n}  Pages",
        "gone: failed",
        '  ! "it exited\\nwith code 1"',
        ""
      ].join("\n")
    )
  })

  it("have one short line per entry, even if an entry contains line breaks", () => {
    const shown = CatalogText.resources({
      servers: [ready],
      resources: [resource("docs", "x:\ngone: failed", { description: "d".repeat(500) })],
      resourceTemplates: [template("t:\n{n}")]
    })
    assert.strictEqual(shown, `docs: 1 resource, 1 template\n  "x:\\ngone: failed"  ${"d".repeat(99)}…\n  "t:\\n{n}"\n`)
  })

  it("show prompts with their arguments, each under its own server", () => {
    const prompts = [
      { server: "docs", name: "review", title: "Review it", arguments: [{ name: "path", required: true }] },
      { server: "docs", name: "plain", arguments: [] },
      { server: "other", name: "hidden", arguments: [] }
    ]
    assert.strictEqual(
      CatalogText.prompts({ servers: [ready, { name: "none", state: "ready" }, broken], prompts }),
      [
        "docs: 2 prompts",
        "  docs:review path=…  Review it",
        "  docs:plain",
        "none: 0 prompts",
        "gone: failed",
        '  ! "it exited\\nwith code 1"',
        ""
      ].join("\n")
    )
    assert.strictEqual(
      CatalogText.prompts({ servers: [ready], prompts: prompts.slice(0, 1) }).split("\n")[0],
      "docs: 1 prompt"
    )
  })

  it("show text unchanged with a final line break, and the size of media", () => {
    const image = (data: string) =>
      ({ _tag: "Media", uri: "x:i", block: { _tag: "Image", mediaType: "image/png", data } }) as const
    const text = (words: string) => ({ _tag: "Text", uri: "x:t", text: words }) as const
    assert.strictEqual(
      CatalogText.contents({
        contents: [
          text("no line end"),
          text("one\n"),
          text(""),
          image("aGVsbG8="),
          image("aGVsbA=="),
          image("aGVs"),
          { _tag: "Described", uri: "x:d", words: "audio/wav, not shown" }
        ]
      }),
      "no line end\none\n[image/png, 5 bytes]\n[image/png, 4 bytes]\n[image/png, 3 bytes]\n[audio/wav, not shown]\n"
    )
  })
})
