import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as fs from "node:fs"
import { inspect } from "node:util"
import * as UserConfig from "../src/UserConfig.ts"
import { put, temporary } from "./support.ts"

const full = `{
  "model": "anthropic/claude/x",
  "providers": { "anthropic": { "apiKey": "k-1", "baseUrl": "http://localhost:8080/v1", "model": "m", "maxOutputTokens": 9, "caching": false, "cacheLifetime": "1h" } },
  "models": { "anthropic/claude/x": { "contextWindow": 1000, "maxOutputTokens": 10 }, "demo/demo": {} },
  "prices": { "anthropic/claude/x": { "input": 3, "output": 15, "cacheRead": 0.3 } },
  "mcpServers": {
    "files": { "command": "npx", "args": ["-y", "x"], "env": { "A": "b" }, "cwd": "/tmp", "timeoutMillis": 5 },
    "web": { "url": "https://example.com/mcp", "headers": { "Authorization": "Bearer t" }, "disabled": true, "readOnlyTools": ["get"], "idempotentTools": ["put"] }
  },
  "permissions": { "files__*": "ask", "*": "allow" },
  "dynamicContext": [{ "id": "a", "tool": "files__ls" }],
  "limits": { "turns": 7, "toolConcurrency": 2, "retries": 0, "roundSeconds": 90, "roundTokens": 5000, "roundCost": 0.5, "identicalCalls": 3 }
}`

it.effect("every key is read, with its defaults", () =>
  Effect.gen(function* () {
    const directory = yield* temporary
    const { config } = yield* UserConfig.load(put(directory, "config.json", full))
    const { providers, ...rest } = config
    const { apiKey, ...anthropic } = providers?.anthropic ?? {}
    assert.isDefined(apiKey)
    assert.strictEqual(Redacted.value(apiKey), "k-1")
    assert.notInclude(inspect(config, { depth: 9 }), "k-1")
    assert.deepStrictEqual(anthropic, {
      baseUrl: "http://localhost:8080/v1",
      model: "m",
      maxOutputTokens: 9,
      caching: false,
      cacheLifetime: "1h"
    })
    assert.deepStrictEqual(rest, {
      model: { provider: "anthropic", model: "claude/x" },
      models: { "anthropic/claude/x": { contextWindow: 1000, maxOutputTokens: 10 }, "demo/demo": {} },
      prices: { "anthropic/claude/x": { input: 3, output: 15, cacheRead: 0.3 } },
      mcpServers: {
        files: { command: "npx", args: ["-y", "x"], env: { A: "b" }, cwd: "/tmp", timeoutMillis: 5 },
        web: {
          url: "https://example.com/mcp",
          headers: { Authorization: "Bearer t" },
          disabled: true,
          readOnlyTools: ["get"],
          idempotentTools: ["put"]
        }
      },
      permissions: { "files__*": "ask", "*": "allow" },
      dynamicContext: [
        { id: "a", tool: "files__ls", input: {}, timeoutMillis: 10_000, onFailure: "note", enabled: true }
      ],
      limits: {
        turns: 7,
        toolConcurrency: 2,
        retries: 0,
        roundSeconds: 90,
        roundTokens: 5000,
        roundCost: 0.5,
        identicalCalls: 3
      }
    })
  })
)

it.effect("a file that holds secrets and that others can access is warned about", () =>
  Effect.gen(function* () {
    const directory = yield* temporary
    const file = put(directory, "config.json", full)
    const warnings = (mode: number) => {
      fs.chmodSync(file, mode)
      return Effect.map(UserConfig.load(file), ({ warnings }) => warnings)
    }
    assert.deepStrictEqual(yield* warnings(0o600), [])
    for (const mode of [0o644, 0o640, 0o604]) {
      assert.deepStrictEqual(yield* warnings(mode), [
        `${file}: others than you can access this file, and it holds providers.anthropic.apiKey, mcpServers.files.env, ` +
          "mcpServers.web.headers; set its mode to 600"
      ])
    }
    fs.writeFileSync(file, '{ "model": "a/b" }')
    assert.deepStrictEqual(yield* warnings(0o644), [])
  })
)

describe("the environment", () => {
  const file: UserConfig.UserConfig = {
    model: { provider: "a", model: "b" },
    providers: { anthropic: { apiKey: Redacted.make("file"), baseUrl: "http://file", model: "m" } }
  }
  const read = (config: UserConfig.UserConfig, env: Record<string, string | undefined>) =>
    Result.map(UserConfig.withEnvironment(config, env), (config) => {
      const { apiKey, ...rest } = config.providers?.anthropic ?? {}
      return { ...rest, ...(apiKey === undefined ? {} : { key: Redacted.value(apiKey) }) }
    })

  it("goes before the file", () => {
    assert.deepStrictEqual(
      read(file, { ANTHROPIC_API_KEY: "env\n", ANTHROPIC_BASE_URL: "https://env" }),
      Result.succeed({ key: "env", baseUrl: "https://env", model: "m" })
    )
    assert.deepStrictEqual(read({}, { ANTHROPIC_API_KEY: "env" }), Result.succeed({ key: "env" }))
  })

  it("says nothing where it is unset or blank", () => {
    for (const env of [{}, { ANTHROPIC_API_KEY: "", ANTHROPIC_BASE_URL: " " }, { ANTHROPIC_API_KEY: undefined }]) {
      assert.deepStrictEqual(UserConfig.withEnvironment(file, env), Result.succeed(file))
    }
  })

  it("is refused without being shown", () => {
    const problem = (env: Record<string, string>) => {
      const error = Result.flip(UserConfig.withEnvironment(file, env))
      return Result.isSuccess(error) ? error.success.message : "accepted"
    }
    assert.strictEqual(
      problem({ ANTHROPIC_API_KEY: "se\ncret" }),
      "$ANTHROPIC_API_KEY: expected a key without spaces or line breaks"
    )
    for (const url of ["secret", "ftp://secret", "http://me:secret@x", "https://"]) {
      assert.strictEqual(
        problem({ ANTHROPIC_BASE_URL: url }),
        "$ANTHROPIC_BASE_URL: expected an http:// or https:// address without a user name or password"
      )
    }
  })
})
