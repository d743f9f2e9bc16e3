import type { OutputSchema } from "@parley/domain/OutputSchema"
import type { ToolDefinition } from "@parley/domain/Tool"
import { assert, describe, it } from "@effect/vitest"
import { Option, Result, type Schema } from "effect"
import { estimate } from "../src/context/RequestEstimate.ts"
import * as JsonSchemaForm from "../src/output/JsonSchemaForm.ts"
import * as OutputEnvelope from "../src/output/OutputEnvelope.ts"
import * as OutputTool from "../src/output/OutputTool.ts"
import * as OutputVerdict from "../src/output/OutputVerdict.ts"
import * as StructuredOutput from "../src/output/StructuredOutput.ts"

const judge = (schema: OutputSchema, text: string): Schema.Json | string => {
  const verdict = OutputVerdict.judge(Result.getOrThrow(StructuredOutput.fromJsonSchema(schema)), text)
  return Result.isSuccess(verdict) ? verdict.success : verdict.failure.map(({ problem }) => problem).join()
}
const object = { type: "object" }
const plain = { type: "object", properties: { a: { type: "string" } } }

describe("an answer", () => {
  it("is JSON, alone or in a block of code, and of a bounded size", () => {
    assert.deepStrictEqual(judge(plain, ' {"a":"b"}\n'), { a: "b" })
    assert.deepStrictEqual(judge(plain, '```json\n{"a":"b"}\n```\n'), { a: "b" })
    assert.strictEqual(judge(plain, 'Here it is: {"a":"b"}'), "the answer is not valid JSON")
    assert.strictEqual(judge(plain, '{"a":"b"} {"a":"b"}'), "the answer is not valid JSON")
    assert.strictEqual(judge(plain, `{"a":"${"x".repeat(1024 * 1024)}"}`), "the answer is larger than 1048576 bytes")
    assert.strictEqual(judge({}, `${"[".repeat(129)}${"]".repeat(129)}`), "the answer is nested deeper than 128 levels")
  })

  it("has no half of a character, which no store can keep", () => {
    assert.deepStrictEqual(judge(plain, '{"a":"\\ud800"}'), { a: "\ufffd" })
  })

  it("is read out of the object around it, unless the schema itself demands that object", () => {
    assert.deepStrictEqual(judge({ type: "array" }, '{"answer":[1]}'), [1])
    assert.deepStrictEqual(judge({ type: "array" }, "[1]"), [1])
    assert.strictEqual(judge({ type: "array" }, '{"answer":1}'), "expected array, found number")
    assert.deepStrictEqual(judge({ anyOf: [{ ...object, required: ["answer"] }] }, '{"answer":1}'), { answer: 1 })
    assert.deepStrictEqual(judge(object, '{"answer":[1]}'), { answer: [1] })
  })
})

describe("the schema that is sent", () => {
  it("is the schema itself if its root is a plain object, and else a property, whose references still lead to their targets", () => {
    assert.strictEqual(OutputEnvelope.sent(plain), plain)
    for (const more of [{ anyOf: [plain] }, { not: {} }, { $ref: "#/$defs/a", $defs: { a: {} } }])
      assert.hasAllKeys(OutputEnvelope.sent({ ...plain, ...more })["properties"], ["answer"])
    const schema: OutputSchema = {
      $schema: "https://json-schema.org/draft/2020-12/schema",
      anyOf: [{ $ref: "#/$defs/a~1b" }, { items: { $ref: "#" } }, { $ref: "#/anyOf/1" }],
      $defs: { "a/b": { items: { $ref: "#/$defs/a~1b" } } }
    }
    const sent = OutputEnvelope.sent(schema)
    assert.deepStrictEqual(sent, {
      type: "object",
      properties: {
        answer: {
          anyOf: [
            { $ref: "#/$defs/a~1b" },
            { items: { $ref: "#/properties/answer" } },
            { $ref: "#/properties/answer/anyOf/1" }
          ]
        }
      },
      required: ["answer"],
      additionalProperties: false,
      $defs: { "a/b": { items: { $ref: "#/$defs/a~1b" } } }
    })
    assert.isTrue(Result.isSuccess(JsonSchemaForm.read(sent)))
    assert.strictEqual(OutputEnvelope.sent(schema), sent, "the same object, so that it is encoded once")
    assert.isTrue(Option.isNone(OutputEnvelope.received(plain, { answer: 1 })))
  })

  it("is part of the size of a request, and the tool with it is the same object for all requests of a round", () => {
    const tools: ReadonlyArray<ToolDefinition> = []
    const without = { system: "", tools, messages: [] }
    assert.strictEqual(estimate(without).tokens, 0)
    assert.isAbove(estimate({ ...without, output: plain }).tokens, 10)
    const beside = OutputTool.beside(tools, plain, "final_answer")
    assert.strictEqual(OutputTool.beside(tools, plain, "final_answer"), beside)
    assert.notStrictEqual(OutputTool.beside(tools, plain, "other"), beside)
    assert.deepStrictEqual(OutputTool.beside(tools, object, "final_answer")[0]?.inputSchema, object)
  })
})
