import { textOf } from "@parley/domain/Content"
import { Round } from "@parley/domain/Session"
import { assert, describe, it } from "@effect/vitest"
import { serve } from "@parley/harness/SseServer"
import { listening } from "@parley/harness/listening"
import { Effect, Schema } from "effect"
import { createServer } from "node:http"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { place } from "./support/Cli.ts"

const toJson = Schema.encodeSync(Schema.fromJsonString(Schema.Unknown))
const data = (value: object): string => `data: ${toJson(value)}\n\n`
const chunk = (delta: object, finish_reason: string | null = null): string =>
  data({ id: "c1", choices: [{ index: 0, delta, finish_reason }] })
const done = "data: [DONE]\n\n"
const call = { index: 0, id: "call_x", type: "function", function: { name: "workspace__list_files", arguments: "{}" } }

/** Answers like Ollama: a call of a tool with the finish reason `stop`, then a text. */
const ollama = serve(
  { body: [chunk({ reasoning: "I look." }), chunk({ tool_calls: [call] }), chunk({ content: "" }, "stop"), done] },
  { body: [chunk({ content: "There is " }), chunk({ content: "notes.txt." }), chunk({}, "stop"), done] }
)
const json = { "content-type": "application/json" }

describe("a local server", () => {
  it.live("answers through a tool call, without any configuration", () =>
    Effect.gen(function* () {
      const server = yield* ollama
      const here = yield* place
      writeFileSync(join(here.workspace, "notes.txt"), "hello")
      const env = { OLLAMA_HOST: server.url, OPENAI_API_KEY: "sk-of-openai" }
      const ended = yield* here.run(["run", "list", "the files", "--model", "ollama/qwen3:8b", "-f", "json"], { env })
      assert.strictEqual(ended.code, 0, ended.stderr)
      const round = yield* Schema.decodeEffect(Schema.fromJsonString(Round))(ended.stdout)
      assert.strictEqual(textOf(round.turns.at(-1)?.content ?? []), "There is notes.txt.")
      assert.deepStrictEqual(
        round.turns.flatMap(({ toolCalls }) => toolCalls.map(({ name, outcome }) => [name, outcome?._tag])),
        [["workspace__list_files", "Succeeded"]]
      )
      const [first, second] = server.received
      assert.strictEqual(first?.url, "/v1/chat/completions")
      assert.include(first?.body, '"model":"qwen3:8b"')
      assert.include(second?.body, "notes.txt")
      assert.notInclude(second?.body, "I look.", "reasoning is not sent back")
      assert.isFalse(server.received.some(({ headers }) => "authorization" in headers))
    })
  )

  it.live("that is not running is reported with its address", () =>
    Effect.gen(function* () {
      const here = yield* place
      here.configure({ limits: { retries: 0 }, providers: { lmstudio: { baseUrl: "http://127.0.0.1:1/v1" } } })
      const ended = yield* here.run(["run", "hello", "--model", "lmstudio/m"])
      assert.isAtLeast(ended.code ?? 0, 1)
      assert.match(ended.stderr, /could not be reached.*ECONNREFUSED 127\.0\.0\.1:1/)
    })
  )
})

describe("Gemini", () => {
  const event = (part: object, more: object = {}): string =>
    data({ candidates: [{ content: { role: "model", parts: [part] }, ...more }] })
  const look = { functionCall: { name: "workspace__list_files", args: {} }, thoughtSignature: "c2ln" }
  it.live("answers through a tool call with only its key, and its models are listed", () =>
    Effect.gen(function* () {
      const server = yield* serve(
        { body: [event(look, { finishReason: "STOP" })] },
        { body: [event({ text: "There is notes.txt." }), event({ text: "" }, { finishReason: "STOP" })] },
        { headers: json, body: ['{"models":[{"name":"models/gemini-4-neon"}]}'] }
      )
      const here = yield* place
      writeFileSync(join(here.workspace, "notes.txt"), "hello")
      const env = { GEMINI_API_KEY: "key-of-gemini", GOOGLE_GEMINI_BASE_URL: server.url }
      const ended = yield* here.run(["run", "list", "the files", "--model", "gemini/gemini-4-neon"], { env })
      assert.strictEqual(ended.stdout, "There is notes.txt.\n", ended.stderr)
      const [first, second] = server.received
      assert.strictEqual(first?.url, "/v1beta/models/gemini-4-neon:streamGenerateContent?alt=sse")
      assert.strictEqual(first?.headers["x-goog-api-key"], "key-of-gemini")
      assert.include(second?.body, '"thoughtSignature":"c2ln"')
      assert.include(second?.body, "notes.txt")
      const listed = yield* here.run(["models", "discover", "gemini"], { env })
      assert.include(listed.stdout, "gemini/gemini-4-neon", listed.stderr)
    })
  )
})

