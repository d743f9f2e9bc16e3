import { assert, describe, it } from "@effect/vitest"
import { serve } from "@parley/harness/SseServer"
import { Effect, Schema } from "effect"
import { readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { place } from "./support/Cli.ts"

const toJson = Schema.encodeSync(Schema.fromJsonString(Schema.Unknown))
const data = (value: object): string => `data: ${toJson(value)}\n\n`
const chunk = (delta: object, finish_reason: string | null = null): string =>
  data({ id: "c1", choices: [{ index: 0, delta, finish_reason }] })
const usage = data({ id: "c1", choices: [], usage: { prompt_tokens: 1_000_000, completion_tokens: 500_000 } })
const done = "data: [DONE]\n\n"
const call = { index: 0, id: "call_x", type: "function", function: { name: "report_ready", arguments: "{}" } }

const configFileOf = (home: string) => join(home, ".config/parley/config.json")

const both = { body: [chunk({ content: "ready" }), chunk({ tool_calls: [call] }, "tool_calls"), usage, done] }
const textOnly = { body: [chunk({ content: "ready" }), chunk({}, "stop"), usage, done] }

describe("parley models", () => {
  it.live("show: limits, what the model reads, and prices with their date", () =>
    Effect.gen(function* () {
      const here = yield* place
      const env = { ANTHROPIC_API_KEY: "k" }
      const haiku = yield* here.run(["models", "show", "anthropic/claude-haiku-5-5"], { env })
      assert.strictEqual(haiku.code, 0, haiku.stderr)
      assert.include(haiku.stdout, "context window: 1,000,000 tokens\n")
      assert.include(haiku.stdout, "longest response: 32,000 tokens\n")
      assert.match(haiku.stdout, /^reads: text, image\/jpeg/m)
      assert.include(
        haiku.stdout,
        "price per million tokens (price list of 2026-11-20): $0.1 in, $0.5 out, $0.01 read from the cache, " +
          "$0.125 written to the cache\n  with more than 100,000 tokens of input: $0.5 in, $2.5 out"
      )
      const list = yield* here.run(["models"], { env })
      assert.match(
        list.stdout,
        /haiku-5-5 {2}Claude Haiku 5\.5 {2}\(\$0\.1 in, \$0\.5 out per million tokens, more for large requests, price list of 2026-11-20\)/
      )
      const local = yield* here.run(["models", "show", "ollama/x"])
      assert.include(local.stdout, 'price: not known, so limits in dollars refuse this model; set prices["ollama/x"]')
      assert.include(local.stdout, "context window: not known\n")
      const wrong = yield* here.run(["models", "show", "haiku"])
      assert.strictEqual(wrong.code, 2)
      assert.include(wrong.stderr, "MODEL haiku: expected PROVIDER/MODEL")
    })
  )

  it.live("use: writes the model and keeps the rest of the file; refuses a provider that cannot be used", () =>
    Effect.gen(function* () {
      const here = yield* place
      const used = yield* here.run(["models", "use", "ollama/qwen3:8b"])
      assert.strictEqual(used.code, 0, used.stderr)
      assert.strictEqual(statSync(configFileOf(here.home)).mode & 0o777, 0o600)
      assert.match((yield* here.run(["models"])).stdout, /^\* ollama\/qwen3:8b/m)
      here.configure({ limits: { turns: 7 } })
      yield* here.run(["models", "use", "demo/demo"])
      const after = readFileSync(configFileOf(here.home), "utf8")
      assert.include(after, '"turns": 7')
      assert.include(after, "demo/demo")
      const refused = yield* here.run(["models", "use", "groq/x"])
      assert.strictEqual(refused.code, 3)
      assert.include(refused.stderr, "set GROQ_API_KEY")
      assert.strictEqual(readFileSync(configFileOf(here.home), "utf8"), after)
    })
  )

  it.live("test: one request that shows what works, the time and the cost", () =>
    Effect.gen(function* () {
      const server = yield* serve(both, textOnly, { status: 401, body: ["{}"] })
      const here = yield* place
      here.configure({ limits: { retries: 3 }, prices: { "ollama/m": { input: 2, output: 10 } } })
      const env = { OLLAMA_HOST: server.url }
      const first = yield* here.run(["models", "test", "ollama/m"], { env })
      assert.strictEqual(first.code, 0, first.stderr)
      assert.match(
        first.stdout,
        /^text: works\ntool call: works\ntime: \d+\.\d s, first content after \d+\.\d s\ntokens: 1000000 in, 500000 out\ncost: \$7\.0000\n$/
      )
      assert.lengthOf(server.received, 1)
      const second = yield* here.run(["models", "test", "ollama/other"], { env })
      assert.include(second.stdout, "tool call: none in this answer")
      assert.include(second.stdout, "cost: not known, because the model has no price")
      const refused = yield* here.run(["models", "test", "ollama/m"], { env })
      assert.strictEqual(refused.code, 4)
      assert.include(refused.stderr, "The provider refused the key")
      assert.lengthOf(server.received, 3, "a test is not repeated")
    })
  )
})
