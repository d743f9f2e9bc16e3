import { assert, describe, it } from "@effect/vitest"
import { serve } from "@parley/harness/SseServer"
import { all, start, stop, text } from "@parley/harness/wire"
import { Effect } from "effect"
import { readFileSync, statSync } from "node:fs"
import type { IncomingHttpHeaders } from "node:http"
import { join } from "node:path"
import { type } from "../src/terminal/HiddenLine.ts"
import { place } from "./support/Cli.ts"

const answer = { body: [all(start(), ...text(0, "Hello."), ...stop("end_turn"))] }
/** The key in the headers of a request. */
const keyIn = ({ headers }: { readonly headers: IncomingHttpHeaders }) =>
  /sk-\w+/.exec(`${String(headers["x-api-key"])} ${String(headers.authorization)}`)?.[0]
const keysFile = (home: string) => join(home, ".local/share/parley/keys.json")

describe("parley auth", () => {
  it.live("stores a key from standard input, which then reaches the provider, until it is removed", () =>
    Effect.gen(function* () {
      const server = yield* serve(answer)
      const here = yield* place
      here.configure({ providers: { mine: { type: "anthropic", baseUrl: server.url } } })
      assert.include((yield* here.run(["auth", "status", "mine"])).stdout, "mine: no key\n")
      const login = yield* here.run(["auth", "login", "mine", "--file"], { input: "sk-stored\n" })
      assert.strictEqual(login.code, 0, login.stderr)
      assert.include(login.stdout, "in a file that only you can read")
      assert.notInclude(login.stdout + login.stderr, "sk-stored")
      assert.strictEqual(statSync(keysFile(here.home)).mode & 0o777, 0o600)
      assert.strictEqual((yield* here.run(["auth", "status", "mine"])).stdout, "mine: key from `parley auth login`\n")
      yield* here.run(["run", "hi", "--model", "mine/m"])
      assert.strictEqual(server.received.map(keyIn)[0], "sk-stored")
      assert.include((yield* here.run(["auth", "logout", "mine"])).stdout, "is removed")
      assert.notInclude(readFileSync(keysFile(here.home), "utf8"), "sk-stored")
      const gone = yield* here.run(["run", "hi", "--model", "mine/m"])
      assert.strictEqual(gone.code, 3, gone.stderr)
    })
  )

  it.live("refuses what is not a key, and an unknown provider, and changes nothing", () =>
    Effect.gen(function* () {
      const here = yield* place
      for (const input of ["", "two words", "two\nlines"])
        assert.strictEqual((yield* here.run(["auth", "login", "groq", "--file"], { input })).code, 2)
      const unknown = yield* here.run(["auth", "login", "nothing", "--file"], { input: "k" })
      assert.strictEqual(unknown.code, 2)
      assert.include(unknown.stderr, "there is no provider nothing; there are anthropic, openai")
      assert.include((yield* here.run(["auth", "status", "groq"])).stdout, "groq: no key")
    })
  )

  it.live("a variable takes precedence over a stored key, and apiKeyCommand over both apiKey and a stored one", () =>
    Effect.gen(function* () {
      const server = yield* serve(answer, answer, answer)
      const here = yield* place
      const env = { ANTHROPIC_BASE_URL: server.url }
      yield* here.run(["auth", "login", "anthropic", "--file"], { input: "sk-stored" })
      const login = yield* here.run(["auth", "login", "anthropic", "--file"], {
        input: "sk-stored",
        env: { ANTHROPIC_API_KEY: "sk-variable" }
      })
      assert.include(login.stderr, "it is not used while the variable ANTHROPIC_API_KEY has another one")
      const hello = ["run", "hi", "--model", "anthropic/m"]
      yield* here.run(hello, { env: { ...env, ANTHROPIC_API_KEY: "sk-variable" } })
      const print = [process.execPath, "-e", "console.log('sk-command')"]
      here.configure({ providers: { anthropic: { apiKey: "sk-file", apiKeyCommand: print } } })
      const command = yield* here.run(hello, { env })
      assert.strictEqual(command.code, 0, command.stderr)
      here.configure({ providers: { anthropic: { apiKey: "sk-file" } } })
      yield* here.run(hello, { env })
      assert.deepStrictEqual(server.received.map(keyIn), ["sk-variable", "sk-command", "sk-stored"])
    })
  )
})

it("a hidden line ends with Enter, can be corrected and given up, and ignores the marks of a paste", () => {
  assert.deepStrictEqual(type("", "\u001b[200~sk-a\u001b[201~"), { line: "sk-a", ended: undefined })
  assert.deepStrictEqual(type("sk-ab", "\u007fc\r"), { line: "sk-ac", ended: "entered" })
  assert.deepStrictEqual(type("sk-a", "\u0003"), { line: "", ended: "cancelled" })
  assert.deepStrictEqual(type("sk-a", "\u0004"), { line: "", ended: "cancelled" })
})
