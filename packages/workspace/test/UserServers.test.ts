import type { ConfigError } from "@parley/domain/Errors"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as fs from "node:fs"
import * as UserConfig from "../src/config/UserConfig.ts"
import * as UserServers from "../src/config/UserServers.ts"
import { mode, put, temporary } from "./support.ts"

const annotated = `{
  "mcpServers": {
    // the notes
    "notes": { "command": "notes", "args": ["-v"] /* loud */ },
    "docs": { "url": "http://localhost/mcp" } // local
  },
  "model": "demo/demo" // for now
}
`
const read = (file: string) => fs.readFileSync(file, "utf8")
const servers = (file: string) => Effect.map(UserConfig.load(file), ({ config }) => config.mcpServers ?? {})

describe("the user's servers", () => {
  it.effect("are added, enabled, disabled and removed, and comments are preserved", () =>
    Effect.gen(function* () {
      const file = put(yield* temporary, "config.json", annotated)
      fs.chmodSync(file, 0o600)
      yield* UserServers.setEnabled(file, "notes", false)
      const { ino } = fs.statSync(file)
      yield* UserServers.setEnabled(file, "notes", false)
      assert.strictEqual(fs.statSync(file).ino, ino, "what is so already is not written again")
      assert.deepStrictEqual((yield* servers(file))["notes"], { command: "notes", args: ["-v"], disabled: true })
      yield* UserServers.setEnabled(file, "notes", true)
      yield* UserServers.add(file, "new", { url: "https://example.org/mcp", headers: { a: "b" } })
      yield* UserServers.remove(file, "docs")
      assert.deepStrictEqual(yield* servers(file), {
        notes: { command: "notes", args: ["-v"] },
        new: { url: "https://example.org/mcp", headers: { a: "b" } }
      })
      for (const comment of ["// the notes", "/* loud */", "// for now"]) assert.include(read(file), comment)
      assert.strictEqual(mode(file), "600")
    })
  )

  it.effect("the first one creates the file, for the owner only; any name is possible", () =>
    Effect.gen(function* () {
      const file = `${yield* temporary}/parley/config.json`
      yield* UserServers.add(file, "constructor", { command: "x" })
      assert.strictEqual(mode(file), "600")
      assert.deepStrictEqual(Object.keys(yield* servers(file)), ["constructor"])
      yield* UserServers.remove(file, "constructor")
      assert.strictEqual(
        (yield* Effect.flip(UserServers.remove(file, "constructor"))).message,
        `${file} has no server "constructor"`
      )
    })
  )

  it.effect("an impossible change is reported without any value, and the file stays unchanged", () =>
    Effect.gen(function* () {
      const directory = yield* temporary
      const file = put(directory, "config.json", annotated)
      const problem = (edit: Effect.Effect<void, ConfigError | UserServers.ServerError>) =>
        Effect.map(Effect.flip(edit), ({ message }) => message.replaceAll(`${directory}/`, ""))
      const adding = (name: string, server: { readonly [key: string]: string }) =>
        problem(UserServers.add(file, name, server))
      assert.strictEqual(yield* adding("docs", { command: "other" }), "config.json has a server docs already")
      assert.match(
        yield* adding("two words", { command: "x" }),
        /^"two words" cannot be the name of a server: expected 1 to 32/
      )
      assert.match(yield* adding("__proto__", { command: "x" }), /cannot be the name of a server/)
      assert.match(yield* adding("workspace", { command: "x" }), /belongs to Parley's own tools/)
      for (const url of ["ftp://hidden/", "file:///hidden", "http://", "http://[hidden", "http://user:hidden@a/"])
        assert.match(yield* adding("a", { url }), /^a\.url: expected an http:\/\/ or https:\/\/ address(?!.*hidden)/)
      assert.match(yield* adding("a", { url: "http://a", command: "b" }), /exactly one of "command"/)
      assert.match(yield* problem(UserServers.setEnabled(file, "nope", true)), /config\.json has no server "nope"/)
      assert.strictEqual(read(file), annotated)
    })
  )
})
