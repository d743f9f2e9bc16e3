import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { readFileSync } from "node:fs"
import { type Here, here } from "./support/InProcess.ts"

const decode = Schema.decodeSync(Schema.fromJsonString(Schema.Struct({ mcpServers: Schema.Unknown })))
/** The servers as the configuration file has them. */
const written = ({ configFile }: Here): unknown => decode(readFileSync(configFile, "utf8")).mcpServers

describe("parley mcp add, remove, enable and disable", () => {
  it.live("write the flags of a server to the configuration", () =>
    Effect.gen(function* () {
      const it = yield* here
      const add = (...args: ReadonlyArray<string>) => it.run("mcp", "add", ...args)
      const first = yield* add("prog", "--env", "K=v", "--timeout", "5", "--", "server", "-x", "--y=z")
      assert.deepStrictEqual(first, {
        code: 0,
        stdout: "",
        stderr: `Added prog to ${it.configFile}; to connect to it: parley mcp inspect prog\n`
      })
      const off = yield* add("off", "--disabled", "--read-only-tool", "a", "--read-only-tool", "b", "--", "server")
      assert.strictEqual(off.stderr, `Added off to ${it.configFile}; to enable it: parley mcp enable off\n`)
      const url = "https://example.org/mcp"
      assert.strictEqual((yield* add("web", "--url", url, "--header", "x: y", "--start-timeout", "7")).code, 0)
      assert.strictEqual((yield* add("old", "--url", url, "--sse")).code, 0)
      assert.deepStrictEqual(written(it), {
        prog: { command: "server", args: ["-x", "--y=z"], env: { K: "v" }, timeoutMillis: 5 },
        off: { command: "server", readOnlyTools: ["a", "b"], disabled: true },
        web: { url, headers: { x: "y" }, startTimeoutMillis: 7 },
        old: { url, transport: "sse" }
      })
    })
  )

  it.live("reject an invalid server and change nothing", () =>
    Effect.gen(function* () {
      const it = yield* here
      const url = "https://example.org/mcp"
      const cases: ReadonlyArray<readonly [args: ReadonlyArray<string>, words: string]> = [
        [["add", "a"], "The server needs a URL or a command"],
        [["add", "a", "--sse", "--", "x"], "--sse applies only to servers with --url"],
        [["add", "a", "--", url], `To add a server by its URL, use \`parley mcp add a --url URL\``],
        [["add", "a", "--url", url, "--", "x"], "A server has either --url URL or -- COMMAND [ARGS…], not both"],
        [["remove", "a"], 'config.json has no server "a"'],
        [["enable", "a"], 'config.json has no server "a"'],
        [["disable", "a"], 'config.json has no server "a"']
      ]
      it.configure({})
      const before = readFileSync(it.configFile, "utf8")
      for (const [args, words] of cases) {
        const { code, stderr } = yield* it.run("mcp", ...args)
        assert.strictEqual(code, 2, `${args.join(" ")}: ${stderr}`)
        assert.include(stderr, words)
      }
      assert.strictEqual(readFileSync(it.configFile, "utf8"), before)
      assert.strictEqual((yield* it.run("mcp", "add", "a", "--", "x", url)).code, 0, "an address may be an argument")
      assert.include((yield* it.run("mcp", "add", "a", "--", "x")).stderr, "has a server a already")
    })
  )

  it.live("disable, enable and remove a server, and report the second attempt", () =>
    Effect.gen(function* () {
      const it = yield* here
      it.configure({ mcpServers: { a: { command: "x" }, b: { command: "y" } } })
      assert.strictEqual((yield* it.run("mcp", "disable", "a")).stderr, `Disabled a in ${it.configFile}\n`)
      assert.deepStrictEqual(written(it), { a: { command: "x", disabled: true }, b: { command: "y" } })
      assert.strictEqual((yield* it.run("mcp", "enable", "a")).stderr, `Enabled a in ${it.configFile}\n`)
      assert.deepStrictEqual(written(it), { a: { command: "x" }, b: { command: "y" } })
      assert.strictEqual((yield* it.run("mcp", "remove", "a")).stderr, `Removed a from ${it.configFile}\n`)
      assert.deepStrictEqual(written(it), { b: { command: "y" } })
      assert.strictEqual((yield* it.run("mcp", "remove", "a")).code, 2)
    })
  )

  it.live("warn of variables that are not replaced, and of paths that the program will not find", () =>
    Effect.gen(function* () {
      const it = yield* here
      const variable = "${input:key}"
      const told =
        /parley: headers\.x of a contains \$\{input:key\}, which Parley does not replace: the server receives it unchanged\n/
      const add = (name: string, ...more: ReadonlyArray<string>) =>
        it.run("mcp", "add", name, "--url", "https://example.org/mcp", "--header", `x: ${variable}`, ...more)
      assert.match((yield* add("a")).stderr, told)
      assert.notMatch((yield* add("b", "--disabled")).stderr, /which Parley does not replace/)
      assert.notMatch((yield* it.run("mcp", "disable", "a")).stderr, told)
      assert.match((yield* it.run("mcp", "enable", "a")).stderr, told)
      it.write("notes.txt", "x")
      const stray = yield* it.run("mcp", "add", "c", "--", "server", "notes.txt")
      assert.include(stray.stderr, `parley: notes.txt is in the current directory`)
      const placed = yield* it.run("mcp", "add", "d", "--cwd", ".", "--", "server", "notes.txt")
      assert.notInclude(placed.stderr, "is in the current directory")
    })
  )
})
