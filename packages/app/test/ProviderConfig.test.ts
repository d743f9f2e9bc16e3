import { assert, describe, it } from "@effect/vitest"
import type { ConfigError } from "@parley/domain/Errors"
import * as Http from "@parley/http/Http"
import * as Providers from "@parley/provider/Providers"
import * as UserConfig from "@parley/workspace/UserConfig"
import * as Effect from "effect/Effect"
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { inspect } from "node:util"

const temporary = Effect.acquireRelease(
  Effect.sync(() => realpathSync(mkdtempSync(join(tmpdir(), "parley-providers-")))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

interface Env {
  readonly [name: string]: string | undefined
}

/** The providers that a configuration file and an environment lead to. */
const configure = (content: string, env: Env = {}) =>
  Effect.gen(function* () {
    const file = join(yield* temporary, "config.json")
    writeFileSync(file, content, { mode: 0o600 })
    return yield* Effect.flatMap(UserConfig.load(file), ({ providers }) => Providers.configure(providers, env))
  })

const problem = (content: string, env: Env = {}) =>
  Effect.map(Effect.flip(configure(content, env)), (error: ConfigError) =>
    error.message.replace(/^.*(?=config\.json)/, "")
  )

/** The address that each provider sends requests to, by its name. */
const addresses = (content: string, env: Env = {}) =>
  Effect.gen(function* () {
    const configured = yield* configure(content, env)
    const loaded = yield* Effect.promise(() => Providers.load(configured, Http.make()))
    return Object.fromEntries(loaded.map(({ describe, id }) => [id, describe("m").endpoint]))
  })

const local = {
  ollama: "http://127.0.0.1:11434/v1",
  lmstudio: "http://127.0.0.1:1234/v1",
  vllm: "http://127.0.0.1:8000/v1",
  llamacpp: "http://127.0.0.1:9931/v1"
}

describe("providers without configuration", () => {
  it.effect("are the local servers on their default ports", () =>
    Effect.map(addresses("{}"), (found) => assert.deepStrictEqual(found, local))
  )

  it.effect("are those whose key is in the environment", () =>
    Effect.gen(function* () {
      const keys = {
        ANTHROPIC_API_KEY: "a",
        OPENAI_API_KEY: "b\n",
        GEMINI_API_KEY: "e",
        OPENROUTER_API_KEY: "c",
        GROQ_API_KEY: "d"
      }
      assert.deepStrictEqual(yield* addresses("{}", keys), {
        anthropic: "https://api.anthropic.com",
        openai: "https://api.openai.com/v1",
        gemini: "https://generativelanguage.googleapis.com/v1beta",
        openrouter: "https://openrouter.ai/api/v1",
        groq: "https://api.groq.com/openai/v1",
        ...local
      })
    })
  )

  it.effect("report what is missing", () =>
    Effect.gen(function* () {
      const advice = Providers.unavailable(yield* configure("{}"), "FILE")
      assert.deepStrictEqual(advice, {
        anthropic: "set ANTHROPIC_API_KEY, or providers.anthropic.apiKey in FILE",
        openai: "set OPENAI_API_KEY, or providers.openai.apiKey in FILE",
        gemini: "set GEMINI_API_KEY, or providers.gemini.apiKey in FILE",
        openrouter: "set OPENROUTER_API_KEY, or providers.openrouter.apiKey in FILE",
        groq: "set GROQ_API_KEY, or providers.groq.apiKey in FILE",
        azure: "set providers.azure.baseUrl and providers.azure.apiKey in FILE",
        "openai-compatible": "set providers.openai-compatible.baseUrl and providers.openai-compatible.apiKey in FILE"
      })
    })
  )

  it.effect("are reached where OLLAMA_HOST says", () =>
    Effect.gen(function* () {
      const at = (host: string) => Effect.map(addresses("{}", { OLLAMA_HOST: host }), ({ ollama }) => ollama)
      assert.strictEqual(yield* at("0.0.0.0"), "http://127.0.0.1:11434/v1")
      assert.strictEqual(yield* at("box"), "http://box:11434/v1")
      assert.strictEqual(yield* at("box:99"), "http://box:99/v1")
      assert.strictEqual(yield* at(":99"), "http://127.0.0.1:99/v1")
      assert.strictEqual(yield* at("https://box/ollama/"), "https://box/ollama")
      assert.strictEqual(yield* at("http://"), "http://127.0.0.1:11434/v1")
    })
  )
})

describe("providers of the configuration file", () => {
  it.effect("have the options of their kind", () =>
    Effect.gen(function* () {
      const found = yield* configure(
        `{ "providers": {
          "anthropic": { "apiKey": "k", "betas": ["context-1m-2025-08-07"], "blockBinding": true },
          "openai": { "apiKey": "k", "reasoningSummary": false } } }`
      )
      const loaded = yield* Effect.promise(() => Providers.load(found, Http.make()))
      const settings = (id: string, model: string) =>
        loaded.find((one) => one.id === id)?.describe(model, { effort: "high" }).settings
      assert.deepInclude(settings("anthropic", "claude-opus-5-5"), {
        betas: ["context-1m-2025-08-07", "thinking-binding-controls-2026-08-01"]
      })
      assert.deepInclude(settings("openai", "gpt-6.2-sol"), { reasoning: { effort: "high" } })
    })
  )

  it.effect("have any name, may share a kind, and stand in the order of the file", () =>
    Effect.gen(function* () {
      const found = yield* addresses(
        `{ "providers": {
          "work": { "type": "openai-compatible", "baseUrl": "https://models.example/v1/" },
          "home": { "type": "openai-compatible", "baseUrl": "http://box:8080" },
          "mine": { "type": "anthropic", "apiKey": "k", "baseUrl": "https://proxy.example" },
          "azure": { "apiKey": "k", "baseUrl": "https://me.openai.azure.com" },
          "ollama": { "baseUrl": "http://box:11434" } } }`
      )
      assert.deepStrictEqual(Object.entries(found).slice(0, 5), [
        ["work", "https://models.example/v1"],
        ["home", "http://box:8080/v1"],
        ["mine", "https://proxy.example"],
        ["azure", "https://me.openai.azure.com/openai/v1"],
        ["ollama", "http://box:11434/v1"]
      ])
    })
  )

  it.effect("without a type are of the kind that their name says, as in older files", () =>
    Effect.gen(function* () {
      const [anthropic] = yield* configure('{ "providers": { "anthropic": { "apiKey": "k", "caching": false } } }')
      assert.deepInclude(anthropic, { id: "anthropic", isConfigured: true })
      assert.isDefined(anthropic?.load)
    })
  )

  it.effect("have the configured model as the preferred one", () =>
    Effect.gen(function* () {
      const configured = yield* configure(
        '{ "providers": { "mine": { "type": "anthropic", "apiKey": "k", "model": "claude-x" } } }'
      )
      const [mine] = yield* Effect.promise(() => Providers.load(configured, Http.make()))
      assert.deepInclude(mine, { id: "mine", preferred: "claude-x" })
    })
  )

  it.effect("take what the environment sets first, but only under the name of their kind", () =>
    Effect.gen(function* () {
      const env = { OPENAI_API_KEY: "env", OPENAI_BASE_URL: "https://env.example/v1" }
      const file = `{ "providers": {
        "openai": { "apiKey": "file", "baseUrl": "https://file.example/v1" },
        "other": { "type": "openai", "apiKey": "file", "baseUrl": "https://other.example/v1" } } }`
      const found = yield* addresses(file, env)
      assert.strictEqual(found["openai"], "https://env.example/v1")
      assert.strictEqual(found["other"], "https://other.example/v1")
      const keyless = yield* configure('{ "providers": { "other": { "type": "openai" } } }', env)
      assert.isUndefined(keyless[0]?.load, "a key of the environment is for the provider of that name only")
    })
  )
})

describe("a provider of type openai", () => {
  const apis = [
    ["OpenAI itself", "{}", "input"],
    ["a region of OpenAI", '{ "baseUrl": "https://eu.api.openai.com/v1" }', "input"],
    ["another address", '{ "baseUrl": "https://api.openai.com.example/v1" }', "messages"],
    ["an address whose API is configured", '{ "baseUrl": "http://box/v1", "api": "responses" }', "input"],
    ["Chat Completions of OpenAI", '{ "api": "chat" }', "messages"]
  ] as const
  for (const [name, options, key] of apis)
    it.effect(`uses the right API for ${name}`, () =>
      Effect.gen(function* () {
        const [first] = yield* configure(`{ "providers": { "openai": ${options} } }`, { OPENAI_API_KEY: "k" })
        const provider = yield* Effect.promise(() => first?.load?.(Http.make()) ?? Promise.resolve(undefined))
        const request = { model: { provider: "openai", model: "m" }, system: "", tools: [], messages: [] }
        const body = provider?.render?.(request).map(({ text }) => text) ?? []
        assert.include(body.join(""), `"${key}":[`)
      })
    )
})

describe("an invalid provider", () => {
  const table: ReadonlyArray<readonly [name: string, content: string, message: string]> = [
    [
      "case",
      '{ "providers": { "anthropic": { "apikey": "k" } } }',
      'config.json:1:33: unknown key providers.anthropic.apikey; did you mean "apiKey"?'
    ],
    [
      "a lifetime that the API does not have",
      '{ "providers": { "anthropic": { "cacheLifetime": "2h" } } }',
      'config.json:1:50: providers.anthropic.cacheLifetime: expected "5m" or "1h", found "2h"'
    ],
    [
      "an empty key",
      '{ "providers": { "anthropic": { "apiKey": "" } } }',
      "config.json:1:43: providers.anthropic.apiKey: expected a key without spaces or line breaks, found empty text"
    ],
    [
      "an output limit of 0",
      '{ "providers": { "anthropic": { "maxOutputTokens": 0 } } }',
      "config.json:1:52: providers.anthropic.maxOutputTokens: expected a whole number above 0, found a number"
    ],
    [
      "base URL",
      '{ "providers": { "anthropic": { "baseUrl": "x" } } }',
      "config.json:1:44: providers.anthropic.baseUrl: expected an http:// or https:// address without a user name or password, found other text"
    ],
    [
      "a type that does not exist",
      '{ "providers": { "x": { "type": "gemni" } } }',
      'config.json:1:33: providers.x.type: expected one of "anthropic", "openai", "gemini", "openrouter", "groq", "azure", "ollama", "lmstudio", "vllm", "llamacpp", "openai-compatible"'
    ],
    [
      "a name that is no type",
      '{ "providers": { "x": {} } }',
      'config.json:1:23: providers.x.type: expected one of "anthropic", "openai", "gemini", "openrouter", "groq", "azure", "ollama", "lmstudio", "vllm", "llamacpp", "openai-compatible"'
    ],
    [
      "an address that is missing",
      '{ "providers": { "x": { "type": "openai-compatible" } } }',
      "config.json:1:23: providers.x.baseUrl is missing"
    ],
    [
      "an option of another kind",
      '{ "providers": { "openai": { "caching": true } } }',
      "config.json:1:30: unknown key providers.openai.caching; the keys here are type, apiKey, apiKeyCommand, baseUrl, headers, model, maxOutputTokens, api, reasoningSummary"
    ]
  ]
  for (const [name, content, expected] of table)
    it.effect(name, () => Effect.map(problem(content), (message) => assert.strictEqual(message, expected)))

  const secret = "sk-ant-hunter2"
  const texts: ReadonlyArray<string> = [
    `{ "providers": { "anthropic": { "apiKey": "${secret} \\n" } } }`,
    `{ "providers": { "anthropic": { "apiKey": ["${secret}"] } } }`,
    `{ "providers": { "anthropic": { "baseUrl": "http://me:${secret}@x/" } } }`,
    `{ "providers": { "anthropic": { "headers": { "x": ["${secret}"] } } } }`,
    `{ "providers": { "anthropic": { "headers": "${secret}" } } }`
  ]
  for (const text of texts)
    it.effect(`does not show a secret in the error about ${text.replaceAll(secret, "…")}`, () =>
      Effect.map(Effect.flip(configure(text)), (error) =>
        assert.isFalse(`${error.message} ${inspect(error, { depth: 9 })} ${String(error.stack)}`.includes("hunter2"))
      )
    )
})

describe("the environment", () => {
  it.effect("has no effect where it is unset or blank", () =>
    Effect.gen(function* () {
      for (const env of [{}, { ANTHROPIC_API_KEY: "", ANTHROPIC_BASE_URL: " " }, { ANTHROPIC_API_KEY: undefined }])
        assert.deepStrictEqual(yield* addresses("{}", env), local)
    })
  )

  it.effect("is refused without showing its value", () =>
    Effect.gen(function* () {
      assert.strictEqual(
        yield* problem("{}", { ANTHROPIC_API_KEY: "se\ncret" }),
        "$ANTHROPIC_API_KEY: expected a key without spaces or line breaks"
      )
      for (const url of [
        "secret",
        "ftp://secret",
        "http://me:secret@x",
        "http://secret@x",
        "http://:secret@x",
        "https://"
      ])
        assert.strictEqual(
          yield* problem("{}", { ANTHROPIC_BASE_URL: url }),
          "$ANTHROPIC_BASE_URL: expected an http:// or https:// address without a user name or password"
        )
    })
  )
})
