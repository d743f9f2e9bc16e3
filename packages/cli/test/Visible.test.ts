import { assert, describe, it } from "@effect/vitest"
import { hiddenIn, quotedWord, visible } from "@parley/domain/VisibleText"
import { unpinned } from "../../app/src/trust/UnpinnedPackages.ts"

describe("hidden characters", () => {
  it("are shown by their number; line breaks, tabs and visible characters stay", () => {
    assert.strictEqual(
      visible("a\tb\nGrüße 日本 👩\u{200d}👧\u202e\u0000\r\u00a0\u2800\u{e0041}\ud800"),
      "a\tb\nGrüße 日本 👩\\u{200d}👧\\u{202e}\\u{0}\\u{d}\\u{a0}\\u{2800}\\u{e0041}\\u{d800}"
    )
    assert.strictEqual(hiddenIn("a\n\u200b\u202e b"), 2)
  })

  it("stay distinguishable in quoted words, of which only the middle of long ones is omitted", () => {
    assert.strictEqual(quotedWord('a "b" \\u{a}\n'), '"a \\"b\\" \\\\u{a}\\u{a}"')
    assert.strictEqual(quotedWord("x".repeat(4000)), `"${"x".repeat(4000)}"`)
    const long = quotedWord(`begin${"x".repeat(4000)}end`)
    assert.match(long, /^"beginx{1995}\[… 8 characters …\]x{1997}end"$/)
    assert.strictEqual(Array.from(quotedWord("👧".repeat(5000))).length, 4000 + "[… 1000 characters …]".length + 2)
  })
})

it("packages that are fetched without an exact version are recognized", () => {
  const found = (line: string) => unpinned(line.split(" "))
  for (const [line, name] of [
    ["npx -y server", "server"],
    ["/usr/bin/npx -y @scope/server", "@scope/server"],
    ["npx.cmd server@latest", "server@latest"],
    ["npx server@^1.2.3", "server@^1.2.3"],
    ["npx server@1", "server@1"],
    ["npx --package=server@1.x run", "server@1.x"],
    ["npx -p server -p other@1.2.3 run", "server"],
    ["npx github:user/repo", "github:user/repo"],
    ["cmd /c npx server", "server"],
    ["env npx server", "server"],
    ["npm exec -- server", "server"],
    ["pnpm dlx server", "server"],
    ["yarn dlx server", "server"],
    ["bunx server", "server"],
    ["uvx server", "server"],
    ["uvx --from git+https://a/b server", "git+https://a/b"],
    ["uv tool run server", "server"],
    ["pipx run server>=1", "server>=1"]
  ] as const)
    assert.deepStrictEqual(found(line), [name], line)
  for (const line of [
    "npx -y server@1.2.3",
    "npx -y @scope/server@2026.8.31",
    "npx server@1.2.3-beta.1",
    "npx -p server@1.2.3 run",
    "npx ./here",
    "npm run start",
    "pnpm start",
    "uvx server==1.2",
    "uvx server@1.2.3",
    "pipx run server==1.2",
    "node server.js",
    "uv run x",
    "env"
  ])
    assert.deepStrictEqual(found(line), [], line)
})
