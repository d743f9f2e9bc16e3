import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { Connection } from "../src/transport/Connection.ts"
import { noCatalog } from "../src/transport/CatalogRequests.ts"
import { RequestFailure } from "../src/sdk/SdkFailure.ts"
import { listTools } from "../src/server/ToolListing.ts"
import { readTools } from "../src/tools/ToolList.ts"
import { promptly } from "@parley/harness/promptly"

const object = { type: "object" }
const properties = (schema: unknown) => ({ type: "object", properties: { a: schema } })
const nested = (depth: number): unknown => {
  let value: unknown = {}
  for (let i = 0; i < depth; i++) value = { items: value }
  return value
}

describe("a bad schema excludes its tool", () => {
  const bad: ReadonlyArray<readonly [string, unknown, RegExp]> = [
    ["a string", "object", /is not an object/],
    ["a list", [], /is not an object/],
    ["of another type", { type: "array" }, /is not of type object/],
    ["of several types", { type: ["object", "null"] }, /is not of type object/],
    ["with a type that does not exist", properties({ type: "banana" }), /a type that does not exist/],
    ["with a type that is not a string", properties({ type: 7 }), /a type that does not exist/],
    ["with an empty list of types", properties({ type: [] }), /a type that does not exist/],
    ["deep in a list", properties({ anyOf: [{ items: { type: "int" } }] }), /a type that does not exist/],
    ["a reference to itself", { type: "object", $ref: "#" }, /goes in a circle/],
    [
      "a reference to itself through others",
      { ...object, allOf: [{ $ref: "#/$defs/a" }], $defs: { a: { $ref: "#" } } },
      /circle/
    ],
    [
      "two references to each other",
      { ...properties({ $ref: "#/$defs/a" }), $defs: { a: { $ref: "#/$defs/b" }, b: { $ref: "#/$defs/a" } } },
      /goes in a circle/
    ],
    [
      "a reference to another document",
      properties({ $ref: "https://example.org/x" }),
      /elsewhere \(https:\/\/example\.org\/x\)/
    ],
    ["a reference to a file", properties({ $ref: "file:///etc/passwd" }), /elsewhere/],
    ["a reference to a relative document", properties({ $dynamicRef: "other.json#/a" }), /elsewhere/],
    ["a reference that leads nowhere", properties({ $ref: "#/$defs/missing" }), /leads nowhere/],
    ["a reference to a missing anchor", properties({ $ref: "#missing" }), /leads nowhere/],
    ["of five megabytes", { ...object, description: "x".repeat(5_000_000) }, /too large or too deep/],
    ["of ten thousand levels", { ...object, items: nested(10_000) }, /too large or too deep/],
    ["with an invalid header name", properties({ type: "string", "x-mcp-header": "a b" }), /no name of a header/],
    ["a header for a list", properties({ type: "array", "x-mcp-header": "a" }), /no simple value/],
    ["a header in a list", properties({ items: { type: "string", "x-mcp-header": "a" } }), /where none may be/],
    [
      "a header twice",
      {
        type: "object",
        properties: { a: { type: "string", "x-mcp-header": "A" }, b: { type: "string", "x-mcp-header": "a" } }
      },
      /twice/
    ]
  ]
  for (const [name, inputSchema, why] of bad) {
    it(`reason: ${name}`, () => {
      const { leftOut, tools } = readTools("s", [
        { name: "first", inputSchema: object },
        { name: "bad", inputSchema },
        { name: "last", inputSchema: object }
      ])
      assert.deepStrictEqual(
        tools.map(({ tool }) => tool),
        ["first", "last"]
      )
      assert.strictEqual(leftOut[0]?.tool, "bad")
      assert.match(leftOut[0]?.why ?? "", why)
    })
  }

  it("a good schema is passed on unchanged, however it refers to itself", () => {
    const tree = {
      type: "object",
      properties: { left: { $ref: "#" }, right: { $ref: "#/properties/left" }, name: { $ref: "#name" } },
      $defs: {
        "a/b c": { type: ["string", "null"], pattern: "^(a+)+$", $anchor: "name" },
        list: { oneOf: [{ type: "null" }, { type: "object", properties: { rest: { $ref: "#/$defs/list" } } }] },
        use: { $ref: "#/$defs/a~1b%20c" }
      },
      default: { $ref: "https://example.org", type: "banana", pattern: "(" },
      additionalProperties: false
    }
    const headers = properties({ properties: { b: { type: "integer", "x-mcp-header": "X-B" } }, type: "object" })
    const { leftOut, tools } = readTools("s", [
      { name: "tree", inputSchema: tree, outputSchema: tree },
      { name: "headers", inputSchema: headers }
    ])
    assert.deepStrictEqual(leftOut, [])
    assert.deepStrictEqual<unknown>([tools[0]?.inputSchema, tools[0]?.outputSchema], [tree, tree])
    assert.deepStrictEqual<unknown>(tools[1]?.inputSchema, headers)
  })

  it("an invalid pattern is only removed from a schema, so that the request remains valid", () => {
    const bad = {
      ...properties({ type: "string", pattern: "(?P<x>a)", minLength: 1 }),
      patternProperties: { "[": {}, "^x": { pattern: "*" } }
    }
    const good = { ...properties({ type: "string", minLength: 1 }), patternProperties: { "^x": {} } }
    const { tools } = readTools("s", [{ name: "t", inputSchema: bad, outputSchema: bad }])
    assert.deepStrictEqual<unknown>([tools[0]?.inputSchema, tools[0]?.outputSchema], [good, good])
  })

  it("thousands of references do not take quadratic time", () => {
    const count = 1500
    const $defs = Object.fromEntries(
      Array.from({ length: count }, (_, i) => [
        `d${i}`,
        { anyOf: [{ $ref: `#a${(i + 1) % count}` }], $anchor: `a${i}` }
      ])
    )
    const started = performance.now()
    assert.strictEqual(readTools("s", [{ name: "t", inputSchema: { ...object, $defs } }]).leftOut.length, 1)
    promptly(performance.now() - started, 2000)
  })
})

