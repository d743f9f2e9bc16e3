import { assert, describe, it } from "@effect/vitest"
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { env as inherited } from "node:process"
import { Effect } from "effect"
import { guarded } from "@parley/harness/AuthorizationServer"
import { main, place, type Place } from "./support/Cli.ts"
import { eventually } from "./support/Terminal.ts"

/** What plays the browser: goes where it is sent, and follows what it is told there. */
const browserOf = (here: Place): string => {
  const script = join(here.home, "browser.mjs")
  writeFileSync(script, "await (await fetch(process.argv.at(-1))).text()\n")
  return `${process.execPath} ${script}`
}
const loginsOf = ({ home }: Place) => join(home, ".local/share/parley/mcp-auth")

describe("parley mcp auth", () => {
  it.live("logs in with the program that BROWSER names; --logout deletes the login", () =>
    Effect.gen(function* () {
      const here = yield* place
      const server = yield* guarded
      here.configure({ mcpServers: { docs: { url: server.url } } })
      const before = yield* here.run(["mcp", "inspect", "docs"])
      assert.strictEqual(before.code, 4)
      assert.match(before.stderr, /parley mcp auth docs/)
      assert.match((yield* here.run(["tools"])).stdout, /docs: needs-auth/)
      assert.match((yield* here.run(["mcp", "list", "--format", "json"])).stdout, /"state":"needs-auth"/)

      const env = { BROWSER: browserOf(here) }
      const auth = yield* here.run(["mcp", "auth", "docs"], { env })
      assert.strictEqual(auth.code, 0, auth.stderr)
      assert.include(auth.stderr, `To log in at ${new URL(server.origin).host}, open ${server.origin}/authorize?`)
      assert.strictEqual(statSync(loginsOf(here)).mode & 0o777, 0o700)
      const inspected = yield* here.run(["mcp", "inspect", "docs", "--format", "json"])
      assert.strictEqual(inspected.code, 0, inspected.stderr)
      for (const secret of server.secrets)
        assert.notInclude(auth.stderr + auth.stdout + inspected.stdout + inspected.stderr, secret)

      assert.match((yield* here.run(["mcp", "auth", "docs", "--logout"])).stderr, /The login to docs was deleted/)
      assert.match((yield* here.run(["mcp", "auth", "docs", "--logout"])).stderr, /There is no stored login/)
      assert.deepStrictEqual(readdirSync(loginsOf(here)), [])
    })
  )

  it.live("with --paste no browser is opened, and the final address is pasted", () =>
    Effect.gen(function* () {
      const here = yield* place
      const server = yield* guarded
      here.configure({ mcpServers: { docs: { url: server.url } } })
      const answer = join(here.home, "answer")
      // The answer can only be known after the address has been shown, so what is piped in waits for a file.
      const wait = `while ! test -e '${answer}'; do sleep 0.05; done; cat '${answer}'`
      const { child, shown } = yield* Effect.acquireRelease(
        Effect.promise(() => import("node:child_process")).pipe(
          Effect.map(({ spawn }) => {
            const child = spawn("sh", ["-c", `(${wait}) | '${process.execPath}' '${main}' mcp auth docs --paste`], {
              cwd: here.workspace,
              env: { PATH: inherited["PATH"], HOME: here.home, BROWSER: "/bin/false" },
              stdio: ["ignore", "ignore", "pipe"]
            })
            let shown = ""
            child.stderr.setEncoding("utf8").on("data", (piece: string) => (shown += piece))
            return { child, shown: () => shown }
          })
        ),
        ({ child }) => Effect.sync(() => child.kill("SIGKILL"))
      )
      yield* eventually("the address", () => shown().includes("/authorize?"), shown)
      const [, address = ""] = /open (\S+)/.exec(shown()) ?? []
      // @effect-diagnostics-next-line globalFetchInEffect:off -- the browser of another machine
      const response = yield* Effect.promise(() => fetch(address, { redirect: "manual" }))
      writeFileSync(answer, `${response.headers.get("location")}\n`)
      yield* eventually("its end", () => child.exitCode !== null, shown)
      assert.strictEqual(child.exitCode, 0, shown())
      assert.strictEqual((yield* here.run(["mcp", "inspect", "docs"])).code, 0)
    })
  )

  it.live("without a browser and without a terminal for pasting, it fails at once", () =>
    Effect.gen(function* () {
      const here = yield* place
      const server = yield* guarded
      here.configure({ mcpServers: { docs: { url: server.url }, local: { command: "true" } } })
      const auth = yield* here.run(["mcp", "auth", "docs"])
      assert.strictEqual(auth.code, 4)
      assert.match(auth.stderr, /no browser can be opened here/)
      assert.strictEqual((yield* here.run(["mcp", "auth", "local"])).code, 2)
      assert.strictEqual((yield* here.run(["mcp", "auth", "none"])).code, 2)
      const late = yield* here.run(["mcp", "auth", "docs", "--limit", "1"], { env: { BROWSER: "true" } })
      assert.strictEqual(late.code, 4)
      assert.match(late.stderr, /the login was not completed within 1 s/)
    })
  )

  it.live("probe --auth logs in and stores no login", () =>
    Effect.gen(function* () {
      const here = yield* place
      const server = yield* guarded
      const env = { BROWSER: browserOf(here) }
      const probed = yield* here.run(["mcp", "probe", server.url, "--auth", "--call", "danger"], { env })
      assert.strictEqual(probed.code, 0, probed.stderr)
      assert.strictEqual(probed.stdout, "done\n")
      assert.isFalse(existsSync(loginsOf(here)))
      const without = yield* here.run(["mcp", "probe", server.url], { env })
      assert.strictEqual(without.code, 4)
      assert.match(without.stderr, /probe --auth/)
    })
  )

  it.live("an own OAuth client is configured by flags; its secret comes from a variable and is not shown", () =>
    Effect.gen(function* () {
      const here = yield* place
      const secret = "canary-client-secret"
      const add = ["mcp", "add", "docs", "--url", "http://127.0.0.1:9/mcp", "--client-id", "me", "--scope", "a b"]
      const flags = ["--client-secret-env", "DOCS_SECRET"]
      assert.strictEqual((yield* here.run([...add, ...flags])).code, 2)
      const added = yield* here.run([...add, ...flags], { env: { DOCS_SECRET: secret } })
      assert.strictEqual(added.code, 0, added.stderr)
      const file = readFileSync(join(here.home, ".config/parley/config.json"), "utf8")
      assert.match(file, new RegExp(`"clientSecret": "${secret}"`))
      const listed = yield* here.run(["mcp", "list", "--format", "json"])
      assert.notInclude(added.stderr + added.stdout + listed.stdout + listed.stderr, secret)
    })
  )
})
