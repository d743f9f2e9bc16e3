import { assert, describe, it } from "@effect/vitest"
import type { UserBlock } from "@parley/domain/Content"
import type { PromptInfo } from "@parley/domain/McpCatalog"
import { McpManager } from "@parley/domain/McpManager"
import { Effect, Fiber, Layer, Result } from "effect"
import { TestClock } from "effect/testing"
import { complete } from "../src/chat/Completion.ts"
import * as Prompts from "@parley/app/ServerPrompts"
import { typing } from "../src/chat/UriTemplates.ts"
import * as Words from "@parley/app/ShellWords"

const review: PromptInfo = {
  server: "docs",
  name: "review",
  arguments: [
    { name: "path", required: true },
    { name: "tone", required: true },
    { name: "depth", required: false }
  ]
}

const manager = McpManager.make({
  tools: Effect.succeed([]),
  servers: Effect.succeed([{ name: "docs", state: "ready", tools: 0 }]),
  call: () => Effect.die("no tools"),
  prompts: Effect.succeed([review, { server: "docs", name: "two words", arguments: [] }]),
  resources: Effect.succeed([
    { server: "docs", uri: "file:///a.md", name: "a" },
    { server: "docs", uri: "file:///b c.md", name: "b" },
    { server: "docs", uri: "evil:\u001b[2J", name: "evil" }
  ]),
  resourceTemplates: Effect.succeed([{ server: "docs", uriTemplate: "page:{book}/{page}", name: "page" }]),
  getPrompt: (_server, _prompt, args) =>
    Effect.succeed([
      { role: "user", content: [{ _tag: "Text", text: `Review ${args["path"]} ${args["tone"]} ${args["depth"]}` }] },
      { role: "user", content: [{ _tag: "Text", text: "Thoroughly." }] },
      {
        role: "assistant",
        content: [
          { _tag: "Text", text: "I see" },
          { _tag: "Image", mediaType: "image/png", data: "aaaa" }
        ]
      },
      { role: "user", content: [{ _tag: "Text", text: "Go on" }] }
    ]),
  complete: ({ argument, known, value }) =>
    value === "slow"
      ? Effect.never
      : Effect.succeed([
          `${value}1`,
          argument,
          `${value} with ${Object.entries(known ?? {}).join()}`,
          `${value}\u001b[2J`
        ])
})
const Mcp = Layer.succeed(McpManager, manager)

describe("a line that names a prompt", () => {
  it.effect("is requested with its arguments, in order or by name, and becomes one message", () =>
    Effect.gen(function* () {
      const blocks: ReadonlyArray<UserBlock> = [
        { _tag: "Text", text: "Review a b kind deep=er\n\nThoroughly.\n\n[The prompt has the assistant say:]\nI see" },
        { _tag: "Image", mediaType: "image/png", data: "aaaa" },
        { _tag: "Text", text: "Go on" }
      ]
      assert.deepStrictEqual(yield* Prompts.ofLine('/docs:review "a b" kind depth="deep=er"'), blocks)
      assert.deepStrictEqual(yield* Prompts.ofLine('/docs:review tone=kind depth=deep=er path="a b"'), blocks)
      for (const line of ["/usr:bin/x", "/docs", "docs:review", "look at /docs:review", "/help"])
        assert.isUndefined(yield* Prompts.ofLine(line), line)
    }).pipe(Effect.provide(Mcp))
  )

  it.effect("reports missing, superfluous and unknown arguments", () =>
    Effect.gen(function* () {
      const problem = (line: string) => Effect.map(Effect.flip(Prompts.ofLine(line)), ({ problem }) => problem)
      const takes = "it takes path=… tone=… [depth=…]"
      assert.strictEqual(yield* problem("/docs:review"), `docs:review needs path and tone; ${takes}`)
      assert.strictEqual(yield* problem("/docs:review tone=a"), `docs:review needs path; ${takes}`)
      assert.strictEqual(
        yield* problem("/docs:review a b c d"),
        `docs:review: too many arguments, starting at d; ${takes}`
      )
      assert.strictEqual(yield* problem("/docs:review path=a path=b"), "docs:review: path is given twice")
      assert.strictEqual(
        yield* problem("/docs:nope"),
        "There is no prompt docs:nope; there are docs:review, docs:two words"
      )
      assert.deepStrictEqual(
        Prompts.place(review, ["other=x"], "name"),
        Result.fail(`docs:review has no argument other; ${takes}`)
      )
    }).pipe(Effect.provide(Mcp))
  )

  it("is split into words, and quotes keep words together", () => {
    assert.deepStrictEqual(Words.split(String.raw`a "b  c" d="e \"f\" \\" "" "open`), [
      "a",
      "b  c",
      'd=e "f" \\',
      "",
      "open"
    ])
    for (const word of ["a", "a b", 'q"q', "back\\slash x", ""])
      assert.deepStrictEqual(Words.split(Words.quoted(word)), [word])
  })

  it("splits a line of any length", () => {
    const size = 10_000_000
    for (const word of ["a", '""', String.raw`"\"`])
      assert.lengthOf(Words.split(word.repeat(size / word.length)), 1, word)
    assert.strictEqual(Words.split(`"${"\\\\".repeat(size / 2)}"`)[0]?.length, size / 2)
  })
})