describe("names that look alike", () => {
  const names = (...all: ReadonlyArray<string>) => {
    const { leftOut, tools } = readTools(
      "s",
      all.map((name) => ({ name, inputSchema: object }))
    )
    return [tools.map(({ tool }) => tool), leftOut.map(({ tool }) => tool)]
  }
  it("are refused, except the plainest, in whatever order they are listed", () => {
    // Cyrillic о, full-width letters, a zero-width space, a filler, another case.
    for (const other of [
      "send_mоney",
      "ｓｅｎｄ_money",
      "send_\u200bmoney",
      "send_\u3164money",
      "Send_Money".replace("S", "ѕ")
    ]) {
      assert.deepStrictEqual(names("send_money", other)[0], ["send_money"], other)
      assert.deepStrictEqual(names(other, "send_money")[0], ["send_money"], other)
    }
    assert.deepStrictEqual(names("getuser", "getUser"), [["getUser"], ["getuser"]])
    assert.deepStrictEqual(names("read_file", "read-file", "read_files", "чтение"), [
      ["read_file", "read-file", "read_files", "чтение"],
      []
    ])
  })
})

describe("a list of several pages", () => {
  const page = (...names: ReadonlyArray<string>) => names.map((name) => ({ name, inputSchema: object }))
  const listing = (answers: { readonly [cursor: string]: Effect.Effect<unknown, RequestFailure> }) => {
    const connection: Connection = {
      hasTools: true,
      instructions: undefined,
      listTools: (cursor) => answers[cursor ?? ""] ?? Effect.succeed({ tools: [] }),
      callTool: () => Effect.never,
      toolsChanged: { next: Effect.never, discard: Effect.void },
      catalog: noCatalog,
      ping: Effect.never,
      closed: Effect.never
    }
    return listTools("s", { command: "x" }, connection)
  }
  const failure = (connection: "Sound" | "Gone") =>
    Effect.fail(new RequestFailure({ connection, reason: { _tag: "Answered", message: "no second page" } }))
  const first = Effect.succeed({ tools: page("a", "b"), nextCursor: "2" })

  it.effect("keeps the pages before one that fails, with a note", () =>
    Effect.gen(function* () {
      const catalog = yield* listing({ "": first, 2: failure("Sound") })
      assert.strictEqual(catalog.tools.length, 2)
      assert.strictEqual(catalog.note, "its list of tools is not whole: it cannot list its tools: no second page")
      const strange = yield* listing({ "": first, 2: Effect.succeed("what?") })
      assert.include(strange.note, "is not whole: it answered to tools/list with something else")
      assert.match((yield* Effect.flip(listing({ "": failure("Sound") }))).problem, /cannot list its tools/)
      assert.match((yield* Effect.flip(listing({ "": first, 2: failure("Gone") }))).problem, /cannot list its tools/)
    })
  )

  it.effect("ends at a page that was read before, with a note", () =>
    Effect.gen(function* () {
      const catalog = yield* listing({
        "": first,
        2: Effect.succeed({ tools: page("c"), nextCursor: "3" }),
        3: Effect.succeed({ tools: page("d"), nextCursor: "2" })
      })
      assert.strictEqual(catalog.tools.length, 4)
      assert.strictEqual(catalog.note, "its list of tools did not end and was cut")
    })
  )
})
