import { assert, describe, it } from "@effect/vitest"
import { spawn } from "node:child_process"
import { createHash } from "node:crypto"
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { Effect, Redacted } from "effect"
import { authorize } from "../src/auth/Authorize.ts"
import * as LoginOptions from "../src/auth/LoginOptions.ts"
import { update } from "../src/auth/LoginStore.ts"
import { guarded } from "@parley/harness/AuthorizationServer"
import { quickPerson } from "./oauth/People.ts"
import { directory } from "./support.ts"

const fixture = join(import.meta.dirname, "fixtures/refreshing.ts")

const inProcess = (...args: ReadonlyArray<string>) =>
  Effect.callback<{ readonly output: string; readonly errors: string }>((resume) => {
    const child = spawn(process.execPath, [fixture, ...args], { stdio: ["ignore", "pipe", "pipe"] })
    let output = ""
    let errors = ""
    child.stdout.setEncoding("utf8").on("data", (piece: string) => (output += piece))
    child.stderr.setEncoding("utf8").on("data", (piece: string) => (errors += piece))
    child.on("close", () => resume(Effect.succeed({ output, errors })))
    return Effect.sync(() => void child.kill("SIGKILL"))
  })

describe("stored logins", () => {
  it.live("two processes with expired tokens renew them once, and both continue", () =>
    Effect.gen(function* () {
      const here = yield* guarded
      const path = join(yield* directory, "mcp-auth")
      yield* authorize({ server: { url: here.url }, store: LoginOptions.directory(path), person: quickPerson().person })
      here.expire()
      here.behaviour.slow = 1500
      const both = yield* Effect.all([inProcess(here.url, path), inProcess(here.url, path)], { concurrency: 2 })
      assert.deepStrictEqual(
        both.map(({ output }) => output),
        ["done", "done"],
        both.map(({ errors }) => errors).join()
      )
      assert.strictEqual(here.count("/token"), 2, "the code, and one refresh")
      assert.strictEqual(here.reused(), 0)
      assert.lengthOf(readdirSync(path), 1, "no lock is left")
    })
  )

  it.live("logins are stored by server address, and a copied file is not accepted", () =>
    Effect.gen(function* () {
      const path = yield* directory
      const store = LoginOptions.directory(path)
      const tokens = { access: Redacted.make("t1", { label: "oauth" }), type: "Bearer", issuer: "https://as.example" }
      const [one, other] = [store.login("https://one.example/mcp"), store.login("https://one.example/other")]
      yield* update(one, (record) => ({ ...record, tokens }))
      assert.isUndefined((yield* other.read).tokens)
      yield* update(other, (record) => record)
      const [first = "", second = ""] = readdirSync(path).map((name) => join(path, name))
      const text = readFileSync(first, "utf8").includes("t1")
        ? readFileSync(first, "utf8")
        : readFileSync(second, "utf8")
      for (const file of [first, second]) writeFileSync(file, text)
      assert.isDefined((yield* one.read).tokens)
      assert.isUndefined((yield* other.read).tokens)
    })
  )

  it.live(
    "a directory that others could enter is made private, and the error about a damaged file shows none of its content",
    () =>
      Effect.gen(function* () {
        const path = join(yield* directory, "mcp-auth")
        mkdirSync(path)
        chmodSync(path, 0o755)
        const login = LoginOptions.directory(path).login("https://one.example/mcp")
        yield* update(login, (record) => record)
        assert.strictEqual(statSync(path).mode & 0o777, 0o700)
        const [name = ""] = readdirSync(path)
        writeFileSync(join(path, name), `{"version":1,"tokens":"canary-secret`)
        const failed = yield* Effect.flip(login.read)
        assert.match(failed.message, /is not as Parley wrote it/)
        assert.notInclude(failed.message, "canary")
        assert.isTrue(yield* login.remove)
        assert.isFalse(yield* login.remove)
      })
  )

  it.live("a login that an earlier version stored is read completely", () =>
    Effect.gen(function* () {
      const path = yield* directory
      const key = "https://one.example/mcp"
      const name = `${createHash("sha256").update(key).digest("hex").slice(0, 32)}.json`
      const text =
        `{"version":1,"server":"${key}","tokens":{"access":"a","refresh":"r","type":"Bearer","scope":"x y",` +
        `"issuer":"https://as.example","resource":"${key}"},"clients":{"https://as.example":{"id":"c","secret":"s",` +
        `"authMethod":"client_secret_post","redirect":"http://127.0.0.1:1/callback"}},"discovery":{"authorizationServer":` +
        `"https://as.example","resourceMetadata":"https://one.example/meta"},"configuredAt":"https://as.example",` +
        `"neededScope":"z"}\n`
      writeFileSync(join(path, name), text, { mode: 0o600 })
      const login = LoginOptions.directory(path).login(`${key}#fragment`)
      const { clients, tokens } = yield* login.read
      assert.strictEqual(tokens === undefined ? "" : Redacted.value(tokens.access), "a")
      assert.strictEqual(clients["https://as.example"]?.redirect, "http://127.0.0.1:1/callback")
      yield* update(login, (record) => record)
      assert.deepStrictEqual(readdirSync(path), [name])
      assert.strictEqual(readFileSync(join(path, name), "utf8"), text)
    })
  )
})