describe("completion of the end of a line", () => {
  const hits = (line: string) => Effect.map(complete(line), ({ hits }) => hits)

  it.effect("proposes commands, prompts, their arguments, and resources", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* hits("/pr"), ["/prompts"])
      assert.deepStrictEqual(yield* hits("/docs"), ["/docs:review"])
      assert.deepStrictEqual(yield* hits("/docs:review path=x to"), ["to1", "tone", "tone="])
      assert.deepStrictEqual(yield* complete("/docs:review x tone=k"), { hits: ["tone=k1"], on: "tone=k" })
      assert.deepStrictEqual(yield* complete("see @do"), { hits: ["@docs:"], on: "@do" })
      assert.deepStrictEqual(yield* hits("see @docs:f"), ["@docs:file:///a.md"])
      assert.deepStrictEqual(yield* hits('see @"docs:f'), ['@"docs:file:///a.md', '@"docs:file:///b c.md'])
      assert.deepStrictEqual(yield* hits("@docs:pa"), ["@docs:page:"])
      assert.deepStrictEqual(yield* hits("@docs:page:war/3"), ["@docs:page:war/31"])
      for (const line of ["hello", "me@docs:f", "", "@other:x"]) assert.deepStrictEqual(yield* hits(line), [], line)
    }).pipe(Effect.provide(Mcp))
  )

  it.effect("proposes nothing that controls the terminal, and nothing after the time limit", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* hits("@docs:e"), [])
      assert.isTrue((yield* hits("/docs:review path=y")).every((one) => !one.includes("\u001b")))
      const late = yield* Effect.forkChild(hits("/docs:review path=slow"), { startImmediately: true })
      yield* TestClock.adjust("499 millis")
      assert.isUndefined(late.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(yield* Fiber.join(late), [])
    }).pipe(Effect.provide(Mcp))
  )

  it("recognizes a position within a URI template", () => {
    const template = "page:{book}/{page}#{part}"
    assert.deepStrictEqual(typing(template, "pa"), { _tag: "Prefix", prefix: "page:" })
    assert.deepStrictEqual(typing(template, "page:w"), {
      _tag: "Value",
      name: "book",
      value: "w",
      before: "page:",
      known: {}
    })
    assert.deepStrictEqual(typing(template, "page:w/1#x"), {
      _tag: "Value",
      name: "part",
      value: "x",
      before: "page:w/1#",
      known: { book: "w", page: "1" }
    })
    assert.isUndefined(typing(template, "other"))
    assert.isUndefined(typing("plain", "pla"))
  })
})
