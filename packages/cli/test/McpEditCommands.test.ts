import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { readFileSync } from "node:fs"
import { type Here, here } from "./support/InProcess.ts"

const decode = Schema.decodeSync(Schema.fromJsonString(Schema.Struct({ mcpServers: Schema.Unknown })))
/** The servers as the configuration file has them. */
const written = ({ configFile }: Here): unknown => decode(readFileSync(configFile, "utf8")).mcpServers

describe("parley mcp add, remove, enable and disable", () => {
  it.live("write what the command line says of a server", () =>
    Effect.gen(function* () {
      const it = yield* here
      const add = (...args: ReadonlyArray<string>) => it.run("mcp", "add", ...args)
      const first = yield* add("prog", "--env", "K=v", "--timeout", "5", "--", "server", "-x", "--y=z")
      assert.deepStrictEqual(first, {
        code: 0,
        stdout: "",
        stderr: `Added prog to ${it.configFile}; \`parley mcp inspect prog\` connects to it\n`
      })
      const off = yield* add("off", "--disabled", "--read-only-tool", "a", "--read-only-tool", "b", "--", "server")
      assert.strictEqual(off.stderr, `Added off to ${it.configFile}; \`parley mcp enable off\` switches it on\n`)
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

  it.live("refuse what is no server, and change nothing", () =>
    Effect.gen(function* () {
      const it = yield* here
      const url = "https://example.org/mcp"
      const cases: ReadonlyArray<readonly [args: ReadonlyArray<string>, words: string]> = [
        [["add", "a"], "Say how the server is reached"],
        [["add", "a", "--sse", "--", "x"], "--sse is for servers that are reached by --url"],
        [["add", "a", "--", url], `An address is given by --url: \`parley mcp add a --url URL\``],
        [["add", "a", "--url", url, "--", "x"], "A server has either --url URL or -- COMMAND [ARGS…]"],
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

  it.live("switch a server off and on, and remove it, once", () =>
    Effect.gen(function* () {
      const it = yield* here
      it.configure({ mcpServers: { a: { command: "x" }, b: { command: "y" } } })
      assert.strictEqual((yield* it.run("mcp", "disable", "a")).stderr, `a is off in ${it.configFile}\n`)
      assert.deepStrictEqual(written(it), { a: { command: "x", disabled: true }, b: { command: "y" } })
      assert.strictEqual((yield* it.run("mcp", "enable", "a")).stderr, `a is on in ${it.configFile}\n`)
      assert.deepStrictEqual(written(it), { a: { command: "x" }, b: { command: "y" } })
      assert.strictEqual((yield* it.run("mcp", "remove", "a")).stderr, `a is no longer in ${it.configFile}\n`)
      assert.deepStrictEqual(written(it), { b: { command: "y" } })
      assert.strictEqual((yield* it.run("mcp", "remove", "a")).code, 2)
    })
  )

  it.live("tell of variables that reach the server as they stand, and of paths that lead nowhere", () =>
    Effect.gen(function* () {
      const it = yield* here
      const variable = "${input:key}"
      const told = /parley: headers\.x of a has \$\{input:key\}, which reaches the server as it stands\n/
      const add = (name: string, ...more: ReadonlyArray<string>) =>
        it.run("mcp", "add", name, "--url", "https://example.org/mcp", "--header", `x: ${variable}`, ...more)
      assert.match((yield* add("a")).stderr, told)
      assert.notMatch((yield* add("b", "--disabled")).stderr, /reaches the server/)
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
