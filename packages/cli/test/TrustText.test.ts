import { assert, describe, it } from "@effect/vitest"
import type { McpServerConfig } from "@parley/domain/McpServerConfig"
import * as Permissions from "@parley/workspace/Permissions"
import { startOf } from "@parley/app/ToolRules"
import * as TrustList from "../src/consent/TrustList.ts"
import * as TrustText from "../src/consent/TrustText.ts"

const root = "/nowhere/ws"
const shown = (config: McpServerConfig, said: Partial<TrustText.Said> = {}, full = false) =>
  TrustText.words(root, { name: "s", hash: "HASH", config }, { permissions: [], allow: [], ...said }, full).split("\n")
const standing = { name: "s", hash: "HASH", standing: "unknown", allow: [] } as const

const hostile = [
  'end"\n  ! nothing to see',
  "\u001b[8mhidden\u001b[0m",
  "\r  hash: 0",
  "\u202eevil",
  "a\u200bb",
  '\\" = "x',
  "\u2028next"
]

describe("what is shown before a server of a project is trusted", () => {
  it("is every value that the project sets, quoted so that it cannot imitate other lines", () => {
    const env = Object.fromEntries(hostile.map((value, i) => [`V${i}`, value]))
    const lines = shown({ command: "/bin/x", cwd: "/", env })
    const from = lines.indexOf("  environment:")
    assert.deepStrictEqual(lines.slice(from + 1, from + 1 + hostile.length), [
      String.raw`    "V0" = "end\"\u{a}  ! nothing to see"`,
      String.raw`    "V1" = "\u{1b}[8mhidden\u{1b}[0m"`,
      String.raw`    "V2" = "\u{d}  hash: 0"`,
      String.raw`    "V3" = "\u{202e}evil"`,
      String.raw`    "V4" = "a\u{200b}b"`,
      String.raw`    "V5" = "\\\" = \"x"`,
      String.raw`    "V6" = "\u{2028}next"`
    ])
    const headers = { authorization: "Bearer their-own", x: hostile[0] ?? "" }
    const address = shown({ url: "https://example.org/mcp", headers })
    assert.include(address, '    "authorization" = "Bearer their-own"')
    assert.include(address, String.raw`    "x" = "end\"\u{a}  ! nothing to see"`)
    const list = TrustList.words(
      { servers: [{ ...standing, config: { command: "x", env } }], problem: undefined },
      false
    )
    for (const line of lines.slice(from, from + 1 + hostile.length)) assert.include(list.split("\n"), line)
  })

  it("is in the JSON too, in addition to the names", () => {
    const env = Object.fromEntries<string>([
      ["__proto__", "1"],
      ...hostile.map((value, i) => [`V${i}`, value] as const)
    ])
    const permissions = Permissions.concerning({ "*": "allow" }, "s__")
    const { servers } = TrustList.listed(
      root,
      {
        servers: [
          { ...standing, config: { command: "/bin/x", cwd: "/", env } },
          { ...standing, config: { url: "https://example.org/", headers: { a: "b" } } }
        ],
        problem: undefined
      },
      () => permissions
    )
    assert.deepStrictEqual(servers[0]?.env, Object.keys(env))
    assert.deepStrictEqual(
      servers[0]?.envValues,
      Object.entries(env).map(([name, value]) => ({ name, value }))
    )
    assert.isAbove(servers[0]?.warnings.length ?? 0, hostile.length)
    assert.deepStrictEqual(servers[0]?.permissions, [{ pattern: "*", permission: "allow", counts: false }])
    assert.deepStrictEqual([servers[1]?.headers, servers[1]?.headerValues], [["a"], [{ name: "a", value: "b" }]])
  })

  it("omits only the middle of a long value, reports that, and can show all of it", () => {
    const value = `begin ${"x".repeat(10_000)} end`
    const config = { command: "/bin/x", cwd: "/", env: { A: value } }
    const lines = shown(config)
    assert.match(lines.join("\n"), /"A" = "begin x{1994}\[… 6010 characters …\]x{1996} end"/)
    assert.include(lines, "  ! not all of it is shown here; `parley mcp trust s --full` shows the rest")
    const full = shown(config, {}, true)
    assert.include(full, `    "A" = "${value}"`)
    assert.notInclude(full.join("\n"), "not all of it is shown")
    // A cut never leaves half an escape, whose quote would seem to end the word.
    const quotes = shown({ ...config, env: { A: `x${'"'.repeat(9000)}` } }).find((line) => line.startsWith('    "A"'))
    assert.match(quotes ?? "", /^ {4}"A" = "x(?:\\"){1999}\[… 5001 characters …\](?:\\"){2000}"$/)
  })

  it("is how the user's permissions apply to its tools", () => {
    const permissions = Permissions.concerning({ "*": "allow", s__rm: "deny", "other__*": "allow" }, startOf("s"))
    const lines = shown({ command: "/bin/x", cwd: "/" }, { permissions })
    const from = lines.indexOf("  its tools:")
    assert.deepStrictEqual(lines.slice(from, from + 4), [
      "  its tools:",
      "    each call requires your approval",
      '    your permission "*": "allow" does not apply, because the project declares the server',
      '    your permission "s__rm": "deny" applies'
    ])
    assert.include(shown({ command: "/bin/x" }, { allow: ["s__list*"] }), '    "s__list*" runs without approval')
  })
})

it("the tools of a server have the prefix of its name", () =>
  assert.deepStrictEqual(["github", "a-b", "a__b", "a_", "A_b"].map(startOf), [
    "github__",
    "a-b__",
    "-a-b__",
    "-a-__",
    "A_b__"
  ]))
