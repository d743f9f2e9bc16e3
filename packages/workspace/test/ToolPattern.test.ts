import { assert, describe, it } from "@effect/vitest"
import type { ToolDefinition } from "@parley/domain/Tool"
import * as Permissions from "../src/config/Permissions.ts"
import * as ToolPattern from "../src/config/ToolPattern.ts"
import * as UserConfig from "../src/config/UserConfig.ts"

const read = "workspace__read_file"
const tool = (name: string): ToolDefinition => ({
  name,
  server: name.split("__", 1)[0] ?? "",
  tool: name,
  description: "",
  inputSchema: {},
  safeToRepeat: "read-only"
})
const decided = (permissions: Permissions.Permissions, path: string | number | undefined, name = read) =>
  Permissions.rule(permissions)(tool(name), { tainted: false }, path === undefined ? {} : { path })

describe("a pattern", () => {
  it("is a name or the beginning of one, and may have a path", () => {
    const valid = ["*", "notes__add", "notes__*", `${read}(docs/**)`, "workspace__*(a b/*.{ts,tsx})", `${read}(*)`]
    const invalid = ["", "a b", "*a", `${read}()`, `${read}(docs`, `${read}(../x)`, `${read}(a/../../x)`]
    for (const text of valid) assert.isTrue(ToolPattern.isPattern(text), text)
    for (const text of [...invalid, `${read}(${"{a,b}".repeat(10)})`, `${read}(${"x".repeat(300)})`])
      assert.isFalse(ToolPattern.isPattern(text), text)
  })
})

describe("the names of a pattern", () => {
  it("are those of built-in tools if a path follows", () => {
    const names = ["workspace__read_file", "notes__add"]
    const matched = (pattern: string) => names.filter(ToolPattern.namesOf(pattern).matches)
    assert.deepStrictEqual(["*", "*(a)", "notes__*(a)", read].map(matched), [names, [read], [], [read]])
  })
})

describe("a permission with a path", () => {
  it("applies to calls of built-in tools for that path, before every pattern without one", () => {
    const rules = { [`${read}(private/**)`]: "deny", [read]: "allow", "*": "ask" } as const
    assert.deepStrictEqual(
      ["private", "private/a", "private/b/c", "private.md", "src/private/a", undefined].map((path) =>
        decided(rules, path)
      ),
      ["deny", "deny", "deny", "allow", "allow", "allow"]
    )
    assert.strictEqual(decided(rules, "private/a", "workspace__list_files"), "ask")
    assert.strictEqual(decided({ "workspace__*(docs/*.md)": "ask" }, "docs/.a.md"), "ask", "hidden names")
    assert.strictEqual(decided({ [`${read}(a.md)`]: "ask" }, "a.md"), "ask", "a plain path")
  })

  it("cannot be avoided by writing the path in another way", () => {
    const rules = { [`${read}(private/**)`]: "deny" } as const
    for (const path of ["./private/a", "private//a", "src/../private/a", "private/x/../a", "/private/a"])
      assert.strictEqual(decided(rules, path), "deny", path)
    // A path that leads out of the workspace, or is none, is refused by the tool itself.
    for (const path of ["../private/a", 7]) assert.strictEqual(decided(rules, path), "allow")
  })

  it("is not about tools of servers, whose inputs mean what the server says", () => {
    const rules = { "notes__*(private/**)": "allow", "notes__*": "ask" } as const
    assert.strictEqual(decided(rules, "private/a", "notes__read"), "ask")
  })

  it("is the strictest of those that match, whatever their order and their names", () => {
    const rules = { [`${read}(src/**)`]: "allow", "workspace__*(src/keys/**)": "deny", "*": "deny" } as const
    const backwards = Object.fromEntries(Object.entries(rules).toReversed())
    for (const permissions of [rules, backwards])
      assert.deepStrictEqual(
        ["src/a", "src/keys/a", "b"].map((path) => decided(permissions, path)),
        ["allow", "deny", "deny"]
      )
  })

  it("may be given in advance, but does not lift a denial", () => {
    const options = { allowed: [`${read}(docs/**)`] }
    const rule = Permissions.rule({ "*": "ask", "workspace__*(docs/keys/**)": "deny" }, options)
    const of = (path: string) => rule(tool(read), { tainted: false }, { path })
    assert.deepStrictEqual(["docs/a", "docs/keys/a", "src/a"].map(of), ["allow", "deny", "ask"])
  })
})

describe("permissions of one workspace", () => {
  const config: UserConfig.UserConfig = {
    permissions: { "*": "deny", notes__add: "ask" },
    workspaces: { "/w": { permissions: { notes__add: "allow" } }, "/other": {} }
  }

  it("take precedence over the same pattern for all workspaces, and hold nowhere else", () => {
    assert.deepStrictEqual(UserConfig.permissionsIn(config, "/w"), { "*": "deny", notes__add: "allow" })
    for (const root of ["/other", "/w/sub", "toString"])
      assert.deepStrictEqual(UserConfig.permissionsIn(config, root), { "*": "deny", notes__add: "ask" }, root)
    assert.deepStrictEqual(UserConfig.permissionsIn({}, "/w"), {})
  })
})
