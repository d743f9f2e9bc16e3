import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as fs from "node:fs"
import { inspect } from "node:util"
import * as UserConfig from "../src/config/UserConfig.ts"
import { message, put, temporary } from "./support.ts"

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
    const { config, providers: given } = yield* UserConfig.load(put(directory, "config.json", full))
    const { providers, ...rest } = config
    assert.notInclude(inspect(config, { depth: 9 }), "k-1")
    assert.deepStrictEqual(Object.keys(providers ?? {}), ["anthropic"])
    const [entry] = given
    assert.strictEqual(entry?.name, "anthropic")
    assert.deepStrictEqual(entry?.value, {
      apiKey: "k-1",
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

it.effect("a file with secrets that other users can access causes a warning", () =>
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
        `${file}: other users can access this file, and it contains providers.anthropic.apiKey, mcpServers.files.env, ` +
          "mcpServers.web.headers; set its mode to 600"
      ])
    }
    fs.writeFileSync(file, '{ "model": "a/b" }')
    assert.deepStrictEqual(yield* warnings(0o644), [])
  })
)

it.effect("an entry of a provider is decoded by the provider, with the position of what is wrong", () =>
  Effect.gen(function* () {
    const directory = yield* temporary
    const file = put(directory, "config.json", '{ "providers": { "one": {},\n  "two": { "size": "x", "key": 1 } } }')
    const { providers } = yield* UserConfig.load(file)
    const schema = Schema.Struct({ size: Schema.optionalKey(Schema.Int), keys: Schema.optionalKey(Schema.String) })
    assert.deepStrictEqual(yield* providers[0]?.decode(schema) ?? Effect.succeed(undefined), {})
    const problem = Effect.map(Effect.flip(providers[1]?.decode(schema) ?? Effect.succeed({})), message(directory))
    assert.strictEqual(yield* problem, 'config.json:2:25: unknown key providers.two.key; did you mean "keys"?')
    assert.strictEqual(providers[1]?.errorAt("key", "is wrong").message, `${file}:2:32: is wrong`)
  })
)
