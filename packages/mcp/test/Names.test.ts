import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { qualifiedName, uniqueByName } from "../src/tools/ToolNames.ts"

const legal = /^[A-Za-z0-9_-]{1,64}$/
const awkward = [
  "",
  "_",
  "a",
  "a_",
  "a__b",
  "b",
  "_b",
  "b__c",
  "workspace",
  "workspace_",
  "ws__x",
  "\ud83d",
  "é",
  "x".repeat(70)
]
const Name = Schema.Union([
  Schema.String,
  Schema.Literals(awkward),
  Schema.Literals(["read file", "read.file", "read_file", "x_0123456789ab", "0123456789ab"])
])
const Pairs = Schema.Array(Schema.Struct({ server: Name, tool: Name }))
const keyOf = ({ server, tool }: { readonly server: string; readonly tool: string }) =>
  `${server.length}:${server}${tool}`

const named = (pairs: typeof Pairs.Type) =>
  pairs.map((pair) => ({ ...pair, name: qualifiedName(pair.server, pair.tool) }))

describe("qualified names", () => {
  it.effect.prop(
    "are legal, unique, and identify one server and tool",
    [Pairs],
    ([pairs]) =>
      Effect.sync(() => {
        const distinct = [...new Map(pairs.map((pair) => [keyOf(pair), pair])).values()]
        const tools = uniqueByName(named(distinct))
        assert.strictEqual(tools.length, distinct.length)
        const table = new Map(tools.map((tool) => [tool.name, tool]))
        assert.strictEqual(table.size, distinct.length)
        for (const pair of distinct) {
          const name = qualifiedName(pair.server, pair.tool)
          assert.match(name, legal)
          assert.deepStrictEqual(table.get(name), { ...pair, name })
        }
      }),
    { arbitrary: { runs: 500 } }
  )

  it.effect.prop(
    "do not depend on the order of servers and tools",
    [Pairs],
    ([pairs]) =>
      Effect.sync(() => {
        const forwards = uniqueByName(named(pairs))
        const names = forwards.map(({ name }) => name)
        assert.deepStrictEqual(uniqueByName(named(pairs.toReversed())), forwards)
        assert.deepStrictEqual(names, [...names].sort())
      }),
    { arbitrary: { runs: 200 } }
  )

  it("stay readable if possible, and distinguish similar names", () => {
    assert.strictEqual(qualifiedName("files", "read_file"), "files__read_file")
    assert.strictEqual(qualifiedName("my-server", "a__b"), "my-server__a__b")
    assert.match(qualifiedName("a__b", "c"), /^-a-b__c_[0-9a-f]{12}$/)
    assert.notStrictEqual(qualifiedName("a", "b__c"), qualifiedName("a__b", "c"))
    assert.notStrictEqual(qualifiedName("a_", "b"), qualifiedName("a", "_b"))
    assert.notStrictEqual(qualifiedName("s", "read file"), qualifiedName("s", "read.file"))
    assert.match(qualifiedName("s", "read file"), /^s__read_file_[0-9a-f]{12}$/)
    assert.strictEqual(qualifiedName("s", "t".repeat(200)).length, 64)
    assert.notStrictEqual(qualifiedName("s", "t".repeat(200)), qualifiedName("s", "t".repeat(201)))
  })

  it.effect.prop(
    "begin with the name of their server only, so that a permission rule for its tools matches no others",
    [Name, Name],
    ([server, tool]) =>
      Effect.sync(() => {
        for (const other of ["a-b", "a", "b", "a-", "git-hub", "workspace", "workspace-", "ws-x"])
          if (other !== server)
            assert.isFalse(qualifiedName(server, tool).startsWith(`${other}__`), `${server} ${other}`)
        assert.isFalse(qualifiedName("git__hub", tool).startsWith("git-hub__"))
      })
  )

  it("cannot be chosen to equal the generated name of another tool", () => {
    const given = qualifiedName("s", "read file")
    const chosen = qualifiedName("s", given.slice("s__".length))
    assert.notStrictEqual(chosen, given)
    assert.match(chosen, legal)
  })

  it("never begin like those of the built-in server, whatever the server name", () => {
    for (const server of [
      "workspace_",
      "workspace__",
      "workspace\u0000",
      "wоrkspace",
      " workspace",
      "workspace__list"
    ]) {
      assert.notMatch(qualifiedName(server, "list_files"), /^workspace__/)
    }
  })
})
