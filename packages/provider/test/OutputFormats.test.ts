import { assert, describe, it } from "@effect/vitest"
import type { ModelRequest } from "@parley/domain/ModelsManager"
import { ModelsManager } from "@parley/domain/ModelsManager"
import type { OutputSchema } from "@parley/domain/OutputSchema"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { ModelProvider } from "../src/contract/ModelProvider.ts"
import * as AnthropicRequest from "../src/anthropic/AnthropicRequest.ts"
import * as Demo from "../src/demo/Demo.ts"
import * as Registry from "../src/registry/Registry.ts"
import { joined } from "../src/request/Pieces.ts"
import { gemini } from "./support/Gemini.ts"
import { chat, responses } from "./support/OpenAi.ts"
import { provider, request, run } from "./support/Turn.ts"

const text = { type: "string" }
const closed: OutputSchema = { type: "object", properties: { a: text }, required: ["a"], additionalProperties: false }
const open: OutputSchema = { type: "object", properties: { a: { ...text, pattern: "x", const: "y" } } }
const anything: OutputSchema = { type: "object", properties: { a: {} }, required: ["a"] }

const decode = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Record(Schema.String, Schema.Json)))
const tool = { name: "t", server: "s", tool: "t", description: "", inputSchema: { type: "object" } }

const asking = (model: string, output: OutputSchema, more: Partial<ModelRequest> = {}): ModelRequest => ({
  ...request(),
  model: { provider: "p", model },
  output,
  ...more
})

/** A member of the body that the provider would send. */
const member = (of: ModelProvider, request: ModelRequest, name: string) =>
  Option.getOrUndefined(decode(joined(of.render?.(request) ?? [])))?.[name]

const anthropic = provider("https://api.anthropic.com")
const compatible = provider("https://models.example/anthropic")
const openai = responses("https://api.openai.com/v1")
const local = chat("http://127.0.0.1:11434/v1")
const google = gemini("https://generativelanguage.googleapis.com")

describe("the schema in a request", () => {
  it("Anthropic: beside the effort, and in the count as well as in the request", () => {
    const sent = asking("claude-opus-5-5", closed, { settings: { max_tokens: 9, output_config: { effort: "low" } } })
    const format = { type: "json_schema", schema: closed }
    assert.deepStrictEqual(member(anthropic, sent, "output_config"), { effort: "low", format })
    assert.deepStrictEqual(member(anthropic, asking("claude-opus-5-5", closed), "output_config"), { format })
    assert.include(
      AnthropicRequest.countBody({ max_tokens: 9 }, sent),
      `"output_config":{"format":${JSON.stringify(format)}}`
    )
    const { output: _, ...without } = asking("claude-opus-5-5", closed)
    assert.isUndefined(member(anthropic, without, "output_config"))
  })

  it("OpenAI: strict where the schema has such a form, else as it is", () => {
    assert.deepStrictEqual(member(openai, asking("gpt-6-luna", closed), "text"), {
      format: { type: "json_schema", name: "answer", strict: true, schema: closed }
    })
    assert.deepStrictEqual(member(openai, asking("gpt-6-luna", open), "text"), {
      format: { type: "json_schema", name: "answer", strict: false, schema: open }
    })
    assert.deepStrictEqual(member(local, asking("qwen3:8b", closed), "response_format"), {
      type: "json_schema",
      json_schema: { name: "answer", strict: true, schema: closed }
    })
    const { output: _, ...without } = asking("gpt-6-luna", closed)
    assert.isUndefined(member(openai, without, "text"))
    assert.isUndefined(member(local, without, "response_format"))
  })

  it("Gemini: the keywords that it documents, beside the other settings", () => {
    const schema: OutputSchema = {
      ...open,
      $defs: { n: { allOf: [{ minimum: 1 }], type: "integer", multipleOf: 2 } },
      oneOf: [{ $ref: "#/$defs/n", description: "no" }, true],
      items: { not: {} },
      additionalProperties: false
    }
    const sent = asking("gemini-4-neon", schema, { settings: { maxOutputTokens: 9 } })
    assert.deepStrictEqual(member(google, sent, "generationConfig"), {
      maxOutputTokens: 9,
      responseMimeType: "application/json",
      responseJsonSchema: {
        type: "object",
        properties: { a: { type: "string", enum: ["y"] } },
        $defs: { n: { minimum: 1, type: "integer" } },
        anyOf: [{ $ref: "#/$defs/n" }, {}],
        items: {},
        additionalProperties: false
      }
    })
  })
})

