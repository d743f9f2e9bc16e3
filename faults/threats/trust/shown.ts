import { mkdirSync } from "node:fs"
import { join } from "node:path"
import process from "node:process"
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import type { Case } from "../../suite.ts"
import { here, listed, name, untouched } from "./canary.ts"

/** The description of a server that is shown before it is trusted. Without a terminal, showing it trusts nothing. */
const shown = (declared: (root: string) => object) =>
  Effect.gen(function* () {
    const at = yield* here
    at.declare({ [name]: declared(at.workspace) })
    const ended = yield* at.run(["mcp", "trust", name])
    assert.strictEqual(ended.status, 2, ended.stderr)
    const [server] = yield* listed(at)
    assert.strictEqual(server?.standing, "unknown")
    const hash = server?.hash ?? ""
    assert.include(ended.stderr, `--yes --hash ${hash}`)
    untouched(at)
    return {
      at,
      hash,
      lines: ended.stdout.replaceAll(at.workspace, "WS").replaceAll(hash, "HASH").trimEnd().split("\n")
    }
  })

const words = Effect.gen(function* () {
  const args = [
    "two words",
    `quo"te'd \\ $(touch x) \`y\``,
    "line\nfeed\r\u001b[2K",
    "\u202edlrow\u200b\u{e0041}",
    "",
    "-y"
  ]
  const { lines } = yield* shown(() => ({
    command: process.execPath,
    args,
    env: { TOKEN: "secret-value", NODE_OPTIONS: "--require ./x.js" }
  }))
  const node = `"${process.execPath}"`
  assert.deepStrictEqual(lines, [
    `${name}, of the project "WS"`,
    "  runs, one argument per line, without a shell:",
    `    ${node}`,
    `    "two words"`,
    `    "quo\\"te'd \\\\ $(touch x) \`y\`"`,
    `    "line\\u{a}feed\\u{d}\\u{1b}[2K"`,
    `    "\\u{202e}dlrow\\u{200b}\\u{e0041}"`,
    `    ""`,
    `    "-y"`,
    `  program file: ${node}`,
    `  directory: "WS"`,
    "  environment:",
    `    "TOKEN" = "secret-value"`,
    `    "NODE_OPTIONS" = "--require ./x.js"`,
    "  its tools:",
    "    each call requires your approval",
    `    your permission "*": "allow" does not apply, because the project declares the server`,
    "  ! it starts in this workspace: files there can decide what runs, and you are not asked again when they change",
    `  ! "TOKEN" can make it use an account that the project chose, and store your data there`,
    `  ! "NODE_OPTIONS" can make a program load and run other code`,
    "  hash: HASH"
  ])
})

const packages = Effect.gen(function* () {
  const { at, lines } = yield* shown(() => ({
    command: "npx",
    args: ["-y", "some-server@latest", "."],
    env: { PATH: "/nowhere" }
  }))
  assert.include(lines, "  program file: not found")
  const warning = (text: string) =>
    `  ! "${text}" names no exact version: the publisher of the next version decides what runs`
  assert.include(lines, warning("some-server@latest"))
  const others: ReadonlyArray<readonly [ReadonlyArray<string>, string | undefined]> = [
    [["npx", "-y", "some-server@1.2.3"], undefined],
    [["uvx", "some-server"], "some-server"],
    [["uvx", "some-server==1.2.3"], undefined],
    [["pnpm", "dlx", "@scope/server"], "@scope/server"]
  ]
  for (const [[command, ...args], expected] of others) {
    at.declare({ [name]: { command, args } })
    const { stdout } = yield* at.run(["mcp", "trust", name])
    if (expected === undefined) assert.notInclude(stdout, "names no exact version")
    else assert.include(stdout, warning(expected))
  }
  untouched(at)
})

const long = Effect.gen(function* () {
  const { lines } = yield* shown(() => ({
    command: "./run.sh",
    args: [`${"a".repeat(3000)}; evil ${"b".repeat(993)}`]
  }))
  assert.include(lines, `    "${"a".repeat(3000)}; evil ${"b".repeat(993)}"`, "4000 characters are shown whole")
  const more = yield* shown((root) => {
    mkdirSync(join(root, "bin"))
    return { command: "sh", args: ["-c", `first ${"x".repeat(10_000)} last`] }
  })
  const cut = `    "first ${"x".repeat(1994)}[… 6011 characters …]${"x".repeat(1995)} last"`
  assert.include(more.lines, cut, "both ends are shown, and how much is not")
  assert.include(more.lines, "  ! it is a shell: its arguments are a program")
})

const address = Effect.gen(function* () {
  const url = "http://user.example.org.evil.example:8080/mcp?next=https://good.example"
  const { at, lines } = yield* shown(() => ({ url, headers: { authorization: "Bearer secret-value" } }))
  assert.deepStrictEqual(lines, [
    `${name}, of the project "WS"`,
    "  connects to:",
    `    "${url}"`,
    `  host: "user.example.org.evil.example:8080"`,
    "  headers:",
    `    "authorization" = "Bearer secret-value"`,
    "  its tools:",
    "    each call requires your approval",
    `    your permission "*": "allow" does not apply, because the project declares the server`,
    "  ! its connection is not encrypted",
    "  hash: HASH"
  ])
  // On a terminal the user's answer counts. `run` does not mention a declined server again.
  at.declare({ [name]: { url: at.canary.url } })
  const running = yield* at.terminal(["mcp", "trust"])
  yield* running.shows("trust exactly this? yes, [N]o:")
  yield* running.type("no\r")
  assert.strictEqual((yield* running.ended).status, 0)
  assert.notInclude((yield* at.run(["run", "phase:answer"])).stderr, "not trusted")
  untouched(at)
  const again = yield* at.terminal(["mcp", "trust"])
  yield* again.shows("trust exactly this? yes, [N]o:")
  yield* again.type("yes\r")
  assert.strictEqual((yield* again.ended).status, 0)
  yield* at.run(["run", "phase:answer"])
  assert.isAbove(at.canary.requests().length, 0)
  at.canary.reset()
  yield* at.run(["mcp", "trust", "--revoke", "--all"])
  assert.include((yield* at.run(["run", "phase:answer"])).stderr, "not trusted")
  untouched(at)
})

/** X07: exactly what would run is shown before it is trusted. */
export const shows: ReadonlyArray<Case> = [
  { id: "X07", name: "words with spaces, quotes, line ends and invisible characters", run: words },
  { id: "X07", name: "packages without an exact version, and programs that do not exist", run: packages },
  { id: "X07", name: "long words, of which only the middle is ever left out", run: long },
  { id: "X07", name: "an address, and the answer of a person", needs: ["script"], run: address }
]