describe("a configured provider", () => {
  it.live("has the name that the user chose, and its key and headers reach only its server", () =>
    Effect.gen(function* () {
      const answer = { body: [chunk({ content: "Hello." }), chunk({}, "stop"), done] }
      const [one, two] = [yield* serve(answer), yield* serve(answer)]
      const here = yield* place
      here.configure({
        providers: {
          one: {
            type: "openai-compatible",
            baseUrl: one.url,
            apiKey: "key-one",
            headers: { "X-Team": "a" },
            model: "m"
          },
          two: { type: "openai-compatible", baseUrl: two.url, apiKey: "key-two" }
        }
      })
      assert.strictEqual((yield* here.run(["run", "hi"])).stdout, "Hello.\n")
      assert.strictEqual((yield* here.run(["run", "hi", "--model", "two/x"])).stdout, "Hello.\n")
      assert.deepInclude(one.received[0]?.headers, { authorization: "Bearer key-one", "x-team": "a" })
      assert.deepInclude(two.received[0]?.headers, { authorization: "Bearer key-two" })
      assert.notProperty(two.received[0]?.headers, "x-team")
      const listed = yield* here.run(["models"])
      assert.match(listed.stdout, /^\* one\/m {2}A model of an OpenAI-compatible API\n/m)
      assert.strictEqual(listed.stderr, "")
    })
  )

  it.live("without a key is reported with what to set", () =>
    Effect.gen(function* () {
      const here = yield* place
      const ended = yield* here.run(["run", "hi", "--model", "groq/x"])
      assert.include(
        ended.stderr,
        `groq/x cannot be used: set GROQ_API_KEY, or providers.groq.apiKey in ${here.home}/.config/parley/config.json`
      )
    })
  )

  it.live("whose server rejects the key fails at once", () =>
    Effect.gen(function* () {
      const server = yield* serve({
        status: 401,
        headers: json,
        body: ['{"error":{"message":"bad key","code":"invalid_api_key"}}']
      })
      const here = yield* place
      const env = { OPENAI_API_KEY: "sk-wrong", OPENAI_BASE_URL: server.url }
      const ended = yield* here.run(["run", "hi", "--model", "openai/gpt-6.2-sol"], { env })
      assert.match(ended.stderr, /refused the key[^\n]*bad key/)
      assert.notInclude(ended.stderr, "sk-wrong")
      assert.lengthOf(server.received, 1)
    })
  )
})

describe("parley models discover", () => {
  it.live("shows the limits that a server reports", () =>
    Effect.gen(function* () {
      const model = { id: "claude-opus-5-5", max_input_tokens: 1_000_000, max_tokens: 128_000 }
      const page = { headers: json, body: [toJson({ data: [model, { id: "claude-next" }], has_more: false })] }
      const server = yield* serve(page, page)
      const here = yield* place
      const env = { ANTHROPIC_API_KEY: "test-key", ANTHROPIC_BASE_URL: server.url }
      const text = yield* here.run(["models", "discover", "anthropic"], { env })
      assert.strictEqual(
        text.stdout,
        "anthropic/claude-opus-5-5  (reads 1000000 tokens, writes up to 128000)\nanthropic/claude-next\n",
        text.stderr
      )
      const listed = yield* here.run(["models", "discover", "anthropic", "-f", "json"], { env })
      assert.strictEqual(
        listed.stdout,
        '[{"provider":"anthropic","models":["claude-opus-5-5","claude-next"],"limits":{"claude-opus-5-5":{"contextWindow":1000000,"maxOutputTokens":128000}}}]\n'
      )
    })
  )

  it.live("lists the models of a server, and reports those that do not answer", () =>
    Effect.gen(function* () {
      const listing = createServer((request, response) => {
        const known = request.method === "GET" && request.url === "/v1/models"
        response.writeHead(known ? 200 : 404, json)
        response.end(toJson({ object: "list", data: [{ id: "qwen3:8b" }, { id: "llama4" }] }))
      })
      const port = yield* listening(listing)
      const here = yield* place
      const providers = ["lmstudio", "vllm", "llamacpp"].map((name) => [name, { baseUrl: "http://127.0.0.1:1" }])
      here.configure({ providers: Object.fromEntries(providers) })
      const env = { OLLAMA_HOST: `127.0.0.1:${port}` }
      const all = yield* here.run(["models", "discover"], { env })
      assert.strictEqual(all.code, 0)
      assert.strictEqual(all.stdout, "ollama/qwen3:8b\nollama/llama4\n")
      assert.match(all.stderr, /^lmstudio: .*could not be reached.*ECONNREFUSED/m)
      const one = yield* here.run(["models", "discover", "ollama", "-f", "json"], { env })
      assert.strictEqual(one.stdout, '[{"provider":"ollama","models":["qwen3:8b","llama4"]}]\n')
      assert.strictEqual(one.stderr, "")
      const refused = yield* here.run(["models", "discover", "vllm"], { env })
      assert.isAtLeast(refused.code ?? 0, 1)
      assert.match(refused.stderr, /could not be reached/)
      const unknown = yield* here.run(["models", "discover", "groq"], { env })
      assert.strictEqual(unknown.code, 2)
      assert.match(unknown.stderr, /groq cannot be asked for its models: set GROQ_API_KEY/)
      const list = yield* here.run(["models", "list"], { env })
      assert.strictEqual(list.stdout, (yield* here.run(["models"], { env })).stdout)
    })
  )
})