describe("which providers hold a response to a schema", () => {
  const cases: ReadonlyArray<readonly [string, ModelProvider, ModelRequest, boolean, boolean]> = [
    ["Claude since 4.5", anthropic, asking("claude-haiku-4-5", closed), true, true],
    ["Opus 4.1", anthropic, asking("claude-opus-4-1", closed), true, true],
    ["a dated name", anthropic, asking("claude-opus-4-5-20251101", closed), true, true],
    ["older Claude", anthropic, asking("claude-sonnet-4-20250514", closed), false, true],
    ["oldest Claude", anthropic, asking("claude-3-7-sonnet-latest", closed), false, true],
    ["a schema without a strict form", anthropic, asking("claude-opus-5-5", anything), false, false],
    ["other servers of Anthropic's API", compatible, asking("claude-opus-5-5", closed), false, true],
    ["OpenAI", openai, asking("gpt-6.2-sol", anything), true, true],
    ["OpenAI before GPT-4o", openai, asking("gpt-4-turbo", closed), false, true],
    ["other servers of OpenAI's API", local, asking("gpt-6.2-sol", closed), false, true],
    ["Azure", chat("https://a.example", { structured: true }), asking("gpt-6.2-sol", closed), true, true],
    ["Azure, an old model", chat("https://a.example", { structured: true }), asking("gpt-4", closed), false, true],
    ["Gemini since 3, with tools", google, asking("gemini-4-neon", closed, { tools: [tool] }), true, true],
    ["older Gemini, with tools", google, asking("gemini-2.5-pro", closed, { tools: [tool] }), false, true],
    ["older Gemini, without tools", google, asking("gemini-2.5-pro", closed, { tools: [] }), true, true],
    ["other models of Google's", google, asking("gemma-3", closed, { tools: [] }), false, true]
  ]
  for (const [what, of, sent, byItself, forced] of cases)
    it(what, () =>
      assert.deepStrictEqual([of.structured?.(sent, false), of.structured?.(sent, true)], [byItself, forced])
    )

  it.effect("the configuration of a model decides, either way", () =>
    Effect.gen(function* () {
      const asked = (structuredOutput?: "native" | "tool") =>
        Effect.flatMap(ModelsManager, ({ structured }) =>
          structured === undefined ? Effect.succeed(undefined) : structured({ ...asking("x", closed), model })
        ).pipe(
          Effect.provide(
            Registry.layer({
              providers: [openai, local],
              models:
                structuredOutput === undefined
                  ? {}
                  : { "local/x": { structuredOutput }, "openai/x": { structuredOutput } }
            })
          )
        )
      let model = { provider: "local", model: "x" }
      assert.deepStrictEqual([yield* asked(), yield* asked("native"), yield* asked("tool")], [false, true, false])
      model = { provider: "openai", model: "x" }
      assert.deepStrictEqual([yield* asked(), yield* asked("native"), yield* asked("tool")], [true, true, false])
    })
  )
})

describe("the demo model", () => {
  const demo = Demo.make()
  const ask = (words: string, output: OutputSchema) =>
    Effect.map(
      run(demo, asking("demo", output, { messages: [{ role: "user", content: [{ _tag: "Text", text: words }] }] })),
      ({ blocks }) => blocks.map((block) => (block._tag === "Text" ? block.text : block._tag)).join()
    )

  it.live("answers with an example of the schema, or with what the message dictates", () =>
    Effect.gen(function* () {
      const schema: OutputSchema = {
        type: "object",
        properties: {
          s: { type: "string", minLength: 6 },
          n: { type: ["integer", "null"], minimum: 7 },
          b: { type: "boolean" },
          e: { enum: ["x", "y"] },
          c: { const: null },
          l: { type: "array", items: { $ref: "#/$defs/d" }, minItems: 2 },
          o: { oneOf: [{ type: "object" }] },
          r: { $ref: "#" },
          u: {}
        },
        $defs: { d: { anyOf: [{ type: "number" }] } }
      }
      const { r, ...value } = Option.getOrThrow(decode(yield* ask("hello", schema)))
      assert.deepStrictEqual(value, { s: "demooo", n: 7, b: true, e: "x", c: null, l: [1, 1], o: {}, u: null })
      assert.isObject(r)
      assert.strictEqual(yield* ask('Answer with {"a": 1} please', closed), '{"a": 1}')
    })
  )
})
